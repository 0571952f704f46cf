// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package journal

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/redact"
)

// Journal appends records to one file. It is safe for concurrent use, and
// several processes may append to one file at the same time: a line is one write
// to a file that was opened for appending, which local file systems keep apart.
type Journal struct {
	path string
	now  func() time.Time

	mu   sync.Mutex
	file *os.File
	owed []byte // outcomes that could not be written yet
	open openWrites
}

// New is a journal in a file. Nothing is opened before the first record.
func New(path string) *Journal { return &Journal{path: path, now: time.Now} }

// Check reports whether the journal can be opened later, as far as can be seen
// without making or changing anything.
func Check(path string) error {
	info, err := os.Lstat(path)
	switch {
	case err == nil:
		return checkFile(path, info)
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the journal cannot be used: %w", err)
	}
	dir := filepath.Dir(path)
	info, err = os.Stat(dir)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is no folder", dir)
	}
	if err != nil {
		return fmt.Errorf("the journal cannot be made: %w. Make its folder first", err)
	}
	return nil
}

// checkFile refuses what is no file of its user alone. What is rolled back by
// the journal must not be for others to choose.
func checkFile(path string, info fs.FileInfo) error {
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return fmt.Errorf("the journal %s is a symbolic link, which is not followed: anyone who can change the link could choose the file. Name the file itself", path)
	case !info.Mode().IsRegular():
		return fmt.Errorf("the journal %s is no regular file", path)
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("the journal %s is open to other users of this machine (mode %04o). Run: chmod 600 %s", path, info.Mode().Perm(), path)
	case !ownedByUs(info):
		return fmt.Errorf("the journal %s belongs to another user of this machine. Run as that user, or name a file of your own", path)
	}
	return nil
}

// Intend records that a write is about to happen, and returns its id. With an
// error nothing may be written: there would be no trace of it.
func (j *Journal) Intend(r Record) (write string, err error) {
	var id [12]byte
	_, _ = rand.Read(id[:]) // Never fails, by its documentation.
	r.Event, r.Write = EventIntent, hex.EncodeToString(id[:])
	r.Result, r.Wrote, r.Error = "", "", ""
	return r.Write, j.append(r)
}

// Conclude records what became of a write. r is the record that Intend got, with
// the id that it returned, and Result, Wrote and Error. An outcome that cannot be
// written is kept, and written before the next record that can be.
func (j *Journal) Conclude(r Record) error {
	r.Event, r.Before, r.After, r.GroupOrigin = EventOutcome, nil, nil, ""
	r.Error = redact.Text(r.Error)
	const most = 2000
	if len(r.Error) > most {
		r.Error = strings.ToValidUTF8(r.Error[:most], "") + "..."
	}
	return j.append(r)
}

// append returns when the line is on the disk.
func (j *Journal) append(r Record) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	r.Version, r.Time = Version, j.now().UTC().Format(time.RFC3339Nano)
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("writing to the journal %s: %w", j.path, err)
	}
	line = append(ascii(line), '\n')
	if err := j.write(append(slices.Clone(j.owed), line...)); err != nil {
		if r.Event == EventOutcome {
			j.owed = append(j.owed, line...)
		}
		return err
	}
	j.owed = nil
	return nil
}

// ascii escapes what is not, as JSON does. A line that is torn within a character
// would make a file that Terraform's file() refuses as a whole, and the roll-back
// reads its journal by that.
func ascii(line []byte) []byte {
	out := make([]byte, 0, len(line))
	for _, r := range string(line) {
		if r < utf8.RuneSelf {
			out = append(out, byte(r))
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			out = fmt.Appendf(out, `\u%04x`, unit)
		}
	}
	return out
}

func (j *Journal) write(text []byte) error {
	if err := j.openFile(); err != nil {
		return err
	}
	// Looked at each time: another process that appends may have died within a line.
	torn, err := endsWithin(j.file)
	if torn {
		text = append([]byte("\n"), text...)
	}
	if err == nil {
		_, err = j.file.Write(text)
	}
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		// Opened again for the next record: then it is seen where the file ends, and
		// its disk may be back.
		_ = j.file.Close()
		j.file = nil
		return fmt.Errorf("writing to the journal %s: %w", j.path, err)
	}
	return nil
}

// openFile opens the file if it is not open, or no longer the one at the path:
// someone who moves a journal away during a long run wants a new one.
func (j *Journal) openFile() error {
	if j.file != nil {
		if j.current() {
			return nil
		}
		_ = j.file.Close()
		j.file = nil
	}
	if err := Check(j.path); err != nil {
		return err // A pipe would block for ever.
	}
	_, statErr := os.Lstat(j.path)
	file, err := os.OpenFile(j.path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("opening the journal: %w", err)
	}
	info, err := file.Stat()
	if err == nil {
		err = checkFile(j.path, info)
	}
	if err == nil && errors.Is(statErr, fs.ErrNotExist) {
		err = syncDir(filepath.Dir(j.path))
	}
	if err == nil && !isAt(j.path, info) {
		err = fmt.Errorf("%s was replaced at the same time", j.path)
	}
	if err != nil {
		_ = file.Close()
		return fmt.Errorf("opening the journal: %w", err)
	}
	j.file, j.open = file, openWrites{}
	return nil
}

// current reports whether the open file is the one at the path.
func (j *Journal) current() bool {
	own, err := j.file.Stat()
	return err == nil && isAt(j.path, own)
}

// isAt reports whether a file is the one at the path itself, by no link.
func isAt(path string, own fs.FileInfo) bool {
	at, err := os.Lstat(path)
	return err == nil && os.SameFile(at, own)
}

// endsWithin reports whether a file ends within a line, as after a crash.
func endsWithin(file *os.File) (bool, error) {
	info, err := file.Stat()
	if err != nil || info.Size() == 0 {
		return false, err
	}
	var last [1]byte
	if _, err := file.ReadAt(last[:], info.Size()-1); err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	return last[0] != '\n', nil
}

// syncDir makes a new file's name as durable as its content. Windows has no
// such thing.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	return d.Sync()
}

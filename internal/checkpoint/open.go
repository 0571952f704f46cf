// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package checkpoint

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Binding is what decides what an audit reads, by name: account, identity
// provider, API, provider version, inputs. It holds no secrets.
type Binding map[string]string

// Names in a [Binding] that tell one account from another: what [Discard] goes by.
const (
	BoundHost    = "host"
	BoundAccount = "account_id"
)

const (
	prefix = "audit-"
	suffix = ".checkpoint"
)

// Path is the file of an audit in a folder. Another binding is another file.
func (b Binding) Path(dir string) string {
	raw, err := json.Marshal(b) // Sorts by name.
	if err != nil {
		panic("encoding a map of strings: " + err.Error())
	}
	sum := sha256.Sum256(raw)
	return filepath.Join(dir, accountPrefix(b[BoundHost], b[BoundAccount])+hex.EncodeToString(sum[:10])+suffix)
}

func accountPrefix(host, account string) string {
	sum := sha256.Sum256([]byte(host + "\n" + account))
	return prefix + hex.EncodeToString(sum[:6]) + "-"
}

// differs names what is bound otherwise, sorted.
func (b Binding) differs(other Binding) []string {
	var out []string
	for name := range maps.Keys(b) {
		if v, there := other[name]; !there || v != b[name] {
			out = append(out, name)
		}
	}
	for name := range maps.Keys(other) {
		if _, there := b[name]; !there {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// Open opens the checkpoint of an audit, or begins one; the folder is made if it
// is missing. Files that are too old to be used by anybody are deleted on the way.
//
// A file that is damaged or bound to something else is replaced, and [Store.Notice]
// says so. The error says why there can be none: the folder or the file is open to
// others, is no folder or file, cannot be written, or is in use ([ErrBusy]).
func Open(dir string, b Binding) (*Store, error) {
	return open(dir, b, time.Now)
}

func open(dir string, b Binding, now func() time.Time) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("the folder of checkpoints cannot be made: %w", err)
	}
	if err := checkDir(dir); err != nil {
		return nil, err
	}
	s := &Store{
		path: b.Path(dir), now: now, old: map[id]record{}, added: map[id]struct{}{}, used: map[id]struct{}{},
		usage: Usage{Counts: map[string]int{}},
	}
	prune(dir, s.path, now())
	var err error
	if s.file, err = openLocked(s.path); err != nil {
		return nil, fmt.Errorf("the checkpoint %s cannot be used: %w", s.path, err)
	}
	if err := s.load(b); err != nil {
		s.close()
		return nil, fmt.Errorf("the checkpoint %s cannot be used: %w", s.path, err)
	}
	return s, nil
}

// checkDir refuses a folder in which others could put files or take them away.
func checkDir(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return fmt.Errorf("the folder of checkpoints cannot be used: %w", err)
	case !info.IsDir():
		return fmt.Errorf("%s is no folder", dir)
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o022 != 0:
		return fmt.Errorf("the folder of checkpoints %s can be written by other users of this machine (mode %04o). Run: chmod 700 %s",
			dir, info.Mode().Perm(), dir)
	case !ownedByUs(info):
		return fmt.Errorf("the folder of checkpoints %s belongs to another user of this machine", dir)
	}
	return nil
}

func checkFile(info fs.FileInfo) error {
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return errors.New("it is a symbolic link, which is not followed. Remove it")
	case !info.Mode().IsRegular():
		return errors.New("it is no regular file. Remove it")
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("it is open to other users of this machine (mode %04o). Remove it", info.Mode().Perm())
	case !ownedByUs(info):
		return errors.New("it belongs to another user of this machine. Remove it")
	}
	return nil
}

// openLocked opens the file at a path and locks it. A file that was deleted or
// replaced between the two is left, and the new one is opened.
func openLocked(path string) (*os.File, error) {
	const most = 5
	for range most {
		if info, err := os.Lstat(path); err == nil {
			if err := checkFile(info); err != nil {
				return nil, err
			}
		}
		file, err := openExclusive(path)
		if err != nil {
			return nil, err
		}
		own, err := file.Stat()
		if err == nil {
			err = checkFile(own)
		}
		if err != nil {
			_ = file.Close()
			return nil, err
		}
		if at, err := os.Lstat(path); err == nil && os.SameFile(own, at) {
			return file, nil
		}
		_ = file.Close()
	}
	return nil, errors.New("it is being replaced again and again")
}

// load takes in what the open file holds, or begins anew.
func (s *Store) load(b Binding) error {
	found, err := s.read()
	if err == nil {
		if other := b.differs(found.header.Bound); len(other) > 0 {
			err = fmt.Errorf("it is of another audit (%s)", strings.Join(other, ", "))
		}
	}
	switch {
	case errors.Is(err, errEmpty):
		return s.begin(b)
	case err != nil:
		s.notice = fmt.Sprintf("the checkpoint %s is not to be trusted and was not used: %s. A new one was begun", s.path, err)
		return s.begin(b)
	}
	now := s.now()
	for _, r := range found.records {
		if fresh(r.Began, now) {
			s.old[id{r.Kind, r.Key}] = r
		}
	}
	if len(s.old) == 0 {
		return s.begin(b) // Too old, which is nothing to report.
	}
	s.size, s.sum = int64(found.end), found.sum
	return s.file.Truncate(s.size)
}

func (s *Store) read() (contents, error) {
	info, err := s.file.Stat()
	if err != nil {
		return contents{}, err
	}
	if info.Size() > maxSize {
		return contents{}, fmt.Errorf("it is larger than %d MiB", maxSize>>20)
	}
	raw, err := io.ReadAll(io.NewSectionReader(s.file, 0, info.Size()))
	if err != nil {
		return contents{}, err
	}
	return parse(raw)
}

// begin empties the file and writes the header.
func (s *Store) begin(b Binding) error {
	if err := s.file.Truncate(0); err != nil {
		return err
	}
	raw, err := json.Marshal(header{Format: formatName, Version: Version, Bound: b})
	if err != nil {
		return err
	}
	s.size, s.sum = 0, chain{}
	return s.append(raw)
}

// prune deletes checkpoints that are too old: no one would use them, and they hold
// personal data. One that is in use is left.
func prune(dir, except string, now time.Time) {
	for _, path := range files(dir, prefix) {
		info, err := os.Lstat(path)
		if path == except || err != nil || now.Sub(info.ModTime()) <= MaxAge || checkFile(info) != nil {
			continue
		}
		if file, err := openLocked(path); err == nil {
			gone := os.Remove(path) == nil
			_ = file.Close()
			if !gone {
				_ = os.Remove(path) // Windows deletes no open file.
			}
		}
	}
}

// files are the checkpoints in a folder whose names begin so.
func files(dir, begin string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		if name := e.Name(); strings.HasPrefix(name, begin) && strings.HasSuffix(name, suffix) {
			out = append(out, filepath.Join(dir, name))
		}
	}
	return out
}

// Discard deletes every checkpoint of an account, because something is written to
// it: what was read before is no longer what is there. One that another run is
// adding to is deleted as well; that run goes on and only leaves none.
func Discard(dir, host, account string) {
	if checkDir(dir) != nil {
		return
	}
	for _, path := range files(dir, accountPrefix(host, account)) {
		_ = os.Remove(path)
	}
}

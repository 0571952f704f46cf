// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package checkpoint keeps what an audit has read, so that one that was killed
// can go on where it stopped (docs/adr/007-checkpoints.md).
//
// A checkpoint is one file per audit: append-only lines with chained checksums,
// bound to everything that decides what is read, mode 0600, locked, and deleted
// when the audit has come to a complete result. It knows files; what a record
// means is its caller's business. Standard library only.
package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"sync"
	"time"
)

// MaxAge is how old a reading may be, by its beginning, that is used again.
const MaxAge = time.Hour

// maxSize is the size of a file, in bytes, beyond which nothing is added and none
// is read.
const maxSize = 1 << 30

// maxSkew is how far in the future a reading may lie, by the clocks of two
// machines that share a folder.
const maxSkew = time.Minute

// Store is an open checkpoint. It is safe for concurrent use. A nil Store holds
// nothing and keeps nothing.
type Store struct {
	path string
	now  func() time.Time

	mu    sync.Mutex
	file  *os.File // nil when nothing is added any more
	size  int64
	sum   chain
	old   map[id]record   // of an earlier run
	added map[id]struct{} // by this run
	used  map[id]struct{} // of old
	usage Usage
	// dropped says that nothing of it may be used any more.
	dropped bool
	trouble error
	notice  string
}

type id struct{ kind, key string }

// Usage says what an audit took from a checkpoint.
type Usage struct {
	// Counts are the readings per kind; empty when nothing was taken.
	Counts map[string]int
	// Oldest is when the oldest of them began.
	Oldest time.Time
}

// Path is the file; "" for a nil Store.
func (s *Store) Path() string {
	if s == nil {
		return ""
	}
	return s.path
}

// Notice says, in a sentence without a full stop, why the file that was found was
// not used; empty when there is nothing to say.
func (s *Store) Notice() string {
	if s == nil {
		return ""
	}
	return s.notice
}

// Get decodes what an earlier run has read, and reports when that reading began and
// whether there is one that is young enough. It never gives what this run has put
// in.
func (s *Store) Get(kind, key string, into any) (began time.Time, there bool) {
	if s == nil {
		return time.Time{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := id{kind, key}
	r, there := s.old[at]
	if s.dropped || !there || !fresh(r.Began, s.now()) || json.Unmarshal(r.Value, into) != nil {
		return time.Time{}, false
	}
	if _, before := s.used[at]; !before {
		s.used[at] = struct{}{}
		s.usage.Counts[kind]++
		if s.usage.Oldest.IsZero() || r.Began.Before(s.usage.Oldest) {
			s.usage.Oldest = r.Began
		}
	}
	return r.Began, true
}

func fresh(began, now time.Time) bool {
	age := now.Sub(began)
	return age <= MaxAge && age >= -maxSkew
}

// Put keeps what was read, each key once. Only what was read whole and with
// success may be put in. began is when the reading began. What cannot be written
// is reported by Trouble, and nothing is added after it.
func (s *Store) Put(kind, key string, began time.Time, value any) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := id{kind, key}
	if _, there := s.added[at]; there || s.file == nil || s.dropped {
		return
	}
	raw, err := json.Marshal(value)
	if err == nil {
		raw, err = json.Marshal(record{Kind: kind, Key: key, Began: began, Value: raw})
	}
	if err == nil {
		err = s.append(raw)
	}
	if err != nil {
		s.trouble = fmt.Errorf("adding to the checkpoint %s: %w", s.path, err)
		s.close()
		return
	}
	s.added[at] = struct{}{}
}

// append writes one line by one call. There is no sync: what the kernel has taken
// survives the end of the process, and what a machine loses is found by the
// checksums.
func (s *Store) append(payload []byte) error {
	line, sum := s.sum.line(payload)
	if s.size+int64(len(line)) > maxSize {
		return fmt.Errorf("it would be larger than %d MiB", maxSize>>20)
	}
	if _, err := s.file.WriteAt(line, s.size); err != nil {
		_ = s.file.Truncate(s.size) // Half a line would be dropped as well.
		return err
	}
	s.size, s.sum = s.size+int64(len(line)), sum
	return nil
}

// Used is what was taken so far.
func (s *Store) Used() Usage {
	if s == nil {
		return Usage{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return Usage{Counts: maps.Clone(s.usage.Counts), Oldest: s.usage.Oldest}
}

// Kept is the number of readings that the next run can use, as far as they are
// young enough then.
func (s *Store) Kept() int {
	if s == nil {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dropped {
		return 0
	}
	return len(s.old) + len(s.added)
}

// Trouble is why nothing is added any more; nil while all is well.
func (s *Store) Trouble() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.trouble
}

// Drop makes sure that nothing of the checkpoint is used any more, by anybody:
// what it holds is no longer true.
func (s *Store) Drop() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropped, s.old = true, nil
	s.remove()
}

// Close ends the use of the file. With done the audit has its complete result, and
// the file is deleted; else it stays for the next run.
func (s *Store) Close(done bool) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if done {
		s.remove()
	}
	s.close()
}

func (s *Store) close() {
	if s.file != nil {
		_ = s.file.Close()
		s.file = nil
	}
}

// remove deletes the file at the path, if it is still this one. It is emptied
// first: a run that cannot delete it keeps no personal data.
func (s *Store) remove() {
	if s.file == nil {
		return
	}
	own, err := s.file.Stat()
	at, atErr := os.Lstat(s.path)
	same := err == nil && atErr == nil && os.SameFile(own, at)
	_ = s.file.Truncate(0)
	if same && os.Remove(s.path) == nil {
		same = false
	}
	s.close()
	if same {
		_ = os.Remove(s.path) // Windows deletes no open file.
	}
}

// ErrBusy is wrapped when another run has the checkpoint open.
var ErrBusy = errors.New("another run is using it at this moment")

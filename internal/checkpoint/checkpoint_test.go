// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package checkpoint

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func bound() Binding {
	return Binding{BoundHost: "https://accounts.example.com", BoundAccount: "11111111-2222-4333-8444-555555555555", "idp": "entra"}
}

// clock is a time that tests move.
type clock struct{ now time.Time }

// ownDir is a folder that no one else can write to, whatever the umask is.
func ownDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "own")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

func newClock() *clock { return &clock{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) time() time.Time { return c.now }

// at opens a checkpoint by the clock.
func (c *clock) at(t *testing.T, dir string, b Binding) *Store {
	t.Helper()
	s, err := open(dir, b, c.time)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(false) })
	return s
}

// killed leaves a checkpoint with n records of one kind behind, and gives its path.
func (c *clock) killed(t *testing.T, dir string, n int) string {
	t.Helper()
	s := c.at(t, dir, bound())
	for i := range n {
		s.Put("members", fmt.Sprint(i), c.now, []string{fmt.Sprintf("member %d\n", i)})
	}
	if err := s.Trouble(); err != nil {
		t.Fatal(err)
	}
	s.Close(false)
	return s.Path()
}

// held are the keys of the first n that a checkpoint gives, with the right values.
func held(t *testing.T, s *Store, n int) int {
	t.Helper()
	count := 0
	for i := range n {
		var got []string
		if _, there := s.Get("members", fmt.Sprint(i), &got); !there {
			continue
		}
		if want := fmt.Sprintf("member %d\n", i); len(got) != 1 || got[0] != want {
			t.Errorf("key %d holds %q, want %q", i, got, want)
		}
		count++
	}
	return count
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func write(t *testing.T, path string, raw []byte) {
	t.Helper()
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

func missing(path string) bool {
	_, err := os.Lstat(path)
	return errors.Is(err, os.ErrNotExist)
}

func TestStore_resume(t *testing.T) {
	t.Parallel()
	c, dir := newClock(), filepath.Join(t.TempDir(), "a", "b")
	path := c.killed(t, dir, 3)
	for _, at := range []string{dir, path} {
		if info, err := os.Stat(at); err != nil || runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, mode %v", at, err, info.Mode())
		}
	}
	began := c.now
	c.now = c.now.Add(20 * time.Minute)
	s := c.at(t, dir, bound())
	if got := held(t, s, 5); got != 3 || s.Notice() != "" {
		t.Errorf("%d of 3 records came back, notice %q", got, s.Notice())
	}
	s.Put("members", "3", c.now, []string{"member 3\n"})
	if got := held(t, s, 5); got != 3 {
		t.Errorf("%d records: a run must not be given as a checkpoint what it has put in itself", got)
	}
	if u := s.Used(); u.Counts["members"] != 3 || !u.Oldest.Equal(began) {
		t.Errorf("used %v", u)
	}
	s.Close(false)
	s = c.at(t, dir, bound())
	if got := held(t, s, 5); got != 4 {
		t.Errorf("%d of 4 records came back after the second kill", got)
	}
	s.Close(true)
	if !missing(path) {
		t.Error("the file of a finished audit is still there")
	}
	if got := held(t, c.at(t, dir, bound()), 5); got != 0 {
		t.Errorf("%d records came back after the end", got)
	}
}

// Wherever a write was cut off, what was whole before it is used, and the next
// records follow it.
func TestStore_torn(t *testing.T) {
	t.Parallel()
	c, dir := newClock(), ownDir(t)
	path := c.killed(t, dir, 3)
	raw := read(t, path)
	for cut := range raw {
		write(t, path, raw[:cut])
		s := c.at(t, dir, bound())
		if want := max(bytes.Count(raw[:cut], []byte("\n"))-1, 0); held(t, s, 3) != want || s.Notice() != "" {
			t.Fatalf("cut after %d of %d bytes: %d records, want %d; notice %q", cut, len(raw), held(t, s, 3), want, s.Notice())
		}
		s.Put("members", "2", c.now, []string{"member 2\n"})
		s.Close(false)
		s = c.at(t, dir, bound())
		if n := held(t, s, 3); n == 0 || s.Notice() != "" {
			t.Fatalf("cut after %d bytes: what was added to it did not come back, notice %q", cut, s.Notice())
		}
		s.Close(false)
	}
}

// Nothing of a file that is not as it was written is used, and that is said.
func TestStore_damaged(t *testing.T) {
	t.Parallel()
	c, dir := newClock(), ownDir(t)
	path := c.killed(t, dir, 4)
	raw := read(t, path)
	lines := bytes.SplitAfter(raw, []byte("\n"))
	join := func(at ...int) []byte {
		var out []byte
		for _, i := range at {
			out = append(out, lines[i]...)
		}
		return out
	}
	damaged := map[string][]byte{
		"a line is missing":     join(0, 1, 3, 4),
		"two lines have moved":  join(0, 2, 1, 3, 4),
		"a line is there twice": join(0, 1, 1, 2, 3, 4),
		"no header":             join(1, 2, 3, 4),
		"something else":        []byte("{}\n"),
		"an empty line":         append(join(0, 1), '\n'),
		"zeros in the middle":   append(join(0, 1), append(bytes.Repeat([]byte{0}, 512), join(2, 3)...)...),
	}
	for at := range len(raw) - 1 {
		if at%7 == 0 || raw[at] == '\n' {
			flipped := bytes.Clone(raw)
			flipped[at] ^= 0x10
			damaged[fmt.Sprintf("byte %d", at)] = flipped
		}
	}
	for name, content := range damaged {
		write(t, path, content)
		s := c.at(t, dir, bound())
		if n := held(t, s, 4); n != 0 || !strings.Contains(s.Notice(), "not to be trusted") || !strings.Contains(s.Notice(), path) {
			t.Errorf("%s: %d records were used, notice %q", name, n, s.Notice())
		}
		s.Close(false)
		if got := read(t, path); bytes.Contains(got, []byte("member")) {
			t.Errorf("%s: the file still holds what it held", name)
		}
	}
}

func TestStore_foreign(t *testing.T) {
	t.Parallel()
	c, dir := newClock(), ownDir(t)
	path := c.killed(t, dir, 2)
	raw := read(t, path)
	for _, change := range []string{BoundHost, BoundAccount, "idp", "inputs"} {
		b := bound()
		b[change] = "other"
		other := b.Path(dir)
		if other == path {
			t.Fatalf("another %s has the same file", change)
		}
		s := c.at(t, dir, b)
		if held(t, s, 2) != 0 || s.Notice() != "" {
			t.Errorf("%s: the checkpoint of another audit was used, notice %q", change, s.Notice())
		}
		s.Close(true)
		write(t, other, raw)
		s = c.at(t, dir, b)
		if held(t, s, 2) != 0 || !strings.Contains(s.Notice(), change) {
			t.Errorf("%s: the renamed checkpoint of another audit was used, notice %q", change, s.Notice())
		}
		s.Close(true)
	}
	if !bytes.Equal(read(t, path), raw) {
		t.Error("other audits have changed the file")
	}
	line, sum := chain{}.line([]byte(`{"format":"dbxidentity checkpoint","version":99,"bound":{}}`))
	record, _ := sum.line([]byte(`{"kind":"members","key":"0","began":"2026-03-01T12:00:00Z","value":["member 0\n"]}`))
	write(t, path, append(line, record...))
	if s := c.at(t, dir, bound()); held(t, s, 2) != 0 || !strings.Contains(s.Notice(), "version 99") {
		t.Errorf("a file of another format was used, notice %q", s.Notice())
	}
}

func TestStore_age(t *testing.T) {
	t.Parallel()
	c, dir := newClock(), ownDir(t)
	s := c.at(t, dir, bound())
	began := c.now
	s.Put("members", "0", began, []string{"member 0\n"})
	s.Put("members", "1", began.Add(30*time.Minute), []string{"member 1\n"})
	s.Put("members", "2", began.Add(3*time.Hour), []string{"member 2\n"})
	s.Close(false)
	for after, want := range map[time.Duration]int{
		0: 1, 29*time.Minute + time.Second: 2, 59 * time.Minute: 2, 61 * time.Minute: 1, -2 * time.Minute: 0,
	} {
		c.now = began.Add(after)
		raw := read(t, s.Path())
		if got := held(t, c.at(t, dir, bound()), 3); got != want {
			t.Errorf("%s later: %d records, want %d", after, got, want)
		}
		_ = os.Remove(s.Path()) // Unlocked anew for the next one.
		write(t, s.Path(), raw)
	}
	// It counts when it is used, not when it was opened.
	c.now = began.Add(59 * time.Minute)
	s = c.at(t, dir, bound())
	c.now = began.Add(61 * time.Minute)
	if got := held(t, s, 1); got != 0 {
		t.Error("a reading was used that had become too old meanwhile")
	}
	s.Close(false)
	// What is too old altogether is begun anew without a word.
	c.now = began.Add(5 * time.Hour)
	s = c.at(t, dir, bound())
	if held(t, s, 3) != 0 || s.Notice() != "" || bytes.Contains(read(t, s.Path()), []byte("member")) {
		t.Errorf("an old file was used or kept, notice %q", s.Notice())
	}
}

func TestOpen_refused(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("modes and links are those of Unix")
	}
	c := newClock()
	tests := map[string]struct {
		prepare func(t *testing.T, dir, path string)
		want    string
	}{
		"folder that all can write":      {mode(filepath.Dir, 0o777), "chmod 700"},
		"folder that a group can write":  {mode(filepath.Dir, 0o770), "chmod 700"},
		"sticky folder":                  {mode(filepath.Dir, 0o777|os.ModeSticky), "chmod 700"},
		"file that others can read":      {mode(filepath.Clean, 0o644), "mode 0644"},
		"file that others can write":     {mode(filepath.Clean, 0o602), "mode 0602"},
		"symbolic link":                  {link, "symbolic link"},
		"symbolic link to nothing":       {deadLink, "symbolic link"},
		"folder in place of the file":    {folderThere, "no regular file"},
		"file in place of the folder":    {noFolder, "folder"},
		"file that another run has open": {c.opened, ErrBusy.Error()},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "checkpoints")
			path := c.killed(t, dir, 2)
			tc.prepare(t, dir, path)
			s, err := open(dir, bound(), c.time)
			if err == nil || s != nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v and %v, want an error with %q", s, err, tc.want)
			}
		})
	}
	if os.Geteuid() != 0 {
		t.Run("folder that cannot be written", func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "checkpoints")
			if err := os.Mkdir(dir, 0o500); err != nil {
				t.Fatal(err)
			}
			if _, err := open(dir, bound(), c.time); err == nil {
				t.Error("no error")
			}
		})
	}
}

// mode changes the mode of the file, or of what of makes of its path.
func mode(of func(string) string, mode os.FileMode) func(t *testing.T, dir, path string) {
	return func(t *testing.T, _, path string) {
		t.Helper()
		if err := os.Chmod(of(path), mode); err != nil {
			t.Fatal(err)
		}
	}
}

func folderThere(t *testing.T, _, path string) {
	t.Helper()
	replace(t, path, func() error { return os.Mkdir(path, 0o700) })
}

func noFolder(t *testing.T, dir, _ string) {
	t.Helper()
	_ = os.RemoveAll(dir)
	write(t, dir, nil)
}

func (c *clock) opened(t *testing.T, dir, _ string) {
	t.Helper()
	c.at(t, dir, bound())
}

func replace(t *testing.T, path string, by func() error) {
	t.Helper()
	_ = os.Remove(path)
	if err := by(); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, dir, path string) {
	t.Helper()
	target := filepath.Join(filepath.Dir(dir), "target")
	write(t, target, read(t, path))
	replace(t, path, func() error { return os.Symlink(target, path) })
}

func deadLink(t *testing.T, dir, path string) {
	t.Helper()
	replace(t, path, func() error { return os.Symlink(filepath.Join(dir, "nothing"), path) })
}

// What cannot be written is reported, and what was written before it is kept.
func TestStore_full(t *testing.T) {
	t.Parallel()
	c, dir := newClock(), ownDir(t)
	s := c.at(t, dir, bound())
	s.Put("members", "0", c.now, []string{"member 0\n"})
	reading, err := os.Open(s.Path())
	if err != nil {
		t.Fatal(err)
	}
	s.file, reading = reading, s.file // A file that takes nothing more.
	s.Put("members", "1", c.now, []string{"member 1\n"})
	s.Put("members", "2", c.now, []string{"member 2\n"})
	if err := s.Trouble(); err == nil || !strings.Contains(err.Error(), s.Path()) {
		t.Errorf("got %v, want an error that names the file", err)
	}
	_ = reading.Close()
	s.Close(false)
	if got := held(t, c.at(t, dir, bound()), 3); got != 1 {
		t.Errorf("%d records came back, want 1", got)
	}
}

// A write to the account ends all of its checkpoints, also those that others add to.
func TestDiscard(t *testing.T) {
	t.Parallel()
	c, dir := newClock(), ownDir(t)
	c.killed(t, dir, 2)
	other := bound()
	other[BoundAccount] = "other"
	kept := c.at(t, dir, other)
	inUse := bound()
	inUse["inputs"] = "other"
	busy := c.at(t, dir, inUse)
	Discard(dir, bound()[BoundHost], bound()[BoundAccount])
	busy.Put("members", "0", c.now, []string{"member 0\n"})
	if err := busy.Trouble(); err != nil && runtime.GOOS != "windows" {
		t.Error(err)
	}
	if runtime.GOOS != "windows" {
		fresh := c.at(t, dir, inUse)
		busy.Close(true) // Must not take away the file of the newer run.
		if missing(fresh.Path()) {
			t.Error("the newer run has lost its file")
		}
		if held(t, fresh, 1) != 0 {
			t.Error("what was read before the write came back")
		}
	}
	if held(t, c.at(t, dir, bound()), 2) != 0 {
		t.Error("what was read before the write came back")
	}
	if missing(kept.Path()) {
		t.Error("the checkpoint of another account was deleted")
	}
}

func TestStore_Drop(t *testing.T) {
	t.Parallel()
	c, dir := newClock(), ownDir(t)
	path := c.killed(t, dir, 2)
	s := c.at(t, dir, bound())
	s.Drop()
	s.Put("members", "1", c.now, []string{"member 1\n"})
	if held(t, s, 2) != 0 || !missing(path) {
		t.Error("a dropped checkpoint was used, or is still there")
	}
	s.Close(false)
	s.Drop()
}

// Files that no one can use any more go away; those that are in use, and those that
// are no checkpoints, stay.
func TestOpen_prunes(t *testing.T) {
	t.Parallel()
	c, dir := newClock(), ownDir(t)
	old := c.killed(t, dir, 2)
	busyBinding := bound()
	busyBinding["inputs"] = "busy"
	busy := c.at(t, dir, busyBinding)
	stranger := filepath.Join(dir, "audit.log")
	write(t, stranger, []byte("mine"))
	long := time.Now().Add(-48 * time.Hour)
	for _, path := range []string{old, busy.Path(), stranger} {
		if err := os.Chtimes(path, long, long); err != nil {
			t.Fatal(err)
		}
	}
	b := bound()
	b["inputs"] = "new"
	if _, err := Open(dir, b); err != nil {
		t.Fatal(err)
	}
	if !missing(old) || missing(busy.Path()) || missing(stranger) {
		t.Errorf("old gone: %t, in use gone: %t, other file gone: %t", missing(old), missing(busy.Path()), missing(stranger))
	}
}

func TestStore_concurrent(t *testing.T) {
	t.Parallel()
	c, dir := newClock(), ownDir(t)
	c.killed(t, dir, 50)
	s := c.at(t, dir, bound())
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 100 {
				var got []string
				if _, there := s.Get("members", fmt.Sprint(i), &got); !there {
					s.Put("members", fmt.Sprint(i), c.now, []string{fmt.Sprintf("member %d\n", i)})
				}
			}
		})
	}
	wg.Wait()
	s.Close(false)
	s = c.at(t, dir, bound())
	if got := held(t, s, 100); got != 100 {
		t.Errorf("%d of 100 records came back", got)
	}
	if lines := bytes.Count(read(t, s.Path()), []byte("\n")); lines != 101 {
		t.Errorf("%d lines, want each record once", lines)
	}
}

func TestStore_nil(t *testing.T) {
	t.Parallel()
	var s *Store
	s.Put("a", "b", time.Now(), 1)
	if _, there := s.Get("a", "b", new(int)); there || s.Path() != "" || s.Notice() != "" || s.Trouble() != nil || s.Used().Counts != nil {
		t.Error("a nil store holds something")
	}
	s.Drop()
	s.Close(true)
}

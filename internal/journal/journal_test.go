// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package journal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/journal"
)

func ptr(s string) *string { return &s }

func intent(n int) journal.Record {
	return journal.Record{
		AccountID: "account", Operation: journal.OpSetExternalID, Principal: fmt.Sprintf("user/%d", n), Before: ptr(""), After: ptr(fmt.Sprintf("id-%d", n)),
	}
}

// read wants a whole journal but for the damaged lines.
func read(t *testing.T, path string, damaged ...int) []journal.Record {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	records, got, err := journal.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(damaged, got); diff != "" {
		t.Errorf("damaged lines (-want +got): %s", diff)
	}
	return records
}

func intend(t *testing.T, j *journal.Journal, r journal.Record) journal.Record {
	t.Helper()
	id, err := j.Intend(r)
	if err != nil {
		t.Fatal(err)
	}
	r.Write = id
	return r
}

func TestJournal(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	j := journal.New(path)
	if _, err := os.Stat(path); err == nil {
		t.Error("a journal without records was made")
	}
	r := intend(t, j, intent(1))
	r.Result, r.Wrote, r.Error = journal.ResultFailed, journal.WroteNo, "the API's <words>\n"+strings.Repeat("é", 10)+"\U0001f600"+strings.Repeat("é", 2000)
	if err := j.Conclude(r); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	// Every prefix of it is text, wherever a crash cuts it: Terraform's file() takes no other.
	if raw, err := os.ReadFile(path); err != nil || bytes.ContainsFunc(raw, func(r rune) bool { return r >= utf8.RuneSelf }) {
		t.Errorf("not ASCII, %v: %s", err, raw)
	}
	got := read(t, path)
	if len(got) != 2 || len(got[1].Error) > 2010 || !strings.HasPrefix(got[1].Error, "the API's <words>\néééééééééé\U0001f600é") {
		t.Fatalf("got %+v", got)
	}
	want := []journal.Record{intent(1), {AccountID: "account", Operation: journal.OpSetExternalID, Principal: "user/1", Result: journal.ResultFailed, Wrote: journal.WroteNo}}
	want[0].Event, want[1].Event = journal.EventIntent, journal.EventOutcome
	for i := range want {
		want[i].Version, want[i].Write = journal.Version, r.Write
		if !strings.HasSuffix(got[i].Time, "Z") {
			t.Errorf("time %q is not in UTC", got[i].Time)
		}
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(journal.Record{}, "Time", "Error")); diff != "" {
		t.Errorf("(-want +got): %s", diff)
	}
}

// A line that was torn when the machine died costs itself only.
func TestJournal_torn(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	intend(t, journal.New(path), intent(1))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := 1; cut < len(whole); cut++ {
		if err := os.WriteFile(path, append(bytes.Clone(whole), whole[:cut]...), 0o600); err != nil {
			t.Fatal(err)
		}
		intend(t, journal.New(path), intent(2))
		damaged := []int{2}
		if cut == len(whole)-1 {
			damaged = nil // Only the line break was lost.
		}
		if got := read(t, path, damaged...); got[len(got)-1].Principal != "user/2" || len(got) != 3-len(damaged) {
			t.Fatalf("cut at %d: %+v", cut, got)
		}
	}
}

// So does one that another process leaves behind while this one has the file open.
func TestJournal_tornByAnother(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	j := journal.New(path)
	intend(t, j, intent(1))
	other, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = other.WriteString(`{"version":1,"event":"int`)
	if err = errors.Join(err, other.Close()); err != nil {
		t.Fatal(err)
	}
	intend(t, j, intent(2))
	if got := read(t, path, 2); len(got) != 2 || got[1].Principal != "user/2" {
		t.Errorf("%+v", got)
	}
}

// Someone who may change a link would choose what is written, and what is rolled back.
func TestJournal_link(t *testing.T) {
	t.Parallel()
	for name, there := range map[string]bool{"to a file": true, "to nothing": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target, path := filepath.Join(t.TempDir(), "target"), filepath.Join(t.TempDir(), "journal.jsonl")
			if there {
				target = file(t, t.TempDir(), 0o600)
			}
			if err := os.Symlink(target, path); err != nil {
				t.Skip("this machine makes no links: ", err)
			}
			_, err := journal.New(path).Intend(intent(1))
			for what, err := range map[string]error{"Check": journal.Check(path), "Intend": err} {
				if err == nil || !strings.Contains(err.Error(), "symbolic link") {
					t.Errorf("%s: %v", what, err)
				}
			}
			if content, err := os.ReadFile(target); there != (err == nil) || len(content) > 0 {
				t.Errorf("the target has %q, %v", content, err)
			}
		})
	}
}

func TestRead_damage(t *testing.T) {
	t.Parallel()
	good := `{"version":1,"event":"intent","write":"a","principal":"user/1"}`
	text := strings.Join([]string{
		good, "", "  ", "null", "[]", "7", `"x"`, `{"version":2,"event":"intent","write":"b"}`, `{"version":1,"event":"intent"}`,
		`{"version":1,"event":"outcome","write":"a"}`, `{"version":1,"event":"other","write":"a"}`, "\x00\xff", good, good[:20],
	}, "\n")
	got, damaged, err := journal.Read(strings.NewReader(text))
	if err != nil || len(got) != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	if diff := cmp.Diff([]int{4, 5, 6, 7, 8, 9, 10, 11, 12, 14}, damaged); diff != "" {
		t.Errorf("(-want +got): %s", diff)
	}
}

// FuzzRead: every line is a record, damaged or blank; records are such as a
// journal holds, and read back the same once they are written again.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"version":1,"event":"intent","write":"a"}` + "\n" + `{"version":1`))
	f.Add([]byte(`{"version":1,"event":"outcome","write":"a","result":"confirmed","wrote":"yes","before":"","after":null}` + "\r\n"))
	f.Add([]byte(`{"version":1,"event":"intent","write":"a","principal":"user/1","group":"group/2","before":"absent"} {}` + "\n\n\x00"))
	f.Add([]byte("\n\n\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		records, damaged, err := journal.Read(bytes.NewReader(raw))
		if err != nil || len(records)+len(damaged) > bytes.Count(raw, []byte("\n"))+1 {
			t.Fatalf("%d records, %d damaged, %v", len(records), len(damaged), err)
		}
		if !slices.IsSorted(damaged) {
			t.Fatalf("damaged %v", damaged)
		}
		var written bytes.Buffer
		for _, r := range records {
			if r.Version != journal.Version || r.Write == "" || r.Event != journal.EventIntent && (r.Event != journal.EventOutcome || r.Result == "" || r.Wrote == "") {
				t.Fatalf("%+v is taken for a record", r)
			}
			line, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			written.Write(append(line, '\n'))
		}
		again, damaged, err := journal.Read(&written)
		if err != nil || len(damaged) > 0 {
			t.Fatalf("written again: damaged %v, %v", damaged, err)
		}
		if diff := cmp.Diff(records, again); diff != "" {
			t.Fatalf("(-read +written again): %s", diff)
		}
	})
}

// What cannot be a journal is refused, at the first record and before.
func TestJournal_refused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		mode os.FileMode // of a file; 0 for path
		path string      // below a folder
		say  string
	}{
		"a folder":            {path: ".", say: "no regular file"},
		"no folder":           {path: "none/journal.jsonl", say: "Make its folder first"},
		"a file for a folder": {mode: 0o600, path: "journal.jsonl", say: "journal"},
		"open to the group":   {mode: 0o640, say: "chmod 600"},
		"open to all":         {mode: 0o604, say: "chmod 600"},
		"writable by others":  {mode: 0o602, say: "mode 0602"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := t.TempDir()
			if tt.mode != 0 {
				path = file(t, path, tt.mode)
			}
			path = filepath.Join(path, tt.path)
			_, err := journal.New(path).Intend(intent(1))
			for what, err := range map[string]error{"Check": journal.Check(path), "Intend": err} {
				if err == nil || !strings.Contains(err.Error(), tt.say) {
					t.Errorf("%s: %v, want %q", what, err, tt.say)
				}
			}
		})
	}
	if err := journal.Check(filepath.Join(t.TempDir(), "journal.jsonl")); err != nil {
		t.Error(err)
	}
}

// A file of another user is refused, as root too: root could read it, and would
// roll back what that user chose.
func TestJournal_ofAnotherUser(t *testing.T) {
	t.Parallel()
	path := file(t, t.TempDir(), 0o600)
	if err := os.Chown(path, os.Geteuid()+1, -1); err != nil {
		t.Skip("only root can give a file away: ", err)
	}
	_, err := journal.New(path).Intend(intent(1))
	for what, err := range map[string]error{"Check": journal.Check(path), "Intend": err} {
		if err == nil || !strings.Contains(err.Error(), "belongs to another user") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func file(t *testing.T, dir string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(dir, "file")
	if err := os.WriteFile(path, nil, mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // The umask is the machine's.
		t.Fatal(err)
	}
	return path
}

// A journal that was moved away goes on under its name.
func TestJournal_moved(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	j := journal.New(path)
	intend(t, j, intent(1))
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	intend(t, j, intent(2))
	if a, b := read(t, path+".1"), read(t, path); len(a) != 1 || len(b) != 1 || b[0].Principal != "user/2" {
		t.Errorf("%+v, %+v", a, b)
	}
}

// An outcome that could not be written comes before the next record.
func TestJournal_owed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	j := journal.New(path)
	r := intend(t, j, intent(1))
	r.Result, r.Wrote = journal.ResultConfirmed, journal.WroteYes
	away := path + ".away"
	if err := os.Rename(path, away); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := j.Conclude(r); err == nil {
		t.Fatal("an outcome went into a folder")
	}
	if _, err := j.Intend(intent(2)); err == nil {
		t.Fatal("an intent went into a folder")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	intend(t, j, intent(3))
	var got []string
	for _, r := range read(t, path) {
		got = append(got, r.Event+" "+r.Principal)
	}
	if diff := cmp.Diff([]string{"outcome user/1", "intent user/3"}, got); diff != "" {
		t.Errorf("(-want +got): %s", diff)
	}
}

// writerEnv makes a test process a writer of many lines to that journal.
const writerEnv = "DBXIDENTITY_TEST_JOURNAL_WRITER"

const (
	processes = 3
	writers   = 4
	each      = 25
)

func writeMany(path string) error {
	j := journal.New(path)
	var wg sync.WaitGroup
	errs := make([]error, writers)
	for w := range writers {
		wg.Go(func() {
			for n := range each {
				r := intent(n)
				r.After = ptr(strings.Repeat("x", 3000)) // Longer than a pipe's atomic write.
				if _, err := j.Intend(r); err != nil {
					errs[w] = err
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestMain(m *testing.M) {
	if path := os.Getenv(writerEnv); path != "" {
		if err := writeMany(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// Several processes with several writers each tear no line and lose none.
func TestJournal_manyWriters(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	var wg sync.WaitGroup
	for range processes {
		wg.Go(func() {
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), writerEnv+"="+path)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, r := range read(t, path) {
		seen[r.Write] = true
	}
	if len(seen) != processes*writers*each {
		t.Errorf("%d records, want %d", len(seen), processes*writers*each)
	}
}

// Open finds the intent of a write that was interrupted, and no other.
func TestOpen(t *testing.T) {
	t.Parallel()
	add := func(member, after string) journal.Record {
		r := journal.Record{AccountID: "account", Operation: journal.OpAddMember, Group: "group/1", Principal: member, Before: ptr(journal.Absent), After: ptr(after)}
		if after == journal.Absent {
			r.Operation, r.Before = journal.OpRemoveMember, ptr(journal.Member)
		}
		return r
	}
	resolve := journal.Record{AccountID: "account", Operation: journal.OpResolvePrincipal, After: ptr("id-1")}
	type step struct {
		intent journal.Record
		wrote  string // "" is no outcome
	}
	other := add("user/1", journal.Member)
	other.AccountID = "another"
	for name, tt := range map[string]struct {
		steps  []step
		wanted journal.Record
		found  bool
	}{
		"nothing":            {wanted: add("user/1", journal.Member)},
		"interrupted":        {steps: []step{{intent: add("user/1", journal.Member)}}, wanted: add("user/1", journal.Member), found: true},
		"not known":          {steps: []step{{intent: add("user/1", journal.Member), wrote: journal.WroteUnknown}}, wanted: add("user/1", journal.Member), found: true},
		"done":               {steps: []step{{intent: add("user/1", journal.Member), wrote: journal.WroteYes}}, wanted: add("user/1", journal.Member)},
		"not done":           {steps: []step{{intent: add("user/1", journal.Member), wrote: journal.WroteNo}}, wanted: add("user/1", journal.Member)},
		"of another member":  {steps: []step{{intent: add("user/2", journal.Member)}}, wanted: add("user/1", journal.Member)},
		"of another account": {steps: []step{{intent: other}}, wanted: add("user/1", journal.Member)},
		"the opposite":       {steps: []step{{intent: add("user/1", journal.Absent)}}, wanted: add("user/1", journal.Member)},
		"another value":      {steps: []step{{intent: intent(1)}}, wanted: func() journal.Record { r := intent(1); r.After = ptr("else"); return r }()},
		"named later":        {steps: []step{{intent: add("user/1", journal.Member)}, {intent: add("user/1", journal.Absent), wrote: journal.WroteYes}}, wanted: add("user/1", journal.Member)},
		"resolved":           {steps: []step{{intent: resolve}}, wanted: resolve, found: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "j.jsonl")
			j := journal.New(path)
			for _, s := range tt.steps {
				// As by a run that ended: its journal is another one on the same file.
				run := journal.New(path)
				id, err := run.Intend(s.intent)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := j.Open(tt.wanted); err != nil { // It reads on from where it was.
					t.Fatal(err)
				}
				if s.wrote != "" {
					end := s.intent
					end.Write, end.Result, end.Wrote = id, journal.ResultFailed, s.wrote
					if err := run.Conclude(end); err != nil {
						t.Fatal(err)
					}
				}
			}
			got, err := j.Open(tt.wanted)
			if err != nil || (got != nil) != tt.found {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

// A journal that could not be written to is not read either, and of a huge one the
// end is.
func TestOpen_files(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open := filepath.Join(dir, "open.jsonl")
	if err := os.WriteFile(open, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{open, dir} {
		if _, err := journal.New(path).Open(intent(1)); err == nil {
			t.Errorf("%s was read", path)
		}
	}
	huge := filepath.Join(dir, "huge.jsonl")
	if err := os.WriteFile(huge, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(huge, 4<<30); err != nil { // Of zeros, without a place on the disk.
		t.Fatal(err)
	}
	j := journal.New(huge)
	if _, err := j.Intend(intent(1)); err != nil {
		t.Fatal(err)
	}
	if got, err := j.Open(intent(1)); err != nil || got == nil {
		t.Errorf("got %v, %v", got, err)
	}
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const head = "# Changelog\n\nIntroduction.\n\n" + marker

func newLog(t *testing.T, text string) changelog {
	t.Helper()
	c := changelog{root: t.TempDir()}
	if err := os.WriteFile(c.file(), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

func mustAdd(t *testing.T, c changelog, kind, body string) {
	t.Helper()
	if _, err := c.add(fragment{Kind: kind, Body: body}); err != nil {
		t.Fatal(err)
	}
}

func TestRelease(t *testing.T) {
	t.Parallel()
	c := newLog(t, head)
	mustAdd(t, c, "BUG FIXES", "a group's name with a quote: 'x'")
	mustAdd(t, c, "FEATURES", "b is new")
	mustAdd(t, c, "FEATURES", "a is new")
	if next, err := c.next(); err != nil || next != "0.1.0" {
		t.Fatalf("next: %q, %v; want 0.1.0", next, err)
	}
	if err := c.release("0.1.0", "2026-11-22"); err != nil {
		t.Fatal(err)
	}
	mustAdd(t, c, "BUG FIXES", "later")
	if next, err := c.next(); err != nil || next != "0.1.1" {
		t.Fatalf("next: %q, %v; want 0.1.1", next, err)
	}
	if err := c.release("0.1.1", "2026-11-23"); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(c.file())
	if err != nil {
		t.Fatal(err)
	}
	want := head + `
## 0.1.1 (2026-11-23)

### BUG FIXES

* later

## 0.1.0 (2026-11-22)

### FEATURES

* a is new
* b is new

### BUG FIXES

* a group's name with a quote: 'x'
`
	if string(got) != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if left, err := c.fragments(); err != nil || len(left) != 0 {
		t.Errorf("fragments left: %v, %v", left, err)
	}
	if err := c.release("0.1.2", "2026-11-24"); err == nil {
		t.Error("a release without changes succeeded")
	}
}

func TestNext_breaking(t *testing.T) {
	t.Parallel()
	for last, want := range map[string]string{"0.3.1": "0.4.0", "1.3.1": "2.0.0"} {
		c := newLog(t, head+"\n## "+last+" (2026-01-02)\n")
		mustAdd(t, c, "BREAKING CHANGES", "x is gone")
		if got, err := c.next(); err != nil || got != want {
			t.Errorf("after %s: got %q, %v; want %s", last, got, err, want)
		}
	}
}

func TestFragments_malformed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"kind: NEWS\nbody: x\n":             "not one of BREAKING CHANGES",
		"kind: NOTES\nbody:\n":              "body is empty",
		"kind: NOTES\nbody: x\nissue: 7\n":  `unknown key "issue"`,
		"just text":                         "not `key: value`",
		"kind: NOTES\nbody: x\nand more so": "not `key: value`",
	} {
		c := newLog(t, head)
		if err := os.MkdirAll(c.dir(), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(c.dir(), "a.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := c.fragments(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

func TestAdd_neverOverwrites(t *testing.T) {
	t.Parallel()
	c := newLog(t, head)
	mustAdd(t, c, "NOTES", "same words")
	if _, err := c.add(fragment{Kind: "BUG FIXES", Body: "same words"}); err == nil {
		t.Error("a fragment was overwritten")
	}
}

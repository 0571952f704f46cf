// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestComplete(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	source := "package p\n\nfunc f(a, b int) int {\n\tswitch {\n\tcase a > b:\n\t\treturn 1\n\tdefault:\n\t\treturn 2\n\t}\n}\n\nfunc g(a int) int {\n\tswitch {\n\tcase a > 1:\n\t\treturn 1\n\t}\n\treturn 2\n}\n"
	if err := os.WriteFile(filepath.Join(root, "p.go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	profile := filepath.Join(root, "profile")
	// f was run, g was not.
	if err := os.WriteFile(profile, []byte("mode: set\nm/p.go:3.22,4.9 1 1\nm/p.go:5.13,6.11 1 0\nm/p.go:12.19,13.9 1 0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := complete(root, "m", profile); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(profile)
	if err != nil {
		t.Fatal(err)
	}
	if want := "m/p.go:5.2,5.12 1 1\n"; !strings.HasSuffix(string(got), "0\n"+want) || strings.Count(string(got), "\n") != 5 {
		t.Errorf("got %s, want the end %s", got, want)
	}
}

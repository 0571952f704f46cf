// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import "testing"

func TestWithHeader(t *testing.T) {
	t.Parallel()
	const header = "# " + copyright + "\n# " + license + "\n\n"
	tests := []struct {
		name, in, want string
		changed        bool
	}{
		{"empty", "", header, true},
		{"code", "a = 1\n", header + "a = 1\n", true},
		{"shebang stays first", "#!/bin/sh\nset -eu\n", "#!/bin/sh\n" + header + "set -eu\n", true},
		{"there already", header + "a = 1\n", header + "a = 1\n", false},
		{"another wording with the same licence", "# " + license + "\n", "# " + license + "\n", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, changed := withHeader([]byte(tt.in), "#")
			if string(got) != tt.want || changed != tt.changed {
				t.Errorf("got %q, %v; want %q, %v", got, changed, tt.want, tt.changed)
			}
			if again, changed := withHeader(got, "#"); changed {
				t.Errorf("a second run changed it again: %q", again)
			}
		})
	}
}

func TestCommentFor(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"main.go": "//", "tools/x.sh": "#", ".ci/run": "#", "GNUmakefile": "#", "sub/GNUmakefile": "#",
		".github/workflows/test.yml": "#", "README.md": "", "go.sum": "", "manifest.json": "", "run": "",
	} {
		if got := commentFor(file); got != want {
			t.Errorf("%s: got %q, want %q", file, got, want)
		}
	}
}

func TestExempt(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]bool{
		"docs/index.md": true, "examples/provider/provider.tf": true, "internal/x/testdata/a.go": true,
		"internal/x/a.go": false, "tools/headers/main.go": false, ".changes/unreleased/a.yaml": true,
	} {
		if got := exempt(file); got != want {
			t.Errorf("%s: got %v, want %v", file, got, want)
		}
	}
}

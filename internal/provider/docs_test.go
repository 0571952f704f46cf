// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// sources is the text of all Go files of the repository: tests, or all others.
func sources(t *testing.T, tests bool) string {
	t.Helper()
	var text strings.Builder
	err := filepath.WalkDir(filepath.Join("..", "..", "internal"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") != tests {
			return err
		}
		content, err := os.ReadFile(path)
		text.Write(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// A page that says which test shows something names one that exists. The notes in
// docs/reference name those of other projects.
func TestDocs_namedTests(t *testing.T) {
	t.Parallel()
	code := sources(t, true)
	named := regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Z][A-Za-z0-9]*_?[A-Za-z0-9]*)")
	count := 0
	err := filepath.WalkDir(filepath.Join("..", "..", "docs"), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && entry.Name() == "reference" {
			return fs.SkipDir
		}
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".md" {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range named.FindAllStringSubmatch(string(content), -1) {
			count++
			name := m[1] + "("
			if strings.HasSuffix(m[1], "_") { // `TestX_*`
				name = m[1]
			}
			if !strings.Contains(code, "func "+name) {
				t.Errorf("%s names %s, which no package has", path, m[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if count < 40 {
		t.Errorf("only %d tests are named: this test does not see the pages", count)
	}
}

// The messages that the troubleshooting guide explains are the provider's own.
func TestDocs_troubleshooting(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join("..", "..", "docs", "guides", "troubleshooting.md"))
	if err != nil {
		t.Fatal(err)
	}
	// Summaries are put together from a verb and a thing.
	code := strings.NewReplacer(
		`"Refusing to %s %s"`, "Refusing to Create External ID", `"Unable to Confirm "+thing`, "Unable to Confirm External ID",
		`"Unable to %s %s"`, "Unable to Create Group Member Removal", `thing+" Undone by`, "... Undone by",
	).Replace(sources(t, false))
	rows := 0
	for _, line := range strings.Split(string(content), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) < 4 || !strings.Contains(cells[1], "`") {
			continue
		}
		rows++
		for _, quoted := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[1], -1) {
			if !strings.Contains(code, quoted[1]) {
				t.Errorf("no message says %q", quoted[1])
			}
		}
	}
	if rows < 10 {
		t.Errorf("%d rows: this test does not see the table", rows)
	}
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package docs has no code of its own: its tests follow what code and documents
// refer to.
package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

const root = ".."

// files returns the paths below the root, with slashes, of all files with one of
// the extensions. Hidden directories are read as far as they are the project's.
func files(t *testing.T, extensions ...string) []string {
	t.Helper()
	skipped := []string{".git", ".cache", "bin", "dist", "testdata"}
	var found []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if slices.Contains(skipped, entry.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if slices.Contains(extensions, filepath.Ext(path)) || slices.Contains(extensions, entry.Name()) {
			relative, err := filepath.Rel(root, path)
			found = append(found, filepath.ToSlash(relative))
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// read returns the text of a file below the root.
func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

var (
	// lineBreak is where a comment or a paragraph goes on in the next line.
	lineBreak = regexp.MustCompile(`\n[ \t]*(?://|#+|>)?[ \t]*`)
	heading   = regexp.MustCompile(`(?m)^#{1,6} +(.*?) *#*$`)
	numbered  = regexp.MustCompile(`^(?:Part )?([0-9]+(?:\.[0-9]+)*)[. ]`)
	// citation is a document below docs/, with the sections that may follow:
	// docs/reference/idp-apis.md 3.1, 3.3 and 3.5.
	citation = regexp.MustCompile(`(docs/[A-Za-z0-9_./-]+\.md)((?:(?:,| and| to)? [0-9]+(?:\.[0-9]+)*\b)*)`)
	section  = regexp.MustCompile(`[0-9]+(?:\.[0-9]+)*`)
)

// sections are the numbers of the headings of a document.
func sections(text string) []string {
	var numbers []string
	for _, h := range heading.FindAllStringSubmatch(text, -1) {
		if n := numbered.FindStringSubmatch(h[1] + " "); n != nil {
			numbers = append(numbers, n[1])
		}
	}
	return numbers
}

// Every document that code or documents cite by its path exists, and so does the
// section. Notes below docs/reference are always cited by path, and by code with
// a section, so that a reader finds the fact.
func TestCitations(t *testing.T) {
	t.Parallel()
	known := map[string][]string{}
	var notes []string
	for _, path := range files(t, ".md") {
		known[path] = sections(read(t, path))
		if name, ok := strings.CutPrefix(path, "docs/reference/"); ok && name != "README.md" {
			notes = append(notes, regexp.QuoteMeta(name))
		}
	}
	note := regexp.MustCompile(`\b(?:` + strings.Join(notes, "|") + `)`)
	followed := 0
	for _, path := range files(t, ".go", ".md", ".tmpl", ".tf", ".sh", ".yml", ".yaml", "GNUmakefile") {
		text := read(t, path)
		if !strings.Contains(text, ".md") {
			continue
		}
		text = lineBreak.ReplaceAllString(text, " ")
		isGo, isNote := strings.HasSuffix(path, ".go"), strings.HasPrefix(path, "docs/reference/")
		for _, m := range citation.FindAllStringSubmatch(text, -1) {
			numbers, exists := known[m[1]]
			if !exists {
				t.Errorf("%s cites %s, which does not exist", path, m[1])
			}
			cited := section.FindAllString(m[2], -1)
			for _, n := range cited {
				followed++
				if exists && !slices.Contains(numbers, n) {
					t.Errorf("%s cites %s %s: the document has no section %s", path, m[1], n, n)
				}
			}
			if isGo && len(cited) == 0 && strings.HasPrefix(m[1], "docs/reference/") && m[1] != "docs/reference/README.md" {
				t.Errorf("%s cites %s without a section", path, m[1])
			}
		}
		for _, at := range note.FindAllStringIndex(text, -1) {
			before, name := text[:at[0]], text[at[0]:at[1]]
			if !isNote && !strings.HasSuffix(before, "docs/reference/") && !strings.HasSuffix(before, "](../reference/") {
				t.Errorf("%s cites %s: write docs/reference/%s", path, name, name)
			}
		}
	}
	if followed < 90 {
		t.Errorf("only %d citations were followed: this test does not see them", followed)
	}
}

// The design page of the clone says in which file or function each rule lives.
func TestDesign_whereRulesLive(t *testing.T) {
	t.Parallel()
	var code strings.Builder
	var paths []string
	for _, path := range files(t, ".go") {
		if strings.HasPrefix(path, "internal/") && !strings.HasSuffix(path, "_test.go") {
			paths = append(paths, path)
			code.WriteString(read(t, path))
		}
	}
	named := regexp.MustCompile("`([A-Za-z0-9_./]+)`")
	count := 0
	for _, line := range strings.Split(read(t, "docs/design/clone-and-diff.md"), "\n") {
		cells := strings.Split(line, " | ")
		if len(cells) != 4 || !strings.HasPrefix(cells[0], "| R") {
			continue
		}
		for _, m := range named.FindAllStringSubmatch(cells[2], -1) {
			count++
			if name, ok := strings.CutSuffix(m[1], ".go"); ok {
				if !slices.ContainsFunc(paths, func(p string) bool { return strings.HasSuffix(p, "/"+name+".go") }) {
					t.Errorf("there is no file %s.go: %s", name, cells[0])
				}
				continue
			}
			last := m[1][strings.LastIndex(m[1], ".")+1:]
			if !regexp.MustCompile(`\b` + last + `\b`).MatchString(code.String()) {
				t.Errorf("nothing in the code is named %s: %s", m[1], cells[0])
			}
		}
	}
	if count < 40 {
		t.Errorf("only %d names: this test does not see the tables", count)
	}
}

// Whatever the journal records can be rolled back: the example and the guide name every
// operation.
func TestRollback_everyOperation(t *testing.T) {
	t.Parallel()
	operations := regexp.MustCompile(`\bOp\w+ *= "(\w+)"`).FindAllStringSubmatch(read(t, "internal/journal/record.go"), -1)
	if len(operations) < 8 {
		t.Fatalf("only %d operations: this test does not see them", len(operations))
	}
	for _, path := range []string{"examples/rollback/main.tf", "templates/guides/rollback.md.tmpl"} {
		text := read(t, path)
		for _, m := range operations {
			if !regexp.MustCompile(`["` + "`" + `]` + m[1] + `["` + "`" + `]`).MatchString(text) {
				t.Errorf("%s does not name %s", path, m[1])
			}
		}
	}
}

// CONTRIBUTING.md names every package, and what it names exists.
func TestContributing(t *testing.T) {
	t.Parallel()
	text := read(t, "CONTRIBUTING.md")
	var code strings.Builder
	packages := map[string]bool{}
	for _, path := range files(t, ".go") {
		code.WriteString(read(t, path))
		if strings.HasPrefix(path, "internal/") && !strings.HasSuffix(path, "_test.go") {
			packages[path[:strings.LastIndex(path, "/")]] = true
		}
	}
	for folder := range packages {
		if !strings.Contains(text, "| `"+folder+"` |") {
			t.Errorf("package %s has no line in the table of packages", folder)
		}
	}
	count := 0
	for _, m := range regexp.MustCompile("`([^`\\s]+)`").FindAllStringSubmatch(text, -1) {
		name := m[1]
		switch {
		case regexp.MustCompile(`^(internal|templates|tools|docs|examples)/`).MatchString(name):
			path, _, _ := strings.Cut(name, "#")
			if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(path))); err != nil {
				t.Errorf("there is no %s", name)
			}
		case regexp.MustCompile(`^(Test|Guard|Advisory|Reason|Assumed)\w*$`).MatchString(name):
			if !regexp.MustCompile(`\b` + name + `\b`).MatchString(code.String()) {
				t.Errorf("nothing in the code is named %s", name)
			}
		default:
			continue
		}
		count++
	}
	if count < 80 {
		t.Errorf("only %d names: this test does not see the tables", count)
	}
}

var (
	fenced     = regexp.MustCompile("(?ms)^[ \t]*(```+|~~~+).*?^[ \t]*(```+|~~~+)[ \t]*$")
	inlineCode = regexp.MustCompile("`[^`\n]*`")
	link       = regexp.MustCompile(`\]\(<?([^()<>\s]+(?:\([^()\s]*\))?)>?(?: +"[^"]*")?\)|(?m:^\[[^\]]+\]: +(\S+))`)
	htmlAnchor = regexp.MustCompile(`<a (?:id|name)="([^"]+)"`)
	linked     = regexp.MustCompile(`!?\[([^\]]*)\]\([^)]*\)`)
)

// anchors are the fragments that a Markdown document offers, as GitHub and the
// registry make them: lower case, punctuation dropped, spaces as hyphens, and a
// number for a heading that comes again.
func anchors(text string) []string {
	text = fenced.ReplaceAllString(text, "")
	var found []string
	seen := map[string]int{}
	for _, h := range heading.FindAllStringSubmatch(text, -1) {
		title := strings.ToLower(linked.ReplaceAllString(h[1], "$1"))
		slug := strings.Map(func(r rune) rune {
			switch {
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				return r
			case r == ' ':
				return '-'
			default:
				return -1
			}
		}, title)
		if n := seen[slug]; n > 0 {
			found = append(found, slug+"-"+string(rune('0'+n%10)))
		} else {
			found = append(found, slug)
		}
		seen[slug]++
	}
	for _, a := range htmlAnchor.FindAllStringSubmatch(text, -1) {
		found = append(found, a[1])
	}
	return found
}

// registry are the pages that the Terraform registry shows. It shows no others, and
// there a link to a page has no extension.
var registry = regexp.MustCompile(`^docs/(?:index|(?:guides|data-sources|resources|functions)/[a-z0-9_-]+)\.md$`)

// Every relative link of every document leads to a file, or to a heading in it.
// What templates/ holds is judged as the page that is made of it.
func TestLinks(t *testing.T) {
	t.Parallel()
	followed := 0
	for _, path := range files(t, ".md") {
		if strings.HasPrefix(path, "templates/") {
			continue
		}
		text := inlineCode.ReplaceAllString(fenced.ReplaceAllString(read(t, path), ""), "`code`")
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			target := m[1] + m[2]
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			followed++
			file, fragment, _ := strings.Cut(target, "#")
			destination := path
			if file != "" {
				destination = filepath.ToSlash(filepath.Join(filepath.Dir(path), file))
				if registry.MatchString(path) {
					destination += ".md"
					if !registry.MatchString(destination) {
						t.Errorf("%s links to %s, which is no page of the registry", path, target)
					}
				}
			}
			if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(destination))); err != nil {
				t.Errorf("%s links to %s, which does not exist", path, target)
				continue
			}
			if fragment != "" && strings.HasSuffix(destination, ".md") && !slices.Contains(anchors(read(t, destination)), fragment) {
				t.Errorf("%s links to %s: there is no such heading", path, target)
			}
		}
	}
	if followed < 100 {
		t.Errorf("only %d links were followed: this test does not see them", followed)
	}
}

// The registry lists guides below their subcategory; one without stands apart.
func TestGuides_subcategories(t *testing.T) {
	t.Parallel()
	known := []string{"Start here", "Identity providers", "Automatic identity management", "Fixes", "Pipelines and reports", "Reference"}
	field := regexp.MustCompile(`(?m)\A---\npage_title: "[^"]+"\nsubcategory: "([^"]+)"\ndescription: \|-\n  \S`)
	used := map[string]bool{}
	for _, path := range files(t, ".md") {
		if !strings.HasPrefix(path, "docs/guides/") {
			continue
		}
		m := field.FindStringSubmatch(read(t, path))
		if m == nil || !slices.Contains(known, m[1]) {
			t.Errorf("%s has no title, subcategory and description in this order, the subcategory one of %q", path, known)
			continue
		}
		used[m[1]] = true
	}
	for _, one := range known {
		if !used[one] {
			t.Errorf("no guide is in %q", one)
		}
	}
}

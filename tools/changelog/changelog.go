// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// step is the part of a version that a kind of change raises.
type step int

const (
	patch step = iota
	minor
	major
)

// kinds are the sections of a release, in their order.
var kinds = []struct {
	name string
	step step
}{
	{"BREAKING CHANGES", major},
	{"NOTES", patch},
	{"FEATURES", minor},
	{"ENHANCEMENTS", minor},
	{"BUG FIXES", patch},
}

// fragment is one change that a user notices.
type fragment struct {
	Kind, Body string
	file       string
}

// changelog is the set of files below root.
type changelog struct{ root string }

func (c changelog) dir() string  { return filepath.Join(c.root, ".changes", "unreleased") }
func (c changelog) file() string { return filepath.Join(c.root, "CHANGELOG.md") }

// fragments reads all unreleased changes, sorted by kind, then body. The error
// joins what is wrong with every malformed one.
func (c changelog) fragments() ([]fragment, error) {
	entries, err := os.ReadDir(c.dir())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []fragment
	var problems []error
	for _, e := range entries {
		if e.Name() == ".gitkeep" {
			continue
		}
		name := filepath.Join(c.dir(), e.Name())
		raw, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		f, err := parse(string(raw))
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", filepath.ToSlash(name), err))
			continue
		}
		f.file = name
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b fragment) int {
		if d := rank(a.Kind) - rank(b.Kind); d != 0 {
			return d
		}
		return strings.Compare(a.Body, b.Body)
	})
	return all, errors.Join(problems...)
}

// parse reads the two lines of a fragment.
func parse(text string) (fragment, error) {
	var f fragment
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			return f, fmt.Errorf("line %q is not `key: value`", line)
		}
		value = unquote(strings.TrimSpace(value))
		switch strings.TrimSpace(key) {
		case "kind":
			f.Kind = value
		case "body":
			f.Body = value
		default:
			return f, fmt.Errorf("unknown key %q; a fragment has kind and body", key)
		}
	}
	if rank(f.Kind) < 0 {
		return f, fmt.Errorf("kind %q is not one of %s", f.Kind, kindNames())
	}
	if f.Body == "" {
		return f, errors.New("body is empty; it says what changes for a user")
	}
	return f, nil
}

// unquote takes YAML's single quotes away, in which a quote is doubled.
func unquote(s string) string {
	if len(s) >= 2 && s[0] == '\'' && s[len(s)-1] == '\'' {
		return strings.ReplaceAll(s[1:len(s)-1], "''", "'")
	}
	return s
}

func (f fragment) String() string {
	return "kind: " + f.Kind + "\nbody: '" + strings.ReplaceAll(f.Body, "'", "''") + "'\n"
}

func rank(kind string) int {
	for i, k := range kinds {
		if k.name == kind {
			return i
		}
	}
	return -1
}

func kindNames() string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.name
	}
	return strings.Join(names, ", ")
}

var notSlug = regexp.MustCompile(`[^a-z0-9]+`)

// add writes a new fragment and returns its file. The name comes from the body;
// an existing file is never overwritten.
func (c changelog) add(f fragment) (string, error) {
	if _, err := parse(f.String()); err != nil {
		return "", err
	}
	slug := strings.Trim(notSlug.ReplaceAllString(strings.ToLower(f.Body), "-"), "-")
	slug = strings.Trim(slug[:min(len(slug), 60)], "-")
	name := filepath.Join(c.dir(), slug+".yaml")
	if err := os.MkdirAll(c.dir(), 0o755); err != nil {
		return "", err
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return "", err
	}
	if _, err := file.WriteString(f.String()); err != nil {
		return "", errors.Join(err, file.Close())
	}
	return name, file.Close()
}

var released = regexp.MustCompile(`(?m)^## (\d+)\.(\d+)\.(\d+) `)

// next is the version after the last one in CHANGELOG.md. Before 1.0.0 a
// breaking change raises the minor version.
func (c changelog) next() (string, error) {
	all, err := c.fragments()
	if err != nil {
		return "", err
	}
	if len(all) == 0 {
		return "", errors.New("nothing is unreleased")
	}
	text, err := os.ReadFile(c.file())
	if err != nil {
		return "", err
	}
	var v [3]int
	if m := released.FindSubmatch(text); m != nil {
		for i := range v {
			if v[i], err = strconv.Atoi(string(m[i+1])); err != nil {
				return "", err
			}
		}
	}
	up := patch
	for _, f := range all {
		up = max(up, kinds[rank(f.Kind)].step)
	}
	switch {
	case up == major && v[0] > 0:
		v = [3]int{v[0] + 1}
	case up >= minor:
		v = [3]int{v[0], v[1] + 1}
	default:
		v[2]++
	}
	return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2]), nil
}

var (
	versionForm = regexp.MustCompile(`^\d+\.\d+\.\d+$`)
	dateForm    = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)
)

// release puts the fragments into CHANGELOG.md as a new section above the older
// ones and removes them. The file is written before any fragment goes.
func (c changelog) release(version, date string) error {
	if !versionForm.MatchString(version) || !dateForm.MatchString(date) {
		return fmt.Errorf("version %q must look like 1.2.3 and date %q like 2006-01-02", version, date)
	}
	all, err := c.fragments()
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return errors.New("nothing is unreleased")
	}
	old, err := os.ReadFile(c.file())
	if err != nil {
		return err
	}
	text, err := insert(string(old), section(version, date, all))
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.file(), []byte(text), 0o644); err != nil {
		return err
	}
	for _, f := range all {
		if err := os.Remove(f.file); err != nil {
			return err
		}
	}
	return nil
}

// section renders one release; all is sorted by kind.
func section(version, date string, all []fragment) string {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s (%s)\n", version, date)
	last := ""
	for _, f := range all {
		if f.Kind != last {
			fmt.Fprintf(&b, "\n### %s\n\n", f.Kind)
			last = f.Kind
		}
		fmt.Fprintf(&b, "* %s\n", f.Body)
	}
	return b.String()
}

// marker separates the introduction of CHANGELOG.md from the releases.
const marker = "<!-- releases -->\n"

func insert(old, section string) (string, error) {
	head, tail, ok := strings.Cut(old, marker)
	if !ok {
		return "", fmt.Errorf("CHANGELOG.md lacks the line %q", strings.TrimSpace(marker))
	}
	text := head + marker + "\n" + section
	if tail = strings.TrimLeft(tail, "\n"); tail != "" {
		text += "\n" + tail
	}
	return text, nil
}

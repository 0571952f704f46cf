// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Command headers puts the licence header at the top of every source file that
// git tracks or would track, or says with -check which files lack it.
//
// Files whose form leaves no room for a comment (JSON, Markdown, checksums) and
// files that other tools own (docs/, testdata/) are left alone.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

const (
	copyright = "Copyright (c) The terraform-provider-dbxidentity authors"
	license   = "SPDX-License-Identifier: MPL-2.0"
	// window is how far down the header may stand: below a shebang line and a
	// build constraint, but above any code.
	window = 512
)

func main() {
	root := flag.String("root", ".", "root of the repository")
	check := flag.Bool("check", false, "change nothing; exit 1 when a header is missing")
	flag.Parse()
	if err := run(*root, *check, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run adds the missing headers below root, or with check returns an error that
// names the files without one.
func run(root string, check bool, out io.Writer) error {
	files, err := sources(root)
	if err != nil {
		return err
	}
	var missing []string
	for _, file := range files {
		name := filepath.Join(root, filepath.FromSlash(file))
		content, err := os.ReadFile(name)
		if os.IsNotExist(err) {
			continue // deleted in the work tree, not yet in the index
		}
		if err != nil {
			return err
		}
		fixed, changed := withHeader(content, commentFor(file))
		if !changed {
			continue
		}
		missing = append(missing, file)
		if check {
			continue
		}
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(name, fixed, info.Mode().Perm()); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, "added a header to", file); err != nil {
			return err
		}
	}
	if check && len(missing) > 0 {
		return fmt.Errorf("no licence header in:\n  %s\nrun `make generate`", strings.Join(missing, "\n  "))
	}
	return nil
}

// sources lists, slash-separated and in git's order, the files that carry a
// header: tracked ones and new ones that git does not ignore.
func sources(root string) ([]string, error) {
	cmd := exec.Command("git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	raw, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("listing files with git in %s: %w", root, err)
	}
	var files []string
	for file := range strings.SplitSeq(string(raw), "\x00") {
		if file != "" && commentFor(file) != "" && !exempt(file) {
			files = append(files, file)
		}
	}
	return files, nil
}

// commentFor is how a line comment begins in a file of that name; "" where a
// header does not belong.
func commentFor(file string) string {
	switch base := path.Base(file); {
	case base == "GNUmakefile", file == ".ci/run":
		return "#"
	}
	switch path.Ext(file) {
	case ".go":
		return "//"
	case ".tf", ".hcl", ".sh", ".yml", ".yaml":
		return "#"
	}
	return ""
}

// exempt reports files whose text is shown to readers as it is (examples become
// pages of the registry) or belongs to a tool.
func exempt(file string) bool {
	for part := range strings.SplitSeq(path.Dir(file), "/") {
		if part == "testdata" {
			return true
		}
	}
	return strings.HasPrefix(file, "docs/") || strings.HasPrefix(file, "examples/") || strings.HasPrefix(file, ".changes/")
}

// withHeader returns content with the header below a shebang line, and whether
// it was missing.
func withHeader(content []byte, comment string) ([]byte, bool) {
	if bytes.Contains(content[:min(window, len(content))], []byte(license)) {
		return content, false
	}
	var b bytes.Buffer
	if bytes.HasPrefix(content, []byte("#!")) {
		line, rest, _ := bytes.Cut(content, []byte("\n"))
		b.Write(line)
		b.WriteByte('\n')
		content = rest
	}
	fmt.Fprintf(&b, "%[1]s %[2]s\n%[1]s %[3]s\n\n", comment, copyright, license)
	b.Write(bytes.TrimLeft(content, "\n"))
	return b.Bytes(), true
}

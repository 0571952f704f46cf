// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package docs_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/presets"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/tfcli"
)

// Every block that README, guides and the page of the simulator print is run here
// as a reader would, in the order in which it is printed, or is in notRun with the
// reason. Readers have a copy of the repository, a home of their own, and the
// simulator in place of their account.

// printed is one fenced block of a page.
type printed struct {
	page string
	line int
	text string
}

func (p printed) String() string { return fmt.Sprintf("%s:%d", p.page, p.line) }

var fence = regexp.MustCompile("(?ms)^([ \t]*)```[a-z]*\n(.*?)^[ \t]*```[ \t]*$")

// blocks are the fenced blocks of the pages that are run.
func blocks(t *testing.T) []printed {
	t.Helper()
	pages := []string{readme, contributing, index, simulators}
	for _, path := range files(t, ".md") {
		if strings.HasPrefix(path, "docs/guides/") {
			pages = append(pages, path)
		}
	}
	var out []printed
	for _, page := range pages {
		text := read(t, page)
		for _, m := range fence.FindAllStringSubmatchIndex(text, -1) {
			indent := text[m[2]:m[3]]
			body := strings.ReplaceAll("\n"+text[m[4]:m[5]], "\n"+indent, "\n")[1:]
			out = append(out, printed{page, 1 + strings.Count(text[:m[0]], "\n"), body})
		}
	}
	return out
}

// find is the one block of a page that has a text.
func find(t *testing.T, all []printed, page, has string) printed {
	t.Helper()
	var found []printed
	for _, b := range all {
		if b.page == page && strings.Contains(b.text, has) {
			found = append(found, b)
		}
	}
	if len(found) != 1 {
		t.Errorf("%d blocks of %s have %q, want one: %v", len(found), page, has, found)
		return printed{}
	}
	return found[0]
}

// No block is printed that is neither run nor excused.
func TestPrinted_whole(t *testing.T) {
	t.Parallel()
	all := blocks(t)
	var known []printed
	for _, s := range sessions {
		for _, step := range s.steps {
			if step.do == "" {
				known = append(known, find(t, all, step.page, step.has))
			}
		}
	}
	var code strings.Builder
	for _, path := range files(t, ".go") {
		if strings.HasSuffix(path, "_test.go") {
			code.WriteString(read(t, path))
		}
	}
	for _, n := range notRun {
		b := find(t, all, n.page, n.has)
		if slices.Contains(known, b) {
			t.Errorf("%s is run, and is excused (%s)", b, n.why)
		}
		known = append(known, b)
		for _, test := range regexp.MustCompile(`\bTest\w+`).FindAllString(n.why, -1) {
			if !strings.Contains(code.String(), "func "+test+"(") {
				t.Errorf("%s: there is no %s", b, test)
			}
		}
	}
	for _, b := range all {
		if !slices.Contains(known, b) {
			t.Errorf("%s is printed and never run:\n%s", b, b.text)
		}
	}
	targets := read(t, "GNUmakefile")
	for _, b := range all {
		for _, m := range regexp.MustCompile(`(?m)^make ([a-z-]+)`).FindAllStringSubmatch(b.text, -1) {
			if !regexp.MustCompile(`(?m)^` + m[1] + `:`).MatchString(targets) {
				t.Errorf("%s: there is no target %s", b, m[1])
			}
		}
	}
}

// checkout is a fresh copy of the repository, with what `make install` puts into
// a reader's home.
type checkout struct{ dir, plugins, bin, simulator string }

// newCheckout copies what git has, and what it would take: no build, no cache.
func newCheckout(t *testing.T) checkout {
	t.Helper()
	cli, err := tfcli.Find(os.Getenv("TF_ACC_TERRAFORM_PATH"))
	if err != nil {
		t.Skip("no Terraform CLI: neither TF_ACC_TERRAFORM_PATH nor terraform or tofu on PATH (make test provides one)")
	}
	list := exec.CommandContext(t.Context(), "git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Skipf("no list of the repository's files: git ls-files: %v", err)
	}
	dir := t.TempDir()
	c := checkout{dir: filepath.Join(dir, "repository"), plugins: filepath.Join(dir, "plugins"), bin: filepath.Join(dir, "bin")}
	for _, name := range strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		copyFile(t, filepath.Join(root, name), filepath.Join(c.dir, name))
	}
	// Guides say terraform; where there is OpenTofu only, that is what they mean.
	if cli, err = filepath.Abs(cli); err == nil {
		err = os.MkdirAll(c.bin, 0o700)
	}
	if err == nil {
		err = os.Symlink(cli, filepath.Join(c.bin, "terraform"))
	}
	if err != nil {
		t.Fatal(err)
	}
	if official := os.Getenv("DBXIDENTITY_TEST_OFFICIAL"); official != "" {
		for _, registry := range []string{"registry.terraform.io", "registry.opentofu.org"} {
			const version = "1.999.0"
			into := filepath.Join(c.plugins, registry, "databricks", "databricks", version, runtime.GOOS+"_"+runtime.GOARCH)
			if err := errors.Join(os.MkdirAll(into, 0o700), os.Symlink(official, filepath.Join(into, "terraform-provider-databricks_v"+version))); err != nil {
				t.Fatal(err)
			}
		}
	}
	install := exec.CommandContext(t.Context(), "make", "-s", "install", "PLUGINS="+c.plugins)
	install.Dir, install.Env = c.dir, c.environment(dir)
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("make install: %v\n%s", err, out)
	}
	// A `make` of a session may build another one meanwhile.
	c.simulator = filepath.Join(c.bin, "simulator")
	copyFile(t, filepath.Join(c.dir, "bin", "simulator"), c.simulator)
	return c
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	info, err := os.Stat(from)
	if os.IsNotExist(err) {
		return // Deleted, and git does not know yet.
	}
	if err == nil {
		err = os.MkdirAll(filepath.Dir(to), 0o700)
	}
	var content []byte
	if err == nil {
		content, err = os.ReadFile(from)
	}
	if err == nil {
		err = os.WriteFile(to, content, info.Mode().Perm())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// goEnvironment keeps Go's caches where they are, whatever the home.
var goEnvironment = sync.OnceValues(func() ([]string, error) {
	names := []string{"GOCACHE", "GOMODCACHE", "GOPATH"}
	out, err := exec.Command("go", append([]string{"env"}, names...)...).Output()
	var set []string
	for i, value := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		set = append(set, names[i]+"="+value)
	}
	return set, err
})

// environment is what a reader's shell has: a home, and nothing of the person who
// runs the tests. Compiled parts are shared with the build beside it (-trimpath).
func (c checkout) environment(home string) []string {
	env := slices.DeleteFunc(tfcli.Environment(), func(variable string) bool {
		return strings.HasPrefix(variable, "MAKE") || strings.HasPrefix(variable, "MFLAGS") || strings.HasPrefix(variable, "XDG_")
	})
	goes, _ := goEnvironment() // Without go there is nothing to run the tests with.
	return append(append(env, goes...),
		"HOME="+home, "PATH="+c.bin+string(os.PathListSeparator)+os.Getenv("PATH"), "GOFLAGS=-trimpath -buildvcs=false -tags=grpcnotrace",
		"CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_INPUT=0", "TF_CLI_ARGS=-no-color", "TF_CLI_ARGS_apply=-auto-approve", "TF_CLI_ARGS_destroy=-auto-approve")
}

// own is what a reader puts in place of what is printed.
var own = strings.NewReplacer(
	"https://accounts.azuredatabricks.net", `"$DATABRICKS_HOST"`,
	"2026-11-23T08:00:00Z", "2000-01-01T00:00:00Z",
)

var leftOut = regexp.MustCompile(`\b([A-Z_]+)=\.\.\.`)

// Every session runs to its end and shows what the pages say.
func TestPrinted(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	all := blocks(t)
	for name, s := range sessions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.run(t, c, all)
		})
	}
}

func (s session) run(t *testing.T, c checkout, all []printed) {
	t.Helper()
	if s.official && os.Getenv("DBXIDENTITY_TEST_OFFICIAL") == "" {
		t.Skip("no official provider: DBXIDENTITY_TEST_OFFICIAL names no binary of terraform-provider-databricks")
	}
	home := t.TempDir()
	dir := filepath.Join(home, "work")
	plugins := filepath.Join(home, ".terraform.d", "plugins")
	if s.inRepo {
		// `make install` fills this home's own, and a build changes its copy.
		if out, err := exec.CommandContext(t.Context(), "cp", "-R", c.dir, dir).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	} else if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Dir(plugins), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(c.plugins, plugins); !s.inRepo && err != nil {
		t.Fatal(err)
	} else if s.inRepo {
		_ = os.Remove(plugins)
	}

	var script strings.Builder
	script.WriteString("set -e\n")
	names := make([]string, len(s.steps))
	for i, step := range s.steps {
		names[i] = step.do
		text := step.do
		if step.do == "" {
			b := find(t, all, step.page, step.has)
			names[i], text = b.String(), leftOut.ReplaceAllString(own.Replace(b.text), `$1="$$$1"`)
		}
		fmt.Fprintf(&script, "echo; echo '#### %d'\n", i)
		if step.needs != "" {
			fmt.Fprintf(&script, "command -v %[1]s >/dev/null || { echo left out: there is no %[1]s; exit 0; }\n", step.needs)
		}
		if step.file == "" {
			script.WriteString(text + "\n")
			continue
		}
		block := filepath.Join(home, fmt.Sprint("block", i))
		if err := os.WriteFile(block, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		into := ">"
		if step.add {
			into = ">>"
		}
		fmt.Fprintf(&script, "cat '%s' %s '%s'\n", block, into, step.file)
	}
	file := filepath.Join(home, "script.sh")
	if err := os.WriteFile(file, []byte(script.String()), 0o600); err != nil {
		t.Fatal(err)
	}

	args := []string{"-preset", s.preset}
	if s.state != nil {
		args = []string{"-state", stateFile(t, s)}
	}
	cmd := exec.CommandContext(t.Context(), c.simulator, append(args, "--", "sh", file)...)
	tfcli.Interruptible(cmd)
	cmd.Dir, cmd.Env = dir, c.environment(home)
	raw, err := cmd.CombinedOutput()
	printed := regexp.MustCompile(`(?m)^#### ([0-9]+)\n`).Split(string(raw), -1)
	if err != nil || len(printed) != len(s.steps)+1 && !strings.Contains(string(raw), "left out: there is no") {
		t.Fatalf("%s: %v\n%s", names[max(0, len(printed)-2)], err, raw)
	}
	for i, output := range printed[1:] {
		if strings.Contains(output, "left out: there is no") {
			t.Skip(strings.TrimSpace(output))
		}
		if want := s.steps[i].wants; want != "" && !regexp.MustCompile(want).MatchString(output) {
			t.Errorf("%s prints nothing like %s:\n%s", names[i], want, output)
		}
	}
}

// stateFile is the session's account.
func stateFile(t *testing.T, s session) string {
	t.Helper()
	st, err := presets.New(s.preset)
	if err != nil {
		t.Fatal(err)
	}
	s.state(&st)
	raw, err := world.EncodeState(st)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "state.json")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

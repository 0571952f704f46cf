// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/tfcli"
)

// The tests in this file run the provider as its users do: the built binary
// under the real CLI, each in a process of its own.

// builtProvider is the folder with the built provider, made once per test run. It
// is one place of the checkout, so that a run that is killed leaves nothing
// behind; a run beside this one finds the file whole at any time.
var builtProvider = sync.OnceValues(func() (string, error) {
	dir, err := filepath.Abs(filepath.Join("..", "..", ".cache", "under-test"))
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	const name = "terraform-provider-dbxidentity"
	mine := filepath.Join(dir, fmt.Sprintf("%s.%d", name, os.Getpid()))
	// Where `make build` has made the same, there is nothing to link.
	if made, err := os.ReadFile(filepath.Join("..", "..", "bin", name)); err == nil {
		if err := os.WriteFile(mine, made, 0o700); err != nil {
			return "", err
		}
	}
	build := exec.CommandContext(context.Background(), "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -X main.version=dev", "-o", mine, "../..")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the provider: %w\n%s", err, out)
	}
	return dir, os.Rename(mine, filepath.Join(dir, name))
})

// commandLine is Terraform or OpenTofu as the tests run it.
type commandLine struct {
	path string
	tofu bool
}

// foundCLI is the command line of this test run, looked for once; without a path
// when there is none.
var foundCLI = sync.OnceValues(func() (commandLine, error) {
	path, err := tfcli.Find(os.Getenv("TF_ACC_TERRAFORM_PATH"))
	if err != nil {
		return commandLine{}, nil // needCLI skips the test.
	}
	tofu, err := tfcli.IsOpenTofu(context.Background(), path)
	return commandLine{path: path, tofu: tofu}, err
})

// needCLI skips the test, saying why, where there is no command line; `make test`
// always has one.
func needCLI(t *testing.T) commandLine {
	t.Helper()
	cli, err := foundCLI()
	if err != nil {
		t.Fatal(err)
	}
	if cli.path == "" {
		t.Skip("no Terraform CLI: neither TF_ACC_TERRAFORM_PATH nor terraform or tofu on PATH (make test provides one)")
	}
	return cli
}

// workspace is a folder with a configuration in which the CLI runs.
type workspace struct {
	t    *testing.T
	cli  string
	dir  string
	env  []string
	tofu bool
}

// requiredProviders begins every configuration.
const requiredProviders = tfcli.RequiredProviders

func newWorkspace(t *testing.T, config string) *workspace {
	t.Helper()
	cli := needCLI(t)
	bin, err := builtProvider()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	// The sockets of providers that are killed stay. Their names are limited, and
	// the name of the test would be in that of t.TempDir.
	sockets, err := os.MkdirTemp("", "dbx") //nolint:usetesting // As said.
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(sockets) })
	w := &workspace{t: t, cli: cli.path, dir: dir, tofu: cli.tofu}
	w.write("cli.tfrc", tfcli.Overrides(bin))
	w.write("main.tf", requiredProviders+config)
	w.env = tfcli.Environment("TF_CLI_CONFIG_FILE="+filepath.Join(dir, "cli.tfrc"), "TMPDIR="+sockets, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_CLI_ARGS=-no-color")
	return w
}

func (w *workspace) write(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// command is a run of the CLI, which is killed when it hangs: the test that waits for
// it fails then with what it printed, and not the whole run without a word.
func (w *workspace) command(args ...string) (*exec.Cmd, *bytes.Buffer) {
	ctx, cancel := context.WithTimeout(w.t.Context(), cliHangs)
	w.t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, w.cli, args...)
	cmd.Dir, cmd.Env = w.dir, w.env
	// The CLI and its provider processes are one group, which dies together.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second // A process that has left the group may hold the pipes.
	out := &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = out, out
	return cmd, out
}

// cliHangs is when a CLI is taken for one that hangs.
const cliHangs = 5 * time.Minute

// until waits for something that a CLI which was started is going to do.
func (w *workspace) until(out *bytes.Buffer, what string, done func() bool) {
	w.t.Helper()
	for begun := time.Now(); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Since(begun) > cliHangs {
			w.t.Fatalf("%s did not happen:\n%s", what, out)
		}
	}
}

// run runs the CLI to its end and returns its exit code and what it printed.
func (w *workspace) run(args ...string) (int, string) {
	w.t.Helper()
	cmd, out := w.command(args...)
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		w.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return cmd.ProcessState.ExitCode(), out.String()
}

// must runs the CLI and wants an exit code.
func (w *workspace) must(code int, args ...string) string {
	w.t.Helper()
	got, out := w.run(args...)
	if got != code {
		w.t.Fatalf("%s: exit code %d, want %d\n%s", strings.Join(args, " "), got, code, out)
	}
	return out
}

// killBetweenStates kills the CLI and its providers with SIGKILL at a moment at
// which the state file is whole. Terraform rewrites a local state file in place
// after each resource: killed within that, it loses what it had, whatever a
// provider does. The processes are stopped first, so that the file holds still
// while it is looked at; one that is not there yet has nothing to lose. A CLI that
// has ended before needs no killing.
func (w *workspace) killBetweenStates(cmd *exec.Cmd) {
	w.t.Helper()
	group := -cmd.Process.Pid
	for torn := 0; w.stop(cmd); torn++ {
		raw, err := os.ReadFile(filepath.Join(w.dir, "terraform.tfstate"))
		if w.tofu || errors.Is(err, os.ErrNotExist) || err == nil && json.Valid(raw) {
			w.t.Logf("killed after %d looks at a torn state file", torn)
			break
		}
		if err := syscall.Kill(group, syscall.SIGCONT); err != nil {
			w.t.Fatalf("letting the CLI go on: %v", err)
		}
		time.Sleep(time.Millisecond)
	}
	_ = syscall.Kill(group, syscall.SIGKILL) // No one is left of a CLI that ended.
	_ = cmd.Wait()
}

// stop stops the CLI and its providers, and returns false if the CLI ended
// instead. SIGSTOP is only queued when kill returns: until every thread stands
// still, the CLI may empty the state file right after it was seen whole. A thread
// that has just forked waits for its child's exec and does not stand still, and the
// child, being stopped, never gets there: both must go on before they are stopped.
func (w *workspace) stop(cmd *exec.Cmd) bool {
	w.t.Helper()
	const forking = 100 * time.Millisecond
	for {
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGSTOP); err != nil {
			w.t.Fatalf("stopping the CLI: %v", err)
		}
		for begun := time.Now(); time.Since(begun) < forking; time.Sleep(time.Millisecond) {
			var status syscall.WaitStatus
			switch pid, err := syscall.Wait4(cmd.Process.Pid, &status, syscall.WUNTRACED|syscall.WNOHANG, nil); {
			case errors.Is(err, syscall.EINTR), err == nil && pid == 0:
			case err != nil:
				w.t.Fatalf("waiting for the CLI to stop: %v", err)
			default:
				return status.Stopped()
			}
		}
		w.t.Log("the CLI does not stand still yet")
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGCONT); err != nil {
			w.t.Fatalf("letting the CLI go on: %v", err)
		}
	}
}

// A CLI can be stopped at every moment, those included at which it starts a provider.
func TestProcess_stoppedAtAnyMoment(t *testing.T) {
	t.Parallel()
	a := startAccount(t, manyStale(1), simulator.Options{})
	w := newWorkspace(t, a.audited(remediation))
	cmd, out := w.command("plan")
	must(t, cmd.Start())
	for w.stop(cmd) {
		must(t, syscall.Kill(-cmd.Process.Pid, syscall.SIGCONT))
		time.Sleep(200 * time.Microsecond)
	}
	_ = cmd.Wait() // It was waited for.
	saysAll(t, out.String(), "Plan: 2 to add")
}

// state is the state file as `show -json` shows it, as far as tests look at it, without
// the CLI and a provider that it starts for the schema.
func (w *workspace) state() *tfjson.State {
	w.t.Helper()
	out := &tfjson.State{Values: &tfjson.StateValues{Outputs: map[string]*tfjson.StateOutput{}, RootModule: &tfjson.StateModule{}}}
	raw, err := os.ReadFile(filepath.Join(w.dir, "terraform.tfstate"))
	if errors.Is(err, os.ErrNotExist) || err == nil && len(raw) == 0 { // OpenTofu creates it, and fills it later.
		return out
	}
	must(w.t, err)
	var file struct {
		Version   int
		Outputs   map[string]struct{ Value any }
		Resources []struct {
			Mode, Type, Name string
			Instances        []struct {
				IndexKey   any            `json:"index_key"`
				Attributes map[string]any `json:"attributes"`
				Deposed    string         `json:"deposed"`
			}
		}
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber() // As the checks want them.
	must(w.t, decoder.Decode(&file))
	if file.Version != 4 {
		w.t.Fatalf("a state file of version %d", file.Version)
	}
	for name, output := range file.Outputs {
		out.Values.Outputs[name] = &tfjson.StateOutput{Value: output.Value}
	}
	for _, r := range file.Resources {
		for _, i := range r.Instances {
			if i.Deposed != "" {
				continue
			}
			address := r.Type + "." + r.Name
			if r.Mode == string(tfjson.DataResourceMode) {
				address = "data." + address
			}
			switch key := i.IndexKey.(type) {
			case nil:
			case string:
				address += fmt.Sprintf("[%q]", key)
			default:
				address += fmt.Sprintf("[%v]", key)
			}
			out.Values.RootModule.Resources = append(out.Values.RootModule.Resources, &tfjson.StateResource{
				Address: address, Mode: tfjson.ResourceMode(r.Mode), Type: r.Type, Name: r.Name, Index: i.IndexKey, AttributeValues: i.Attributes,
			})
		}
	}
	return out
}

// instances are the values in state by address.
func (w *workspace) instances() map[string]map[string]any {
	w.t.Helper()
	out := map[string]map[string]any{}
	for _, r := range w.state().Values.RootModule.Resources {
		out[r.Address] = r.AttributeValues
	}
	return out
}

// output is a root output as JSON.
func (w *workspace) output(name string) string {
	w.t.Helper()
	output := w.state().Values.Outputs[name]
	if output == nil {
		w.t.Fatalf("there is no output %s", name)
	}
	raw, err := json.Marshal(output.Value)
	must(w.t, err)
	return string(raw)
}

// outputText is a root output that is text.
func (w *workspace) outputText(name string) string {
	w.t.Helper()
	return decode[string](w.t, []byte(w.output(name)))
}

// manyStale is an account with n users whose stored id the IdP does not know,
// while it knows their names: n fixes, each with a value before it.
func manyStale(n int) simulator.State {
	st := simulator.State{Account: simulator.Account{AccountID: "11111111-2222-4333-8444-555555555555"}}
	for i := range n {
		id, name := fmt.Sprint(1000+i), fmt.Sprintf("user%d@example.com", 1000+i)
		st.Users = append(st.Users, simulator.User{ID: id, UserName: name, Active: true, ExternalID: entraID(500000 + i)})
		st.IDP.Users = append(st.IDP.Users, simulator.IDPUser{ID: entraID(1000 + i), UserPrincipalName: name, AccountEnabled: true})
	}
	return st
}

// The CLI and the provider are killed half-way through 50 fixes. The next apply
// finishes, nothing is written twice, every value before is remembered, and the
// plan after it is empty.
func TestProcess_applyKilled(t *testing.T) {
	t.Parallel()
	const fixes = 50
	a := startAccount(t, manyStale(fixes), simulator.Options{})
	w := newWorkspace(t, a.audited(remediation))
	a.faults(simulator.Fault{Kind: simulator.FaultHang, Method: http.MethodPatch, Skip: fixes / 2}) // The kill finds it half-way.

	cmd, out := w.command("apply", "-auto-approve")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.until(out, "half of the apply", func() bool { return a.writes() > fixes/2 })
	w.killBetweenStates(cmd)
	a.faults()
	a.quiet()
	// A killed CLI leaves its lock on the state file.
	w.must(0, "apply", "-auto-approve", "-lock=false")
	w.must(0, "plan", "-detailed-exitcode", "-lock=false")

	patched := map[string]int{}
	for _, r := range a.Server.Requests().Log {
		if r.Method == http.MethodPatch && r.Status != 0 { // Those that hung did nothing.
			patched[r.Path]++
		}
	}
	for path, n := range patched {
		if n != 1 {
			t.Errorf("%s was patched %d times", path, n)
		}
	}
	if len(patched) != fixes {
		t.Errorf("%d principals were patched, want %d", len(patched), fixes)
	}
	instances, forgotten := w.instances(), 0
	for i := range fixes {
		key := fixAddress(fmt.Sprintf("user/%d", 1000+i))
		if instances[key] == nil && w.tofu {
			// OpenTofu writes its state every 20 seconds and not after each
			// resource, to local files too: what it had done before a kill is
			// done in the account and unknown to the state.
			forgotten++
		} else if got, want := instances[key]["previous_external_id"], entraID(500000+i); got != want {
			t.Errorf("%s: previous_external_id is %v, want %s", key, got, want)
		}
		if got, want := a.userExternalID(fmt.Sprint(1000+i)), entraID(1000+i); got != want {
			t.Errorf("user %d holds %s, want %s", 1000+i, got, want)
		}
	}
	if forgotten == fixes {
		t.Error("the state holds no fix at all")
	}
}

// A saved plan applies what it showed although the account changed elsewhere,
// and stops with an error that names the change where it changed there.
func TestProcess_savedPlan(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	w := newWorkspace(t, a.audited(remediation))
	w.must(2, "plan", "-detailed-exitcode", "-out=saved")

	a.change(func(st *simulator.State) {
		for i := range st.Users {
			switch st.Users[i].ID {
			case "101": // In the plan: someone links it to something else.
				st.Users[i].ExternalID = entraID(4711)
			case "103": // Not in the plan.
				st.Users[i].ExternalID = entraID(4712)
			}
		}
	})
	out := w.must(1, "apply", "saved")
	for _, want := range []string{"user/101", entraID(4711), entraID(101), "expected"} {
		if !strings.Contains(out, want) {
			t.Errorf("the error does not name %q:\n%s", want, out)
		}
	}
	if got := a.userExternalID("101"); got != entraID(4711) {
		t.Errorf("user 101 holds %q: the change was overwritten", got)
	}
	if got := a.state().ServicePrincipals[0].ExternalID; got != entraID(301) && a.state().ServicePrincipals[0].ID == "301" {
		t.Errorf("service principal 301 holds %q: what did not change was not applied", got)
	}
}

// Hosts that cannot be talked to: an error that names the host, soon.
func TestProcess_unreachableHost(t *testing.T) {
	t.Parallel()
	listen := func(t *testing.T) net.Listener {
		t.Helper()
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		return l
	}
	silent := listen(t) // Accepts in the kernel, never answers.
	closed := listen(t)
	_ = closed.Close()
	for name, host := range map[string]string{"refuses": closed.Addr().String(), "never answers": silent.Addr().String()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := account{Running: &simulator.Running{URL: "http://" + host}, t: t}
			a.AccountID, a.ClientID, a.ClientSecret = "11111111-2222-4333-8444-555555555555", "client", "secret"
			w := newWorkspace(t, a.audited(`
data "dbxidentity_divergences" "all" {}
data "dbxidentity_workspace_federation" "all" {}
`))
			out := w.must(1, "plan")
			// The time is the provider's own: the CLI's depends on the machine.
			soon := regexp.MustCompile(regexp.QuoteMeta(host) + `.* no answer: .*\(\d+ attempts? in 1?\d(\.\d)?s\)`)
			if text := strings.Join(strings.FieldsFunc(out, func(r rune) bool { return unicode.IsSpace(r) || r == '│' }), " "); !soon.MatchString(text) {
				t.Errorf("no error that names %s and came within 20 s:\n%s", host, out)
			}
		})
	}
}

// main is the configuration.
func (w *workspace) main() string {
	w.t.Helper()
	raw, err := os.ReadFile(filepath.Join(w.dir, "main.tf"))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(raw)
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/databricks/databricks-sdk-go/config"
	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/assess"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/judge"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/entra"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/file"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/matchwithidp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/okta"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/presets"
)

// auditWorld is an account with findings of many kinds, and what an audit of it
// needs.
type auditWorld struct {
	sim       *simulator.Running
	directory string
}

func newAuditWorld(t *testing.T, opts simulator.Options) *auditWorld {
	t.Helper()
	st, err := presets.New("demo")
	if err != nil {
		t.Fatal(err)
	}
	if st, err = presets.Generate(st, presets.GenerateOptions{Users: 60, Groups: 40, ServicePrincipals: 8, Seed: 3}); err != nil {
		t.Fatal(err)
	}
	sim, err := simulator.Start(st, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	return &auditWorld{sim, writeBenchDirectory(t, st)}
}

// wire counts requests, and cancels the run in place of the one after the last
// allowed one.
type wire struct {
	next   http.RoundTripper
	sent   *atomic.Int64
	most   int64
	cancel context.CancelFunc
}

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if n := w.sent.Add(1); w.most > 0 && n > w.most {
		w.cancel()
		return nil, context.Canceled
	}
	return w.next.RoundTrip(r)
}

// ownDir is a folder that no one else can write to, whatever the umask is.
func ownDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "own")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// auditing is one run of the provider that audits.
type auditing struct {
	*session
	ctx  context.Context
	sent *atomic.Int64
	run  assess.Run
}

// auditing prepares a run that is killed after a number of requests; 0 is never. A
// run that is cancelled leaves the file that a killed one leaves: lines are
// written one by one and nothing is done at the end.
func (w *auditWorld) auditing(t *testing.T, kind, api, dir string, most int64, change ...func(*settings)) *auditing {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	base := benchTransport(t, w.sim)
	t.Cleanup(base.CloseIdleConnections)
	out := &auditing{ctx: ctx, sent: &atomic.Int64{}}
	out.run = assess.Run{Types: audit.PrincipalTypes(), Membership: idp.MembershipTransitive}
	s := newSettings("test")
	WithShortLimits()(&s)
	limited := wire{base, out.sent, most, cancel}
	s.databricks = &config.Config{
		Host: w.sim.URL, AccountID: w.sim.AccountID, ClientID: w.sim.ClientID, ClientSecret: w.sim.ClientSecret, AuthType: "oauth-m2m",
		Loaders: []config.Loader{noLoader{}}, HTTPTransport: limited,
	}
	s.idpTransport, s.identityAPI, s.aim, s.checkpointDir, s.maxConcurrency = limited, api, audit.AIMOff, dir, 4
	s.idp = idpSettings{kind: kind, values: map[string]string{
		"tenant_id": w.sim.IDP.EntraTenantID, "client_id": w.sim.IDP.EntraClientID, "client_secret": w.sim.IDP.EntraClientSecret,
		"authority_host": w.sim.IDP.EntraAuthorityHost, "graph_endpoint": w.sim.IDP.GraphEndpoint, "path": w.directory,
	}}
	if kind == okta.Kind {
		s.idp.values = map[string]string{"org_url": w.sim.IDP.OktaOrgURL, "api_token": w.sim.IDP.OktaAPIToken}
		out.run.Types = []audit.PrincipalType{audit.TypeUser, audit.TypeGroup}
	}
	for _, f := range change {
		f(&s)
	}
	var diags diag.Diagnostics
	if out.session = newSession(ctx, s, &diags); diags.HasError() {
		t.Fatal(diags)
	}
	out.now = func() time.Time { return time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC) }
	out.run.Options = out.auditOptions()
	return out
}

// result is the report as JSON, and the warnings of the run in one text.
func (a *auditing) result(t *testing.T) (report, warnings string, err error) {
	t.Helper()
	var diags diag.Diagnostics
	got, err := a.audit(a.ctx, a.run, a.idp, &diags)
	var b strings.Builder
	for _, d := range diags {
		fmt.Fprintf(&b, "%s: %s\n", d.Summary(), d.Detail())
	}
	raw, jerr := json.MarshalIndent(got, "", " ")
	if jerr != nil {
		t.Fatal(jerr)
	}
	return string(raw), b.String(), err
}

// whole is the result of a run that comes to its end.
func (a *auditing) whole(t *testing.T) (report, warnings string) {
	t.Helper()
	report, warnings, err := a.result(t)
	if err != nil {
		t.Fatal(err)
	}
	return report, warnings
}

const resumed = "Part of the Audit Comes from a Checkpoint"

// checkpointsIn are the files in a folder.
func checkpointsIn(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*.checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// An audit that is killed at any moment leads to the same result as one that is
// not, and the two runs together cost little more than one.
func TestResume(t *testing.T) {
	t.Parallel()
	w := newAuditWorld(t, simulator.Options{})
	for _, kind := range []string{matchwithidp.Kind, entra.Kind, okta.Kind, file.Kind} {
		for _, api := range []string{"iam_v2", "scim"} {
			t.Run(kind+" "+api, func(t *testing.T) {
				t.Parallel()
				undisturbed := w.auditing(t, kind, api, "", 0)
				want, warnings := undisturbed.whole(t)
				if warnings != "" {
					t.Fatalf("the account is not what the test needs: %s", warnings)
				}
				total := undisturbed.sent.Load()
				// Privileges are read last and never kept: fixes are offered by them.
				probe := w.auditing(t, kind, api, "", 0)
				in, err := undisturbed.run.Read(undisturbed.ctx, undisturbed.account, undisturbed.idp)
				if err != nil {
					t.Fatal(err)
				}
				probe.account.Privileges(probe.ctx, judge.Candidates(in, undisturbed.run.Options))
				privileges := probe.sent.Load()
				for _, share := range []int64{2, 5, 9} {
					at := max(1, (total-privileges)*share/10)
					dir := ownDir(t)
					killed := w.auditing(t, kind, api, dir, at)
					if _, told, err := killed.result(t); err == nil || share > 2 && !strings.Contains(told, "Audit Not Finished") {
						t.Fatalf("killed after %d of %d requests: %v, %s", at, total, err, told)
					}
					next := w.auditing(t, kind, api, dir, 0)
					got, warnings := next.whole(t)
					if got != want {
						t.Errorf("killed after %d of %d requests: the result differs:\n%s", at, total, cmp.Diff(want, got))
					}
					t.Logf("%d requests undisturbed (%d of them for powers), killed after %d, then %d", total, privileges, at, next.sent.Load())
					// In flight are at most 4 to the account and 8 to the IdP.
					if most := total - at + 4 + 8 + 2; next.sent.Load() > most {
						t.Errorf("killed after %d of %d requests: the next run sent %d, want at most %d", at, total, next.sent.Load(), most)
					}
					if share > 2 && !strings.Contains(warnings, resumed) {
						t.Errorf("killed after %d of %d requests: nothing says that part is from a checkpoint: %s", at, total, warnings)
					}
					if left := checkpointsIn(t, dir); len(left) != 0 {
						t.Errorf("the finished audit has left %v", left)
					}
				}
			})
		}
	}
}

// killed leaves the checkpoint of an audit behind that has read everything but the
// powers, and gives the folder.
func (w *auditWorld) killed(t *testing.T, kind, api string) string {
	t.Helper()
	dir := ownDir(t)
	a := w.auditing(t, kind, api, dir, 0)
	kept, release := a.checkpoints.acquire(a.run, &diag.Diagnostics{})
	a.run.Kept = kept
	if _, err := a.run.Read(a.ctx, a.account, a.idp); err != nil {
		t.Fatal(err)
	}
	release(false)
	if len(checkpointsIn(t, dir)) != 1 {
		t.Fatalf("the run has left %v", checkpointsIn(t, dir))
	}
	return dir
}

// The file holds no secrets, and no one else can read it.
func TestResume_file(t *testing.T) {
	t.Parallel()
	w := newAuditWorld(t, simulator.Options{})
	for _, kind := range []string{matchwithidp.Kind, entra.Kind, okta.Kind} {
		dir := w.killed(t, kind, "iam_v2")
		path := checkpointsIn(t, dir)[0]
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, mode %v", kind, err, info.Mode())
		}
		for what, secret := range map[string]string{
			"client_secret": w.sim.ClientSecret, "token": w.sim.Token, "Entra secret": w.sim.IDP.EntraClientSecret, "Okta token": w.sim.IDP.OktaAPIToken, "a bearer token": "Bearer",
		} {
			if secret == "" || strings.Contains(string(raw), secret) {
				t.Errorf("%s: the file holds %s, or there is none", kind, what)
			}
		}
	}
}

// Another account, caller, IdP, API or input, an export that has changed: nothing of
// the file is used, and it stays for whom it belongs to.
func TestResume_foreign(t *testing.T) {
	t.Parallel()
	w := newAuditWorld(t, simulator.Options{})
	dir := w.killed(t, file.Kind, "iam_v2")
	const other = "22222222-2222-4333-8444-555555555555"
	changes := map[string]func(*settings){
		"account":        func(s *settings) { s.databricks.AccountID = other },
		"caller":         func(s *settings) { s.databricks.ClientID = other },
		"version":        func(s *settings) { s.version = "other" },
		"IdP":            func(s *settings) { s.idp = idpSettings{kind: matchwithidp.Kind} },
		"identity_api":   func(s *settings) { s.identityAPI = "scim" },
		"AIM":            func(s *settings) { s.aim = audit.AIMOn },
		"directory file": func(s *settings) { s.idp.values["path"] = w.exported(t) },
	}
	bindings := map[string]string{}
	add := func(name string, a *auditing) {
		path := a.checkpoints.bindingOf(a.run).Path(dir)
		if same, there := bindings[path]; there {
			t.Errorf("%s has the checkpoint of %s", name, same)
		}
		bindings[path] = name
	}
	own := w.auditing(t, file.Kind, "iam_v2", dir, 0)
	add("the audit itself", own)
	for name, change := range changes {
		add(name, w.auditing(t, file.Kind, "iam_v2", dir, 0, change))
	}
	types, targets, direct := w.auditing(t, file.Kind, "iam_v2", dir, 0), w.auditing(t, file.Kind, "iam_v2", dir, 0), w.auditing(t, file.Kind, "iam_v2", dir, 0)
	types.run.Types = []audit.PrincipalType{audit.TypeUser}
	targets.run.Targets = []audit.Ref{{Type: audit.TypeUser, ID: "1"}}
	direct.run.Membership = idp.MembershipDirect
	add("principal_types", types)
	add("targets", targets)
	add("membership", direct)
	if _, warnings := types.whole(t); warnings != "" {
		t.Errorf("other inputs: %s", warnings)
	}
	if left := checkpointsIn(t, dir); len(left) != 1 {
		t.Errorf("after another audit there is %v", left)
	}
	if _, warnings := own.whole(t); !strings.Contains(warnings, resumed) {
		t.Errorf("the audit itself did not go on: %s", warnings)
	}
}

// exported is the directory file with a space more.
func (w *auditWorld) exported(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile(w.directory)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "directory.json")
	if err := os.WriteFile(path, append(raw, ' '), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// What cannot be used is said, and the audit is what it is without it.
func TestResume_unusable(t *testing.T) {
	t.Parallel()
	w := newAuditWorld(t, simulator.Options{})
	want, _ := w.auditing(t, file.Kind, "iam_v2", "", 0).whole(t)
	change := func(edit func([]byte) []byte) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			t.Helper()
			raw, err := os.ReadFile(path)
			if err == nil {
				err = os.WriteFile(path, edit(raw), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	tests := map[string]struct {
		spoil func(t *testing.T, path string)
		want  string
	}{
		"damaged":        {change(func(raw []byte) []byte { raw[len(raw)/2] ^= 1; return raw }), "Checkpoint Not Used: The checkpoint"},
		"truncated":      {change(func(raw []byte) []byte { return raw[:len(raw)-20] }), resumed},
		"cut to nothing": {change(func(raw []byte) []byte { return raw[:20] }), ""},
		"readable by others": {func(t *testing.T, path string) {
			t.Helper()
			if err := os.Chmod(path, 0o640); err != nil {
				t.Fatal(err)
			}
		}, "Audit Without Checkpoint: checkpoint_dir is set, and the checkpoint"},
		"symbolic link": {func(t *testing.T, path string) {
			t.Helper()
			moved := filepath.Join(t.TempDir(), "moved")
			if err := os.Rename(path, moved); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(moved, path); err != nil {
				t.Fatal(err)
			}
		}, "symbolic link"},
		"folder of all": {func(t *testing.T, path string) {
			t.Helper()
			if err := os.Chmod(filepath.Dir(path), 0o777); err != nil {
				t.Fatal(err)
			}
		}, "chmod 700"},
		"in use": {func(t *testing.T, path string) {
			t.Helper()
			a := w.auditing(t, file.Kind, "iam_v2", filepath.Dir(path), 0)
			_, release := a.checkpoints.acquire(a.run, &diag.Diagnostics{})
			t.Cleanup(func() { release(false) })
		}, "another run is using it at this moment"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := w.killed(t, file.Kind, "iam_v2")
			tc.spoil(t, checkpointsIn(t, dir)[0])
			a := w.auditing(t, file.Kind, "iam_v2", dir, 0)
			got, warnings := a.whole(t)
			if got != want {
				t.Errorf("the result differs:\n%s", cmp.Diff(want, got))
			}
			if !strings.Contains(warnings, tc.want) || tc.want != resumed && strings.Contains(warnings, resumed) || tc.want == "" && warnings != "" {
				t.Errorf("the warnings are %q, want %q", warnings, tc.want)
			}
			if _, again := a.whole(t); again != "" && tc.want != resumed && tc.want != "" {
				t.Errorf("it is said twice: %s", again)
			}
		})
	}
}

// The account has changed since the audit was killed: the audit shows what was
// read, and says so; everyone else in the run sees what is there.
func TestResume_changedAccount(t *testing.T) {
	t.Parallel()
	w := newAuditWorld(t, simulator.Options{})
	want, _ := w.auditing(t, file.Kind, "iam_v2", "", 0).whole(t)
	dir := w.killed(t, file.Kind, "iam_v2")
	st, err := w.sim.Server.State()
	if err != nil {
		t.Fatal(err)
	}
	const now = "00000000-0000-4000-8000-000000004711"
	user, group := &st.Users[0], &st.Groups[0]
	old := user.ExternalID
	user.ExternalID, group.Members = now, nil
	if err := w.sim.Server.SetState(st); err != nil {
		t.Fatal(err)
	}
	a := w.auditing(t, file.Kind, "iam_v2", dir, 0)
	got, warnings := a.whole(t)
	if got != want || !strings.Contains(warnings, resumed) || old == now {
		t.Errorf("the audit did not go on from what was read: %s", warnings)
	}
	ref, groupRef := audit.Ref{Type: audit.TypeUser, ID: user.ID}, audit.Ref{Type: audit.TypeGroup, ID: group.ID}
	a.sent.Store(0)
	if p, err := a.account.KnownHolding(a.ctx, ref, old); err != nil || p.ExternalID != now {
		t.Errorf("a resource sees %q, %v", p.ExternalID, err)
	}
	if inv, err := a.account.Inventory(a.ctx); err != nil || !holds(inv, ref, now) {
		t.Errorf("the listing of the run is not what is there: %v", err)
	}
	if holders, err := a.account.Holders(a.ctx, now, groupRef); err != nil || len(holders) != 1 || holders[0].Ref != ref {
		t.Errorf("a guard sees %v, %v", holders, err)
	}
	if members, err := a.account.Members(a.ctx, group.ID); err != nil || len(members) != 0 {
		t.Errorf("a resource sees %d members, %v", len(members), err)
	}
	if a.sent.Load() < 5 {
		t.Errorf("%d requests: that cannot have been read", a.sent.Load())
	}
	other := w.auditing(t, file.Kind, "iam_v2", dir, 0)
	if _, warnings := other.whole(t); strings.Contains(warnings, resumed) {
		t.Error("the finished audit has left something")
	}
}

func holds(inv audit.Inventory, ref audit.Ref, externalID string) bool {
	for _, p := range inv.Principals {
		if p.Ref == ref {
			return p.ExternalID == externalID
		}
	}
	return false
}

// Someone is gone whom the list of the killed audit still has: that is a hole and
// no verdict. What failed is not kept, so the next run tries it again, and nothing
// else.
func TestResume_hole(t *testing.T) {
	t.Parallel()
	w := newAuditWorld(t, simulator.Options{})
	dir := ownDir(t)
	if err := w.sim.Server.SetFaults([]simulator.Fault{{
		Kind: simulator.FaultStatus, Status: 403, ErrorCode: "PERMISSION_DENIED", Path: "**/groups/*/matchWithIdp",
	}}); err != nil {
		t.Fatal(err)
	}
	first := w.auditing(t, matchwithidp.Kind, "iam_v2", dir, 0)
	if report, warnings := first.whole(t); !strings.Contains(report, "PERMISSION_DENIED") || !strings.Contains(warnings, "Incomplete Identity Inventory") {
		t.Fatalf("the first run found no hole: %s", warnings)
	}
	if err := w.sim.Server.SetFaults(nil); err != nil {
		t.Fatal(err)
	}
	want, _ := w.auditing(t, matchwithidp.Kind, "iam_v2", "", 0).whole(t)
	w.sim.Server.ResetRequests()
	next := w.auditing(t, matchwithidp.Kind, "iam_v2", dir, 0)
	got, warnings := next.whole(t)
	if got != want || !strings.Contains(warnings, resumed) {
		t.Errorf("the result differs: %s\n%s", warnings, cmp.Diff(want, got))
	}
	for _, r := range w.sim.Server.Requests().Log {
		if strings.HasSuffix(r.Path, "/matchWithIdp") && !strings.Contains(r.Path, "/groups/") {
			t.Errorf("%s was asked again", r.Path)
		}
	}
	if left := checkpointsIn(t, dir); len(left) != 0 {
		t.Errorf("the complete audit has left %v", left)
	}

	dir = ownDir(t)
	killed := w.auditing(t, matchwithidp.Kind, "iam_v2", dir, 4) // Token and lists.
	if _, _, err := killed.result(t); err == nil {
		t.Fatal("not killed")
	}
	st, err := w.sim.Server.State()
	if err != nil {
		t.Fatal(err)
	}
	gone := st.Users[0].ID
	st.Users = st.Users[1:]
	for i := range st.Groups {
		st.Groups[i].Members = nil
	}
	if err := w.sim.Server.SetState(st); err != nil {
		t.Fatal(err)
	}
	report, warnings := w.auditing(t, matchwithidp.Kind, "iam_v2", dir, 0).whole(t)
	if !strings.Contains(warnings, resumed) || !strings.Contains(warnings, "user/"+gone) || strings.Contains(report, `"Complete": true`) {
		t.Errorf("user/%s is gone, and nothing says that it could not be judged: %s", gone, warnings)
	}
}

// A write ends what was read before it, of this run and of others.
func TestResume_write(t *testing.T) {
	t.Parallel()
	w := newAuditWorld(t, simulator.Options{})
	dir := w.killed(t, matchwithidp.Kind, "iam_v2")
	st, err := w.sim.Server.State()
	if err != nil {
		t.Fatal(err)
	}
	a := w.auditing(t, matchwithidp.Kind, "iam_v2", dir, 0)
	kept, release := a.checkpoints.acquire(a.run, &diag.Diagnostics{})
	defer release(false)
	ref := audit.Ref{Type: audit.TypeUser, ID: st.Users[0].ID}
	const written = "00000000-0000-4000-8000-000000004712"
	if _, err := a.account.SetExternalID(a.ctx, write.ExternalIDRequest{Ref: ref, Want: written, Expected: &st.Users[0].ExternalID}); err != nil {
		t.Fatal(err)
	}
	if _, there := kept.Get("lists of principals", "user", &json.RawMessage{}); there {
		t.Error("an audit under way goes on to use it")
	}
	if left := checkpointsIn(t, dir); len(left) != 0 {
		t.Errorf("%v is left for the next run", left)
	}
	if report, warnings := a.whole(t); strings.Contains(warnings, resumed) || !strings.Contains(report, written) {
		t.Errorf("the audit after the write does not show it: %s", warnings)
	}
	if left := checkpointsIn(t, dir); len(left) != 0 {
		t.Errorf("the audit after a write has left %v", left)
	}
}

// Audits of one run with the same inputs share a checkpoint; it goes when the last
// one has its result, and stays when one has not.
func TestResume_shared(t *testing.T) {
	t.Parallel()
	w := newAuditWorld(t, simulator.Options{})
	for _, done := range []bool{true, false} {
		dir := w.killed(t, file.Kind, "iam_v2")
		a := w.auditing(t, file.Kind, "iam_v2", dir, 0)
		one, releaseOne := a.checkpoints.acquire(a.run, &diag.Diagnostics{})
		two, releaseTwo := a.checkpoints.acquire(a.run, &diag.Diagnostics{})
		if one == nil || one != two {
			t.Fatalf("they have %v and %v", one, two)
		}
		releaseOne(done)
		if len(checkpointsIn(t, dir)) != 1 {
			t.Error("it went before the last audit had its result")
		}
		releaseTwo(true)
		if got := len(checkpointsIn(t, dir)) == 0; got != done {
			t.Errorf("gone: %t, want %t", got, done)
		}
	}
}

// Okta has no service principals, and reading again will not change that: an audit
// with nothing else missing is at its end.
func TestResume_lastingHole(t *testing.T) {
	t.Parallel()
	w := newAuditWorld(t, simulator.Options{})
	dir := ownDir(t)
	a := w.auditing(t, okta.Kind, "iam_v2", dir, 0)
	a.run.Types = audit.PrincipalTypes()
	if _, warnings := a.whole(t); !strings.Contains(warnings, "Okta has no service principals") {
		t.Fatalf("no hole: %s", warnings)
	}
	if left := checkpointsIn(t, dir); len(left) != 0 {
		t.Errorf("%v is left", left)
	}
}

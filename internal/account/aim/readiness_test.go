// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package aim_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/accounttest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/presets"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
)

// readinessAccount is the demo with a denylist, local groups and a setting.
func readinessAccount(t *testing.T) simulator.State {
	t.Helper()
	st, err := presets.New("demo")
	if err != nil {
		t.Fatal(err)
	}
	st.Account.AccessRules = []simulator.AccessRule{{ExternalPrincipalID: "a-1", DisplayName: "contractors", PrincipalType: "GROUP"}}
	st.Account.Settings = []string{"one"}
	st.Workspaces[0].LocalGroups = []simulator.Group{{
		ID: "7001", DisplayName: "finance", ExternalID: "x", Entitlements: []string{"workspace-access"},
		Members: []simulator.Member{{Value: st.Users[0].ID}},
	}}
	return st
}

// readinessReads are the reads, each as a text.
func readinessReads(t *testing.T, c *account.Client) map[string]func() (string, error) {
	t.Helper()
	ws, err := c.Workspaces(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text := func(v any) string { return strings.TrimSpace(cmp.Diff(nil, v)) }
	return map[string]func() (string, error){
		"account-access-identity-rules": func() (string, error) {
			out, err := c.Denylist(t.Context())
			return text(out), err
		},
		"settings-metadata": func() (string, error) {
			out, err := c.SettingNames(t.Context())
			return text(out), err
		},
		"workspace-access-details": func() (string, error) {
			out, err := c.WorkspaceAccess(t.Context(), ws[0].ID)
			return text(out), err
		},
		"preview/scim/v2/Groups": func() (string, error) {
			out, err := c.LocalGroups(t.Context(), ws[0])
			return text(out), err
		},
	}
}

func TestReadiness_reads(t *testing.T) {
	t.Parallel()
	st := readinessAccount(t)
	want := map[string]string{}
	for name, opts := range map[string]simulator.Options{
		"as it is": {}, "pages of one": {Assumed: simulator.Assumed{Paging: wire.PagingAssumptions{MaxEntries: 1}}},
	} {
		sim := accounttest.Start(t, st, opts)
		c := accounttest.Connect(t, accounttest.Config(sim))
		for what, read := range readinessReads(t, c) {
			got, err := read()
			if err != nil || got == "" {
				t.Errorf("%s: %s: %q, %v", name, what, got, err)
			}
			if before := want[what]; before != "" && before != got {
				t.Errorf("%s: %s differs", name, what)
			}
			want[what] = got
			n := accounttest.Count(sim, http.MethodGet, what)
			if _, err := read(); err != nil || accounttest.Count(sim, http.MethodGet, what) != n {
				t.Errorf("%s: %s is read twice (%v)", name, what, err)
			}
		}
		groups, err := c.LocalGroups(t.Context(), mustWorkspaces(t, c)[0])
		if err != nil || len(groups) != 1 || len(groups[0].Members) != 1 || groups[0].Members[0].Type != audit.TypeUser || len(groups[0].Entitlements) != 1 {
			t.Errorf("%s: local groups %+v, %v", name, groups, err)
		}
	}
}

func mustWorkspaces(t *testing.T, c *account.Client) []audit.Workspace {
	t.Helper()
	ws, err := c.Workspaces(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return ws
}

// Without IAM v2 the assignments and the members of assigned groups say the same.
func TestReadiness_accessWithoutIAMv2(t *testing.T) {
	t.Parallel()
	st := readinessAccount(t)
	var texts []string
	for _, off := range []bool{false, true} {
		c := accounttest.Connect(t, accounttest.Config(accounttest.Start(t, st, simulator.Options{NoIAMv2: off})))
		all := ""
		for _, w := range mustWorkspaces(t, c) { // The last one has no identity federation.
			out, err := c.WorkspaceAccess(t.Context(), w.ID)
			if err != nil {
				t.Fatal(err)
			}
			all += cmp.Diff(nil, out)
		}
		texts = append(texts, all)
	}
	if texts[0] != texts[1] {
		t.Errorf("(-IAM v2 +assignments):\n%s", cmp.Diff(texts[0], texts[1]))
	}
}

// Answers that are not understood are errors, never an empty list. An empty object is
// an empty denylist only where a rule that there cannot be does not exist.
func TestReadiness_hostileAnswers(t *testing.T) {
	t.Parallel()
	st := readinessAccount(t)
	for _, body := range []string{`{}`, `{"items":[]}`, `[]`, `null`, `{"x":1,"next_page_token":7}`, `{"account_access_identity_rules":[{}],"settings_metadata":[{}],` +
		`"workspace_access_details":[{}],"Resources":[{}],"totalResults":1}`, `{"next_page_token":"a"}`, `{"Resources":[{"id":"1","displayName":"x"}],"totalResults":1}`, `<html>`} {
		sim := accounttest.Start(t, st, simulator.Options{})
		c := accounttest.Connect(t, accounttest.Config(sim))
		reads := readinessReads(t, c)
		for what, read := range reads {
			accounttest.SetFaults(t, sim, simulator.Fault{Kind: "status", Status: 200, Path: "**" + what + "**", Body: body})
			if got, err := read(); err == nil {
				t.Errorf("%s answers %s, and it is taken for %q", what, body, got)
			}
		}
	}
	for _, word := range []string{"named", "left_out"} {
		none := readinessAccount(t)
		none.Account.AccessRules = nil
		sim := accounttest.Start(t, none, simulator.Options{Assumed: simulator.Assumed{Denylist: host.DenylistAssumptions{Empty: word}}})
		rules, err := accounttest.Connect(t, accounttest.Config(sim)).Denylist(t.Context())
		if len(rules) != 0 || err != nil {
			t.Errorf("an empty denylist, %s: %v, %v", word, rules, err)
		}
	}
	missing := accounttest.Start(t, st, simulator.Options{Assumed: simulator.Assumed{Denylist: host.DenylistAssumptions{Missing: true}}})
	if _, err := accounttest.Connect(t, accounttest.Config(missing)).Denylist(t.Context()); err == nil {
		t.Error("an account without denylist has an empty one")
	}
}

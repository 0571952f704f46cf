// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/guard"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// guardRow is a row of the table in the guide.
type guardRow struct {
	resource, guard string
	refused         string
	inPlan          string // "refused", "warning", "warning, where it is read" or "not looked at"
	message         string
	allowed         string // the switch, or ""
}

// guardRows reads the tables of docs/guides/guards.md, which is what people
// read, so that it cannot promise what does not happen.
func guardRows(t *testing.T) []guardRow {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", "docs", "guides", "guards.md"))
	if err != nil {
		t.Fatal(err)
	}
	var out []guardRow
	resource := ""
	for _, line := range strings.Split(string(content), "\n") {
		if name, is := strings.CutPrefix(line, "## "); is {
			resource = strings.Trim(name, "` ")
		}
		cells := strings.Split(line, "|")
		if len(cells) != 7 || !strings.HasPrefix(strings.TrimSpace(cells[1]), "`") {
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		out = append(out, guardRow{
			resource: resource, guard: strings.Trim(cells[1], "`"), refused: cells[2], inPlan: cells[3], message: cells[4],
			allowed: strings.Trim(strings.TrimPrefix(cells[5], "nothing"), "`"),
		})
	}
	return out
}

// guardCaller is the service principal that the provider logs in as.
const guardCaller = "21"

// guardAdmins is the group by which it is an account admin.
const guardAdmins = 23

// guardWorld is an account in which nothing speaks against any case.
func guardWorld(cases []guardCase) simulator.State {
	const application = "aaaaaaaa-0000-4000-8000-000000000021"
	st := simulator.State{Account: simulator.Account{
		AccountID: "11111111-2222-4333-8444-555555555555", OAuthClients: []simulator.OAuthClient{{ClientID: application, ClientSecret: "guard-secret"}},
	}}
	st.ServicePrincipals = []simulator.ServicePrincipal{{ID: guardCaller, ApplicationID: application, DisplayName: "runner", Active: true}}
	st.Users = []simulator.User{{ID: "22", UserName: "admin@example.com", Active: true}}
	st.Groups = []simulator.Group{{ID: fmt.Sprint(guardAdmins), DisplayName: "operators", Roles: []simulator.Role{{Value: "account_admin"}}, Members: []simulator.Member{{Value: guardCaller}, {Value: "22"}}},
		{ID: "24", DisplayName: "account users"}}
	st.IDP.Users = []simulator.IDPUser{{ID: entraID(2), UserPrincipalName: "admin@example.com", AccountEnabled: true}}
	for i, c := range cases {
		w := idsOf(i)
		for _, id := range []int{w.user, w.second} {
			st.Users = append(st.Users, simulator.User{ID: fmt.Sprint(id), UserName: fmt.Sprintf("user%d@example.com", id), Active: true})
		}
		group := simulator.Group{ID: fmt.Sprint(w.group), DisplayName: fmt.Sprintf("group %d", w.group)}
		if c.member != "" {
			group.Members = []simulator.Member{{Value: w.with(c.member)}}
		}
		if c.resource == ruleResource {
			st.IDP.Groups = append(st.IDP.Groups, simulator.IDPGroup{ID: entraID(w.group), DisplayName: "denied", SecurityEnabled: true, Members: []string{entraID(w.other)}},
				simulator.IDPGroup{ID: entraID(w.other), DisplayName: "nested", SecurityEnabled: true})
		}
		st.Groups = append(st.Groups, group, simulator.Group{ID: fmt.Sprint(w.other), DisplayName: fmt.Sprintf("group %d", w.other)})
	}
	return st
}

func (c *guardCase) address() string { return c.resource + "." + c.guard }

// guardConfig is a configuration with the cases of a round.
func guardConfig(a account, cases []guardCase, round string) string {
	var b strings.Builder
	b.WriteString(a.config(`idp = { databricks = {} }`, ""))
	for alias, settings := range map[string]string{
		"reader": "read_only = true", "scim": `identity_api = "scim"`, "off": `automatic_identity_management = "off"`,
		"file": a.file(), "entra": a.entra(),
	} {
		b.WriteString(a.config(fmt.Sprintf("alias = %q\n  %s", alias, settings), ""))
	}
	b.WriteString("\nvariable \"allow\" {\n  default = false\n}\n")
	for i, c := range cases {
		if c.round != round {
			continue
		}
		provider := ""
		if c.provider != "" {
			provider = "\n  provider = dbxidentity." + c.provider
		}
		fmt.Fprintf(&b, "\nresource %q %q {%s\n  %s\n}\n", c.resource, c.guard, provider, idsOf(i).with(c.config))
	}
	return b.String()
}

// said is one diagnostic of a run with -json.
type said struct{ severity, text string }

// diagnostics are those of a run by address.
func (w *workspace) diagnostics(code int, args ...string) map[string][]said {
	w.t.Helper()
	out := map[string][]said{}
	lines := bufio.NewScanner(strings.NewReader(w.must(code, args...)))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct {
			Diagnostic *struct {
				Severity, Summary, Detail, Address string
			}
		}
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Diagnostic != nil {
			d := line.Diagnostic
			out[d.Address] = append(out[d.Address], said{d.Severity, d.Summary + "\n" + d.Detail})
		}
	}
	return out
}

// has reports whether a diagnostic of that severity says all parts of a message;
// "…" stands for what differs.
func (s said) has(severity, message string) bool {
	text := strings.Join(strings.Fields(s.text), " ")
	for _, part := range strings.Split(message, "…") {
		if !strings.Contains(text, strings.TrimSpace(part)) {
			return false
		}
	}
	return s.severity == severity
}

func checkSaid(t *testing.T, when string, row guardRow, got []said, severity string) {
	t.Helper()
	for _, s := range got {
		if s.has(severity, row.message) {
			return
		}
	}
	t.Errorf("%s.%s, %s: no %s says %q; it said %q", row.resource, row.guard, when, severity, row.message, got)
}

// Every guard has a row in the guide and a case here, and refuses as the row says:
// in a plan of the account as it is, and in the apply of a plan that was made
// before. Nothing is written; the switch that the row names lets it through.
func TestProcess_guards(t *testing.T) {
	t.Parallel()
	cases, rows := guardCases(), map[string]guardRow{}
	for _, row := range guardRows(t) {
		rows[row.resource+"."+row.guard] = row
	}
	if diff := cmp.Diff(caseNames(cases), rowNames(rows)); diff != "" {
		t.Fatalf("cases and rows of docs/guides/guards.md differ (-cases +rows):\n%s", diff)
	}
	checkMemberGuardRows(t, rows)
	a := startAccount(t, guardWorld(cases), simulator.Options{})

	for _, round := range []string{roundValidate, roundPlan} {
		got := newWorkspace(t, guardConfig(a, cases, round)).trustsIDP(a).diagnostics(1, "plan", "-json")
		for _, c := range cases {
			if c.round == round {
				checkSaid(t, "plan", rows[c.address()], got[c.address()], "error")
			}
		}
	}
	rounds := []string{roundApply, roundLate, roundHoles}
	spaces := make([]*workspace, len(rounds))
	for i, round := range rounds {
		spaces[i] = newWorkspace(t, guardConfig(a, cases, round)).trustsIDP(a)
		spaces[i].must(0, "plan", "-out=saved")
	}
	for i, round := range rounds {
		guardRound(t, a, spaces[i], cases, rows, round)
	}
}

// guardRound makes the account hostile, plans, and applies what was planned
// before; then once more with the switches set.
func guardRound(t *testing.T, a account, w *workspace, cases []guardCase, rows map[string]guardRow, round string) {
	t.Helper()
	var faults []simulator.Fault
	a.change(func(st *simulator.State) {
		for i, c := range cases {
			if c.round != round {
				continue
			}
			ids := idsOf(i)
			if c.hostile != nil {
				c.hostile(st, ids)
			}
			for _, path := range c.faults {
				faults = append(faults, simulator.Fault{
					Kind: simulator.FaultStatus, Status: 400, Method: "GET", Path: ids.with(path), ErrorCode: "BAD_REQUEST", Message: "unreadable",
				})
			}
		}
	})
	a.faults(faults...)
	a.Server.ResetRequests()
	planned := w.diagnostics(1, "plan", "-json")
	for address, all := range planned { // What the write would do is no answer of a guard.
		planned[address] = slices.DeleteFunc(all, func(s said) bool {
			summary, _, _ := strings.Cut(s.text, "\n")
			return slices.Contains([]string{"Principal Will Be Deactivated", "Group Will Be Renamed", "External ID Not Looked Up"}, summary)
		})
	}
	applied := w.diagnostics(1, "apply", "-json", "saved")
	if n := a.writes(); n != 0 {
		t.Errorf("%d writes went out", n)
	}
	var switched []string
	for _, c := range cases {
		if c.round != round {
			continue
		}
		row := rows[c.address()]
		checkSaid(t, "apply of a saved plan", row, applied[c.address()], "error")
		switch row.inPlan {
		case "refused":
			checkSaid(t, "plan", row, planned[c.address()], "error")
		case "refused, where it is read":
			if len(planned[c.address()]) > 0 {
				checkSaid(t, "plan", row, planned[c.address()], "error")
			}
		case "warning":
			row.message = "Not Checked"
			checkSaid(t, "plan", row, planned[c.address()], "warning")
		case "warning, where it is read":
			row.message = "Not Checked"
			if len(planned[c.address()]) > 0 {
				checkSaid(t, "plan", row, planned[c.address()], "warning")
			}
		default:
			if got := planned[c.address()]; len(got) > 0 {
				t.Errorf("%s: the plan says %q, and the guide that it is not looked at", c.address(), got)
			}
		}
		if strings.Contains(c.config, "var.allow") {
			switched = append(switched, "-target="+c.address())
		}
	}
	if len(switched) > 0 {
		w.must(0, append([]string{"apply", "-auto-approve", "-var=allow=true"}, switched...)...)
		if n := a.writes(); n != len(switched) {
			t.Errorf("with the switches set: %d writes, want %d", n, len(switched))
		}
	}
	a.faults()
}

func caseNames(cases []guardCase) map[string]string {
	out := map[string]string{}
	for _, c := range cases {
		allowed := ""
		for name := range strings.FieldsSeq(c.config) {
			if strings.Contains(c.config, name+" = var.allow") {
				allowed = name
			}
		}
		out[c.address()] = allowed
	}
	return out
}

func rowNames(rows map[string]guardRow) map[string]string {
	out := map[string]string{}
	for name, row := range rows {
		out[name] = row.allowed
	}
	return out
}

// checkMemberGuardRows compares the rows with the table of the engine.
func checkMemberGuardRows(t *testing.T, rows map[string]guardRow) {
	t.Helper()
	for _, g := range guard.MemberGuards() {
		for resource, applies := range map[string]bool{memberResource: g.ForAdd(), removalResource: g.ForRemove()} {
			row, there := rows[resource+"."+g.ID]
			switch {
			case there != applies:
				t.Errorf("%s.%s: the guide has it: %t, the engine: %t", resource, g.ID, there, applies)
			case there && (row.refused != g.Title || row.allowed != g.Switch):
				t.Errorf("%s.%s: the guide says %q and the switch %q, the engine %q and %q", resource, g.ID, row.refused, row.allowed, g.Title, g.Switch)
			}
		}
	}
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Readiness is dbxidentity_aim_readiness.
type Readiness struct {
	EnableAIM         *bool     `json:"ready_to_enable_aim"`
	EnableAIMReason   string    `json:"ready_to_enable_aim_reason"`
	DisableSCIM       *bool     `json:"ready_to_disable_scim"`
	DisableSCIMReason string    `json:"ready_to_disable_scim_reason"`
	DisableAIM        *bool     `json:"ready_to_disable_aim"`
	DisableAIMReason  string    `json:"ready_to_disable_aim_reason"`
	MigrationPath     string    `json:"migration_path"`
	PathReason        string    `json:"migration_path_reason"`
	WorkspaceAdmins   []Notice  `json:"workspace_admins"`
	Checks            []Check   `json:"checks"`
	Complete          bool      `json:"complete"`
	Failures          []Failure `json:"failures"`
}

// Notice is whom to tell in a workspace.
type Notice struct {
	WorkspaceID   string   `json:"workspace_id"`
	WorkspaceName string   `json:"workspace_name"`
	People        []string `json:"people"`
	UnknownReason string   `json:"unknown_reason"`
}

// Check is one of its checks.
type Check struct {
	ID            string     `json:"id"`
	Title         string     `json:"title"`
	Decision      string     `json:"decision"`
	Severity      string     `json:"severity"`
	Status        string     `json:"status"`
	Summary       string     `json:"summary"`
	AffectedCount int        `json:"affected_count"`
	Affected      []Affected `json:"affected"`
	Remedy        string     `json:"remedy"`
}

// Affected is one thing that a check names.
type Affected struct {
	Kind        string `json:"kind"`
	ID          string `json:"id"`
	Name        string `json:"name"`
	WorkspaceID string `json:"workspace_id"`
	Detail      string `json:"detail"`
	Waived      bool   `json:"waived"`
}

// LocalGroups is dbxidentity_workspace_local_groups.
type LocalGroups struct {
	Groups []struct {
		WorkspaceID    string   `json:"workspace_id"`
		WorkspaceName  string   `json:"workspace_name"`
		GroupID        string   `json:"group_id"`
		GroupName      string   `json:"group_name"`
		AccountGroupID string   `json:"account_group_id"`
		Entitlements   []string `json:"entitlements"`
		Advisories     []string `json:"advisories"`
		Members        []struct {
			ID string `json:"id"`
		} `json:"members"`
	} `json:"groups"`
	Complete bool `json:"complete"`
	Failures []struct {
		WorkspaceID string `json:"workspace_id"`
		Call        string `json:"call"`
		Reason      string `json:"reason"`
	} `json:"failures"`
}

// decision is one of the three with its answer; reason is empty when it was not asked for.
type decision struct {
	id, title string
	// checks is the heading of its checks.
	checks string
	ready  *bool
	reason string
}

func (r *Readiness) decisions() []decision {
	all := []decision{
		{"enable_aim", "Ready to switch on automatic identity management", "Before automatic identity management is switched on", r.EnableAIM, r.EnableAIMReason},
		{"disable_scim", "Ready to switch off SCIM", "Before SCIM is switched off", r.DisableSCIM, r.DisableSCIMReason},
		{"disable_aim", "Ready to switch off automatic identity management", "Before automatic identity management is switched off", r.DisableAIM, r.DisableAIMReason},
	}
	return slices.DeleteFunc(all, func(d decision) bool { return d.reason == "" })
}

func stateOf(ready *bool) state {
	switch {
	case ready == nil:
		return stateUnknown
	case *ready:
		return stateGood
	default:
		return stateBad
	}
}

func (r *Readiness) verdict() verdict {
	var parts []string
	worst := stateGood
	for _, d := range r.decisions() {
		st := stateOf(d.ready)
		if st == stateBad || st == stateUnknown && worst == stateGood {
			worst = st
		}
		answer := map[state]string{stateGood: "yes", stateBad: "no", stateUnknown: "not known"}[st]
		parts = append(parts, d.title+": "+answer)
	}
	if len(parts) == 0 {
		return verdict{stateUnknown, "No decision was asked for."}
	}
	return verdict{worst, strings.Join(parts, ". ") + "."}
}

func (r *Readiness) section() section {
	s := section{ID: "readiness", Title: "Readiness for automatic identity management"}
	s.add(failures(r.Failures)...)
	for _, d := range r.decisions() {
		s.add(notice{State: stateOf(d.ready), Text: d.title + ":", Lines: []string{d.reason}})
		overview := table{Title: d.checks, Columns: []string{"What should be", "Check", "Is it so?", "Severity", "Affected", "Result", "What to do"}, Numeric: map[int]bool{4: true}}
		for _, c := range r.urgent(d.id) {
			overview.Rows = append(overview.Rows, []cell{
				sentence(c.Title), value(c.ID), status(c.state(), c.answer()), prose(word(c.Severity)), prose(strconv.Itoa(c.AffectedCount)), value(c.Summary), sentence(c.remedyIfOpen()),
			})
		}
		s.add(overview)
	}
	s.add(r.affected())
	switch r.MigrationPath {
	case "with_scim":
		s.add(notice{State: stateNeutral, Text: "The account is on the path of the migration guide with SCIM:", Lines: []string{r.PathReason}})
	case "without_scim":
		s.add(notice{State: stateNeutral, Text: "The account is on the path of the migration guide without SCIM:", Lines: []string{r.PathReason}})
	}
	if len(r.WorkspaceAdmins) > 0 {
		t := table{Title: "Whom to tell: admins of workspaces", Long: true, Columns: []string{"Workspace", "Id", "People", "Why there may be others"}}
		for _, n := range r.WorkspaceAdmins {
			people := value(n.People...)
			if len(n.People) == 0 {
				people = prose("no active user is known to be an admin here")
			}
			t.Rows = append(t.Rows, []cell{value(n.WorkspaceName), value(n.WorkspaceID), people, value(n.UnknownReason)})
		}
		s.add(t)
	}
	return s
}

// urgent are the checks of a decision that apply, what is open first and what holds last.
func (r *Readiness) urgent(decision string) []Check {
	out := slices.DeleteFunc(slices.Clone(r.Checks), func(c Check) bool { return c.Decision != decision || c.Status == "not_applicable" })
	slices.SortStableFunc(out, func(a, b Check) int { return a.rank() - b.rank() })
	return out
}

// rank is lower for what has to be looked at earlier.
func (c *Check) rank() int {
	info := 0
	if c.Severity == "info" {
		info = 1
	}
	switch c.Status {
	case "not_met":
		return 2 * info
	case "unknown":
		return 1 + 2*info
	default:
		return 4
	}
}

// answer says whether what the title says is so: "not met" beside a title with "no" would be
// a double negation.
func (c *Check) answer() string {
	switch c.Status {
	case "met":
		return "yes"
	case "not_met":
		return "no"
	case "unknown":
		return "not known"
	default:
		return words(c.Status)
	}
}

// affected has everything that a check which is not met names.
func (r *Readiness) affected() table {
	t := table{Title: "What is affected", Long: true, Columns: []string{"Check", "Kind", "Name", "Id", "Workspace", "Detail"}}
	asked := r.decisions()
	for _, c := range r.Checks {
		if c.Status != "not_met" || !slices.ContainsFunc(asked, func(d decision) bool { return d.id == c.Decision }) {
			continue
		}
		for _, a := range c.Affected {
			if !a.Waived {
				t.Rows = append(t.Rows, []cell{prose(word(c.ID)), prose(words(a.Kind)), value(a.Name), value(a.ID), value(a.WorkspaceID), value(a.Detail)})
			}
		}
	}
	return t
}

func (c *Check) state() state {
	switch {
	case c.Status == "not_met" && c.Severity != "info":
		return stateBad
	case c.Status == "unknown":
		return stateUnknown
	case c.Status == "met", c.Status == "waived":
		return stateGood
	default:
		return stateNeutral
	}
}

func (c *Check) remedyIfOpen() string {
	if c.Status == "not_met" || c.Status == "unknown" {
		return c.Remedy
	}
	return ""
}

func (r *Readiness) redacted() *Readiness {
	c := *r
	c.Failures = redactedFailures(r.Failures)
	if r.PathReason != "" {
		c.PathReason = left
	}
	c.WorkspaceAdmins = slices.Clone(r.WorkspaceAdmins)
	for i := range c.WorkspaceAdmins {
		one := &c.WorkspaceAdmins[i]
		one.WorkspaceName, one.People = left, slices.Repeat([]string{left}, len(one.People))
		if one.UnknownReason != "" {
			one.UnknownReason = left
		}
	}
	c.Checks = slices.Clone(r.Checks)
	for i := range c.Checks {
		one := &c.Checks[i]
		one.Summary = left
		one.Affected = slices.Clone(one.Affected)
		for k := range one.Affected {
			one.Affected[k].ID, one.Affected[k].Name, one.Affected[k].Detail = redactedID(one.Affected[k].ID), left, left
		}
	}
	return &c
}

func (l *LocalGroups) verdict() verdict {
	switch n := len(l.Groups); {
	case n > 0:
		return verdict{stateNeutral, audit.CountOf(n, "group") + " of workspaces that the account does not manage."}
	case !l.Complete:
		return verdict{stateUnknown, "It is not known whether workspaces have groups of their own: some could not be read."}
	default:
		return verdict{stateGood, "No workspace has groups of its own."}
	}
}

func (l *LocalGroups) section() section {
	s := section{ID: "local_groups", Title: "Groups of workspaces"}
	if len(l.Failures) > 0 {
		lines := make([]string, len(l.Failures))
		for i, f := range l.Failures {
			lines[i] = fmt.Sprintf("workspace %s: %s", cmp.Or(f.WorkspaceID, "-"), f.Reason)
		}
		s.add(notice{State: stateUnknown, Text: "Could not be read:", Lines: lines})
	}
	t := table{Title: "Workspace-local groups", Long: true, Columns: []string{"Workspace", "Group", "Id", "Members", "Entitlements", "Group of the account", "Notes"}, Numeric: map[int]bool{3: true}}
	for _, g := range l.Groups {
		t.Rows = append(t.Rows, []cell{
			value(g.WorkspaceName), value(g.GroupName), value(g.GroupID), prose(strconv.Itoa(len(g.Members))), value(g.Entitlements...), value(g.AccountGroupID), value(g.Advisories...),
		})
	}
	s.add(t)
	return s
}

func (l *LocalGroups) redacted() *LocalGroups {
	c := *l
	c.Groups = slices.Clone(l.Groups)
	for i := range c.Groups {
		c.Groups[i].WorkspaceName, c.Groups[i].GroupName = left, left
	}
	c.Failures = slices.Clone(l.Failures)
	for i := range c.Failures {
		c.Failures[i].Reason = left
	}
	return &c
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Events is dbxidentity_audit_events. Lists are nil where they were not asked for, or the
// log could not be read.
type Events struct {
	AIM               []EventCount     `json:"aim"`
	AIMSince          string           `json:"aim_since"`
	AIMPolicy         []EventCount     `json:"aim_policy"`
	Provisioned       []IdentityChange `json:"provisioned"`
	MembershipEdits   []MembershipEdit `json:"membership_edits"`
	ExternalIDChanges []IdentityChange `json:"external_id_changes"`
	SCIMWriters       []SCIMWriter     `json:"scim_writers"`
	Errors            []EventCount     `json:"errors"`
	Departed          []Departed       `json:"departed"`
	Coverage          *struct {
		Summary string `json:"summary"`
	} `json:"coverage"`
	Truncated bool      `json:"truncated"`
	Complete  bool      `json:"complete"`
	Failures  []Failure `json:"failures"`
}

// EventCount is a number of events of one action.
type EventCount struct {
	Day      string `json:"day"`
	Action   string `json:"action"`
	Status   string `json:"status"`
	Actor    string `json:"actor"`
	Agent    string `json:"agent"`
	Endpoint string `json:"endpoint"`
	Code     string `json:"code"`
	Error    string `json:"error"`
	Count    int    `json:"count"`
	Last     string `json:"last"`
}

// IdentityChange is a principal that was created or changed.
type IdentityChange struct {
	PrincipalType string `json:"principal_type"`
	PrincipalID   string `json:"principal_id"`
	Name          string `json:"name"`
	Action        string `json:"action"`
	Actor         string `json:"actor"`
	Agent         string `json:"agent"`
	Time          string `json:"time"`
	Last          string `json:"last"`
}

// MembershipEdit is a membership that was changed by hand.
type MembershipEdit struct {
	GroupID    string `json:"group_id"`
	GroupName  string `json:"group_name"`
	MemberID   string `json:"member_id"`
	MemberName string `json:"member_name"`
	Change     string `json:"change"`
	Actor      string `json:"actor"`
	Agent      string `json:"agent"`
	Last       string `json:"last"`
}

// SCIMWriter is someone who writes by SCIM.
type SCIMWriter struct {
	Level       string `json:"level"`
	WorkspaceID string `json:"workspace_id"`
	Actor       string `json:"actor"`
	Agent       string `json:"agent"`
	Writer      string `json:"writer"`
	Count       int    `json:"count"`
	Last        string `json:"last"`
}

// Departed is someone who acted after they had left.
type Departed struct {
	Name        string `json:"name"`
	PrincipalID string `json:"principal_id"`
	State       string `json:"state"`
	Left        string `json:"left"`
	Last        string `json:"last"`
}

func (e *Events) nothingRead() bool {
	return e.AIM == nil && e.AIMPolicy == nil && e.Provisioned == nil && e.MembershipEdits == nil && e.ExternalIDChanges == nil && e.SCIMWriters == nil && e.Errors == nil && e.Departed == nil
}

// verdict names what someone has to look at. That the log shows nothing is never good news:
// a caller may see fewer rows than there are.
func (e *Events) verdict() verdict {
	if e.nothingRead() {
		return verdict{stateUnknown, "The audit log was not read."}
	}
	var found []string
	note := func(n int, noun, rest string) {
		if n > 0 {
			found = append(found, audit.CountOf(n, noun)+rest)
		}
	}
	note(len(e.MembershipEdits), "membership", " of groups of the identity provider edited by hand")
	note(len(e.Departed), "identity", " at work after leaving")
	note(len(e.SCIMWriters), "SCIM writer", "")
	if len(e.AIM) > 0 {
		found = append(found, "automatic identity management at work")
	}
	worst := stateNeutral
	if len(e.MembershipEdits)+len(e.Departed) > 0 {
		worst = stateBad
	}
	text := "The audit log shows nothing to look at, which is not proof that nothing happened"
	if len(found) > 0 {
		text = "The audit log shows " + strings.Join(found, ", ")
	}
	if !e.Complete {
		text += "; something could not be read"
		if worst == stateNeutral {
			worst = stateUnknown
		}
	}
	return verdict{worst, text + "."}
}

func (e *Events) section() section {
	s := section{ID: "events", Title: "What happened lately"}
	s.add(failures(e.Failures)...)
	if e.Coverage != nil && e.Coverage.Summary != "" {
		s.add(notice{State: stateNeutral, Text: "How far the audit log reaches:", Lines: []string{e.Coverage.Summary}})
	}
	if e.AIMSince != "" {
		s.add(notice{State: stateNeutral, Text: "The first event of automatic identity management in the period:", Lines: []string{e.AIMSince}})
	}
	edits := table{Title: "Members of groups of the identity provider that were changed by hand", Long: true, Columns: []string{"Group", "Group id", "Member", "Member id", "Change", "By", "Last"}}
	for _, r := range e.MembershipEdits {
		edits.Rows = append(edits.Rows, []cell{value(r.GroupName), value(r.GroupID), value(r.MemberName), value(r.MemberID), prose(words(r.Change)), who(r.Actor, r.Agent), value(r.Last)})
	}
	departed := table{Title: "Who acted after they had left", Long: true, Columns: []string{"Name", "Id", "State", "Left", "Last acted"}}
	for _, r := range e.Departed {
		departed.Rows = append(departed.Rows, []cell{value(r.Name), value(r.PrincipalID), prose(words(r.State)), value(cmp.Or(r.Left, "not known")), value(r.Last)})
	}
	writers := table{Title: "Who writes by SCIM", Columns: []string{"Level", "Workspace", "Kind", "By", "Events", "Last"}, Numeric: map[int]bool{4: true}}
	for _, r := range e.SCIMWriters {
		level := map[string]string{"ACCOUNT_LEVEL": "account", "WORKSPACE_LEVEL": "workspace"}[r.Level]
		writers.Rows = append(writers.Rows, []cell{
			prose(cmp.Or(level, words(r.Level))), value(r.WorkspaceID), prose(words(r.Writer)), who(r.Actor, r.Agent), prose(fmt.Sprint(r.Count)), value(r.Last),
		})
	}
	s.add(edits, departed, writers, changes("External ids may have been changed (the log does not say what was)", e.ExternalIDChanges))
	aim := table{Title: "What automatic identity management did", Columns: []string{"Day", "Action", "Result", "Events"}, Numeric: map[int]bool{3: true}}
	for _, r := range e.AIM {
		aim.Rows = append(aim.Rows, []cell{value(r.Day), value(r.Action), prose(words(r.Status)), prose(fmt.Sprint(r.Count))})
	}
	policy := table{Title: "Who read or changed the settings of automatic identity management", Columns: []string{"Action", "By", "Events", "Last"}, Numeric: map[int]bool{2: true}}
	for _, r := range e.AIMPolicy {
		policy.Rows = append(policy.Rows, []cell{value(r.Action), who(r.Actor, r.Agent), prose(fmt.Sprint(r.Count)), value(r.Last)})
	}
	failed := table{Title: "Changes that failed", Columns: []string{"Action", "Way", "Status", "Error", "Events", "Last"}, Numeric: map[int]bool{4: true}}
	for _, r := range e.Errors {
		failed.Rows = append(failed.Rows, []cell{value(r.Action), value(r.Endpoint), value(r.Code), value(r.Error), prose(fmt.Sprint(r.Count)), value(r.Last)})
	}
	s.add(aim, changes("Created by automatic identity management", e.Provisioned), policy, failed)
	return s
}

// who did it; where the log names no one, the program.
func who(actor, agent string) cell { return value(cmp.Or(actor, agent, "not known")) }

func changes(title string, rows []IdentityChange) table {
	t := table{Title: title, Long: true, Columns: []string{"Principal", "Name", "Action", "By", "When"}}
	for _, r := range rows {
		id := words(r.PrincipalType)
		if r.PrincipalID != "" {
			id = r.PrincipalType + "/" + r.PrincipalID
		}
		t.Rows = append(t.Rows, []cell{value(id), value(r.Name), value(cmp.Or(r.Action, "created")), who(r.Actor, r.Agent), value(cmp.Or(r.Last, r.Time))})
	}
	return t
}

func (e *Events) redacted() *Events {
	out := *e
	out.Failures = redactedFailures(e.Failures)
	if e.Coverage != nil {
		coverage := *e.Coverage
		coverage.Summary = left
		out.Coverage = &coverage
	}
	for _, list := range []*[]EventCount{&out.AIM, &out.AIMPolicy, &out.Errors} {
		*list = slices.Clone(*list)
		for i := range *list {
			r := &(*list)[i]
			r.Actor, r.Agent, r.Error = left, left, left
		}
	}
	for _, list := range []*[]IdentityChange{&out.Provisioned, &out.ExternalIDChanges} {
		*list = slices.Clone(*list)
		for i := range *list {
			r := &(*list)[i]
			r.Name, r.Actor, r.Agent = left, left, left
		}
	}
	out.MembershipEdits, out.SCIMWriters, out.Departed = slices.Clone(e.MembershipEdits), slices.Clone(e.SCIMWriters), slices.Clone(e.Departed)
	for i := range out.MembershipEdits {
		r := &out.MembershipEdits[i]
		r.GroupName, r.MemberName, r.Actor, r.Agent = left, left, left, left
	}
	for i := range out.SCIMWriters {
		out.SCIMWriters[i].Actor, out.SCIMWriters[i].Agent = left, left
	}
	for i := range out.Departed {
		out.Departed[i].Name = left
	}
	return &out
}

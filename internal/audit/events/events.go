// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package events judges what system.access.audit says of identities: what automatic
// identity management (AIM), SCIM and people did. The rows are counted groups of events
// (docs/reference/audit-events.md 3). No row is never proof that nothing happened: a caller
// may see fewer rows than there are, and a metastore has those of its region.
package events

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// levelWorkspace is the audit_level of what happened in a workspace.
const levelWorkspace = "WORKSPACE_LEVEL"

// Kinds of rows.
const (
	KindChange   = "change"   // of identities and memberships
	KindPolicy   = "policy"   // of the settings of AIM
	KindActivity = "activity" // anything else that someone did
)

// Row is a number of events that are the same but for their times. Fields that were not
// logged are empty. A change by AIM has a day, and no actor: there are many of them.
type Row struct {
	Kind, Day, Level, Workspace, Action, Actor, Agent, Endpoint string

	UserID, UserName, GroupID, GroupName, ServicePrincipal string

	Status, Error string
	// Cut: the parameters were too long to be logged.
	Cut         bool
	Count       int
	First, Last time.Time
}

// Outcomes of events.
const (
	OutcomeOK      = "ok"
	OutcomeFailed  = "failed"
	OutcomeUnknown = "unknown"
)

// Outcome is how the events ended.
func (r *Row) Outcome() string {
	status, err := strconv.Atoi(r.Status)
	switch {
	case r.Status == "" && r.Error == "":
		return OutcomeOK
	case r.Status == "":
		return OutcomeFailed
	case err != nil:
		return OutcomeUnknown
	case status >= 400:
		return OutcomeFailed
	}
	return OutcomeOK
}

// Values of request_params.endpoint. That AIM alone writes the first is not certain:
// just-in-time provisioning may do so too.
const (
	endpointAIM  = "autousercreation"
	endpointSCIM = "scim"
)

func (r *Row) byAIM() bool  { return strings.EqualFold(r.Endpoint, endpointAIM) }
func (r *Row) bySCIM() bool { return strings.EqualFold(r.Endpoint, endpointSCIM) }

// Writers by their user agents.
const (
	WriterEntra     = "entra_connector"
	WriterOkta      = "okta_connector"
	WriterTerraform = "terraform"
	WriterSDK       = "sdk"
	WriterBrowser   = "browser"
	WriterOther     = "other"
	WriterUnknown   = "unknown"
)

// Writer says what kind of program a user agent is. Programs of Databricks name the
// cloud that they log in at, so they are looked at first.
func Writer(agent string) string {
	lower := strings.ToLower(agent)
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(lower, w) })
	}
	switch {
	case lower == "":
		return WriterUnknown
	case has("terraform", "databricks-tf-provider"):
		return WriterTerraform
	case has("databricks-", "python-requests", "go-http-client", "curl/"):
		return WriterSDK
	case has("okta"):
		return WriterOkta
	case has("mozilla"):
		return WriterBrowser
	case has("azure", "entra", "microsoft"):
		return WriterEntra
	}
	return WriterOther
}

// IsConnector reports whether a user agent is that of a SCIM connector.
func IsConnector(agent string) bool {
	w := Writer(agent)
	return w == WriterEntra || w == WriterOkta
}

// Input is what a report is made of. Inventory is the account as it is now.
type Input struct {
	Rows      []Row
	Truncated bool
	Inventory audit.Inventory
}

// Report is what the rows mean, sorted.
type Report struct {
	AIM     []AIMDay
	Policy  []Change // of settings of AIM; without target
	Since   time.Time
	Latest  time.Time // of AIM; both zero when there was no event
	Created []Created
	// Edits are memberships that neither AIM nor a connector changed, of groups that the
	// identity provider owns.
	Edits []Edit
	// Updates may have changed an external id: what was changed is not logged.
	Updates []Change
	// Deactivated are users whom someone other than AIM deactivated.
	Deactivated []Change
	Writers     []SCIMWriter
	Failures    []Failed
	// LastActivity is the last successful event of users and service principals by id,
	// of those that were seen.
	LastActivity map[string]time.Time
	// Departed are people who acted after they had left.
	Departed []Departed
	// First and Last are of any event; Events is their number.
	First, Last time.Time
	Events      int
	// Holes are why the report is not whole.
	Holes []audit.Failure
}

// AIMDay is what AIM did on a day.
type AIMDay struct {
	Day, Action, Outcome string
	Count                int
}

// Created is a principal that AIM created.
type Created struct {
	audit.Ref
	Name string
	At   time.Time
}

// Change is an event with someone who did it.
type Change struct {
	audit.Ref
	Name, Action, Actor, Agent, Endpoint string
	Count                                int
	First, Last                          time.Time
}

// Edit is a membership that was changed by hand.
type Edit struct {
	Group      audit.Principal
	MemberID   string
	MemberName string
	Added      bool
	Actor      string
	Agent      string
	Endpoint   string
	Count      int
	Last       time.Time
}

// SCIMWriter is someone who writes by SCIM.
type SCIMWriter struct {
	Level, Workspace, Actor, Agent string
	Count                          int
	First, Last                    time.Time
}

// Failed are events that failed in the same way.
type Failed struct {
	Action, Endpoint, Status, Message string
	Count                             int
	Last                              time.Time
}

// Departed is someone who left and acted afterwards.
type Departed struct {
	Name string
	// Principal is the user or service principal, inactive; nil for a user whom the
	// account does not have.
	Principal *audit.Principal
	// Left is when the log has them leave; zero when it does not.
	Left time.Time
	Last time.Time
}

// WorkspaceConnectors are the writers that are SCIM connectors of workspaces. Their actor
// is the owner of the token.
func (r *Report) WorkspaceConnectors() []SCIMWriter {
	var out []SCIMWriter
	for _, w := range r.Writers {
		if w.Level == levelWorkspace && w.Workspace != "" && IsConnector(w.Agent) {
			out = append(out, w)
		}
	}
	return out
}

// LastChanges are the last changes of users, groups and service principals by someone
// other than AIM. Members of a group that the identity provider owns are among them.
func (r *Report) LastChanges() map[audit.Ref]Change {
	out := map[audit.Ref]Change{}
	add := func(c Change) {
		if known, ok := out[c.Ref]; c.ID != "" && (!ok || c.Last.After(known.Last)) {
			out[c.Ref] = c
		}
	}
	for _, c := range r.Updates {
		add(c)
	}
	for _, e := range r.Edits {
		add(Change{Ref: e.Group.Ref, Actor: e.Actor, Agent: e.Agent, Last: e.Last})
	}
	return out
}

// The actions of memberships.
const (
	actionAdd    = "addPrincipalToGroup"
	actionRemove = "removePrincipalFromGroup"
)

// Judge makes the report. The order of the rows does not matter.
func Judge(in *Input) Report {
	j := judge{in: in, byID: map[string]*audit.Principal{}}
	for i := range in.Inventory.Principals {
		p := &in.Inventory.Principals[i]
		j.byID[p.ID] = p
	}
	j.out.LastActivity = map[string]time.Time{}
	for i := range in.Rows {
		j.row(&in.Rows[i])
	}
	j.activity()
	j.holes()
	j.sort()
	return j.out
}

type judge struct {
	in   *Input
	byID map[string]*audit.Principal
	out  Report
	// nameless are events of memberships that do not say of which group.
	nameless int
}

func (j *judge) row(r *Row) {
	j.out.First, j.out.Last = earlier(j.out.First, r.First), later(j.out.Last, r.Last)
	j.out.Events += r.Count
	switch r.Kind {
	case KindPolicy:
		j.out.Policy = append(j.out.Policy, r.change(audit.Ref{}, ""))
	case KindChange:
		j.change(r)
	}
	if r.Kind != KindActivity && r.Outcome() == OutcomeFailed {
		j.out.Failures = append(j.out.Failures, Failed{r.Action, r.Endpoint, r.Status, r.Error, r.Count, r.Last})
	}
}

func (j *judge) change(r *Row) {
	membership := strings.EqualFold(r.Action, actionAdd) || strings.EqualFold(r.Action, actionRemove)
	switch {
	case r.byAIM():
		j.out.AIM = append(j.out.AIM, AIMDay{r.Day, r.Action, r.Outcome(), r.Count})
		j.out.Since, j.out.Latest = earlier(j.out.Since, r.First), later(j.out.Latest, r.Last)
		if ref, name, ok := r.created(); ok && r.Outcome() == OutcomeOK {
			j.out.Created = append(j.out.Created, Created{ref, name, r.First})
		}
		return
	case r.bySCIM():
		j.out.Writers = append(j.out.Writers, SCIMWriter{r.Level, r.Workspace, r.Actor, r.Agent, r.Count, r.First, r.Last})
	}
	if r.Outcome() != OutcomeOK {
		return
	}
	switch {
	case membership && (r.Cut || r.GroupID == ""):
		j.nameless += r.Count
	case membership:
		if g := j.byID[r.GroupID]; g != nil && g.Type == audit.TypeGroup && g.ExternalID != "" && !(r.bySCIM() && IsConnector(r.Agent)) {
			j.out.Edits = append(j.out.Edits, Edit{
				Group: *g, MemberID: r.UserID, MemberName: cmp.Or(r.UserName, r.ServicePrincipal), Added: strings.EqualFold(r.Action, actionAdd),
				Actor: r.Actor, Agent: r.Agent, Endpoint: r.Endpoint, Count: r.Count, Last: r.Last,
			})
		}
	case strings.EqualFold(r.Action, "deactivateUser"):
		j.out.Deactivated = append(j.out.Deactivated, r.change(r.target()))
	case strings.HasPrefix(strings.ToLower(r.Action), "update"):
		j.out.Updates = append(j.out.Updates, r.change(r.target()))
	}
}

func (r *Row) change(ref audit.Ref, name string) Change {
	return Change{Ref: ref, Name: name, Action: r.Action, Actor: r.Actor, Agent: r.Agent, Endpoint: r.Endpoint, Count: r.Count, First: r.First, Last: r.Last}
}

// target is whom an event is about, by its action. The names of the actions on service
// principals are not documented.
func (r *Row) target() (audit.Ref, string) {
	action := strings.ToLower(r.Action)
	switch {
	case strings.Contains(action, "group"):
		return audit.Ref{Type: audit.TypeGroup, ID: r.GroupID}, r.GroupName
	case strings.Contains(action, "serviceprincipal"):
		return audit.Ref{Type: audit.TypeServicePrincipal, ID: r.UserID}, cmp.Or(r.ServicePrincipal, r.UserName)
	default:
		return audit.Ref{Type: audit.TypeUser, ID: r.UserID}, r.UserName
	}
}

func (r *Row) created() (audit.Ref, string, bool) {
	ref, name := r.target()
	action := strings.ToLower(r.Action)
	return ref, name, action == "add" || action == "creategroup" || ref.Type == audit.TypeServicePrincipal && (strings.HasPrefix(action, "create") || strings.HasPrefix(action, "add"))
}

// platform acts for no one (documented).
const platform = "system-user"

// activity finds who acted last when, and who had left before.
func (j *judge) activity() {
	last, left := map[string]time.Time{}, map[string]time.Time{}
	for i := range j.in.Rows {
		r := &j.in.Rows[i]
		if r.Outcome() != OutcomeOK {
			continue
		}
		if actor := strings.ToLower(r.Actor); actor != "" && actor != platform {
			last[actor] = later(last[actor], r.Last)
		}
		if action := strings.ToLower(r.Action); r.Kind == KindChange && (action == "deactivateuser" || action == "delete") && r.UserName != "" {
			name := strings.ToLower(r.UserName)
			left[name] = later(left[name], r.Last)
		}
	}
	known := map[string]bool{}
	for i := range j.in.Inventory.Principals {
		p := &j.in.Inventory.Principals[i]
		if p.Type == audit.TypeGroup {
			continue
		}
		name := strings.ToLower(p.Name)
		known[name] = true
		at, acted := last[name]
		if !acted {
			continue
		}
		j.out.LastActivity[p.ID] = later(j.out.LastActivity[p.ID], at)
		if p.Active != nil && !*p.Active && at.After(left[name]) {
			j.out.Departed = append(j.out.Departed, Departed{p.Name, p, left[name], at})
		}
	}
	if !j.in.Inventory.Coverage.Users {
		return
	}
	for name, at := range last {
		if strings.Contains(name, "@") && !known[name] && at.After(left[name]) {
			j.out.Departed = append(j.out.Departed, Departed{name, nil, left[name], at})
		}
	}
}

func (j *judge) holes() {
	j.out.Holes = slices.Clone(j.in.Inventory.Failures)
	hole := func(reason string) {
		j.out.Holes = append(j.out.Holes, audit.Failure{Call: "read system.access.audit", Reason: reason})
	}
	if j.in.Truncated {
		hole("there are more rows than are read at once; the earliest are left out. Choose a later since, or fewer kinds")
	}
	if j.nameless > 0 {
		hole(strconv.Itoa(j.nameless) + " changes of memberships do not say of which group: their parameters were not logged")
	}
}

func (j *judge) sort() {
	o := &j.out
	o.AIM = sum(o.AIM, func(d *AIMDay) AIMDay { k := *d; k.Count = 0; return k }, func(to, d *AIMDay) { to.Count += d.Count })
	slices.SortFunc(o.AIM, func(a, b AIMDay) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Action, b.Action), cmp.Compare(a.Outcome, b.Outcome))
	})
	o.Created = sum(o.Created, func(c *Created) Created { k := *c; k.At = time.Time{}; return k }, func(to, c *Created) { to.At = earlier(to.At, c.At) })
	slices.SortFunc(o.Created, func(a, b Created) int { return cmp.Or(audit.CompareRefs(a.Ref, b.Ref), cmp.Compare(a.Name, b.Name)) })
	o.Policy, o.Updates, o.Deactivated = sumChanges(o.Policy), sumChanges(o.Updates), sumChanges(o.Deactivated)
	o.Edits = sum(o.Edits, func(e *Edit) Edit {
		k := *e
		k.Group, k.Count, k.Last = audit.Principal{Ref: e.Group.Ref}, 0, time.Time{}
		return k
	}, func(to, e *Edit) { to.Count, to.Last = to.Count+e.Count, later(to.Last, e.Last) })
	slices.SortFunc(o.Edits, func(a, b Edit) int {
		return cmp.Or(audit.CompareRefs(a.Group.Ref, b.Group.Ref), cmp.Compare(a.MemberID, b.MemberID), cmp.Compare(a.MemberName, b.MemberName), compareBool(a.Added, b.Added),
			cmp.Compare(a.Actor, b.Actor), cmp.Compare(a.Agent, b.Agent), cmp.Compare(a.Endpoint, b.Endpoint))
	})
	o.Writers = sum(o.Writers, func(w *SCIMWriter) SCIMWriter {
		k := *w
		k.Count, k.First, k.Last = 0, time.Time{}, time.Time{}
		return k
	}, func(to, w *SCIMWriter) {
		to.Count, to.First, to.Last = to.Count+w.Count, earlier(to.First, w.First), later(to.Last, w.Last)
	})
	slices.SortFunc(o.Writers, func(a, b SCIMWriter) int {
		return cmp.Or(cmp.Compare(a.Level, b.Level), cmp.Compare(a.Workspace, b.Workspace), cmp.Compare(a.Agent, b.Agent), cmp.Compare(a.Actor, b.Actor))
	})
	o.Failures = sum(o.Failures, func(f *Failed) Failed { k := *f; k.Count, k.Last = 0, time.Time{}; return k }, func(to, f *Failed) { to.Count, to.Last = to.Count+f.Count, later(to.Last, f.Last) })
	slices.SortFunc(o.Failures, func(a, b Failed) int {
		return cmp.Or(cmp.Compare(a.Action, b.Action), cmp.Compare(a.Endpoint, b.Endpoint), cmp.Compare(a.Status, b.Status), cmp.Compare(a.Message, b.Message))
	})
	slices.SortFunc(o.Departed, func(a, b Departed) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), audit.CompareRefs(refOf(a.Principal), refOf(b.Principal)))
	})
}

func sumChanges(all []Change) []Change {
	all = sum(all, func(c *Change) Change {
		k := *c
		k.Count, k.First, k.Last = 0, time.Time{}, time.Time{}
		return k
	}, func(to, c *Change) {
		to.Count, to.First, to.Last = to.Count+c.Count, earlier(to.First, c.First), later(to.Last, c.Last)
	})
	slices.SortFunc(all, func(a, b Change) int {
		return cmp.Or(audit.CompareRefs(a.Ref, b.Ref), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Action, b.Action), cmp.Compare(a.Actor, b.Actor),
			cmp.Compare(a.Agent, b.Agent), cmp.Compare(a.Endpoint, b.Endpoint))
	})
	return all
}

// sum makes one entry of those with the same key.
func sum[T any, K comparable](all []T, key func(*T) K, add func(to, from *T)) []T {
	at := make(map[K]int, len(all))
	out := all[:0]
	for i := range all {
		k := key(&all[i])
		if n, ok := at[k]; ok {
			add(&out[n], &all[i])
			continue
		}
		at[k] = len(out)
		out = append(out, all[i])
	}
	return out
}

func refOf(p *audit.Principal) audit.Ref {
	if p == nil {
		return audit.Ref{}
	}
	return p.Ref
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

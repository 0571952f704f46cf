// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"

	"pgregory.net/rapid"
)

func people() Options {
	o := directory()
	o.PrimaryDomains, o.SuggestDeactivations, o.SuggestGroupRenames = []string{"example.com"}, true, true
	return o
}

// gone is the match of an active user whom the directory does not have.
func gone(id, name string) audit.Match {
	return audit.Match{Principal: audit.Principal{Ref: audit.Ref{Type: audit.TypeUser, ID: id}, Name: name, ExternalID: "gone-" + id, Active: ptr(true)}}
}

// known is the match of a user whom the directory has, so that it is the account's.
func known() audit.Match {
	id := audit.Identity{ExternalID: "k", Names: []string{"k@example.com"}, Enabled: ptr(true)}
	return audit.Match{Principal: user("99", "k@example.com", "k"), ByExternalID: &id, ByName: []audit.Identity{id}}
}

// acting is what the audit log says, with 30 days that count as recent.
func acting(change func(a *Activity)) func(in *Input) {
	return func(in *Input) {
		in.Activity = &Activity{Last: map[string]time.Time{}, Days: 30, Events: 7, Now: time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)}
		change(in.Activity)
	}
}

func TestDeactivations(t *testing.T) {
	t.Parallel()
	disabled := func(enabled *bool) audit.Match {
		id := audit.Identity{ExternalID: "x", Names: []string{"a@example.com"}, Enabled: enabled}
		m := gone("1", "a@example.com")
		m.Principal.ExternalID, m.ByExternalID, m.ByName = "x", &id, []audit.Identity{id}
		return m
	}
	change := func(f func(m *audit.Match)) audit.Match {
		m := gone("1", "a@example.com")
		f(&m)
		return m
	}
	all, _ := DeactivationCauses()
	tests := map[string]struct {
		match  audit.Match
		in     func(*Input)
		o      func(*Options)
		cause  string // "" is not offered
		reason string
	}{
		"absent":                       {match: gone("1", "a@example.com"), cause: rules.CauseStaleOwn},
		"domain in another case":       {match: gone("1", "a@EXAMPLE.com"), cause: rules.CauseStaleOwn},
		"in the recycle bin":           {match: change(func(m *audit.Match) { m.DeletedByExternalID = ptr(identity("gone-1", "a@example.com")) }), cause: rules.CauseDeleted},
		"disabled, not chosen":         {match: disabled(ptr(false))},
		"disabled, chosen":             {match: disabled(ptr(false)), o: func(o *Options) { o.DeactivationCauses = all }, cause: rules.CauseDisabled},
		"enabled":                      {match: disabled(ptr(true)), o: func(o *Options) { o.DeactivationCauses = all }},
		"whether enabled is not known": {match: disabled(nil), o: func(o *Options) { o.DeactivationCauses = all }},
		"absent, not chosen":           {match: gone("1", "a@example.com"), o: func(o *Options) { o.DeactivationCauses = []string{rules.CauseDisabled} }, reason: rules.ReasonNoCandidate},
		"switch off":                   {match: gone("1", "a@example.com"), o: func(o *Options) { o.SuggestDeactivations = false }, reason: rules.ReasonNoCandidate},
		"foreign domain":               {match: gone("1", "a@example.net"), reason: rules.ReasonNoCandidate},
		"no domains":                   {match: gone("1", "a@example.com"), o: func(o *Options) { o.PrimaryDomains = nil }, reason: rules.ReasonNoCandidate},
		"inactive":                     {match: change(func(m *audit.Match) { m.Principal.Active = ptr(false) })},
		"whether active is not known":  {match: change(func(m *audit.Match) { m.Principal.Active = nil }), reason: rules.ReasonDeactivationUnproven},
		"active by the list": {match: change(func(m *audit.Match) { m.Principal.Active = nil }), in: func(in *Input) {
			in.Inventory.Principals[0].Active = ptr(true)
		}, cause: rules.CauseStaleOwn},
		"not listed, and it does not say": {match: change(func(m *audit.Match) { m.Principal.Active = nil }), in: func(in *Input) {
			in.Inventory.Principals = in.Inventory.Principals[1:]
		}, reason: rules.ReasonDeactivationUnproven},
		"almost the same name":   {match: change(func(m *audit.Match) { m.NearName = []audit.Identity{identity("y", "a@example.com ")} }), reason: rules.ReasonNearName},
		"the name without an id": {match: change(func(m *audit.Match) { m.ByName = []audit.Identity{identity("", "a@example.com")} }), reason: rules.ReasonNoCandidate},
		"the name with another id": {match: change(func(m *audit.Match) {
			m.ByName = []audit.Identity{{ExternalID: "y", Names: []string{"a@example.com"}, Enabled: ptr(false)}}
		}), reason: rules.ReasonDisabled},
		"the id of another type":                {match: change(func(m *audit.Match) { m.ByExternalIDOtherType = ptr(identity("gone-1", "g")) }), reason: rules.ReasonNoCandidate},
		"not linked":                            {match: change(func(m *audit.Match) { m.Principal.ExternalID = "" })},
		"a service principal":                   {match: audit.Match{Principal: servicePrincipal("1", "a@example.com", "x")}, reason: rules.ReasonNoCandidate},
		"waived":                                {match: gone("1", "a@example.com"), o: func(o *Options) { o.Waivers = []audit.Waiver{{ID: "1"}} }},
		"the match is unknown":                  {match: change(func(m *audit.Match) { m.Unknown = "500" })},
		"the caller":                            {match: gone("1", "a@example.com"), in: func(in *Input) { in.Caller = audit.Ref{Type: audit.TypeUser, ID: "1"} }, reason: rules.ReasonDeactivationPrivileged},
		"whether it is the caller is not known": {match: gone("1", "a@example.com"), in: func(in *Input) { in.CallerUnknown = "500" }, reason: rules.ReasonDeactivationUnproven},
		"an admin": {match: gone("1", "a@example.com"), in: func(in *Input) {
			in.Privileges[audit.Ref{Type: audit.TypeUser, ID: "1"}] = audit.Privilege{Powers: []string{"account role account_admin"}}
		}, reason: rules.ReasonDeactivationPrivileged},
		"an admin who may be fixed": {match: gone("1", "a@example.com"), o: func(o *Options) { o.AllowPrivileged = map[string]bool{"1": true} }, in: func(in *Input) {
			in.Privileges[audit.Ref{Type: audit.TypeUser, ID: "1"}] = audit.Privilege{Powers: []string{"account role account_admin"}}
		}, reason: rules.ReasonDeactivationPrivileged},
		"privileges unknown": {match: gone("1", "a@example.com"), in: func(in *Input) {
			in.Privileges[audit.Ref{Type: audit.TypeUser, ID: "1"}] = audit.Privilege{Unknown: "403"}
		}, reason: rules.ReasonDeactivationUnproven},
		"acted lately":                         {match: gone("1", "a@example.com"), in: acting(func(a *Activity) { a.Last["1"] = a.Now.AddDate(0, 0, -29) }), reason: rules.ReasonDeactivationRecent},
		"acted long ago":                       {match: gone("1", "a@example.com"), in: acting(func(a *Activity) { a.Last["1"] = a.Now.AddDate(0, 0, -31) }), cause: rules.CauseStaleOwn},
		"acted lately, and it does not matter": {match: gone("1", "a@example.com"), in: acting(func(a *Activity) { a.Last["1"], a.Days = a.Now, 0 }), cause: rules.CauseStaleOwn},
		"others acted":                         {match: gone("1", "a@example.com"), in: acting(func(a *Activity) { a.Last["2"] = a.Now }), cause: rules.CauseStaleOwn},
		"nobody acted":                         {match: gone("1", "a@example.com"), in: acting(func(a *Activity) { a.Events = 0 }), reason: rules.ReasonDeactivationUnproven},
		"the log was not read":                 {match: gone("1", "a@example.com"), in: acting(func(a *Activity) { a.Failures = []audit.Failure{{Call: "read", Reason: "403"}} }), reason: rules.ReasonDeactivationUnproven},
		"acted lately, in a log with a hole":   {match: gone("1", "a@example.com"), in: acting(func(a *Activity) { a.Last["1"], a.Failures = a.Now, []audit.Failure{{Call: "read", Reason: "x"}} }), reason: rules.ReasonDeactivationRecent},
		"privileges not looked up":             {match: gone("1", "a@example.com"), in: func(in *Input) { in.Privileges = nil }, reason: rules.ReasonDeactivationUnproven},
		"another user is unknown": {match: gone("1", "a@example.com"), in: func(in *Input) {
			in.Matches = append(in.Matches, audit.Match{Principal: user("2", "b", "b"), Unknown: "500"})
		}, reason: rules.ReasonDeactivationUnproven},
		"the users were not read in full": {match: gone("1", "a@example.com"), in: func(in *Input) {
			in.Failures = []audit.Failure{{Type: audit.TypeUser, Call: "list users", Reason: "500"}}
		}, reason: rules.ReasonDeactivationUnproven},
		"a group is unknown": {match: gone("1", "a@example.com"), in: func(in *Input) {
			in.Failures = []audit.Failure{{Type: audit.TypeGroup, Call: "list groups", Reason: "500"}}
		}, cause: rules.CauseStaleOwn},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in, o := scope([]audit.Match{test.match, known()}), people()
			if test.in != nil {
				test.in(&in)
			}
			if test.o != nil {
				test.o(&o)
			}
			r := Divergences(in, o)
			got := ""
			for _, d := range r.Deactivations {
				if got += d.Cause; d.Key() != "deactivate/user/1" || d.PrincipalName != test.match.Principal.Name {
					t.Errorf("deactivation %+v", d)
				}
			}
			if got != test.cause || reasons(r)[test.match.Principal.Ref.String()] != test.reason {
				t.Errorf("cause %q, want %q; reasons %v, want %q", got, test.cause, reasons(r), test.reason)
			}
			if d := divergences(r)["user/1"]; test.cause != "" && test.cause != rules.CauseDisabled && d.Action != rules.ActionDeactivate {
				t.Errorf("action %q", d.Action)
			}
		})
	}
}

// An id that no account gives: no name with it fits, and none is offered.
func TestGroupRenames_endlessID(t *testing.T) {
	t.Parallel()
	id := strings.Repeat("1", 300)
	r := Divergences(scope([]audit.Match{{Principal: group(id, "g", ""), ByName: []audit.Identity{identity("x", "g")}}}), people())
	if len(r.GroupRenames) > 0 || reasons(r)["group/"+id] != rules.ReasonLinkGroups {
		t.Errorf("renames %v, reasons %v", r.GroupRenames, reasons(r))
	}
}

// A directory that knows no one of the account deactivates no one.
func TestDeactivations_wrongDirectory(t *testing.T) {
	t.Parallel()
	matches := []audit.Match{gone("1", "a@example.com"), gone("2", "b@example.com"), gone("3", "c@example.com")}
	r := Divergences(scope(matches), people())
	if len(r.Deactivations) > 0 || reasons(r)["user/1"] != rules.ReasonDeactivationUnproven {
		t.Errorf("deactivations %v, reasons %v", r.Deactivations, reasons(r))
	}
}

func TestGroupRenames(t *testing.T) {
	t.Parallel()
	local := func(stored string, ids ...string) audit.Match {
		m := audit.Match{Principal: group("1", "g", stored)}
		for _, id := range ids {
			m.ByName = append(m.ByName, identity(id, "g"))
		}
		return m
	}
	holder := func(stored string) audit.Match {
		id := identity("x", "h")
		return audit.Match{Principal: group("2", "h", stored), ByExternalID: &id}
	}
	swapped := holder("x")
	swapped.ByName = []audit.Identity{identity("y", "h")}
	swapped.ByExternalID = ptr(identity("x", "g"))
	long := strings.Repeat("é", audit.MaxGroupName)
	longest := audit.Match{Principal: group("1", long, ""), ByName: []audit.Identity{identity("x", long)}}
	admin := func(in *Input) {
		in.Privileges[audit.Ref{Type: audit.TypeGroup, ID: "1"}] = audit.Privilege{Powers: []string{"account role account_admin"}}
	}
	tests := map[string]struct {
		matches []audit.Match
		others  []audit.Principal
		in      func(*Input)
		o       func(*Options)
		name    string // "" is not offered
		reason  string
	}{
		"a local group":              {matches: []audit.Match{local("", "x")}, name: "g (local 1)"},
		"linking wins":               {matches: []audit.Match{local("", "x")}, o: func(o *Options) { o.LinkGroups = true }},
		"several IdP groups":         {matches: []audit.Match{local("", "x", "y")}, name: "g (local 1)"},
		"the same, links on":         {matches: []audit.Match{local("", "x", "y")}, o: func(o *Options) { o.LinkGroups = true }, name: "g (local 1)"},
		"the IdP group is here":      {matches: []audit.Match{local("", "x"), holder("x")}, o: func(o *Options) { o.LinkGroups = true }, name: "g (local 1)"},
		"the id is to be given up":   {matches: []audit.Match{local("", "x"), swapped}, o: func(o *Options) { o.LinkGroups, o.Relink = true, true }, reason: rules.ReasonHeld},
		"the same, links off":        {matches: []audit.Match{local("", "x"), swapped}, o: func(o *Options) { o.Relink = true }, name: "g (local 1)"},
		"an IdP group":               {matches: []audit.Match{local("dead", "x")}, o: func(o *Options) { o.LinkGroups = true }},
		"switch off":                 {matches: []audit.Match{local("", "x")}, o: func(o *Options) { o.SuggestGroupRenames = false }, reason: rules.ReasonLinkGroups},
		"no IdP group of the name":   {matches: []audit.Match{local("")}},
		"a system group":             {matches: []audit.Match{{Principal: group("1", "admins", ""), ByName: []audit.Identity{identity("x", "admins")}}}, reason: rules.ReasonSystemGroup},
		"a taken name":               {matches: []audit.Match{local("", "x")}, others: []audit.Principal{group("3", "G (Local 1)", "")}, name: "g (local 1, 2)"},
		"taken in the IdP":           {matches: []audit.Match{local("", "x"), {Principal: group("3", "other", "z"), ByExternalID: ptr(identity("z", "g (local 1)"))}}, name: "g (local 1, 2)"},
		"a long name":                {matches: []audit.Match{longest}, name: strings.Repeat("é", audit.MaxGroupName-10) + " (local 1)"},
		"privileged":                 {matches: []audit.Match{local("", "x")}, in: admin, reason: rules.ReasonLinkGroups},
		"privileged and allowed":     {matches: []audit.Match{local("", "x")}, in: admin, o: func(o *Options) { o.AllowPrivileged = map[string]bool{"1": true} }, name: "g (local 1)"},
		"privileged, links on":       {matches: []audit.Match{local("", "x")}, in: admin, o: func(o *Options) { o.LinkGroups = true }, reason: rules.ReasonPrivileged},
		"privileges unknown":         {matches: []audit.Match{local("", "x")}, in: func(in *Input) { in.Privileges = nil }, reason: rules.ReasonLinkGroups},
		"groups not read whole":      {matches: []audit.Match{local("", "x", "y")}, in: func(in *Input) { in.Inventory.Coverage.Groups = false }, reason: rules.ReasonAmbiguous},
		"waived":                     {matches: []audit.Match{local("", "x")}, o: func(o *Options) { o.Waivers = []audit.Waiver{{ID: "1"}} }},
		"a user of the IdP's name":   {matches: []audit.Match{{Principal: user("1", "a", ""), ByName: []audit.Identity{identity("x", "a"), identity("y", "a")}}}, reason: rules.ReasonAmbiguous},
		"the link may still come":    {matches: []audit.Match{local("", "x")}, o: func(o *Options) { o.LinkGroups = true }, in: func(in *Input) { in.Privileges = nil }, reason: rules.ReasonPrivilegeUnknown},
		"a control character":        {matches: []audit.Match{{Principal: group("1", "g\x1b[2J", ""), ByName: []audit.Identity{identity("x", "g\x1b[2J")}}}, reason: rules.ReasonLinkGroups},
		"the name in the wrong form": {matches: []audit.Match{local("", "x")}, o: func(o *Options) { o.Form = strings.ToUpper }, reason: rules.ReasonInvalidID},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in, o := scope(test.matches, test.others...), people()
			if test.in != nil {
				test.in(&in)
			}
			if test.o != nil {
				test.o(&o)
			}
			r := Divergences(in, o)
			got := ""
			for _, g := range r.GroupRenames {
				if got += g.Name; g.Key() != "rename/group/1" || g.CurrentName != test.matches[0].Principal.Name {
					t.Errorf("rename %+v", g)
				}
			}
			reason := reasons(r)[test.matches[0].Principal.Ref.String()]
			if got != test.name || reason != test.reason {
				t.Errorf("name %q, want %q; reason %q, want %q", got, test.name, reason, test.reason)
			}
			if d := divergences(r)["group/1"]; test.name != "" && d.Action != rules.ActionRename {
				t.Errorf("action %q", d.Action)
			}
		})
	}
}

// oracleMayDeactivate asks the questions of the design, section 4, one by one, over
// the whole world.
func oracleMayDeactivate(w world, o Options, powers map[audit.Ref]audit.Privilege, p audit.Principal) string {
	knows := false
	for _, q := range w.principals {
		if q.Type == audit.TypeUser && w.unknown[q.Ref] {
			return "a user could not be judged"
		}
		m := w.match(q)
		knows = knows || q.Type == audit.TypeUser && (m.ByExternalID != nil || len(m.ByName) > 0)
	}
	if !knows {
		return "the directory knows no user of the account"
	}
	power, looked := powers[p.Ref]
	switch {
	case !o.SuggestDeactivations:
		return "nobody asked for it"
	case p.Type != audit.TypeUser || p.Active == nil || !*p.Active:
		return "it is no active user"
	case p.ExternalID == "":
		return "it was never linked"
	case len(o.PrimaryDomains) == 0 || !strings.HasSuffix(strings.ToLower(p.Name), "@example.com"):
		return "its domain is not an own one"
	case !looked || power.Unknown != "" || len(power.Powers) > 0:
		return "it is, or may be, privileged"
	}
	for _, id := range w.identities {
		linked := audit.SameExternalID(id.ExternalID, p.ExternalID)
		named := id.Type == audit.TypeUser && slices.ContainsFunc(id.Names, func(n string) bool { return strings.EqualFold(n, p.Name) })
		switch enabled := id.Enabled == nil || *id.Enabled; {
		case linked && (id.Type != audit.TypeUser || enabled || !slices.Contains(o.DeactivationCauses, rules.CauseDisabled)):
			return "the directory has its id"
		case named && !linked:
			return "the directory has its name"
		}
	}
	return ""
}

func TestProperty_deactivationsAreSafe(t *testing.T) {
	t.Parallel()
	causes := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		w, o := drawWorld(rt), drawOptions(rt)
		o.SuggestDeactivations, o.PrimaryDomains = true, people().PrimaryDomains
		for _, p := range w.principals {
			taken := slices.ContainsFunc(w.identities, func(id audit.Identity) bool { return audit.SameExternalID(id.ExternalID, p.ExternalID) })
			if p.ExternalID != "" && !taken && rapid.Bool().Draw(rt, "disabled") {
				w.identities = append(w.identities, audit.Identity{Type: p.Type, ExternalID: p.ExternalID, Names: []string{p.Name}, Enabled: ptr(false)})
			}
		}
		powers := drawPowers(rt, w)
		r := Divergences(w.input(powers), o)
		for _, d := range r.Deactivations {
			causes[d.Cause]++
			at := slices.IndexFunc(w.principals, func(p audit.Principal) bool { return p.Ref == d.Ref })
			if why := oracleMayDeactivate(w, o, powers, w.principals[at]); why != "" {
				rt.Fatalf("%+v is offered, although %s", d, why)
			}
		}
	})
	if os.Getenv("DBXIDENTITY_TEST_QUICK") == "" && (causes[rules.CauseStaleOwn] == 0 || causes[rules.CauseDisabled] == 0) {
		t.Errorf("causes %v: the property proves nothing", causes)
	}
}

// One group has one offer, and a new name that nothing has.
func TestProperty_renamesAreSafe(t *testing.T) {
	t.Parallel()
	names := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		w, o := drawWorld(rt), drawOptions(rt)
		o.SuggestGroupRenames = true
		powers := drawPowers(rt, w)
		r := Divergences(w.input(powers), o)
		given := map[string]bool{}
		for _, g := range r.GroupRenames {
			names[g.Name]++
			ref := audit.Ref{Type: audit.TypeGroup, ID: g.GroupID}
			at := slices.IndexFunc(w.principals, func(p audit.Principal) bool { return p.Ref == ref })
			power, looked := powers[ref]
			why := ""
			switch p := w.principals[at]; {
			case fixes(r)[ref.String()] != "":
				why = "it can be linked"
			case given[g.Name] || utf8.RuneCountInString(g.Name) > audit.MaxGroupName:
				why = "the name is given twice or too long"
			case p.ExternalID != "" || p.Name == "admins" || p.Name != g.CurrentName:
				why = "it is not a local group of that name"
			case !o.AllowPrivileged[p.ID] && (!looked || power.Unknown != "" || len(power.Powers) > 0):
				why = "it is, or may be, privileged"
			case !slices.ContainsFunc(w.identities, func(id audit.Identity) bool {
				return id.Type == audit.TypeGroup && slices.ContainsFunc(id.Names, func(n string) bool { return strings.EqualFold(n, p.Name) })
			}):
				why = "the directory has no group of its name"
			case slices.ContainsFunc(w.principals, func(q audit.Principal) bool { return q.Type == audit.TypeGroup && strings.EqualFold(q.Name, g.Name) }):
				why = "the new name is taken"
			}
			if given[g.Name] = true; why != "" {
				rt.Fatalf("%+v is offered, although %s", g, why)
			}
		}
	})
	if os.Getenv("DBXIDENTITY_TEST_QUICK") == "" && len(names) < 2 {
		t.Errorf("names %v: the property proves nothing", names)
	}
}

// The key spaces of what can be offered do not overlap: exclude is one list.
func TestOfferKeys(t *testing.T) {
	t.Parallel()
	d, g := Deactivation{Ref: audit.Ref{Type: audit.TypeUser, ID: "1"}}, GroupRename{GroupID: "1"}
	if keys := fmt.Sprint(d.Key(), " ", g.Key()); keys != "deactivate/user/1 rename/group/1" {
		t.Error(keys)
	}
}

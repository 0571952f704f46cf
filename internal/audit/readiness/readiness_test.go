// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package readiness_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/events"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/guard"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/judge"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/provisioning"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/readiness"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"
)

var now = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func ptr[T any](v T) *T { return &v }

func user(id, name, external string) audit.Principal {
	return audit.Principal{Ref: audit.Ref{Type: audit.TypeUser, ID: id}, Name: name, ExternalID: external, Active: ptr(true)}
}

func group(id, name, external string) audit.Principal {
	return audit.Principal{Ref: audit.Ref{Type: audit.TypeGroup, ID: id}, Name: name, ExternalID: external}
}

// ready is an account of which every check is met, is not for it, or needs a person.
func ready() *readiness.Facts {
	admin, member := user("1", "ada@example.com", ""), user("2", "bob@example.com", "")
	linked := group("10", "data", "g-1")
	app := audit.Principal{Ref: audit.Ref{Type: audit.TypeServicePrincipal, ID: "20"}, Name: "app-1", DisplayName: "etl", ExternalID: "s-1", Active: ptr(true)}
	all := audit.Coverage{Users: true, Groups: true, ServicePrincipals: true}
	return &readiness.Facts{
		Now: now, Cloud: "azure", IDP: "entra", AIM: audit.AIMOn, TenantID: "t-1", PrimaryDomains: []string{"example.com"},
		Capabilities: audit.Capabilities{DisplayNames: true},
		Unknown:      map[readiness.Need][]string{},
		Planned:      []readiness.Planned{{Type: audit.TypeUser, Name: "ada@example.com"}},
		Workspaces:   []audit.Workspace{{ID: "100", Name: "main", Federation: ptr(true), Tier: "PREMIUM"}},
		Inventory:    audit.Inventory{Principals: []audit.Principal{admin, member, linked, app}, Coverage: all},
		Matches: []audit.Match{
			{Principal: linked, ByExternalID: &audit.Identity{Type: audit.TypeGroup, ExternalID: "g-1", Names: []string{"data"}},
				Members: &audit.MemberMatch{InIDP: &audit.IDPMembers{Count: 1}}},
			{Principal: app, ByExternalID: &audit.Identity{Type: audit.TypeServicePrincipal, ExternalID: "s-1", DisplayName: "etl"}},
		},
		Report:   judge.Report{Complete: true},
		Admins:   []audit.Ref{admin.Ref, app.Ref},
		Caller:   app.Ref,
		Members:  map[string][]audit.Member{"10": nil},
		Denylist: []audit.DenyRule{{ExternalID: "s-1", Name: "etl", Type: audit.TypeServicePrincipal}},
	}
}

// spared is ready, with a rule that denies no admin.
func spared() *readiness.Facts {
	f := ready()
	f.Denylist = []audit.DenyRule{{ExternalID: "g-1", Name: "data"}}
	f.Denied = map[string]guard.DeniedIdentity{"g-1": {Identity: &audit.Identity{Type: audit.TypeGroup, ExternalID: "g-1"}}}
	f.AIM = audit.AIMOn
	return f
}

// asksPerson are the checks that only a person can answer, as long as their source is not read.
var asksPerson = []string{"group_names_in_sql", "workspace_scim", "account_scim_healthy", "scim_ready", "scim_token_owner", "entra_premium"}

func settle(f *readiness.Facts) *readiness.Facts {
	f.Unknown[readiness.NeedSQL] = []string{"no warehouse"}
	f.Unknown[readiness.NeedConnectors] = []string{"no connector was read"}
	return f
}

func statuses(f *readiness.Facts, waivers ...readiness.Waiver) map[string]readiness.Status {
	out := map[string]readiness.Status{}
	for _, r := range readiness.Assess(f, waivers).Results {
		out[r.ID] = r.Status
	}
	return out
}

// breaks is, for each check, one change after which it is not met.
func breaks() map[string]func(*readiness.Facts) {
	row := func(t audit.PrincipalType, id, category, cause string) judge.Divergence {
		return judge.Divergence{Ref: audit.Ref{Type: t, ID: id}, ErrorCategories: []string{category}, Cause: cause, Action: "x"}
	}
	members := func(f *readiness.Facts) *audit.MemberMatch { return f.Matches[0].Members }
	missing := func(f *readiness.Facts) {
		members(f).InIDP.Missing = []audit.Identity{{Type: audit.TypeUser, ExternalID: "u-9", Names: []string{"eve@example.com"}}}
	}
	member := func(t audit.PrincipalType, external string) func(*readiness.Facts) {
		return func(f *readiness.Facts) {
			members(f).Local = []audit.MemberRef{{Ref: audit.Ref{Type: t, ID: "2"}, Name: "bob", ExternalID: external}}
		}
	}
	return map[string]func(*readiness.Facts){
		"account_tier": func(f *readiness.Facts) { f.Workspaces[0].Tier = "STANDARD" },
		"one_tenant": func(f *readiness.Facts) {
			f.Matches = append(f.Matches, audit.Match{Principal: user("2", "bob@elsewhere.com", "x")})
		},
		"federated_workspace":      func(f *readiness.Facts) { f.Workspaces[0].Federation = ptr(false) },
		"all_workspaces_federated": func(f *readiness.Facts) { f.Workspaces[0].Federation = ptr(false) },
		"account_admin_person":     func(f *readiness.Facts) { f.Admins = f.Admins[1:] },
		"caller_is_account_admin":  func(f *readiness.Facts) { f.Caller = audit.Ref{Type: audit.TypeUser, ID: "3"} },
		"account_limits": func(f *readiness.Facts) {
			for id := range 1500 {
				f.Members[strings.Repeat("9", id%3+1)+"x"+string(rune('a'+id%26))+strings.Repeat("z", id)] = []audit.Member{{Ref: audit.Ref{Type: audit.TypeUser, ID: "2"}}}
			}
		},
		"account_limits_near": func(f *readiness.Facts) {
			for i := range 8 {
				next := string(rune('a' + i + 1))
				f.Members[string(rune('a'+i))] = []audit.Member{{Ref: audit.Ref{Type: audit.TypeGroup, ID: next}}}
			}
		},
		"external_ids_agree": func(f *readiness.Facts) {
			f.Report.Users = []judge.UserDivergence{{Divergence: row(audit.TypeUser, "2", rules.CategoryExternalIDMismatch, "linked_elsewhere"), ExternalID: "old"}}
		},
		"unlinked_name_match": func(f *readiness.Facts) {
			f.Report.Users = []judge.UserDivergence{{Divergence: row(audit.TypeUser, "2", rules.CategoryExternalIDMismatch, "linkable")}}
		},
		"users_renamed": func(f *readiness.Facts) {
			f.Report.Users = []judge.UserDivergence{{Divergence: row(audit.TypeUser, "2", rules.CategoryNameMismatch, "name_drift"), ExternalID: "u"}}
		},
		"groups_renamed": func(f *readiness.Facts) {
			f.Report.Groups = []judge.GroupDivergence{{Divergence: row(audit.TypeGroup, "10", rules.CategoryNameMismatch, "name_drift"), ExternalID: "g-1"}}
		},
		"group_names_taken": func(f *readiness.Facts) {
			f.Report.Groups = []judge.GroupDivergence{{Divergence: row(audit.TypeGroup, "10", rules.CategoryExternalIDMismatch, "local_group")}}
		},
		"service_principal_names": func(f *readiness.Facts) { f.Matches[1].ByExternalID.DisplayName = "other" },
		"service_principal_names_unique": func(f *readiness.Facts) {
			f.Matches[1].ByExternalID.DisplayName = "other"
			f.Inventory.Principals = append(f.Inventory.Principals, audit.Principal{Ref: audit.Ref{Type: audit.TypeServicePrincipal, ID: "21"}, Name: "app-2", DisplayName: "other"})
		},
		"names_in_code": func(f *readiness.Facts) {
			f.Matches[1].ByExternalID.DisplayName = "other"
			f.Texts = map[string]string{"main.tf": "a\ndisplay_name = \"etl\"\n"}
		},
		"guests": func(f *readiness.Facts) {
			f.Matches = append(f.Matches, audit.Match{Principal: user("2", "bob@example.com", "u"), ByExternalID: &audit.Identity{ExternalID: "u", Guest: ptr(true)}})
		},
		"stale_users": func(f *readiness.Facts) {
			f.Matches = append(f.Matches, audit.Match{Principal: user("2", "bob@example.com", "gone")})
		},
		"planned_principals": func(f *readiness.Facts) {
			f.Planned = append(f.Planned, readiness.Planned{Type: audit.TypeGroup, Name: "new"})
		},
		"denylist": func(f *readiness.Facts) { f.Denylist = nil },
		"denylist_spares_admins": func(f *readiness.Facts) {
			f.Denylist = []audit.DenyRule{{ExternalID: "s-1", Type: audit.TypeServicePrincipal}}
		},
		"denylist_rules_known": func(f *readiness.Facts) {
			f.Matches = append(f.Matches, audit.Match{Principal: user("2", "bob@example.com", "gone"), DeletedByExternalID: &audit.Identity{ExternalID: "gone"}})
			f.Denylist = append(f.Denylist, audit.DenyRule{ExternalID: "gone"})
		},
		"groups_without_assignment": func(f *readiness.Facts) {
			f.Access = []readiness.Access{{WorkspaceID: "100", Ref: audit.Ref{Type: audit.TypeGroup, ID: "10"}}}
		},
		"workspace_local_groups": func(f *readiness.Facts) {
			f.LocalGroups = []readiness.LocalGroup{{WorkspaceID: "100", ID: "5", Name: "old"}}
		},
		"workspace_scim": func(f *readiness.Facts) {
			f.LocalGroups = []readiness.LocalGroup{{WorkspaceID: "100", ID: "5", Name: "old", ExternalID: "x"}}
		},
		"account_scim_healthy": func(f *readiness.Facts) {
			f.Connectors = []readiness.Connector{connector("c1", provisioning.LevelAccount, ptr(true), provisioning.Stale)}
		},
		"scim_ready": func(f *readiness.Facts) {
			f.Connectors = []readiness.Connector{connector("c1", provisioning.LevelAccount, ptr(true), provisioning.Quarantined)}
		},
		"scim_token_owner": func(f *readiness.Facts) {
			f.Inventory.Principals[1].Active = ptr(false)
			f.Events = &events.Report{Writers: []events.SCIMWriter{{Level: "WORKSPACE_LEVEL", Workspace: "100", Actor: "bob@example.com", Agent: "Azure-AD"}}}
		},
		"group_names_in_sql": func(f *readiness.Facts) {
			f.Definitions = []readiness.Definition{{Kind: readiness.KindView, Name: "c.s.v", Text: "is_account_group_member('new')"}}
		},
		"privileged_access_gained": func(f *readiness.Facts) {
			missing(f)
			f.GroupRoles = map[string][]string{"10": {"account_admin"}}
		},
		"access_gained":           missing,
		"member_counts":           missing,
		"members_never_signed_in": missing,
		"synced_memberships_end":  missing,
		"aim_evidence":            func(f *readiness.Facts) { f.AIM = audit.AIMOff },
		"idp_groups_nested":       func(f *readiness.Facts) { members(f).InIDP.Nested = []audit.Identity{{ExternalID: "g-2"}} },
		"nested_groups_flatten":   func(f *readiness.Facts) { members(f).InIDP.Nested = []audit.Identity{{ExternalID: "g-2"}} },
		"stale_memberships":       member(audit.TypeUser, "u"),
		"local_edits":             member(audit.TypeUser, ""),
		"nested_groups_gone":      member(audit.TypeGroup, ""),
		"copied_memberships": func(f *readiness.Facts) {
			f.Members["10"] = []audit.Member{{Ref: audit.Ref{Type: audit.TypeUser, ID: "2"}, ExternalID: "u", Source: audit.SourceInternal}}
		},
		"leavers":                func(f *readiness.Facts) { f.Inventory.Principals[0].ExternalID = "u-1" },
		"synced_identities_stay": func(f *readiness.Facts) { f.Inventory.Principals[0].ExternalID = "u-1" },
	}
}

func TestAssess_readyAccount(t *testing.T) {
	t.Parallel()
	for id, status := range statuses(settle(spared())) {
		want := readiness.Met
		switch {
		case slices.Contains(asksPerson, id):
			want = readiness.Unknown
		case id == "idp_connection":
			want = readiness.NotApplicable
		case id == "synced_identities_stay":
			want = readiness.NotMet // The account is linked, and that is all that the check asks.
		}
		if status != want {
			t.Errorf("%s is %s, want %s", id, status, want)
		}
	}
}

// Each check is not met after one change, and a waiver of it or of everything that it
// names accepts that; an expired one does not.
func TestAssess_notMetAndWaived(t *testing.T) {
	t.Parallel()
	changes := breaks()
	for _, check := range readiness.Checks() {
		change := changes[check.ID]
		if change == nil {
			if !slices.Contains(asksPerson, check.ID) && check.ID != "idp_connection" {
				t.Errorf("no change makes %s not met", check.ID)
			}
			continue
		}
		f := settle(spared())
		change(f)
		if got := statuses(f)[check.ID]; got != readiness.NotMet {
			t.Errorf("%s is %s after the change, want not_met", check.ID, got)
			continue
		}
		waiver := readiness.Waiver{Check: check.ID, Reason: "accepted", Expires: now.Add(time.Hour)}
		if got := statuses(f, waiver)[check.ID]; got != readiness.Waived {
			t.Errorf("%s is %s with a waiver, want waived", check.ID, got)
		}
		waiver.Expires = now
		if got := statuses(f, waiver)[check.ID]; got != readiness.NotMet {
			t.Errorf("%s is %s with an expired waiver, want not_met", check.ID, got)
		}
		var each []readiness.Waiver
		for _, r := range readiness.Assess(f, nil).Results {
			for _, a := range r.Affected {
				if r.ID == check.ID {
					each = append(each, readiness.Waiver{Check: check.ID, Subject: a.Subject(), Reason: "accepted"})
				}
			}
		}
		got := statuses(f, each...)[check.ID]
		if want := slices.Contains(asksPerson, check.ID); want && got != readiness.Unknown || !want && got != readiness.Waived {
			t.Errorf("%s is %s with a waiver for each subject", check.ID, got)
		}
	}
}

// A source that could not be read makes the checks that need it unknown, unless what is
// known decides them, and touches no other.
func TestAssess_failedRead(t *testing.T) {
	t.Parallel()
	before := statuses(settle(spared()))
	for _, need := range readiness.Needs() {
		f := settle(spared())
		f.Unknown[need] = []string{"403"}
		if need == readiness.NeedCaller {
			f.Caller = audit.Ref{}
		}
		after := statuses(f)
		for _, check := range readiness.Checks() {
			got := after[check.ID]
			switch {
			case !slices.Contains(check.Needs, need) && got != before[check.ID]:
				t.Errorf("%s is %s without %s, which it does not need", check.ID, got, need)
			case slices.Contains(check.Needs, need) && got != readiness.Unknown && got != before[check.ID]:
				t.Errorf("%s is %s without %s", check.ID, got, need)
			}
		}
	}
	f := settle(spared())
	for _, need := range readiness.Needs() {
		f.Unknown[need] = []string{"403"}
	}
	f.Workspaces, f.Admins, f.Caller, f.Matches, f.Denylist, f.Planned = nil, nil, audit.Ref{}, nil, nil, ready().Planned
	f.Inventory, f.Members = audit.Inventory{}, nil
	for id, status := range statuses(f) {
		if status != readiness.Unknown && id != "idp_connection" {
			t.Errorf("%s is %s although nothing could be read", id, status)
		}
	}
}

func TestAssess_notApplicable(t *testing.T) {
	t.Parallel()
	f := settle(spared())
	f.IDP, f.AIM, f.Planned = "okta", audit.AIMOff, nil
	got := statuses(f)
	for _, id := range []string{"one_tenant", "guests", "entra_premium", "idp_connection", "planned_principals", "scim_ready", "synced_identities_stay", "synced_memberships_end",
		"members_never_signed_in", "nested_groups_flatten"} {
		if got[id] != readiness.NotApplicable {
			t.Errorf("%s is %s", id, got[id])
		}
	}
	f.Cloud = "aws"
	if got := statuses(f)["idp_connection"]; got != readiness.Unknown {
		t.Errorf("idp_connection is %s on AWS", got)
	}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	f := settle(spared())
	report := readiness.Assess(f, nil)
	if v := report.Verdicts[readiness.EnableAIM]; v.Ready != nil || v.Reason != "Not known, because this check is unknown: group_names_in_sql." {
		t.Errorf("enable_aim: %v %q", v.Ready, v.Reason)
	}
	attested := readiness.Waiver{Check: "group_names_in_sql", Reason: "the owners have looked"}
	report = readiness.Assess(f, []readiness.Waiver{attested, {Check: "guests", Reason: "none"}})
	if v := report.Verdicts[readiness.EnableAIM]; v.Ready == nil || !*v.Ready {
		t.Errorf("enable_aim: %q", v.Reason)
	}
	if report.Waivers[0].State != audit.WaiverActive || report.Waivers[1].State != audit.WaiverUnused {
		t.Errorf("waivers: %v", report.Waivers)
	}
	breaks()["external_ids_agree"](f)
	if v := readiness.Assess(f, []readiness.Waiver{attested}).Verdicts[readiness.EnableAIM]; v.Ready == nil || *v.Ready {
		t.Errorf("enable_aim with a wrong external id: %q", v.Reason)
	}
	for _, r := range report.Results {
		if r.Status == readiness.Waived && len(r.Unknown) == 0 {
			t.Errorf("%s lost its evidence", r.ID)
		}
	}
}

// Any set of changes: each check agrees with an oracle that tries them one at a time,
// the verdicts follow, and the same facts give the same report.
func TestAssess_agreesWithOracle(t *testing.T) {
	t.Parallel()
	changes := breaks()
	ids := slices.Sorted(func(yield func(string) bool) {
		for id := range changes {
			if !yield(id) {
				return
			}
		}
	})
	// Changes that take away what another one adds are not for this test.
	ids = slices.DeleteFunc(ids, func(id string) bool {
		return slices.Contains([]string{"denylist", "denylist_spares_admins", "denylist_rules_known", "aim_evidence", "stale_memberships", "local_edits", "nested_groups_gone",
			"account_scim_healthy", "scim_ready", "workspace_scim", "scim_token_owner", "external_ids_agree", "unlinked_name_match", "users_renamed", "groups_renamed", "group_names_taken", "account_limits", "account_limits_near"}, id)
	})
	rapid.Check(t, func(rt *rapid.T) {
		chosen := rapid.SliceOfDistinct(rapid.SampledFrom(ids), rapid.ID[string]).Draw(rt, "changes")
		unread := rapid.SliceOfDistinct(rapid.SampledFrom(readiness.Needs()), rapid.ID[readiness.Need]).Draw(rt, "unread")
		build := func(ids ...string) *readiness.Facts {
			f := settle(spared())
			for _, id := range ids {
				changes[id](f)
			}
			for _, need := range unread {
				f.Unknown[need] = []string{"403"}
			}
			return f
		}
		report := readiness.Assess(build(chosen...), nil)
		if !reflect.DeepEqual(report.Verdicts, readiness.Assess(build(chosen...), nil).Verdicts) {
			rt.Fatal("the same facts give another report")
		}
		alone := statuses(build())
		worst := map[string]readiness.Status{}
		for id := range alone {
			worst[id] = alone[id]
		}
		for _, one := range chosen {
			for id, status := range statuses(build(one)) {
				if status == readiness.NotMet || status == readiness.Unknown && worst[id] == readiness.Met {
					worst[id] = status
				}
			}
		}
		open := map[readiness.Decision]int{}
		for _, r := range report.Results {
			if r.Status != worst[r.ID] {
				rt.Errorf("%s is %s, the oracle says %s", r.ID, r.Status, worst[r.ID])
			}
			if r.Status == readiness.NotMet && r.Severity != readiness.Info {
				open[r.Decision]++
			}
			if r.Summary == "" || r.Status == readiness.NotMet && len(r.Affected) == 0 {
				rt.Errorf("%s says nothing", r.ID)
			}
		}
		for d, v := range report.Verdicts {
			if (v.Ready != nil && !*v.Ready) != (open[d] > 0) {
				rt.Errorf("%s: %s", d, v.Reason)
			}
		}
	})
}

// Every check is whole. That every row of the reference has one, or a reason why not, is
// a test of the report on the preset migration (TestAIMReadiness_rows).
func TestChecks_areWhole(t *testing.T) {
	t.Parallel()
	ids := map[string]bool{}
	for _, c := range readiness.Checks() {
		if ids[c.ID] || c.Title == "" || c.Consequence == "" || c.Remedy == "" || c.Source == "" || len(c.Needs) == 0 {
			t.Errorf("%s is incomplete, or twice in the registry", c.ID)
		}
		ids[c.ID] = true
		if slices.Contains(c.Needs, readiness.NeedPerson) && c.Asks == "" {
			t.Errorf("%s does not say who can answer", c.ID)
		}
	}
}

// A reason that begins with a letter of more than one byte stays text.
func TestAssess_reasonInAnyScript(t *testing.T) {
	t.Parallel()
	for reason, want := range map[string]string{"äußerst sicher": "Accepted: Äußerst sicher.", "日本": "Accepted: 日本.", "ok..": "Accepted: Ok."} {
		facts := ready()
		facts.Unknown[readiness.NeedConnectors] = []string{"not read"}
		for _, r := range readiness.Assess(facts, []readiness.Waiver{{Check: "account_scim_healthy", Reason: reason}}).Results {
			if r.ID == "account_scim_healthy" && r.Summary != want {
				t.Errorf("%q: %q, want %q", reason, r.Summary, want)
			}
		}
	}
}

// The identity provider is asked about the rules of the denylist: which identities it
// has, and which admins it has in them. What it does not say is unknown.
func TestDenylist_identityProvider(t *testing.T) {
	t.Parallel()
	admin := audit.Ref{Type: audit.TypeUser, ID: "1"}
	here := &audit.Identity{Type: audit.TypeGroup, ExternalID: "g-9"}
	for name, c := range map[string]struct {
		rule          audit.DenyRule
		denied        *guard.DeniedIdentity
		spares, known readiness.Status
	}{
		"a group without an admin":       {audit.DenyRule{ExternalID: "G-9"}, &guard.DeniedIdentity{Identity: here}, readiness.Met, readiness.Met},
		"a group with an admin in it":    {audit.DenyRule{ExternalID: "g-9"}, &guard.DeniedIdentity{Identity: here, Within: []audit.Ref{admin}}, readiness.NotMet, readiness.Met},
		"a group whose members are open": {audit.DenyRule{ExternalID: "g-9"}, &guard.DeniedIdentity{Identity: here, WithinUnknown: "403"}, readiness.Unknown, readiness.Met},
		"nobody":                         {audit.DenyRule{ExternalID: "g-9"}, &guard.DeniedIdentity{}, readiness.Met, readiness.NotMet},
		"deleted":                        {audit.DenyRule{ExternalID: "g-9"}, &guard.DeniedIdentity{Identity: &audit.Identity{Deleted: true}}, readiness.Met, readiness.NotMet},
		"no answer":                      {audit.DenyRule{ExternalID: "g-9"}, &guard.DeniedIdentity{Unknown: "403"}, readiness.Unknown, readiness.Unknown},
		"no answer about a user":         {audit.DenyRule{ExternalID: "u-9", Type: audit.TypeUser}, &guard.DeniedIdentity{Unknown: "403"}, readiness.Met, readiness.Unknown},
		"not asked":                      {audit.DenyRule{ExternalID: "g-9", Type: audit.TypeGroup}, nil, readiness.Unknown, readiness.Unknown},
		"not asked, and linked here":     {audit.DenyRule{ExternalID: "g-1", Type: audit.TypeGroup}, nil, readiness.Unknown, readiness.Met},
	} {
		f := settle(spared())
		f.Denylist, f.Denied = []audit.DenyRule{c.rule}, map[string]guard.DeniedIdentity{}
		if c.denied != nil {
			f.Denied[audit.CanonicalExternalID(c.rule.ExternalID)] = *c.denied
		}
		got := statuses(f)
		if got["denylist_spares_admins"] != c.spares || got["denylist_rules_known"] != c.known {
			t.Errorf("%s: admins are spared is %s, want %s; the rule is known is %s, want %s", name,
				got["denylist_spares_admins"], c.spares, got["denylist_rules_known"], c.known)
		}
	}
}

// Old names of groups are found in code as words, and without code it is unknown whether
// any uses them.
func TestNamesInCode_groups(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]readiness.Status{
		"": readiness.Unknown, `principal = "data"`: readiness.NotMet, "grant select to `data`;": readiness.NotMet, "data": readiness.NotMet,
		"metadata, data_2, data-2, my-data": readiness.Met, "database data": readiness.NotMet,
	} {
		f := settle(spared())
		breaks()["groups_renamed"](f)
		f.Report.Groups[0].GroupName = "data"
		if text != "" {
			f.Texts = map[string]string{"main.tf": text}
		}
		if got := statuses(f)["names_in_code"]; got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package readiness_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/events"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/provisioning"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/readiness"
)

const (
	ownerID  = "77"
	ownerIDP = "0000004d-aaaa-4000-8000-000000000000"
)

// covering is a healthy connector of this account that covers these users of the identity
// provider, with edits to what was read of it.
func covering(edit func(*provisioning.Connector), users ...string) readiness.Connector {
	c := provisioning.Connector{
		ID: "c1", DisplayName: "SCIM", Now: now, Jobs: []provisioning.Job{{ScheduleState: "Active", Interval: "PT40M", Code: "Active"}}, Unread: map[provisioning.Part]string{}, Settings: map[string]string{
			"BaseAddress": "https://accounts.azuredatabricks.net/api/2.1/accounts/11111111-2222-4333-8444-555555555555/scim/v2", "SyncAll": "false",
		},
		Mappings: []provisioning.ObjectMapping{{Enabled: true, Source: "user", Target: "User"}},
	}
	for _, id := range users {
		c.Assigned = append(c.Assigned, provisioning.Assignment{Type: audit.TypeUser, ID: id})
	}
	if edit != nil {
		edit(&c)
	}
	account := provisioning.Account{ID: "11111111-2222-4333-8444-555555555555", Workspaces: []audit.Workspace{{ID: "100", Host: "https://adb-100.1.azuredatabricks.net"}}}
	return readiness.Connector{ID: c.ID, Name: c.DisplayName, Verdict: provisioning.Judge(&c, &account)}
}

// owned is an account whose workspace has a connector that writes with the token of a
// person, who is admin there and in no scope.
func owned() *readiness.Facts {
	f := spared()
	owner := user(ownerID, "Owner@example.com", strings.ToUpper(ownerIDP))
	f.Inventory.Principals = append(f.Inventory.Principals, owner, group("78", "admins", ""))
	f.Matches = append(f.Matches, audit.Match{Principal: owner, ByExternalID: &audit.Identity{Type: audit.TypeUser, ExternalID: ownerIDP}})
	f.WorkspaceAdmins = map[string]readiness.WorkspaceAdmins{"100": {IDs: []string{"78"}}}
	f.Members["78"] = []audit.Member{{Ref: owner.Ref}}
	f.Connectors = []readiness.Connector{covering(nil, "u-1")}
	f.Events = &events.Report{Writers: []events.SCIMWriter{
		{Level: "WORKSPACE_LEVEL", Workspace: "100", Actor: "owner@example.com", Agent: "Azure-AD"},
		{Level: "WORKSPACE_LEVEL", Workspace: "100", Actor: "OWNER@example.com", Agent: "Azure-AD"},
		{Level: "WORKSPACE_LEVEL", Workspace: "100", Actor: "script@example.com", Agent: "curl/8"},
		{Level: "WORKSPACE_LEVEL", Workspace: "404", Actor: "long.gone@example.com", Agent: "Azure-AD"},
		{Level: "ACCOUNT_LEVEL", Actor: "", Agent: "Azure-AD"},
	}}
	return f
}

// The owner of a workspace connector's token stays an admin of the workspace and outside
// every connector's scope; what does not show that is unknown.
func TestAssess_tokenOwner(t *testing.T) {
	t.Parallel()
	const met, open, unknown, none = readiness.Met, readiness.NotMet, readiness.Unknown, readiness.NotApplicable
	owner := func(f *readiness.Facts) *audit.Principal {
		return &f.Inventory.Principals[slices.IndexFunc(f.Inventory.Principals, func(p audit.Principal) bool { return p.ID == ownerID })]
	}
	covered := func(edit func(*provisioning.Connector), users ...string) func(*readiness.Facts) {
		return func(f *readiness.Facts) { f.Connectors = []readiness.Connector{covering(edit, users...)} }
	}
	hidden := func(c *provisioning.Connector) { c.Settings["BaseAddress"] = "*" }
	for name, tt := range map[string]struct {
		change func(*readiness.Facts)
		want   readiness.Status
		says   string
	}{
		"admin, in no scope": {func(*readiness.Facts) {}, met, ""},
		"inactive":           {func(f *readiness.Facts) { owner(f).Active = ptr(false) }, open, "inactive"},
		"no admin":           {func(f *readiness.Facts) { f.Members["78"] = nil }, open, "no admin of the workspace"},
		"admin by themselves": {func(f *readiness.Facts) {
			f.Members["78"], f.WorkspaceAdmins["100"] = nil, readiness.WorkspaceAdmins{IDs: []string{ownerID}}
		}, met, ""},
		"admins that the IdP may add to": {func(f *readiness.Facts) {
			f.Members["78"] = []audit.Member{{Ref: audit.Ref{Type: audit.TypeGroup, ID: "10"}}}
		}, unknown, "group/10 (data)"},
		"the same, with AIM off": {func(f *readiness.Facts) {
			f.Members["78"], f.AIM = []audit.Member{{Ref: audit.Ref{Type: audit.TypeGroup, ID: "10"}}}, audit.AIMOff
		}, open, "no admin of the workspace"},
		"admins not read": {func(f *readiness.Facts) { f.WorkspaceAdmins = nil }, unknown, "was not read"},
		"admins unreadable": {func(f *readiness.Facts) {
			f.Members["78"], f.WorkspaceAdmins["100"] = nil, readiness.WorkspaceAdmins{Unknown: "403"}
		}, unknown, "403"},
		"admin among what could be read": {func(f *readiness.Facts) {
			f.WorkspaceAdmins["100"] = readiness.WorkspaceAdmins{IDs: []string{"78"}, Unknown: "403"}
		}, met, ""},
		"members of groups not read": {func(f *readiness.Facts) {
			f.Members["78"], f.Unknown[readiness.NeedGroupMembers] = nil, []string{"403"}
		}, unknown, "403"},
		"no identity federation": {func(f *readiness.Facts) { f.Workspaces[0].Federation = ptr(false) }, unknown, "without identity federation"},
		"in scope":               {covered(nil, ownerIDP), open, `in the scope of the connector "SCIM" (c1)`},
		"in scope by name": {func(f *readiness.Facts) {
			owner(f).ExternalID = ""
			m := &f.Matches[len(f.Matches)-1]
			m.ByExternalID, m.ByName = nil, []audit.Identity{{ExternalID: strings.ToUpper(ownerIDP)}}
			covered(nil, ownerIDP)(f)
		}, open, "in the scope"},
		"name not asked about": {func(f *readiness.Facts) {
			f.Matches = f.Matches[:len(f.Matches)-1]
		}, unknown, "was not asked about the owner"},
		"everyone is in scope": {covered(func(c *provisioning.Connector) { c.Settings["SyncAll"] = "True" }), open, "in the scope"},
		"in scope of another": {covered(func(c *provisioning.Connector) {
			c.Settings["BaseAddress"] = strings.ReplaceAll(c.Settings["BaseAddress"], "1111", "9999")
		}, ownerIDP), met, ""},
		"in scope, writes nowhere": {func(f *readiness.Facts) {
			covered(nil, ownerIDP)(f)
			f.Connectors[0].Verdict.Health.Status = provisioning.Off
		}, met, ""},
		"in scope, target unknown": {covered(hidden, ownerIDP), unknown, "covers the owner, and where it writes to is not known"},
		"assignments unreadable":   {covered(func(c *provisioning.Connector) { c.Unread[provisioning.PartAssignments] = "403" }), unknown, "whether the connector \"SCIM\" (c1) covers the owner is not known: 403"},
		"a service principal is never written": {func(f *readiness.Facts) {
			p := owner(f)
			p.Type = audit.TypeServicePrincipal
			f.Members["78"] = []audit.Member{{Ref: p.Ref}}
			covered(func(c *provisioning.Connector) { c.Settings["SyncAll"] = "true" })(f)
		}, met, ""},
		"nobody of that name": {func(f *readiness.Facts) { owner(f).Name = "else@example.com" }, unknown, "no principal of the account has the name"},
		"token of no one":     {func(f *readiness.Facts) { f.Events.Writers[0].Actor, f.Events.Writers[1].Actor = "", "" }, unknown, "does not say whose token"},
		"no event of a connector": {func(f *readiness.Facts) {
			f.Events = &events.Report{}
			f.Connectors = append(f.Connectors, connector("c2", provisioning.LevelWorkspace, ptr(true), provisioning.Healthy))
		}, unknown, `no event shows whose token the connector "SCIM" (c2) uses`},
		"target of a connector hidden": {func(f *readiness.Facts) { f.Events = &events.Report{}; covered(hidden, "u-1")(f) }, unknown, "hidden"},
		"no connector of a workspace":  {func(f *readiness.Facts) { f.Events = &events.Report{} }, none, "No SCIM connector"},
		"events not read, no connector of a workspace": {func(f *readiness.Facts) {
			f.Events, f.Unknown[readiness.NeedEvents] = nil, []string{"events is not set"}
		}, none, "No SCIM connector"},
		"events not read": {func(f *readiness.Facts) {
			f.Events, f.Unknown[readiness.NeedEvents] = nil, []string{"events is not set"}
			f.Connectors = append(f.Connectors, connector("c2", provisioning.LevelWorkspace, ptr(true), provisioning.Healthy))
		}, unknown, "events is not set"},
		"connectors not read": {func(f *readiness.Facts) { f.Unknown[readiness.NeedConnectors] = []string{"403"} }, unknown, "403"},
		"a second owner": {func(f *readiness.Facts) {
			f.Inventory.Principals = append(f.Inventory.Principals, user("79", "second@example.com", "u-79"))
			f.Matches = append(f.Matches, audit.Match{Principal: user("79", "second@example.com", "u-79")})
			f.Events.Writers[1].Actor = "second@example.com"
		}, open, "no admin of the workspace"},
	} {
		f := owned()
		tt.change(f)
		for _, r := range readiness.Assess(f, nil).Results {
			if r.ID != "scim_token_owner" {
				continue
			}
			said := r.Summary
			for _, a := range r.Affected {
				said += "; " + a.Detail
			}
			if said += "; " + strings.Join(r.Unknown, "; "); r.Status != tt.want || !strings.Contains(said, tt.says) {
				t.Errorf("%s: %s, want %s and %q: %s", name, r.Status, tt.want, tt.says, said)
			}
			if tt.want == open && (len(r.Affected) != 1 || r.Affected[0].WorkspaceID != "100") {
				t.Errorf("%s: %+v", name, r.Affected)
			}
		}
	}
	f := owned()
	f.Connectors = []readiness.Connector{covering(nil, ownerIDP)}
	for _, r := range readiness.Assess(f, []readiness.Waiver{{Check: "scim_token_owner", Subject: "user/100/" + ownerID, Reason: "until May"}}).Results {
		if r.ID == "scim_token_owner" && r.Status != readiness.Waived {
			t.Errorf("waived: %s", r.Status)
		}
	}
}

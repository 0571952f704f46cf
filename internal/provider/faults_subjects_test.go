// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/journal"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/provider"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/presets"
)

// operation is a column of the matrix: something that the provider is asked for.
type operation struct {
	// of is the data source or resource, verb what is done with it, and variant
	// what else is to be told apart.
	of, verb, variant string
	world             func() simulator.State
	options           simulator.Options
	settings          func(a account) document
	// config is the configuration; change is that of an update.
	config, change document
	importID       string
	// place is the one place that a fault may be limited to, and list the one list;
	// asksNothing reports that no request is sent.
	place, list simulator.Fault
	asksNothing bool
	// reads is where a write is read back; touched is the user that someone else
	// writes to where reads are to be stale, 103 unless it says otherwise.
	reads   simulator.Fault
	touched string
	// fact is what a resource is about; the zero value is nothing.
	fact fact
}

// fact is something that the account holds and a resource writes.
type fact struct {
	principal, group string // as the journal names them
	holds            func(st simulator.State) string
	// before, created, changed and destroyed are what it holds before and after a
	// create, after an update and after a destroy.
	before, created, changed, destroyed string
}

func (o operation) isData() bool { return o.verb == "" }

func (o operation) name() string {
	name := strings.TrimPrefix(o.of, "dbxidentity_")
	for _, part := range []string{o.variant, o.verb} {
		if part != "" {
			name += "/" + part
		}
	}
	return name
}

// verbs are what is done with a resource.
var verbs = []string{"create", "read", "update", "delete", "import"}

const (
	iamUsers  = "/api/2.0/identity/accounts/*/users"
	iamGroups = "/api/2.0/identity/accounts/*/groups"
	scimPath  = "/api/2.1/accounts/*/scim/v2/"

	denylistPath = "/api/2.0/accounts/*/account-access-identity-rules"
)

func get(path string) simulator.Fault   { return simulator.Fault{Method: http.MethodGet, Path: path} }
func post(path string) simulator.Fault  { return simulator.Fault{Method: http.MethodPost, Path: path} }
func patch(path string) simulator.Fault { return simulator.Fault{Method: http.MethodPatch, Path: path} }

// auditedWorld has something of everything that an audit looks at: the small
// world, members that the IdP lacks, and workspaces with and without federation.
func auditedWorld() simulator.State {
	st := smallWorld()
	st.Users = append(st.Users, simulator.User{ID: "104", UserName: "user104@example.com", Active: true, ExternalID: entraID(104)})
	st.IDP.Users = append(st.IDP.Users,
		simulator.IDPUser{ID: entraID(103), UserPrincipalName: "user103@example.com", AccountEnabled: true, UserType: "Member"},
		simulator.IDPUser{ID: entraID(104), UserPrincipalName: "user104@example.com", AccountEnabled: true, UserType: "Member"})
	st.Groups[0].Members = append(st.Groups[0].Members, simulator.Member{Value: "101"}, simulator.Member{Value: "104"})
	st.Groups = append(st.Groups, simulator.Group{ID: "203", DisplayName: "databricks-only", Members: []simulator.Member{{Value: "102"}}})
	st.Workspaces = []simulator.Workspace{
		{WorkspaceID: 11, WorkspaceName: "one", Status: "RUNNING", FederationInfo: &simulator.FederationInfo{EnableIdentityFederation: true}},
		{WorkspaceID: 12, WorkspaceName: "two", Status: "RUNNING", FederationInfo: &simulator.FederationInfo{}},
	}
	return st
}

// readinessWorld is the audited world with what else readiness looks at.
func readinessWorld() simulator.State {
	st := auditedWorld()
	st.Users[0].Roles = []simulator.Role{{Value: "account_admin"}}
	st.Account.OAuthClients = []simulator.OAuthClient{{ClientID: "caller-app", ClientSecret: "caller-secret"}}
	st.ServicePrincipals = append(st.ServicePrincipals, simulator.ServicePrincipal{
		ID: "309", ApplicationID: "caller-app", DisplayName: "audit", Active: true, Roles: []simulator.Role{{Value: "account_admin"}},
	})
	st.Account.AccessRules = []simulator.AccessRule{{ExternalPrincipalID: entraID(104), DisplayName: "user104", PrincipalType: "USER"}}
	w := &st.Workspaces[0]
	w.Cloud, w.PricingTier, w.DeploymentName = "azure", "PREMIUM", "adb-11.1"
	w.PermissionAssignments = []simulator.PermissionAssignment{{PrincipalID: "201", Permissions: []string{"USER"}}, {PrincipalID: "309", Permissions: []string{"ADMIN"}}}
	for _, id := range []string{"901", "902", "903"} {
		w.LocalGroups = append(w.LocalGroups, simulator.Group{ID: id, DisplayName: "local-" + id, Members: []simulator.Member{{Value: "101"}}})
	}
	return st
}

// connectorWorld has one connector.
func connectorWorld() simulator.State {
	st := smallWorld()
	sp := connectorApp(1, "connector", func(sp *simulator.IDPServicePrincipal) {
		sp.AppRoleAssignedTo = []simulator.AppRoleAssignment{{PrincipalID: entraID(101)}}
		// It says how long ago; what is compared are two accounts that were read one after the other.
		sp.Synchronization.Jobs[0].Status.LastExecution, sp.Synchronization.Jobs[0].Status.LastSuccessfulExecution = nil, nil
	})
	st.IDP.ServicePrincipals = append(st.IDP.ServicePrincipals, sp)
	return st
}

// nestedWorld is the audited world with groups in groups: 102 is in more of them
// than 104.
func nestedWorld() simulator.State {
	st := auditedWorld()
	st.Groups = append(st.Groups,
		simulator.Group{ID: "204", DisplayName: "outer", Members: []simulator.Member{{Value: "203"}, {Value: "104"}}},
		simulator.Group{ID: "205", DisplayName: "outermost", Members: []simulator.Member{{Value: "204"}}},
		simulator.Group{ID: "206", DisplayName: "only-b", Members: []simulator.Member{{Value: "104"}}})
	return st
}

func auditing(kind string) func(a account) document {
	return func(a account) document {
		switch kind {
		case "entra":
			return document{"idp": document{kind: document{
				"tenant_id": a.IDP.EntraTenantID, "client_id": a.IDP.EntraClientID, "client_secret": a.IDP.EntraClientSecret,
				"authority_host": a.IDP.EntraAuthorityHost, "graph_endpoint": a.IDP.GraphEndpoint,
			}}}
		case "okta":
			return document{"idp": document{kind: document{"org_url": a.IDP.OktaOrgURL, "api_token": a.IDP.OktaAPIToken}}}
		case "file":
			return document{"idp": document{kind: document{"path": a.exported()}}}
		}
		return document{"idp": document{kind: document{}}}
	}
}

// dataOperations are the data sources.
func dataOperations() []operation {
	match := post(iamUsers + "/101/matchWithIdp")
	list := get(iamUsers)
	out := []operation{{
		of: "dbxidentity_workspace_federation", world: auditedWorld, settings: auditing("databricks"), config: document{},
		place: get("/api/2.0/accounts/*/workspaces"), list: get("/api/2.0/accounts/*/workspaces"),
	}}
	for kind, at := range map[string]struct{ place, list simulator.Fault }{
		"databricks": {match, list},
		"entra":      {post("/graph/v1.0/$batch"), get("/graph/v1.0/**")},
		"okta":       {get("/okta/api/v1/users"), get("/okta/api/v1/users")},
		"file":       {get(iamGroups + "/201/direct-members"), list},
	} {
		out = append(out, operation{
			of: "dbxidentity_divergences", variant: kind, world: auditedWorld, settings: auditing(kind), config: document{"link_groups": true},
			place: at.place, list: at.list,
		})
	}
	out = append(out, operation{
		of: "dbxidentity_principal", world: auditedWorld, settings: auditing("databricks"),
		config: document{"principal": document{"user_name": "user101@example.com"}}, place: match, list: list,
	})
	out = append(out, operation{
		of: "dbxidentity_principal_diff", world: nestedWorld, settings: auditing("databricks"),
		config: document{"principal_a": document{"id": "102"}, "principal_b": document{"id": "104"}},
		place:  get("/api/2.0/identity/accounts/*/principals/102/transitive-parent-groups"),
		list:   get(iamUsers),
	})
	out = append(out, operation{
		of: "dbxidentity_audit_events", world: loggedWorld, settings: none, config: document{"workspace_id": "7007", "sql_warehouse_id": loggedWarehouse, "since": "2026-11-01", "until": "2026-11-02"},
		place: post("/api/2.0/sql/statements"), list: list,
	})
	out = append(out, operation{
		of: "dbxidentity_aim_readiness", variant: "entra", world: readinessWorld, settings: auditing("entra"), config: document{"primary_domains": []any{"example.com"}},
		place: get(denylistPath), list: get("/graph/v1.0/**"),
	}, operation{
		of: "dbxidentity_workspace_local_groups", world: readinessWorld, settings: none, config: document{"workspace_ids": []any{"11"}},
		place: get("/api/2.0/preview/scim/v2/Groups**"), list: get("/api/2.0/preview/scim/v2/Groups**"),
	}, operation{
		of: "dbxidentity_scim_provisioning", variant: "entra", world: connectorWorld, options: withSettings(), settings: auditing("entra"), config: document{},
		place: get("/graph/v1.0/servicePrincipals/*/synchronization/jobs"), list: get("/graph/v1.0/servicePrincipals**"),
	})
	access := cloneOperations()[0]
	access.of, access.config = "dbxidentity_principal_access", document{"principal": document{"id": demoSource}, "scan_workspace_local_groups": true}
	maps.Copy(access.config, wholeScan)
	out = append(out, append(cloneOperations(), access)...)
	slices.SortFunc(out, func(a, b operation) int { return strings.Compare(a.name(), b.name()) })
	return out
}

// cloneOperations plan the clone of the demo's story with every catalog, in both
// ways to take a hole: as an error, and as less.
func cloneOperations() []operation {
	parents := "/api/2.0/identity/accounts/*/principals/*/transitive-parent-groups"
	strict := operation{
		of: "dbxidentity_clone_plan", touched: "100000000001", settings: auditing("databricks"), config: cloneOf(wholeScan),
		place: get(strings.Replace(parents, "principals/*", "principals/"+demoSource, 1)), list: get(iamGroups),
		world: func() simulator.State {
			st, err := presets.New("demo")
			if err != nil {
				panic(err)
			}
			return st
		},
	}
	lenient := strict
	lenient.variant, lenient.place = "allow_incomplete", get("/api/2.1/unity-catalog/**")
	lenient.config = cloneOf(wholeScan)
	lenient.config["allow_incomplete"] = true
	return []operation{strict, lenient}
}

// resourceOperations are the verbs of the resources.
func resourceOperations() []operation {
	var out []operation
	for _, subject := range []struct {
		operation
		read, write simulator.Fault
		verbs       []string
		// asks are the verbs that send requests.
		asks []string
	}{
		{operation: externalIDSubject(), read: get(scimPath + "Users/103"), write: patch(scimPath + "Users/103"), verbs: verbs, asks: verbs},
		{operation: memberSubject(), read: get(iamGroups + "/202/direct-members"), write: patch(scimPath + "Groups/202"), verbs: verbs, asks: []string{"create", "read", "delete", "import"}},
		{operation: removalSubject(), read: get(iamGroups + "/201/direct-members"), write: patch(scimPath + "Groups/201"), verbs: verbs, asks: []string{"create", "read", "delete", "import"}},
		{operation: resolvedSubject(), read: get(scimPath + "Users/*"), write: post(iamUsers + "/resolve-by-external-id"), verbs: verbs, asks: []string{"create", "read", "import"}},
		{operation: statusSubject(), read: get(scimPath + "Users/103"), write: patch(scimPath + "Users/103"), verbs: verbs, asks: []string{"create", "read", "delete", "import"}},
		{operation: nameSubject(), read: get(scimPath + "Groups/202"), write: patch(scimPath + "Groups/202"), verbs: verbs, asks: verbs},
		{operation: ruleSubject(), read: get(denylistPath), write: post(denylistPath), verbs: verbs, asks: []string{"create", "read", "delete", "import"}},
		{operation: ledgerSubject(), read: get(scimPath + "Users/101"), write: get(scimPath + "Users/101"), verbs: verbs[:4], asks: []string{"read"}},
	} {
		for _, verb := range subject.verbs {
			o := subject.operation
			o.verb, o.place, o.reads, o.asksNothing = verb, subject.write, subject.read, !slices.Contains(subject.asks, verb)
			if verb == "read" || verb == "import" {
				o.place = subject.read
			}
			if o.of == ruleResource && verb == "delete" {
				o.place = simulator.Fault{Method: http.MethodDelete, Path: denylistPath + "/*"}
			}
			if o.of == "dbxidentity_resolved_principal" && verb == "import" {
				o.place = o.list // It looks for the externalId.
			}
			out = append(out, o)
		}
	}
	return out
}

func none(account) document { return document{} }

func externalIDSubject() operation {
	config := document{
		"principal_type": "user", "principal_id": "103", "external_id": entraID(3),
		"expected_current_external_id": entraID(999), "on_destroy": "restore",
	}
	change := maps.Clone(config)
	change["external_id"] = entraID(33)
	return operation{
		of: "dbxidentity_external_id", world: groupWorld, settings: none, config: config, change: change,
		importID: "user/103", list: get(iamUsers),
		fact: fact{
			principal: "user/103", before: entraID(999), created: entraID(3), changed: entraID(33), destroyed: entraID(999),
			holds: func(st simulator.State) string {
				return st.Users[slices.IndexFunc(st.Users, func(u simulator.User) bool { return u.ID == "103" })].ExternalID
			},
		},
	}
}

// membershipFact is whether someone is in a group.
func membershipFact(group, member string) fact {
	return fact{principal: "user/" + member, group: "group/" + group, holds: func(st simulator.State) string {
		for _, g := range st.Groups {
			if g.ID == group && slices.ContainsFunc(g.Members, func(m simulator.Member) bool { return m.Value == member }) {
				return journal.Member
			}
		}
		return journal.Absent
	}}
}

func memberSubject() operation {
	config := document{"group_id": "202", "member_id": "101"}
	out := operation{
		of: "dbxidentity_group_member", world: groupWorld, settings: none, config: config,
		change:   document{"group_id": "202", "member_id": "101", "on_destroy": "remove"},
		importID: "group/202/member/101", list: get(iamGroups + "/202/direct-members"), fact: membershipFact("202", "101"),
	}
	out.fact.before, out.fact.created, out.fact.changed, out.fact.destroyed = journal.Absent, journal.Member, journal.Member, journal.Absent
	return out
}

func removalSubject() operation {
	out := operation{
		of: "dbxidentity_group_member_removal", world: groupWorld, settings: none,
		config:   document{"group_id": "201", "member_id": "102", "on_destroy": "restore"},
		change:   document{"group_id": "201", "member_id": "102", "on_destroy": "restore", "allow_self_removal": true},
		importID: "removal/201/member/102", list: get(iamGroups + "/201/direct-members"), fact: membershipFact("201", "102"),
	}
	out.fact.before, out.fact.created, out.fact.changed, out.fact.destroyed = journal.Member, journal.Absent, journal.Absent, journal.Member
	return out
}

func statusSubject() operation {
	config := document{"principal_type": "user", "principal_id": "103", "active": false, "on_destroy": "restore"}
	change := maps.Clone(config)
	change["allow_privileged"] = true
	return operation{
		of: "dbxidentity_principal_status", settings: auditing("file"), config: config, change: change, importID: "user/103", list: get(iamUsers),
		world: func() simulator.State {
			st := groupWorld()
			st.IDP.Users = append(st.IDP.Users, simulator.IDPUser{ID: entraID(999), UserPrincipalName: "user103@example.com", UserType: "Member", AccountEnabled: true})
			return st
		},
		fact: fact{
			principal: "user/103", before: "true", created: "false", changed: "false", destroyed: "true",
			holds: func(st simulator.State) string {
				return strconv.FormatBool(st.Users[slices.IndexFunc(st.Users, func(u simulator.User) bool { return u.ID == "103" })].Active)
			},
		},
	}
}

func nameSubject() operation {
	config := document{"group_id": "202", "name": "mine", "expected_current_name": "local-group", "on_destroy": "restore"}
	change := maps.Clone(config)
	change["name"] = "ours"
	return operation{
		of: "dbxidentity_group_name", world: groupWorld, settings: none, config: config, change: change, importID: "group/202", list: get(iamGroups),
		fact: fact{
			principal: "group/202", before: "local-group", created: "mine", changed: "ours", destroyed: "local-group",
			holds: func(st simulator.State) string {
				return st.Groups[slices.IndexFunc(st.Groups, func(g simulator.Group) bool { return g.ID == "202" })].DisplayName
			},
		},
	}
}

func ruleSubject() operation {
	config := document{"external_principal_id": entraID(203), "on_destroy": "delete"}
	change := document{"external_principal_id": entraID(203), "on_destroy": "delete", "timeouts": document{"create": "4m"}}
	return operation{
		of: ruleResource, world: ruleWorld, settings: auditing("file"), config: config, change: change, importID: "rule/" + entraID(203), list: get(denylistPath),
		fact: fact{
			principal: "rule/" + entraID(203), before: journal.Absent, created: journal.Denied, changed: journal.Denied, destroyed: journal.Absent,
			holds: func(st simulator.State) string {
				if slices.ContainsFunc(st.Account.AccessRules, func(r simulator.AccessRule) bool { return r.ExternalPrincipalID == entraID(203) }) {
					return journal.Denied
				}
				return journal.Absent
			},
		},
	}
}

func resolvedSubject() operation {
	config := document{"principal_type": "user", "external_id": newcomer}
	change := document{"principal_type": "user", "external_id": strings.ToUpper(newcomer)}
	return operation{
		of: "dbxidentity_resolved_principal", world: unprovisioned, options: simulator.Options{AIM: true}, settings: none,
		config: config, change: change, importID: "user/external/" + newcomer, list: get(iamUsers),
		fact: fact{
			before: "", created: newcomer, changed: newcomer, destroyed: newcomer,
			holds: func(st simulator.State) string {
				held := ""
				for _, u := range st.Users {
					if u.ExternalID == newcomer {
						held += u.ExternalID // Twice is wrong, and seen.
					}
				}
				return held
			},
		},
	}
}

func ledgerSubject() operation {
	entry := func(id string) document {
		return document{"principal_type": "user", "principal_id": id, "external_id": entraID(1), "current_external_id": ""}
	}
	removals := document{"201/102": document{"group_id": "201", "member_id": "102", "member_type": "user"}}
	return operation{
		of: "dbxidentity_remediation_ledger", world: groupWorld, settings: none, list: get(iamUsers),
		config: document{"pending_external_ids": document{"user/101": entry("101")}, "pending_member_removals": removals},
		change: document{"pending_external_ids": document{"user/101": entry("101"), "user/103": entry("103")}, "pending_member_removals": removals},
	}
}

// The matrix forgets no data source, no resource, no verb and no kind of IdP.
func TestFaults_everyOperationIsThere(t *testing.T) {
	t.Parallel()
	there := map[string]bool{}
	for _, o := range append(dataOperations(), resourceOperations()...) {
		there[o.of+"/"+o.verb] = true
		there["idp "+o.variant] = true
	}
	want := []string{}
	for name := range providerSchema().DataSourceSchemas {
		want = append(want, name+"/")
	}
	for name := range providerSchema().ResourceSchemas {
		for _, verb := range verbs[:4] {
			want = append(want, name+"/"+verb)
		}
	}
	p := provider.New("test")()
	for _, build := range p.Resources(t.Context()) {
		r := build()
		var meta resource.MetadataResponse
		r.Metadata(t.Context(), resource.MetadataRequest{ProviderTypeName: "dbxidentity"}, &meta)
		if _, ok := r.(resource.ResourceWithImportState); ok {
			want = append(want, meta.TypeName+"/import")
		}
	}
	for _, attribute := range providerSchema().Provider.Block.Attributes {
		if attribute.Name == "idp" {
			for _, kind := range attribute.NestedType.Attributes {
				want = append(want, "idp "+kind.Name)
			}
		}
	}
	for _, name := range want {
		if !there[name] {
			t.Errorf("the provider has %s, and the matrix has no column for it", name)
		}
	}
}

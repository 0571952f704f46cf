// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"
)

// Worlds of the tests are written as changes to a small base, so that each case
// shows only what it is about.

var fullCoverage = audit.Coverage{Users: true, Groups: true, ServicePrincipals: true}

func user(id, name, externalID string) audit.Principal {
	return audit.Principal{Ref: audit.Ref{Type: audit.TypeUser, ID: id}, Name: name, ExternalID: externalID}
}

func group(id, name, externalID string) audit.Principal {
	return audit.Principal{Ref: audit.Ref{Type: audit.TypeGroup, ID: id}, Name: name, ExternalID: externalID}
}

func servicePrincipal(id, appID, externalID string) audit.Principal {
	return audit.Principal{Ref: audit.Ref{Type: audit.TypeServicePrincipal, ID: id}, Name: appID, ExternalID: externalID}
}

func identity(externalID string, names ...string) audit.Identity {
	return audit.Identity{ExternalID: externalID, Names: names}
}

func ptr[T any](v T) *T { return &v }

// scope puts principals and matches together: the inventory has the principals
// of the matches and the others given, every candidate is powerless.
func scope(matches []audit.Match, others ...audit.Principal) Input {
	in := Input{Matches: matches, Inventory: audit.Inventory{Coverage: fullCoverage}, Privileges: map[audit.Ref]audit.Privilege{}}
	for _, m := range matches {
		in.Inventory.Principals = append(in.Inventory.Principals, m.Principal)
		in.Privileges[m.Principal.Ref] = audit.Privilege{}
	}
	in.Inventory.Principals = append(in.Inventory.Principals, others...)
	slices.SortFunc(in.Inventory.Principals, func(a, b audit.Principal) int { return audit.CompareRefs(a.Ref, b.Ref) })
	return in
}

// What the kinds of IdP can report, as internal/idp says it.
var (
	matchIDP = audit.Capabilities{NestingSettled: true}
	entraIDP = audit.Capabilities{DisplayNames: true, EnabledState: true}
	oktaIDP  = audit.Capabilities{DisplayNames: true, EnabledState: true, GroupsHoldUsersOnly: true}
	fileIDP  = audit.Capabilities{DisplayNames: true}
)

func directory() Options {
	return Options{
		Now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), AIM: audit.AIMUnknown,
		IDP: fileIDP, TenantID: "00000000-0000-4000-8000-00000000000a",
	}
}

// divergences are the rows of all types by principal.
func divergences(r Report) map[string]Divergence {
	out := map[string]Divergence{}
	for _, u := range r.Users {
		out[u.Ref.String()] = u.Divergence
	}
	for _, g := range r.Groups {
		out[g.Ref.String()] = g.Divergence
	}
	for _, s := range r.ServicePrincipals {
		out[s.Ref.String()] = s.Divergence
	}
	return out
}

func reasons(r Report) map[string]string {
	out := map[string]string{}
	for _, m := range r.ManualActions {
		out[m.Ref.String()] = m.Reason
	}
	return out
}

func fixes(r Report) map[string]string {
	out := map[string]string{}
	for _, f := range r.ExternalIDFixes {
		out[f.Ref.String()] = f.ExternalID
	}
	return out
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func rulesOf(kind rules.RuleKind) []rules.Rule {
	return slices.DeleteFunc(rules.All(), func(r rules.Rule) bool { return r.Kind != kind })
}

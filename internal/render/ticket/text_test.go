// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package ticket

import (
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
)

func comparison() access.Diff {
	return access.Diff{
		A: person("31", "old@example.com"), B: person("32", "new@example.com"), Equal: boolean(false), Complete: true,
		OnlyInA: []access.DiffRow{
			{GroupID: "2", GroupName: "bi-consumers", Source: "external", DirectInA: boolean(false), PathInA: []string{"old@example.com", "data-engineers", "bi-consumers"}, Hint: access.HintFollows},
			{GroupID: "1", GroupName: "data-engineers", Source: "external", DirectInA: boolean(true), Hint: access.HintAddInIDP},
			{GroupID: "4", GroupName: "ml", Source: "internal", DirectInA: boolean(true), Hint: access.HintNoWorkspace},
			{GroupID: "3", GroupName: "users", Source: "internal", DirectInA: boolean(true), Hint: access.HintAddInDatabricks},
			{GroupID: "9", Hint: access.HintUnknown},
		},
		OnlyInB: []access.DiffRow{{GroupID: "5", GroupName: "legacy", Source: "internal", DirectInB: boolean(true), Hint: access.HintAddInDatabricks}},
		Both:    []access.DiffRow{{GroupID: "6", GroupName: "account users", Source: "internal", DirectInA: boolean(true), DirectInB: boolean(true)}},
	}
}

func TestCompareText(t *testing.T) {
	t.Parallel()
	const want = `A: old@example.com (user/31)
B: new@example.com (user/32)

They are in different groups.

Only A, old@example.com (5)
  + bi-consumers (group/2): through old@example.com → data-engineers; external; follows from another group of the list
  ! data-engineers (group/1): direct; external; must be added in the identity provider
  + ml (group/4): direct; internal; can be added in Databricks; no workspace is assigned to it, only a scan of Unity Catalog can show what it gives
  + users (group/3): direct; internal; can be added in Databricks
  ? (unread) (group/9): direct or not is unknown; source unknown; not known how to get it

Only B, new@example.com (1)
  - legacy (group/5): direct; internal

Both (1)
  = account users (group/6): direct; internal

Totals: 5 only A, 1 only B, 1 both.
! to be added in the identity provider, or in the workspace that has the group, + can be added in Databricks or follows, - only B has it, = both have it, ? not known
`
	if diff := cmp.Diff(want, CompareText(comparison())); diff != "" {
		t.Error(diff)
	}
	d := comparison()
	d.Equal, d.Failures = nil, []audit.Failure{{Type: audit.TypeGroup, ID: "9", Call: "read the group", Reason: "500"}}
	if got := CompareText(d); !strings.Contains(got, "Not known whether") || !strings.Contains(got, "? read the group of group/9: 500") {
		t.Error(got)
	}
	if got := CompareText(access.Diff{A: person("1", "a"), B: person("2", "b"), Equal: boolean(true)}); !strings.Contains(got, "Both are in the same groups.") {
		t.Error(got)
	}
}

func planOf() access.ClonePlan {
	row := func(id, title, reason string) access.PlanRow {
		return access.PlanRow{GroupID: id, GroupName: title, Direct: true, Path: []string{"old", title}, Privileged: boolean(false), Reason: reason}
	}
	engineers := row("1", "data-engineers", "")
	engineers.Workspaces = []access.WorkspaceEffect{{WorkspaceID: "7", WorkspaceName: "prod", Level: "USER", GroupID: "1"}}
	engineers.Catalog = []access.CatalogEffect{{SecurableType: "catalog", FullName: "main", Privileges: []string{"SELECT"}, GroupID: "2", GroupName: "bi"}}
	admins := row("3", "admins-of-x", "allow_privileged_groups does not name it")
	admins.Privileged, admins.Powers = boolean(true), []string{"ADMIN of workspace x"}
	follows := row("2", "bi", "")
	follows.PendingVia = []string{"1"}
	return access.ClonePlan{
		Source: person("31", "old"), Target: person("32", "new"), Complete: true,
		IDPActions: []access.PlanRow{engineers}, DatabricksActions: []access.PlanRow{row("4", "users", ""), admins}, Follows: []access.PlanRow{follows},
		Unverified: []access.PlanRow{row("5", "ml", "Unity Catalog was not scanned: set scan_unity_catalog")}, Skipped: []access.PlanRow{row("6", "dead-end", "")},
		AlreadyMember: []access.PlanRow{row("7", "there", "")}, NotCloned: []access.NotCloned{{Kind: access.KindGrant, Place: "table a.b.c", Value: "SELECT"}},
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	const want = `The access of old (user/31)
for new (user/32)

To be added in the identity provider, by the people who run it (1)
  ! data-engineers (group/1)
      gives  USER in workspace prod; SELECT on catalog main through bi
      path   old → data-engineers

To be added in Databricks, by terraform apply (1)
  + users (group/4)
      path   old → users

Held back (1)
  ! admins-of-x (group/3)
      path   old → admins-of-x
      rights privileged: ADMIN of workspace x
      why    allow_privileged_groups does not name it

Follow by themselves (1)
  + bi (group/2)
      path   old → bi
      waits  for the identity provider: data-engineers

Not verified: not known whether these give anything, so they are not added (1)
  ? ml (group/5)
      path   old → ml
      why    Unity Catalog was not scanned: set scan_unity_catalog

Left out: these give nothing anywhere (1)
  - dead-end (group/6)
      path   old → dead-end

There already (1)
  = there (group/7)
      path   old → there

Not copied: the source has these itself, not through a group (1)
  - grant, SELECT, table a.b.c

Totals: 1 in the identity provider, 1 in Databricks, 1 held back, 1 follow, 1 not verified, 1 left out, 1 there already, 1 not copied.
! people act first, + terraform apply adds it or it follows, - left out, = there already, ? not verified
`
	if diff := cmp.Diff(want, Text(planOf())); diff != "" {
		t.Error(diff)
	}
	// With a problem nothing is added.
	p := planOf()
	p.Complete, p.Problems = false, []access.Problem{{Text: "something could not be read"}}
	if got := Text(p); !strings.Contains(got, "0 in Databricks, 2 held back") || !strings.Contains(got, "incomplete") || !strings.Contains(got, "! something could not be read") {
		t.Error(got)
	}
}

// FuzzTextNames: no name adds a line, and no character that a terminal acts on gets through.
func FuzzTextNames(f *testing.F) {
	for _, seed := range []string{"a", "<script>", "${x}", "a\nb", "\x1b[31mred", "\u202eevil", "🙂", "\xff", "a\u2028b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		lines := func(text string) int { return strings.Count(text, "\n") }
		plain, hostile := planOf(), planOf()
		hostile.Source.Name, hostile.IDPActions[0].GroupName, hostile.DatabricksActions[1].Reason = name, name, "x"+name
		hostile.NotCloned[0].Value, hostile.IDPActions[0].Workspaces[0].WorkspaceName, hostile.IDPActions[0].Path = "x"+name, "x"+name, []string{name, name}
		d := comparison()
		d.A.Name, d.OnlyInA[0].GroupName, d.OnlyInA[0].PathInA = name, name, []string{name, name, name}
		for got, want := range map[string]string{Text(hostile): Text(plain), CompareText(d): CompareText(comparison())} {
			if lines(got) != lines(want) {
				t.Errorf("%q makes %d lines of %d", name, lines(got), lines(want))
			}
			for _, r := range got {
				if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
					t.Errorf("%q lets %U through", name, r)
				}
			}
		}
	})
}

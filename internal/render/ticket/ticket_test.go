// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package ticket

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/render/markup"
)

func boolean(b bool) *bool { return &b }

func person(id, name string) audit.Principal {
	return audit.Principal{Ref: audit.Ref{Type: audit.TypeUser, ID: id}, Name: name, Active: boolean(true)}
}

func row(id, name string, path ...string) access.PlanRow {
	return access.PlanRow{
		GroupID: id, GroupName: name, Source: access.SourceInternal, Direct: len(path) == 2, Path: path, Privileged: boolean(false),
	}
}

// story is a small plan with a row in most lists.
func story() access.ClonePlan {
	const a = "a@example.com"
	engineers := row("1", "data-engineers", a, "data-engineers")
	engineers.Workspaces = []access.WorkspaceEffect{{WorkspaceID: "7", WorkspaceName: "prod", Level: "USER", GroupID: "1", GroupName: "data-engineers"}}
	engineers.Catalog = []access.CatalogEffect{{SecurableType: "catalog", FullName: "main", Privileges: []string{"SELECT", "USE_CATALOG"}, GroupID: "2", GroupName: "bi"}}
	engineers.ExternalID, engineers.Reason = "3f2a", "not there"
	bi := row("2", "bi", a, "data-engineers", "bi")
	bi.Via, bi.PendingVia = []string{"1", "3"}, []string{"1"}
	admins := row("3", "admins_of_x", a, "admins_of_x")
	admins.Privileged, admins.Powers, admins.Reason = boolean(true), []string{"ADMIN of workspace \"x\""}, "held back"
	dead := row("4", "dead end", a, "dead end")
	held := row("5", "held", a, "held")
	return access.ClonePlan{
		Source: person("11", a), Target: person("12", "b@example.com"), Complete: true,
		IDPActions: []access.PlanRow{engineers}, DatabricksActions: []access.PlanRow{admins}, Follows: []access.PlanRow{bi},
		Skipped: []access.PlanRow{dead}, AlreadyMember: []access.PlanRow{held},
		NotCloned: []access.NotCloned{{Kind: access.KindRole, Value: "billing.admin"}, {Kind: access.KindGrant, Place: "table a.b.c", Value: "SELECT"}},
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	want := "## The access of `a@example.com` for `b@example.com`\n\nSource: `user/11`. Target: `user/12`.\n" + `
Totals: 1 in the identity provider, 0 in Databricks, 1 held back, 1 follow, 0 not verified, 1 left out, 1 there already, 2 not copied.

### To be added in the identity provider (1)

By the people who run it; Terraform does not write there.

| Group | Id | Object id there | Gives | Path of the source | Note |
| --- | --- | --- | --- | --- | --- |
| ~data-engineers~ | ~1~ | ~3f2a~ | ~USER~ in workspace ~prod~; ~SELECT~, ~USE_CATALOG~ on catalog ~main~ through ~bi~ | ~a@example.com~ → ~data-engineers~ | ~not there~ |

### Held back (1)

Until someone decides; the note says why.

| Group | Id | Gives | Path of the source | Note |
| --- | --- | --- | --- | --- |
| ~admins_of_x~ | ~3~ |  | ~a@example.com~ → ~admins_of_x~ | **privileged**: ~ADMIN of workspace "x"~; ~held back~ |

### Follow by themselves (1)

Once the groups in between are there.

| Group | Id | Gives | Path of the source | Waits for the identity provider |
| --- | --- | --- | --- | --- |
| ~bi~ | ~2~ |  | ~a@example.com~ → ~data-engineers~ → ~bi~ | ~data-engineers~ |

### Left out (1)

These have no workspace assignment, account role, entitlement, grant or ownership anywhere.

| Group | Id | Path of the source |
| --- | --- | --- |
| ~dead end~ | ~4~ | ~a@example.com~ → ~dead end~ |

### There already (1)

| Group | Id | Gives | Note |
| --- | --- | --- | --- |
| ~held~ | ~5~ |  |  |

### Not copied (2)

The source has these itself, not through a group: a clone is not equality.

| What | Where | Value | Note |
| --- | --- | --- | --- |
| account role |  | ~billing.admin~ |  |
| grant | ~table a.b.c~ | ~SELECT~ |  |

### Memberships

Thick: ~terraform apply~ adds it. Dotted, with a word: what it waits for. Dotted between groups: further routes.

~~~mermaid
graph LR
  source(["a@example.com"])
  target(["b@example.com"])
  n1["admins_of_x"]:::heldback
  n2["data-engineers"]:::idp
  n3["dead end"]:::skipped
  n4["held"]:::held
  n5["bi"]:::follows
  source --> n1
  target -. held back .-> n1
  source --> n2
  target -. identity provider .-> n2
  source --> n3
  source --> n4
  target --> n4
  n2 --> n5
  n1 -.-> n5
`
	for _, c := range classes {
		want += "  " + c + "\n"
	}
	want = strings.ReplaceAll(want+"~~~\n", "~", "`")
	if diff := cmp.Diff(want, Markdown(story())); diff != "" {
		t.Error(diff)
	}
}

func TestMarkdown_edges(t *testing.T) {
	t.Parallel()
	nothing := access.ClonePlan{Source: person("11", "a@example.com"), Target: person("12", ""), Complete: true}
	nothing.Target.Active = boolean(false)
	incompletePlan := story()
	incompletePlan.Complete = false
	incompletePlan.Problems = []access.Problem{{Incomplete: true, Text: "not every group | could be read"}}
	for range 12 {
		incompletePlan.Failures = append(incompletePlan.Failures, audit.Failure{Type: audit.TypeGroup, ID: "1", Call: "read", Reason: "500 <b>"})
	}
	withheld := story()
	withheld.Problems = incompletePlan.Problems
	withheld.DatabricksActions = append(withheld.DatabricksActions, row("6", "free", "a@example.com", "free"))
	twins := story()
	twins.Skipped = append(twins.Skipped, row("6", "dead end", "a@example.com", "dead end"))
	lost := story()
	lost.Unverified = []access.PlanRow{{GroupID: "9", Reason: "whether the source is a member could not be read"}}
	large := story()
	for range 100 {
		large.Skipped = append(large.Skipped, row("1", strings.Repeat("x", len(large.Skipped)+1), "a", strings.Repeat("x", len(large.Skipped)+1)))
		large.AlreadyMember = append(large.AlreadyMember, row("1", strings.Repeat("y", len(large.AlreadyMember)+1), "a", strings.Repeat("y", len(large.AlreadyMember)+1)))
	}
	wide := story()
	for i := range 60 {
		name := strings.Repeat("%", 254) + string(rune('A'+i))
		wide.Skipped = append(wide.Skipped, row("1", name, "a", name))
	}
	owner := story()
	for range 120 {
		owner.NotCloned = append(owner.NotCloned, access.NotCloned{Kind: access.KindOwnership, Place: "table a.b.t", Value: "OWNER"})
	}
	many := story()
	for range 20 {
		many.DatabricksActions[0].Catalog = append(many.DatabricksActions[0].Catalog, access.CatalogEffect{GroupID: "3", Privileges: []string{"SELECT"}, FullName: "t"})
	}
	many.DatabricksActions[0].CatalogMore = 80
	many.DatabricksActions[0].AlreadyTransitive = boolean(true)
	many.DatabricksActions[0].Privileged = nil
	for name, c := range map[string]struct {
		plan      access.ClonePlan
		want, not []string
	}{
		"nothing to do": {nothing, []string{"Nothing is left to be added.", "Target: `user/12` (inactive)."}, []string{"mermaid", "|"}},
		"incomplete": {incompletePlan, []string{
			"> **This plan is incomplete**", "> - <code>not every group &#124; could be read</code>\n", "> - `read of group/1`: `500 <b>`\n", "> and 2 more reads that failed\n",
		}, []string{"Nothing is left"}},
		"nothing is applied of a plan with a problem": {
			withheld, []string{"### Held back (2)\n\nUntil the plan is whole", `["free"]:::heldback`}, []string{"== terraform ==>"},
		},
		"two groups with one name":   {twins, []string{`n3["dead end#44; 2 groups"]:::skipped`}, nil},
		"the way there is not known": {lost, []string{"| `(unread)` | `9` |  | `whether the source is a member could not be read` |", `["9"]:::unverified`}, nil},
		"too large to draw":          {large, []string{"Not drawn: the graph has 309 edges"}, []string{"```mermaid"}},
		"names too long to draw":     {wide, []string{"Not drawn: with names as long as these, the graph is longer than the 50000 characters"}, []string{"```mermaid"}},
		"an owner of many tables":    {owner, []string{"### Not copied (122)", "| ownership | `table a.b.t` | `OWNER` |  |\n\nand 22 more, see `not_cloned`.\n"}, nil},
		"many grants": {many, []string{
			"; `SELECT` on  `t`; and 90 more |", "may be privileged; the target has it through another group; `held back` |",
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Markdown(c.plan)
			for _, part := range c.want {
				if !strings.Contains(got, part) {
					t.Errorf("no %q in\n%s", part, got)
				}
			}
			for _, part := range c.not {
				if strings.Contains(got, part) {
					t.Errorf("%q in\n%s", part, got)
				}
			}
		})
	}
}

// Names that want to be something else.
func TestMarkdown_escapes(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct{ code, label string }{
		"plain-name.of_x@example.com": {"`plain-name.of_x@example.com`", `"plain-name.of_x@example.com"`},
		"<script>alert(1)</script>":   {"`<script>alert(1)</script>`", `"#60;script#62;alert#40;1#41;#60;#47;script#62;"`},
		"a|b":                         {"<code>a&#124;b</code>", `"a#124;b"`},
		`a\|b`:                        {"<code>a&#92;&#124;b</code>", `"a#92;#124;b"`},
		"`x` [y](http://z)":           {"<code>&#96;x&#96; &#91;y&#93;&#40;http&#58;&#47;&#47;z&#41;</code>", `"#96;x#96; #91;y#93;#40;http#58;#47;#47;z#41;"`},
		"</code><img src=x>|":         {"<code>&#60;&#47;code&#62;&#60;img src&#61;x&#62;&#124;</code>", `"#60;#47;code#62;#60;img src#61;x#62;#124;"`},
		`x"]; click n1 "javascript:`:  {"`x\"]; click n1 \"javascript:`", `"x#34;#93;#59; click n1 #34;javascript#58;"`},
		"1. list":                     {"`1. list`", `"1#46; list"`},
		"- item":                      {"`- item`", `"#45; item"`},
		"two\nlines\r\n":              {"`two\ufffdlines\ufffd\ufffd`", `"two#65533;lines#65533;#65533;"`},
		"turned\u202eback":            {"`turned\ufffdback`", `"turned#65533;back"`},
		" @everyone":                  {"<code> &#64;everyone</code>", `" #64;everyone"`},
		"@everyone #1":                {"`@everyone #1`", `"#64;everyone #35;1"`},
		"Größe 日本":                    {"`Größe 日本`", `"Größe 日本"`},
		"":                            {"<code></code>", `""`},
	} {
		if got := markup.Code(name); got != want.code {
			t.Errorf("markup.Code(%q) = %s, want %s", name, got, want.code)
		}
		if got := markup.Label(name); got != want.label {
			t.Errorf("markup.Label(%q) = %s, want %s", name, got, want.label)
		}
	}
}

var (
	spans       = regexp.MustCompile("`[^`\\n]*`|<code>([\\pL\\pN ]|&#[0-9]+;)*</code>")
	mermaidLine = regexp.MustCompile(`^  ((source|target)\(\["L"\]\)|n[0-9]+\["L"\](:::[a-z]+)?|` +
		`(source|target|n[0-9]+) (-->|-\.->|== terraform ==>|-\. (identity provider|held back) \.->) n[0-9]+|classDef [a-z]+ [a-z0-9#:,-]+)$`)
	quoted = regexp.MustCompile(`"([\pL\pN ]|[-._@]|#[0-9]+;)*"`)
)

// Whatever a name is: outside of code there are only our own words, each table
// keeps its columns, and each line of the graph has one of its few forms.
func TestMarkdown_namesAreNoMarkup(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		draw := func(what string) string {
			return rapid.OneOf(rapid.StringOfN(rapid.RuneFrom([]rune("ab1`|\\<>\"'[](){}#&;:*_-.@!~%\n\r\t ü\u202e\u200b→")), 0, 12, -1), rapid.String()).Draw(rt, what)
		}
		p := story()
		p.Source.Name, p.Target.Name, p.Target.DisplayName = draw("source"), draw("target"), draw("display")
		for _, rows := range [][]access.PlanRow{p.IDPActions, p.DatabricksActions, p.Follows, p.Skipped, p.AlreadyMember} {
			for i := range rows {
				rows[i].GroupName, rows[i].GroupID, rows[i].Reason = draw("group"), draw("id"), draw("reason")
				for j := range rows[i].Path {
					rows[i].Path[j] = draw("path")
				}
				rows[i].Powers = []string{draw("power")}
				rows[i].Workspaces = []access.WorkspaceEffect{{WorkspaceName: draw("workspace"), Level: draw("level"), GroupID: "x", GroupName: draw("through")}}
				rows[i].Catalog = []access.CatalogEffect{{SecurableType: draw("type"), FullName: draw("full"), Privileges: []string{draw("privilege")}}}
				rows[i].Holdings = []access.HoldingEffect{{Kind: draw("kind"), Value: draw("value")}}
			}
		}
		p.NotCloned[0].Place, p.NotCloned[0].Value = draw("place"), draw("value")
		text := Markdown(p)
		if text != Markdown(p) {
			rt.Fatal("two renderings differ")
		}
		words, drawn, _ := strings.Cut(text, "```mermaid\ngraph LR\n")
		columns := 0
		for _, line := range strings.Split(words, "\n") {
			bare := spans.ReplaceAllString(line, "C")
			if strings.ContainsAny(bare, "`<[]\\&@~") {
				rt.Fatalf("markup in %q", line)
			}
			switch {
			case !strings.HasPrefix(bare, "|"):
				columns = 0
			case columns == 0:
				columns = strings.Count(line, "|")
			case strings.Count(line, "|") != columns:
				rt.Fatalf("%d bars, want %d: %q", strings.Count(line, "|"), columns, line)
			}
		}
		for _, line := range strings.Split(strings.TrimSuffix(drawn, "```\n"), "\n") {
			if line != "" && !mermaidLine.MatchString(quoted.ReplaceAllString(line, `"L"`)) {
				rt.Fatalf("no line of ours: %q", line)
			}
		}
	})
}

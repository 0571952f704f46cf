// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package readiness_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/judge"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/readiness"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"
)

// inSQL judges one view with a text, in an account with the group data.
func inSQL(f *readiness.Facts, text string) readiness.Result {
	f.Unknown[readiness.NeedConnectors] = []string{"no connector was read"}
	f.Definitions = append(f.Definitions, readiness.Definition{Kind: readiness.KindView, Name: "c.s.v", Text: text})
	for _, r := range readiness.Assess(f, nil).Results {
		if r.ID == "group_names_in_sql" {
			return r
		}
	}
	panic("no such check")
}

// Which groups a text asks for, and when that cannot be determined.
func TestGroupNamesInSQL(t *testing.T) {
	t.Parallel()
	const cannot = "cannot be determined"
	for text, want := range map[string]string{
		"is_member('a')": "a",
		"SELECT IS_Account_Group_Member ( \"a b\" )":         "a b",
		"`is_member`('a') OR is_member('b')":                 "a,b",
		"builtin.is_member('a')":                             "a",
		"system . builtin . is_member('a')":                  "a",
		"c.s.is_member('a')":                                 "",
		".is_member('a')":                                    "",
		"is_member('a' 'b')":                                 "ab",
		"is_member('a' /* x */ \"b\")":                       "ab",
		"is_member('it''s')":                                 cannot,
		`is_member('it\'s')`:                                 "it's",
		`is_member(r'a\b')`:                                  `a\b`,
		`is_member('a\nb')`:                                  cannot,
		"is_member('a' || 'b')":                              cannot,
		"is_member(concat('a', 'b'))":                        cannot,
		"is_member(g)":                                       cannot,
		"is_member('a', 'b')":                                cannot,
		"is_member()":                                        cannot,
		"is_member('a'":                                      cannot,
		"EXECUTE IMMEDIATE 'select is_member(\"a\")'":        cannot,
		"-- is_member('a')\nis_member('b')":                  "b",
		"/* is_member('a') /* */ is_member('b') */ select 1": "",
		"select 1 -- is_member(":                             "",
		"select 'x' /* is_member('a')":                       cannot,
		"select 'x":                                          cannot,
		"select `x":                                          cannot,
		"my_is_member('a') + is_member_x('b') + is_member":   "",
		"is_member--\r\n('ä')":                               "ä",
	} {
		f := settle(spared())
		delete(f.Unknown, readiness.NeedSQL)
		r := inSQL(f, text)
		var names []string
		for name := range readiness.GroupNamesInSQL(f) {
			names = append(names, name)
		}
		slices.Sort(names)
		got := strings.Join(names, ",")
		if strings.Contains(strings.Join(r.Unknown, " "), cannot) {
			got = cannot
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// What is wrong with a name, and what else has to be known for that.
func TestGroupNamesInSQL_judged(t *testing.T) {
	t.Parallel()
	gone := func(need readiness.Need) func(*readiness.Facts) {
		return func(f *readiness.Facts) { f.Unknown[need] = []string{"403"} }
	}
	rename := func(f *readiness.Facts) {
		f.Report.Groups = []judge.GroupDivergence{{GroupName: "data", ExternalID: "g-1", Divergence: judge.Divergence{
			Ref: audit.Ref{Type: audit.TypeGroup, ID: "10"}, ErrorCategories: []string{rules.CategoryNameMismatch}, Cause: "renamed", Action: "x", IDPName: "data-2",
		}}}
	}
	for name, c := range map[string]struct {
		text   string
		change func(*readiness.Facts)
		want   readiness.Status
		detail string
	}{
		"there":                  {text: "is_account_group_member('data')", want: readiness.Met},
		"not there":              {text: "is_account_group_member('new')", want: readiness.NotMet, detail: "is_account_group_member('new'), and the account has no group of that name"},
		"of the account":         {text: "is_account_group_member('account users') OR is_member('admins') OR is_member('users')", want: readiness.Met},
		"admins, of the account": {text: "is_account_group_member('admins')", want: readiness.NotMet, detail: "is_account_group_member('admins'), and the account has no group of that name"},
		"another case":           {text: "is_member('Data')", want: readiness.Unknown},
		"of a workspace":         {text: "is_member('old')", change: func(f *readiness.Facts) { f.LocalGroups = []readiness.LocalGroup{{Name: "old"}} }, want: readiness.Met},
		"of a workspace, asked of the account": {text: "is_account_group_member('old')", change: func(f *readiness.Facts) { f.LocalGroups = []readiness.LocalGroup{{Name: "old"}} },
			want: readiness.NotMet, detail: "is_account_group_member('old'), and the account has no group of that name"},
		"perhaps of a workspace":   {text: "is_member('old')", change: gone(readiness.NeedLocalGroups), want: readiness.Unknown},
		"no matter of a workspace": {text: "is_account_group_member('data')", change: gone(readiness.NeedLocalGroups), want: readiness.Met},
		"perhaps renamed":          {text: "is_account_group_member('data')", change: gone(readiness.NeedIDP), want: readiness.Unknown},
		"no matter of the IdP":     {text: "is_member('admins')", change: gone(readiness.NeedIDP), want: readiness.Met},
		"groups not listed": {text: "is_member('new')", change: func(f *readiness.Facts) {
			gone(readiness.NeedGroups)(f)
			f.Inventory.Coverage.Groups = false
		}, want: readiness.Unknown},
		"renamed": {text: "is_account_group_member('data')", want: readiness.NotMet, change: rename,
			detail: "is_account_group_member('data'), and group/10 of that name is called data-2 in the identity provider"},
		"renamed, the new name": {text: "is_account_group_member('data-2')", want: readiness.NotMet, change: rename,
			detail: "is_account_group_member('data-2'), and group/10 has that name in the identity provider only: here it is called data"},
		"renamed, both names":  {text: "is_account_group_member('data-2') OR is_account_group_member('data')", want: readiness.Met, change: rename},
		"perhaps its new name": {text: "is_account_group_member('data') OR is_account_group_member('new')", change: gone(readiness.NeedIDP), want: readiness.Unknown},
		"no new name of any":   {text: "is_account_group_member('new')", change: gone(readiness.NeedIDP), want: readiness.NotMet, detail: "is_account_group_member('new'), and the account has no group of that name"},
		"not read":             {text: "is_account_group_member('data')", change: gone(readiness.NeedSQL), want: readiness.Unknown},
	} {
		f := spared()
		if c.change != nil {
			c.change(f)
		}
		r := inSQL(f, c.text)
		detail := ""
		if len(r.Affected) > 0 {
			detail = r.Affected[0].Detail
		}
		if r.Status != c.want || detail != c.detail {
			t.Errorf("%s: %s %q, want %s %q (%v)", name, r.Status, detail, c.want, c.detail, r.Unknown)
		}
	}
	f := spared()
	f.Definitions = []readiness.Definition{
		{Kind: readiness.KindFunction, Name: "c.s.f", Text: "is_member('data')", Cut: true}, {Kind: readiness.KindFunction, Name: "c.s.p", Text: "is_member('data')", Language: "PYTHON"},
		{Kind: readiness.KindFunction, Name: "c.s.g", Text: "is_member('new')", Uses: []string{"row filter of 2 tables, the first in c.s.t"}},
	}
	r := inSQL(f, "")
	if diff := cmp.Diff([]string{
		"which groups function/c.s.f asks for cannot be determined: it is too long to be read whole", "which groups function/c.s.p asks for cannot be determined: it is written in PYTHON",
	}, r.Unknown); diff != "" || r.Affected[0].Detail != "is_member('new'), and the account has no group of that name; row filter of 2 tables, the first in c.s.t" {
		t.Errorf("%s %v", diff, r.Affected)
	}
}

// Any text that is made of calls, comments, texts and other words, in any order: exactly
// the names of the calls that are code.
func TestGroupNamesInSQL_anyText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		wanted := map[string]bool{}
		var b strings.Builder
		for range rapid.IntRange(0, 8).Draw(rt, "parts") {
			name := rapid.StringMatching(`[a-zé \-/*(),.;]{1,8}`).Draw(rt, "name")
			quote := rapid.SampledFrom([]string{"'", `"`}).Draw(rt, "quote")
			call := rapid.SampledFrom([]string{"is_member", "IS_MEMBER", "is_account_group_member", "`is_member`", "Is_Account_Group_Member"}).Draw(rt, "call")
			space := rapid.SampledFrom([]string{"", " ", "\n", "/* ' */", "-- \"\n", "\t/*/**/*/"}).Draw(rt, "space")
			whole := call + space + "(" + space + quote + name + quote + space + ")"
			switch rapid.SampledFrom([]string{"call", "line", "block", "schema", "word", "text"}).Draw(rt, "kind") {
			case "call":
				wanted[name] = true
				b.WriteString(whole)
			case "line":
				b.WriteString("-- " + strings.ReplaceAll(whole, "\n", " "))
				b.WriteString("\n")
			case "block":
				b.WriteString("/* " + strings.NewReplacer("/*", "", "*/", "").Replace(whole) + " */")
			case "schema":
				b.WriteString("c.`s`." + whole)
			case "word":
				b.WriteString("x_" + strings.ReplaceAll(whole, "`", ""))
			case "text":
				b.WriteString(quote + name + quote)
			}
			b.WriteString(" AND ")
		}
		f := spared()
		r := inSQL(f, b.String())
		got := map[string]bool{}
		for n, at := range readiness.GroupNamesInSQL(f) {
			got[n] = slices.Equal(at, []string{"view/c.s.v"})
		}
		if diff := cmp.Diff(wanted, got); diff != "" || strings.Contains(fmt.Sprint(r.Unknown), "determined") {
			rt.Errorf("%q: %v\n%s", b.String(), r.Unknown, diff)
		}
	})
}

// FuzzGroupNamesInSQL: no text makes it fail, or find a name that is not in it.
func FuzzGroupNamesInSQL(f *testing.F) {
	for _, seed := range []string{"is_member('a')", `is_member(r"a\`, "/*/**/", "`is_member`(\"a\" 'b')", "is_member('\\u0041')"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		facts := spared()
		inSQL(facts, text)
		for name := range readiness.GroupNamesInSQL(facts) {
			for _, r := range name {
				if !strings.ContainsRune(text, r) && r != '\uFFFD' {
					t.Errorf("%q: %q", text, name)
				}
			}
		}
	})
}

// Twenty reasons are all said; of more the rest is counted.
func TestSentences_bound(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{20: "", 21: "and 1 more", 22: "and 2 more"} {
		f := settle(spared())
		delete(f.Unknown, readiness.NeedSQL)
		for i := range n {
			f.Definitions = append(f.Definitions, readiness.Definition{Kind: readiness.KindView, Name: fmt.Sprintf("c.s.v%02d", i), Text: "is_member('DATA')"})
		}
		unknown := inSQL(f, "is_member('data')").Unknown
		if last := unknown[len(unknown)-1]; len(unknown) != min(n, 20)+len(want)/len("and 1 more") || strings.HasPrefix(last, "and ") != (want != "") || !strings.HasPrefix(last, want) {
			t.Errorf("%d reasons: %d are said, the last is %q", n, len(unknown), last)
		}
	}
}

// The evidence of SQL counts definitions and names, and says nothing where nothing was read.
func TestDefinitions_evidence(t *testing.T) {
	t.Parallel()
	f := settle(spared())
	delete(f.Unknown, readiness.NeedSQL)
	const of = "group_names_in_sql"
	if got := strings.Join(evidenceOf(f, of), " "); strings.Contains(got, "views and functions") {
		t.Errorf("without definitions it says %q", got)
	}
	inSQL(f, "is_member('data') OR is_member('b')")
	if got := strings.Join(evidenceOf(f, of), " "); !strings.Contains(got, "1 views and functions ask for groups, by 2 names") {
		t.Errorf("it says %q", got)
	}
}

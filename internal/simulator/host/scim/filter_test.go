// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package scim

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// formatFilter writes a filter with every parenthesis.
func formatFilter(e filterExpr) string {
	join := func(terms []filterExpr, word string) string {
		parts := make([]string, len(terms))
		for i, t := range terms {
			parts[i] = formatFilter(t)
		}
		return "(" + strings.Join(parts, " "+word+" ") + ")"
	}
	switch e := e.(type) {
	case filterAnd:
		return join(e.terms, "and")
	case filterOr:
		return join(e.terms, "or")
	case filterNot:
		return "not " + join([]filterExpr{e.term}, "")
	case filterCompare:
		if e.op == "pr" {
			return e.attr + " pr"
		}
		value, err := json.Marshal(e.value)
		if err != nil {
			panic(err) // Strings and bools always have a form.
		}
		return e.attr + " " + e.op + " " + string(value)
	default:
		return "?"
	}
}

func TestParseFilter(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ in, want string }{
		{`userName eq "a"`, `username eq "a"`},
		{`USERNAME Eq "A b"`, `username eq "A b"`},
		{`userName eq 'a@example.com'`, `username eq "a@example.com"`},
		{`displayName eq 'say "hi" it\'s'`, `displayname eq "say \"hi\" it's"`},
		{`displayName eq "a \"quoted\" \\ b"`, `displayname eq "a \"quoted\" \\ b"`},
		{`displayName eq "(x) and y or z"`, `displayname eq "(x) and y or z"`},
		{`displayName eq "\u00e9"`, `displayname eq "é"`},
		{`active eq true`, `active eq true`},
		{`active NE False`, `active ne false`},
		{`a eq "1" or b eq "2" and c eq "3"`, `(a eq "1" or (b eq "2" and c eq "3"))`},
		{`a eq "1" and b eq "2" or c eq "3"`, `((a eq "1" and b eq "2") or c eq "3")`},
		{`(a eq "1" or b eq "2") and c eq "3"`, `((a eq "1" or b eq "2") and c eq "3")`},
		{`a eq "1" AND b eq "2" And c eq "3"`, `(a eq "1" and b eq "2" and c eq "3")`},
		{`((a co "1"))`, `a co "1"`},
		{`a sw ""`, `a sw ""`},
		{"\ta eq\n\"1\" ", `a eq "1"`},
		{`a eq "1"or b eq "2"`, `(a eq "1" or b eq "2")`},
	} {
		e, err := parseFilter(tc.in, false)
		if err != nil {
			t.Errorf("parseFilter(%s): %v", tc.in, err)
			continue
		}
		if got := formatFilter(e); got != tc.want {
			t.Errorf("parseFilter(%s) = %s, want %s", tc.in, got, tc.want)
		}
	}
}

func TestParseFilter_refused(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ in, want string }{
		{``, "the filter is empty"},
		{`  `, "the filter is empty"},
		{`userName`, "an operator is expected"},
		{`userName eq`, "a string in double quotes"},
		{`userName eq a`, `unexpected "a" at position 13`},
		{`userName eq 5`, `unexpected "5"`},
		{`userName eq null`, `unexpected "null"`},
		{`userName eq "a`, "does not end"},
		{`userName eq "a\"`, "does not end"},
		{`userName eq "\x"`, "invalid escape"},
		{"userName eq \"\xff\"", "not UTF-8"},
		{`userName gt "a"`, `"gt" is no supported operator`},
		{`userName ew "a"`, "ew is not supported"},
		{`userName pr`, "pr is not supported"},
		{`not (userName eq "a")`, "not is not supported"},
		{`active co true`, "co needs a string"},
		{`userName eq "a" and`, "an attribute is expected"},
		{`userName eq "a" userName eq "b"`, `expected and, or or the end`},
		{`(userName eq "a"`, "a closing parenthesis"},
		{`userName eq "a")`, `unexpected ")"`},
		{`and`, "an operator is expected"},
		{strings.Repeat("(", 5000), "INVALID_FILTER: the filter nests deeper"},
	} {
		_, err := parseFilter(tc.in, false)
		var failure filterError
		if !errors.As(err, &failure) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("parseFilter(%.40s): %v, want an error with %q", tc.in, err, tc.want)
		}
	}
}

// filterOf has n comparisons and n-1 operators.
func filterOf(n int) string {
	return strings.TrimSuffix(strings.Repeat(`userName eq "a" or `, n), " or ")
}

func TestParseFilter_nodes(t *testing.T) {
	t.Parallel()
	if _, err := parseFilter(filterOf(100), false); err != nil {
		t.Errorf("199 nodes: %v", err)
	}
	if _, err := parseFilter(filterOf(100)+` and (userName eq "a")`, false); err == nil || !strings.Contains(err.Error(), "INVALID_FILTER") {
		t.Errorf("201 nodes: %v", err)
	}
}

func TestParseFilter_rfc(t *testing.T) {
	t.Parallel()
	e, err := parseFilter(`externalId pr and not (userName ew ".com" or userName pr)`, true)
	if err != nil {
		t.Fatal(err)
	}
	want := filterAnd{[]filterExpr{
		filterCompare{attr: "externalid", op: "pr"},
		filterNot{filterOr{[]filterExpr{
			filterCompare{attr: "username", op: "ew", value: ".com"}, filterCompare{attr: "username", op: "pr"},
		}}},
	}}
	if diff := cmp.Diff(want, e, cmp.AllowUnexported(filterAnd{}, filterOr{}, filterNot{}, filterCompare{})); diff != "" {
		t.Error(diff)
	}
}

func TestFilter_users(t *testing.T) {
	t.Parallel()
	users := []*world.User{
		{ID: "1", UserName: "Ann@example.com", DisplayName: "Ann B", ExternalID: "Abc", Active: true,
			Name:   &world.PersonName{GivenName: "Ann", FamilyName: "B"},
			Emails: []world.Email{{Value: "ann@example.com", Type: "work"}, {Value: "other@example.org"}},
			Roles:  []world.Role{{Value: "account_admin"}}},
		{ID: "2", UserName: "bob@example.net", DisplayName: "Bob", Active: false},
		{ID: "3", UserName: "cat@example.com", ExternalID: "abc", Active: true},
	}
	evaluated := Assumptions{ExternalIDFilter: "evaluated", FilterOperators: "rfc"}
	for _, tc := range []struct {
		a          Assumptions
		in, wanted string // ids
	}{
		{Assumptions{}, `userName eq "ANN@EXAMPLE.COM"`, "1"},
		{Assumptions{}, `userName ne "ann@example.com"`, "2 3"},
		{Assumptions{}, `userName co "EXAMPLE.com"`, "1 3"},
		{Assumptions{}, `userName sw "b"`, "2"},
		{Assumptions{}, `urn:ietf:params:scim:schemas:core:2.0:User:userName sw "b"`, "2"},
		{Assumptions{}, `emails.value eq "Other@example.org"`, "1"},
		{Assumptions{}, `emails co "example"`, "1"},
		{Assumptions{}, `emails.value ne "other@example.org"`, "2 3"},
		{Assumptions{}, `displayName eq "bob"`, "2"},
		{Assumptions{DisplayNameCase: "exact"}, `displayName eq "bob"`, ""},
		{Assumptions{}, `name.givenName eq "ann" and name.familyName sw "b"`, "1"},
		{Assumptions{}, `active eq false`, "2"},
		{Assumptions{}, `active ne false`, "1 3"},
		{Assumptions{}, `roles.value eq "account_admin"`, "1"},
		{Assumptions{}, `id eq "3"`, "3"},
		{Assumptions{}, `externalId eq "nobody"`, "1 2 3"},
		{Assumptions{}, `externalId eq "nobody" and userName sw "c"`, "3"},
		{evaluated, `externalId eq "abc"`, "3"},
		{evaluated, `externalId ne "abc"`, "1 2"},
		{evaluated, `not (externalId pr)`, "2"},
		{evaluated, `userName ew ".net"`, "2"},
		{Assumptions{}, `userName sw "a" or userName sw "b" and active eq true`, "1"},
		{Assumptions{}, `(userName sw "a" or userName sw "b") and active eq false`, "2"},
	} {
		e, err := parseFilter(tc.in, tc.a.FilterOperators == "rfc")
		if err != nil {
			t.Fatalf("%s: %v", tc.in, err)
		}
		keep, err := tc.a.compileFilter(world.KindUser, e)
		if err != nil {
			t.Errorf("%s: %v", tc.in, err)
			continue
		}
		var got []string
		for _, u := range users {
			if keep(world.Principal{Kind: world.KindUser, User: u}) {
				got = append(got, u.ID)
			}
		}
		if ids := strings.Join(got, " "); ids != tc.wanted {
			t.Errorf("%s: got %q, want %q", tc.in, ids, tc.wanted)
		}
	}
}

func TestFilter_attributesRefused(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		kind world.Kind
		a    Assumptions
		in   string
	}{
		{world.KindUser, Assumptions{}, `nickName eq "x"`},
		{world.KindUser, Assumptions{}, `active eq "true"`},
		{world.KindUser, Assumptions{}, `userName eq true`},
		{world.KindUser, Assumptions{}, `userName sw "a" and (nickName eq "x")`},
		{world.KindGroup, Assumptions{}, `userName eq "x"`},
		{world.KindGroup, Assumptions{}, `members.value eq "1"`},
		{world.KindServicePrincipal, Assumptions{}, `emails.value eq "x"`},
		{world.KindGroup, Assumptions{ExternalIDFilter: "refused"}, `externalId eq "x"`},
	} {
		e, err := parseFilter(tc.in, false)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tc.a.compileFilter(tc.kind, e); err == nil {
			t.Errorf("%s %s: no error", tc.kind, tc.in)
		}
	}
}

// FuzzSCIMFilter: no text is fatal, and a filter that is understood means the
// same once it is written with every parenthesis.
func FuzzSCIMFilter(f *testing.F) {
	for _, seed := range []string{
		`userName eq "a"`, `a eq "1" or (b ne 'x' and not (c pr))`, `displayName co "\u0041\"" and active eq true`,
		`((`, `"`, `a eq "\`, filterOf(101), "\x00", `userName eq "a" and`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		e, err := parseFilter(in, true)
		if err != nil {
			var failure filterError
			if !errors.As(err, &failure) {
				t.Fatalf("not a filterError: %v", err)
			}
			return
		}
		once := formatFilter(e)
		again, err := parseFilter(once, true)
		if err != nil {
			t.Fatalf("%q became %q, which is refused: %v", in, once, err)
		}
		if twice := formatFilter(again); twice != once {
			t.Fatalf("%q became %q and then %q", in, once, twice)
		}
		if keep, err := (Assumptions{}).compileFilter(world.KindUser, e); err == nil {
			keep(world.Principal{Kind: world.KindUser, User: &world.User{ID: "1", UserName: "a"}})
		}
	})
}

func TestParsePatchPath(t *testing.T) {
	t.Parallel()
	show := func(p patchPath) string {
		out := p.attr
		if p.filter != nil {
			out += "[" + formatFilter(p.filter) + "]"
		}
		return fmt.Sprintf("%s.%s %t", out, p.sub, p.foreign)
	}
	for _, tc := range []struct {
		kind     world.Kind
		in, want string // want "!" is an invalidPath, "?" an invalidFilter
	}{
		{world.KindUser, "externalId", "externalid. false"},
		{world.KindUser, " EXTERNALID ", "externalid. false"},
		{world.KindUser, "name.familyName", "name.familyname false"},
		{world.KindUser, `emails[type eq "work"].value`, `emails[type eq "work"].value false`},
		{world.KindUser, `emails[type eq "]" and primary eq true].value`, `emails[(type eq "]" and primary eq true)].value false`},
		{world.KindUser, "urn:ietf:params:scim:schemas:core:2.0:User:userName", "username. false"},
		{world.KindUser, "URN:ietf:params:scim:schemas:core:2.0:user:name.givenName", "name.givenname false"},
		{world.KindGroup, `urn:ietf:params:scim:schemas:core:2.0:Group:members[value eq "1"]`, `members[value eq "1"]. false`},
		{world.KindUser, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", ". true"},
		{world.KindGroup, `members[VALUE Eq "1" or value eq "2"]`, `members[(value eq "1" or value eq "2")]. false`},
		{world.KindGroup, `members[$ref eq "Users/1"]`, `members[$ref eq "Users/1"]. false`},
		{world.KindGroup, "members.$ref", "members.$ref false"},
		{world.KindGroup, "urn:ietf:params:scim:schemas:core:2.0:User:userName", "!"},
		{world.KindGroup, "", "!"},
		{world.KindGroup, ".", "!"},
		{world.KindGroup, "a.b.c", "!"},
		{world.KindGroup, "1a", "!"},
		{world.KindGroup, "members value", "!"},
		{world.KindGroup, `members[value eq "1"`, "!"},
		{world.KindGroup, `[value eq "1"]`, "!"},
		{world.KindGroup, `members[value eq "1"]x`, "!"},
		{world.KindGroup, `members[value eq "1"].`, "!"},
		{world.KindGroup, `members[value eq "1"].a.b`, "!"},
		{world.KindGroup, `members[]`, "?"},
		{world.KindGroup, `members[value]`, "?"},
		{world.KindGroup, `members[value eq "1]`, "!"},
		{world.KindGroup, `members[userName eq "1"]`, "?"},
		{world.KindGroup, `members[not (id eq "1")]`, "?"},
	} {
		got, failure := parsePatchPath(tc.kind, tc.in)
		text := show(got)
		if failure != nil {
			text = map[string]string{"invalidPath": "!", "invalidFilter": "?"}[failure.scimType]
		}
		if text != tc.want {
			t.Errorf("parsePatchPath(%s, %s) = %s, want %s", tc.kind, tc.in, text, tc.want)
		}
	}
}

// FuzzSCIMPatchPath: no path is fatal; one that is understood has an attribute,
// and an operation on it either succeeds or is refused with a 4xx or 500.
func FuzzSCIMPatchPath(f *testing.F) {
	for _, seed := range []string{
		"externalId", "members", `members[value eq "2"]`, `roles[value eq "account_admin"]`, `emails[type eq "work"].value`,
		"name.familyName", "urn:ietf:params:scim:schemas:core:2.0:Group:displayName", "active", `members[`, `a[b eq "]"].c`, "id",
	} {
		f.Add(seed, `"x"`)
		f.Add(seed, `[{"value":"2"}]`)
	}
	f.Fuzz(func(t *testing.T, path, value string) {
		for _, kind := range []world.Kind{world.KindUser, world.KindGroup, world.KindServicePrincipal} {
			if p, failure := parsePatchPath(kind, path); failure == nil && p.attr == "" && !p.foreign {
				t.Fatalf("%q has no attribute", path)
			}
		}
		w, err := world.New(world.State{
			Groups: []world.Group{{ID: "1", DisplayName: "g", Members: []world.Member{{Value: "2"}}}},
			Users:  []world.User{{ID: "2", UserName: "u@example.com"}, {ID: "3", UserName: "v@example.com"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		s := accountSCIM{Base: &api.Base{}}
		for id, p := range w.ByID {
			for _, op := range []string{opAdd, opReplace, opRemove} {
				d := s.newDraft(w, p)
				failure := d.apply(patchOperation{Op: op, Path: path, Value: json.RawMessage(value)})
				if failure == nil {
					failure = d.commit()
				}
				if failure != nil && (failure.status < 400 || failure.status > 500) {
					t.Fatalf("%s %q of %s: %v", op, path, id, failure)
				}
			}
		}
	})
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/accounttest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// maze has what a graph can have: nesting three deep (11, 12, 13), a diamond (11,
// 14, 15, 13), a cycle of two (16, 17) and of one (18), a system group, members
// twice and members that do not exist, and groups that no one is in.
func maze() simulator.State {
	members := func(ids ...string) []simulator.Member {
		var out []simulator.Member
		for _, id := range ids {
			out = append(out, simulator.Member{Value: id})
		}
		return out
	}
	return simulator.State{
		Users: []simulator.User{
			{ID: "1", UserName: "a@example.com", DisplayName: "A", Active: true, ExternalID: "x1"},
			{ID: "2", UserName: "b@example.com", DisplayName: "B", Active: true},
			{ID: "3", UserName: "c@example.com", DisplayName: "C", Active: true},
		},
		ServicePrincipals: []simulator.ServicePrincipal{{ID: "21", ApplicationID: accounttest.GUID(3, 1), DisplayName: "app", Active: true}},
		Groups: []simulator.Group{
			{ID: "11", DisplayName: "eleven", Members: members("1", "21", "404", "405")},
			{ID: "12", DisplayName: "twelve", Members: members("11"), ExternalID: "x12"},
			{ID: "13", DisplayName: "thirteen", Members: members("12", "15")},
			{ID: "14", DisplayName: "fourteen", Members: members("11", "2")},
			{ID: "15", DisplayName: "fifteen", Members: members("14", "11")},
			{ID: "16", DisplayName: "sixteen", Members: members("2", "17")},
			{ID: "17", DisplayName: "seventeen", Members: members("16")},
			{ID: "18", DisplayName: "eighteen", Members: members("2", "18")},
			{ID: "19", DisplayName: "nineteen"},
			{ID: "20", DisplayName: "account users", System: true, Members: members("1", "2", "3", "21")},
		},
	}
}

func principal(ref audit.Ref, name string) audit.Principal {
	return audit.Principal{Ref: ref, Name: name, DisplayName: name}
}

// graph reads and compares.
func diffOf(t *testing.T, c *account.Client, a, b audit.Principal) access.Diff {
	t.Helper()
	g, err := c.AccessGraph(t.Context(), a, b)
	if err != nil {
		t.Fatal(err)
	}
	return access.Compare(g, a, b)
}

// rows are a diff in short: per group whether it is direct and through which
// groups it comes.
func rows(d access.Diff) string {
	var b strings.Builder
	state := func(v *bool) string {
		switch {
		case v == nil:
			return "?"
		case *v:
			return "+"
		default:
			return "-"
		}
	}
	for _, list := range []struct {
		name string
		rows []access.DiffRow
	}{{"a", d.OnlyInA}, {"b", d.OnlyInB}, {"both", d.Both}} {
		for _, r := range list.rows {
			fmt.Fprintf(&b, "%s %s %s%s %s %s %s\n", list.name, r.GroupID, state(r.DirectInA), state(r.DirectInB),
				strings.Join(r.PathInA, ">"), strings.Join(r.PathInB, ">"), r.Hint)
		}
	}
	return b.String()
}

// Both routes give the same comparison of users, service principals and groups,
// principals inside cycles included (R5 to R8).
func TestAccessGraph_routesAgree(t *testing.T) {
	t.Parallel()
	all := []audit.Principal{
		principal(accounttest.User("1"), "A"), principal(accounttest.User("2"), "B"), principal(accounttest.User("3"), "C"), principal(accounttest.SP("21"), "app"),
		principal(accounttest.Group("11"), "eleven"), principal(accounttest.Group("16"), "sixteen"), principal(accounttest.Group("18"), "eighteen"), principal(accounttest.Group("19"), "nineteen"),
	}
	sim := accounttest.Start(t, maze(), simulator.Options{Assumed: simulator.Assumed{Identity: simulator.IdentityAssumptions{ShortPages: true}}})
	told := accounttest.Connect(t, accounttest.Config(sim))
	cfg := accounttest.Config(sim)
	cfg.IdentityAPI = "scim"
	crawled := accounttest.Connect(t, cfg)
	for i, a := range all {
		for _, b := range all[i:] {
			one, two := diffOf(t, told, a, b), diffOf(t, crawled, a, b)
			if one.Route != access.RouteIAMv2 || two.Route != access.RouteSCIM {
				t.Fatalf("routes %q and %q", one.Route, two.Route)
			}
			one.Route, two.Route = "", ""
			if diff := cmp.Diff(withoutOrigins(one), withoutOrigins(two)); diff != "" {
				t.Errorf("%s and %s (-IAM v2 +SCIM):\n%s", a.Ref, b.Ref, diff)
			}
			if !one.Complete || one.Equal == nil || !two.Complete {
				t.Errorf("%s and %s: incomplete: %v, %v", a.Ref, b.Ref, one.Failures, two.Failures)
			}
		}
	}
	d := diffOf(t, told, all[0], all[1])
	want := "a 11 +- A>eleven  unchecked\n" +
		"a 12 -- A>eleven>twelve  follows\n" +
		"b 18 -+  B>eighteen unchecked\n" +
		"b 17 --  B>sixteen>seventeen follows\n" +
		"b 16 -+  B>sixteen unchecked\n" +
		"both 20 ++ A>account users B>account users \n" +
		"both 15 -- A>eleven>fifteen B>fourteen>fifteen \n" +
		"both 14 -+ A>eleven>fourteen B>fourteen \n" +
		"both 13 -- A>eleven>twelve>thirteen B>fourteen>fifteen>thirteen \n"
	if got := rows(d); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if d.DeadMembers != 2 || !cmp.Equal(d.Cycles, [][]string{{"16", "17"}, {"18"}}) || d.Equal == nil || *d.Equal {
		t.Errorf("dead %d, cycles %v, equal %v", d.DeadMembers, d.Cycles, d.Equal)
	}
}

// withoutOrigins drops what only IAM v2 returns: who owns a membership.
func withoutOrigins(d access.Diff) access.Diff {
	for _, list := range []*[]access.DiffRow{&d.OnlyInA, &d.OnlyInB, &d.Both} {
		*list = slices.Clone(*list)
		for i := range *list {
			(*list)[i].Origin = ""
		}
	}
	return d
}

func TestAccessGraph_requests(t *testing.T) {
	t.Parallel()
	a, b := principal(accounttest.User("1"), "A"), principal(accounttest.User("2"), "B")
	t.Run("IAM v2", func(t *testing.T) {
		t.Parallel()
		sim := accounttest.Start(t, maze(), simulator.Options{})
		c := accounttest.Connect(t, accounttest.Config(sim))
		diffOf(t, c, a, b)
		// Ten groups but one; the system group needs no list of members.
		if p, g, m := accounttest.Count(sim, http.MethodGet, "/transitive-parent-groups"), accounttest.Count(sim, http.MethodGet, "/Groups/"), accounttest.Count(sim, http.MethodGet, "/direct-members"); p != 2 || g != 9 || m != 8 {
			t.Errorf("%d lists of parents, %d groups, %d lists of members", p, g, m)
		}
		total := sim.Server.Requests().Total
		diffOf(t, c, b, a)
		c.Privileges(t.Context(), nil)
		if n := sim.Server.Requests().Total; n != total {
			t.Errorf("again: %d more requests", n-total)
		}
	})
	t.Run("SCIM, for many at a time", func(t *testing.T) {
		t.Parallel()
		sim := accounttest.Start(t, maze(), simulator.Options{NoIAMv2: true})
		c := accounttest.Connect(t, accounttest.Config(sim))
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if _, err := c.AccessGraph(t.Context(), a, b); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n, lists := accounttest.Count(sim, http.MethodGet, "/Groups/"), accounttest.Count(sim, http.MethodGet, "/scim/v2/")-accounttest.Count(sim, http.MethodGet, "/Groups/"); n != 10 || lists != 3 {
			t.Errorf("%d groups and %d lists were read, want 10 and 3", n, lists)
		}
	})
}

// The figures of the issue: 5,000 groups. IAM v2 stays within 10 requests and 3
// for each group of the two closures, SCIM crawls once for ten diffs.
func TestAccessGraph_fiveThousandGroups(t *testing.T) {
	t.Parallel()
	st := simulator.State{Users: []simulator.User{
		{ID: "1", UserName: "a@example.com", DisplayName: "A", Active: true}, {ID: "2", UserName: "b@example.com", DisplayName: "B", Active: true},
	}}
	for i := range 5000 {
		g := simulator.Group{ID: fmt.Sprint(10000 + i), DisplayName: fmt.Sprintf("group %04d", i)}
		switch {
		case i < 20: // Direct: 20 of A, of which 5 are also B's.
			g.Members = []simulator.Member{{Value: "1"}}
			if i < 5 {
				g.Members = append(g.Members, simulator.Member{Value: "2"})
			}
		case i < 40: // Each above one of them.
			g.Members = []simulator.Member{{Value: fmt.Sprint(10000 + i - 20)}}
		}
		st.Groups = append(st.Groups, g)
	}
	const closures = 40
	for name, tc := range map[string]struct {
		opts simulator.Options
		most int
	}{
		"IAM v2": {simulator.Options{}, 10 + 3*closures},
		"SCIM":   {simulator.Options{NoIAMv2: true}, 20 + 5000/100 + 5000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := accounttest.Start(t, st, tc.opts)
			c := accounttest.Connect(t, accounttest.Config(sim))
			for i := range 10 {
				var of []audit.Principal
				for _, name := range []string{"a@example.com", "b@example.com"} {
					hits, err := c.Find(t.Context(), audit.Selector{UserName: name})
					if err != nil || len(hits) != 1 {
						t.Fatalf("%v, %v", hits, err)
					}
					of = append(of, hits[0])
				}
				d := diffOf(t, c, of[0], of[1])
				if len(d.OnlyInA) != 30 || len(d.Both) != 10 || !d.Complete {
					t.Fatalf("%d and %d groups, failures %v", len(d.OnlyInA), len(d.Both), d.Failures)
				}
				n := sim.Server.Requests().Total
				if n > tc.most {
					t.Fatalf("%d requests, want at most %d", n, tc.most)
				}
				if i == 0 {
					t.Logf("%d requests for one diff of closures of %d groups", n, closures)
				}
				tc.most += 2 // Principals are looked for each time.
			}
			t.Logf("%d requests for ten diffs", sim.Server.Requests().Total)
		})
	}
}

// No failure loses a membership in silence: the graph is whole, or it has a hole
// that names the group and the reason, or there is an error (R11 to R13).
func TestAccessGraph_faults(t *testing.T) {
	t.Parallel()
	fail := func(status int, path string) simulator.Fault {
		return simulator.Fault{Kind: simulator.FaultStatus, Status: status, Path: path, ErrorCode: "WORDS", Message: "of the API"}
	}
	limited := func(seconds int, form string) simulator.Fault {
		f := simulator.Fault{Kind: simulator.FaultStatus, Status: 429, Path: "**/Groups/*", Times: 1, RetryAfterSeconds: new(seconds), RetryAfterForm: form}
		return f
	}
	tests := map[string]struct {
		scim   bool
		faults []simulator.Fault
		hole   string // "" is a whole graph, as without faults
		err    string
	}{
		"a group of the path":             {faults: []simulator.Fault{fail(403, "**/Groups/11")}, hole: "group/11 read the group"},
		"its members":                     {faults: []simulator.Fault{fail(500, "**/groups/11/direct-members")}, hole: "group/11 read the members of the group"},
		"a group beside the path":         {faults: []simulator.Fault{fail(403, "**/Groups/19")}},
		"every group":                     {faults: []simulator.Fault{fail(400, "**/Groups/*"), fail(400, "**/direct-members")}, err: "none of 9 groups could be read"},
		"the groups above":                {faults: []simulator.Fault{fail(500, "**/principals/1/*")}, err: "the groups above user/1"},
		"an empty page":                   {faults: []simulator.Fault{{Kind: simulator.FaultEmptyPage, Path: "**/transitive-parent-groups", Times: 2}}},
		"an empty page of members":        {faults: []simulator.Fault{{Kind: simulator.FaultEmptyPage, Path: "**/direct-members", Times: 3}}},
		"IAM v2 refused":                  {faults: []simulator.Fault{fail(403, "**/transitive-parent-groups")}},
		"IAM v2 not implemented":          {faults: []simulator.Fault{fail(501, "**/transitive-parent-groups")}},
		"members refused":                 {faults: []simulator.Fault{fail(403, "**/direct-members")}},
		"429 in seconds":                  {faults: []simulator.Fault{limited(1, "")}},
		"429 with a date":                 {faults: []simulator.Fault{limited(1, "date")}},
		"429 with a past date":            {faults: []simulator.Fault{limited(-5, "date")}},
		"429 without Retry-After":         {faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 429, Path: "**/Groups/*", Times: 2}}},
		"a truncated body":                {faults: []simulator.Fault{{Kind: simulator.FaultTruncate, Path: "**/Groups/*", Times: 1}}},
		"no token":                        {faults: []simulator.Fault{fail(401, "/oidc/**")}, err: "authentication"},
		"SCIM: a group of the path":       {scim: true, faults: []simulator.Fault{fail(403, "**/Groups/11")}, hole: "group/11 read the group"},
		"SCIM: a group beside the path":   {scim: true, faults: []simulator.Fault{fail(500, "**/Groups/19")}, hole: "group/19 read the group"},
		"SCIM: every group":               {scim: true, faults: []simulator.Fault{fail(403, "**/Groups/*")}, err: "none of 10 groups could be read"},
		"SCIM: no list":                   {scim: true, faults: []simulator.Fault{fail(403, "**/Groups")}, err: "list groups: "},
		"SCIM: a list of users with hole": {scim: true, faults: []simulator.Fault{fail(403, "**/Users")}},
		"SCIM: the total moves":           {scim: true, faults: []simulator.Fault{{Kind: simulator.FaultShrink, Path: "**/scim/v2/Groups", Skip: 1}}, hole: "list groups"},
		"SCIM: it moves once":             {scim: true, faults: []simulator.Fault{{Kind: simulator.FaultShrink, Path: "**/scim/v2/Groups", Skip: 1, Times: 1}}},
		"SCIM: a page comes twice":        {scim: true, faults: []simulator.Fault{{Kind: simulator.FaultDuplicate, Path: "**/scim/v2/Groups", Skip: 1, Times: 1}}},
		"SCIM: the list is cut":           {scim: true, faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 500, Path: "**/scim/v2/Groups", Skip: 1}}, hole: "list groups"},
		"SCIM: 429 with a date":           {scim: true, faults: []simulator.Fault{limited(1, "date")}},
		"SCIM: no token":                  {scim: true, faults: []simulator.Fault{fail(503, "/oidc/**")}, err: "authentication"},
	}
	st := maze()
	for i := range 150 { // Two pages of groups on SCIM.
		st.Groups = append(st.Groups, simulator.Group{ID: fmt.Sprint(9000 + i), DisplayName: fmt.Sprintf("crowd %d", i)})
	}
	a, b := principal(accounttest.User("1"), "A"), principal(accounttest.User("2"), "B")
	clean := rows(diffOf(t, accounttest.Connect(t, accounttest.Config(accounttest.StartInside(t, st, simulator.Options{}))), a, b))
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sim := accounttest.StartInside(t, st, simulator.Options{NoIAMv2: tc.scim})
				accounttest.SetFaults(t, sim, tc.faults...)
				cfg := accounttest.Config(sim)
				cfg.RetryBudget, cfg.RequestTimeout = 2*time.Second, 10*time.Second
				c := accounttest.Connect(t, cfg)
				g, err := c.AccessGraph(t.Context(), a, b)
				if tc.err != "" {
					if err == nil || !strings.Contains(err.Error(), strings.Replace(tc.err, "of 10", "of 160", 1)) {
						t.Fatalf("got %v, want an error with %q", err, tc.err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				d := access.Compare(g, a, b)
				if tc.hole == "" {
					if !d.Complete || rows(d) != clean {
						t.Errorf("failures %v, rows\n%swant\n%s", d.Failures, rows(d), clean)
					}
					return
				}
				if d.Complete || !slices.ContainsFunc(d.Failures, func(f audit.Failure) bool {
					what := f.Call
					if f.ID != "" {
						what = string(f.Type) + "/" + f.ID + " " + f.Call
					}
					return what == tc.hole && f.Reason != ""
				}) {
					t.Errorf("failures %v, want %q", d.Failures, tc.hole)
				}
			})
		})
	}
}

func TestAccessGraph_cancelled(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]simulator.Options{"IAM v2": {}, "SCIM": {NoIAMv2: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sim := accounttest.StartInside(t, maze(), opts)
				accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultHang, Path: "**/Groups/*"})
				cfg := accounttest.Config(sim)
				cfg.RequestTimeout, cfg.RetryBudget = time.Minute, time.Minute
				ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
				defer cancel()
				_, err := accounttest.Connect(t, cfg).AccessGraph(ctx, principal(accounttest.User("1"), "A"))
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

// One missing principal or group is no missing API.
func TestAccessGraph_missing(t *testing.T) {
	t.Parallel()
	sim := accounttest.Start(t, maze(), simulator.Options{})
	c := accounttest.Connect(t, accounttest.Config(sim))
	if _, err := c.AccessGraph(t.Context(), principal(accounttest.User("77"), "gone")); !errors.Is(err, api.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	missing := func(path string) simulator.Fault {
		return simulator.Fault{Kind: simulator.FaultStatus, Status: 404, Path: path, ErrorCode: "RESOURCE_DOES_NOT_EXIST", Message: "gone"}
	}
	// 12 is missing for both APIs, 14 for one of them.
	accounttest.SetFaults(t, sim, missing("**/Groups/12"), missing("**/groups/12/*"), missing("**/groups/14/*"))
	a := principal(accounttest.User("1"), "A")
	d := diffOf(t, c, a, principal(accounttest.User("3"), "C"))
	if d.Route != access.RouteIAMv2 || !d.Complete || strings.Contains(rows(d), " 12 ") || !strings.Contains(rows(d), "a 14 -- A>eleven>fourteen") {
		t.Errorf("route %s, failures %v\n%s", d.Route, d.Failures, rows(d))
	}
	if n := accounttest.Count(sim, http.MethodGet, "/Groups/19"); n != 0 {
		t.Error("the groups were crawled")
	}
}

// Without IAM v2, automatic identity management hides memberships (R10): said
// where it is on, and where no one says and the principal could be concerned.
func TestAccessGraph_hidden(t *testing.T) {
	t.Parallel()
	linked, local := principal(accounttest.User("1"), "A"), principal(accounttest.User("2"), "B")
	linked.ExternalID = "x1"
	for name, tc := range map[string]struct {
		opts         simulator.Options
		hidden, open bool
		refuse       string
		want         bool // complete
		of           audit.Principal
	}{
		"on":                           {opts: simulator.Options{NoIAMv2: true}, hidden: true, of: linked},
		"unknown":                      {opts: simulator.Options{NoIAMv2: true}, open: true, of: linked},
		"unknown, nothing is linked":   {opts: simulator.Options{NoIAMv2: true}, open: true, of: local, want: true},
		"off":                          {opts: simulator.Options{NoIAMv2: true}, of: linked, want: true},
		"IAM v2 shows them":            {hidden: true, of: linked, want: true},
		"IAM v2 without its members":   {hidden: true, refuse: "**/direct-members", of: linked},
		"the same, AIM is off":         {refuse: "**/direct-members", of: linked, want: true},
		"the same, nothing is linked":  {open: true, refuse: "**/direct-members", of: local, want: true},
		"IAM v2 without its ancestors": {hidden: true, refuse: "**/transitive-parent-groups", of: linked},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := maze()
			st.Groups[1].ExternalID = "" // 12 is local here.
			sim := accounttest.Start(t, st, tc.opts)
			if tc.refuse != "" {
				accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultStatus, Status: 403, Path: tc.refuse})
			}
			cfg := accounttest.Config(sim)
			cfg.HiddenMemberships, cfg.MaybeHiddenMemberships = tc.hidden, tc.open
			d := diffOf(t, accounttest.Connect(t, cfg), tc.of, tc.of)
			if d.Complete != tc.want {
				t.Errorf("complete is %v, failures %v", d.Complete, d.Failures)
			}
			if !tc.want && !strings.Contains(d.Failures[0].Reason, "automatic identity management") {
				t.Errorf("got %v", d.Failures)
			}
		})
	}
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/accounttest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// frozen is a server whose answers to some paths never change.
type frozen struct {
	base http.RoundTripper
	part string
	kept sync.Map
}

func (f *frozen) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.Contains(r.URL.Path, f.part) {
		return f.base.RoundTrip(r)
	}
	if body, ok := f.kept.Load(r.URL.Path); ok {
		return &http.Response{StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Request: r,
			Body: io.NopCloser(bytes.NewReader(body.([]byte)))}, nil //nolint:forcetypeassert // Nothing else is kept.
	}
	resp, err := f.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	f.kept.Store(r.URL.Path, body)
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, err
}

// What this process has written is there, also while the account still shows
// what was before.
func TestAccessGraph_ownWrites(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]simulator.Options{
		"IAM v2": {}, "SCIM": {NoIAMv2: true},
		"IAM v2 lags": {ConsistencyLag: 300 * time.Millisecond}, "SCIM lags": {NoIAMv2: true, ConsistencyLag: 300 * time.Millisecond},
		"the groups above lag for ever": {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sim := accounttest.StartInside(t, maze(), opts)
				cfg := accounttest.Config(sim)
				cfg.ConfirmTimeout = 5 * time.Second
				if strings.Contains(name, "for ever") {
					cfg.SDK.HTTPTransport = &frozen{base: accounttest.Memory{Handler: sim.Server.Handler()}, part: "/transitive-parent-groups"}
				}
				c := accounttest.Connect(t, cfg)
				b, other := principal(accounttest.User("3"), "C"), principal(accounttest.Group("19"), "nineteen")
				if got := rows(diffOf(t, c, b, other)); strings.Contains(got, " 14 ") {
					t.Fatalf("before:\n%s", got)
				}
				add := write.MemberRequest{GroupID: "14", MemberID: "3", MemberType: audit.TypeUser}
				if _, err := c.AddMember(t.Context(), add); err != nil {
					t.Fatal(err)
				}
				want := "a 20 +- C>account users  system_group\na 15 -- C>fourteen>fifteen  follows\n" +
					"a 14 +- C>fourteen  unchecked\na 13 -- C>fourteen>fifteen>thirteen  follows\n"
				if got := rows(diffOf(t, c, b, other)); got != want {
					t.Errorf("after the addition:\n%swant\n%s", got, want)
				}
				if _, err := c.RemoveMember(t.Context(), add); err != nil {
					t.Fatal(err)
				}
				if got := rows(diffOf(t, c, b, other)); got != "a 20 +- C>account users  system_group\n" {
					t.Errorf("after the removal:\n%s", got)
				}
			})
		})
	}
}

// A principal that came after the lists were taken makes them be taken anew, once.
func TestAccessGraph_newerThanTheListing(t *testing.T) {
	t.Parallel()
	sim := accounttest.Start(t, maze(), simulator.Options{NoIAMv2: true})
	c := accounttest.Connect(t, accounttest.Config(sim))
	diffOf(t, c, principal(accounttest.User("1"), "A"), principal(accounttest.User("2"), "B"))
	st, err := sim.Server.State()
	if err != nil {
		t.Fatal(err)
	}
	st.Users = append(st.Users, simulator.User{ID: "5", UserName: "new@example.com", Active: true})
	st.Groups[8].Members = []simulator.Member{{Value: "5"}}
	if err := sim.Server.SetState(st); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		d := diffOf(t, c, principal(accounttest.User("5"), "N"), principal(accounttest.User("3"), "C"))
		if !strings.Contains(rows(d), "a 19 +- N>nineteen") {
			t.Errorf("got\n%s", rows(d))
		}
	}
	if n := accounttest.Count(sim, http.MethodGet, "/Groups/19"); n != 2 {
		t.Errorf("group 19 was read %d times", n)
	}
}

// A membership that this process has removed is gone with all that only it led
// to, however long IAM v2 goes on returning those groups; what is there in another
// way stays.
func TestAccessGraph_ownRemovalIsBelieved(t *testing.T) {
	t.Parallel()
	sim := accounttest.Start(t, maze(), simulator.Options{})
	cfg := accounttest.Config(sim)
	cfg.SDK.HTTPTransport = &frozen{base: http.DefaultTransport, part: "/transitive-parent-groups"}
	c := accounttest.Connect(t, cfg)
	a, nobody := principal(accounttest.User("1"), "A"), principal(accounttest.Group("19"), "nineteen")
	diffOf(t, c, a, nobody)
	diffOf(t, c, principal(accounttest.Group("14"), "fourteen"), nobody)
	if _, err := c.RemoveMember(t.Context(), write.MemberRequest{GroupID: "14", MemberID: "11", MemberType: audit.TypeGroup}); err != nil {
		t.Fatal(err)
	}
	want := "a 20 +- A>account users  system_group\na 11 +- A>eleven  unchecked\na 15 -- A>eleven>fifteen  follows\n" +
		"a 13 -- A>eleven>twelve>thirteen  follows\na 12 -- A>eleven>twelve  follows\n"
	got := rows(diffOf(t, c, a, nobody))
	g, err := c.AccessGraph(t.Context(), a)
	if above := g.Above[a.Ref].IDs; err != nil || !cmp.Equal(above, []string{"11", "12", "13", "15", "20"}) {
		t.Errorf("above are %v, %v", above, err)
	}
	sorted := func(s string) []string { return slices.Sorted(strings.SplitSeq(s, "\n")) }
	if !cmp.Equal(sorted(got), sorted(want)) {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// rewritten is a server that answers some paths in its own way.
type rewritten struct {
	base   http.RoundTripper
	bodies map[string]string // by the end of the path
}

func (w rewritten) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := w.base.RoundTrip(r)
	for end, body := range w.bodies {
		if err == nil && r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, end) {
			_ = resp.Body.Close()
			resp.Body, resp.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		}
	}
	return resp, err
}

// The forms in which a group may come (R7): members null, absent and empty; ids as
// numbers; members twice, of a kind that no one knows, with an absolute $ref, and
// without a value; a group without a name.
func TestAccessGraph_oddAnswers(t *testing.T) {
	t.Parallel()
	const members = `{"id":11,"displayName":"eleven","members":%s}`
	tests := map[string]struct {
		path, body string
		row        string // what is said of group 11; "" is nothing
		hole       string
	}{
		"null":    {"/Groups/11", fmt.Sprintf(members, `null`), "", ""},
		"absent":  {"/Groups/11", `{"id":"11","displayName":"eleven"}`, "", ""},
		"empty":   {"/Groups/11", fmt.Sprintf(members, `[]`), "", ""},
		"numbers": {"/Groups/11", fmt.Sprintf(members, `[{"value":1}]`), "a 11 +- A>eleven  unchecked", ""},
		"external id null": {
			"/Groups/11", `{"id":11,"displayName":"eleven","externalId":null,"members":[{"value":1}]}`, "a 11 +- A>eleven  unchecked", "",
		},
		"external id empty": {
			"/Groups/11", `{"id":11,"displayName":"eleven","externalId":"","members":[{"value":1}]}`, "a 11 +- A>eleven  unchecked", "",
		},
		"external id": {
			"/Groups/11", `{"id":11,"displayName":"eleven","externalId":"x","members":[{"value":1}]}`, "a 11 +- A>eleven  add_in_idp", "",
		},
		"twice":           {"/Groups/11", fmt.Sprintf(members, `[{"value":"1","$ref":"Users/1"},{"value":1,"$ref":"Users/1"}]`), "a 11 +- A>eleven  unchecked", ""},
		"an unknown kind": {"/Groups/11", fmt.Sprintf(members, `[{"value":"1","$ref":"Robots/1","type":"Robot"}]`), "a 11 +- A>eleven  unchecked", ""},
		"an absolute ref": {"/Groups/11", fmt.Sprintf(members, `[{"value":"1","$ref":"https://example.com/Users/1"}]`), "a 11 +- A>eleven  unchecked", ""},
		"without a value": {"/Groups/11", fmt.Sprintf(members, `[{"value":"1"},{"display":"who?"}]`), "a 11 +? A>eleven  unknown", "a member without value"},
		"no JSON":         {"/Groups/11", `<html>log in</html>`, "", "HTML instead of JSON"},
		"another group":   {"/Groups/11", `{"id":"12","displayName":"twelve"}`, "", `answered with the object "12"`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := accounttest.Start(t, maze(), simulator.Options{NoIAMv2: true})
			cfg := accounttest.Config(sim)
			cfg.SDK.HTTPTransport = rewritten{http.DefaultTransport, map[string]string{tc.path: tc.body}}
			d := diffOf(t, accounttest.Connect(t, cfg), principal(accounttest.User("1"), "A"), principal(accounttest.User("3"), "C"))
			row := ""
			for line := range strings.Lines(rows(d)) {
				if strings.Contains(line, " 11 ") {
					row = strings.TrimSuffix(line, "\n")
				}
			}
			if row != tc.row {
				t.Errorf("got %q, want %q", row, tc.row)
			}
			if tc.hole == "" != d.Complete || tc.hole != "" && !strings.Contains(fmt.Sprint(d.Failures), tc.hole) {
				t.Errorf("failures %v, want %q", d.Failures, tc.hole)
			}
		})
	}
	t.Run("a group without a name", func(t *testing.T) {
		t.Parallel()
		sim := accounttest.Start(t, maze(), simulator.Options{})
		cfg := accounttest.Config(sim)
		cfg.SDK.HTTPTransport = rewritten{http.DefaultTransport, map[string]string{"/Groups/11": `{"id":"11"}`}}
		d := diffOf(t, accounttest.Connect(t, cfg), principal(accounttest.User("1"), "A"), principal(accounttest.User("3"), "C"))
		if d.Complete || !strings.Contains(rows(d), "a 11 +- A>group 11 ") {
			t.Errorf("failures %v\n%s", d.Failures, rows(d))
		}
	})
}

// Lists at the edges of their pages: no group, one, a full page of SCIM, one more,
// and more.
func TestAccessGraph_sizes(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 100, 101, 250} {
		st := simulator.State{Users: []simulator.User{{ID: "1", UserName: "a@example.com", Active: true}, {ID: "2", UserName: "b@example.com", Active: true}}}
		for i := range n {
			st.Groups = append(st.Groups, simulator.Group{ID: fmt.Sprint(1000 + i), DisplayName: fmt.Sprint("group ", i), Members: []simulator.Member{{Value: "1"}}})
		}
		for _, without := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d groups, SCIM %v", n, without), func(t *testing.T) {
				t.Parallel()
				opts := simulator.Options{NoIAMv2: without, Assumed: simulator.Assumed{Identity: simulator.IdentityAssumptions{ShortPages: true}}}
				d := diffOf(t, accounttest.Connect(t, accounttest.Config(accounttest.Start(t, st, opts))), principal(accounttest.User("1"), "A"), principal(accounttest.User("2"), "B"))
				if len(d.OnlyInA) != n || len(d.OnlyInB)+len(d.Both) != 0 || !d.Complete || d.Equal == nil || *d.Equal != (n == 0) {
					t.Errorf("%d, %d, %d groups, failures %v", len(d.OnlyInA), len(d.OnlyInB), len(d.Both), d.Failures)
				}
			})
		}
	}
}

// While the account answers 429 to many requests and 403 to some, every group is
// reported truly or named as a hole: nothing is lost in silence.
func TestAccessGraph_storm(t *testing.T) {
	t.Parallel()
	a, b := principal(accounttest.User("1"), "A"), principal(accounttest.User("2"), "B")
	clean := map[string]bool{}
	for line := range strings.Lines(rows(diffOf(t, accounttest.Connect(t, accounttest.Config(accounttest.StartInside(t, maze(), simulator.Options{}))), a, b))) {
		clean[strings.Fields(line)[1]] = true
	}
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sim := accounttest.StartInside(t, maze(), simulator.Options{NoIAMv2: seed%2 == 0})
				accounttest.SetFaults(t, sim,
					simulator.Fault{Kind: simulator.FaultStatus, Status: 429, Path: "/api/**", Probability: 0.3, Times: 2, Seed: seed, RetryAfterSeconds: new(0)},
					simulator.Fault{Kind: simulator.FaultStatus, Status: 403, Path: "**/Groups/*", Probability: 0.2, Seed: seed + 100})
				cfg := accounttest.Config(sim)
				cfg.RequestTimeout, cfg.RetryBudget = 30*time.Second, 30*time.Second
				g, err := accounttest.Connect(t, cfg).AccessGraph(t.Context(), a, b)
				if err != nil {
					return // Said as loudly as can be.
				}
				d := access.Compare(g, a, b)
				told := map[string]bool{}
				for line := range strings.Lines(rows(d)) {
					told[strings.Fields(line)[1]] = true
				}
				for id := range clean {
					if !told[id] && d.Complete {
						t.Errorf("group %s is lost", id)
					}
				}
				for id := range told {
					if !clean[id] {
						t.Errorf("group %s was made up", id)
					}
				}
				if d.Complete && len(told) != len(clean) || !d.Complete && len(d.Failures) == 0 {
					t.Errorf("complete %v, failures %v", d.Complete, d.Failures)
				}
			})
		})
	}
}

// IAM v2 leaves empty lists out of its answers, and is behind at times: where it
// says that there is nothing, and account SCIM shows a membership of someone who
// exists, nothing is known. A clone would take everything away otherwise.
func TestAccessGraph_contradictions(t *testing.T) {
	t.Parallel()
	const kept = `{"direct_group_members":[{"principal_id":21,"principal_type":"SERVICE_PRINCIPAL","membership_source":"INTERNAL"}]}`
	for name, tc := range map[string]struct {
		path, body string
		hole, err  string
	}{
		"no group above":           {"/principals/1/transitive-parent-groups", `{}`, "", "account SCIM shows group/11"},
		"under another name":       {"/principals/1/transitive-parent-groups", `{"parents":[{"group_id":"11"}]}`, "", `no list "transitive_parent_groups", but the keys "parents"`},
		"no group above, and none": {"/principals/4/transitive-parent-groups", `{}`, "", ""},
		"no member":                {"/groups/11/direct-members", `{}`, "account SCIM shows the members 1, and", ""},
		"all but the principal":    {"/groups/11/direct-members", kept, "account SCIM shows the members 1, and", ""},
		"all but a group between":  {"/groups/12/direct-members", `{}`, "account SCIM shows the members 11, and", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := maze()
			st.Users = append(st.Users, simulator.User{ID: "4", UserName: "d@example.com", Active: true})
			cfg := accounttest.Config(accounttest.Start(t, st, simulator.Options{}))
			cfg.SDK.HTTPTransport = rewritten{http.DefaultTransport, map[string]string{tc.path: tc.body}}
			a, d := principal(accounttest.User("1"), "A"), principal(accounttest.User("4"), "D")
			g, err := accounttest.Connect(t, cfg).AccessGraph(t.Context(), a, d)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			diff := access.Compare(g, a, d)
			if diff.Complete != (tc.hole == "") || !strings.Contains(fmt.Sprint(diff.Failures), tc.hole) {
				t.Errorf("failures %v", diff.Failures)
			}
		})
	}
}

// afterwards is a server on which something happens after the first answer to a path.
type afterwards struct {
	base http.RoundTripper
	end  string
	once *sync.Once
	do   func()
}

func (a afterwards) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := a.base.RoundTrip(r)
	if err == nil && strings.HasSuffix(r.URL.Path, a.end) {
		a.once.Do(a.do)
	}
	return resp, err
}

// A group that is listed, and missing for its GET, is gone when another list lacks
// it, too; else it is there, and what is not known of it is a hole. With IAM v2 both
// APIs must say that it is missing.
func TestAccessGraph_listedAndMissing(t *testing.T) {
	t.Parallel()
	missing := func(path string, times int) simulator.Fault {
		return simulator.Fault{Kind: simulator.FaultStatus, Status: 404, Path: path, ErrorCode: "RESOURCE_DOES_NOT_EXIST", Message: "gone", Times: times}
	}
	for name, tc := range map[string]struct {
		iam     bool
		faults  []simulator.Fault
		deleted bool
		hole    string
		row     bool
	}{
		"for one read":        {faults: []simulator.Fault{missing("**/Groups/11", 1)}, row: true},
		"for all":             {faults: []simulator.Fault{missing("**/Groups/11", 0)}, hole: "gone"},
		"deleted meanwhile":   {deleted: true},
		"with IAM v2":         {iam: true, faults: []simulator.Fault{missing("**/Groups/11", 0)}, hole: "gone"},
		"with half of IAM v2": {iam: true, faults: []simulator.Fault{missing("**/Groups/11", 0), accounttest.StatusFault(403, "**/direct-members")}, hole: "gone"},
		"with IAM v2, both saying so": {
			iam: true, faults: []simulator.Fault{missing("**/Groups/11", 0), missing("**/groups/11/*", 0)},
			hole: "{group 14 read the members of the group IAM v2 names it among the groups above user/1, and none of its members leads there",
		},
		"with IAM v2, for the other read": {iam: true, faults: []simulator.Fault{missing("**/groups/11/*", 0)}, row: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := maze()
			st.Users[0].ExternalID = "" // Nothing is hidden from it.
			sim := accounttest.Start(t, st, simulator.Options{NoIAMv2: !tc.iam})
			accounttest.SetFaults(t, sim, tc.faults...)
			cfg := accounttest.Config(sim)
			if tc.deleted {
				cfg.SDK.HTTPTransport = afterwards{http.DefaultTransport, "/scim/v2/Groups", new(sync.Once), func() {
					st := maze()
					st.Groups = slices.Delete(st.Groups, 0, 1)
					if err := sim.Server.SetState(st); err != nil {
						t.Error(err)
					}
				}}
			}
			d := diffOf(t, accounttest.Connect(t, cfg), principal(accounttest.User("1"), "A"), principal(accounttest.User("3"), "C"))
			if tc.hole == "" && (!d.Complete || strings.Contains(rows(d), " 11 +") != tc.row) {
				t.Errorf("failures %v, rows\n%s", d.Failures, rows(d))
			}
			if tc.hole != "" && (d.Complete || !strings.Contains(fmt.Sprint(d.Failures), tc.hole)) {
				t.Errorf("complete %v, failures %v, rows\n%s", d.Complete, d.Failures, rows(d))
			}
		})
	}
}

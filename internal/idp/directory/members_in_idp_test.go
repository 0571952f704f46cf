// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
)

// inIDPOf audits one group "g" with these members in Databricks.
func inIDPOf(t interface {
	Helper()
	Fatal(...any)
}, w *memberWorld, users []string, members map[string][]audit.Member,
) *audit.IDPMembers {
	t.Helper()
	for _, u := range users {
		w.d.Add(Entry{Identity: audit.Identity{Type: audit.TypeUser, ExternalID: u, Names: []string{u}}})
	}
	principals := []audit.Principal{{Ref: audit.Ref{Type: audit.TypeGroup, ID: "g"}, Name: "g", ExternalID: "g"}}
	matches, err := w.d.matchAll(context.Background(), principals)
	if err != nil {
		t.Fatal(err)
	}
	a := memberAudit{d: w.d, matches: matches, fetch: w.fetch, req: idp.Request{
		Principals: principals, InIDP: true, Membership: idp.MembershipTransitive,
		Members: func(_ context.Context, id string) ([]audit.Member, error) {
			list, there := members[id]
			if !there {
				return nil, errors.New("403")
			}
			return list, nil
		},
	}}
	if _, err := a.run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return matches[0].Members.InIDP
}

func identityIDs(list []audit.Identity) []string {
	var out []string
	for _, id := range list {
		out = append(out, id.ExternalID)
	}
	return out
}

func memberNamed(t audit.PrincipalType, id string) audit.Member {
	return audit.Member{Ref: audit.Ref{Type: t, ID: id}, ExternalID: id, Source: audit.SourceInternal}
}

func TestInIDP(t *testing.T) {
	t.Parallel()
	groups := map[string][]string{"g": {"u1", "n"}, "n": {"u2", "g", "m"}, "m": {"u3"}}
	users := []string{"u1", "u2", "u3"}
	got := inIDPOf(t, newMemberWorld(groups), users, map[string][]audit.Member{
		"g": {memberNamed(audit.TypeGroup, "n")}, "n": {memberNamed(audit.TypeUser, "u2")},
	})
	if got.Unknown != "" || got.Count != 3 || !slices.Equal(identityIDs(got.Missing), []string{"u1", "u3"}) || !slices.Equal(identityIDs(got.Nested), []string{"m", "n"}) {
		t.Errorf("%+v", got)
	}
	got = inIDPOf(t, newMemberWorld(map[string][]string{"g": {"u9"}}), users, map[string][]audit.Member{"g": nil})
	if got.Unknown != "" || len(got.Missing) != 1 || got.Missing[0].ExternalID != "u9" || got.Missing[0].Type != "" {
		t.Errorf("a member that was not read otherwise: %+v", got)
	}
	for name, tt := range map[string]struct {
		groups  map[string][]string
		members map[string][]audit.Member
	}{
		"hidden membership below":    {map[string][]string{"g": {"n"}, "n": {"hidden"}}, map[string][]audit.Member{"g": nil}},
		"a nested group is not read": {map[string][]string{"g": {"u1"}}, map[string][]audit.Member{"g": {memberNamed(audit.TypeGroup, "n")}}},
	} {
		if got := inIDPOf(t, newMemberWorld(tt.groups), users, tt.members); got == nil || got.Unknown == "" {
			t.Errorf("%s: %+v, want unknown", name, got)
		}
	}
}

// Any groups, with cycles: what is in one agrees with a fixed point that knows nothing
// of rounds.
func TestInIDP_agreesWithOracle(t *testing.T) {
	t.Parallel()
	names, users := []string{"g", "a", "b", "c"}, []string{"u1", "u2", "u3", "u4"}
	rapid.Check(t, func(rt *rapid.T) {
		groups, account := map[string][]string{}, map[string][]audit.Member{}
		for _, name := range names {
			groups[name] = rapid.SliceOfDistinct(rapid.SampledFrom(slices.Concat(names, users)), rapid.ID[string]).Draw(rt, name)
			for _, m := range rapid.SliceOfDistinct(rapid.SampledFrom(slices.Concat(names, users)), rapid.ID[string]).Draw(rt, name+" here") {
				kind := audit.TypeUser
				if slices.Contains(names, m) {
					kind = audit.TypeGroup
				}
				account[name] = append(account[name], memberNamed(kind, m))
			}
			if account[name] == nil {
				account[name] = []audit.Member{}
			}
		}
		inIDP, here := map[string]bool{"g": true}, map[string]bool{"g": true}
		for range names {
			for _, name := range names {
				if inIDP[name] {
					for _, m := range groups[name] {
						inIDP[m] = true
					}
				}
				if here[name] {
					for _, m := range account[name] {
						here[m.ID] = true
					}
				}
			}
		}
		var missing, nested []string
		count, held := 0, 0
		for _, id := range users {
			if here[id] {
				held++
			}
		}
		for _, id := range slices.Sorted(maps.Keys(inIDP)) {
			switch {
			case slices.Contains(users, id):
				count++
				if !here[id] {
					missing = append(missing, id)
				}
			case id != "g":
				nested = append(nested, id)
			}
		}
		got := inIDPOf(rt, newMemberWorld(groups), users, account)
		if diff := cmp.Diff([]any{count, held, missing, nested, ""}, []any{got.Count, got.Here, identityIDs(got.Missing), identityIDs(got.Nested), got.Unknown}); diff != "" {
			rt.Fatalf("(-oracle +got):\n%s", diff)
		}
	})
}

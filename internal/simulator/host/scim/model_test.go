// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package scim

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/assume"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// modelAccount has the group 10 with a user, a service principal and a group.
func modelAccount() world.State {
	return world.State{
		Users: []world.User{
			{ID: "1", UserName: "Ann@example.com"}, {ID: "2", UserName: "bob@example.com"},
			{ID: "3", UserName: "cat@example.com"}, {ID: "4", UserName: "dan@example.com"},
		},
		Groups: []world.Group{
			{ID: "10", DisplayName: "local", Members: []world.Member{{Value: "1"}, {Value: "20"}, {Value: "11"}}, Roles: []world.Role{{Value: "account_admin"}}},
			{ID: "11", DisplayName: "external", ExternalID: "ext-11", Members: []world.Member{{Value: "1"}, {Value: "2", Source: world.SourceIDP}}},
			{ID: "12", DisplayName: "empty"},
		},
		ServicePrincipals: []world.ServicePrincipal{{ID: "20", ApplicationID: "0a000000-0000-4000-8000-000000000020", ExternalID: "ext-20", Active: true}},
	}
}

// TestSCIMPatch_model: whatever is added, removed and replaced, in whatever
// grouping into operations and requests, the members are those of a set, and
// the indexes of the world agree with them.
func TestSCIMPatch_model(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w, err := world.New(modelAccount())
		if err != nil {
			rt.Fatal(err)
		}
		aim := rapid.Bool().Draw(rt, "aim")
		assumed := struct{ SCIM Assumptions }{Assumptions{
			RemoveWithValue: rapid.SampledFrom([]string{"refused", "ignored", "listed"}).Draw(rt, "remove"),
		}}
		if err := assume.Settle(&assumed); err != nil {
			rt.Fatal(err)
		}
		s := accountSCIM{&api.Base{Options: api.Options{AIM: aim}}, assumed.SCIM}
		group, _ := w.Find(world.KindGroup, "10")
		model := map[string]bool{"1": true, "20": true, "11": true}
		ids := rapid.SampledFrom([]string{"1", "2", "3", "4", "11", "12", "20", "404"})
		for range rapid.IntRange(1, 8).Draw(rt, "requests") {
			d, next, fails := s.newDraft(w, group), maps.Clone(model), false
			for range rapid.IntRange(1, 5).Draw(rt, "operations") {
				op, wrong := drawMemberOp(rt, ids, next, assumed.SCIM.RemoveWithValue)
				if failure := d.apply(op); (failure != nil) != wrong {
					rt.Fatalf("%s %s %s: %v", op.Op, op.Path, op.Value, failure)
				}
				if wrong {
					fails = true
					break
				}
			}
			if !fails {
				if failure := d.commit(); failure != nil {
					rt.Fatal(failure)
				}
				model = next
			}
			var have []string
			for _, m := range group.Group.Members {
				have = append(have, m.Value)
			}
			slices.Sort(have)
			if diff := cmp.Diff(slices.Sorted(maps.Keys(model)), have); diff != "" {
				rt.Fatalf("members differ from the model:\n%s", diff)
			}
			for _, id := range []string{"1", "2", "3", "4", "11", "12", "20", "404"} {
				if w.Parents[id]["10"] != model[id] {
					rt.Fatalf("the index says %t of %s", w.Parents[id]["10"], id)
				}
			}
		}
	})
}

// drawMemberOp draws an operation on members, does it to the model, and reports
// whether it must be refused (id 404 is no one).
func drawMemberOp(rt *rapid.T, ids *rapid.Generator[string], model map[string]bool, removeWithValue string) (patchOperation, bool) {
	list := rapid.SliceOfN(ids, 0, 4).Draw(rt, "ids")
	elements := make([]string, len(list))
	for i, id := range list {
		elements[i] = fmt.Sprintf(`{"value":%q}`, id)
	}
	value := json.RawMessage("[" + strings.Join(elements, ",") + "]")
	switch rapid.SampledFrom([]string{"add", "bare", "replace", "filter", "remove", "all"}).Draw(rt, "op") {
	case "bare":
		addAll(model, list)
		return patchOperation{Op: "Add", Value: json.RawMessage(`{"members":` + string(value) + `}`)}, slices.Contains(list, "404")
	case "replace":
		clear(model)
		addAll(model, list)
		return patchOperation{Op: "replace", Path: "members", Value: value}, slices.Contains(list, "404")
	case "filter":
		id := ids.Draw(rt, "id")
		delete(model, id)
		return patchOperation{Op: "remove", Path: fmt.Sprintf("members[value eq %q]", id)}, false
	case "remove":
		if removeWithValue == "ignored" {
			clear(model)
		}
		for _, id := range list {
			delete(model, id)
		}
		return patchOperation{Op: "remove", Path: "members", Value: value}, removeWithValue == "refused"
	case "all":
		clear(model)
		return patchOperation{Op: "remove", Path: "members"}, false
	default:
		addAll(model, list)
		return patchOperation{Op: "add", Path: "members", Value: value}, slices.Contains(list, "404")
	}
}

func addAll(model map[string]bool, ids []string) {
	for _, id := range ids {
		model[id] = true
	}
}

// BenchmarkSCIMList reads the last page of 50,000 users.
func BenchmarkSCIMList(b *testing.B) {
	var st world.State
	for i := range 50_000 {
		st.Users = append(st.Users, world.User{ID: fmt.Sprint(100_000 + i), UserName: fmt.Sprintf("user%d@example.com", i)})
	}
	w, err := world.NewStore(st, 0, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, "/Users?startIndex=49901", http.NoBody)
		if err != nil {
			b.Fatal(err)
		}
		if reply, failure := (accountSCIM{Base: &api.Base{Store: w}}).scimList(r, world.KindUser); failure != nil || reply.status != http.StatusOK {
			b.Fatal(failure)
		}
	}
}

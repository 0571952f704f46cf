// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/judge"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/file"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// The law of the fixed point on any account and directory, with every switch on:
// the fixes of an audit are accepted by the guards of the write, change nothing
// but what they say, and leave the next audit no id to fix. The removals that it
// then offers are accepted as well (but for those that a guard of its own holds
// back), change nothing else, and leave nothing to remove.
func TestFixedPoint_atRandom(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	total, removed := 0, 0
	defer func() {
		if (total < 20 || removed < 5) && !t.Failed() {
			t.Errorf("%d fixes and %d removals in all worlds: this property shows little", total, removed)
		}
	}()
	rapid.Check(t, func(t *rapid.T) {
		st := randomState(t)
		w, done := open(t, st, simulator.Options{})
		defer done()
		source := file.New(writeDirectory(t, dir, st.IDP))
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
		defer cancel()

		client := w.account(t)
		first := w.externalIDs(t)
		fixes := auditWithAll(ctx, t, client, source).ExternalIDFixes
		total += len(fixes)
		for _, f := range fixes {
			if first[f.String()] != f.CurrentExternalID {
				t.Fatalf("%s holds %q, and the fix says %q", f.Ref, first[f.String()], f.CurrentExternalID)
			}
			current := f.CurrentExternalID
			if _, err := client.SetExternalID(ctx, write.ExternalIDRequest{Ref: f.Ref, Want: f.ExternalID, Expected: &current}); err != nil {
				t.Fatalf("%s: %v", f.Ref, err)
			}
			first[f.String()] = f.ExternalID
		}
		if diff := cmp.Diff(first, w.externalIDs(t)); diff != "" {
			t.Fatalf("the account is not what was planned (-planned +there): %s", diff)
		}
		client = w.account(t)
		second := auditWithAll(ctx, t, client, source)
		if left := second.ExternalIDFixes; len(left) > 0 {
			t.Fatalf("after %+v the next audit offers %+v", fixes, left)
		}
		rosters := w.rosters(t)
		for _, r := range second.MemberRemovals {
			req := write.MemberRequest{GroupID: r.GroupID, MemberID: r.MemberID, MemberType: r.MemberType}
			if _, err := client.RemoveMember(ctx, req); err != nil {
				t.Fatalf("removing %s from group/%s: %v", r.MemberID, r.GroupID, err)
			}
			delete(rosters, r.GroupID+"/"+r.MemberID)
			removed++
		}
		if diff := cmp.Diff(rosters, w.rosters(t)); diff != "" {
			t.Fatalf("the members are not what was planned (-planned +there): %s", diff)
		}
		last := auditWithAll(ctx, t, w.account(t), source)
		if len(last.ExternalIDFixes)+len(last.MemberRemovals) > 0 {
			t.Fatalf("after both the next audit offers %+v and %+v", last.ExternalIDFixes, last.MemberRemovals)
		}
	})
}

// auditWithAll is an audit that offers whatever may be offered at all.
func auditWithAll(ctx context.Context, t fatal, client *account.Client, source idp.Source) judge.Report {
	t.Helper()
	inventory, err := client.Inventory(ctx)
	if err != nil {
		t.Fatal(err)
	}
	result, err := source.Match(ctx, idp.Request{Principals: inventory.Principals, Membership: idp.MembershipTransitive, Members: client.Members})
	if err != nil {
		t.Fatal(err)
	}
	in := judge.Input{Inventory: inventory, Matches: result.Matches, Failures: result.Failures}
	options := judge.Options{IDP: source.Capabilities().Capabilities, LinkGroups: true, Relink: true, SuggestGroupClears: true}
	in.Privileges = client.Privileges(ctx, judge.Candidates(in, options))
	return judge.Divergences(in, options)
}

// externalIDs are those of all principals, by "type/id".
func (w *fixture) externalIDs(t fatal) map[string]string {
	t.Helper()
	out := map[string]string{}
	st := w.state(t)
	for _, u := range st.Users {
		out["user/"+u.ID] = u.ExternalID
	}
	for _, g := range st.Groups {
		out["group/"+g.ID] = g.ExternalID
	}
	for _, s := range st.ServicePrincipals {
		out["service_principal/"+s.ID] = s.ExternalID
	}
	return out
}

// rosters are all direct memberships, "group/member".
func (w *fixture) rosters(t fatal) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for _, g := range w.state(t).Groups {
		for _, m := range g.Members {
			out[g.ID+"/"+m.Value] = true
		}
	}
	return out
}

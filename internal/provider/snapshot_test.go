// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/entra"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/file"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/matchwithidp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/okta"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// Ten audits of one run at the same time send what one of them sends, and have the
// same result.
func TestSnapshot_audits(t *testing.T) {
	t.Parallel()
	w := newAuditWorld(t, simulator.Options{})
	for _, kind := range []string{matchwithidp.Kind, entra.Kind, okta.Kind, file.Kind} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			alone := w.auditing(t, kind, "iam_v2", "", 0)
			want, _ := alone.whole(t)
			a := w.auditing(t, kind, "iam_v2", "", 0)
			var wg sync.WaitGroup
			for range 10 {
				wg.Go(func() {
					one := *a
					if got, _, err := one.result(t); err != nil || got != want {
						t.Errorf("one of ten differs: %v\n%s", err, cmp.Diff(want, got))
					}
				})
			}
			wg.Wait()
			if got, want := a.sent.Load(), alone.sent.Load(); got != want {
				t.Errorf("ten audits sent %d requests, one sends %d", got, want)
			}
			// One that asks differently finds all that it needs.
			direct := *a
			direct.run.Membership, direct.run.Options.LinkGroups = idp.MembershipDirect, true
			before := direct.sent.Load()
			if _, _, err := direct.result(t); err != nil {
				t.Error(err)
			}
			if more := direct.sent.Load() - before; more > 40 { // Privileges of further candidates.
				t.Errorf("an audit with other switches sent %d requests more", more)
			}
		})
	}
}

// What failed for one audit is tried by the next one of the run.
func TestSnapshot_failure(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{matchwithidp.Kind, entra.Kind, okta.Kind} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := newAuditWorld(t, simulator.Options{})
			want, _ := w.auditing(t, kind, "iam_v2", "", 0).whole(t)
			if err := w.sim.Server.SetFaults([]simulator.Fault{
				{Kind: simulator.FaultStatus, Status: 403, Path: "**/groups/*/matchWithIdp"},
				{Kind: simulator.FaultStatus, Status: 403, Path: "**/beta/groups/*/members"},
				{Kind: simulator.FaultStatus, Status: 403, Path: "/okta/api/v1/groups/*/users"},
			}); err != nil {
				t.Fatal(err)
			}
			a := w.auditing(t, kind, "iam_v2", "", 0)
			if _, warnings := a.whole(t); !strings.Contains(warnings, "Incomplete Identity Inventory") {
				t.Fatal("nothing failed")
			}
			if err := w.sim.Server.SetFaults(nil); err != nil {
				t.Fatal(err)
			}
			if got, _ := a.whole(t); got != want {
				t.Errorf("the second audit of the run differs:\n%s", cmp.Diff(want, got))
			}
		})
	}
}

// After a write of this run an audit shows it, asks the account's own matchWithIdp
// anew, and reads nothing else twice.
func TestSnapshot_ownWrite(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{matchwithidp.Kind, entra.Kind} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := newAuditWorld(t, simulator.Options{})
			a := w.auditing(t, kind, "iam_v2", "", 0)
			var diags diag.Diagnostics
			report, err := a.audit(a.ctx, a.run, a.idp, &diags)
			if err != nil || len(report.ExternalIDFixes) == 0 {
				t.Fatalf("no fix: %v", err)
			}
			fix := report.ExternalIDFixes[0]
			if _, err := a.account.SetExternalID(a.ctx, write.ExternalIDRequest{
				Ref: fix.Ref, Want: fix.ExternalID, Expected: &fix.CurrentExternalID,
			}); err != nil {
				t.Fatal(err)
			}
			w.sim.Server.ResetRequests()
			after, err := a.audit(a.ctx, a.run, a.idp, &diags)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range after.ExternalIDFixes {
				if f.Ref == fix.Ref {
					t.Errorf("%s is still to be fixed: %+v", f.Ref, f)
				}
			}
			matches := 0
			for _, r := range w.sim.Server.Requests().Log {
				switch {
				case strings.HasSuffix(r.Path, "/matchWithIdp"):
					matches++
				case !strings.Contains(r.Path, "/scim/v2/") && !strings.Contains(r.Path, "parent-groups"):
					t.Errorf("%s %s was read again", r.Method, r.Path)
				}
			}
			inv, err := a.account.Inventory(a.ctx)
			if want := len(inv.Principals); err != nil || kind == matchwithidp.Kind && matches != want {
				t.Errorf("%d identities were asked about after the write, want %d, %v", matches, want, err)
			}
		})
	}
}

// A few look-ups are single GETs; beyond 25 the account is listed, once, whatever
// kind of resource looks, and however many at a time.
func TestSnapshot_lookups(t *testing.T) {
	t.Parallel()
	const n = 40
	tests := map[string]struct {
		look func(a *auditing, st simulator.State, i int) error
		// gets are the single GETs that are allowed, members the lists of members.
		gets, members int
	}{
		"external_id, resolved_principal": {func(a *auditing, st simulator.State, i int) error {
			u := st.Users[i]
			p, err := a.account.KnownHolding(a.ctx, audit.Ref{Type: audit.TypeUser, ID: u.ID}, u.ExternalID)
			if err == nil && p.ExternalID != u.ExternalID {
				t.Errorf("user/%s holds %q, want %q", u.ID, p.ExternalID, u.ExternalID)
			}
			return err
		}, 25, 0},
		"group_member, group_member_removal": {func(a *auditing, st simulator.State, i int) error {
			g, u := st.Groups[i%2], st.Users[i]
			believed := false
			for _, m := range g.Members {
				believed = believed || m.Value == u.ID
			}
			m, err := a.account.KnownMembership(a.ctx, g.ID, audit.Ref{Type: audit.TypeUser, ID: u.ID}, believed)
			if err == nil && m.Present != believed {
				t.Errorf("user/%s in group/%s: %t, want %t", u.ID, g.ID, m.Present, believed)
			}
			return err
		}, 25, 2},
		"group_member by an id alone": {func(a *auditing, st simulator.State, i int) error {
			_, err := a.account.KnownID(a.ctx, st.Users[i].ID)
			return err
		}, 25, 0},
	}
	for name, tc := range tests {
		for _, atATime := range []int{1, 10} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w := newAuditWorld(t, simulator.Options{})
				st, err := w.sim.Server.State()
				if err != nil {
					t.Fatal(err)
				}
				a := w.auditing(t, file.Kind, "iam_v2", "", 0)
				var wg sync.WaitGroup
				work := make(chan int)
				for range atATime {
					wg.Go(func() {
						for i := range work {
							if err := tc.look(a, st, i); err != nil {
								t.Error(err)
							}
						}
					})
				}
				for i := range n {
					work <- i
				}
				close(work)
				wg.Wait()
				gets, members, lists := 0, 0, map[string]int{}
				for _, r := range w.sim.Server.Requests().Log {
					switch {
					case strings.Contains(r.Path, "/scim/v2/") && r.Method == http.MethodGet:
						gets++
					case strings.HasSuffix(r.Path, "/direct-members"):
						members++
					case strings.HasPrefix(r.Path, "/api/2.0/identity/"):
						lists[r.Path]++
					}
				}
				if gets > tc.gets || members != tc.members || len(lists) != 3 {
					t.Errorf("%d at a time: %d GETs, %d lists of members and the lists %v; want at most %d, %d, and each of three once", atATime, gets, members, lists, tc.gets, tc.members)
				}
				for path, times := range lists {
					if times != 1 {
						t.Errorf("%d at a time: %s was read %d times", atATime, path, times)
					}
				}
			})
		}
	}
}

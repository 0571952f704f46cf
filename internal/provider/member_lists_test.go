// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"regexp"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/entra"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/file"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/okta"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/presets"
)

var membersListed = regexp.MustCompile(`"MembersListed": (\d+)`)

// listedIn is the report without the number of groups that lists alone judge, and that
// number.
func listedIn(t *testing.T, report string) (rest string, listed int) {
	t.Helper()
	found := membersListed.FindStringSubmatch(report)
	if found == nil {
		t.Fatal("the report does not say how many groups lists alone judge")
	}
	listed, err := strconv.Atoi(found[1])
	if err != nil {
		t.Fatal(err)
	}
	return membersListed.ReplaceAllString(report, ""), listed
}

// Whatever lists of groups hold, the verdict is the one of reading every group by
// itself: a wrong list is not used, and no other one then.
func TestMemberLists_verdict(t *testing.T) {
	t.Parallel()
	for words, relied := range map[string]bool{"omitted": false, "returned": true, "cut_100": true, "cut_1000": true, "some": true, "stale": false} {
		w := newAuditWorld(t, simulator.Options{Assumed: simulator.Assumed{SCIM: simulator.SCIMAssumptions{GroupListMembers: words}}})
		for _, kind := range []string{entra.Kind, okta.Kind, file.Kind} {
			for _, api := range []string{"iam_v2", "scim"} {
				t.Run(words+" "+kind+" "+api, func(t *testing.T) {
					t.Parallel()
					single, warned := w.auditing(t, kind, api, "", 0).whole(t)
					run := w.auditing(t, kind, api, "", 0)
					run.run.Listed = true
					report, warnings := run.whole(t)
					want, _ := listedIn(t, single)
					got, listed := listedIn(t, report)
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("another verdict than by reading each group: %s", diff)
					}
					if warnings != warned {
						t.Errorf("warned %q, want %q", warnings, warned)
					}
					if (listed > 0) != relied {
						t.Errorf("%d groups were judged by their lists alone", listed)
					}
				})
			}
		}
	}
}

// An audit by lists costs a page for a hundred groups, and what is read by itself.
func TestMemberLists_requests(t *testing.T) {
	t.Parallel()
	w := newAuditWorld(t, simulator.Options{Assumed: simulator.Assumed{SCIM: simulator.SCIMAssumptions{GroupListMembers: "returned"}}})
	read := func(listed bool) int {
		before := w.sim.Server.Requests().Total
		run := w.auditing(t, entra.Kind, "iam_v2", "", 0)
		run.run.Listed = listed
		run.whole(t)
		return w.sim.Server.Requests().Total - before
	}
	single, lists := read(false), read(true)
	t.Logf("%d requests by single reads, %d by lists", single, lists)
	if lists > single {
		t.Errorf("%d requests by lists, %d without", lists, single)
	}
}

// A group that cannot be read by itself is not judged by its list either: nothing
// confirmed what the list holds.
func TestMemberLists_unreadableSample(t *testing.T) {
	t.Parallel()
	const sampled = 20 // Lists are checked at least, of a clean account.
	empty, err := presets.New("empty")
	if err != nil {
		t.Fatal(err)
	}
	st, err := presets.Generate(empty, presets.GenerateOptions{Users: 60, Groups: 40, ServicePrincipals: 8, Seed: 3, Clean: true})
	if err != nil {
		t.Fatal(err)
	}
	sim, err := simulator.Start(st, simulator.Options{Assumed: simulator.Assumed{SCIM: simulator.SCIMAssumptions{GroupListMembers: "returned"}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	if err := sim.Server.SetFaults([]simulator.Fault{{Kind: "status", Status: 403, Method: "GET", Path: "/api/2.*/accounts/*/scim/v2/Groups/*"}}); err != nil {
		t.Fatal(err)
	}
	run := (&auditWorld{sim, writeBenchDirectory(t, st)}).auditing(t, file.Kind, "scim", "", 0)
	run.run.Listed = true
	var diags diag.Diagnostics
	report, err := run.audit(run.ctx, run.run, run.idp, &diags)
	if err != nil {
		t.Fatal(err)
	}
	if report.Complete || len(report.Failures) < sampled {
		t.Errorf("complete is %t with %d failures, although no group could be read by itself", report.Complete, len(report.Failures))
	}
}

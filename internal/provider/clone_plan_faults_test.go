// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// Whichever single read is refused: the plan gives the same memberships as
// without it, or none and says so. Nothing is skipped that was not before, and
// no read fails in silence.
func TestClonePlan_anyOneRead(t *testing.T) {
	t.Parallel()
	for _, api := range []string{"iam_v2", "scim"} {
		t.Run(api, func(t *testing.T) {
			t.Parallel()
			a := startPreset(t, "demo", simulator.Options{})
			settings := map[string]any{"identity_api": api, "automatic_identity_management": "off", "max_concurrency": 1}
			config := cloneOf(wholeScan)
			config["allow_incomplete"] = true
			calm, said := a.serve(settings).read(clonePlanType, config)
			if said != "" {
				t.Fatal(said)
			}
			reads := a.Server.Requests().Total
			failed, silent := 0, 0
			for at := range reads {
				a.faults(simulator.Fault{
					Kind: simulator.FaultStatus, Status: 403, ErrorCode: "PERMISSION_DENIED", Message: "not this one", Method: "GET", Path: "/api/**", Skip: at, Times: 1,
				})
				got, said := a.serve(settings).read(clonePlanType, config)
				switch {
				case strings.Contains(said, "ERROR"):
					failed++
				case got["memberships"] == nil && got["complete"] == false:
				case got["complete"] == true && said != "":
					t.Errorf("read %d: complete, and yet: %s", at, said)
				default:
					if diff := cmp.Diff(calm["memberships"], got["memberships"]); diff != "" {
						t.Errorf("read %d: %s\n%s", at, diff, said)
					}
					if got["complete"] != true {
						break
					}
					silent++ // The read was made good, or it was not made any more.
					want, rows := rowsOf(calm), rowsOf(got)
					// A metastore that answers 403 to the question for its admins says that
					// the caller is none: a fact, by which nothing can be proven absent.
					rows["skipped"] += rows["unverified"]
					delete(rows, "unverified")
					if diff := cmp.Diff(want, rows); diff != "" {
						t.Errorf("read %d, complete: %s", at, diff)
					}
				}
				if skipped := rowsOf(got)["skipped"]; skipped != "" && skipped != rowsOf(calm)["skipped"] {
					t.Errorf("read %d: skipped %s", at, skipped)
				}
			}
			t.Logf("%d reads: %d times no plan, %d times a whole one", reads, failed, silent)
		})
	}
}

// Under throttling the plan is the same, only later, or says that it is not whole.
func TestClonePlan_storm(t *testing.T) {
	t.Parallel()
	zero := 0
	a := startPreset(t, "demo", simulator.Options{})
	calm, said := a.serve(nil).read(clonePlanType, cloneOf(nil))
	if said != "" {
		t.Fatal(said)
	}
	a.faults(simulator.Fault{
		Kind: simulator.FaultStatus, Status: 429, Path: "/api/**", Probability: 0.1, Seed: 7, RetryAfterSeconds: &zero, RetryAfterForm: "date",
	})
	got, said := a.serve(nil).read(clonePlanType, cloneOf(nil))
	if said == "" {
		if diff := cmp.Diff(calm, got); diff != "" {
			t.Error(diff)
		}
	} else if got["memberships"] != nil || !strings.Contains(said, "429") {
		t.Errorf("memberships %v: %s", got["memberships"], said)
	}
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package write_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/accounttest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// One of three groups cannot be written: the other two are, the error has the
// API's status and words, and the next round does the one that is left (R28,
// R29). A third round writes nothing.
func TestAddMember_oneOfThreeGroups(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 403, 409, 500} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sim := accounttest.StartInside(t, accounttest.Club(), simulator.Options{})
				accounttest.SetFaults(t, sim, simulator.Fault{
					Kind: simulator.FaultStatus, Status: status, ErrorCode: "SOME_CODE", Message: "no today", Method: http.MethodPatch, Path: "**/Groups/11",
				})
				c := accounttest.ClubClient(t, sim)
				round := func(patches int) []error {
					t.Helper()
					sim.Server.ResetRequests()
					errs := all(t.Context(), c.AddMember, accounttest.MemberRequest("15", "4"), accounttest.MemberRequest("11", "4"), accounttest.MemberRequest("12", "4"))
					if n := accounttest.Count(sim, http.MethodPatch, ""); n != patches {
						t.Errorf("%d PATCH requests, want %d", n, patches)
					}
					return errs
				}
				errs := round(3)
				if errs[0] != nil || errs[2] != nil || errs[1] == nil {
					t.Fatalf("%v", errs)
				}
				for _, part := range []string{fmt.Sprint(status), "no today"} {
					if !strings.Contains(errs[1].Error(), part) {
						t.Errorf("no %q in %v", part, errs[1])
					}
				}
				if slices.Contains(accounttest.Roster(t, sim, "11"), "4") || !slices.Contains(accounttest.Roster(t, sim, "12"), "4") || !slices.Contains(accounttest.Roster(t, sim, "15"), "4") {
					t.Errorf("11 has %v, 12 %v, 15 %v", accounttest.Roster(t, sim, "11"), accounttest.Roster(t, sim, "12"), accounttest.Roster(t, sim, "15"))
				}
				accounttest.SetFaults(t, sim)
				for _, patches := range []int{1, 0} {
					for _, err := range round(patches) {
						if err != nil {
							t.Error(err)
						}
					}
				}
			})
		})
	}
}

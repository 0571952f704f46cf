// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestConsistency_overHTTP runs both over permission assignments.
func TestConsistency_overHTTP(t *testing.T) {
	t.Parallel()
	lagging := startTest(t, smallAccount(), Options{ConsistencyLag: time.Hour})
	faulty := startTest(t, smallAccount(), Options{Faults: []Fault{{Kind: FaultStale, Method: "GET", Times: 2}}})
	for name, tt := range map[string]struct {
		sim  *Running
		want []bool
	}{
		"lag":   {lagging, []bool{false, true, false, true}},
		"fault": {faulty, []bool{false, false, true, true}},
	} {
		if got := call(t, tt.sim, "PUT", assignmentPath, assignUser); got.status != 200 {
			t.Fatalf("%s: PUT: %d", name, got.status)
		}
		var got []bool
		for range tt.want {
			got = append(got, assignees(t, tt.sim)["202"])
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: shown (-want +got):\n%s", name, diff)
		}
	}
}

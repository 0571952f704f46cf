// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// Two users of one external id are side by side with a suggestion, which what could not be
// read can only take away.
func TestDivergences_duplicates(t *testing.T) {
	t.Parallel()
	st := smallWorld()
	st.Users = append(st.Users,
		simulator.User{ID: "104", UserName: "old102@example.com", Active: true, ExternalID: entraID(102)},
		simulator.User{ID: "105", UserName: "gone105@example.com", Active: true, ExternalID: entraID(999), Created: "2026-01-02T00:00:00Z"},
	)
	st.Groups[1].Members = []simulator.Member{{Value: "103"}}
	a := startAccount(t, st, simulator.Options{})
	settings := map[string]any{"idp": map[string]any{"databricks": map[string]any{}}, "automatic_identity_management": "off"}
	suggestions := func(config map[string]any) string {
		config["plan_warning"] = false
		result, said := a.serve(settings).read("dbxidentity_divergences", config)
		rows, ok := result["duplicates"].([]any)
		if !ok {
			t.Fatalf("%v: %s", result["duplicates"], said)
		}
		var out []string
		for _, r := range rows {
			row, ok := r.(map[string]any)
			if !ok {
				t.Fatalf("%v", r)
			}
			out = append(out, fmt.Sprintf("%v %v", row["principal_id"], row["suggestion"]))
		}
		return strings.Join(out, ", ")
	}
	if got, want := suggestions(map[string]any{}), "102 keep, 104 retire, 103 decide, 105 decide"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := suggestions(map[string]any{"duplicate_details": true}), "102 keep, 104 retire, 103 keep, 105 retire"; got != want {
		t.Errorf("with details: got %s, want %s", got, want)
	}
	if got := suggestions(map[string]any{"principal_types": []string{"group"}}); got != "" {
		t.Errorf("no user is in scope: %s", got)
	}
	a.faults(simulator.Fault{Kind: simulator.FaultStatus, Status: 403, Path: "/api/**/Users/105"})
	if got, want := suggestions(map[string]any{"duplicate_details": true}), "102 keep, 104 retire, 103 decide, 105 decide"; got != want {
		t.Errorf("one was not read: got %s, want %s", got, want)
	}
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp_test

import (
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/entra"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/file"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// The account of the issue: 10,000 users, 5,000 linked groups and 500 service
// principals, in a tenant of that size. The least possible number of requests
// for entra is 268: 11+6+1 pages of 999 and 250 batches of 20 groups.
func BenchmarkMatch_requests(b *testing.B) {
	const users, groups, sps = 10_000, 5_000, 500
	req := linked(users, groups, sps)
	w, done := open(b, tenant(users, groups, sps), simulator.Options{})
	defer done()
	path := writeDirectory(b, b.TempDir(), tenant(users, groups, sps).IDP)
	b.Run(entra.Kind, func(b *testing.B) {
		for b.Loop() {
			w.sim.Server.ResetRequests()
			if _, err := w.entra(b).Match(b.Context(), req); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(w.requests("/graph/")), "requests")
		b.ReportMetric(268, "least")
	})
	b.Run(file.Kind, func(b *testing.B) {
		for b.Loop() {
			if _, err := file.New(path).Match(b.Context(), req); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(0, "requests")
	})
}

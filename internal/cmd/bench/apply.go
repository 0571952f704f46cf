// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// writesPerSecond is the documented limit of PATCH in account SCIM.
const writesPerSecond = 2

func applyScenarios() []scenario {
	const goal = "within 5 % of the write limit's arithmetic"
	return []scenario{
		{
			name: "apply_fixes", goal: goal, limit: 30 * time.Minute,
			run: func(ctx context.Context, b *bench) ([]result, error) {
				n := b.of(1000)
				res, err := b.apply(ctx, n, "apply_fixes", 10, 0)
				arithmetic := float64(n) / writesPerSecond
				res.Goal, res.OK = goal, res.Seconds <= 1.05*arithmetic
				res.Reached = fmt.Sprintf("%.1f %% more (%d fixes at %d/s are %.0f s)", 100*(res.Seconds/arithmetic-1), n, writesPerSecond, arithmetic)
				return one(res, err)
			},
		},
		{
			name: "apply_lag", goal: "which -parallelism a lag of 10 s needs", limit: 30 * time.Minute,
			run: func(ctx context.Context, b *bench) ([]result, error) {
				n := b.of(120)
				var out []result
				for _, parallelism := range []int{10, 20, 30, 40} {
					res, err := b.apply(ctx, n, fmt.Sprintf("apply_lag_p%d", parallelism), parallelism, 10*time.Second)
					if err != nil {
						return out, err
					}
					res.OK, res.Reached = true, fmt.Sprintf("%.2f fixes/s of the limit's %d/s", float64(n)/res.Seconds, writesPerSecond)
					out = append(out, res)
				}
				return out, nil
			},
		},
	}
}

// apply measures the apply of a saved plan with n fixes under the documented
// limits, and checks that the plan after it is empty.
func (b *bench) apply(ctx context.Context, n int, name string, parallelism int, lag time.Duration) (result, error) {
	st, err := stale(n, 100)
	if err != nil {
		return result{}, err
	}
	s, err := b.startServer(ctx, st, "-rate-limits", "documented", "-consistency-lag", lag.String())
	if err != nil {
		return result{}, err
	}
	defer s.stop()
	w, err := b.workspace(s)
	if err != nil {
		return result{}, err
	}
	if err := w.configure(ctx, s.idp("entra", ""), remediation); err != nil {
		return result{}, err
	}
	if _, _, err := w.run(ctx, "plan", "-out=saved"); err != nil {
		return result{}, err
	}
	u, requests, err := w.run(ctx, "apply", fmt.Sprintf("-parallelism=%d", parallelism), "saved")
	if err != nil {
		return result{}, err
	}
	res := u.result(name, requests)
	patches := 0
	for route, count := range requests.ByRoute {
		if strings.HasPrefix(route, "PATCH") {
			patches += count
		}
	}
	res.Least, res.How = 3*n, fmt.Sprintf("%d fixes, each read, written and read back; %d PATCH with what was throttled", n, patches)
	// Another process may be shown old values until the lag is over.
	if err := transport.Sleep(ctx, lag); err != nil {
		return result{}, err
	}
	_, _, err = w.run(ctx, "plan", "-detailed-exitcode")
	return res, err
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"fmt"
	"time"
)

// growthScenarios measure accounts of three sizes, 80 % of them users, 15 %
// groups and 5 % service principals.
func growthScenarios() []scenario {
	const goal = "linear: ten times the principals cost at most 12 times as much"
	const most = 12
	return []scenario{{
		name: "growth", goal: goal, limit: 30 * time.Minute,
		run: func(ctx context.Context, b *bench) ([]result, error) {
			var out []result
			for _, n := range []int{b.of(1000), b.of(10_000), b.of(100_000)} {
				res, err := b.audit(ctx, route{kind: "entra", api: "iam_v2"}, size{users: n * 80 / 100, groups: n * 15 / 100, sps: n * 5 / 100})
				if err != nil {
					return out, err
				}
				res.Scenario, res.Goal, res.OK = fmt.Sprintf("growth_%d", n), goal, res.Requests <= res.Least+above
				if len(out) > 0 {
					last := out[len(out)-1]
					seconds, memory := res.Seconds/last.Seconds, (res.ProviderMiB+res.TerraformMiB)/max(1, last.ProviderMiB+last.TerraformMiB)
					res.OK = res.OK && seconds <= most && memory <= most
					res.Reached = fmt.Sprintf("%.1f x requests, %.1f x seconds, %.1f x memory", float64(res.Requests)/float64(last.Requests), seconds, memory)
				}
				out = append(out, res)
			}
			return out, nil
		},
	}}
}

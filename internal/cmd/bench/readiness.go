// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/presets"
)

const readinessConfig = `
data "dbxidentity_aim_readiness" "this" {}
data "dbxidentity_divergences" "this" {}
data "dbxidentity_workspace_federation" "this" {}
data "dbxidentity_workspace_local_groups" "this" {}

output "failures" { value = join("\n", [for f in concat(data.dbxidentity_aim_readiness.this.failures, data.dbxidentity_divergences.this.failures) : "${f.call}: ${f.reason}"]) }
`

// readinessScenarios are the data sources that look at a company before it switches on
// automatic identity management, in one plan.
func readinessScenarios() []scenario {
	const most, latency = 15, 20 * time.Millisecond
	goal := fmt.Sprintf("at most %d s at %s, beside divergences, federation and local groups", most, latency)
	return []scenario{{
		name: "readiness", goal: goal, quick: true, limit: 15 * time.Minute,
		run: func(ctx context.Context, b *bench) ([]result, error) {
			res, err := b.readiness(ctx, latency)
			if err != nil {
				return nil, err
			}
			res.Goal, res.OK, res.Reached = goal, res.Seconds <= most, fmt.Sprintf("%.1f s", res.Seconds)
			return []result{res}, nil
		},
	}}
}

func (b *bench) readiness(ctx context.Context, latency time.Duration) (result, error) {
	s := b.full()
	st, err := presets.New("empty")
	if err != nil {
		return result{}, err
	}
	caller := st.ServicePrincipals[0].ID
	st, err = presets.Generate(st, presets.GenerateOptions{
		Users: s.users, Groups: s.groups, ServicePrincipals: s.sps, Workspaces: 20, Seed: 1, Clean: true,
	})
	if err != nil {
		return result{}, err
	}
	for i := range st.Workspaces { // The caller is in each.
		w := &st.Workspaces[i]
		w.PermissionAssignments = append(w.PermissionAssignments, simulator.PermissionAssignment{PrincipalID: caller, Permissions: []string{"ADMIN"}})
	}
	server, err := b.startServer(ctx, st, "-latency", latency.String())
	if err != nil {
		return result{}, err
	}
	defer server.stop()
	w, err := b.workspace(server)
	if err != nil {
		return result{}, err
	}
	if err := w.enterWorkspaces(); err != nil {
		return result{}, err
	}
	if err := w.configure(ctx, server.idp("entra", ""), readinessConfig); err != nil {
		return result{}, err
	}
	u, n, out, err := w.plan(ctx)
	if err != nil {
		return result{}, err
	}
	if out["failures"] != "" {
		return result{}, fmt.Errorf("the result is not complete: %v", out["failures"])
	}
	return u.result("readiness", n), nil
}

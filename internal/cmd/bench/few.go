// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/presets"
)

// fewScenarios is an account as one was scanned, with fixes for a few of its principals, of
// whom each is looked up for privileges.
func fewScenarios() []scenario {
	const most = 40
	goal := fmt.Sprintf("at most the least of a clean account and %d", most)
	return []scenario{{
		name: "few_candidates", goal: goal, quick: true, limit: 10 * time.Minute,
		run: func(ctx context.Context, b *bench) ([]result, error) {
			res, candidates, err := b.few(ctx)
			res.Goal, res.OK = goal, res.Requests <= res.Least+most
			res.Reached = fmt.Sprintf("+ %d for %d candidates", res.Requests-res.Least, candidates)
			return one(res, err)
		},
	}}
}

func (b *bench) few(ctx context.Context) (res result, candidates int, err error) {
	st, err := presets.New("field-scan")
	if err != nil {
		return res, 0, err
	}
	server, err := b.startServer(ctx, st)
	if err != nil {
		return res, 0, err
	}
	defer server.stop()
	w, err := b.workspace(server)
	if err != nil {
		return res, 0, err
	}
	const config = `
data "dbxidentity_divergences" "all" {
  link_groups  = true
  plan_warning = false
}

output "complete" { value = data.dbxidentity_divergences.all.complete }
output "fixes" { value = length(data.dbxidentity_divergences.all.external_id_fixes) }
`
	if err := w.configure(ctx, server.idp("entra", ""), config); err != nil {
		return res, 0, err
	}
	u, n, out, err := w.plan(ctx)
	if err != nil {
		return res, 0, err
	}
	fixes, _ := out["fixes"].(float64)
	if out["complete"] != true || fixes == 0 {
		return res, 0, fmt.Errorf("complete %v, %v fixes", out["complete"], out["fixes"])
	}
	res = u.result("few_candidates", n)
	c := censusOf(st)
	res.Least, res.How = sum(c.pages1000(), c.members(), c.graph())
	return res, int(fixes), nil
}

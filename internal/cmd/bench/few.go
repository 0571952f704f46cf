// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/presets"
)

// fewScenarios are an account as one was scanned, with fixes for a few of its principals, of
// whom each is looked up for privileges; and a small one in which two identities never
// get an answer.
func fewScenarios() []scenario {
	const most, patience = 40, 30
	goal := fmt.Sprintf("at most the least of a clean account and %d", most)
	quickly := fmt.Sprintf("under %d s, and everyone else is judged", patience)
	return []scenario{{
		name: "few_candidates", goal: goal, quick: true, limit: 10 * time.Minute,
		run: func(ctx context.Context, b *bench) ([]result, error) {
			res, candidates, err := b.few(ctx)
			res.Goal, res.OK = goal, res.Requests <= res.Least+most
			res.Reached = fmt.Sprintf("+ %d for %d candidates", res.Requests-res.Least, candidates)
			return one(res, err)
		},
	}, {
		name: "sick_identities", goal: quickly, quick: true, limit: 10 * time.Minute,
		run: func(ctx context.Context, b *bench) ([]result, error) {
			res, err := b.sick(ctx)
			res.Goal, res.OK = quickly, res.Seconds < patience
			res.Reached = fmt.Sprintf("%.1f s", res.Seconds)
			return one(res, err)
		},
	}}
}

// sick audits 47 identities by matchWithIdp, which always fails for one user and never
// answers for one group.
func (b *bench) sick(ctx context.Context) (result, error) {
	st, err := clean(size{users: 30, groups: 17})
	if err != nil {
		return result{}, err
	}
	server, err := b.startServer(ctx, st, "-faults", fmt.Sprintf(
		`[{"kind": "status", "status": 500, "path": "/api/**/users/%s/matchWithIdp"}, {"kind": "hang", "path": "/api/**/groups/%s/matchWithIdp"}]`,
		st.Users[0].ID, st.Groups[0].ID))
	if err != nil {
		return result{}, err
	}
	defer server.stop()
	w, err := b.workspace(server)
	if err != nil {
		return result{}, err
	}
	const config = `
data "dbxidentity_divergences" "all" {}

output "failures" { value = [for f in data.dbxidentity_divergences.all.failures : f.principal_id] }
output "divergent" { value = length(data.dbxidentity_divergences.all.users) + length(data.dbxidentity_divergences.all.groups) }
`
	if err := w.configure(ctx, server.idp("databricks", ""), config); err != nil {
		return result{}, err
	}
	u, n, out, err := w.plan(ctx)
	if err == nil && (fmt.Sprint(out["failures"]) != fmt.Sprintf("[%s %s]", st.Users[0].ID, st.Groups[0].ID) || out["divergent"] != 0.0) {
		err = fmt.Errorf("unread %v, divergent %v", out["failures"], out["divergent"])
	}
	return u.result("sick_identities", n), err
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

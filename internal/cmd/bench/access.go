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

// closures is how many groups the two people are in, at any depth.
const closures = 40

// wide is the account of the figures for diff and clone plan: so many groups, 20
// workspaces on 2 metastores with 100 catalogs each. The source is in 20
// groups, the target in 5 of them, and each of the 20 is in another one.
// securables is the number of objects at the level of the metastores and their
// catalogs.
func (c config) wide(groups int) (st simulator.State, securables int, err error) {
	if st, err = presets.New("empty"); err != nil {
		return st, 0, err
	}
	st, err = presets.Generate(st, presets.GenerateOptions{
		Groups: c.of(groups - closures), Users: 100, Workspaces: 20, Metastores: 2, Catalogs: c.of(100), Seed: 5, Clean: true,
	})
	const source, target = "900000000001", "900000000002"
	st.Users = append(st.Users, simulator.User{ID: source, UserName: "source@example.com", Active: true},
		simulator.User{ID: target, UserName: "target@example.com", Active: true})
	id := func(n int) string { return fmt.Sprint(90000000000000 + int64(n)) }
	for n := range closures {
		g := simulator.Group{ID: id(n), DisplayName: fmt.Sprintf("wide-%02d", n), Members: []simulator.Member{{Value: source}}}
		switch {
		case n < 5:
			g.Members = append(g.Members, simulator.Member{Value: target})
		case n >= closures/2:
			g.Members = []simulator.Member{{Value: id(n - closures/2)}}
		}
		st.Groups = append(st.Groups, g)
	}
	return st, securablesAbove(st), err
}

// securablesAbove is how many objects a scan to the depth of catalogs reads.
func securablesAbove(st simulator.State) (n int) {
	for _, m := range st.UnityCatalog.Metastores {
		n++ // The metastore itself.
		for _, s := range m.Securables {
			switch s.Type {
			case "catalog", "connection", "external_location", "storage_credential":
				n++
			}
		}
	}
	return n
}

const (
	diffConfig = `
data "dbxidentity_principal_diff" "this" {
  principal_a = { user_name = "source@example.com" }
  principal_b = { user_name = "target@example.com" }
}

output "complete" { value = data.dbxidentity_principal_diff.this.complete }
`
	cloneConfig = `
data "dbxidentity_clone_plan" "this" {
  source = { user_name = "source@example.com" }
  target = { user_name = "target@example.com" }

  scan_unity_catalog = true
}

output "complete" { value = data.dbxidentity_clone_plan.this.complete }
`
	accessConfig = `
data "dbxidentity_principal_access" "this" {
  principal = { user_name = "source@example.com" }

  scan_unity_catalog = true
}

output "complete" { value = data.dbxidentity_principal_access.this.complete }
`
)

// accessScenarios are one diff, one clone plan and the access of one person on each API.
func accessScenarios() []scenario {
	var out []scenario
	for _, api := range []string{"iam_v2", "scim"} {
		out = append(out,
			scenario{
				name: "diff_" + api, goal: "at most 10 requests + 3 per group of the two closures; on SCIM the crawl, once", quick: api == "iam_v2", limit: 10 * time.Minute,
				run: func(ctx context.Context, b *bench) ([]result, error) {
					return one(b.access(ctx, "diff", api, diffConfig))
				},
			},
			scenario{
				name: "clone_" + api, goal: "as the diff + 1 per workspace and per securable", quick: api == "iam_v2", limit: 10 * time.Minute,
				run: func(ctx context.Context, b *bench) ([]result, error) {
					return one(b.access(ctx, "clone", api, cloneConfig))
				},
			},
			scenario{
				name: "access_" + api, goal: "no more than the clone plan", quick: api == "iam_v2", limit: 10 * time.Minute,
				run: func(ctx context.Context, b *bench) ([]result, error) {
					return one(b.access(ctx, "access", api, accessConfig))
				},
			})
	}
	return out
}

func (b *bench) access(ctx context.Context, what, api, config string) (result, error) {
	st, securables, err := b.wide(5000)
	if err != nil {
		return result{}, err
	}
	s, err := b.startServer(ctx, st)
	if err != nil {
		return result{}, err
	}
	defer s.stop()
	u, n, err := b.accessPlan(ctx, s, api, config)
	if err != nil {
		return result{}, err
	}
	res := u.result(what+"_"+api, n)
	most := 10 + 3*closures
	how := fmt.Sprintf("10 + 3 x %d groups of the two closures", closures)
	if api == "scim" {
		// The crawl: each group once, and the lists of 100.
		most += len(st.Groups) + pages(len(st.Groups), 100) + pages(len(st.Users), 100) + pages(len(st.ServicePrincipals), 100)
		how += fmt.Sprintf(" + %d groups, each once, and the three lists", len(st.Groups))
	}
	if what != "diff" {
		most += len(st.Workspaces) + securables
		how += fmt.Sprintf(" + %d workspaces + %d securables", len(st.Workspaces), securables)
	}
	res.Goal, res.OK = fmt.Sprintf("at most %d requests", most), res.Requests <= most
	res.How = "at most " + how
	res.Reached = fmt.Sprintf("%d requests in %.1f s", res.Requests, res.Seconds)
	return res, nil
}

// accessPlan plans a configuration with the output complete, which has to be true.
func (b *bench) accessPlan(ctx context.Context, s *server, api, config string) (usage, counts, error) {
	w, err := b.workspace(s)
	if err != nil {
		return usage{}, counts{}, err
	}
	if err := w.enterWorkspaces(); err != nil {
		return usage{}, counts{}, err
	}
	if err := w.configure(ctx, fmt.Sprintf("  identity_api = %q", api), config); err != nil {
		return usage{}, counts{}, err
	}
	u, n, out, err := w.plan(ctx)
	if err == nil && out["complete"] != true {
		err = fmt.Errorf("the result is not complete: %v", out["complete"])
	}
	return u, n, err
}

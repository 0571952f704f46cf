// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"
)

// route is one kind of IdP and one API of the account; lists is an account whose lists
// of groups hold members, audited by them.
type route struct {
	kind, api string
	lists     bool
}

func (r route) String() string {
	if r.lists {
		return r.kind + "_" + r.api + "_lists"
	}
	return r.kind + "_" + r.api
}

var routes = []route{
	{kind: "entra", api: "iam_v2"}, {kind: "entra", api: "scim"}, {kind: "okta", api: "iam_v2"}, {kind: "file", api: "iam_v2"},
	{kind: "databricks", api: "iam_v2"}, byLists,
}

var byLists = route{kind: "entra", api: "iam_v2", lists: true}

// least is the smallest possible number of requests of a full audit, by page
// sizes alone: IAM v2 1,000 a page, account SCIM 100, Graph 999 and 20 requests
// a batch, which counts as one, Okta 200 users and 10,000 groups. The audit's
// own service principal fits into the last page.
func (r route) least(s size) (n int, how string) {
	account := s.pages(1000)
	if r.api == "scim" {
		account = s.pages(100)
	}
	members, reads := s.groups, "member reads"
	if r.lists {
		members, reads = pages(s.groups, 100), "pages of groups with members"
	}
	switch r.kind {
	case "entra":
		graph, batches := s.pages(999), pages(s.groups, 20)
		return account + members + graph + batches,
			fmt.Sprintf("%d pages + %d %s + %d Graph pages + %d batches of 20", account, members, reads, graph, batches)
	case "okta":
		users := pages(s.users, 200)
		return account + s.groups + users + 2 + s.groups,
			fmt.Sprintf("%d pages + %d member reads + %d Okta pages + 1 of deprovisioned users + 1 of groups + %d member lists", account, s.groups, users, s.groups)
	case "file":
		return account + s.groups, fmt.Sprintf("%d pages + %d member reads", account, s.groups)
	default:
		return account + s.all(), fmt.Sprintf("%d pages + %d matchWithIdp", account, s.all())
	}
}

// verdict is the configuration of an audit whose verdict can be read.
const verdict = `
data "dbxidentity_divergences" "all" {
  group_members = "%s"
}

output "complete" { value = data.dbxidentity_divergences.all.complete }
output "clean" { value = data.dbxidentity_divergences.all.clean }
output "divergent" {
  value = length(data.dbxidentity_divergences.all.users) + length(data.dbxidentity_divergences.all.groups) + length(data.dbxidentity_divergences.all.service_principals)
}
`

// audit measures one plan of a full audit of a clean account.
func (b *bench) audit(ctx context.Context, r route, s size, args ...string) (result, error) {
	st, err := clean(s)
	if err != nil {
		return result{}, err
	}
	members := "single"
	if r.lists {
		members = "list"
		args = append(args, "-assume", "scim.group_list_members=returned")
	}
	server, err := b.startServer(ctx, st, args...)
	if err != nil {
		return result{}, err
	}
	defer server.stop()
	w, err := b.workspace(server)
	if err != nil {
		return result{}, err
	}
	file := filepath.Join(w.Dir, "directory.json")
	if r.kind == "file" {
		content, err := directory(st)
		if err == nil {
			err = w.write("directory.json", content)
		}
		if err != nil {
			return result{}, err
		}
	}
	if err := w.configure(ctx, fmt.Sprintf("  identity_api = %q\n%s", r.api, server.idp(r.kind, file)), fmt.Sprintf(verdict, members)); err != nil {
		return result{}, err
	}
	u, n, err := w.run(ctx, "plan", "-out=saved")
	if err != nil {
		return result{}, err
	}
	out := u.result("audit_"+r.String(), n)
	out.Least, out.How = r.least(s)
	return out, w.checkClean(ctx, r)
}

// checkClean fails for a verdict that is not that of the clean account: a fast
// wrong answer counts for nothing. Okta has no service principals and returns
// mail addresses otherwise, so that its account is not clean.
func (w *workspace) checkClean(ctx context.Context, r route) error {
	outputs, err := w.outputs(ctx, "saved")
	if err != nil {
		return err
	}
	if r.kind == "okta" {
		return nil
	}
	if outputs["complete"] != true || outputs["clean"] != true {
		return fmt.Errorf("the audit of a clean account says clean %v, complete %v, %v divergent principals", outputs["clean"], outputs["complete"], outputs["divergent"])
	}
	return nil
}

// result starts a line with what a run cost.
func (u usage) result(name string, n counts) result {
	return result{
		Scenario: name, Requests: n.Total, Seconds: u.seconds, CPUSeconds: u.cpu, ProviderCPU: u.providerCPU,
		ProviderMiB: u.provider, TerraformMiB: u.command, TogetherMiB: u.together,
	}
}

// mostByLists bounds the requests of an audit by lists of groups.
const mostByLists = 450

// above is how many requests more than the least possible an audit may make.
const above = 25

func auditScenarios() []scenario {
	var out []scenario
	for _, r := range routes {
		goal := fmt.Sprintf("at most the least possible number of requests + %d", above)
		if r.lists {
			goal += fmt.Sprintf(", and at most %d", mostByLists)
		}
		out = append(out, scenario{
			name: "audit_" + r.String(), goal: goal, quick: r.kind == "entra" || r.kind == "file", limit: 15 * time.Minute,
			run: func(ctx context.Context, b *bench) ([]result, error) {
				res, err := b.audit(ctx, r, b.full())
				if err != nil {
					return nil, err
				}
				b.earlier[res.Scenario] = res.Seconds
				res.Goal, res.OK = goal, res.Requests <= res.Least+above && (!r.lists || res.Requests <= mostByLists)
				res.Reached = fmt.Sprintf("+ %d", res.Requests-res.Least)
				return []result{res}, nil
			},
		})
	}
	return out
}

// limitScenarios are audits under the documented rate limits. What the limit
// itself allows is the number of its requests over its rate.
func limitScenarios() []scenario {
	const perSecond, share = 20, 0.95
	var out []scenario
	for _, r := range []route{{kind: "entra", api: "iam_v2"}, {kind: "entra", api: "scim"}, {kind: "databricks", api: "iam_v2"}} {
		goal := "at least 95 % of the limit's arithmetic, nothing lost"
		out = append(out, scenario{
			name: "limits_" + r.String(), goal: goal, limit: 30 * time.Minute,
			run: func(ctx context.Context, b *bench) ([]result, error) {
				s := b.full()
				res, err := b.audit(ctx, r, s, "-rate-limits", "documented")
				if err != nil {
					return nil, err
				}
				n, what := s.groups, "member reads"
				if r.kind == "databricks" {
					n, what = s.all(), "matchWithIdp"
				}
				arithmetic := float64(n) / perSecond
				used := arithmetic / res.Seconds
				res.Scenario, res.Goal, res.OK = "limits_"+r.String(), goal, used >= share
				res.Reached = fmt.Sprintf("%.1f %% (%d %s at %d/s are %.0f s)", 100*used, n, what, perSecond, arithmetic)
				return []result{res}, nil
			},
		})
	}
	const most = 60
	goal := fmt.Sprintf("at most %d s", most)
	return append(out, scenario{
		name: "limits_" + byLists.String(), goal: goal, limit: 30 * time.Minute,
		run: func(ctx context.Context, b *bench) ([]result, error) {
			res, err := b.audit(ctx, byLists, b.full(), "-rate-limits", "documented")
			if err != nil {
				return nil, err
			}
			res.Scenario, res.Goal, res.OK = "limits_"+byLists.String(), goal, res.Seconds <= most
			res.Reached = fmt.Sprintf("%.0f s", res.Seconds)
			return []result{res}, nil
		},
	})
}

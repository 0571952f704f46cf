// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// Terraform evaluates for_each anew for each of its instances, so that its own
// time grows with the square of their number. The configurations here spread
// them over instances of a module, by the last two digits of the principal's id,
// as docs/guides/remediation.md advises for more than a few hundred.
const (
	instances = `
locals {
  wanted = jsondecode(file("${path.module}/instances.json"))
  shards = { for id, _ in local.wanted : substr("0${id}", -2, 2) => id... }
}

module "fixes" {
  source   = "./fixes"
  for_each = local.shards
  fixes = { for id in each.value : id => {
    principal_type = "user", principal_id = id, external_id = local.wanted[id], current_external_id = null
  } }
}
`
	fixesModule = `
terraform {
  required_providers {
    dbxidentity = { source = "dbxidentity/dbxidentity" }
  }
}

variable "fixes" {
  type = map(object({ principal_type = string, principal_id = string, external_id = string, current_external_id = string }))
}

resource "dbxidentity_external_id" "this" {
  for_each = var.fixes

  principal_type               = each.value.principal_type
  principal_id                 = each.value.principal_id
  external_id                  = each.value.external_id
  expected_current_external_id = each.value.current_external_id
}
`
	// aloneModule is fixesModule without a provider: what Terraform does by itself.
	aloneModule = `
variable "fixes" {
  type = map(object({ principal_type = string, principal_id = string, external_id = string, current_external_id = string }))
}

resource "terraform_data" "this" {
  for_each = var.fixes
  input    = each.value
}
`
	data = `
data "dbxidentity_divergences" "all" {}
`
	outputs = `
output "divergent" { value = length(data.dbxidentity_divergences.all.users) }
output "complete" { value = data.dbxidentity_divergences.all.complete }
`
	ledger = `
resource "dbxidentity_remediation_ledger" "this" {
  pending_external_ids = data.dbxidentity_divergences.all.external_id_fixes
  max_new_external_ids = 1000000
}

locals {
  fixes  = dbxidentity_remediation_ledger.this.external_ids
  shards = { for key, _ in local.fixes : substr("0${key}", -2, 2) => key... }
}

module "fixes" {
  source   = "./fixes"
  for_each = local.shards
  fixes    = { for key in each.value : key => local.fixes[key] }
}
`
	remediation = data + ledger
)

func resourceScenarios() []scenario {
	const (
		refreshGoal = "requests of one listing + 25"
		limitsGoal  = "10 times as fast as one GET each at 20/s"
		fixesGoal   = "each divergence is a fix to plan: at most the least possible number of requests + 25"
		aloneGoal   = "what is wanted of plan_fixes, under 25 s and 600 MiB, without a provider"
		planGoal    = "under 15 s and 1 GiB for Terraform and provider together"
	)
	return []scenario{
		{
			name: "refresh_external_ids", goal: refreshGoal, quick: true, limit: 15 * time.Minute,
			run: func(ctx context.Context, b *bench) ([]result, error) {
				res, err := b.refresh(ctx, b.of(5000))
				res.Goal, res.OK = refreshGoal, res.Requests <= res.Least+above
				res.Reached = fmt.Sprintf("+ %d", res.Requests-res.Least)
				return one(res, err)
			},
		},
		{
			name: "limits_refresh", goal: limitsGoal, limit: 15 * time.Minute,
			run: func(ctx context.Context, b *bench) ([]result, error) {
				n := b.of(5000)
				res, err := b.refresh(ctx, n, "-rate-limits", "documented")
				each := float64(n) / 20
				res.Scenario, res.Goal, res.OK = "limits_refresh", limitsGoal, res.Seconds*10 <= each
				res.Reached = fmt.Sprintf("%.1f times (one GET each: %.0f s)", each/res.Seconds, each)
				return one(res, err)
			},
		},
		{
			name: "plan_divergences", goal: planGoal, quick: true, limit: 15 * time.Minute,
			run: func(ctx context.Context, b *bench) ([]result, error) {
				res, err := b.divergences(ctx, "plan_divergences", 7)
				return one(res.inside(planGoal, 15, 1024), err)
			},
		},
		{
			// What is left of plan_fixes without any provider: no change of ours makes it less.
			name: "plan_terraform_alone", goal: aloneGoal, limit: 15 * time.Minute,
			run: func(ctx context.Context, b *bench) ([]result, error) {
				res, err := b.alone(ctx, b.of(10_000))
				return one(res.inside(aloneGoal, 25, 600), err)
			},
		},
		{
			name: "plan_fixes", goal: fixesGoal, limit: 15 * time.Minute,
			run: func(ctx context.Context, b *bench) ([]result, error) {
				res, err := b.divergences(ctx, "plan_fixes", 100)
				res.Least, res.How = leastOfFixes(b.of(10_000))
				res.Goal, res.OK = fixesGoal, res.Requests <= res.Least+above
				res.Reached = fmt.Sprintf("+ %d; at one time at most %.0f MiB", res.Requests-res.Least, res.TogetherMiB)
				return one(res, err)
			},
		},
	}
}

func one(r result, err error) ([]result, error) {
	if err != nil {
		return nil, err
	}
	return []result{r}, nil
}

// inside judges time and memory.
func (r result) inside(goal string, seconds, mib float64) result {
	r.Goal, r.OK = goal, r.Seconds < seconds && r.ProviderMiB+r.TerraformMiB < mib
	r.Reached = fmt.Sprintf("%.1f s, %.0f MiB, of them at one time at most %.0f", r.Seconds, r.ProviderMiB+r.TerraformMiB, r.TogetherMiB)
	return r
}

// divergences measures the plan of data source, ledger and fixes on an account in
// which every user diverges, and so many of 100 can be fixed. The published scan
// had 3 linkable ones to 41 others.
func (b *bench) divergences(ctx context.Context, name string, fixable int) (result, error) {
	n := b.of(10_000)
	st, err := stale(n, fixable)
	if err != nil {
		return result{}, err
	}
	s, err := b.startServer(ctx, administered(st))
	if err != nil {
		return result{}, err
	}
	defer s.stop()
	w, err := b.workspace(s)
	if err != nil {
		return result{}, err
	}
	if err := w.configure(ctx, s.idp("entra", ""), remediation+outputs); err != nil {
		return result{}, err
	}
	u, requests, out, err := w.plan(ctx)
	if err != nil {
		return result{}, err
	}
	if out["divergent"] != float64(n) || out["complete"] != true {
		return result{}, fmt.Errorf("the plan shows %v divergences, complete %v; want %d", out["divergent"], out["complete"], n)
	}
	return u.result(name, requests), nil
}

// alone measures the plan of so many new instances of Terraform's own resource, spread as
// the fixes are.
func (b *bench) alone(ctx context.Context, n int) (result, error) {
	st, err := clean(size{users: n})
	if err != nil {
		return result{}, err
	}
	s, err := b.startServer(ctx, st)
	if err != nil {
		return result{}, err
	}
	defer s.stop()
	w, err := b.workspace(s)
	if err != nil {
		return result{}, err
	}
	err = errors.Join(w.configure(ctx, "", instances), w.declare(st.Users), w.write(filepath.Join("fixes", "main.tf"), []byte(aloneModule)), w.write("main.tf", []byte(instances)))
	if err != nil {
		return result{}, err
	}
	u, requests, err := w.run(ctx, "plan", "-out=saved")
	return u.result("plan_terraform_alone", requests), err
}

// leastOfFixes is the smallest possible number of requests of an audit in which
// every one of n users can be fixed, in the account of [administered]: its three
// lists on IAM v2; the users in Graph, and the stored ids that Graph does not list;
// the users with their roles, 100 a page; and once, for who is privileged, the other two
// lists with roles, workspaces, metastores, the account's rules, and of each of
// two groups and a privileged service principal the rules, of the groups also the
// members and the group itself.
func leastOfFixes(n int) (least int, how string) {
	users := n + 1
	account, graph, unlisted, roles := pages(users, 1000)+2, pages(users, 999), pages(n, 1000), pages(users, 100)
	const power = 2 + 2 + 1 + 3 + 2 + 2
	return account + graph + unlisted + roles + power,
		fmt.Sprintf("%d pages + %d Graph pages + %d getByIds + %d pages of users with roles + %d for who is privileged", account, graph, unlisted, roles, power)
}

// refresh measures the plan of n instances that are in state and in the account.
func (b *bench) refresh(ctx context.Context, n int, args ...string) (result, error) {
	size := b.full()
	st, err := clean(size)
	if err != nil {
		return result{}, err
	}
	s, err := b.startServer(ctx, st, args...)
	if err != nil {
		return result{}, err
	}
	defer s.stop()
	w, err := b.workspace(s)
	if err != nil {
		return result{}, err
	}
	users := make([]simulator.User, 0, n)
	for _, u := range st.Users {
		if u.ExternalID != "" && len(users) < n {
			users = append(users, u)
		}
	}
	err = errors.Join(w.configure(ctx, "", instances), w.declare(users[:1]))
	if err != nil {
		return result{}, err
	}
	// Terraform writes its state after each instance, so thousands of them are
	// made from one: nothing of it differs but the principal.
	if _, _, err := w.run(ctx, "apply", "-auto-approve"); err != nil {
		return result{}, err
	}
	if err := errors.Join(w.declare(users), w.multiply(users)); err != nil {
		return result{}, err
	}
	u, requests, err := w.run(ctx, "plan", "-detailed-exitcode")
	res := u.result("refresh_external_ids", requests)
	res.Least, res.How = size.pages(1000), fmt.Sprintf("%d pages of one listing", size.pages(1000))
	return res, err
}

// declare writes the instances that the configuration has.
func (w *workspace) declare(users []simulator.User) error {
	wanted := map[string]string{}
	for _, u := range users {
		wanted[u.ID] = u.ExternalID
	}
	raw, err := json.Marshal(wanted)
	if err != nil {
		return err
	}
	return w.write("instances.json", raw)
}

// replaced is an instance of a state file with other texts, in its private part as well,
// which holds what the instance wrote: JSON in base64 in JSON in base64.
func replaced(instance json.RawMessage, texts *strings.Replacer) (json.RawMessage, error) {
	var of map[string]json.RawMessage
	if err := json.Unmarshal([]byte(texts.Replace(string(instance))), &of); err != nil {
		return nil, err
	}
	var outer []byte
	private := map[string][]byte{}
	if err := json.Unmarshal(of["private"], &outer); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(outer, &private); err != nil {
		return nil, err
	}
	for key, value := range private {
		private[key] = []byte(texts.Replace(string(value)))
	}
	outer, err := json.Marshal(private)
	if err != nil {
		return nil, err
	}
	if of["private"], err = json.Marshal(outer); err != nil {
		return nil, err
	}
	return json.Marshal(of)
}

// multiply makes instances for all users of that for the first one in the state
// file: nothing of them differs but the principal and the place.
func (w *workspace) multiply(users []simulator.User) error {
	raw, err := os.ReadFile(filepath.Join(w.Dir, "terraform.tfstate"))
	if err != nil {
		return err
	}
	var state map[string]json.RawMessage
	var resources []map[string]json.RawMessage
	if err := json.Unmarshal(raw, &state); err != nil {
		return err
	}
	if err := json.Unmarshal(state["resources"], &resources); err != nil || len(resources) != 1 {
		return fmt.Errorf("the state has %d resources, want 1: %w", len(resources), err)
	}
	var made []json.RawMessage
	if err := json.Unmarshal(resources[0]["instances"], &made); err != nil || len(made) != 1 {
		return fmt.Errorf("the state has %d instances, want 1: %w", len(made), err)
	}
	template, first := made[0], users[0]
	shards := map[string][]json.RawMessage{}
	for _, u := range users {
		shard := ("0" + u.ID)[len(u.ID)-1:]
		instance, err := replaced(template, strings.NewReplacer(
			`"`+first.ID+`"`, `"`+u.ID+`"`, `"user/`+first.ID+`"`, `"user/`+u.ID+`"`,
			`"`+first.UserName+`"`, `"`+u.UserName+`"`, `"`+first.ExternalID+`"`, `"`+u.ExternalID+`"`,
		))
		if err != nil {
			return err
		}
		shards[shard] = append(shards[shard], instance)
	}
	var all []map[string]json.RawMessage
	for _, shard := range slices.Sorted(maps.Keys(shards)) {
		resource := maps.Clone(resources[0])
		resource["module"], _ = json.Marshal(fmt.Sprintf("module.fixes[%q]", shard))
		if resource["instances"], err = json.Marshal(shards[shard]); err != nil {
			return err
		}
		all = append(all, resource)
	}
	if state["resources"], err = json.Marshal(all); err != nil {
		return err
	}
	if raw, err = json.Marshal(state); err != nil {
		return err
	}
	return w.write("terraform.tfstate", raw)
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// written is one kind of resource, of which some instances are applied.
type written struct {
	name, body string
	settings   string // of the provider
	// of is what the instances are about: pairs of two texts, each.key and each.value. It
	// may change the account before.
	of func(st *simulator.State, n int) map[string]string
}

// fixes is how many fixes a real scan had.
const fixes = 72

var writtenKinds = []written{
	{
		name: "deactivations", body: `resource "dbxidentity_principal_status" "this" {
  for_each = local.wanted

  principal_type = "user"
  principal_id   = each.key
  principal_name = each.value
  active         = false
}`,
		of: func(st *simulator.State, n int) map[string]string {
			out := map[string]string{}
			for _, u := range st.Users[:n] {
				out[u.ID] = u.UserName
			}
			return out
		},
	},
	{
		name: "group_names", body: `resource "dbxidentity_group_name" "this" {
  for_each = local.wanted

  group_id              = each.key
  expected_current_name = each.value
  name                  = "${each.value} (local)"
}`,
		of: func(st *simulator.State, n int) map[string]string {
			out := map[string]string{}
			for _, g := range st.Groups {
				if g.ExternalID == "" && len(g.Roles) == 0 && len(out) < n {
					out[g.ID] = g.DisplayName
				}
			}
			return out
		},
	},
	{
		name: "denials", body: `resource "dbxidentity_account_access_identity_rule" "this" {
  for_each = local.wanted

  external_principal_id = each.key
}`,
		of: func(st *simulator.State, n int) map[string]string {
			out := map[string]string{}
			for _, u := range st.IDP.Users[:n] {
				out[u.ID] = u.UserPrincipalName
			}
			return out
		},
	},
	{
		name: "memberships", body: `resource "dbxidentity_group_member" "this" {
  for_each = local.wanted

  group_id  = each.key
  member_id = each.value
}`,
		of: func(st *simulator.State, n int) map[string]string {
			out := map[string]string{}
			for i, g := range st.Groups {
				if g.ExternalID == "" && len(g.Roles) == 0 && len(out) < n {
					out[g.ID] = st.Users[i].ID
				}
			}
			return out
		},
	},
}

// unlinked are users who have lost their external id.
var unlinked = written{
	name: "external_ids", body: `resource "dbxidentity_external_id" "this" {
  for_each = local.wanted

  principal_type = "user"
  principal_id   = each.key
  external_id    = each.value
}`,
	of: func(st *simulator.State, n int) map[string]string {
		out := map[string]string{}
		for i := range st.Users {
			if u := &st.Users[i]; u.ExternalID != "" && len(out) < n {
				out[u.ID], u.ExternalID = u.ExternalID, ""
			}
		}
		return out
	},
}

func writeScenarios() []scenario {
	goal := fmt.Sprintf("%d writes: at most 5 requests each, two listings and two with roles", fixes)
	var out []scenario
	for _, kind := range writtenKinds {
		out = append(out, scenario{
			name: "apply_" + kind.name, goal: goal, quick: true, limit: 10 * time.Minute,
			run: func(ctx context.Context, b *bench) ([]result, error) {
				res, listed, err := b.writes(ctx, kind, size{users: b.of(2000), groups: b.of(100), sps: b.of(50)})
				res.Goal, res.OK = goal, res.Requests <= 5*b.of(fixes)+2*listed.pages(1000)+2*listed.pages(100)
				return one(res, err)
			},
		})
	}
	const most = 120
	limited := fmt.Sprintf("%d writes: at most 5 requests each and two listings, and %d s", fixes, most)
	atItsRate := unlinked
	atItsRate.name, atItsRate.settings = unlinked.name+"_2s", fmt.Sprintf("  writes_per_second = %d", writesPerSecond)
	for _, kind := range []written{unlinked, atItsRate} {
		name := "limits_apply_" + kind.name
		out = append(out, scenario{
			name: name, goal: limited, limit: 15 * time.Minute,
			run: func(ctx context.Context, b *bench) ([]result, error) {
				res, listed, err := b.writes(ctx, kind, b.full(), "-rate-limits", "documented")
				res.Scenario, res.Goal, res.OK = name, limited, res.Requests <= 5*b.of(fixes)+2*listed.pages(1000) && res.Seconds <= most
				res.Reached += fmt.Sprintf(" in %.0f s", res.Seconds)
				return one(res, err)
			},
		})
	}
	return out
}

// writes measures the apply of some instances of a kind in an account of a size, and checks
// that the plan after it is empty. listed is how much a listing of the account has.
func (b *bench) writes(ctx context.Context, kind written, s size, args ...string) (res result, listed size, err error) {
	n := b.of(fixes)
	st, err := clean(s)
	if err != nil {
		return res, listed, err
	}
	for i := range n { // Databricks' own groups.
		st.Groups = append(st.Groups, simulator.Group{ID: fmt.Sprint(70000000000000 + i), DisplayName: fmt.Sprintf("own-%03d", i)})
	}
	raw, err := json.Marshal(kind.of(&st, n))
	if err != nil {
		return res, listed, err
	}
	st = administered(st)
	listed = size{users: len(st.Users), groups: len(st.Groups), sps: len(st.ServicePrincipals)}
	server, err := b.startServer(ctx, st, args...)
	if err != nil {
		return res, listed, err
	}
	defer server.stop()
	w, err := b.workspace(server)
	if err == nil {
		err = w.write("instances.json", raw)
	}
	if err != nil {
		return res, listed, err
	}
	config := "locals {\n  wanted = jsondecode(file(\"${path.module}/instances.json\"))\n}\n\n" + kind.body + "\n"
	if err := w.configure(ctx, server.idp("entra", "")+"\n"+kind.settings, config); err != nil {
		return res, listed, err
	}
	if _, _, err := w.run(ctx, "plan", "-out=saved"); err != nil {
		return res, listed, err
	}
	u, requests, err := w.run(ctx, "apply", "saved")
	if err != nil {
		return res, listed, err
	}
	res = u.result("apply_"+kind.name, requests)
	res.Least, res.How = 3*n, fmt.Sprintf("%d writes, each read, written and read back", n)
	res.Reached = fmt.Sprintf("%.1f each", float64(res.Requests)/float64(n))
	_, _, err = w.run(ctx, "plan", "-detailed-exitcode")
	return res, listed, err
}

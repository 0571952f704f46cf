// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"strings"
	"testing"
)

// clonePlanOf reads a plan with these rows in databricks_actions.
func clonePlanOf(t *testing.T, rows string) clonePlan {
	t.Helper()
	var p clonePlan
	plan := `{"prior_state":{"values":{"root_module":{"resources":[{"address":"data.dbxidentity_clone_plan.this","values":{"complete":true,
		"idp_actions":[{"group_name":"engineers","workspace_accesses":[{"workspace_name":"prod"},{"workspace_name":"dev"},{"workspace_name":"prod"}]}],
		"follows":[{"group_name":"consumers"}],"skipped":[{"group_name":"dead"}],"databricks_actions":[` + rows + `]}}]}}}}`
	if err := readPlan([]byte(plan), map[string]any{"data.dbxidentity_clone_plan.this": &p}); err != nil {
		t.Fatal(err)
	}
	return p
}

const (
	plainRow  = `{"group_name":"users","reason":null,"workspace_accesses":[{"workspace_name":"prod"}]}`
	powerRow  = `{"group_name":"admins","reason":"held back"}`
	secondRow = `{"group_name":"more","reason":null}`
)

func TestWriteClone(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := writeClone(&out, clonePlanOf(t, plainRow+","+powerRow), clonePlanOf(t, powerRow)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"engineers left to the identity provider prod, dev", "consumers follows", "users added", "admins held back: privileged", "dead left out"} {
		if text := strings.Join(strings.Fields(out.String()), " "); !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, out.String())
		}
	}
}

func TestWriteClone_refuses(t *testing.T) {
	t.Parallel()
	incomplete := clonePlanOf(t, "")
	incomplete.Complete = false
	for name, c := range map[string]struct{ before, after clonePlan }{
		"nothing was added":       {clonePlanOf(t, powerRow), clonePlanOf(t, powerRow)},
		"one was not added":       {clonePlanOf(t, plainRow+","+secondRow), clonePlanOf(t, secondRow)},
		"the plan was incomplete": {clonePlanOf(t, plainRow), incomplete},
	} {
		if err := writeClone(&bytes.Buffer{}, c.before, c.after); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"text/tabwriter"
)

// clonePlan is what the data source of the clone said in one plan.
type clonePlan struct {
	IDPActions        []cloneRow `json:"idp_actions"`
	DatabricksActions []cloneRow `json:"databricks_actions"`
	Follows, Skipped  []cloneRow
	Complete          bool
}

type cloneRow struct {
	Name       string  `json:"group_name"`
	Reason     *string `json:"reason"`
	Workspaces []struct {
		Name string `json:"workspace_name"`
	} `json:"workspace_accesses"`
}

// places are the workspaces that a group gives, each once.
func (r cloneRow) places() string {
	var out []string
	for _, w := range r.Workspaces {
		if !slices.Contains(out, w.Name) {
			out = append(out, w.Name)
		}
	}
	return strings.Join(out, ", ")
}

// clone gives a new colleague the access of another one, in a few lines: what
// Terraform prints about it stands in the README.
func clone(ctx context.Context, source string, terraform command) (err error) {
	if terraform.Dir, err = workFolder(source); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(terraform.Dir)) }()

	before, err := planClone(ctx, terraform)
	if err != nil {
		return err
	}
	if err := terraform.quietly(ctx, "apply", "-input=false", "plan.bin"); err != nil {
		return fmt.Errorf("the apply: %w", err)
	}
	after, err := planClone(ctx, terraform, "-detailed-exitcode")
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 2 {
		return errors.New("the second plan still has changes; it must be empty (this is a bug)")
	}
	if err != nil {
		return err
	}
	return writeClone(terraform.out, before, after)
}

func planClone(ctx context.Context, terraform command, more ...string) (clonePlan, error) {
	var p clonePlan
	if err := terraform.quietly(ctx, append([]string{"plan", "-input=false", "-out=plan.bin"}, more...)...); err != nil {
		return p, fmt.Errorf("the plan: %w", err)
	}
	raw, err := terraform.Show(ctx, "plan.bin")
	if err != nil {
		return p, err
	}
	return p, readPlan(raw, map[string]any{"data.dbxidentity_clone_plan.this": &p})
}

// writeClone says what became of each group that the first plan found missing.
func writeClone(out io.Writer, before, after clonePlan) error {
	if !before.Complete || !after.Complete {
		return errors.New("the clone plan of the simulated account was incomplete (this is a bug)")
	}
	left := map[string]bool{}
	for _, row := range after.DatabricksActions {
		left[row.Name] = true
	}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w)
	line := func(row cloneRow, what string) { fmt.Fprintf(w, "  %s\t%s\t%s\n", row.Name, what, row.places()) }
	applied := 0
	for _, row := range before.IDPActions {
		line(row, "left to the identity provider")
	}
	for _, row := range before.Follows {
		line(row, "follows once that is done")
	}
	for _, row := range before.DatabricksActions {
		switch {
		case !left[row.Name]:
			applied++
			line(row, "added, and the plan after that is empty")
		case row.Reason != nil:
			line(row, "held back: privileged")
		default:
			return fmt.Errorf("%s was to be added, and was not (this is a bug)", row.Name)
		}
	}
	for _, row := range before.Skipped {
		line(row, "left out: it gives nothing anywhere")
	}
	if applied == 0 {
		return errors.New("nothing was added (this is a bug)")
	}
	return w.Flush()
}

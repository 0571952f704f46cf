// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package tfcli runs Terraform or OpenTofu with the provider of this checkout, and
// the simulator as a process beside it: one harness for tests, demo and
// benchmarks.
package tfcli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// ErrNotFound says that there is no command line of Terraform or OpenTofu.
var ErrNotFound = errors.New("neither terraform nor tofu is on PATH; the make targets build OpenTofu in that case")

// Find is the command line to run: the one that was named, else terraform or
// tofu from PATH, else [ErrNotFound].
func Find(named string) (string, error) {
	if named != "" {
		return named, nil
	}
	for _, name := range []string{"terraform", "tofu"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", ErrNotFound
}

// IsOpenTofu asks the command line what it is: the file of either may have any
// name.
func IsOpenTofu(ctx context.Context, path string) (bool, error) {
	out, err := exec.CommandContext(ctx, path, "version").CombinedOutput()
	if err != nil {
		return false, fmt.Errorf("%s version: %w\n%s", path, err, out)
	}
	return bytes.Contains(out, []byte("OpenTofu v")), nil
}

// Overrides is a CLI configuration file that takes the provider from a folder.
// OpenTofu resolves a short source to its own registry, so both are named.
func Overrides(folder string) string {
	return fmt.Sprintf(`provider_installation {
  dev_overrides {
    "registry.terraform.io/dbxidentity/dbxidentity" = %[1]q
    "registry.opentofu.org/dbxidentity/dbxidentity" = %[1]q
  }
  direct {}
}
`, folder)
}

// RequiredProviders is the terraform block that a configuration begins with.
const RequiredProviders = `terraform {
  required_providers {
    dbxidentity = {
      source = "dbxidentity/dbxidentity"
    }
  }
}
`

// Environment is this process's environment without the settings of an own
// account or command line, and with what is added.
func Environment(add ...string) []string {
	var out []string
	for _, variable := range os.Environ() {
		own := false
		for _, prefix := range []string{"DATABRICKS_", "DBXIDENTITY_", "TF_"} {
			own = own || strings.HasPrefix(variable, prefix)
		}
		if !own {
			out = append(out, variable)
		}
	}
	return append(out, add...)
}

// CLI is Terraform or OpenTofu in one folder and environment.
type CLI struct {
	Path, Dir string
	Env       []string
}

// Command is one run, which the end of the context interrupts.
func (c CLI) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.Path, args...) //nolint:gosec // The chosen command line.
	Interruptible(cmd)
	cmd.Dir, cmd.Env = c.Dir, c.Env
	return cmd
}

// Show is a plan file, or the state when plan is "", as JSON.
func (c CLI) Show(ctx context.Context, plan string) ([]byte, error) {
	args := []string{"show", "-json"}
	if plan != "" {
		args = append(args, plan)
	}
	cmd := c.Command(ctx, args...)
	var said bytes.Buffer
	cmd.Stderr = &said
	raw, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, said.Bytes())
	}
	return raw, nil
}

// Interruptible makes the end of the context an interrupt, so that the command
// can put its things in order, and a kill when that takes longer than 20 s.
func Interruptible(cmd *exec.Cmd) {
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second
}

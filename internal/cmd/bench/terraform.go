// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// workspace is a folder with a configuration in which the command line runs.
type workspace struct {
	cli, dir string
	env      []string
	server   *server
}

// workspace makes the folder; the configuration comes with configure.
func (b *bench) workspace(s *server) (*workspace, error) {
	cli := b.cli
	if cli == "" {
		for _, name := range []string{"terraform", "tofu"} {
			if found, err := exec.LookPath(name); err == nil {
				cli = found
				break
			}
		}
	}
	if cli == "" {
		return nil, errors.New("neither terraform nor tofu is on PATH; `make bench` builds OpenTofu in that case")
	}
	dir, err := os.MkdirTemp(b.dir, "workspace-")
	if err != nil {
		return nil, err
	}
	rc := filepath.Join(dir, "cli.tfrc")
	w := &workspace{cli: cli, dir: dir, server: s, env: append(os.Environ(),
		"TF_CLI_CONFIG_FILE="+rc, "CHECKPOINT_DISABLE=1", "SSL_CERT_FILE="+s.CAFile,
		"DATABRICKS_HOST="+s.Host, "DATABRICKS_ACCOUNT_ID="+s.AccountID, "DATABRICKS_CLIENT_ID="+s.ClientID,
		"DATABRICKS_CLIENT_SECRET="+s.ClientSecret, "DATABRICKS_AUTH_TYPE=oauth-m2m", "DATABRICKS_CONFIG_FILE="+os.DevNull,
	)}
	overrides := fmt.Sprintf("provider_installation {\n  dev_overrides {\n"+
		"    \"registry.terraform.io/dbxidentity/dbxidentity\" = %[1]q\n    \"registry.opentofu.org/dbxidentity/dbxidentity\" = %[1]q\n  }\n}\n", b.bin)
	return w, w.write("cli.tfrc", []byte(overrides))
}

// configure writes the provider block with those settings, and the rest.
func (w *workspace) configure(ctx context.Context, settings, rest string) error {
	if err := os.MkdirAll(filepath.Join(w.dir, "fixes"), 0o700); err != nil {
		return err
	}
	root := "terraform {\n  required_providers {\n    dbxidentity = { source = \"dbxidentity/dbxidentity\" }\n  }\n}\n" +
		"provider \"dbxidentity\" {\n  automatic_identity_management = \"off\"\n" + settings + "\n}\n" + rest
	err := errors.Join(w.write(filepath.Join("fixes", "main.tf"), []byte(fixesModule)), w.write("main.tf", []byte(root)))
	if err != nil {
		return err
	}
	// Modules are installed without a look at any registry; the provider is there.
	cmd := exec.CommandContext(ctx, w.cli, "get", "-no-color") //nolint:gosec // The chosen CLI.
	interruptible(cmd)
	cmd.Dir, cmd.Env = w.dir, w.env
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("get: %w\n%s", err, tail(string(out)))
	}
	return nil
}

func (w *workspace) write(name string, content []byte) error {
	return os.WriteFile(filepath.Join(w.dir, name), content, 0o600)
}

// run measures one command, and the requests that it made.
func (w *workspace) run(ctx context.Context, args ...string) (usage, counts, error) {
	if err := w.server.reset(ctx); err != nil {
		return usage{}, counts{}, err
	}
	cmd := exec.CommandContext(ctx, w.cli, append([]string{args[0], "-no-color", "-input=false"}, args[1:]...)...) //nolint:gosec // The chosen CLI.
	interruptible(cmd)
	var out bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = w.dir, w.env, &out, &out
	u, err := measured(ctx, cmd)
	if err != nil {
		return u, counts{}, fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, tail(out.String()))
	}
	n, err := w.server.requests(ctx)
	return u, n, err
}

// tail is the end of an output, where the errors are.
func tail(s string) string {
	const most = 3000
	if len(s) > most {
		return "..." + s[len(s)-most:]
	}
	return s
}

// plan measures a plan, and gives the outputs that it shows.
func (w *workspace) plan(ctx context.Context) (usage, counts, map[string]any, error) {
	u, n, err := w.run(ctx, "plan", "-out=saved")
	if err != nil {
		return u, n, nil, err
	}
	out, err := w.outputs(ctx, "saved")
	return u, n, out, err
}

// outputs reads the outputs that a plan file will set.
func (w *workspace) outputs(ctx context.Context, plan string) (map[string]any, error) {
	cmd := exec.CommandContext(ctx, w.cli, "show", "-json", plan) //nolint:gosec // The chosen CLI.
	interruptible(cmd)
	cmd.Dir, cmd.Env = w.dir, w.env
	raw, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("reading the plan file: %w", err)
	}
	var doc struct {
		Planned struct {
			Outputs map[string]struct {
				Value any `json:"value"`
			} `json:"outputs"`
		} `json:"planned_values"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, fmt.Errorf("reading the plan's JSON: %w", err)
	}
	out := map[string]any{}
	for name, o := range doc.Planned.Outputs {
		out[name] = o.Value
	}
	return out, nil
}

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
	"path/filepath"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/tfcli"
)

// workspace is a folder with a configuration in which the command line runs.
type workspace struct {
	tfcli.CLI
	server *server
}

// workspace makes the folder; the configuration comes with configure.
func (b *bench) workspace(s *server) (*workspace, error) {
	cli, err := tfcli.Find(b.cli)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(b.dir, "workspace-")
	if err != nil {
		return nil, err
	}
	env := append(tfcli.Environment(s.Environment()...), "TF_CLI_CONFIG_FILE="+filepath.Join(dir, "cli.tfrc"), "CHECKPOINT_DISABLE=1")
	w := &workspace{CLI: tfcli.CLI{Path: cli, Dir: dir, Env: env}, server: s}
	return w, w.write("cli.tfrc", []byte(tfcli.Overrides(b.bin)))
}

// configure writes the provider block with those settings, and the rest.
func (w *workspace) configure(ctx context.Context, settings, rest string) error {
	if err := os.MkdirAll(filepath.Join(w.Dir, "fixes"), 0o700); err != nil {
		return err
	}
	root := tfcli.RequiredProviders +
		"provider \"dbxidentity\" {\n  automatic_identity_management = \"off\"\n" + settings + "\n}\n" + rest
	err := errors.Join(w.write(filepath.Join("fixes", "main.tf"), []byte(fixesModule)), w.write("main.tf", []byte(root)))
	if err != nil {
		return err
	}
	// Modules are installed without a look at any registry; the provider is there.
	if out, err := w.Command(ctx, "get", "-no-color").CombinedOutput(); err != nil {
		return fmt.Errorf("get: %w\n%s", err, tail(string(out)))
	}
	return nil
}

// enterWorkspaces gives the provider the hosts of the simulated workspaces.
func (w *workspace) enterWorkspaces() error {
	hosts, err := json.Marshal(w.server.WorkspaceHosts)
	w.Env = append(w.Env, "DBXIDENTITY_WORKSPACE_HOSTS="+string(hosts))
	return err
}

func (w *workspace) write(name string, content []byte) error {
	return os.WriteFile(filepath.Join(w.Dir, name), content, 0o600)
}

// run measures one command, and the requests that it made.
func (w *workspace) run(ctx context.Context, args ...string) (usage, counts, error) {
	if err := w.server.reset(ctx); err != nil {
		return usage{}, counts{}, err
	}
	cmd := w.Command(ctx, append([]string{args[0], "-no-color", "-input=false"}, args[1:]...)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
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
	raw, err := w.Show(ctx, plan)
	if err != nil {
		return nil, err
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

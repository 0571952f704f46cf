// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Command simulator runs a Databricks account, its workspaces and the identity
// provider behind it on loopback, for tests, demos and strangers' clients. The
// first line on stdout is one JSON object that tells how to reach it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// closeWithin is how long answers that are under way may take on the way out.
const closeWithin = 3 * time.Second

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	cancel()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "simulator:", err)
		os.Exit(1)
	}
}

// endpoints is the first line on stdout.
type endpoints struct {
	AccountHost  string `json:"account_host"`
	AccountID    string `json:"account_id"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	Token        string `json:"token"`
	simulator.IDPEndpoints
	WorkspaceHosts map[string]string `json:"workspace_hosts"`
}

// run serves until ctx ends, then writes the state file if one is named.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	cfg, err := parseFlags(args, stderr)
	if err != nil {
		return err
	}
	st, err := cfg.initialState(stderr)
	if err != nil {
		return err
	}
	sim, err := simulator.StartAt(cfg.listen, st, cfg.options)
	if err != nil {
		return err
	}
	out, err := describe(sim)
	if err == nil {
		err = json.NewEncoder(stdout).Encode(out)
	}
	if err == nil {
		fmt.Fprintf(stderr, "simulator: listening on %s, control under %s/_simulator/\n", sim.URL, sim.URL)
		<-ctx.Done()
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
	defer cancel()
	err = errors.Join(err, sim.Shutdown(closing))
	if cfg.saveFile == "" {
		return err
	}
	return errors.Join(err, saveState(sim.Server, cfg.saveFile))
}

func describe(sim *simulator.Running) (endpoints, error) {
	hosts, err := sim.WorkspaceHosts()
	return endpoints{
		AccountHost: sim.URL, AccountID: sim.AccountID,
		ClientID: sim.ClientID, ClientSecret: sim.ClientSecret, Token: sim.Token,
		IDPEndpoints: sim.IDP, WorkspaceHosts: hosts,
	}, err
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Command simulator runs a Databricks account, its workspaces and the identity
// provider behind it on loopback, for tests, demos and strangers' clients. The
// first line on stdout is one JSON object that says how to reach it; with a
// command after the flags (simulator -preset demo -- terraform plan) it runs that
// in an environment that does, and ends with it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
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
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		os.Exit(exit.ExitCode())
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "simulator:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends or the command that it was given does, then writes
// the state file if one is named.
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
	endpoints, err := sim.Endpoints()
	switch {
	case err != nil:
	case len(cfg.command) > 0:
		err = runCommand(cfg.command, endpoints, stdout, stderr)
	default:
		if err = json.NewEncoder(stdout).Encode(endpoints); err == nil {
			fmt.Fprintf(stderr, "simulator: listening on %s, control under %s/_simulator/\n", sim.URL, sim.URL)
			<-ctx.Done()
		}
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
	defer cancel()
	err = errors.Join(err, sim.Shutdown(closing))
	if cfg.saveFile == "" {
		return err
	}
	return errors.Join(err, saveState(sim.Server, cfg.saveFile))
}

// runCommand runs a command that finds the simulator in its environment, and
// nothing of the person's own accounts there. A terminal sends Ctrl-C to both: it
// is the command's, which may still talk to the account on its way out. What is
// sent to the simulator alone is passed on.
func runCommand(command []string, endpoints simulator.Endpoints, stdout, stderr io.Writer) error {
	cmd := exec.Command(command[0], command[1:]...) //nolint:gosec,noctx // What the person asked for, for as long as it takes.
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, stdout, stderr
	own := func(variable string) bool { return strings.HasPrefix(variable, "DATABRICKS_") }
	cmd.Env = append(slices.DeleteFunc(os.Environ(), own), endpoints.Environment()...)
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	defer signal.Stop(terminated)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("running %s: %w", command[0], err)
	}
	ended := make(chan struct{})
	go func() {
		select {
		case s := <-terminated:
			_ = cmd.Process.Signal(s) // One that has ended needs none.
		case <-ended:
		}
	}()
	err := cmd.Wait()
	close(ended)
	return err
}

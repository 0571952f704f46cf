// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Command demo shows the provider's main job on a simulated account: a plan that
// shows divergences, an apply that fixes what is safe to fix, and a plan that is
// empty; then the same access as a colleague's for a new one; then the reports of
// that and of a larger account; then a company that is not ready for automatic identity
// management, and is after some fixes. It runs the real command line of Terraform or
// OpenTofu and the built provider; `make demo` builds both and sets the environment.
//
// Everything is on loopback and in a temporary folder, and all of it but the
// reports is ended and removed when the command ends, also when it is interrupted.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/tfcli"
)

// limit ends a demo that hangs; it usually takes a few seconds.
const limit = 5 * time.Minute

func main() {
	var cfg config
	flag.StringVar(&cfg.cli, "cli", os.Getenv("DBXIDENTITY_TEST_CLI"), "Terraform or OpenTofu to run")
	flag.StringVar(&cfg.simulator, "simulator", filepath.Join("bin", "simulator"), "built simulator")
	flag.StringVar(&cfg.source, "config", filepath.Join("examples", "demo"), "folder with the configuration to run")
	flag.StringVar(&cfg.clone, "clone-config", filepath.Join("examples", "clone"), "folder with the configuration of the clone")
	flag.StringVar(&cfg.cloneReport, "clone-report-config", filepath.Join("examples", "clone-report"), "folder with the configuration of its report")
	flag.StringVar(&cfg.scan, "scan-config", filepath.Join("examples", "field-scan"), "folder with the configuration of the larger account's report")
	flag.StringVar(&cfg.migration, "migration-config", filepath.Join("examples", "migration"), "folder with the configuration of the company before AIM")
	flag.StringVar(&cfg.reports, "reports", filepath.Join(".cache", "demo"), "folder for the reports")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := run(ctx, cfg, os.Stdout, os.Stderr); err != nil {
		if errors.Is(ctx.Err(), context.Canceled) {
			err = errors.New("interrupted; everything it had started is stopped")
		}
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1) //nolint:gocritic // run has cleaned up; the process ends here.
	}
}

// config is where the demo finds its parts.
type config struct{ cli, simulator, source, clone, cloneReport, scan, migration, reports string }

// run is the whole story. The error says which step failed; nothing is left
// running or on disk either way.
func run(ctx context.Context, cfg config, out, errOut io.Writer) (err error) {
	cli, err := tfcli.Find(cfg.cli)
	if err != nil {
		return err
	}
	sim, err := tfcli.StartSimulator(ctx, cfg.simulator, errOut, "-preset", "demo")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sim.Stop()) }()

	dir, err := workFolder(cfg.source)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	terraform := command{CLI: tfcli.CLI{Path: cli, Dir: dir, Env: append(os.Environ(), sim.Environment()...)}, out: out, errOut: errOut}
	fmt.Fprintf(out, "A simulated Databricks account listens on %s.\n"+
		"The warnings about development overrides are expected: the provider was just built here.\n", sim.Host)

	headline(out, "1. plan: what diverges, and what would be fixed")
	if err := terraform.run(ctx, "plan", "-input=false", "-out=plan.bin"); err != nil {
		return fmt.Errorf("the first plan: %w", err)
	}
	before, err := terraform.report(ctx, "plan.bin")
	if err != nil {
		return err
	}
	headline(out, "2. apply: exactly the plan above, nothing else")
	fmt.Fprint(out, "The checks repeat the findings of the plan: they are from before the fixes.\n\n")
	if err := terraform.run(ctx, "apply", "-input=false", "plan.bin"); err != nil {
		return fmt.Errorf("the apply: %w", err)
	}
	headline(out, "3. plan again: nothing is left to do for Terraform")
	err = terraform.run(ctx, "plan", "-input=false", "-detailed-exitcode", "-out=plan.bin")
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 2 {
		return errors.New("the second plan still has changes; it must be empty (this is a bug)")
	}
	if err != nil {
		return fmt.Errorf("the second plan: %w", err)
	}
	after, err := terraform.report(ctx, "plan.bin")
	if err != nil {
		return err
	}
	headline(out, "4. the same access as a colleague: what user32 lacks of what user31 has")
	ticket := text{"ticket", filepath.Join(cfg.reports, "clone.md"), "the same as a ticket"}
	page := text{"report", filepath.Join(cfg.reports, "clone.html"), "what user32 lacks of what user31 has"}
	if err := terraform.keep(ctx, cfg.cloneReport, page, ticket); err != nil {
		return fmt.Errorf("the report of the clone: %w", err)
	}
	if err := clone(ctx, cfg.clone, terraform); err != nil {
		return fmt.Errorf("the clone: %w", err)
	}
	headline(out, "5. a report of an account with 3,000 identities")
	scan := text{"report", filepath.Join(cfg.reports, "field-scan.html"), "what diverges in an account with 3,000 identities"}
	comment := text{"comment", filepath.Join(cfg.reports, "field-scan.md"), "the same as a comment on a pull request, without names"}
	if err := largerAccount(ctx, cfg, terraform, scan, comment); err != nil {
		return fmt.Errorf("the report of the larger account: %w", err)
	}
	headline(out, "6. a company before it switches on automatic identity management (AIM)")
	ready := text{"report", filepath.Join(cfg.reports, "readiness.html"), "what keeps a company from switching on AIM"}
	if err := migration(ctx, cfg, terraform, ready); err != nil {
		return fmt.Errorf("the company before AIM: %w", err)
	}
	headline(out, "Summary")
	if err := (summary{before: before, after: after}).write(out); err != nil {
		return err
	}
	fmt.Fprintln(out, "\nReports, to open in a browser or an editor")
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	for _, t := range []text{scan, comment, page, ticket, ready} {
		fmt.Fprintf(w, "  %s\t%s\n", t.file, t.what)
	}
	return w.Flush()
}

// largerAccount makes a report of an account of its own, with the shape of a real
// one.
func largerAccount(ctx context.Context, cfg config, terraform command, texts ...text) (err error) {
	sim, err := tfcli.StartSimulator(ctx, cfg.simulator, terraform.errOut, "-preset", "field-scan")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sim.Stop()) }()
	terraform.Env = append(os.Environ(), sim.Environment()...)
	return terraform.keep(ctx, cfg.scan, texts...)
}

// headline separates the demo's words from the command line's.
func headline(out io.Writer, text string) {
	fmt.Fprintf(out, "\n=== %s ===\n\n", text)
}

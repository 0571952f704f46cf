// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Command bench measures the provider as its users run it: the built provider
// under the real command line of Terraform or OpenTofu, against the simulator,
// each in a process of its own. For each scenario it prints requests beside the
// least possible number, seconds, CPU seconds and peak memory, as a line of a
// table and as a line of JSON. `make bench` builds the parts and sets the
// environment; docs/performance.md has the method and the results.
//
// Everything is on loopback and in a temporary folder, and all of it is ended
// and removed when the command ends, also when it is interrupted.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

func main() {
	var cfg config
	var wanted, reported string
	var list bool
	flag.StringVar(&cfg.cli, "cli", os.Getenv("DBXIDENTITY_TEST_CLI"), "Terraform or OpenTofu to run")
	flag.StringVar(&cfg.bin, "bin", "bin", "folder with the built provider and simulator")
	flag.StringVar(&cfg.json, "json", "", "`file` that the lines of JSON are added to; without it they are printed")
	flag.StringVar(&wanted, "scenario", "quick", "quick, all, or names with commas, * for any text")
	flag.Float64Var(&cfg.scale, "scale", 1, "size of the accounts; goals are judged at 1 only")
	flag.StringVar(&reported, "report", "", "write the results of that `file` of JSON lines into docs/performance.md, and run none")
	flag.BoolVar(&list, "list", false, "list the scenarios and their goals, and run none")
	flag.IntVar(&cfg.engine, "engine", 0, "internal: run the engine alone on that many principals in this process")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	switch {
	case cfg.engine > 0:
		err = engineProcess(ctx, cfg.engine, os.Stdout)
	case reported != "":
		err = report(reported, filepath.Join("docs", "performance.md"))
	case list:
		err = writeList(os.Stdout)
	default:
		err = run(ctx, cfg, wanted, os.Stdout)
	}
	if err != nil {
		if ctx.Err() != nil {
			err = errors.New("interrupted; everything it had started is stopped")
		}
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1) //nolint:gocritic // run has cleaned up; the process ends here.
	}
}

// config is where the bench finds its parts, and how large it measures.
type config struct {
	cli, bin, json string
	scale          float64
	engine         int
}

// of is a number of the account at the chosen scale.
func (c config) of(n int) int { return max(1, int(float64(n)*c.scale)) }

// run measures the wanted scenarios one after the other. One that fails or
// misses its goal does not keep the others from being run; the error counts them.
func run(ctx context.Context, cfg config, wanted string, out io.Writer) error {
	chosen, err := choose(wanted)
	if err != nil {
		return err
	}
	if cfg.bin, err = filepath.Abs(cfg.bin); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "dbxidentity-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	b := &bench{config: cfg, dir: dir, earlier: map[string]float64{}}
	sink, err := cfg.sink(out)
	if err != nil {
		return err
	}
	defer func() { _ = sink.Close() }()

	fmt.Fprintln(out, tableHead)
	var bad []string
	for _, s := range chosen {
		results, err := b.measure(ctx, s)
		for _, r := range results {
			r.OK = r.OK || cfg.scale != 1
			if werr := r.write(out, sink, cfg.scale); werr != nil {
				return werr
			}
			if !r.OK {
				bad = append(bad, r.Scenario)
			}
		}
		if err != nil {
			fmt.Fprintf(out, "%-24s failed: %v\n", s.name, err)
			bad = append(bad, s.name)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if len(bad) > 0 {
		return fmt.Errorf("%d results failed or missed their goal: %s", len(bad), strings.Join(bad, ", "))
	}
	return nil
}

// measure runs one scenario within its time.
func (b *bench) measure(ctx context.Context, s scenario) ([]result, error) {
	ctx, cancel := context.WithTimeout(ctx, s.limit)
	defer cancel()
	results, err := s.run(ctx, b)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = fmt.Errorf("not done within %s: %w", s.limit, err)
	}
	return results, err
}

// sink is where lines of JSON go.
func (c config) sink(out io.Writer) (io.WriteCloser, error) {
	if c.json == "" {
		return nopCloser{out}, nil
	}
	return os.OpenFile(c.json, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

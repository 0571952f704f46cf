// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Command vulncheck runs govulncheck over the provider where the database of
// vulnerabilities can be reached, and says by name that it was skipped elsewhere:
// an offline checkout must pass everything that it can check.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"
)

const (
	// database is govulncheck's own default; GOVULNDB replaces it.
	database     = "https://vuln.go.dev"
	probeTimeout = 10 * time.Second
)

func main() {
	root := flag.String("root", ".", "root of the repository")
	limit := flag.Duration("timeout", 15*time.Minute, "for building govulncheck and running it")
	flag.Parse()
	url := os.Getenv("GOVULNDB")
	if url == "" {
		url = database
	}
	ctx, cancel := context.WithTimeout(context.Background(), *limit)
	err := run(ctx, url, os.Stdout, func(ctx context.Context) error { return scan(ctx, *root) })
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "vulncheck:", err)
		os.Exit(1)
	}
}

// run scans if the database answers. Only then: govulncheck cannot tell a
// database that is out of reach from other failures.
func run(ctx context.Context, url string, out io.Writer, scan func(context.Context) error) error {
	if err := reach(ctx, url); err != nil {
		_, err = fmt.Fprintf(out, "SKIPPED govulncheck: the database of vulnerabilities cannot be reached: %v\n", err)
		return err
	}
	err := scan(ctx)
	if ctx.Err() != nil {
		return fmt.Errorf("govulncheck did not finish in time: %w", ctx.Err())
	}
	return err
}

// reach reads the small index file that every database has.
func reach(ctx context.Context, url string) error {
	if strings.HasPrefix(url, "file://") {
		return nil // govulncheck reports what is wrong with a directory.
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(url, "/")+"/index/db.json", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", req.URL.Host, resp.Status)
	}
	return nil
}

// scan builds the pinned govulncheck and runs it over every package.
func scan(ctx context.Context, root string) error {
	const tool = ".cache/bin/govulncheck"
	for _, args := range [][]string{{"make", "--no-print-directory", tool}, {tool, "./..."}} {
		cmd := exec.CommandContext(ctx, args[0], args[1:]...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = root, os.Stdout, os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%s: %w", strings.Join(args, " "), err)
		}
	}
	return nil
}

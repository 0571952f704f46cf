// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/tfcli"
)

// workFolder copies the configuration into a new folder, in which state and
// plans may be left.
func workFolder(source string) (string, error) {
	files, err := filepath.Glob(filepath.Join(source, "*.tf"))
	if err != nil {
		return "", err
	}
	if len(files) == 0 {
		return "", fmt.Errorf("no .tf file in %s; run the demo from the root of the repository", source)
	}
	dir, err := os.MkdirTemp("", "dbxidentity-demo-")
	if err != nil {
		return "", err
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, filepath.Base(file)), content, 0o600)
		}
		if err != nil {
			return "", errors.Join(err, os.RemoveAll(dir))
		}
	}
	return dir, nil
}

// command runs Terraform or OpenTofu and shows what it prints.
type command struct {
	tfcli.CLI
	out, errOut io.Writer
}

// run shows what the command prints. An exit code other than 0 is an
// *exec.ExitError.
func (c command) run(ctx context.Context, args ...string) error {
	fmt.Fprintf(c.out, "$ %s", filepath.Base(c.Path))
	for _, a := range args {
		fmt.Fprintf(c.out, " %s", a)
	}
	fmt.Fprintln(c.out)
	if !isTerminal(c.out) {
		args = append([]string{args[0], "-no-color"}, args[1:]...)
	}
	cmd := c.Command(ctx, args...)
	cmd.Stdout, cmd.Stderr = c.out, c.errOut
	return cmd.Run()
}

// report reads the data sources' results out of a plan file.
func (c command) report(ctx context.Context, plan string) (report, error) {
	raw, err := c.Show(ctx, plan)
	if err != nil {
		return report{}, err
	}
	return parseReport(raw)
}

// quietly runs the command and shows what it printed only if it fails.
func (c command) quietly(ctx context.Context, args ...string) error {
	var said bytes.Buffer
	fmt.Fprintf(c.out, "$ %s %s\n", filepath.Base(c.Path), strings.Join(args, " "))
	cmd := c.Command(ctx, append([]string{args[0], "-no-color"}, args[1:]...)...)
	cmd.Stdout, cmd.Stderr = &said, &said
	err := cmd.Run()
	if err != nil {
		_, _ = c.errOut.Write(said.Bytes())
	}
	return err
}

func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// text is an output that is kept as a file, and what it is.
type text struct{ output, file, what string }

// keep applies a configuration that only reads, in a folder of its own, and keeps
// some of its outputs.
func (c command) keep(ctx context.Context, source string, texts ...text) (err error) {
	if c.Dir, err = workFolder(source); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(c.Dir)) }()
	if err := c.quietly(ctx, "apply", "-input=false", "-auto-approve"); err != nil {
		return err
	}
	for _, t := range texts {
		if err := c.keepOutput(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// keepOutput writes one output of what was applied to its file.
func (c command) keepOutput(ctx context.Context, t text) error {
	cmd := c.Command(ctx, "output", "-raw", t.output)
	cmd.Stderr = c.errOut
	content, err := cmd.Output()
	if err == nil {
		err = os.MkdirAll(filepath.Dir(t.file), 0o750)
	}
	if err == nil {
		err = os.WriteFile(t.file, content, 0o600)
	}
	if err != nil {
		return fmt.Errorf("keeping the output %s: %w", t.output, err)
	}
	return nil
}

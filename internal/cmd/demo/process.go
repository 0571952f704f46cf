// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// findCLI is the command line to run: the one that was named, else terraform or
// tofu from PATH.
func findCLI(named string) (string, error) {
	if named != "" {
		return named, nil
	}
	for _, name := range []string{"terraform", "tofu"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("neither terraform nor tofu is on PATH; `make demo` builds OpenTofu in that case")
}

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

// simulatorProcess is a running simulator and what its first line said.
type simulatorProcess struct {
	cmd    *exec.Cmd
	cancel context.CancelFunc

	Host         string `json:"account_host"`
	AccountID    string `json:"account_id"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
}

// startSimulator runs the simulator and waits for its first line.
func startSimulator(ctx context.Context, path string, errOut io.Writer) (*simulatorProcess, error) {
	ctx, cancel := context.WithCancel(ctx)
	sim := &simulatorProcess{
		cmd:    exec.CommandContext(ctx, path, "-listen", "127.0.0.1:0", "-preset", "demo"),
		cancel: cancel,
	}
	interruptible(sim.cmd)
	sim.cmd.Stderr = errOut
	stdout, err := sim.cmd.StdoutPipe()
	if err != nil {
		cancel()
		return nil, err
	}
	if err := sim.cmd.Start(); err != nil {
		cancel()
		return nil, fmt.Errorf("starting the simulator: %w (`make demo` builds it)", err)
	}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, sim)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("reading the simulator's first line: %w", err), sim.stop())
	}
	return sim, nil
}

// stop asks the simulator to end and waits until it has removed its own files
// and is gone; one that does not listen is killed.
func (s *simulatorProcess) stop() error {
	s.cancel()
	err := s.cmd.Wait()
	var exit *exec.ExitError
	if err == nil || errors.As(err, &exit) || errors.Is(err, context.Canceled) {
		return nil // It is gone: how it ended tells nothing.
	}
	return fmt.Errorf("ending the simulator (process %d): %w", s.cmd.Process.Pid, err)
}

// environment points the provider at the simulator, in the variables that a
// user would set for a real account.
func (s *simulatorProcess) environment() []string {
	return append(os.Environ(),
		"DATABRICKS_HOST="+s.Host,
		"DATABRICKS_ACCOUNT_ID="+s.AccountID,
		"DATABRICKS_CLIENT_ID="+s.ClientID,
		"DATABRICKS_CLIENT_SECRET="+s.ClientSecret,
		"DATABRICKS_AUTH_TYPE=oauth-m2m",
	)
}

// interruptible makes the end of the context an interrupt, so that the command
// can put its things in order, and a kill when it takes too long.
func interruptible(cmd *exec.Cmd) {
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second
}

// command runs Terraform or OpenTofu in one folder and environment.
type command struct {
	path, dir   string
	env         []string
	out, errOut io.Writer
}

func (c command) build(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.path, args...)
	interruptible(cmd)
	cmd.Dir, cmd.Env, cmd.Stderr = c.dir, c.env, c.errOut
	return cmd
}

// run shows what the command prints. An exit code other than 0 is an
// *exec.ExitError.
func (c command) run(ctx context.Context, args ...string) error {
	fmt.Fprintf(c.out, "$ %s", filepath.Base(c.path))
	for _, a := range args {
		fmt.Fprintf(c.out, " %s", a)
	}
	fmt.Fprintln(c.out)
	if !isTerminal(c.out) {
		args = append([]string{args[0], "-no-color"}, args[1:]...)
	}
	cmd := c.build(ctx, args...)
	cmd.Stdout = c.out
	return cmd.Run()
}

// report reads the data sources' results out of a plan file.
func (c command) report(ctx context.Context, plan string) (report, error) {
	raw, err := c.show(ctx, plan)
	if err != nil {
		return report{}, err
	}
	return parseReport(raw)
}

// show is a plan file as JSON.
func (c command) show(ctx context.Context, plan string) ([]byte, error) {
	var out bytes.Buffer
	cmd := c.build(ctx, "show", "-json", plan)
	cmd.Stdout = &out
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("reading the plan file: %w", err)
	}
	return out.Bytes(), nil
}

// quietly runs the command and shows what it printed only if it fails.
func (c command) quietly(ctx context.Context, args ...string) error {
	var said bytes.Buffer
	fmt.Fprintf(c.out, "$ %s %s\n", filepath.Base(c.path), strings.Join(args, " "))
	cmd := c.build(ctx, append([]string{args[0], "-no-color"}, args[1:]...)...)
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

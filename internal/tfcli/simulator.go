// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package tfcli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// Simulator is a simulator in a process of its own, and what its first line says.
type Simulator struct {
	cmd    *exec.Cmd
	cancel context.CancelFunc

	simulator.Endpoints
}

// StartSimulator runs the simulator at path on a free port of loopback and waits
// for its first line. What it logs goes to errOut, which may be nil.
func StartSimulator(ctx context.Context, path string, errOut io.Writer, args ...string) (*Simulator, error) {
	ctx, cancel := context.WithCancel(ctx)
	s := &Simulator{
		cmd:    exec.CommandContext(ctx, path, append([]string{"-listen", "127.0.0.1:0"}, args...)...), //nolint:gosec // The built simulator.
		cancel: cancel,
	}
	Interruptible(s.cmd)
	s.cmd.Stderr = errOut
	stdout, err := s.cmd.StdoutPipe()
	if err == nil {
		err = s.cmd.Start()
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("starting the simulator: %w (`make build` builds it)", err)
	}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &s.Endpoints)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("reading the simulator's first line: %w", err), s.Stop())
	}
	return s, nil
}

// Stop asks the simulator to end and waits until it has removed its own files
// and is gone; one that does not listen is killed.
func (s *Simulator) Stop() error {
	s.cancel()
	err := s.cmd.Wait()
	var exit *exec.ExitError
	if err == nil || errors.As(err, &exit) || errors.Is(err, context.Canceled) {
		return nil // It is gone: how it ended says nothing.
	}
	return fmt.Errorf("ending the simulator (process %d): %w", s.cmd.Process.Pid, err)
}

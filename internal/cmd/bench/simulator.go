// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// latency is that of every answer, but for scenarios that say otherwise.
const latency = "20ms"

// server is a running simulator and what its first line said.
type server struct {
	cmd    *exec.Cmd
	cancel context.CancelFunc
	file   string // its state

	Host         string `json:"account_host"`
	AccountID    string `json:"account_id"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	Token        string `json:"token"`
	simulator.IDPEndpoints
	WorkspaceHosts map[string]string `json:"workspace_hosts"`
}

// startServer runs the simulator on a state and waits for its first line.
func (b *bench) startServer(ctx context.Context, st simulator.State, args ...string) (*server, error) {
	raw, err := simulator.EncodeState(st)
	if err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(b.dir, "state-*.json")
	if err != nil {
		return nil, err
	}
	_, err = file.Write(raw)
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &server{cancel: cancel, file: file.Name()}
	args = append([]string{"-listen", "127.0.0.1:0", "-state", s.file, "-latency", latency}, args...)
	s.cmd = exec.CommandContext(ctx, filepath.Join(b.bin, "simulator"), args...) //nolint:gosec // The built simulator.
	interruptible(s.cmd)
	stdout, err := s.cmd.StdoutPipe()
	if err == nil {
		err = s.cmd.Start()
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("starting the simulator: %w (`make bench` builds it)", err)
	}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, s)
	}
	if err != nil {
		s.stop()
		return nil, fmt.Errorf("reading the simulator's first line: %w", err)
	}
	return s, nil
}

// stop ends the simulator and removes its state.
func (s *server) stop() {
	s.cancel()
	_ = s.cmd.Wait() // It is gone: how it ended tells nothing.
	_ = os.Remove(s.file)
}

// interruptible makes the end of the context an interrupt, so that the command
// can put its things in order, and a kill when it takes too long.
func interruptible(cmd *exec.Cmd) {
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second
}

// counts are the requests since the last reset.
type counts struct {
	Total   int            `json:"total"`
	ByRoute map[string]int `json:"by_route"`
}

func (s *server) requests(ctx context.Context) (counts, error) {
	var out counts
	return out, s.control(ctx, http.MethodGet, "requests", &out)
}

func (s *server) reset(ctx context.Context) error {
	return s.control(ctx, http.MethodPost, "requests/reset", nil)
}

func (s *server) control(ctx context.Context, method, what string, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, s.Host+"/_simulator/"+what, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode > 299 {
		return fmt.Errorf("%s %s of the simulator: status %d", method, what, resp.StatusCode)
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(out)
}

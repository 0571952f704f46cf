// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/tfcli"
)

// latency is that of every answer, but for scenarios that say otherwise.
const latency = "20ms"

// server is a running simulator and its state.
type server struct {
	*tfcli.Simulator
	file string
}

// startServer runs the simulator on a state and waits for its first line.
func (b *bench) startServer(ctx context.Context, st simulator.State, args ...string) (*server, error) {
	raw, err := world.EncodeState(st)
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
	path := filepath.Join(b.bin, "simulator")
	sim, err := tfcli.StartSimulator(ctx, path, nil, append([]string{"-state", file.Name(), "-latency", latency}, args...)...)
	if err != nil {
		return nil, errors.Join(err, os.Remove(file.Name()))
	}
	return &server{Simulator: sim, file: file.Name()}, nil
}

// stop ends the simulator and removes its state.
func (s *server) stop() {
	_ = s.Stop()
	_ = os.Remove(s.file)
}

// counts are the requests since the last reset.
type counts struct {
	Total   int                       `json:"total"`
	ByRoute map[string]int            `json:"by_route"`
	Log     []simulator.LoggedRequest `json:"log"`
}

// again is how many reads of the log ask for what was asked before.
func (c counts) again() int {
	n, seen := 0, map[simulator.LoggedRequest]bool{}
	for _, r := range c.Log {
		if r.Method != http.MethodGet {
			continue
		}
		r.Status = 0
		if seen[r] {
			n++
		}
		seen[r] = true
	}
	return n
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

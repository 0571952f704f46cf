// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// startTest runs a simulator for one test.
func startTest(t *testing.T, st State, opts Options) *Running {
	t.Helper()
	sim, err := Start(st, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	return sim
}

// httpAnswer is a response that was read whole.
type httpAnswer struct {
	status int
	header http.Header
	body   string
}

// tryCall sends a request with the simulator's token unless header says otherwise.
func tryCall(t *testing.T, sim *Running, method, path, body string, header http.Header) (httpAnswer, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, sim.URL+strings.ReplaceAll(path, "{a}", sim.AccountID), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+sim.Token)
	for key, values := range header {
		req.Header[key] = values
	}
	transport := &http.Transport{DisableKeepAlives: true} // A reset must not meet the retry of a reused connection.
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return httpAnswer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	return httpAnswer{status: resp.StatusCode, header: resp.Header, body: string(raw)}, err
}

// call is tryCall that has to work.
func call(t *testing.T, sim *Running, method, path, body string) httpAnswer {
	t.Helper()
	got, err := tryCall(t, sim, method, path, body, nil)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return got
}

func TestStart(t *testing.T) {
	t.Parallel()
	sim := startTest(t, State{}, Options{})
	got := call(t, sim, "GET", "/.well-known/databricks-config", "")
	if got.status != http.StatusOK || !strings.Contains(got.body, sim.AccountID) {
		t.Errorf("databricks-config: %d %s", got.status, got.body)
	}
	if err := sim.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := sim.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

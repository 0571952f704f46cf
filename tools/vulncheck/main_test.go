// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/db/index/db.json" {
			w.WriteHeader(http.StatusForbidden)
		}
	}))
	t.Cleanup(server.Close)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	found := errors.New("a vulnerability")
	tests := []struct {
		name, url     string
		err           error
		scans, skips  bool
		scannerReturn error
	}{
		{name: "clean", url: server.URL + "/db/", scans: true},
		{name: "found", url: server.URL + "/db", scans: true, scannerReturn: found, err: found},
		{name: "a directory", url: "file:///nowhere", scans: true},
		{name: "forbidden", url: server.URL + "/other", skips: true},
		{name: "out of reach", url: gone.URL, skips: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			scanned := false
			err := run(t.Context(), tt.url, &out, func(context.Context) error {
				scanned = true
				return tt.scannerReturn
			})
			if !errors.Is(err, tt.err) || scanned != tt.scans {
				t.Errorf("got %v, scanned %v; want %v, %v", err, scanned, tt.err, tt.scans)
			}
			if skipped := strings.HasPrefix(out.String(), "SKIPPED govulncheck: "); skipped != tt.skips {
				t.Errorf("it says %q", out.String())
			}
		})
	}
}

// A scan that hangs ends with the time limit, and that is a failure.
func TestRun_timeLimit(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	err := run(ctx, "file:///nowhere", &strings.Builder{}, func(context.Context) error {
		cancel()
		return errors.New("killed")
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

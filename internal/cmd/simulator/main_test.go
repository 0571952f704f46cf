// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// start runs the command; stop ends it and returns its error.
func start(t *testing.T, args ...string) (first map[string]any, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	done := make(chan error, 1)
	var stderr bytes.Buffer
	go func() {
		err := run(ctx, args, w, &stderr)
		_ = w.CloseWithError(io.EOF)
		done <- err
	}()
	t.Cleanup(cancel)
	line, err := bufio.NewReader(r).ReadBytes('\n')
	if err != nil {
		t.Fatalf("no first line: %v; the command says %v", err, <-done)
	}
	if err := json.Unmarshal(line, &first); err != nil {
		t.Fatalf("first line %q: %v", line, err)
	}
	return first, func() error {
		cancel()
		return <-done
	}
}

func TestRun_firstLine(t *testing.T) {
	t.Parallel()
	first, stop := start(t, "-preset", "empty")
	want := []string{
		"account_host", "account_id", "ca_file", "client_id", "client_secret", "entra_authority_host", "entra_client_id",
		"entra_client_secret", "entra_tenant_id", "graph_endpoint", "okta_api_token", "okta_org_url", "token", "workspace_hosts",
	}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(first))); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	for _, key := range want {
		if first[key] == "" {
			t.Errorf("%s is empty", key)
		}
	}
	if err := stop(); err != nil {
		t.Errorf("stopping: %v", err)
	}
}

func TestRun_stateFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state.json")
	first, stop := start(t, "-preset", "empty", "-users", "3", "-save", file)
	host, ok := first["account_host"].(string)
	if !ok {
		t.Fatalf("account_host is %v", first["account_host"])
	}
	served := get(t, host+"/_simulator/state")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	saved, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(served, string(saved)); diff != "" {
		t.Errorf("the file is not what was served (-served +file):\n%s", diff)
	}
	_, stop = start(t, "-state", file)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	again, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(saved, again) {
		t.Error("a second run without requests changed the file")
	}
}

// A command after the flags finds the account in its environment, and what it did
// there is saved; its exit code is that of the simulator.
func TestRun_command(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state.json")
	var out bytes.Buffer
	err := run(t.Context(), []string{"-preset", "empty", "-save", file, "--", "sh", "-c", "env; exit 3"}, &out, io.Discard)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Errorf("error %v, want exit code 3", err)
	}
	for _, want := range []string{"DATABRICKS_HOST=http://127.0.0.1:", "DATABRICKS_CLIENT_SECRET=", "SSL_CERT_FILE=/", "DBXIDENTITY_OKTA_ORG_URL=http"} {
		if !strings.Contains("\n"+out.String(), "\n"+want) {
			t.Errorf("the command has no %s", want)
		}
	}
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
	if err := run(t.Context(), []string{"-preset", "empty", "--", filepath.Join(t.TempDir(), "none")}, io.Discard, io.Discard); err == nil {
		t.Error("a command that there is not was run")
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %d %v", url, resp.StatusCode, err)
	}
	return string(raw)
}

func TestRun_refusals(t *testing.T) {
	t.Parallel()
	bad := filepath.Join(t.TempDir(), "bad.json")
	if err := os.WriteFile(bad, []byte(`{"usres":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"argument":      {[]string{"demo"}, `unexpected argument "demo"`},
		"preset":        {[]string{"-preset", "huge"}, "field-scan"},
		"aim":           {[]string{"-aim", "maybe"}, `-aim "maybe": want on or off`},
		"rate limits":   {[]string{"-rate-limits", "some"}, "want off or documented"},
		"fault kind":    {[]string{"-faults", `[{"kind":"meteor"}]`}, "there are delay, duplicate"},
		"fault file":    {[]string{"-faults", "@" + bad + ".none"}, "reading the faults"},
		"assumption":    {[]string{"-assume", "scim.nothing=1"}, "workspaces.permission_page_size=int"},
		"state content": {[]string{"-state", bad}, `unknown field "usres"`},
		"state missing": {[]string{"-preset", "empty", "-state", bad + ".none"}, "no such file"},
		"word":          {[]string{"-assume", "scim.member_type=yes"}, "omitted, returned"},
		"listen":        {[]string{"-preset", "empty", "-listen", "127.0.0.1:99999"}, "listening on 127.0.0.1:99999"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := run(t.Context(), tt.args, io.Discard, io.Discard)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
	if err := run(t.Context(), []string{"-help"}, io.Discard, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-help: %v", err)
	}
}

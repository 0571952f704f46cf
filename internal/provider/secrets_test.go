// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// At the chattiest log level a whole run, with retries and refusals in it, shows
// neither credentials nor names.
func TestProcess_logsHoldNoSecrets(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	a.faults(
		simulator.Fault{Kind: simulator.FaultStatus, Status: 503, Path: "/api/**", Times: 3},
		simulator.Fault{Kind: simulator.FaultReset, Method: "GET", Path: "/api/**/users", Times: 1},
		simulator.Fault{Kind: simulator.FaultStatus, Status: 400, Method: "PATCH", Path: "/api/**/Users/101"},
	)
	w := newWorkspace(t, `
variable "secret" {
  sensitive = true
}
`+strings.Replace(a.audited(remediation), `"`+a.ClientSecret+`"`, "var.secret", 1))
	log := filepath.Join(w.dir, "trace.log")
	w.env = append(w.env, "TF_LOG=TRACE", "TF_LOG_PATH="+log, "TF_VAR_secret="+a.ClientSecret)
	w.must(1, "apply", "-auto-approve")
	w.must(0, "state", "list")

	for _, name := range []string{log, filepath.Join(w.dir, "terraform.tfstate")} {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(raw), a.ClientSecret) {
			t.Errorf("%s holds the client secret", filepath.Base(name))
		}
		if strings.Contains(string(raw), "Bearer ") {
			t.Errorf("%s holds a token", filepath.Base(name))
		}
	}
	raw, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(raw), "retrying a request") {
		t.Error("the log does not show the retries: the test proves nothing")
	}
	for _, line := range strings.Split(string(raw), "\n") {
		// What the CLI itself logs of its plans is not ours.
		if strings.Contains(line, "provider.terraform-provider-dbxidentity") && strings.Contains(line, "@example.com") {
			t.Errorf("the provider logs a name: %s", line)
		}
	}
}

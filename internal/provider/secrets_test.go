// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"encoding/base64"
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

// Whatever a server or something on the way puts into its answers, credentials end in
// no output, state, journal, checkpoint or log, and a terminal obeys nothing of it.
func TestProcess_serversRepeatSecrets(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	secrets := []string{a.ClientSecret, base64.StdEncoding.EncodeToString([]byte(a.ClientID + ":" + a.ClientSecret))}
	said := "debug\x1b[2Jproxy\u202e: authorization: Basic " + secrets[1] + " client_secret=" + secrets[0]
	plain := map[string]string{"Content-Type": "text/plain", "X-Request-Id": "id-" + secrets[0]}
	for name, faults := range map[string][]simulator.Fault{
		"an answer to the audit": {{Kind: simulator.FaultStatus, Method: "POST", Path: "/api/**/matchWithIdp", Status: 400, Body: said, Headers: plain}},
		"an answer in JSON": {{Kind: simulator.FaultStatus, Method: "POST", Path: "/api/**/matchWithIdp", Status: 400,
			Body: `{"error_code":"X ` + secrets[0] + `","message":"` + secrets[1] + ` \u001b[2J \u202e"}`}},
		"a list": {{Kind: simulator.FaultStatus, Path: "/api/**/Users", Status: 200, Body: `{"totalResults":1,"startIndex":1,"itemsPerPage":1,"Resources":[{"id":"1","userName":"` + secrets[0] + `"}]}`},
			{Kind: simulator.FaultStatus, Path: "/api/2.0/identity/**/users", Status: 200, Body: `{"users":[{"user_id":"1","username":"` + secrets[0] + `"}]}`}},
		"a redirect":         {{Kind: simulator.FaultStatus, Path: "/api/**", Status: 302, Headers: map[string]string{"Location": "https://me:" + secrets[0] + "@other.example/" + secrets[0]}}},
		"the token endpoint": {{Kind: simulator.FaultStatus, Path: "/oidc/**", Status: 401, Body: said, Headers: plain}},
		"a write":            {{Kind: simulator.FaultStatus, Method: "PATCH", Path: "/api/**", Status: 400, Body: said, Headers: plain}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := startAccount(t, smallWorld(), simulator.Options{})
			a.faults(faults...)
			w := newWorkspace(t, `
variable "secret" {
  sensitive = true
}
`+strings.Replace(a.audited(remediation), `"`+a.ClientSecret+`"`, "var.secret", 1)+`
output "failures" {
  value = data.dbxidentity_divergences.all.failures
}
`)
			log, journal, kept := filepath.Join(w.dir, "trace.log"), filepath.Join(w.dir, "journal.jsonl"), filepath.Join(w.dir, "kept")
			w.env = append(w.env, "TF_LOG=TRACE", "TF_LOG_PATH="+log, "TF_VAR_secret="+a.ClientSecret,
				"DBXIDENTITY_JOURNAL_PATH="+journal, "DBXIDENTITY_CHECKPOINT_DIR="+kept)
			_, shown := w.run("apply", "-auto-approve")
			texts := map[string]string{"output": shown}
			files, err := filepath.Glob(filepath.Join(kept, "*"))
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range append(files, log, journal, filepath.Join(w.dir, "terraform.tfstate")) {
				if raw, err := os.ReadFile(name); err == nil {
					texts[filepath.Base(name)] = string(raw)
				}
			}
			for where, text := range texts {
				for _, secret := range secrets {
					if strings.Contains(text, secret) {
						at := strings.Index(text, secret)
						t.Errorf("%s holds a credential: %s", where, text[max(0, at-300):at])
					}
				}
			}
			if strings.ContainsAny(shown, "\x1b\u202e") {
				t.Errorf("the terminal got a control character: %q", shown)
			}
		})
	}
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/prepscript"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/presets"
)

// auditToFiles gives the prep script's files.
const auditToFiles = `
data "dbxidentity_divergences" "all" {}

output "users" {
  value = provider::dbxidentity::csv("users", data.dbxidentity_divergences.all.users)
}

output "groups" {
  value = provider::dbxidentity::csv("groups", data.dbxidentity_divergences.all.groups)
}

output "service_principals" {
  value = provider::dbxidentity::csv("service_principals", data.dbxidentity_divergences.all.service_principals)
}

output "complete" {
  value = data.dbxidentity_divergences.all.complete
}
`

// What the prep script finds in untidy accounts is what comes out of the real CLI,
// byte for byte, whichever kind of IdP is asked. Terraform turns all text into
// normal form C; nothing else happens to it on the way.
func TestProcess_oracle(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			st, err := presets.New("demo")
			if err != nil {
				t.Fatal(err)
			}
			st, err = presets.Generate(st, presets.GenerateOptions{Users: 300, Groups: 80, ServicePrincipals: 40, Seed: seed})
			if err != nil {
				t.Fatal(err)
			}
			a := startAccount(t, st, simulator.Options{})
			for kind, settings := range map[string]string{"databricks": `idp = { databricks = {} }`, "entra": a.entra(), "file": a.file()} {
				w := newWorkspace(t, a.config(settings, auditToFiles))
				w.env = append(w.env, "SSL_CERT_FILE="+a.IDP.CAFile)
				w.must(0, "apply", "-auto-approve", "-input=false")
				want := prepscript.Oracle{State: st, Directory: kind != "databricks"}.Files()
				for name, file := range want {
					var got string
					if err := json.Unmarshal([]byte(w.output(name)), &got); err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(norm.NFC.String(file), got); diff != "" {
						t.Errorf("%s by %s (-prep script +got): %s", name, kind, diff)
					}
				}
				if w.output("complete") != "true" {
					t.Errorf("%s: the audit is not complete", kind)
				}
				if norm.NFC.IsNormalString(want[prepscript.KindUsers]) || norm.NFC.IsNormalString(want[prepscript.KindGroups]) {
					t.Error("no name is decomposed: the test shows little")
				}
			}
		})
	}
}

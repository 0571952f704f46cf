// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"strings"
	"testing"
)

func TestAppliesSavedPlan(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]bool{
		"terraform apply tfplan": true,
		"/usr/bin/tofu -chdir=live apply -input=false -no-color p.out": true,
		"terraform apply -auto-approve tfplan":                         true,
		"terraform apply --lock-timeout 10s tfplan":                    true,
		"terraform apply -lock-timeout=10s tfplan":                     true,
		"terraform apply":                                    false,
		"terraform apply -auto-approve":                      false,
		"terraform apply -var a=b -target x.y -auto-approve": false,
		"terraform apply -parallelism 3":                     false,
		"terraform plan -out tfplan":                         false,
		"terraform plan apply":                               false,
		"terraform":                                          false,
		"":                                                   false,
	} {
		if got := appliesSavedPlan(strings.Fields(args)); got != want {
			t.Errorf("%q: %t, want %t", args, got, want)
		}
	}
	if got := parentArguments(-1); got != nil {
		t.Errorf("of no process: %q", got)
	}
}

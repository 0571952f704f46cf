// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"os"
	"strings"
	"testing"
)

func TestSilenceUnreadLogs(t *testing.T) {
	for name, tc := range map[string]struct {
		variable, value string
		silent          bool
	}{
		"nobody asked":         {silent: true},
		"an empty level":       {"TF_LOG", "", true},
		"core only":            {"TF_LOG_CORE", "debug", true},
		"everything":           {"TF_LOG", "trace", false},
		"providers":            {"TF_LOG_PROVIDER", "debug", false},
		"this provider":        {"TF_LOG_PROVIDER_DBXIDENTITY", "debug", false},
		"the plugin framework": {"TF_LOG_SDK_FRAMEWORK", "debug", false},
	} {
		t.Run(name, func(t *testing.T) {
			for _, variable := range os.Environ() {
				if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "TF_LOG") {
					t.Setenv(name, "")
				}
			}
			for _, name := range sdkLogs {
				t.Setenv(name, "")
			}
			if tc.variable != "" {
				t.Setenv(tc.variable, tc.value)
			}
			SilenceUnreadLogs()
			for _, name := range sdkLogs {
				if got := os.Getenv(name) == "off"; got != tc.silent {
					t.Errorf("%s is %q, want off: %t", name, os.Getenv(name), tc.silent)
				}
			}
		})
	}
}

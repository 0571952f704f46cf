// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"os"
	"strings"
)

// sdkLogs are the variables that set the level of the plugin libraries' logs.
var sdkLogs = []string{"TF_LOG_SDK", "TF_LOG_SDK_PROTO", "TF_LOG_SDK_FRAMEWORK"}

// SilenceUnreadLogs turns the logs of the plugin libraries off while no one asked
// Terraform for any. The libraries write a line of JSON for every step of every
// request, which Terraform parses and drops: a quarter of the provider's time in
// a plan of thousands of instances. TF_LOG and its like leave them as they are,
// and so does an environment that cannot be changed.
func SilenceUnreadLogs() {
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		if value != "" && (name == "TF_LOG" || strings.HasPrefix(name, "TF_LOG_PROVIDER") || strings.HasPrefix(name, "TF_LOG_SDK")) {
			return
		}
	}
	for _, name := range sdkLogs {
		if err := os.Setenv(name, "off"); err != nil {
			return
		}
	}
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Command terraform-provider-dbxidentity serves the provider to Terraform and OpenTofu.
package main

import (
	"flag"
	"log"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/provider"
)

// version is set by the release build.
var version = "dev"

func main() {
	var debug bool
	flag.BoolVar(&debug, "debug", false, "run with support for debuggers such as delve")
	flag.Parse()

	provider.SilenceUnreadLogs()
	if err := provider.Serve(version, debug); err != nil {
		log.Fatal(err)
	}
}

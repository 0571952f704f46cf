// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"log"
	"os"
	"time"
)

// EndWithParent ends the process soon after the one that started it is gone: Terraform
// that is killed does not tell its providers, which would go on reading, or computing,
// for nobody. Their requests have ended by then, because the connection is lost; the
// grace is for what they write down of it. A parent that was never there, or a system
// that does not tell, ends nothing.
func EndWithParent() {
	const look, grace = 500 * time.Millisecond, 3 * time.Second
	parent := os.Getppid()
	for parent > 1 && os.Getppid() == parent {
		time.Sleep(look)
	}
	if parent <= 1 {
		return
	}
	log.Print("Terraform is gone: the provider ends")
	time.Sleep(grace)
	os.Exit(1)
}

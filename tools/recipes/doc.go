// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package recipes has nothing but tests: those of the policy and the workflow
// files in examples/ci.
package recipes

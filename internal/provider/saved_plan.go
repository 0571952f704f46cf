// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// withSavedPlan lets the provider know that the command line applies a saved plan. What
// that plan said was reviewed, and is neither looked up nor said again.
//
// Nothing in the protocol says so: Terraform plans every instance once more before it
// applies it, with the same calls as in a plan. So the first instances of an apply
// would be taken for planned ones until the first of them is written. Where the
// arguments of the command line cannot be read (systems without /proc), or where
// it plans and applies in one command, that is still so.
func withSavedPlan(s *settings) { s.savedPlan = true }

// parentArguments are the arguments of the command line that started the provider; none
// where the system does not show them.
func parentArguments(pid int) []string {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(raw), "\x00"), "\x00")
}

// appliesSavedPlan reports whether the arguments are those of "terraform apply FILE". The
// value of an option that it does not know is taken for the option's, so that in
// doubt the run counts as one that plans.
func appliesSavedPlan(args []string) bool {
	noValue := []string{
		"auto-approve", "compact-warnings", "concise", "consolidate-errors", "consolidate-warnings", "input", "json", "lock", "no-color", "refresh", "show-sensitive",
	}
	command := false
	for i := 1; i < len(args); i++ {
		option, isOption := strings.CutPrefix(args[i], "-")
		switch {
		case !isOption && !command:
			if args[i] != "apply" {
				return false
			}
			command = true
		case !isOption:
			return true
		case command && !strings.Contains(option, "=") && !slices.Contains(noValue, strings.TrimPrefix(option, "-")):
			i++
		}
	}
	return false
}

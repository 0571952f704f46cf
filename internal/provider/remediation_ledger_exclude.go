// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
)

// The forms that a ledger key has. A key that is a group alone is there for
// memberships only, see validateMemberEntries.
var (
	ledgerKey = regexp.MustCompile(`^((user|group|service_principal|deactivate/user|deactivate/service_principal|rename/group)/[0-9]{1,19}|[0-9]{1,19}/[0-9]{1,19})$`)
	groupKey  = regexp.MustCompile(`^[0-9]{1,19}$`)
	numbers   = regexp.MustCompile(`[0-9]+`)
)

// ledgerExclude checks what a person wants the ledger to leave out: a key that is
// not understood would be written all the same.
type ledgerExclude struct {
	keys map[string]bool
	// labels are what may be excluded, by key: the names and ids that a person could
	// have written in place of the key. It is nil while the entries are not known.
	labels map[string][]string
	// memberships is true where the ledger may have keys that are a group alone.
	memberships bool
	// incomplete is true where a data source of this run could not read everything,
	// so that what matches nothing may be something that it could not read.
	incomplete bool
}

// check refuses what cannot be a key, and warns of keys that match nothing.
func (e *ledgerExclude) check(diags *diag.Diagnostics) {
	at := path.Root("exclude")
	var unmatched []string
	for _, key := range slices.Sorted(maps.Keys(e.keys)) {
		switch _, matches := e.labels[key]; {
		case matches:
		case !ledgerKey.MatchString(key) && !(e.memberships && groupKey.MatchString(key)):
			diags.AddAttributeError(at, "Invalid Ledger Key", fmt.Sprintf("exclude has %q, which is no key of a ledger, so nothing would be left out.%s Keys are user/<id>, group/<id> "+
				"and service_principal/<id> for externalIds, <group id>/<member id> for members, deactivate/user/<id> for deactivations and rename/group/<id> for names, "+
				"with internal Databricks ids.%s", key, e.meant(key), destroyInstead))
		case e.labels != nil && !e.incomplete:
			unmatched = append(unmatched, fmt.Sprintf("\n  - %q.%s", key, e.meant(key)))
		}
	}
	if len(unmatched) > 0 {
		diags.AddAttributeWarning(at, "Exclude Matches Nothing", "exclude has keys of which nothing is pending or tracked, so they leave nothing out:"+
			strings.Join(unmatched, "")+"\n\nRemove them, or correct them if something else was meant.")
	}
}

// meant is what was probably meant, as a sentence; empty when that is not clear.
func (e *ledgerExclude) meant(written string) string {
	var keys []string
	for key, labels := range e.labels {
		if slices.ContainsFunc(labels, func(label string) bool { return label != "" && strings.EqualFold(label, strings.TrimSpace(written)) }) {
			keys = append(keys, fmt.Sprintf("%q", key))
		}
	}
	if len(keys) == 0 && !strings.Contains(written, "@") {
		ids := numbers.FindAllString(written, -1)
		for key := range e.labels {
			if slices.Equal(numbers.FindAllString(key, -1), ids) {
				keys = append(keys, fmt.Sprintf("%q", key))
			}
		}
	}
	const most = 5
	slices.Sort(keys)
	switch n := len(keys); {
	case n == 0:
		return ""
	case n > most:
		return fmt.Sprintf(" Did you mean one of %s, and %d more?", strings.Join(keys[:most], ", "), n-most)
	default:
		return fmt.Sprintf(" Did you mean %s?", strings.Join(keys, " or "))
	}
}

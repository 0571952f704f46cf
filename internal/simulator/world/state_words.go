// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package world

import (
	"fmt"
	"slices"
	"strings"
)

// oktaStatuses are those of the Okta API (documented).
var oktaStatuses = []string{"STAGED", "PROVISIONED", "ACTIVE", "RECOVERY", "PASSWORD_EXPIRED", "LOCKED_OUT", "SUSPENDED", "DEPROVISIONED"}

// checkWords refuses the first word that no handler knows: it would be passed
// over as if it were another one.
func (st State) checkWords() error {
	for i, g := range st.Groups {
		if err := g.checkWords(); err != nil {
			return fmt.Errorf("groups[%d].%w", i, err)
		}
	}
	for i, ws := range st.Workspaces {
		for j, a := range ws.PermissionAssignments {
			for _, p := range a.Permissions {
				if err := checkWord("permissions", p, PermissionUser, PermissionAdmin, "UNKNOWN"); err != nil {
					return fmt.Errorf("workspaces[%d].permission_assignments[%d].%w", i, j, err)
				}
			}
		}
		for j, g := range ws.LocalGroups {
			if err := g.checkWords(); err != nil {
				return fmt.Errorf("workspaces[%d].local_groups[%d].%w", i, j, err)
			}
		}
	}
	for i, e := range st.AuditEvents {
		if err := e.check(); err != nil {
			return fmt.Errorf("audit_events[%d].%w", i, err)
		}
	}
	for i, u := range st.IDP.Users {
		err := checkWord("userType", u.UserType, "", "Member", "Guest")
		if err == nil && u.OktaStatus != "" {
			err = checkWord("oktaStatus", u.OktaStatus, oktaStatuses...)
		}
		if err != nil {
			return fmt.Errorf("idp.users[%d].%w", i, err)
		}
	}
	return nil
}

func (g Group) checkWords() error {
	for i, m := range g.Members {
		if err := checkWord("membership_source", m.Source, "", SourceInternal, SourceIDP); err != nil {
			return fmt.Errorf("members[%d].%w", i, err)
		}
	}
	return nil
}

// checkWord takes "" among the words for a field that may be missing.
func checkWord(field, word string, words ...string) error {
	if slices.Contains(words, word) {
		return nil
	}
	return fmt.Errorf("%s: %q is none of its words: %s", field, word, strings.TrimPrefix(strings.Join(words, ", "), ", "))
}

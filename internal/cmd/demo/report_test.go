// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// planJSON is a plan with one user to fix and one for a person.
func planJSON(users, fixes string) []byte {
	return fmt.Appendf(nil, `{"prior_state":{"values":{"root_module":{"resources":[
		{"address":"data.dbxidentity_workspace_federation.this","values":{"workspaces":[
			{"id":"1","name":"prod","federation":"enabled"},{"id":"2","name":"old","federation":"disabled"}]}},
		{"address":"data.dbxidentity_divergences.this","values":{"complete":true,
			"users":[%s],"groups":[{"id":"31","group_name":"closing","cause":"unconfirmed_members","action":"remove_members"}],"service_principals":[],
			"member_removals":{"31/12":{"group_name":"closing"}},"external_id_fixes":{%s},
			"scanned":{"users":4,"groups":3,"service_principals":2}}}]}}}}`, users, fixes)
}

const (
	linkable = `{"id":"11","username":"user11@example.com","error_categories":["NAME_MATCH_EXTERNAL_ID_MISMATCH"],"cause":"linkable","action":"link"}`
	stale    = `{"id":"12","username":"user12@example.com","error_categories":["EXTERNAL_ID_NOT_IN_IDP"],"cause":"stale","action":"review"}`
	oneFix   = `"user/11":{"principal_name":"user11@example.com","current_external_id":"","external_id":"abc"}`
)

func parsed(t *testing.T, plan []byte) report {
	t.Helper()
	r, err := parseReport(plan)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSummary(t *testing.T) {
	t.Parallel()
	s := summary{before: parsed(t, planJSON(linkable+","+stale, oneFix)), after: parsed(t, planJSON(stale, ""))}
	var out bytes.Buffer
	if err := s.write(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"4 users, 3 groups, 2 service principals, 2 workspaces",
		"3 identities that diverge",
		"without identity federation: old",
		"user/11  user11@example.com  (blank)  -> abc",
		"2 identities, listed below: 1 for people, 1 whose repair member_removals offers, 0 that need nothing",
		"stale                -> review",
		"closing             unconfirmed_members  -> remove_members (in member_removals;",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the summary lacks %q:\n%s", want, out.String())
		}
	}
	if strings.Count(out.String(), "user11@example.com") != 1 {
		t.Errorf("what was fixed is listed as left, too:\n%s", out.String())
	}
}

func TestSummary_refuses(t *testing.T) {
	t.Parallel()
	both, left := parsed(t, planJSON(linkable+","+stale, oneFix)), parsed(t, planJSON(stale, ""))
	incomplete := left
	incomplete.divergences.Complete = false
	for name, s := range map[string]summary{
		"nothing was fixed":   {before: both, after: both},
		"there was no fix":    {before: left, after: left},
		"the audit had holes": {before: both, after: incomplete},
	} {
		if err := s.write(&bytes.Buffer{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestParseReport_missingDataSource(t *testing.T) {
	t.Parallel()
	for _, plan := range []string{`{}`, `not JSON`, `{"prior_state":{"values":{"root_module":{"resources":[]}}}}`} {
		if _, err := parseReport([]byte(plan)); err == nil {
			t.Errorf("%s: no error", plan)
		}
	}
}

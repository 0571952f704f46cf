// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package audit

import "testing"

// Thousands of one refusal are one line: the id of the principal makes no difference.
func TestGroupFailures(t *testing.T) {
	t.Parallel()
	got := GroupFailures([]Failure{
		{TypeUser, "1", "matchWithIdp", "matching user/1: POST /users/1/matchWithIdp: status 403"},
		{TypeUser, "12", "matchWithIdp", "matching user/12: POST /users/12/matchWithIdp: status 403"},
		{TypeServicePrincipal, "3", "matchWithIdp", "matching service_principal/3: POST /servicePrincipals/3/matchWithIdp: status 403"},
		{TypeGroup, "4", "matchWithIdp", "matching group/4: POST /groups/4/matchWithIdp: status 500"},
		{TypeUser, "1", "get", "matching user/1: POST /users/1/matchWithIdp: status 403"},
		{"", "", "list users", "status 403"},
	})
	same(t, "groups", got, []FailureGroup{
		{Failure{TypeUser, "1", "matchWithIdp", "matching {principal}: POST /{principal}/matchWithIdp: status 403"}, 3},
		{Failure{TypeGroup, "4", "matchWithIdp", "matching group/4: POST /groups/4/matchWithIdp: status 500"}, 1},
		{Failure{TypeUser, "1", "get", "matching user/1: POST /users/1/matchWithIdp: status 403"}, 1},
		{Failure{"", "", "list users", "status 403"}, 1},
	})
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package assume

import "testing"

func TestSnakeCase(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"SCIM": "scim", "PageSize": "page_size", "StringIDs": "string_ids", "IDsFirst": "ids_first", "DeleteAbsentOK": "delete_absent_ok",
	} {
		if got := snakeCase(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

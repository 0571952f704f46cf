// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package file

import (
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// FuzzParseFile: a directory or an error, and every object of a directory is
// Found by its id as what it is, and unless it is deleted by its names too.
func FuzzParseFile(f *testing.F) {
	for _, seed := range []string{
		`{"version":1,"users":[{"id":"1","user_name":"a"}],"groups":[{"id":"2","display_name":"g","members":["1"]}]}`,
		`{"version":1,"users":[{"id":"1","x":1}]}`, `{"version":1,"users":[{"id":"A","user_name":"a","mail":"m","guest":true,"deleted":true}]}`,
		`{"version":1,"service_principals":[{"id":"s","application_id":"P","home_tenant":"t"}],"groups":[{"id":"g","display_name":"G","members":["g"]}]}`,
		`{"version":1,"users":[{"id":"1","user_name":"\"}{","ID":"2","i\u0064":"3"}]}`,
		"\xef\xbb\xbf{\"version\":1}", `{"version":1.0}`, `{"version":1,"users":null}`, `{"version":1,"groups":[{"id":" 2","display_name":"\u0041"}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := parse(t.Context(), raw)
		if (d == nil) == (err == nil) {
			t.Fatalf("neither directory nor error, or both: %v", err)
		}
		if err != nil {
			return
		}
		for i := range d.Entries {
			id := d.Entries[i].Identity
			m := d.Match(audit.Principal{Ref: audit.Ref{Type: id.Type, ID: "1"}, ExternalID: id.ExternalID})
			if id.Deleted != (m.DeletedByExternalID != nil) || id.Deleted == (m.ByExternalID != nil) || m.ByExternalIDOtherType != nil {
				t.Fatalf("%+v is found as %+v", id, m)
			}
			for _, name := range id.Names {
				found := false
				for _, by := range d.Match(audit.Principal{Ref: audit.Ref{Type: id.Type, ID: "1"}, Name: name}).ByName {
					found = found || by.ExternalID == id.ExternalID
				}
				if found == id.Deleted {
					t.Fatalf("%+v is found by %q: %t", id, name, found)
				}
			}
			if id.Type == audit.TypeGroup && d.Nodes[audit.CanonicalExternalID(id.ExternalID)] == nil {
				t.Fatalf("group %s has no members, known or unknown", id.ExternalID)
			}
		}
	})
}

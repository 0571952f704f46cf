// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import "testing"

// What no one can attribute is unknown: neither a member who is missing in the IdP
// nor one who is there.
func TestDivergences_notUnderstood(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Input){
		"local member without id":    func(in *Input) { in.Matches[2].Members.Local[0].ID = "" },
		"external member without id": func(in *Input) { in.Matches[2].Members.External[0].ID = "" },
		"name":                       func(in *Input) { in.Matches[2].Principal.Name = "g\xff" },
		"externalId":                 func(in *Input) { in.Matches[2].Principal.ExternalID = "g\xff" },
		"name in the IdP":            func(in *Input) { in.Matches[2].ByExternalID.Names = []string{"g", "g\xff"} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in, o := removable()
			change(&in)
			r := Divergences(in, o)
			if r.Complete || r.Clean || len(r.Failures) != 1 || len(r.Unjudged) != 1 || len(r.Groups)+len(r.MemberRemovals) != 0 {
				t.Errorf("complete %t, failures %+v, unjudged %v, groups %+v, removals %+v", r.Complete, r.Failures, r.Unjudged, r.Groups, r.MemberRemovals)
			}
		})
	}
}

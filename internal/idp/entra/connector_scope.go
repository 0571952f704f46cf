// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package entra

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/provisioning"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/directory"
)

func (r *connectorReader) readAssignments(ctx context.Context, out *provisioning.Connector) error {
	link := r.graph.base + "/v1.0/servicePrincipals/" + url.PathEscape(out.ID) + "/appRoleAssignedTo" + query("$top", strconv.Itoa(graphPage))
	found, err := r.list(ctx, link, directory.MostPages)
	if err != nil {
		return err
	}
	rows, err := decodeAll[struct {
		PrincipalID   string  `json:"principalId"`
		PrincipalType string  `json:"principalType"`
		Name          *string `json:"principalDisplayName"`
	}]("assignments", found.Entries)
	if err != nil {
		return err
	}
	types := map[string]audit.PrincipalType{"user": audit.TypeUser, "group": audit.TypeGroup, "serviceprincipal": audit.TypeServicePrincipal}
	for _, row := range rows {
		t, known := types[strings.ToLower(row.PrincipalType)]
		if !known || row.PrincipalID == "" {
			return fmt.Errorf("the list of assignments has an entry that is not understood: principalType %q", row.PrincipalType)
		}
		a := provisioning.Assignment{Type: t, ID: audit.CanonicalExternalID(row.PrincipalID)}
		if row.Name != nil {
			a.Name = *row.Name
		}
		out.Assigned = append(out.Assigned, a)
	}
	return nil
}

// readMembers reads the direct members of all assigned groups at once and, where that is
// asked for, of the groups below them.
func (r *connectorReader) readMembers(ctx context.Context, connectors []provisioning.Connector) error {
	read := map[string]provisioning.GroupMembers{}
	open := map[string]bool{}
	for i := range connectors {
		for _, a := range connectors[i].Assigned {
			if a.Type == audit.TypeGroup {
				open[a.ID] = true
			}
		}
	}
	for range mostNesting {
		if len(open) == 0 {
			break
		}
		rows, why, err := r.memberRows(ctx, slices.Sorted(maps.Keys(open)))
		if err != nil {
			return err
		}
		next := map[string]bool{}
		for id := range open {
			read[id] = membersOf(id, rows[id], why[id])
			for _, nested := range read[id].Groups {
				next[nested] = r.req.Nested
			}
		}
		maps.DeleteFunc(next, func(id string, wanted bool) bool { _, done := read[id]; return done || !wanted })
		open = next
	}
	for i := range connectors {
		connectors[i].Members = read
	}
	return nil
}

func membersOf(group string, rows []graphObject, why string) provisioning.GroupMembers {
	out := provisioning.GroupMembers{Unknown: why}
	for _, o := range rows {
		id := audit.CanonicalExternalID(o.ID)
		switch strings.ToLower(o.ODataType) {
		case "#microsoft.graph.user":
			out.Users = append(out.Users, id)
		case "#microsoft.graph.group":
			out.Groups = append(out.Groups, id)
		case "":
			out.Unknown = fmt.Sprintf("Microsoft Graph does not say what the member %s of group %s is", o.ID, group)
		default:
			out.Others = append(out.Others, id)
		}
	}
	return out
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
)

// decodeWhole reads a function's argument that is a whole data source, or an
// object with some of its attributes. It is not known when any part that is read
// is not.
func decodeWhole[V any](ctx context.Context, value types.Dynamic, what string, decode func(entryReader) V) (out V, known bool, err error) {
	if value.IsUnknown() || value.IsUnderlyingValueUnknown() {
		return out, false, nil
	}
	if value.IsNull() || value.IsUnderlyingValueNull() {
		return out, false, fmt.Errorf("%s is null", what)
	}
	attributes, ok := attributesOf(value.UnderlyingValue())
	if !ok {
		return out, false, fmt.Errorf("%s is a %s, and must be the whole data source", what, value.UnderlyingValue().Type(ctx))
	}
	r := entryReader{attributes: attributes, state: &entryState{}}
	out = decode(r)
	return out, r.state.err == nil && !r.state.unknown, r.state.err
}

// need is an attribute that must be there; nil when it is unknown, null or
// missing, of which the last two are errors.
func (r entryReader) need(name string) attr.Value {
	value, there := r.attributes[name]
	if !there {
		r.fail("attribute %s is missing; give the whole data source", name)
		return nil
	}
	value = unwrap(value)
	switch {
	case value.IsUnknown():
		r.state.unknown = true
		return nil
	case value.IsNull():
		r.fail("attribute %s is null", name)
		return nil
	}
	return value
}

// truth is a truth value; nil where the attribute is missing or null.
func (r entryReader) truth(name string) *bool {
	switch r.text(name) {
	case "true":
		out := true
		return &out
	case "false":
		out := false
		return &out
	default:
		return nil
	}
}

// number is a whole number; 0 where the attribute is missing or null.
func (r entryReader) number(name string) int {
	text := r.text(name)
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		r.fail("%s is %q, and must be a whole number", name, text)
	}
	return n
}

// texts is a list of texts; none where the attribute is missing or null.
func (r entryReader) texts(name string) []string {
	value, there := r.attributes[name]
	if !there {
		return nil
	}
	cells, known, err := cellsOf(context.Background(), value)
	switch {
	case err != nil:
		r.fail("%s is no list of texts", name)
	case !known:
		r.state.unknown = true
	}
	return cells
}

// objects is a list of objects that must be there.
func (r entryReader) objects(name string) []entryReader {
	value := r.need(name)
	if value == nil {
		return nil
	}
	elements, ok := listOf(value)
	if !ok {
		r.fail("%s is no list", name)
		return nil
	}
	out := make([]entryReader, 0, len(elements))
	for i, element := range elements {
		element = unwrap(element)
		if element.IsUnknown() {
			r.state.unknown = true
			return nil
		}
		attributes, ok := attributesOf(element)
		if !ok || element.IsNull() {
			r.fail("%s[%d] is no object with the attributes of the data source", name, i)
			return nil
		}
		out = append(out, entryReader{attributes: attributes, state: r.state})
	}
	return out
}

// listOf are the elements of a list, set or tuple.
func listOf(value attr.Value) ([]attr.Value, bool) {
	switch v := value.(type) {
	case types.List:
		return v.Elements(), true
	case types.Set:
		return v.Elements(), true
	case types.Tuple:
		return v.Elements(), true
	default:
		return nil, false
	}
}

// diffOf reads the lists of dbxidentity_principal_diff.
func diffOf(r entryReader) access.Diff {
	yes, no := true, false
	rows := func(name string, inA, inB *bool) []access.DiffRow {
		var out []access.DiffRow
		for _, e := range r.objects(name) {
			row := access.DiffRow{
				GroupID: e.text("group_id"), GroupName: e.text("group_name"), Source: e.text("source"), InA: inA, InB: inB,
				DirectInA: e.truth("direct_in_a"), DirectInB: e.truth("direct_in_b"), PathInA: e.texts("path_in_a"), PathInB: e.texts("path_in_b"), Hint: access.Hint(e.text("hint")),
			}
			// What only one side certainly has, the other side may have behind a hole.
			if _, given := e.attributes["in_a"]; given {
				row.InA = e.truth("in_a")
			}
			if _, given := e.attributes["in_b"]; given {
				row.InB = e.truth("in_b")
			}
			out = append(out, row)
		}
		return out
	}
	return access.Diff{OnlyInA: rows("only_in_a", &yes, &no), OnlyInB: rows("only_in_b", &no, &yes), Both: rows("in_both", &yes, &yes)}
}

// cloneActionsOf reads the lists of dbxidentity_clone_plan that its CSV file has.
func cloneActionsOf(r entryReader) access.ClonePlan {
	return access.ClonePlan{
		IDPActions: planRowsOf(r, "idp_actions"), DatabricksActions: planRowsOf(r, "databricks_actions"),
		Unverified: planRowsOf(r, "unverified"), Skipped: planRowsOf(r, "skipped"),
	}
}

func planRowsOf(r entryReader, name string) []access.PlanRow {
	var out []access.PlanRow
	for _, e := range r.objects(name) {
		row := access.PlanRow{
			GroupID: e.text("group_id"), GroupName: e.text("group_name"), Source: e.text("source"), ExternalID: e.text("external_id"), InIDP: e.truth("in_idp"), Origin: access.Origin(e.text("origin")),
			Direct: e.flag("direct", true), Path: e.texts("path"), Via: e.texts("via"), PendingVia: e.texts("pending_via"),
			Privileged: e.truth("privileged"), Powers: e.texts("powers"), AlreadyTransitive: e.truth("already_transitive"), Reason: e.text("reason"),
		}
		for _, w := range e.objects("workspace_accesses") {
			row.Workspaces = append(row.Workspaces, access.WorkspaceEffect{
				WorkspaceID: w.text("workspace_id"), WorkspaceName: w.text("workspace_name"), Level: w.text("level"),
				GroupID: w.text("group_id"), GroupName: w.text("group_name"),
			})
		}
		for _, g := range e.objects("unity_catalog_grants") {
			row.Catalog = append(row.Catalog, access.CatalogEffect{
				MetastoreID: g.text("metastore_id"), SecurableType: g.text("securable_type"), FullName: g.text("full_name"),
				Privileges: g.texts("privileges"), GroupID: g.text("group_id"), GroupName: g.text("group_name"),
			})
		}
		if total := e.number("unity_catalog_grant_count"); total > len(row.Catalog) {
			row.CatalogMore = total - len(row.Catalog)
		}
		if _, given := e.attributes["roles_and_entitlements"]; given {
			for _, h := range e.objects("roles_and_entitlements") {
				row.Holdings = append(row.Holdings, access.HoldingEffect{
					Kind: h.text("kind"), Value: h.text("value"), GroupID: h.text("group_id"), GroupName: h.text("group_name"),
				})
			}
		}
		out = append(out, row)
	}
	return out
}

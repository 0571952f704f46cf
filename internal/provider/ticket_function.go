// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/render/csv"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/render/ticket"
)

var _ function.Function = ticketFunction{}

// ticketFunction asks those who can do what no apply can.
type ticketFunction struct{}

func newTicketFunction() function.Function { return ticketFunction{} }

// The kinds of tickets.
const (
	ticketNameChanges    = "name_changes"
	ticketIDPMemberships = "idp_memberships"
)

func (ticketFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "ticket_markdown"
}

func (ticketFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Write a ticket for people who can do what an apply cannot",
		MarkdownDescription: "Writes a ticket as Markdown, ready to send. `" + ticketNameChanges + "` asks Databricks support to change the names of users and service principals: old and new name, " +
			"ids, and what a rename does. Two records of one identity are listed apart, because support cannot merge them. `" + ticketIDPMemberships + "` asks the people who run the identity " +
			"provider to add principals to groups there, with the object ids of both; groups that the identity provider does not have are listed apart. Of an audit it lists the members whom only " +
			"Databricks has (`member_removals`) and those whom only the identity provider has (`idp_members_missing`)." +
			"\n\nNames are escaped for Markdown and HTML, so that the name of a user or group cannot add text or links to the ticket. The same rows give the same text. Unknown rows give an unknown string, null is an error.",
		Parameters: []function.Parameter{
			function.StringParameter{Name: "kind", MarkdownDescription: "`" + ticketNameChanges + "` or `" + ticketIDPMemberships + "`."},
			function.DynamicParameter{
				Name: "rows", AllowUnknownValues: true, AllowNullValue: true,
				MarkdownDescription: "For `" + ticketNameChanges + "` a `dbxidentity_divergences` as a whole, or a list of its `users` and `service_principals`; all but those with the cause `name_drift` " +
					"are left out, and so are waived ones. For `" + ticketIDPMemberships + "` a `dbxidentity_clone_plan` or a `dbxidentity_divergences` as a whole, or a list or map of several.",
			},
		},
		Return: function.StringReturn{},
	}
}

func (ticketFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var (
		kind string
		rows types.Dynamic
	)
	if resp.Error = req.Arguments.Get(ctx, &kind, &rows); resp.Error != nil {
		return
	}
	var (
		text  string
		known bool
		err   error
	)
	switch kind {
	case ticketNameChanges:
		text, known, err = nameChangesTicket(ctx, rows)
	case ticketIDPMemberships:
		text, known, err = idpMembershipsTicket(ctx, rows)
	default:
		resp.Error = function.NewArgumentFuncError(0, fmt.Sprintf("Unknown kind %q. Use %s or %s.", kind, ticketNameChanges, ticketIDPMemberships))
		return
	}
	switch {
	case err != nil:
		resp.Error = function.NewArgumentFuncError(1, strings.TrimSuffix(err.Error(), ".")+".")
	case !known:
		resp.Error = resp.Result.Set(ctx, types.StringUnknown())
	default:
		resp.Error = resp.Result.Set(ctx, text)
	}
}

func nameChangesTicket(ctx context.Context, rows types.Dynamic) (text string, known bool, err error) {
	var changes []ticket.NameChange
	if _, is := attributesOf(rows.UnderlyingValue()); is {
		changes, known, err = decodeWhole(ctx, rows, "the divergences", func(r entryReader) []ticket.NameChange {
			var out []ticket.NameChange
			for _, e := range slices.Concat(r.objects("users"), r.objects("service_principals")) {
				out = appendNameChange(out, e)
			}
			return out
		})
		return ticket.NameChanges(changes), known, err
	}
	elements, known, err := elementsOf(ctx, rows, false)
	if err != nil || !known {
		return "", known, err
	}
	state := &entryState{}
	for i, element := range elements {
		element = unwrap(element)
		attributes, ok := attributesOf(element)
		switch {
		case element.IsUnknown():
			return "", false, nil
		case !ok || element.IsNull():
			return "", false, fmt.Errorf("row %d is not an object with the attributes of the data source", i)
		}
		changes = appendNameChange(changes, entryReader{attributes: attributes, state: state})
	}
	return ticket.NameChanges(changes), !state.unknown, state.err
}

// appendNameChange adds a row of users or service principals, if its name has to
// change.
func appendNameChange(out []ticket.NameChange, r entryReader) []ticket.NameChange {
	kind, name := audit.TypeUser, "username"
	if _, is := r.attributes["application_id"]; is {
		kind, name = audit.TypeServicePrincipal, "application_id"
	}
	for _, needed := range []string{"id", name, "cause"} {
		if _, there := r.attributes[needed]; !there {
			r.fail("attribute %s is missing; give rows of users or service_principals of dbxidentity_divergences", needed)
			return out
		}
	}
	if r.text("cause") != rules.CauseNameDrift || r.text("waived") == "true" {
		return out
	}
	return append(out, ticket.NameChange{
		Ref: audit.Ref{Type: kind, ID: r.text("id")}, Name: r.text(name), NewName: r.text("idp_name"), ExternalID: r.text("external_id"),
		Other: r.text("conflicting_principal"),
	})
}

func idpMembershipsTicket(ctx context.Context, rows types.Dynamic) (text string, known bool, err error) {
	switch {
	case rows.IsUnknown() || rows.IsUnderlyingValueUnknown():
		return "", false, nil
	case rows.IsNull() || rows.IsUnderlyingValueNull():
		return "", false, errors.New("the clone plan is null")
	}
	plans := []attr.Value{rows}
	if attributes, is := attributesOf(rows.UnderlyingValue()); is {
		if _, one := attributes["idp_actions"]; !one && !isAudit(attributes) {
			plans = nil
			for _, key := range slices.SortedFunc(maps.Keys(attributes), csv.CompareKeys) {
				plans = append(plans, attributes[key])
			}
		}
	} else if list, is := listOf(rows.UnderlyingValue()); is {
		plans = list
	}
	decoded := make([]access.ClonePlan, 0, len(plans))
	var audits []ticket.AuditedMembers
	for _, value := range plans {
		if attributes, is := attributesOf(underlying(value)); is && isAudit(attributes) {
			members, known, err := decodeWhole(ctx, types.DynamicValue(underlying(value)), "the divergences", auditedMembers)
			if err != nil || !known {
				return "", known, err
			}
			audits = append(audits, members)
			continue
		}
		plan, known, err := decodeWhole(ctx, types.DynamicValue(unwrap(value)), "the clone plan", func(r entryReader) access.ClonePlan {
			p := access.ClonePlan{
				Target: readPrincipal(r.object("resolved_target")), IDPActions: planRowsOf(r, "idp_actions"), Complete: r.flag("complete", false),
			}
			for _, text := range r.texts("problems") {
				p.Problems = append(p.Problems, access.Problem{Incomplete: true, Text: text})
			}
			return p
		})
		if err != nil || !known {
			return "", known, err
		}
		decoded = append(decoded, plan)
	}
	return ticket.IDPMemberships(decoded, audits...), true, nil
}

// underlying is a value without the wrappers of a dynamic one.
func underlying(value attr.Value) attr.Value {
	if dynamic, is := value.(types.Dynamic); is {
		value = dynamic.UnderlyingValue()
	}
	return unwrap(value)
}

// isAudit tells a dbxidentity_divergences from a map of data sources.
func isAudit(attributes map[string]attr.Value) bool {
	_, is := attributes["member_removals"]
	return is
}

// auditedMembers are the memberships in which the two sides differ.
func auditedMembers(r entryReader) ticket.AuditedMembers {
	out := ticket.AuditedMembers{Complete: r.flag("complete", false)}
	objects := map[string]string{}
	for _, g := range r.objects("groups") {
		objects[g.text("id")] = g.text("external_id")
		if g.flag("waived", false) {
			continue
		}
		if missing := g.attributes["idp_members_missing"]; missing == nil || unwrap(missing).IsNull() {
			continue // Not known.
		}
		for _, m := range g.objects("idp_members_missing") {
			out.There = append(out.There, ticket.Membership{Member: m.text("member_name"), MemberID: m.text("external_id"), Group: g.text("group_name"), GroupID: g.text("external_id")})
		}
	}
	removals := r.need("member_removals")
	if removals == nil {
		return out
	}
	rows, is := attributesOf(removals)
	if !is {
		r.fail("member_removals is no map")
		return out
	}
	for _, key := range slices.SortedFunc(maps.Keys(rows), csv.CompareKeys) {
		value := unwrap(rows[key])
		attributes, is := attributesOf(value)
		switch {
		case value.IsUnknown():
			r.state.unknown = true
			return out
		case !is || value.IsNull():
			r.fail("member_removals[%q] is no object with the attributes of the data source", key)
			return out
		}
		m := entryReader{attributes: attributes, state: r.state}
		out.Here = append(out.Here, ticket.Membership{Member: m.text("member_name"), MemberID: m.text("member_id"), Group: m.text("group_name"), GroupID: objects[m.text("group_id")]})
	}
	return out
}

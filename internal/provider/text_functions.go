// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/render/ticket"
)

// textFunction renders the whole of one data source as a text for people.
type textFunction[T any] struct {
	name, summary, description string
	// parameter and of are the parameter's name and the data source that it takes; what
	// is its name in errors.
	parameter, of, what string
	decode              func(entryReader) T
	render              func(T) string
}

var _ function.Function = textFunction[access.ClonePlan]{}

func newCloneMarkdownFunction() function.Function {
	return textFunction[access.ClonePlan]{
		name: "clone_markdown", summary: "Render a clone plan for a ticket",
		description: "Renders a clone plan as Markdown to paste in a ticket: who must do what where, what follows, what is not copied, and the membership " +
			"paths as a Mermaid graph (drawn by GitHub, GitLab, Azure DevOps and others). Names are escaped for Markdown, HTML and Mermaid, so that no one writes " +
			"in the ticket by naming a group. The same plan gives the same text. An incomplete plan says so on top. An unknown plan gives an unknown string, null is an error.",
		parameter: "plan", of: "dbxidentity_clone_plan", what: "the clone plan", decode: clonePlanOf, render: ticket.Markdown,
	}
}

func newCloneTextFunction() function.Function {
	return textFunction[access.ClonePlan]{
		name: "clone_text", summary: "Render a clone plan as plain text",
		description: "Renders a clone plan as plain text for a terminal or a mail: what people do in the identity provider (`!`), what an apply adds (`+`), what it holds back and " +
			"why, what follows, what is not verified (`?`), left out (`-`), there already (`=`) and not copied, with the path of each membership and the totals. Line breaks and " +
			"control characters in names do not get through. An unknown plan gives an unknown string, null is an error.",
		parameter: "plan", of: "dbxidentity_clone_plan", what: "the clone plan", decode: clonePlanOf, render: ticket.Text,
	}
}

func newCompareTextFunction() function.Function {
	return textFunction[access.Diff]{
		name: "compare_text", summary: "Render a comparison as plain text",
		description: "Renders a comparison of two principals as plain text for a terminal or a mail: the verdict, the groups that only A has, with how B comes to each (`!` in the " +
			"identity provider, `+` in Databricks or as a consequence), the groups that only B has (`-`), those of both (`=`), the path of each membership and the totals. Line breaks and " +
			"control characters in names do not get through. An unknown comparison gives an unknown string, null is an error.",
		parameter: "diff", of: "dbxidentity_principal_diff", what: "the comparison", decode: comparisonOf, render: ticket.CompareText,
	}
}

func (f textFunction[T]) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = f.name
}

func (f textFunction[T]) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: f.summary, MarkdownDescription: f.description,
		Parameters: []function.Parameter{function.DynamicParameter{
			Name: f.parameter, AllowUnknownValues: true, AllowNullValue: true,
			MarkdownDescription: "The data source itself: `data." + f.of + ".x`.",
		}},
		Return: function.StringReturn{},
	}
}

func (f textFunction[T]) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var value types.Dynamic
	if resp.Error = req.Arguments.Get(ctx, &value); resp.Error != nil {
		return
	}
	result, known, err := decodeWhole(ctx, value, f.what, f.decode)
	switch {
	case err != nil:
		resp.Error = function.NewArgumentFuncError(0, err.Error()+".")
	case !known:
		resp.Error = resp.Result.Set(ctx, types.StringUnknown())
	default:
		resp.Error = resp.Result.Set(ctx, f.render(result))
	}
}

// comparisonOf reads dbxidentity_principal_diff as far as people are shown it.
func comparisonOf(r entryReader) access.Diff {
	d := diffOf(r)
	d.A, d.B = readPrincipal(r.object("resolved_a")), readPrincipal(r.object("resolved_b"))
	if rows := r.attributes["workspace_local_groups"]; rows != nil && !rows.IsNull() {
		for _, e := range r.objects("workspace_local_groups") {
			d.LocalGroups = append(d.LocalGroups, access.LocalDiffRow{
				WorkspaceID: e.text("workspace_id"), WorkspaceName: e.text("workspace_name"), GroupID: e.text("group_id"), GroupName: e.text("group_name"),
				InA: e.truth("in_a"), InB: e.truth("in_b"),
			})
		}
	}
	d.Equal, d.Complete, d.Failures = r.truth("equal"), r.flag("complete", false), failuresOf(r)
	return d
}

func failuresOf(r entryReader) []audit.Failure {
	var out []audit.Failure
	for _, e := range r.objects("failures") {
		out = append(out, audit.Failure{
			Type: audit.PrincipalType(e.text("principal_type")), ID: e.text("principal_id"), Call: e.text("call"), Reason: e.text("reason"),
		})
	}
	return out
}

// clonePlanOf reads dbxidentity_clone_plan as far as people are shown it.
func clonePlanOf(r entryReader) access.ClonePlan {
	p := cloneActionsOf(r)
	p.Source, p.Target = readPrincipal(r.object("resolved_source")), readPrincipal(r.object("resolved_target"))
	p.AlreadyMember, p.Follows, p.System = planRowsOf(r, "already_member"), planRowsOf(r, "follows"), planRowsOf(r, "system_groups")
	for _, e := range r.objects("not_cloned") {
		p.NotCloned = append(p.NotCloned, access.NotCloned{Kind: e.text("kind"), Place: e.text("place"), Value: e.text("value"), Note: e.text("note")})
	}
	for _, text := range r.texts("problems") {
		p.Problems = append(p.Problems, access.Problem{Incomplete: true, Text: text})
	}
	p.Failures, p.Complete = failuresOf(r), r.flag("complete", false)
	return p
}

func readPrincipal(r entryReader) audit.Principal {
	return audit.Principal{
		Ref:  audit.Ref{Type: audit.PrincipalType(r.text("principal_type")), ID: r.text("principal_id")},
		Name: r.text("principal_name"), DisplayName: r.text("display_name"), ExternalID: r.text("external_id"), Active: r.truth("active"),
	}
}

// object is an object that must be there.
func (r entryReader) object(name string) entryReader {
	out := entryReader{state: r.state}
	value := r.need(name)
	if value == nil {
		return out
	}
	attributes, ok := attributesOf(value)
	if !ok {
		r.fail("%s is no object", name)
	}
	out.attributes = attributes
	return out
}

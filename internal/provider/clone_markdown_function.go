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

var _ function.Function = cloneMarkdownFunction{}

// cloneMarkdownFunction renders a clone plan for a ticket.
type cloneMarkdownFunction struct{}

func newCloneMarkdownFunction() function.Function { return cloneMarkdownFunction{} }

func (cloneMarkdownFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "clone_markdown"
}

func (cloneMarkdownFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Render a clone plan for a ticket",
		MarkdownDescription: "Renders a clone plan as Markdown to paste in a ticket: who must do what where, what follows, what is not copied, and the membership " +
			"paths as a Mermaid graph (drawn by GitHub, GitLab, Azure DevOps and others). Names are escaped for Markdown, HTML and Mermaid, so that nobody writes " +
			"in the ticket by naming a group. The same plan gives the same text. An incomplete plan says so on top. An unknown plan gives an unknown string, null is an error.",
		Parameters: []function.Parameter{function.DynamicParameter{
			Name: "plan", AllowUnknownValues: true, AllowNullValue: true,
			MarkdownDescription: "The data source itself: `data.dbxidentity_clone_plan.x`.",
		}},
		Return: function.StringReturn{},
	}
}

func (cloneMarkdownFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var value types.Dynamic
	if resp.Error = req.Arguments.Get(ctx, &value); resp.Error != nil {
		return
	}
	plan, known, err := decodeWhole(ctx, value, "the clone plan", clonePlanOf)
	switch {
	case err != nil:
		resp.Error = function.NewArgumentFuncError(0, err.Error()+".")
	case !known:
		resp.Error = resp.Result.Set(ctx, types.StringUnknown())
	default:
		resp.Error = resp.Result.Set(ctx, ticket.Markdown(plan))
	}
}

// clonePlanOf reads dbxidentity_clone_plan as far as people are shown it.
func clonePlanOf(r entryReader) access.ClonePlan {
	p := cloneActionsOf(r)
	p.Source, p.Target = readPrincipal(r.object("resolved_source")), readPrincipal(r.object("resolved_target"))
	p.AlreadyMember, p.Follows, p.System = planRowsOf(r, "already_member"), planRowsOf(r, "follows"), planRowsOf(r, "system_groups")
	for _, e := range r.objects("not_cloned") {
		p.NotCloned = append(p.NotCloned, access.NotCloned{Kind: e.text("kind"), Place: e.text("place"), Value: e.text("value")})
	}
	for _, text := range r.texts("problems") {
		p.Problems = append(p.Problems, access.Problem{Incomplete: true, Text: text})
	}
	for _, e := range r.objects("failures") {
		p.Failures = append(p.Failures, audit.Failure{
			Type: audit.PrincipalType(e.text("principal_type")), ID: e.text("principal_id"), Call: e.text("call"), Reason: e.text("reason"),
		})
	}
	p.Complete = r.flag("complete", false)
	return p
}

func readPrincipal(r entryReader) audit.Principal {
	return audit.Principal{
		Ref:  audit.Ref{Type: audit.PrincipalType(r.text("principal_type")), ID: r.text("principal_id")},
		Name: r.text("principal_name"), DisplayName: r.text("display_name"), Active: r.truth("active"),
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

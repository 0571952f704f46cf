// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	listschema "github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// A list resource shows what a resource would be imported as (terraform query, Terraform
// 1.14 and newer). It is a resource kind and what it lists: [listResource] does the rest.
// What is listed comes from the listing of the run, which data sources share.

// listEntry is one instance that may be adopted.
type listEntry[P any] struct {
	// key is what an audit calls it, title what people do.
	key, title string
	// fill makes the model what an import makes it.
	fill func(m P)
}

// listed is what a list resource has found.
type listed[P any] struct {
	entries []listEntry[P] // sorted by key
	// absent is why nothing is listed for a key, for those that were looked at.
	absent map[string]string
	// unread are the parts that could not be read.
	unread []string
}

// lister is what one list resource adds.
type lister[P any] struct {
	// says is its description, keysOf what its keys are, and attributes are those beside keys.
	says, keysOf string
	attributes   map[string]listschema.Attribute
	list         func(ctx context.Context, s *session, config tfsdk.Config, diags *diag.Diagnostics) listed[P]
	// key brings a key of an audit's map into the form of [listEntry.key].
	key func(string) string
}

// listResource is the skeleton of every list resource.
type listResource[M any, P resourceModel[M]] struct {
	session *session
	kind    importable[P]
	lister  lister[P]
}

func newList[M any, P resourceModel[M]](kind importable[P], l lister[P]) list.ListResource {
	return &listResource[M, P]{kind: kind, lister: l}
}

func (r *listResource[M, P]) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + r.kind.names().typeName
}

func (r *listResource[M, P]) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.session = sessionFrom(req.ProviderData, &resp.Diagnostics)
	r.kind.attach(r.session)
}

func (r *listResource[M, P]) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = listschema.Schema{
		MarkdownDescription: r.lister.says + " Nothing is written. What is in a configuration already is listed again." +
			"\n\nA warning comes first where more was found than `limit` allows (100 by default), and for what could not be read.",
		Attributes: map[string]listschema.Attribute{
			"keys": listschema.ListAttribute{
				ElementType: types.StringType, Optional: true,
				MarkdownDescription: "Lists these only: " + r.lister.keysOf + ". They may be the keys of an audit, which then has read the account already. Default: everything.",
			},
		},
	}
	for name, attribute := range r.lister.attributes {
		resp.Schema.Attributes[name] = attribute
	}
}

// List pushes warnings before all results: Terraform reads no further than the limit.
func (r *listResource[M, P]) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var (
		diags diag.Diagnostics
		keys  []string
		set   types.List
	)
	diags.Append(req.Config.GetAttribute(ctx, path.Root("keys"), &set)...)
	if !set.IsNull() && !diags.HasError() {
		diags.Append(set.ElementsAs(ctx, &keys, false)...)
	}
	if diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	found := r.lister.list(ctx, r.session, req.Config, &diags)
	entries := found.entries
	if !set.IsNull() && !diags.HasError() {
		entries = r.chosen(found, keys, &diags)
	}
	thing := r.kind.names().thing
	if len(found.unread) > 0 {
		diags.AddWarning(thing+" Not Read", fmt.Sprintf("What is listed is not everything, because parts could not be read: %s. Nothing is missing for certain, and nothing is "+
			"there for certain, of what is not listed.", someOf(found.unread)))
	}
	if int64(len(entries)) > req.Limit && req.Limit > 0 {
		diags.AddWarning("More Than the Limit", fmt.Sprintf("%d were found, and %d are listed. Set limit = %d in the list block to list them all.", len(entries), req.Limit, len(entries)))
		entries = entries[:req.Limit]
	}
	stream.Results = func(push func(list.ListResult) bool) {
		if len(diags) > 0 && !push(list.ListResult{Diagnostics: diags}) || diags.HasError() {
			return
		}
		for _, e := range entries {
			if ctx.Err() != nil || !push(r.result(ctx, req, e)) {
				return
			}
		}
	}
}

// result is one entry as Terraform wants it.
func (r *listResource[M, P]) result(ctx context.Context, req list.ListRequest, e listEntry[P]) list.ListResult {
	out := req.NewListResult(ctx)
	out.DisplayName = e.title
	m := P(new(M))
	// A null object cannot be decoded; one attribute makes it an object of nulls.
	out.Diagnostics.Append(out.Resource.SetAttribute(ctx, path.Root(attributeAccountID), r.session.account.AccountID())...)
	out.Diagnostics.Append(out.Resource.Get(ctx, m)...)
	if out.Diagnostics.HasError() {
		return out
	}
	e.fill(m)
	m.instance().AccountID = r.session.accountID()
	out.Diagnostics.Append(out.Identity.Set(ctx, r.kind.identity(m))...)
	if req.IncludeResource {
		out.Diagnostics.Append(out.Resource.Set(ctx, m)...)
	}
	return out
}

// chosen are the entries with some keys, and a warning for those without.
func (r *listResource[M, P]) chosen(found listed[P], keys []string, diags *diag.Diagnostics) []listEntry[P] {
	wanted, there := map[string]bool{}, map[string]bool{}
	for _, key := range keys {
		wanted[r.lister.key(key)] = true
	}
	var out []listEntry[P]
	for _, e := range found.entries {
		if there[e.key] = true; wanted[e.key] {
			out = append(out, e)
		}
	}
	var missing []string
	for key := range wanted {
		if there[key] {
			continue
		}
		why := found.absent[key]
		if why == "" {
			why = "not found"
		}
		missing = append(missing, fmt.Sprintf("%s (%s)", key, why))
	}
	if slices.Sort(missing); len(missing) > 0 {
		diags.AddWarning("Nothing to List for Some Keys", fmt.Sprintf("%d of %d keys name nothing that can be adopted: %s.", len(missing), len(wanted), someOf(missing)))
	}
	return out
}

// someOf are the first of many, in one text.
func someOf(all []string) string {
	const most = 5
	if len(all) > most {
		return fmt.Sprintf("%s, and %d more", strings.Join(all[:most], ", "), len(all)-most)
	}
	return strings.Join(all, ", ")
}

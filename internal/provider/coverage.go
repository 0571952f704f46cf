// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/redact"
)

var pathTimeouts = path.Root("timeouts")

// failureModel is one hole in what was read.
type failureModel struct {
	PrincipalType *string `tfsdk:"principal_type"`
	PrincipalID   *string `tfsdk:"principal_id"`
	Call          string  `tfsdk:"call"`
	Reason        string  `tfsdk:"reason"`
}

func failuresFromAudit(failures []audit.Failure) []failureModel {
	out := make([]failureModel, 0, len(failures))
	for _, f := range failures {
		out = append(out, failureModel{
			PrincipalType: emptyAsNil(string(f.Type)), PrincipalID: emptyAsNil(f.ID), Call: f.Call, Reason: redact.Text(f.Reason),
		})
	}
	return out
}

func completeAttribute() schema.Attribute {
	return schema.BoolAttribute{
		Computed: true,
		MarkdownDescription: "True when everything in scope was read. When false, `failures` lists what was not, " +
			"and anything that depends on it is reported as unknown: neither clean nor absent.",
	}
}

func notLookedAtAttribute() schema.Attribute {
	return schema.ListAttribute{
		Computed: true, ElementType: types.StringType,
		MarkdownDescription: "Places that can give access and that were not checked, by choice or for want of an API, in a sentence each, with what shows them.",
	}
}

func failuresAttribute() schema.Attribute {
	return schema.ListNestedAttribute{
		Computed:            true,
		MarkdownDescription: "What could not be read, sorted by principal type, id and call.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"principal_type": schema.StringAttribute{Computed: true, MarkdownDescription: "`user`, `group` or `service_principal`; null when a whole call failed."},
			"principal_id":   schema.StringAttribute{Computed: true, MarkdownDescription: "Databricks id; null when a whole call failed."},
			"call":           schema.StringAttribute{Computed: true, MarkdownDescription: "What was tried."},
			"reason":         schema.StringAttribute{Computed: true, MarkdownDescription: "What came back, in the words of the API."},
		}},
	}
}

// countsFromAudit keeps every key, zero counts included.
func countsFromAudit(counts map[string]int) map[string]int64 {
	out := make(map[string]int64, len(counts))
	for key, n := range counts {
		out[key] = int64(n)
	}
	return out
}

// emptyAsNil makes a null of the empty string, where empty means "not known".
func emptyAsNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// notNil turns a nil slice into an empty one: an empty list, not null.
func notNil[E any](s []E) []E {
	if s == nil {
		return []E{}
	}
	return s
}

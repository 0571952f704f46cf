// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// A label is the name of a principal, which a configuration may set, so that the plan
// shows it: nothing is filled from a read there. A set label is kept as written, and
// makes no diff; one that is not set is as last read. What is created must still have
// the name that was reviewed.

// keyLabels is where an instance remembers which labels its configuration has set.
const keyLabels = "labels"

func labelAttribute(text string) schema.StringAttribute {
	return schema.StringAttribute{
		Optional: true, Computed: true, PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
		MarkdownDescription: text + ". Set it from what was reviewed (`each.value`), so that the plan shows it: then it stays as written, a change of it alone is no change, and " +
			"a create is refused if the account has another name by then.",
	}
}

// onlyLabelsDiffer reports whether a plan changes nothing but labels. What is computed
// and unknown differs only because something else does.
func onlyLabelsDiffer(req resource.ModifyPlanRequest, labels []string) bool {
	var plan, state, config map[string]tftypes.Value
	if len(labels) == 0 || req.State.Raw.IsNull() || req.Plan.Raw.As(&plan) != nil || req.State.Raw.As(&state) != nil || req.Config.Raw.As(&config) != nil {
		return false
	}
	for name, value := range plan {
		if !value.Equal(state[name]) && !slices.Contains(labels, name) && (value.IsKnown() || !config[name].IsNull()) {
			return false
		}
	}
	return true
}

// rememberLabels notes the labels that the configuration sets, and puts them into state
// as they are written there.
func rememberLabels(ctx context.Context, labels []string, config tfsdk.Config, state *tfsdk.State, private privateWriter) diag.Diagnostics {
	var (
		diags diag.Diagnostics
		set   []string
	)
	for _, name := range labels {
		var value types.String
		diags.Append(config.GetAttribute(ctx, path.Root(name), &value)...)
		if !value.IsNull() {
			set = append(set, name)
			diags.Append(state.SetAttribute(ctx, path.Root(name), value)...)
		}
	}
	if len(labels) > 0 {
		diags.Append(remember(ctx, private, keyLabels, strings.Join(set, ","))...)
	}
	return diags
}

// keepLabels puts the labels that a configuration has set back into a state that was
// read anew.
func keepLabels(ctx context.Context, before tfsdk.State, state *tfsdk.State, private privateReader) diag.Diagnostics {
	set, known, diags := remembered(ctx, private, keyLabels)
	if !known || set == "" {
		return diags
	}
	for name := range strings.SplitSeq(set, ",") {
		var value types.String
		diags.Append(before.GetAttribute(ctx, path.Root(name), &value)...)
		diags.Append(state.SetAttribute(ctx, path.Root(name), value)...)
	}
	return diags
}

// warnRenamed says in the plan that a create will be refused, because the label is not
// the name that the account has now.
func warnRenamed(attribute string, label types.String, now audit.Principal, diags *diag.Diagnostics) {
	if written := label.ValueString(); written != "" && now.Name != "" && !directory.SameShown(written, now.Name) {
		diags.AddAttributeWarning(path.Root(attribute), "Other Name Than Reviewed", fmt.Sprintf("%s is called %q now, and %s is %q. The apply refuses to change what has another "+
			"name than was reviewed. Make sure that it is the one that is meant, and set %[3]s to its present name, or leave it out. If it comes from "+
			"dbxidentity_remediation_ledger, put the key into its exclude for one apply.", now.Ref, now.Name, attribute, written))
	}
}

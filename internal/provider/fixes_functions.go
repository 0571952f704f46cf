// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/render/pinned"
)

// fixesFunction renders fixes for git.
type fixesFunction struct {
	name, summary, description string
	render                     func(pinned.Fixes) (string, error)
}

var _ function.Function = fixesFunction{}

const fixesParameter = "An object with any of `external_id_fixes` and `member_removals` (of `dbxidentity_divergences`) and `memberships` " +
	"(of `dbxidentity_clone_plan`). A part that is null is an error: an incomplete clone plan has no memberships."

func newFixesTFVarsFunction() function.Function {
	return fixesFunction{
		name: "fixes_tfvars", summary: "Render fixes as a variables file",
		description: "Renders fixes as a `*.auto.tfvars.json`: one variable per part, named as in the input, one line per fix, sorted. " +
			"Write it to the repository of the module that applies, and review it there. Unknown input gives an unknown string.",
		render: pinned.TFVars,
	}
}

func newFixesHCLFunction() function.Function {
	return fixesFunction{
		name: "fixes_hcl", summary: "Render fixes as resources",
		description: "Renders fixes as a configuration file: one `dbxidentity_external_id`, `dbxidentity_group_member_removal` or " +
			"`dbxidentity_group_member` per fix, sorted and formatted, with the name in a comment. Unknown input gives an unknown string.",
		render: func(f pinned.Fixes) (string, error) { return pinned.HCL(f), nil },
	}
}

func (f fixesFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = f.name
}

func (f fixesFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: f.summary, MarkdownDescription: f.description,
		Parameters: []function.Parameter{function.DynamicParameter{
			Name: "fixes", AllowUnknownValues: true, AllowNullValue: true, MarkdownDescription: fixesParameter,
		}},
		Return: function.StringReturn{},
	}
}

func (f fixesFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var value types.Dynamic
	if resp.Error = req.Arguments.Get(ctx, &value); resp.Error != nil {
		return
	}
	fixes, known, err := decodeFixes(ctx, value)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(0, err.Error()+".")
		return
	}
	if !known {
		resp.Error = resp.Result.Set(ctx, types.StringUnknown())
		return
	}
	text, err := f.render(fixes)
	if err != nil {
		resp.Error = function.NewFuncError(err.Error())
		return
	}
	resp.Error = resp.Result.Set(ctx, text)
}

// Names of the parts.
const (
	partExternalIDs    = "external_id_fixes"
	partMemberRemovals = "member_removals"
	partMemberships    = "memberships"
)

func decodeFixes(ctx context.Context, value types.Dynamic) (out pinned.Fixes, known bool, err error) {
	if value.IsUnknown() || value.IsUnderlyingValueUnknown() {
		return out, false, nil
	}
	if value.IsNull() || value.IsUnderlyingValueNull() {
		return out, false, fmt.Errorf("fixes are null")
	}
	parts, ok := attributesOf(value.UnderlyingValue())
	if !ok {
		return out, false, fmt.Errorf("fixes are a %s, and must be an object with %s, %s or %s",
			value.UnderlyingValue().Type(ctx), partExternalIDs, partMemberRemovals, partMemberships)
	}
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		part := unwrap(parts[name])
		switch {
		case part.IsUnknown():
			return out, false, nil
		case part.IsNull():
			return out, false, fmt.Errorf("%s is null: what it holds is not known; an empty map {} is nothing to fix", name)
		}
		entries, ok := attributesOf(part)
		if !ok {
			return out, false, fmt.Errorf("%s is a %s, and must be a map of objects", name, part.Type(ctx))
		}
		known := true
		switch name {
		case partExternalIDs:
			out.ExternalIDs, known, err = decodePart(name, entries, externalIDOf)
		case partMemberRemovals:
			out.MemberRemovals, known, err = decodePart(name, entries, memberRemovalOf)
		case partMemberships:
			if out.Memberships, known, err = decodePart(name, entries, membershipOf); err == nil {
				err = twice(out.Memberships)
			}
		default:
			err = fmt.Errorf("%q is no part of fixes; the parts are %s, %s and %s", name, partExternalIDs, partMemberRemovals, partMemberships)
		}
		if err != nil || !known {
			return out, false, err
		}
	}
	return out, true, nil
}

// decodePart reads the entries of one part; they are not known when any text in
// them is not.
func decodePart[V any](part string, entries map[string]attr.Value, decode func(entryReader) V) (out map[string]V, known bool, err error) {
	out = make(map[string]V, len(entries))
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		entry := unwrap(entries[key])
		if entry.IsUnknown() {
			return nil, false, nil
		}
		attributes, ok := attributesOf(entry)
		if !ok || entry.IsNull() {
			return nil, false, fmt.Errorf("%s[%q] is not an object with the attributes of the data source", part, key)
		}
		r := entryReader{attributes: attributes, state: &entryState{}}
		out[key] = decode(r)
		if r.state.err == nil && !r.state.unknown && !slices.Contains(keysOf(out[key]), key) {
			r.fail("the key names something else than its entry; it must be %q", keysOf(out[key])[0])
		}
		switch {
		case r.state.err != nil:
			return nil, false, fmt.Errorf("%s[%q]: %w", part, key, r.state.err)
		case r.state.unknown:
			return nil, false, nil
		}
	}
	return out, true, nil
}

// keysOf are the keys that an entry may have: for_each and its reviewers go by them.
func keysOf(entry any) []string {
	switch e := entry.(type) {
	case pinned.ExternalID:
		return []string{e.PrincipalType + "/" + e.PrincipalID}
	case pinned.MemberRemoval:
		return []string{membershipKey(e.GroupID, e.MemberID)}
	case pinned.Membership:
		return []string{membershipKey(e.GroupID, e.MemberID), e.GroupID}
	}
	return nil
}

// twice is an error where one membership is there under both keys that it may have.
func twice(memberships map[string]pinned.Membership) error {
	for _, key := range slices.Sorted(maps.Keys(memberships)) {
		m := memberships[key]
		other := membershipKey(m.GroupID, m.MemberID)
		if _, both := memberships[other]; both && key == m.GroupID {
			return fmt.Errorf("%s has one membership under the keys %q and %q: leave one of them out", partMemberships, key, other)
		}
	}
	return nil
}

// entryReader reads the attributes of one entry and keeps the first error.
type entryReader struct {
	attributes map[string]attr.Value
	state      *entryState
}

type entryState struct {
	unknown bool
	err     error
}

func (r entryReader) fail(format string, args ...any) {
	if r.state.err == nil {
		r.state.err = fmt.Errorf(format, args...)
	}
}

// text is empty where the attribute is missing or null.
func (r entryReader) text(name string) string {
	value, there := r.attributes[name]
	if !there {
		return ""
	}
	value = unwrap(value)
	if value.IsUnknown() {
		r.state.unknown = true
		return ""
	}
	if value.IsNull() {
		return ""
	}
	text, ok := textOf(value)
	if !ok {
		r.fail("%s is no text", name)
	}
	return text
}

var decimalID = regexp.MustCompile(`^[0-9]{1,19}$`)

// id is a Databricks id, which becomes part of a name in the file.
func (r entryReader) id(name string) string {
	id := r.text(name)
	if !r.state.unknown && !decimalID.MatchString(id) {
		r.fail("%s is %q, and must be an internal Databricks id, a decimal number", name, id)
	}
	return id
}

func (r entryReader) flag(name string, missing bool) bool {
	switch r.text(name) {
	case "":
		return missing
	case "true":
		return true
	default:
		return false
	}
}

func externalIDOf(r entryReader) pinned.ExternalID {
	out := pinned.ExternalID{
		PrincipalType: r.text("principal_type"), PrincipalID: r.id("principal_id"), PrincipalName: r.text("principal_name"),
		CurrentExternalID: r.text("current_external_id"), ExternalID: r.text("external_id"), Category: r.text("category"),
		Reversible: r.flag("reversible", true),
	}
	if r.state.unknown {
		return out
	}
	if !slices.Contains(principalTypeNames(), out.PrincipalType) {
		r.fail("principal_type is %q, and must be one of %s", out.PrincipalType, strings.Join(principalTypeNames(), ", "))
	} else if err := audit.CheckExternalID(audit.PrincipalType(out.PrincipalType), out.ExternalID); err != nil {
		r.fail("external_id cannot be written: %w", err)
	}
	return out
}

func memberRemovalOf(r entryReader) pinned.MemberRemoval {
	return pinned.MemberRemoval{
		GroupID: r.id("group_id"), GroupName: r.text("group_name"), MemberID: r.id("member_id"), MemberType: r.text("member_type"),
		MemberName: r.text("member_name"), Category: r.text("category"), Cause: r.text("cause"),
	}
}

func membershipOf(r entryReader) pinned.Membership {
	return pinned.Membership{
		GroupID: r.id("group_id"), GroupName: r.text("group_name"), MemberID: r.id("member_id"), MemberName: r.text("member_name"), Privileged: r.flag("privileged", false),
	}
}

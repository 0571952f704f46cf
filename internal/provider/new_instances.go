// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/defaults"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// The framework (1.19) walks configuration and plan of an instance some ten times, and asks
// the schema for a copy of all its attributes at each step of each walk: 2 ms of CPU for an
// external id, 8 s for a ledger of 10,000 fixes. Two requests that come for each new instance
// are answered here, from the schema: whether a configuration is valid, and the plan of a
// creation. Whatever is out of the ordinary is left to the framework before anything was
// decided, every complaint about a configuration among it
// (TestNewInstances_asTheFramework, TestNewInstances_schemas).

// plannedResource is a resource as the skeleton makes it.
type plannedResource interface {
	resource.ResourceWithConfigure
	resource.ResourceWithValidateConfig
	resource.ResourceWithModifyPlan
}

// resourceType is what all instances of a resource share.
type resourceType struct {
	provider *dbxidentityProvider
	make     func() resource.Resource
	schema   schema.Schema
	object   types.ObjectType
	wire     tftypes.Type
	defaults map[string]tftypes.Value
	// identity is what a planned instance has: none yet. It is nil for a resource without one.
	identity *tfprotov6.ResourceIdentityData
}

// resourceTypes are those of a provider, by their full names.
func resourceTypes(ctx context.Context, p *dbxidentityProvider) (map[string]resourceType, error) {
	out := map[string]resourceType{}
	for _, newResource := range p.Resources(ctx) {
		t := resourceType{provider: p, make: newResource, defaults: map[string]tftypes.Value{}}
		r, planned := newResource().(plannedResource)
		if !planned {
			continue
		}
		var named resource.MetadataResponse
		r.Metadata(ctx, resource.MetadataRequest{ProviderTypeName: providerTypeName}, &named)
		var described resource.SchemaResponse
		r.Schema(ctx, resource.SchemaRequest{}, &described)
		object, is := described.Schema.Type().(types.ObjectType)
		if !is {
			continue
		}
		t.schema, t.object, t.wire = described.Schema, object, object.TerraformType(ctx)
		for name, a := range t.schema.Attributes {
			if value := defaultOf(ctx, a); value != nil {
				raw, err := value.ToTerraformValue(ctx)
				if err != nil {
					return nil, err
				}
				t.defaults[name] = raw
			}
		}
		if identified, has := r.(resource.ResourceWithIdentity); has {
			var of resource.IdentitySchemaResponse
			identified.IdentitySchema(ctx, resource.IdentitySchemaRequest{}, &of)
			kind := of.IdentitySchema.Type().TerraformType(ctx)
			none, err := tfprotov6.NewDynamicValue(kind, tftypes.NewValue(kind, nil))
			if err != nil {
				return nil, err
			}
			t.identity = &tfprotov6.ResourceIdentityData{IdentityData: &none}
		}
		out[named.TypeName] = t
	}
	return out, nil
}

// defaultOf is the default of an attribute; nil without one.
func defaultOf(ctx context.Context, a schema.Attribute) attr.Value {
	switch a := a.(type) {
	case schema.StringAttribute:
		if a.Default != nil {
			var resp defaults.StringResponse
			a.Default.DefaultString(ctx, defaults.StringRequest{}, &resp)
			return resp.PlanValue
		}
	case schema.NumberAttribute:
		if a.Default != nil {
			var resp defaults.NumberResponse
			a.Default.DefaultNumber(ctx, defaults.NumberRequest{}, &resp)
			return resp.PlanValue
		}
	}
	return nil
}

// resource is one for a request, as the framework makes one for each.
func (t resourceType) resource(ctx context.Context) (plannedResource, diag.Diagnostics) {
	r, _ := t.make().(plannedResource)
	var (
		req  resource.ConfigureRequest
		resp resource.ConfigureResponse
	)
	if t.provider.session != nil {
		req.ProviderData = t.provider.session
	}
	r.Configure(ctx, req, &resp)
	return r, resp.Diagnostics
}

// isValid reports whether there is certainly nothing to say about a configuration.
func (t resourceType) isValid(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) bool {
	raw, attributes, whole := t.attributes(req.Config)
	r, diags := t.resource(ctx)
	if !whole || len(diags) > 0 {
		return false
	}
	c := checkedConfig{config: tfsdk.Config{Raw: raw, Schema: t.schema}}
	if req.ClientCapabilities != nil {
		c.capabilities.WriteOnlyAttributesAllowed = req.ClientCapabilities.WriteOnlyAttributesAllowed
	}
	var resp resource.ValidateConfigResponse
	r.ValidateConfig(ctx, resource.ValidateConfigRequest{
		Config: c.config, ClientCapabilities: resource.ValidateConfigClientCapabilities{WriteOnlyAttributesAllowed: c.capabilities.WriteOnlyAttributesAllowed},
	}, &resp)
	return len(resp.Diagnostics) == 0 && t.schema.DeprecationMessage == "" && c.areValid(ctx, path.Empty(), t.schema.Attributes, attributes)
}

// checkedConfig is a configuration whose attributes are looked at.
type checkedConfig struct {
	config       tfsdk.Config
	capabilities validator.ValidateSchemaClientCapabilities
}

func (c checkedConfig) areValid(ctx context.Context, in path.Path, attributes map[string]schema.Attribute, values map[string]tftypes.Value) bool {
	for name, a := range attributes {
		raw, has := values[name]
		if !has || a.GetDeprecationMessage() != "" {
			return false
		}
		wanted, refused := a.IsRequired(), !a.IsRequired() && !a.IsOptional() || a.IsWriteOnly() && !c.capabilities.WriteOnlyAttributesAllowed
		if raw.IsNull() && wanted || !raw.IsNull() && refused || !c.isValid(ctx, in.AtName(name), a, raw) {
			return false
		}
	}
	return true
}

// isValid is false for kinds of attributes that it does not know.
func (c checkedConfig) isValid(ctx context.Context, at path.Path, a schema.Attribute, raw tftypes.Value) bool {
	if nested, is := a.(schema.MapNestedAttribute); is {
		return c.elementsAreValid(ctx, at, nested, raw)
	}
	var found diag.Diagnostics
	value, err := a.GetType().ValueFromTerraform(ctx, raw)
	if err != nil {
		return false
	}
	switch a := a.(type) {
	case schema.StringAttribute:
		text, is := value.(types.String)
		for _, v := range a.Validators {
			var resp validator.StringResponse
			v.ValidateString(ctx, validator.StringRequest{Path: at, PathExpression: at.Expression(), Config: c.config, ConfigValue: text, ClientCapabilities: c.capabilities}, &resp)
			found.Append(resp.Diagnostics...)
		}
		return is && len(found) == 0
	case schema.NumberAttribute:
		number, is := value.(types.Number)
		for _, v := range a.Validators {
			var resp validator.NumberResponse
			v.ValidateNumber(ctx, validator.NumberRequest{Path: at, PathExpression: at.Expression(), Config: c.config, ConfigValue: number, ClientCapabilities: c.capabilities}, &resp)
			found.Append(resp.Diagnostics...)
		}
		return is && len(found) == 0
	case schema.SetAttribute:
		set, is := value.(types.Set)
		for _, v := range a.Validators {
			var resp validator.SetResponse
			v.ValidateSet(ctx, validator.SetRequest{Path: at, PathExpression: at.Expression(), Config: c.config, ConfigValue: set, ClientCapabilities: c.capabilities}, &resp)
			found.Append(resp.Diagnostics...)
		}
		return is && len(found) == 0
	case schema.BoolAttribute:
		return len(a.Validators) == 0
	case schema.MapAttribute:
		return len(a.Validators) == 0
	case schema.SingleNestedAttribute:
		return len(a.Validators) == 0 && value.IsNull() // Of timeouts, most have none.
	}
	return false
}

func (c checkedConfig) elementsAreValid(ctx context.Context, at path.Path, a schema.MapNestedAttribute, raw tftypes.Value) bool {
	if len(a.Validators)+len(a.NestedObject.Validators) > 0 {
		return false
	}
	var elements map[string]tftypes.Value
	if !raw.IsKnown() {
		return true
	}
	if raw.As(&elements) != nil {
		return false
	}
	for key, element := range elements {
		var values map[string]tftypes.Value
		if !element.IsKnown() || element.As(&values) != nil || !c.areValid(ctx, at.AtMapKey(key), a.NestedObject.Attributes, values) {
			return false
		}
	}
	return true
}

// newPlan is what the framework gives a resource to modify where there is no instance yet.
// It is false for anything else.
func (t resourceType) newPlan(req *tfprotov6.PlanResourceChangeRequest) (out resource.ModifyPlanRequest, ordinary bool) {
	// Before anything is decoded: most plans are of instances that there are.
	if !isNull(req.PriorState) || len(req.PriorPrivate) > 0 || req.ProviderMeta != nil || req.PriorIdentity != nil && !isNull(req.PriorIdentity.IdentityData) {
		return out, false
	}
	config, configured, isConfigured := t.attributes(req.Config)
	_, proposed, isProposed := t.attributes(req.ProposedNewState)
	if !isConfigured || !isProposed {
		return out, false
	}
	planned := maps.Clone(proposed)
	for name, a := range t.schema.Attributes {
		preset, has := t.defaults[name]
		switch {
		case a.IsWriteOnly():
			planned[name] = tftypes.NewValue(planned[name].Type(), nil)
		case !configured[name].IsNull():
			if !a.IsRequired() && !a.IsOptional() {
				return out, false
			}
		case has:
			planned[name] = preset
		case a.IsComputed():
			planned[name] = tftypes.NewValue(planned[name].Type(), tftypes.UnknownValue)
		}
	}
	out.Config = tfsdk.Config{Raw: config, Schema: t.schema}
	out.Plan = tfsdk.Plan{Raw: tftypes.NewValue(t.wire, planned), Schema: t.schema}
	out.State = tfsdk.State{Raw: tftypes.NewValue(t.wire, nil), Schema: t.schema}
	if req.ClientCapabilities != nil {
		out.ClientCapabilities.DeferralAllowed = req.ClientCapabilities.DeferralAllowed
	}
	return out, true
}

// planCreation is the plan of an instance that there is not yet; nil where it is left to
// the framework.
func (t resourceType) planCreation(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	plan, ordinary := t.newPlan(req)
	if !ordinary {
		return nil, nil //nolint:nilnil // See above.
	}
	r, diags := t.resource(ctx)
	if len(diags) > 0 {
		return nil, nil //nolint:nilnil // See above.
	}
	resp := resource.ModifyPlanResponse{Plan: plan.Plan}
	r.ModifyPlan(ctx, plan, &resp)
	state, err := tfprotov6.NewDynamicValue(t.wire, resp.Plan.Raw)
	if err != nil {
		return nil, err
	}
	found, err := onTheWire(ctx, resp.Diagnostics)
	return &tfprotov6.PlanResourceChangeResponse{PlannedState: &state, PlannedIdentity: t.identity, Diagnostics: found}, err
}

// attributes are those of a value that Terraform sent. It is false where there are none.
func (t resourceType) attributes(sent *tfprotov6.DynamicValue) (raw tftypes.Value, attributes map[string]tftypes.Value, whole bool) {
	if sent == nil {
		return raw, nil, false
	}
	raw, err := sent.Unmarshal(t.wire)
	if err != nil || raw.IsNull() || !raw.IsKnown() {
		return raw, nil, false
	}
	return raw, attributes, raw.As(&attributes) == nil
}

func isNull(v *tfprotov6.DynamicValue) bool {
	if v == nil {
		return true
	}
	null, err := v.IsNull()
	return err == nil && null
}

// onTheWire are diagnostics as Terraform gets them.
func onTheWire(ctx context.Context, diags diag.Diagnostics) ([]*tfprotov6.Diagnostic, error) {
	var out []*tfprotov6.Diagnostic
	for _, d := range diags {
		one := &tfprotov6.Diagnostic{Severity: tfprotov6.DiagnosticSeverityError, Summary: d.Summary(), Detail: d.Detail()}
		if d.Severity() == diag.SeverityWarning {
			one.Severity = tfprotov6.DiagnosticSeverityWarning
		}
		if at, located := d.(diag.DiagnosticWithPath); located {
			var steps []tftypes.AttributePathStep
			for _, step := range at.Path().Steps() {
				switch step := step.(type) {
				case path.PathStepAttributeName:
					steps = append(steps, tftypes.AttributeName(step))
				case path.PathStepElementKeyString:
					steps = append(steps, tftypes.ElementKeyString(step))
				case path.PathStepElementKeyInt:
					steps = append(steps, tftypes.ElementKeyInt(step))
				case path.PathStepElementKeyValue:
					value, err := step.ToTerraformValue(ctx)
					if err != nil {
						return nil, err
					}
					steps = append(steps, tftypes.ElementKeyValue(value))
				}
			}
			one.Attribute = tftypes.NewAttributePathWithSteps(steps)
		}
		out = append(out, one)
	}
	return out, nil
}

// ValidateResourceConfig is that of the framework, where there is something to say.
func (s requestScopedServer) ValidateResourceConfig(ctx context.Context, r *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return scoped(ctx, r, func(ctx context.Context, r *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
		if t, known := s.types[r.TypeName]; known && t.isValid(ctx, r) {
			return &tfprotov6.ValidateResourceConfigResponse{}, nil
		}
		return s.frameworkServer.ValidateResourceConfig(ctx, r)
	})
}

// PlanResourceChange is that of the framework, but for most creations.
func (s requestScopedServer) PlanResourceChange(ctx context.Context, r *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	return scoped(ctx, r, func(ctx context.Context, r *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
		if t, known := s.types[r.TypeName]; known {
			if answer, err := t.planCreation(ctx, r); answer != nil || err != nil {
				return answer, err
			}
		}
		return s.frameworkServer.PlanResourceChange(ctx, r)
	})
}

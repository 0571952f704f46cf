// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// A new resource is a model, which embeds [timedModel], and a type that embeds
// [kindBase] and has the methods of [resourceKind]; with the methods of [importable]
// it has an identity and can be imported. newImportable (or newManaged) makes it a
// resource, and provider.go lists it. What every resource must do is done by
// [managedResource], and only there:
//
//   - time limits: timeouts of the configuration, else the default;
//   - the mark that an apply has begun, so that what a plan says is said once;
//   - instance claims: the destroy of one instance does not undo what another one of
//     the same run is for;
//   - the account: bound to the plan, kept in private state, checked before every
//     read, plan and destroy;
//   - id, identity and labels;
//   - the warning that the journal lacks the outcome of a write;
//   - patience: what was written or imported a moment ago is not gone because a read says so;
//   - after an error in Create nothing is put into state.

// resourceNames are what a resource is called.
type resourceNames struct {
	// typeName is without that of the provider; thing is for the texts of diagnostics.
	typeName, thing string
	// writeOnly are attributes that the state does not hold. They are in the configuration
	// only, and the skeleton puts them into the plan that a kind gets.
	writeOnly []string
	// labels are attributes with names that a configuration may set, see resource_labels.go.
	labels []string
	// mustUndo makes it an error, and not a warning, that a destroy cannot undo what
	// was done in another account: access that was to end must not be forgotten.
	mustUndo bool
}

// resourceKind is what one resource adds to the skeleton. P is a pointer to its model.
type resourceKind[P any] interface {
	names() resourceNames
	schema(ctx context.Context) schema.Schema
	// validate refuses what configuration alone can decide.
	validate(ctx context.Context, config P, diags *diag.Diagnostics)
	// modifyPlan fills values from configuration and prior state only, and refuses or
	// warns where the account already shows what the apply would run into: Terraform
	// plans again during apply and compares. Id and account are filled.
	modifyPlan(ctx context.Context, p *planning[P])
	// planDestroy says what a destroy leaves in the account, and what it takes away.
	planDestroy(ctx context.Context, state P, private privateReader, diags *diag.Diagnostics)
	// fact is the id of the instance; "" while the configuration does not say it.
	fact(plan P) string
	// create writes, and fills the model. After an error the model is of no account.
	create(ctx context.Context, plan P, private privateWriter, diags *diag.Diagnostics)
	// read brings what the account holds into the model.
	read(ctx context.Context, state P, private privateStore, diags *diag.Diagnostics) readOutcome
	// update makes the plan true and fills the model. It is false where nothing was
	// confirmed: then the state stays as it was.
	update(ctx context.Context, u updating[P], diags *diag.Diagnostics) bool
	// undoes reports whether a destroy writes anything.
	undoes(ctx context.Context, state P, private privateReader, diags *diag.Diagnostics) bool
	// undo is the write of a destroy.
	undo(ctx context.Context, state P, private privateReader, diags *diag.Diagnostics)
	// kept says that a destroy does not undo, and why.
	kept(state P, why string, diags *diag.Diagnostics)

	attach(s *session)
}

// importable is what a resource with an identity has besides.
type importable[P any] interface {
	resourceKind[P]
	identitySchema() identityschema.Schema
	// identity is the value for that schema.
	identity(m P) any
	// imported looks up what an import names, and fills the model, which is null so far.
	imported(ctx context.Context, req resource.ImportStateRequest, m P, private privateWriter, diags *diag.Diagnostics)
}

// resourceModel is a pointer to the model of a resource.
type resourceModel[M any] interface {
	*M
	instance() *instanceModel
	// limits are the time limits of the configuration; nil where it cannot set any.
	limits() *timeouts.Value
}

// instanceModel is part of every model.
type instanceModel struct {
	ID        types.String `tfsdk:"id"`
	AccountID types.String `tfsdk:"account_id"`
}

func (m *instanceModel) instance() *instanceModel { return m }
func (m *instanceModel) limits() *timeouts.Value  { return nil }

// timedModel is part of the models of resources with timeouts.
type timedModel struct {
	instanceModel
	Timeouts timeouts.Value `tfsdk:"timeouts"`
}

func (m *timedModel) limits() *timeouts.Value { return &m.Timeouts }

// planning is one plan of an instance that is to exist.
type planning[P any] struct {
	plan P
	// state is what there was before; the zero value unless exists.
	state   P
	exists  bool
	private privateReader
	config  tfsdk.Config
	resp    *resource.ModifyPlanResponse
	// unchanged is true where the plan is the prior state.
	unchanged bool
	before    tfsdk.State
}

func (p *planning[P]) diags() *diag.Diagnostics { return &p.resp.Diagnostics }

// set fills one attribute of the plan.
func (p *planning[P]) set(ctx context.Context, name string, value attr.Value) {
	raw, err := value.ToTerraformValue(ctx)
	if err != nil {
		p.resp.Diagnostics.AddAttributeError(path.Root(name), "Unexpected Planned Value", fmt.Sprintf("%s. This is a bug in the provider; please report it.", err))
		return
	}
	p.resp.Plan.Raw = withAttributes(p.resp.Plan.Raw, map[string]tftypes.Value{name: raw})
}

// keepAll puts the whole prior state back: nothing less makes a plan without a change
// (docs/reference/terraform-semantics.md 1, item 7).
func (p *planning[P]) keepAll() { p.resp.Plan.Raw = p.before.Raw }

// updating is one update of an instance.
type updating[P any] struct {
	plan, state P
	config      tfsdk.Config
	private     privateStore
}

// readOutcome is what a read has come to.
type readOutcome int

const (
	unchanged readOutcome = iota // the state stays as it is
	refreshed                    // the model has what the account holds
	vanished                     // the instance leaves the state, and is planned anew
)

// kindBase is part of every kind. Its methods are for resources that have nothing to
// say there.
type kindBase[P any] struct{ session *session }

func (b *kindBase[P]) attach(s *session) { b.session = s }

func (b *kindBase[P]) validate(context.Context, P, *diag.Diagnostics) {}

func (b *kindBase[P]) undoes(context.Context, P, privateReader, *diag.Diagnostics) bool { return false }

func (b *kindBase[P]) undo(context.Context, P, privateReader, *diag.Diagnostics) {}

func (b *kindBase[P]) kept(P, string, *diag.Diagnostics) {}

// managedResource is the skeleton of every resource.
type managedResource[M any, P resourceModel[M]] struct {
	session *session
	kind    resourceKind[P]
	// identity is nil for a resource without one.
	identity func(P) any
}

func newManaged[M any, P resourceModel[M]](kind resourceKind[P]) *managedResource[M, P] {
	return &managedResource[M, P]{kind: kind}
}

// throughSkeleton is what a test looks for in every resource.
func (r *managedResource[M, P]) throughSkeleton() {}

func (r *managedResource[M, P]) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + r.kind.names().typeName
}

func (r *managedResource[M, P]) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = r.kind.schema(ctx)
	resp.Schema.Attributes[attributeAccountID] = accountIDAttribute()
}

func (r *managedResource[M, P]) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.session = sessionFrom(req.ProviderData, &resp.Diagnostics)
	r.kind.attach(r.session)
}

func (r *managedResource[M, P]) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	config := P(new(M))
	resp.Diagnostics.Append(decode(ctx, req.Config, config)...)
	if !resp.Diagnostics.HasError() {
		r.kind.validate(ctx, config, &resp.Diagnostics)
	}
}

func (r *managedResource[M, P]) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if r.session == nil {
		return
	}
	p := planning[P]{
		plan: P(new(M)), state: P(new(M)), exists: !req.State.Raw.IsNull(), private: req.Private, config: req.Config, resp: resp,
		unchanged: req.Plan.Raw.Equal(req.State.Raw), before: req.State,
	}
	if p.exists {
		resp.Diagnostics.Append(decode(ctx, req.State, p.state)...)
		// Not only in Read: a saved plan is applied without one.
		resp.Diagnostics.Append(r.session.checkAccount(ctx, req.Private, r.kind.names().thing)...)
	}
	destroys := req.Plan.Raw.IsNull()
	if !destroys {
		resp.Diagnostics.Append(decode(ctx, r.withWriteOnly(req.Plan, req.Config), p.plan)...)
	}
	switch {
	case resp.Diagnostics.HasError():
		return
	case destroys:
		if p.exists {
			r.kind.planDestroy(ctx, p.state, req.Private, &resp.Diagnostics)
		}
		return
	}
	if !p.unchanged && onlyLabelsDiffer(req, r.kind.names().labels) {
		p.keepAll()
		p.unchanged = true
		resp.Diagnostics.Append(decode(ctx, req.State, p.plan)...)
	}
	if !p.unchanged {
		p.set(ctx, attributeAccountID, r.session.accountID())
		if id := r.kind.fact(p.plan); id != "" {
			p.set(ctx, "id", types.StringValue(id))
		}
	}
	r.kind.modifyPlan(ctx, &p)
	resp.Plan.Raw = r.writeOnly(resp.Plan.Raw, req.Plan.Raw)
	sayHowToDestroy(&resp.Diagnostics)
}

func (r *managedResource[M, P]) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	plan := P(new(M))
	resp.Diagnostics.Append(decode(ctx, r.withWriteOnly(req.Plan, req.Config), plan)...)
	ctx, cancel := r.begin(ctx, plan, timeouts.Value.Create, &resp.Diagnostics)
	defer cancel()
	r.session.applying.Store(true)
	if resp.Diagnostics.HasError() {
		return
	}
	fact := r.kind.fact(plan)
	if fact != "" {
		if err := r.session.claims.take(ctx, r.claim(fact)); err != nil {
			resp.Diagnostics.AddError("Unable to Create "+r.kind.names().thing, fmt.Sprintf("Failed for %s: %s.", fact, err))
			return
		}
		plan.instance().ID = types.StringValue(fact)
	}
	r.kind.create(ctx, plan, resp.Private, &resp.Diagnostics)
	r.session.warnJournal(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		// Nothing is put into state, so nothing is tainted: what was not confirmed is
		// planned again, and the next create reads before it writes.
		return
	}
	r.save(ctx, plan, &resp.State, resp.Identity, &resp.Diagnostics)
	resp.Diagnostics.Append(rememberLabels(ctx, r.kind.names().labels, req.Config, &resp.State, resp.Private)...)
	resp.Diagnostics.Append(r.session.rememberAccount(ctx, resp.Private)...)
	resp.Diagnostics.Append(rememberNow(ctx, resp.Private)...)
	if fact != "" {
		resp.Diagnostics.Append(r.session.claims.remember(ctx, resp.Private)...)
	}
}

func (r *managedResource[M, P]) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	state := P(new(M))
	resp.Diagnostics.Append(decode(ctx, req.State, state)...)
	resp.Diagnostics.Append(r.session.checkAccount(ctx, req.Private, r.kind.names().thing)...)
	ctx, cancel := r.begin(ctx, state, timeouts.Value.Read, &resp.Diagnostics)
	defer cancel()
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(r.session.rememberAccount(ctx, resp.Private)...)
	// The identity comes from state and before anything else: below Terraform
	// 1.12 it is always null here, and the framework fails a read that removes
	// the resource without one (docs/reference/terraform-semantics.md 11).
	r.identify(ctx, state, resp.Identity, &resp.Diagnostics)
	switch outcome := r.settledRead(ctx, state, req.Private, resp); {
	case resp.Diagnostics.HasError():
	case outcome == vanished:
		resp.State.RemoveResource(ctx)
	case outcome == refreshed:
		r.save(ctx, state, &resp.State, nil, &resp.Diagnostics)
		resp.Diagnostics.Append(keepLabels(ctx, req.State, &resp.State, resp.Private)...)
	}
}

// settledRead reads until the instance is there, or until reads can no longer lag behind
// what was just written or imported: an instance that leaves the state is made anew, and
// with it everything that depends on it.
func (r *managedResource[M, P]) settledRead(ctx context.Context, state P, private privateReader, resp *resource.ReadResponse) readOutcome {
	until := r.session.lagEnds(ctx, private)
	for pause := firstLagPause; ; pause *= 2 {
		var diags diag.Diagnostics
		outcome := r.kind.read(ctx, state, resp.Private, &diags)
		left := time.Until(until)
		if outcome != vanished || diags.HasError() || left <= 0 || transport.Sleep(ctx, min(pause, left)) != nil {
			resp.Diagnostics.Append(diags...)
			return outcome
		}
	}
}

func (r *managedResource[M, P]) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	u := updating[P]{plan: P(new(M)), state: P(new(M)), config: req.Config, private: resp.Private}
	resp.Diagnostics.Append(decode(ctx, r.withWriteOnly(req.Plan, req.Config), u.plan)...)
	resp.Diagnostics.Append(decode(ctx, req.State, u.state)...)
	ctx, cancel := r.begin(ctx, u.plan, timeouts.Value.Update, &resp.Diagnostics)
	defer cancel()
	r.session.applying.Store(true)
	if resp.Diagnostics.HasError() {
		return
	}
	u.plan.instance().ID = u.state.instance().ID
	confirmed := r.kind.update(ctx, u, &resp.Diagnostics)
	r.session.warnJournal(&resp.Diagnostics)
	if !confirmed {
		return // The response has the prior state: nothing is called done.
	}
	r.save(ctx, u.plan, &resp.State, resp.Identity, &resp.Diagnostics)
	resp.Diagnostics.Append(rememberLabels(ctx, r.kind.names().labels, req.Config, &resp.State, resp.Private)...)
	resp.Diagnostics.Append(r.session.rememberAccount(ctx, resp.Private)...)
	resp.Diagnostics.Append(rememberNow(ctx, resp.Private)...)
}

func (r *managedResource[M, P]) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	state := P(new(M))
	resp.Diagnostics.Append(decode(ctx, req.State, state)...)
	ctx, cancel := r.begin(ctx, state, timeouts.Value.Delete, &resp.Diagnostics)
	defer cancel()
	r.session.applying.Store(true)
	if resp.Diagnostics.HasError() || !r.kind.undoes(ctx, state, req.Private, &resp.Diagnostics) || resp.Diagnostics.HasError() {
		return
	}
	names := r.kind.names()
	if other := r.session.checkAccount(ctx, req.Private, names.thing); other.HasError() {
		if names.mustUndo {
			resp.Diagnostics.Append(other...)
			return
		}
		r.kind.kept(state, "it was written in another account than the provider is configured for", &resp.Diagnostics)
		return
	}
	done, free := r.session.claims.give(ctx, r.claim(state.instance().ID.ValueString()), req.Private)
	if !free {
		r.kind.kept(state, claimedElsewhere, &resp.Diagnostics)
		return
	}
	defer done()
	r.kind.undo(ctx, state, req.Private, &resp.Diagnostics)
	r.session.warnJournal(&resp.Diagnostics)
}

// claim is the id of an instance among those of all resources: several are facts of one
// principal.
func (r *managedResource[M, P]) claim(fact string) string {
	return r.kind.names().typeName + " " + fact
}

// withWriteOnly is a plan with what only the configuration has.
func (r *managedResource[M, P]) withWriteOnly(plan tfsdk.Plan, config tfsdk.Config) tfsdk.Plan {
	plan.Raw = r.writeOnly(plan.Raw, config.Raw)
	return plan
}

// writeOnly is a value with the write-only attributes of another one.
func (r *managedResource[M, P]) writeOnly(of, from tftypes.Value) tftypes.Value {
	names := r.kind.names().writeOnly
	var all map[string]tftypes.Value
	if len(names) == 0 || !from.IsKnown() || from.As(&all) != nil {
		return of
	}
	only := map[string]tftypes.Value{}
	for _, name := range names {
		only[name] = all[name]
	}
	return withAttributes(of, only)
}

// begin gives the context with the time limit of an operation.
func (r *managedResource[M, P]) begin(
	ctx context.Context, m P, limit func(timeouts.Value, context.Context, time.Duration) (time.Duration, diag.Diagnostics), diags *diag.Diagnostics,
) (context.Context, context.CancelFunc) {
	within := defaultReadTimeout // Without timeouts of its own it is not for one fact.
	if set := m.limits(); set != nil && !diags.HasError() {
		var found diag.Diagnostics
		within, found = limit(*set, ctx, defaultWriteTimeout)
		diags.Append(found...)
	}
	return context.WithTimeout(ctx, within)
}

// save puts a model into state, with the account and the identity.
func (r *managedResource[M, P]) save(ctx context.Context, m P, into *tfsdk.State, identity *tfsdk.ResourceIdentity, diags *diag.Diagnostics) {
	m.instance().AccountID = r.session.accountID()
	diags.Append(into.Set(ctx, m)...)
	r.identify(ctx, m, identity, diags)
}

// identify does nothing where the CLI knows no identities.
func (r *managedResource[M, P]) identify(ctx context.Context, m P, into *tfsdk.ResourceIdentity, diags *diag.Diagnostics) {
	if into != nil && r.identity != nil {
		diags.Append(into.Set(ctx, r.identity(m))...)
	}
}

// importableResource is the skeleton of a resource with an identity.
type importableResource[M any, P resourceModel[M]] struct {
	*managedResource[M, P]
	kind importable[P]
}

func newImportable[M any, P resourceModel[M]](kind importable[P]) resource.Resource {
	r := importableResource[M, P]{newManaged[M, P](kind), kind}
	r.identity = kind.identity
	return r
}

func (r importableResource[M, P]) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = r.kind.identitySchema()
}

func (r importableResource[M, P]) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	m := P(new(M))
	// A null object cannot be decoded; one attribute makes it an object of nulls.
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(attributeAccountID), r.session.account.AccountID())...)
	resp.Diagnostics.Append(resp.State.Get(ctx, m)...)
	ctx, cancel := context.WithTimeout(ctx, defaultWriteTimeout)
	defer cancel()
	if !resp.Diagnostics.HasError() {
		r.kind.imported(ctx, req, m, resp.Private, &resp.Diagnostics)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	r.save(ctx, m, &resp.State, resp.Identity, &resp.Diagnostics)
	resp.Diagnostics.Append(r.session.rememberAccount(ctx, resp.Private)...)
	resp.Diagnostics.Append(rememberNow(ctx, resp.Private)...)
}

var (
	_ resource.ResourceWithConfigure      = (*managedResource[ledgerModel, *ledgerModel])(nil)
	_ resource.ResourceWithModifyPlan     = (*managedResource[ledgerModel, *ledgerModel])(nil)
	_ resource.ResourceWithValidateConfig = (*managedResource[ledgerModel, *ledgerModel])(nil)
	_ resource.ResourceWithIdentity       = importableResource[externalIDModel, *externalIDModel]{}
	_ resource.ResourceWithImportState    = importableResource[externalIDModel, *externalIDModel]{}
)

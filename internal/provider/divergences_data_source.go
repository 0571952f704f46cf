// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/events"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/assess"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	auditevents "github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/events"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/judge"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
)

var (
	_ datasource.DataSourceWithConfigure      = (*divergencesDataSource)(nil)
	_ datasource.DataSourceWithValidateConfig = (*divergencesDataSource)(nil)
)

type divergencesDataSource struct{ sessionDataSource }

func newDivergencesDataSource() datasource.DataSource { return &divergencesDataSource{} }

func (d *divergencesDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_divergences"
}

// ValidateConfig refuses what configuration alone can decide.
func (d *divergencesDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var model divergencesModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if model.SuggestDeactivations.ValueBool() && !model.PrimaryDomains.IsUnknown() && len(model.PrimaryDomains.Elements()) == 0 {
		resp.Diagnostics.AddAttributeError(path.Root("suggest_deactivations"), "Deactivations Without Primary Domains",
			"Only users of your own mail domains are offered to be deactivated, and primary_domains names none. Set primary_domains, for example [\"example.com\"].")
	}
	eventsInput(model.Events, &resp.Diagnostics)
	for i, w := range model.waivers(ctx, &resp.Diagnostics) {
		// On the list: of a path into it the command line shows no line at all.
		waivers := path.Root("waivers")
		at := waivers.AtListIndex(i)
		if w.PrincipalType.IsNull() && w.PrincipalID.IsNull() && w.Category.IsNull() && w.Cause.IsNull() {
			resp.Diagnostics.AddAttributeError(waivers, "Waiver Without Scope",
				fmt.Sprintf("%s needs at least one of principal_type, principal_id, category and cause; without any it would waive everything. %s", at, misspeltText))
		}
		if _, err := parseExpiry(w.Expires); err != nil {
			resp.Diagnostics.AddAttributeError(waivers, "Invalid Waiver Expiry", fmt.Sprintf("%s: %s.", at.AtName("expires"), err))
		}
	}
}

func (d *divergencesDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model divergencesModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	limit, diags := model.Timeouts.Read(ctx, defaultReadTimeout)
	resp.Diagnostics.Append(diags...)
	run := d.run(ctx, model, &resp.Diagnostics)
	var seen *auditevents.Report
	if asked := eventsInput(model.Events, &resp.Diagnostics); asked != nil {
		run.Activity = func(ctx context.Context) (activity *judge.Activity, err error) {
			activity, seen, err = d.session.activity(ctx, *asked)
			return activity, err
		}
	}
	source := d.session.requireIDP("dbxidentity_divergences", &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	report, err := d.session.audit(ctx, run, source, &resp.Diagnostics)
	var unknown *assess.UnknownTargetError
	var missing *missingConnectorsError
	var place *events.WorkspaceError
	switch {
	case errors.As(err, &unknown):
		resp.Diagnostics.AddAttributeError(path.Root("targets"), "Principal Not Found",
			fmt.Sprintf("targets[%d]: the account has no %s. Check principal_type and principal_id: it is the internal Databricks id, a decimal number.", unknown.Index, unknown.Ref))
		return
	case errors.As(err, &missing):
		addMissingConnectors(&resp.Diagnostics, missing.ids)
		return
	case errors.As(err, &place):
		addEventsError(&resp.Diagnostics, path.Root("events"), err)
		return
	case err != nil:
		addReadError(&resp.Diagnostics, "Divergences", "auditing the account", err)
		return
	}
	warnUnmatched(report, len(run.Targets) > 0, &resp.Diagnostics)
	if len(run.Targets) == 0 && (model.PlanWarning.IsNull() || model.PlanWarning.ValueBool()) {
		warnDivergences(report, &resp.Diagnostics)
	}
	model.fromAudit(ctx, run, report, &resp.Diagnostics)
	model.Observed = observedChanges(ctx, report, seen, &resp.Diagnostics)
	setState(ctx, resp, &model)
}

// warnDivergences says what the result is, so that "No changes" never stands alone.
func warnDivergences(report judge.Report, diags *diag.Diagnostics) {
	const shown = 5
	rows := judge.Summarize(report)
	total, open, causes := judge.Total(rows), 0, []string{}
	for _, row := range rows {
		n := row.Count - row.Waived
		if n == 0 || row.Action == rules.ActionNone {
			continue
		}
		open += n
		cause, _ := rules.Find(rules.KindCause, row.Cause)
		causes = append(causes, fmt.Sprintf("\n  - %s (%s): %s %s", counted(row.Type, n), row.Owner, cause.Title+".", row.Remedy))
	}
	if open == 0 {
		return
	}
	more := ""
	if len(causes) > shown {
		causes, more = causes[:shown], fmt.Sprintf("\n  ... and %d more rows in summary", len(causes)-shown)
	}
	next := "The attribute summary has every cause, and manual_actions what to do for each identity."
	if report.Fixable > 0 {
		next = fmt.Sprintf("Next: apply the changes in %s through dbxidentity_remediation_ledger; where the configuration gives them to one already, terraform apply is all. "+
			"The attribute summary has every cause, and manual_actions what is left to people.", offersOf(report))
	}
	if n := report.MembersListed; n > 0 {
		next += fmt.Sprintf(" The members of %s come from the list of groups alone (group_members = \"list\").", audit.CountOf(n, "group"))
	}
	diags.AddWarning("Identities Diverge", fmt.Sprintf("Identities that differ from the identity provider: %s. Changes that are ready: %d. What matters first:%s%s\n\n%s "+
		"What may stay as it is can be waived; plan_warning = false ends this warning.", total, report.Fixable, strings.Join(causes, ""), more, next))
}

// offersOf names the maps that hold something to apply.
func offersOf(report judge.Report) string {
	var maps []string
	for _, offer := range []struct {
		name  string
		count int
	}{
		{"external_id_fixes", len(report.ExternalIDFixes)}, {"member_removals", len(report.MemberRemovals)},
		{"deactivations", len(report.Deactivations)}, {"group_renames", len(report.GroupRenames)},
	} {
		if offer.count > 0 {
			maps = append(maps, offer.name)
		}
	}
	return enumerated(maps)
}

// counted is a number of principals in words.
func counted(t audit.PrincipalType, n int) string {
	return audit.CountOf(n, inWords(t))
}

func expiredWaiver(at path.Path, reason string) string {
	return fmt.Sprintf("\n  - %s (%q) has expired: what it covered counts again.", at, reason)
}

// warnIdleWaivers warns of waivers without effect, a line each; none is no warning.
func warnIdleWaivers(lines string, diags *diag.Diagnostics) {
	if lines != "" {
		diags.AddAttributeWarning(path.Root("waivers"), "Waivers Without Effect", "These waivers have no effect:"+lines+
			"\n\nRemove or renew them, or correct them if something else was meant.")
	}
}

// warnUnmatched names inputs that decide what is accepted or offered, and that have no
// effect (any more). What other principals than the targets would have matched is not
// known.
func warnUnmatched(report judge.Report, targeted bool, diags *diag.Diagnostics) {
	waivers := ""
	for i, w := range report.Waivers {
		at := path.Root("waivers").AtListIndex(i)
		switch {
		case w.State == audit.WaiverExpired:
			waivers += expiredWaiver(at, w.Reason)
		case w.State == audit.WaiverUnused && !targeted:
			waivers += fmt.Sprintf("\n  - %s (%q) covers nothing: no divergence in scope matches it.", at, w.Reason)
		}
	}
	warn := func(attribute, summary, detail string) {
		diags.AddAttributeWarning(path.Root(attribute), summary, detail)
	}
	warnIdleWaivers(waivers, diags)
	warnUnmatchedDomains(report, diags)
	if ids := report.Unmatched.AllowPrivileged; len(ids) > 0 {
		warn("allow_privileged_principals", "Allowed Principals Not Found", fmt.Sprintf("The account has no principal with the id %s. Remove them, or correct them if "+
			"another principal was meant.", strings.Join(ids, ", ")))
	}
}

// warnUnmatchedDomains names primary_domains of which the account has no user.
func warnUnmatchedDomains(report judge.Report, diags *diag.Diagnostics) {
	if domains := report.Unmatched.Domains; len(domains) > 0 {
		diags.AddAttributeWarning(path.Root("primary_domains"), "Primary Domains Match Nothing", fmt.Sprintf("The account has no user of %s. Correct them if another domain "+
			"was meant: users of a domain that is not named count as foreign. Subdomains are not included.", strings.Join(domains, ", ")))
	}
}

// audit runs an audit that may go on from a checkpoint, and warns of what its result
// does not depend on this run's own reading for.
func (s *session) audit(ctx context.Context, run assess.Run, source idp.Source, diags *diag.Diagnostics) (judge.Report, error) {
	kept, release := s.checkpoints.acquire(run, diags)
	done := false
	defer func() { release(done) }()
	run.Kept = kept
	report, err := run.Do(ctx, s.account, source)
	s.checkpoints.warn(kept, diags)
	if err != nil {
		s.checkpoints.warnUnfinished(kept, diags)
		return report, err
	}
	done = finished(report)
	s.findings.addAudit(report)
	if !report.Complete {
		addIncompleteWarning(diags, report.Failures)
	}
	if n := report.UnrelatedIDs; n > 0 {
		diags.AddWarning("Identity Provider Knows None of These Identities", fmt.Sprintf("None of the %d external ids that the account stores, and none of the names in scope, "+
			"is in the identity provider (%s). That is what a wrong tenant, organisation or file looks like: check the provider's idp before you believe "+
			"the result. Nothing is offered that depends on it.", n, source.Kind()))
	}
	return report, nil
}

// run turns configuration into an audit.
func (d *divergencesDataSource) run(ctx context.Context, model divergencesModel, diags *diag.Diagnostics) assess.Run {
	r := assess.Run{
		Types:      audit.PrincipalTypes(),
		Membership: idp.MembershipTransitive,
		Options:    d.session.auditOptions(),
		InIDP:      true,
		Shared:     &d.session.matches,
	}
	r.Options.LinkGroups = model.LinkGroups.ValueBool()
	r.Options.Relink = model.Relink.ValueBool()
	r.Options.SuggestGroupClears = model.SuggestGroupClears.ValueBool()
	r.Options.SuggestDeactivations, r.Options.SuggestGroupRenames = model.SuggestDeactivations.ValueBool(), model.SuggestGroupRenames.ValueBool()
	if !model.DeactivationCauses.IsNull() {
		r.Options.DeactivationCauses = textsFrom(path.Root("deactivation_causes"), model.DeactivationCauses.Elements(), diags)
	}
	r.Options.StrictCase, r.Options.StrictInactive = model.StrictCase.ValueBool(), model.StrictInactive.ValueBool()
	r.Details = model.DuplicateDetails.ValueBool()
	r.Listed = model.GroupMembers.ValueString() == "list"
	r.Options.AllowPrivileged = map[string]bool{}
	r.Options.IgnoreConnector = model.IgnoreConnector.ValueBool()
	if !model.ConnectorIDs.IsNull() {
		ids := chosenConnectors(model.ConnectorIDs, diags)
		if source := requireSource[idp.MappingSource](d.session, "connector_ids of dbxidentity_divergences", "entra", diags); source != nil {
			r.Feeds = func(ctx context.Context, matches []audit.Match) ([]judge.ConnectorFeed, error) {
				return d.session.connectorFeeds(ctx, source, ids, matches)
			}
		}
	}
	if model.Membership.ValueString() == string(idp.MembershipDirect) {
		r.Membership = idp.MembershipDirect
	}
	if !model.PrincipalTypes.IsNull() {
		r.Types = nil
		for _, t := range textsFrom(path.Root("principal_types"), model.PrincipalTypes.Elements(), diags) {
			r.Types = append(r.Types, audit.PrincipalType(t))
		}
	}
	var targets []targetModel
	if !model.Targets.IsNull() {
		targets = objectsFrom[targetModel](ctx, path.Root("targets"), model.Targets.Elements(), diags)
	}
	for i, t := range targets {
		ref := audit.Ref{Type: audit.PrincipalType(t.PrincipalType.ValueString()), ID: t.PrincipalID.ValueString()}
		if !slices.Contains(r.Types, ref.Type) {
			diags.AddAttributeError(path.Root("targets"), "Target Outside of principal_types",
				fmt.Sprintf("targets[%d]: %s is a target, and principal_types leaves its type out.", i, ref))
		}
		r.Targets = append(r.Targets, ref)
	}
	var allowed []string
	if !model.AllowPrivilegedPrincipals.IsNull() {
		allowed = textsFrom(path.Root("allow_privileged_principals"), model.AllowPrivilegedPrincipals.Elements(), diags)
	}
	for _, id := range allowed {
		r.Options.AllowPrivileged[id] = true
	}
	if !model.PrimaryDomains.IsNull() {
		r.Options.PrimaryDomains = textsFrom(path.Root("primary_domains"), model.PrimaryDomains.Elements(), diags)
	}
	for i, w := range model.waivers(ctx, diags) {
		expires, err := parseExpiry(w.Expires)
		if err != nil {
			at := path.Root("waivers").AtListIndex(i).AtName("expires")
			diags.AddAttributeError(path.Root("waivers"), "Invalid Waiver Expiry", fmt.Sprintf("%s: %s.", at, err))
		}
		r.Options.Waivers = append(r.Options.Waivers, audit.Waiver{
			Type: audit.PrincipalType(w.PrincipalType.ValueString()), ID: w.PrincipalID.ValueString(),
			Category: w.Category.ValueString(), Cause: w.Cause.ValueString(), Reason: w.Reason.ValueString(), Expires: expires,
		})
	}
	return r
}

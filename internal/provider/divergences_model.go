// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/assess"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/judge"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/render/ticket"
)

// divergencesModel is the data source's configuration and result.
type divergencesModel struct {
	PrincipalTypes            types.Set      `tfsdk:"principal_types"`
	Targets                   types.List     `tfsdk:"targets"`
	Membership                types.String   `tfsdk:"membership"`
	GroupMembers              types.String   `tfsdk:"group_members"`
	LinkGroups                types.Bool     `tfsdk:"link_groups"`
	Relink                    types.Bool     `tfsdk:"relink"`
	SuggestGroupClears        types.Bool     `tfsdk:"suggest_group_clears"`
	SuggestDeactivations      types.Bool     `tfsdk:"suggest_deactivations"`
	DeactivationCauses        types.Set      `tfsdk:"deactivation_causes"`
	SuggestGroupRenames       types.Bool     `tfsdk:"suggest_group_renames"`
	AllowPrivilegedPrincipals types.Set      `tfsdk:"allow_privileged_principals"`
	PrimaryDomains            types.Set      `tfsdk:"primary_domains"`
	ConnectorIDs              types.Set      `tfsdk:"connector_ids"`
	IgnoreConnector           types.Bool     `tfsdk:"ignore_connector"`
	DuplicateDetails          types.Bool     `tfsdk:"duplicate_details"`
	Events                    types.Object   `tfsdk:"events"`
	StrictCase                types.Bool     `tfsdk:"strict_case"`
	StrictInactive            types.Bool     `tfsdk:"strict_inactive"`
	IncludeScannedIDs         types.Bool     `tfsdk:"include_scanned_ids"`
	PlanWarning               types.Bool     `tfsdk:"plan_warning"`
	Waivers                   types.List     `tfsdk:"waivers"`
	Timeouts                  timeouts.Value `tfsdk:"timeouts"`

	Users                    types.List `tfsdk:"users"`
	Groups                   types.List `tfsdk:"groups"`
	ServicePrincipals        types.List `tfsdk:"service_principals"`
	PrincipalsWithAdvisories types.List `tfsdk:"principals_with_advisories"`
	Summary                  types.List `tfsdk:"summary"`
	ExternalIDFixes          types.Map  `tfsdk:"external_id_fixes"`
	MemberRemovals           types.Map  `tfsdk:"member_removals"`
	Deactivations            types.Map  `tfsdk:"deactivations"`
	GroupRenames             types.Map  `tfsdk:"group_renames"`
	ManualActions            types.List `tfsdk:"manual_actions"`
	Duplicates               types.List `tfsdk:"duplicates"`
	WaiverStatus             types.List `tfsdk:"waiver_status"`

	Counts        types.Map    `tfsdk:"counts"`
	Fixable       types.Int64  `tfsdk:"fixable"`
	MembersListed types.Int64  `tfsdk:"members_listed"`
	Unjudged      types.Int64  `tfsdk:"unjudged"`
	Scanned       types.Object `tfsdk:"scanned"`
	Observed      types.Map    `tfsdk:"observed"`
	Clean         types.Bool   `tfsdk:"clean"`
	Complete      types.Bool   `tfsdk:"complete"`
	Failures      types.List   `tfsdk:"failures"`
}

type targetModel struct {
	PrincipalType types.String `tfsdk:"principal_type"`
	PrincipalID   types.String `tfsdk:"principal_id"`
}

type waiverModel struct {
	PrincipalType types.String `tfsdk:"principal_type"`
	PrincipalID   types.String `tfsdk:"principal_id"`
	Category      types.String `tfsdk:"category"`
	Cause         types.String `tfsdk:"cause"`
	Reason        types.String `tfsdk:"reason"`
	Expires       types.String `tfsdk:"expires"`
}

// verdictModel is the part that the rows of all three types share.
type verdictModel struct {
	ErrorCategories []string `tfsdk:"error_categories"`
	Cause           *string  `tfsdk:"cause"`
	Action          *string  `tfsdk:"action"`
	Advisories      []string `tfsdk:"advisories"`
	Waived          bool     `tfsdk:"waived"`

	DisplayName          *string `tfsdk:"display_name"`
	Active               *bool   `tfsdk:"active"`
	IDPName              *string `tfsdk:"idp_name"`
	ConflictingPrincipal *string `tfsdk:"conflicting_principal"`
}

type summaryModel struct {
	PrincipalType string   `tfsdk:"principal_type"`
	Cause         string   `tfsdk:"cause"`
	Action        string   `tfsdk:"action"`
	Count         int64    `tfsdk:"count"`
	Waived        int64    `tfsdk:"waived"`
	Fixable       int64    `tfsdk:"fixable"`
	BlocksAIM     bool     `tfsdk:"blocks_aim"`
	Consequence   string   `tfsdk:"consequence"`
	Symptoms      []string `tfsdk:"symptoms"`
	Remedy        string   `tfsdk:"remedy"`
	Owner         string   `tfsdk:"owner"`
	Examples      []string `tfsdk:"examples"`
}

type userDivergenceModel struct {
	ID                          string `tfsdk:"id"`
	Username                    string `tfsdk:"username"`
	ExternalID                  string `tfsdk:"external_id"`
	ExternalIDWithUsernameMatch string `tfsdk:"external_id_with_username_match"`
	verdictModel
}

type groupDivergenceModel struct {
	ID                                 string   `tfsdk:"id"`
	GroupName                          string   `tfsdk:"group_name"`
	ExternalID                         string   `tfsdk:"external_id"`
	ExternalIDsWithGroupnameMatch      []string `tfsdk:"external_ids_with_groupname_match"`
	LocalMembersNotInIDPInternalIDs    []string `tfsdk:"local_members_not_in_idp_internal_ids"`
	ExternalMembersNotInIDPInternalIDs []string `tfsdk:"external_members_not_in_idp_internal_ids"`
	idpMembersModel
	verdictModel
}

// idpMembersModel is what both sides have in a group; all of it is null for other
// principals.
type idpMembersModel struct {
	MemberCount       types.Int64 `tfsdk:"member_count"`
	IDPMemberCount    types.Int64 `tfsdk:"idp_member_count"`
	IDPMembersMissing types.List  `tfsdk:"idp_members_missing"`
}

type servicePrincipalDivergenceModel struct {
	ID                       string `tfsdk:"id"`
	ApplicationID            string `tfsdk:"application_id"`
	ExternalID               string `tfsdk:"external_id"`
	ExternalIDWithAppIDMatch string `tfsdk:"external_id_with_app_id_match"`
	verdictModel
}

type advisoryRowModel struct {
	PrincipalType string   `tfsdk:"principal_type"`
	PrincipalID   string   `tfsdk:"principal_id"`
	PrincipalName string   `tfsdk:"principal_name"`
	ExternalID    string   `tfsdk:"external_id"`
	Advisories    []string `tfsdk:"advisories"`
	idpMembersModel
}

// externalIDFixModel is one entry of external_id_fixes, and of the ledger.
type externalIDFixModel struct {
	PrincipalType     types.String `tfsdk:"principal_type"`
	PrincipalID       types.String `tfsdk:"principal_id"`
	PrincipalName     types.String `tfsdk:"principal_name"`
	CurrentExternalID types.String `tfsdk:"current_external_id"`
	ExternalID        types.String `tfsdk:"external_id"`
	Category          types.String `tfsdk:"category"`
	Reversible        types.Bool   `tfsdk:"reversible"`
}

func (m externalIDFixModel) ref() audit.Ref {
	return audit.Ref{Type: audit.PrincipalType(m.PrincipalType.ValueString()), ID: m.PrincipalID.ValueString()}
}

type memberRemovalModel struct {
	GroupID    types.String `tfsdk:"group_id"`
	GroupName  types.String `tfsdk:"group_name"`
	MemberID   types.String `tfsdk:"member_id"`
	MemberType types.String `tfsdk:"member_type"`
	MemberName types.String `tfsdk:"member_name"`
	Category   types.String `tfsdk:"category"`
	Cause      types.String `tfsdk:"cause"`
}

// deactivationModel is one entry of deactivations, and of the ledger.
type deactivationModel struct {
	PrincipalType types.String `tfsdk:"principal_type"`
	PrincipalID   types.String `tfsdk:"principal_id"`
	PrincipalName types.String `tfsdk:"principal_name"`
	Cause         types.String `tfsdk:"cause"`
}

// groupRenameModel is one entry of group_renames, and of the ledger.
type groupRenameModel struct {
	GroupID     types.String `tfsdk:"group_id"`
	CurrentName types.String `tfsdk:"current_name"`
	Name        types.String `tfsdk:"name"`
}

type manualActionModel struct {
	PrincipalType string     `tfsdk:"principal_type"`
	PrincipalID   string     `tfsdk:"principal_id"`
	PrincipalName string     `tfsdk:"principal_name"`
	Category      string     `tfsdk:"category"`
	Reason        string     `tfsdk:"reason"`
	Switch        *string    `tfsdk:"switch"`
	Detail        string     `tfsdk:"detail"`
	Remedy        string     `tfsdk:"remedy"`
	Ticket        *string    `tfsdk:"ticket"`
	Candidates    []string   `tfsdk:"candidate_external_ids"`
	Members       types.List `tfsdk:"members"`
}

type duplicateModel struct {
	PrincipalType string  `tfsdk:"principal_type"`
	ExternalID    string  `tfsdk:"external_id"`
	PrincipalID   string  `tfsdk:"principal_id"`
	PrincipalName string  `tfsdk:"principal_name"`
	DisplayName   *string `tfsdk:"display_name"`
	Active        *bool   `tfsdk:"active"`
	NameMatches   *bool   `tfsdk:"name_matches"`
	GroupCount    *int64  `tfsdk:"group_count"`
	Created       *string `tfsdk:"created"`
	Suggestion    string  `tfsdk:"suggestion"`
	Reason        string  `tfsdk:"reason"`
}

type waiverStatusModel struct {
	PrincipalType *string `tfsdk:"principal_type"`
	PrincipalID   *string `tfsdk:"principal_id"`
	Category      *string `tfsdk:"category"`
	Cause         *string `tfsdk:"cause"`
	Reason        string  `tfsdk:"reason"`
	State         string  `tfsdk:"state"`
	Matches       int64   `tfsdk:"matches"`
}

type scannedModel struct {
	Users               int64    `tfsdk:"users"`
	Groups              int64    `tfsdk:"groups"`
	ServicePrincipals   int64    `tfsdk:"service_principals"`
	UserIDs             []string `tfsdk:"user_ids"`
	GroupIDs            []string `tfsdk:"group_ids"`
	ServicePrincipalIDs []string `tfsdk:"service_principal_ids"`
}

// waivers decodes the waivers; none while the list is unknown.
func (m *divergencesModel) waivers(ctx context.Context, diags *diag.Diagnostics) []waiverModel {
	if m.Waivers.IsNull() || m.Waivers.IsUnknown() {
		return nil
	}
	return objectsFrom[waiverModel](ctx, path.Root("waivers"), m.Waivers.Elements(), diags)
}

// parseExpiry reads a date (the waiver holds through that day, UTC) or an
// RFC 3339 time; the zero time when there is none or it is not known yet.
func parseExpiry(v types.String) (time.Time, error) {
	if v.IsNull() || v.IsUnknown() {
		return time.Time{}, nil
	}
	text := v.ValueString()
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day.AddDate(0, 0, 1), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is neither a date such as 2027-01-31 nor an RFC 3339 time such as 2027-01-31T18:00:00Z", text)
	}
	return at, nil
}

// fromAudit fills the result.
func (m *divergencesModel) fromAudit(ctx context.Context, run assess.Run, r judge.Report, diags *diag.Diagnostics) {
	m.Users = listFrom(ctx, userRowType, r.Users, userFromAudit, diags)
	m.Groups = listFrom(ctx, groupRowType, r.Groups, groupFromAudit, diags)
	m.ServicePrincipals = listFrom(ctx, servicePrincipalRowType, r.ServicePrincipals, servicePrincipalFromAudit, diags)
	m.PrincipalsWithAdvisories = listFrom(ctx, advisoryRowType, r.AdvisoryOnly, advisoryRowFromAudit, diags)
	m.ManualActions = listFrom(ctx, manualActionType, r.ManualActions, manualActionFromAudit, diags)
	m.Duplicates = listFrom(ctx, duplicateType, r.Duplicates, duplicateFromAudit, diags)
	m.Summary = listFrom(ctx, summaryType, judge.Summarize(r), summaryFromAudit, diags)
	m.WaiverStatus = listFrom(ctx, waiverStatusType, r.Waivers, waiverStatusFromAudit, diags)
	m.Failures = listFrom(ctx, failureType, failuresFromAudit(r.Failures), same[failureModel], diags)

	fixes := make(map[string]externalIDFixModel, len(r.ExternalIDFixes))
	for _, f := range r.ExternalIDFixes {
		fixes[f.String()] = externalIDFixFromAudit(f)
	}
	m.ExternalIDFixes = mapFrom(ctx, externalIDFixType, fixes, diags)
	removals := make(map[string]memberRemovalModel, len(r.MemberRemovals))
	for _, x := range r.MemberRemovals {
		removals[membershipKey(x.GroupID, x.MemberID)] = memberRemovalModel{
			GroupID: types.StringValue(x.GroupID), GroupName: types.StringValue(x.GroupName), MemberID: types.StringValue(x.MemberID),
			MemberType: types.StringValue(string(x.MemberType)), MemberName: types.StringValue(x.MemberName),
			Category: types.StringValue(x.Category), Cause: types.StringValue(x.Cause),
		}
	}
	m.MemberRemovals = mapFrom(ctx, memberRemovalType, removals, diags)

	deactivations := make(map[string]deactivationModel, len(r.Deactivations))
	for _, d := range r.Deactivations {
		deactivations[d.Key()] = deactivationModel{
			PrincipalType: types.StringValue(string(d.Type)), PrincipalID: types.StringValue(d.ID),
			PrincipalName: types.StringValue(d.PrincipalName), Cause: types.StringValue(d.Cause),
		}
	}
	m.Deactivations = mapFrom(ctx, deactivationType, deactivations, diags)
	renames := make(map[string]groupRenameModel, len(r.GroupRenames))
	for _, x := range r.GroupRenames {
		renames[x.Key()] = groupRenameModel{
			GroupID: types.StringValue(x.GroupID), CurrentName: types.StringValue(x.CurrentName), Name: types.StringValue(x.Name),
		}
	}
	m.GroupRenames = mapFrom(ctx, groupRenameType, renames, diags)

	counts, d := types.MapValueFrom(ctx, types.Int64Type, countsFromAudit(r.Counts))
	diags.Append(d...)
	m.Counts = counts
	m.Fixable, m.MembersListed = types.Int64Value(int64(r.Fixable)), types.Int64Value(int64(r.MembersListed))
	m.Unjudged = types.Int64PointerValue(unjudged(run, r))
	m.Clean = types.BoolValue(r.Clean)
	m.Complete = types.BoolValue(r.Complete)
	scanned := scannedModel{
		Users:             int64(len(r.Scanned[audit.TypeUser])),
		Groups:            int64(len(r.Scanned[audit.TypeGroup])),
		ServicePrincipals: int64(len(r.Scanned[audit.TypeServicePrincipal])),
	}
	if m.IncludeScannedIDs.ValueBool() {
		scanned.UserIDs = notNil(r.Scanned[audit.TypeUser])
		scanned.GroupIDs = notNil(r.Scanned[audit.TypeGroup])
		scanned.ServicePrincipalIDs = notNil(r.Scanned[audit.TypeServicePrincipal])
	}
	object, d := types.ObjectValueFrom(ctx, scannedType.AttrTypes, scanned)
	diags.Append(d...)
	m.Scanned = object
}

// unjudged is the number of principals in scope that were not judged whole; nil where
// not even their number is known, because a list was not read to its end.
func unjudged(r assess.Run, report judge.Report) *int64 {
	n := len(report.Unjudged)
	if len(r.Targets) == 0 {
		if slices.ContainsFunc(r.Types, func(t audit.PrincipalType) bool { return !report.Coverage.Of(t) }) {
			return nil
		}
	} else { // A target that could not be read is not among those that were scanned.
		wanted := map[audit.Ref]bool{}
		for _, ref := range r.Targets {
			wanted[ref] = true
		}
		n += len(wanted)
		for _, ids := range report.Scanned {
			n -= len(ids)
		}
	}
	out := int64(n)
	return &out
}

func summaryFromAudit(s judge.SummaryRow) summaryModel {
	symptoms := make([]string, len(s.Symptoms))
	for i, symptom := range s.Symptoms {
		symptoms[i] = string(symptom)
	}
	return summaryModel{
		PrincipalType: string(s.Type), Cause: s.Cause, Action: s.Action, Count: int64(s.Count), Waived: int64(s.Waived), Fixable: int64(s.Fixable),
		BlocksAIM: s.BlocksAIM, Consequence: s.Consequence, Symptoms: symptoms, Remedy: s.Remedy, Owner: string(s.Owner), Examples: notNil(s.Examples),
	}
}

func verdictFromAudit(d judge.Divergence) verdictModel {
	v := verdictModel{
		ErrorCategories: notNil(d.ErrorCategories), Cause: emptyAsNil(d.Cause), Action: emptyAsNil(d.Action),
		Advisories: notNil(d.Advisories), Waived: d.Waived,
		DisplayName: emptyAsNil(d.DisplayName), Active: d.Active, IDPName: emptyAsNil(d.IDPName),
	}
	if d.Conflicting != (audit.Ref{}) {
		v.ConflictingPrincipal = emptyAsNil(d.Conflicting.String())
	}
	return v
}

func userFromAudit(u judge.UserDivergence) userDivergenceModel {
	return userDivergenceModel{
		ID: u.ID, Username: u.Username, ExternalID: u.ExternalID,
		ExternalIDWithUsernameMatch: u.ExternalIDWithUsernameMatch, verdictModel: verdictFromAudit(u.Divergence),
	}
}

func groupFromAudit(g judge.GroupDivergence) groupDivergenceModel {
	return groupDivergenceModel{
		ID: g.ID, GroupName: g.GroupName, ExternalID: g.ExternalID,
		ExternalIDsWithGroupnameMatch:      notNil(g.ExternalIDsWithGroupNameMatch),
		LocalMembersNotInIDPInternalIDs:    notNil(g.LocalMembersNotInIDPInternalIDs),
		ExternalMembersNotInIDPInternalIDs: notNil(g.ExternalMembersNotInIDPInternalIDs),
		idpMembersModel:                    idpMembersFromAudit(g.InIDP),
		verdictModel:                       verdictFromAudit(g.Divergence),
	}
}

func servicePrincipalFromAudit(s judge.ServicePrincipalDivergence) servicePrincipalDivergenceModel {
	return servicePrincipalDivergenceModel{
		ID: s.ID, ApplicationID: s.ApplicationID, ExternalID: s.ExternalID,
		ExternalIDWithAppIDMatch: s.ExternalIDWithAppIDMatch, verdictModel: verdictFromAudit(s.Divergence),
	}
}

func advisoryRowFromAudit(a judge.AdvisoryRow) advisoryRowModel {
	return advisoryRowModel{
		PrincipalType: string(a.Type), PrincipalID: a.ID, PrincipalName: a.Name, ExternalID: a.ExternalID,
		Advisories: notNil(a.Advisories), idpMembersModel: idpMembersFromAudit(a.InIDP),
	}
}

// idpMembersFromAudit keeps who is known to be missing where there may be more, and no
// number then.
func idpMembersFromAudit(in *audit.IDPMembers) idpMembersModel {
	if in == nil || in.Unknown != "" && len(in.Missing) == 0 {
		return idpMembersModel{IDPMembersMissing: types.ListNull(idpMemberType)}
	}
	missing := make([]attr.Value, len(in.Missing))
	for i, id := range in.Missing {
		name := id.DisplayName
		if len(id.Names) > 0 {
			name = id.Names[0]
		}
		missing[i] = types.ObjectValueMust(idpMemberType.AttrTypes, map[string]attr.Value{
			"member_type": types.StringPointerValue(emptyAsNil(string(id.Type))), "external_id": types.StringValue(id.ExternalID),
			"member_name": types.StringPointerValue(emptyAsNil(name)),
		})
	}
	out := idpMembersModel{IDPMembersMissing: types.ListValueMust(idpMemberType, missing)}
	if in.Unknown == "" {
		out.MemberCount, out.IDPMemberCount = types.Int64Value(int64(in.Here)), types.Int64Value(int64(in.Count))
	}
	return out
}

func externalIDFixFromAudit(f judge.ExternalIDFix) externalIDFixModel {
	return externalIDFixModel{
		PrincipalType: types.StringValue(string(f.Type)), PrincipalID: types.StringValue(f.ID),
		PrincipalName: types.StringValue(f.PrincipalName), CurrentExternalID: types.StringValue(f.CurrentExternalID),
		ExternalID: types.StringValue(f.ExternalID), Category: types.StringValue(f.Category), Reversible: types.BoolValue(f.Reversible),
	}
}

func manualActionFromAudit(a judge.ManualAction) manualActionModel {
	members := make([]attr.Value, len(a.Members))
	for i, m := range a.Members {
		members[i] = types.ObjectValueMust(actionMemberType.AttrTypes, map[string]attr.Value{
			"member_id": types.StringValue(m.ID), "member_type": types.StringPointerValue(emptyAsNil(string(m.Type))),
			"member_name": types.StringPointerValue(emptyAsNil(m.Name)),
		})
	}
	return manualActionModel{
		PrincipalType: string(a.Type), PrincipalID: a.ID, PrincipalName: a.PrincipalName, Category: a.Category,
		Reason: a.Reason, Switch: emptyAsNil(a.Switch), Detail: a.Detail, Remedy: a.Remedy(), Ticket: emptyAsNil(ticket.Action(&a)),
		Candidates: notNil(a.Candidates), Members: types.ListValueMust(actionMemberType, members),
	}
}

func duplicateFromAudit(d judge.Duplicate) duplicateModel {
	out := duplicateModel{
		PrincipalType: string(d.Type), ExternalID: d.ExternalID, PrincipalID: d.ID, PrincipalName: d.Name, DisplayName: emptyAsNil(d.DisplayName),
		Active: d.Active, NameMatches: d.NameMatches, Suggestion: string(d.Suggestion), Reason: d.Why,
	}
	if d.Groups != nil {
		n := int64(*d.Groups)
		out.GroupCount = &n
	}
	if !d.Created.IsZero() {
		out.Created = emptyAsNil(d.Created.UTC().Format(time.RFC3339))
	}
	return out
}

func waiverStatusFromAudit(w audit.WaiverStatus) waiverStatusModel {
	return waiverStatusModel{
		PrincipalType: emptyAsNil(string(w.Type)), PrincipalID: emptyAsNil(w.ID), Category: emptyAsNil(w.Category),
		Cause: emptyAsNil(w.Cause), Reason: w.Reason, State: string(w.State), Matches: int64(w.Matches),
	}
}

func same[T any](v T) T { return v }

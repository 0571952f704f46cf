// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package report

import (
	"reflect"
	"slices"
	"testing"
)

// fill gives every text below v a value of its own: its place.
func fill(v reflect.Value, place string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(place)
	case reflect.Pointer:
		if v.Type() == reflect.TypeFor[*Sections]() {
			return // An earlier run is made of the same parts.
		}
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), place)
	case reflect.Struct:
		for i := range v.NumField() {
			name := v.Type().Name()
			if name == "" {
				name = place
			}
			fill(v.Field(i), name+"."+v.Type().Field(i).Name)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), place)
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, place+" key")
		fill(value, place)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	default:
	}
}

// texts are the places of the texts below v that are left.
func texts(v reflect.Value, into map[string]bool) {
	switch v.Kind() {
	case reflect.String:
		if s := v.String(); s != "" && s != left {
			into[s] = true
		}
	case reflect.Pointer:
		if !v.IsNil() {
			texts(v.Elem(), into)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			texts(v.Field(i), into)
		}
	case reflect.Slice:
		for i := range v.Len() {
			texts(v.Index(i), into)
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			texts(it.Key(), into)
			texts(it.Value(), into)
		}
	default:
	}
}

// A text that a section has is left out of a redacted report, or it is one of those
// below, which hold ids, fixed words and texts of rules. A new one must be looked at.
func TestSections_redactedWhole(t *testing.T) {
	t.Parallel()
	harmless := []string{
		"ComparedRow.ConnectorID", "ComparedRow.ExternalID", "ComparedRow.PrincipalID", "ComparedRow.PrincipalType",
		"ComparedRow.Reason", "ComparedRow.WorkspaceID", "Connector.Findings.Code", "Connector.Findings.Remedy", "Connector.ID",
		"Connector.Mappings.Object", "Connector.Mappings.SourceType", "Connector.Mappings.Target", "Connector.Status",
		"Connector.Target.Level", "Connector.Target.WorkspaceID", "Duplicate.PrincipalID", "Duplicate.PrincipalType",
		"Duplicate.Reason", "Duplicate.Suggestion", "Failing.Action", "Failing.ExternalID", "Failing.PrincipalType",
		"Departed.Last", "Departed.Left", "Departed.PrincipalID", "Departed.State", "Divergences.Observed key", "EventCount.Action", "EventCount.Code",
		"EventCount.Day", "EventCount.Endpoint", "EventCount.Last", "EventCount.Status", "Events.AIMSince", "IdentityChange.Action", "IdentityChange.Last",
		"IdentityChange.PrincipalID", "IdentityChange.PrincipalType", "IdentityChange.Time", "MembershipEdit.Change", "MembershipEdit.GroupID",
		"MembershipEdit.Last", "MembershipEdit.MemberID", "Observed.ChangedAt", "Observed.LastActivity", "SCIMWriter.Last", "SCIMWriter.Level",
		"SCIMWriter.WorkspaceID", "SCIMWriter.Writer", "Provisioning.Uncompared.List", "connectorfindingscode",
		"Access.Counts key", "Access.NotLookedAt", "AccessGroup.GroupID", "AccessGroup.Source", "AccessRow.Entitlement",
		"AccessRow.GroupID", "AccessRow.Level", "AccessRow.Privilege", "AccessRow.Role", "AccessRow.SecurableType", "AccessRow.Via",
		"AccessRow.WorkspaceID", "AccessRow.WorkspaceStatus", "Affected.Kind", "Affected.WorkspaceID", "Check.Decision", "Check.ID",
		"Check.Remedy", "Check.Severity", "Check.Status", "Check.Title", "NotCloned.Kind", "CloneRow.GroupID",
		"CloneRow.Workspaces.Level", "CloneRow.Workspaces.WorkspaceID", "DiffRow.GroupID", "DiffRow.Hint", "DiffRow.Source",
		"Divergences.ExternalIDFixes key", "Divergences.MemberRemovals key", "Failure.Call", "Failure.PrincipalID",
		"Failure.PrincipalType", "Workspace.Federation", "Workspace.ID", "Workspace.Status",
		"Fix.PrincipalID", "Fix.PrincipalType", "LocalDiffRow.GroupID", "LocalDiffRow.WorkspaceID", "LocalGroups.Failures.Call",
		"LocalGroups.Failures.WorkspaceID", "LocalGroups.Groups.AccountGroupID", "LocalGroups.Groups.Advisories",
		"LocalGroups.Groups.Entitlements", "LocalGroups.Groups.GroupID", "LocalGroups.Groups.Members.ID",
		"LocalGroups.Groups.WorkspaceID", "ManualAction.PrincipalID", "ManualAction.PrincipalType", "ManualAction.Reason",
		"ManualAction.Remedy", "ManualAction.Switch", "MemberRemoval.Cause", "MemberRemoval.GroupID", "MemberRemoval.MemberID",
		"MemberRemoval.MemberType", "Notice.WorkspaceID", "Principal.PrincipalID", "Principal.PrincipalType", "Readiness.DisableAIMReason",
		"Readiness.DisableSCIMReason", "Readiness.EnableAIMReason", "Readiness.MigrationPath", "Row.Action", "Row.Advisories", "Row.Cause", "Row.ErrorCategories",
		"Row.ID", "SummaryRow.Cause", "SummaryRow.Consequence", "SummaryRow.Owner", "SummaryRow.PrincipalType", "SummaryRow.Remedy",
	}
	var s Sections
	fill(reflect.ValueOf(&s).Elem(), "")
	got := map[string]bool{}
	texts(reflect.ValueOf(s.redacted()), got)
	for place := range got {
		if !slices.Contains(harmless, place) {
			t.Errorf("%s is not left out of a redacted report", place)
		}
	}
	for _, place := range harmless {
		if !got[place] {
			t.Errorf("%s is said to be harmless, and is not there", place)
		}
	}
}

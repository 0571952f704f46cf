// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Sections are the parts that a report can have, each the value of one data
// source; nil parts are left out. The field names are those of the data sources.
type Sections struct {
	WorkspaceFederation *Federation   `json:"workspace_federation"`
	Divergences         *Divergences  `json:"divergences"`
	Readiness           *Readiness    `json:"readiness"`
	LocalGroups         *LocalGroups  `json:"local_groups"`
	Provisioning        *Provisioning `json:"provisioning"`
	Events              *Events       `json:"events"`
	Diff                *Diff         `json:"diff"`
	Clone               *Clone        `json:"clone"`
	Access              *Access       `json:"access"`
	// Before holds the same parts of an earlier run, for a comparison in time.
	Before *Sections `json:"before"`
}

// Names lists what an object of sections can hold, sorted.
func Names() []string {
	return []string{"access", "before", "clone", "diff", "divergences", "events", "local_groups", "provisioning", "readiness", "workspace_federation"}
}

// Decode reads sections from JSON. The error names the part that cannot be read.
func Decode(raw []byte) (Sections, error) {
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(raw, &parts); err != nil || parts == nil {
		return Sections{}, errors.New("sections must be an object, such as { divergences = data.dbxidentity_divergences.this }")
	}
	var out Sections
	targets := map[string]any{
		"workspace_federation": &out.WorkspaceFederation, "divergences": &out.Divergences, "diff": &out.Diff, "clone": &out.Clone,
		"access":    &out.Access,
		"readiness": &out.Readiness, "local_groups": &out.LocalGroups, "provisioning": &out.Provisioning, "events": &out.Events,
	}
	some := false
	for name, part := range parts {
		if bytes.Equal(part, []byte("null")) {
			continue
		}
		if name == "before" {
			before, err := Decode(part)
			if err != nil {
				return Sections{}, fmt.Errorf("before: %w", err)
			}
			out.Before = &before
			continue
		}
		target, known := targets[name]
		if !known {
			return Sections{}, fmt.Errorf("unknown section %q; use any of: %s", name, strings.Join(Names(), ", "))
		}
		if err := json.Unmarshal(part, target); err != nil {
			return Sections{}, fmt.Errorf("section %s is not the value of its data source: %w", name, typeError(err))
		}
		some = true
	}
	if !some {
		return Sections{}, fmt.Errorf("there is nothing to report; give at least one of: %s", strings.Join(slices.DeleteFunc(Names(), func(n string) bool { return n == "before" }), ", "))
	}
	return out, nil
}

// typeError keeps Go's type names out of a message for users.
func typeError(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Errorf("attribute %q has an unexpected type (%s)", wrong.Field, wrong.Value)
	}
	return err
}

// Failure is one read that failed.
type Failure struct {
	PrincipalType string `json:"principal_type"`
	PrincipalID   string `json:"principal_id"`
	Call          string `json:"call"`
	Reason        string `json:"reason"`
}

// Federation is dbxidentity_workspace_federation.
type Federation struct {
	Workspaces []Workspace `json:"workspaces"`
	Clean      bool        `json:"clean"`
	Complete   bool        `json:"complete"`
	Failures   []Failure   `json:"failures"`
}

// Workspace is one workspace with its federation.
type Workspace struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Status     string `json:"status"`
	Federation string `json:"federation"`
}

// Divergences is dbxidentity_divergences.
type Divergences struct {
	Users             []Row                    `json:"users"`
	Groups            []Row                    `json:"groups"`
	ServicePrincipals []Row                    `json:"service_principals"`
	Summary           []SummaryRow             `json:"summary"`
	ExternalIDFixes   map[string]Fix           `json:"external_id_fixes"`
	MemberRemovals    map[string]MemberRemoval `json:"member_removals"`
	ManualActions     []ManualAction           `json:"manual_actions"`
	Duplicates        []Duplicate              `json:"duplicates"`
	Observed          map[string]Observed      `json:"observed"`
	Scanned           Scanned                  `json:"scanned"`
	Fixable           int                      `json:"fixable"`
	Unjudged          *int                     `json:"unjudged"`
	Clean             bool                     `json:"clean"`
	Complete          bool                     `json:"complete"`
	Failures          []Failure                `json:"failures"`
}

// SummaryRow is one row of the summary.
type SummaryRow struct {
	PrincipalType string   `json:"principal_type"`
	Cause         string   `json:"cause"`
	Count         int      `json:"count"`
	Waived        int      `json:"waived"`
	Consequence   string   `json:"consequence"`
	Remedy        string   `json:"remedy"`
	Owner         string   `json:"owner"`
	Examples      []string `json:"examples"`
}

// Row is one divergent principal of any type.
type Row struct {
	ID              string   `json:"id"`
	Username        string   `json:"username"`
	GroupName       string   `json:"group_name"`
	ApplicationID   string   `json:"application_id"`
	ExternalID      string   `json:"external_id"`
	ErrorCategories []string `json:"error_categories"`
	Cause           string   `json:"cause"`
	Action          string   `json:"action"`
	Advisories      []string `json:"advisories"`
	Waived          bool     `json:"waived"`
}

// Observed is what the audit log shows of the principal of a row.
type Observed struct {
	ChangedBy    string `json:"changed_by"`
	ChangedAt    string `json:"changed_at"`
	LastActivity string `json:"last_activity"`
}

func (r Row) name() string { return r.Username + r.GroupName + r.ApplicationID }

// Duplicate is one of several principals of the same external id.
type Duplicate struct {
	PrincipalType string `json:"principal_type"`
	ExternalID    string `json:"external_id"`
	PrincipalID   string `json:"principal_id"`
	PrincipalName string `json:"principal_name"`
	Active        *bool  `json:"active"`
	Suggestion    string `json:"suggestion"`
	Reason        string `json:"reason"`
}

// Fix is one entry of external_id_fixes.
type Fix struct {
	PrincipalType     string `json:"principal_type"`
	PrincipalID       string `json:"principal_id"`
	PrincipalName     string `json:"principal_name"`
	CurrentExternalID string `json:"current_external_id"`
	ExternalID        string `json:"external_id"`
	Reversible        bool   `json:"reversible"`
}

// MemberRemoval is one entry of member_removals.
type MemberRemoval struct {
	GroupID    string `json:"group_id"`
	GroupName  string `json:"group_name"`
	MemberID   string `json:"member_id"`
	MemberType string `json:"member_type"`
	MemberName string `json:"member_name"`
	Cause      string `json:"cause"`
}

// ManualAction is one entry of manual_actions.
type ManualAction struct {
	PrincipalType string `json:"principal_type"`
	PrincipalID   string `json:"principal_id"`
	PrincipalName string `json:"principal_name"`
	Reason        string `json:"reason"`
	Switch        string `json:"switch"`
	Detail        string `json:"detail"`
	Remedy        string `json:"remedy"`
}

// Scanned counts what was looked at.
type Scanned struct {
	Users             int `json:"users"`
	Groups            int `json:"groups"`
	ServicePrincipals int `json:"service_principals"`
}

// Principal is a resolved principal of a comparison or a clone plan.
type Principal struct {
	PrincipalType string `json:"principal_type"`
	PrincipalID   string `json:"principal_id"`
	PrincipalName string `json:"principal_name"`
	DisplayName   string `json:"display_name"`
}

func (p Principal) name() string {
	for _, name := range []string{p.PrincipalName, p.DisplayName} {
		if name != "" {
			return name
		}
	}
	return p.PrincipalType + "/" + p.PrincipalID
}

// Diff is dbxidentity_principal_diff.
type Diff struct {
	A        Principal      `json:"resolved_a"`
	B        Principal      `json:"resolved_b"`
	OnlyInA  []DiffRow      `json:"only_in_a"`
	OnlyInB  []DiffRow      `json:"only_in_b"`
	InBoth   []DiffRow      `json:"in_both"`
	Local    []LocalDiffRow `json:"workspace_local_groups"`
	Equal    *bool          `json:"equal"`
	Complete bool           `json:"complete"`
	Failures []Failure      `json:"failures"`
}

// DiffRow is one group of a comparison.
type DiffRow struct {
	GroupID   string   `json:"group_id"`
	GroupName string   `json:"group_name"`
	Source    string   `json:"source"`
	DirectInA *bool    `json:"direct_in_a"`
	DirectInB *bool    `json:"direct_in_b"`
	PathInA   []string `json:"path_in_a"`
	PathInB   []string `json:"path_in_b"`
	Hint      string   `json:"hint"`
}

// LocalDiffRow is one group that a workspace has of its own.
type LocalDiffRow struct {
	WorkspaceID   string `json:"workspace_id"`
	WorkspaceName string `json:"workspace_name"`
	GroupID       string `json:"group_id"`
	GroupName     string `json:"group_name"`
	InA           *bool  `json:"in_a"`
	InB           *bool  `json:"in_b"`
}

// Clone is dbxidentity_clone_plan.
type Clone struct {
	Source            Principal   `json:"resolved_source"`
	Target            Principal   `json:"resolved_target"`
	IDPActions        []CloneRow  `json:"idp_actions"`
	DatabricksActions []CloneRow  `json:"databricks_actions"`
	Follows           []CloneRow  `json:"follows"`
	Unverified        []CloneRow  `json:"unverified"`
	Skipped           []CloneRow  `json:"skipped"`
	AlreadyMember     []CloneRow  `json:"already_member"`
	NotCloned         []NotCloned `json:"not_cloned"`
	Problems          []string    `json:"problems"`
	Complete          bool        `json:"complete"`
	Failures          []Failure   `json:"failures"`
}

// NotCloned is what the source has itself, not through a group.
type NotCloned struct {
	Kind  string `json:"kind"`
	Place string `json:"place"`
	Value string `json:"value"`
	Note  string `json:"note"`
}

// CloneRow is one group of a clone plan.
type CloneRow struct {
	GroupID    string   `json:"group_id"`
	GroupName  string   `json:"group_name"`
	Path       []string `json:"path"`
	Reason     string   `json:"reason"`
	ExternalID string   `json:"external_id"`
	Workspaces []struct {
		WorkspaceID   string `json:"workspace_id"`
		WorkspaceName string `json:"workspace_name"`
		Level         string `json:"level"`
	} `json:"workspace_accesses"`
	Grants []struct {
		FullName   string   `json:"full_name"`
		Privileges []string `json:"privileges"`
	} `json:"unity_catalog_grants"`
}

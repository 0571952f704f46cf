// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package report

import (
	"maps"
	"regexp"
	"slices"
)

// left stands in place of a name.
const left = "(left out)"

// opaque is the form of ids that say nothing of anybody: GUIDs, and those of Okta and
// of Databricks. An external id can be anything that a connector wrote, a name too.
var opaque = regexp.MustCompile(`^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|00[0-9A-Za-z]{18}|[0-9]+)?$`)

func redactedID(id string) string {
	if !opaque.MatchString(id) {
		return left
	}
	return id
}

// redacted is a copy without names, mail addresses and texts that may hold them.
func (s Sections) redacted() Sections {
	if v := s.WorkspaceFederation; v != nil {
		c := *v
		c.Workspaces = slices.Clone(v.Workspaces)
		for i := range c.Workspaces {
			c.Workspaces[i].Name = left
		}
		c.Failures = redactedFailures(v.Failures)
		s.WorkspaceFederation = &c
	}
	if s.Divergences != nil {
		s.Divergences = s.Divergences.redacted()
	}
	if v := s.Diff; v != nil {
		c := *v
		c.A, c.B = v.A.redacted(), v.B.redacted()
		c.OnlyInA, c.OnlyInB, c.InBoth = redactedDiff(v.OnlyInA), redactedDiff(v.OnlyInB), redactedDiff(v.InBoth)
		c.Local = slices.Clone(v.Local)
		for i := range c.Local {
			c.Local[i].WorkspaceName, c.Local[i].GroupName = "", left
		}
		c.Failures = redactedFailures(v.Failures)
		s.Diff = &c
	}
	if s.Readiness != nil {
		s.Readiness = s.Readiness.redacted()
	}
	if s.LocalGroups != nil {
		s.LocalGroups = s.LocalGroups.redacted()
	}
	if s.Provisioning != nil {
		s.Provisioning = s.Provisioning.redacted()
	}
	if s.Events != nil {
		s.Events = s.Events.redacted()
	}
	if s.Clone != nil {
		s.Clone = s.Clone.redacted()
	}
	if s.Access != nil {
		s.Access = s.Access.redacted()
	}
	if s.Before != nil {
		b := s.Before.redacted()
		s.Before = &b
	}
	return s
}

func (d *Divergences) redacted() *Divergences {
	c := *d
	rows := func(list []Row) []Row {
		list = slices.Clone(list)
		for i := range list {
			list[i].Username, list[i].GroupName, list[i].ApplicationID = "", "", ""
			list[i].ExternalID = redactedID(list[i].ExternalID)
		}
		return list
	}
	c.Users, c.Groups, c.ServicePrincipals = rows(d.Users), rows(d.Groups), rows(d.ServicePrincipals)
	c.ExternalIDFixes, c.MemberRemovals, c.ManualActions = maps.Clone(d.ExternalIDFixes), maps.Clone(d.MemberRemovals), slices.Clone(d.ManualActions)
	for key, f := range c.ExternalIDFixes {
		f.PrincipalName, f.ExternalID, f.CurrentExternalID = left, redactedID(f.ExternalID), redactedID(f.CurrentExternalID)
		c.ExternalIDFixes[key] = f
	}
	for key, m := range c.MemberRemovals {
		m.GroupName, m.MemberName = left, left
		c.MemberRemovals[key] = m
	}
	for i := range c.ManualActions {
		c.ManualActions[i].PrincipalName, c.ManualActions[i].Detail = left, left
	}
	c.Duplicates = slices.Clone(d.Duplicates)
	for i := range c.Duplicates {
		c.Duplicates[i].PrincipalName, c.Duplicates[i].ExternalID = left, redactedID(c.Duplicates[i].ExternalID)
	}
	c.Observed = maps.Clone(d.Observed)
	for key, o := range c.Observed {
		o.ChangedBy = left
		c.Observed[key] = o
	}
	c.Summary = slices.Clone(d.Summary)
	for i := range c.Summary {
		c.Summary[i].Examples = nil
	}
	c.Failures = redactedFailures(d.Failures)
	return &c
}

func (p Principal) redacted() Principal {
	p.PrincipalName, p.DisplayName = "", ""
	return p
}

func redactedFailures(list []Failure) []Failure {
	list = slices.Clone(list)
	for i := range list {
		list[i].Reason = left
	}
	return list
}

func redactedDiff(rows []DiffRow) []DiffRow {
	rows = slices.Clone(rows)
	for i := range rows {
		rows[i].GroupName, rows[i].PathInA, rows[i].PathInB = left, nil, nil
	}
	return rows
}

func (c *Clone) redacted() *Clone {
	out := *c
	out.Source, out.Target = c.Source.redacted(), c.Target.redacted()
	out.Failures, out.Problems = redactedFailures(c.Failures), nil
	for range c.Problems {
		out.Problems = append(out.Problems, left)
	}
	for _, list := range []*[]CloneRow{&out.IDPActions, &out.DatabricksActions, &out.Follows, &out.Unverified, &out.Skipped, &out.AlreadyMember} {
		*list = slices.Clone(*list)
		for i := range *list {
			r := &(*list)[i]
			r.GroupName, r.Path, r.Reason, r.Grants, r.ExternalID = left, nil, "", nil, redactedID(r.ExternalID)
			r.Workspaces = slices.Clone(r.Workspaces)
			for k := range r.Workspaces {
				r.Workspaces[k].WorkspaceName = ""
			}
		}
	}
	out.NotCloned = slices.Clone(c.NotCloned)
	for i := range out.NotCloned {
		out.NotCloned[i].Place, out.NotCloned[i].Value, out.NotCloned[i].Note = left, left, left
	}
	return &out
}

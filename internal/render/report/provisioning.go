// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Provisioning is dbxidentity_scim_provisioning.
type Provisioning struct {
	Connectors []Connector `json:"connectors"`
	// The lists of the comparison are nil where nothing was compared or proven.
	InScopeAbsent    []ComparedRow `json:"in_scope_absent"`
	LinkedOutOfScope []ComparedRow `json:"linked_out_of_scope"`
	NestedOnly       []ComparedRow `json:"nested_only"`
	WorkspaceOnly    []ComparedRow `json:"workspace_only"`
	Uncompared       []struct {
		List   string `json:"list"`
		Reason string `json:"reason"`
	} `json:"uncompared"`
	Complete bool      `json:"complete"`
	Failures []Failure `json:"failures"`
}

// Connector is one SCIM connector.
type Connector struct {
	ID          string `json:"id"`
	DisplayName string `json:"display_name"`
	Target      struct {
		Level       string `json:"level"`
		Host        string `json:"host"`
		WorkspaceID string `json:"workspace_id"`
	} `json:"target"`
	Status   string `json:"status"`
	Reason   string `json:"reason"`
	Mappings []struct {
		Object     string `json:"object"`
		Target     string `json:"target"`
		SourceType string `json:"source_type"`
		Source     string `json:"source"`
		Correct    *bool  `json:"correct"`
	} `json:"mappings"`
	Failing  []Failing `json:"failing"`
	Findings []struct {
		Code    string `json:"code"`
		Summary string `json:"summary"`
		Remedy  string `json:"remedy"`
	} `json:"findings"`
}

// Failing is an object that a connector fails to write.
type Failing struct {
	PrincipalType string `json:"principal_type"`
	ExternalID    string `json:"external_id"`
	Name          string `json:"name"`
	Action        string `json:"action"`
	Error         string `json:"error"`
	ErrorCode     string `json:"error_code"`
	Remedy        string `json:"remedy"`
}

// ComparedRow is one row of any list of the comparison.
type ComparedRow struct {
	PrincipalType string `json:"principal_type"`
	ExternalID    string `json:"external_id"`
	Name          string `json:"name"`
	PrincipalID   string `json:"principal_id"`
	PrincipalName string `json:"principal_name"`
	ConnectorID   string `json:"connector_id"`
	WorkspaceID   string `json:"workspace_id"`
	Reason        string `json:"reason"`
}

func (c *Connector) state() state {
	switch c.Status {
	case "healthy":
		return stateGood
	case "quarantined", "stale", "healthy_with_errors":
		return stateBad
	case "paused", "off", "first_run":
		return stateNeutral
	default:
		return stateUnknown
	}
}

func (p *Provisioning) verdict() verdict {
	worst, open := stateGood, 0
	for i := range p.Connectors {
		switch p.Connectors[i].state() {
		case stateBad:
			worst = stateBad
			open++
		case stateUnknown:
			open++
			if worst == stateGood {
				worst = stateUnknown
			}
		case stateGood, stateNeutral:
		}
	}
	text := "No SCIM connector for Databricks was found"
	if n := len(p.Connectors); n > 0 {
		text = fmt.Sprintf("%s for Databricks, %d of them with trouble or of unknown state", audit.CountOf(n, "SCIM connector"), open)
	}
	if !p.Complete {
		if worst == stateGood {
			worst = stateUnknown
		}
		text += ", and something could not be read"
	}
	if len(p.Connectors) == 0 && worst == stateGood {
		worst = stateNeutral
	}
	return verdict{worst, text + "."}
}

func (p *Provisioning) section() section {
	s := section{ID: "provisioning", Title: "SCIM provisioning"}
	s.add(failures(p.Failures)...)
	overview := table{Title: "Connectors", Columns: []string{"Connector", "Id", "Status", "Why", "Writes to", "External ids of users", "External ids of groups"}}
	todo := table{Title: "What to do about connectors", Columns: []string{"Connector", "Found", "What to do"}}
	failing := table{Title: "What connectors fail to write", Long: true, Columns: []string{"Connector", "Type", "Name", "Id", "Action", "Error", "What to do"}}
	for i := range p.Connectors {
		c := &p.Connectors[i]
		overview.Rows = append(overview.Rows, []cell{
			value(c.DisplayName), value(c.ID), status(c.state(), words(c.Status)), value(c.Reason), c.target(), c.feed("user"), c.feed("group"),
		})
		for _, f := range c.Findings {
			todo.Rows = append(todo.Rows, []cell{value(c.DisplayName), value(f.Summary), value(f.Remedy)})
		}
		for _, f := range c.Failing {
			failing.Rows = append(failing.Rows, []cell{
				value(c.DisplayName), prose(words(f.PrincipalType)), value(f.Name), value(f.ExternalID), prose(word(f.Action)), value(cmp.Or(f.Error, f.ErrorCode)), value(f.Remedy),
			})
		}
	}
	s.add(overview, todo, failing)
	p.compared(&s)
	return s
}

func (c *Connector) target() cell {
	switch c.Target.Level {
	case "account":
		return prose("the account")
	case "workspace":
		return cell{Prose: "workspace ", Values: []string{cmp.Or(c.Target.WorkspaceID, c.Target.Host)}}
	case "other":
		return value(c.Target.Host)
	}
	return status(stateUnknown, "unknown")
}

// feed is what an external id is fed from.
func (c *Connector) feed(object string) cell {
	for _, m := range c.Mappings {
		if m.Object != object || !strings.EqualFold(m.Target, "externalId") {
			continue
		}
		out := value(cmp.Or(m.Source, m.SourceType))
		if m.Correct != nil {
			out.State = map[bool]state{true: stateGood, false: stateBad}[*m.Correct]
		}
		return out
	}
	return status(stateUnknown, "unknown")
}

func (p *Provisioning) compared(s *section) {
	if len(p.Uncompared) > 0 {
		lines := make([]string, len(p.Uncompared))
		for i, u := range p.Uncompared {
			lines[i] = words(u.List) + ": " + u.Reason
		}
		s.add(notice{State: stateUnknown, Text: "The comparison with the account may have more rows:", Lines: lines})
	}
	for _, l := range []struct {
		title string
		rows  []ComparedRow
	}{
		{"In the scope of a connector, and absent here", p.InScopeAbsent},
		{"Linked here, and in the scope of no connector", p.LinkedOutOfScope},
		{"In scope by nesting only, which a connector does not expand", p.NestedOnly},
		{"In the scope of a workspace's connector only: take these along to the account", p.WorkspaceOnly},
	} {
		if l.rows == nil {
			continue
		}
		s.add(facts{List: []fact{{Label: l.title, Value: strconv.Itoa(len(l.rows)), State: stateNeutral}}})
		t := table{Title: l.title, Long: true, Columns: []string{"Type", "Name", "Id in the identity provider", "Principal here", "Workspace", "Reason"}}
		for _, r := range l.rows {
			t.Rows = append(t.Rows, []cell{
				prose(words(r.PrincipalType)), value(cmp.Or(r.Name, r.PrincipalName)), value(r.ExternalID), value(r.PrincipalID), value(r.WorkspaceID), prose(words(r.Reason)),
			})
		}
		s.add(t)
	}
}

func (p *Provisioning) redacted() *Provisioning {
	out := *p
	out.Failures = redactedFailures(p.Failures)
	out.Connectors = slices.Clone(p.Connectors)
	for i := range out.Connectors {
		c := &out.Connectors[i]
		c.DisplayName, c.Reason, c.Target.Host = left, left, ""
		c.Failing, c.Findings, c.Mappings = slices.Clone(c.Failing), slices.Clone(c.Findings), slices.Clone(c.Mappings)
		for k := range c.Failing {
			f := &c.Failing[k]
			f.Name, f.Error, f.ErrorCode, f.Remedy = left, left, left, left
		}
		for k := range c.Findings {
			c.Findings[k].Summary = words(strings.ToLower(c.Findings[k].Code))
		}
		for k := range c.Mappings {
			if c.Mappings[k].SourceType != "attribute" {
				c.Mappings[k].Source = "" // A constant or an expression may hold anything.
			}
		}
	}
	out.Uncompared = slices.Clone(p.Uncompared)
	for i := range out.Uncompared {
		out.Uncompared[i].Reason = left
	}
	for _, list := range []*[]ComparedRow{&out.InScopeAbsent, &out.LinkedOutOfScope, &out.NestedOnly, &out.WorkspaceOnly} {
		*list = slices.Clone(*list)
		for i := range *list {
			(*list)[i].Name, (*list)[i].PrincipalName = left, ""
		}
	}
	return &out
}

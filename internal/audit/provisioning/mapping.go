// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provisioning

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// ObjectMapping says how one kind of object is written.
type ObjectMapping struct {
	Enabled bool
	// Source and Target are the names of the kinds on both sides.
	Source, Target string
	Attributes     []AttributeMapping
	Filters        []Filter
}

// AttributeMapping says what feeds one attribute.
type AttributeMapping struct {
	Target string
	// SourceType is Attribute, Function or Constant; empty for none. Source is the name
	// of the attribute, or the expression.
	SourceType, Source string
	// FlowType is Always, or one of those that write only what is new.
	FlowType string
	// Priority is that among the attributes that find an object; 0 for others.
	Priority int
}

// Filter is a scoping filter: objects that do not meet it are out of scope.
type Filter struct {
	Object audit.PrincipalType
	Text   string
}

// MappingRow is one attribute that a connector writes.
type MappingRow struct {
	Object audit.PrincipalType
	Target string
	// SourceType is attribute, function, constant or none.
	SourceType, Source string
	// Correct is nil for attributes other than the external id, of which nothing is
	// right or wrong.
	Correct *bool
	// Overwrites: a change in Databricks is undone at the next cycle.
	Overwrites bool
}

// SourceText is what feeds the attribute, in words.
func (m *MappingRow) SourceText() string {
	if m.SourceType == SourceNone {
		return "nothing"
	}
	return fmt.Sprintf("the %s %s", m.SourceType, m.Source)
}

const (
	targetExternalID = "externalId"
	rightSource      = "objectId"
)

// What feeds an attribute, in words of its own.
const (
	SourceAttribute = "attribute"
	SourceFunction  = "function"
	SourceConstant  = "constant"
	SourceNone      = "none"
)

// ObjectOf is the type of principals that an object mapping is about; empty for others.
// Targets are URNs or plain words (docs/reference/entra-provisioning.md 6).
func ObjectOf(m *ObjectMapping) audit.PrincipalType {
	name := strings.ToLower(m.Target)
	switch {
	case strings.HasSuffix(name, ":user"), name == "user":
		return audit.TypeUser
	case strings.HasSuffix(name, ":group"), name == "group":
		return audit.TypeGroup
	}
	return ""
}

func syncsOf(c *Connector) map[audit.PrincipalType]bool {
	if c.Push != nil {
		return c.Push.syncs()
	}
	out := map[audit.PrincipalType]bool{}
	if c.Unread[PartSchema] != "" || c.Unread[PartJobs] != "" || len(c.Jobs) == 0 {
		return out
	}
	out[audit.TypeUser], out[audit.TypeGroup] = false, false
	for i := range c.Mappings {
		if m := &c.Mappings[i]; m.Enabled && ObjectOf(m) != "" {
			out[ObjectOf(m)] = true
		}
	}
	return out
}

// mappingRows are those of enabled object mappings, sorted, each once.
func mappingRows(c *Connector) []MappingRow {
	var out []MappingRow
	for i := range c.Mappings {
		m := &c.Mappings[i]
		object := ObjectOf(m)
		if !m.Enabled || object == "" {
			continue
		}
		fed := false
		for _, a := range m.Attributes {
			row := MappingRow{Object: object, Target: a.Target, SourceType: cmp.Or(strings.ToLower(a.SourceType), SourceNone), Source: a.Source}
			row.Overwrites = a.Target != targetExternalID && strings.EqualFold(a.FlowType, "Always")
			if strings.EqualFold(a.Target, targetExternalID) {
				fed = true
				right := row.SourceType == SourceAttribute && strings.EqualFold(a.Source, rightSource)
				row.Correct = &right
			}
			out = append(out, row)
		}
		if !fed {
			out = append(out, MappingRow{Object: object, Target: targetExternalID, SourceType: SourceNone, Correct: new(bool)})
		}
	}
	slices.SortFunc(out, func(a, b MappingRow) int {
		return cmp.Or(cmp.Compare(a.Object.Order(), b.Object.Order()), cmp.Compare(a.Target, b.Target), cmp.Compare(a.SourceType, b.SourceType), cmp.Compare(a.Source, b.Source))
	})
	return slices.CompactFunc(out, func(a, b MappingRow) bool {
		return a.Object == b.Object && a.Target == b.Target && a.SourceType == b.SourceType && a.Source == b.Source && a.Overwrites == b.Overwrites
	})
}

func mappingRemedy(object audit.PrincipalType) string {
	return fmt.Sprintf("In the app, under Provisioning, Mappings, set the source of externalId of each %s to the attribute objectId (direct). "+
		"Saving a mapping evaluates every object again. Only then repair the external ids here: before, the connector would write the wrong value again.", object)
}

func filtersOf(c *Connector) []Filter {
	var out []Filter
	for i := range c.Mappings {
		if m := &c.Mappings[i]; m.Enabled {
			out = append(out, m.Filters...)
		}
	}
	slices.SortFunc(out, func(a, b Filter) int {
		return cmp.Or(cmp.Compare(a.Object.Order(), b.Object.Order()), cmp.Compare(a.Text, b.Text))
	})
	return slices.Compact(out)
}

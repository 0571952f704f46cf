// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"fmt"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"
)

// ConnectorFeed is what a SCIM connector writes into the external ids of one type, where
// that is not the id of the identity, or could not be read.
type ConnectorFeed struct {
	Type audit.PrincipalType
	// Connector names it, for people; Source is what it writes: "the attribute mailNickname".
	Connector, Source string
	// Values are what it writes, by the canonical id of the identity, as far as that is
	// known. Blank: it writes no external id.
	Values map[string]string
	Blank  bool
	// Unknown is why its mapping could not be read; it is a failure of the audit.
	Unknown string
}

// failure is that of a feed that could not be read.
func (f *ConnectorFeed) failure() audit.Failure {
	return audit.Failure{Type: f.Type, Call: "read the attribute mapping of " + f.Connector, Reason: f.Unknown}
}

// explains reports whether the feed made the principal's stored id what it is: it is what
// the connector writes for an identity with the principal's name.
func (f *ConnectorFeed) explains(m *audit.Match) bool {
	if f.Type != m.Principal.Type || f.Unknown != "" {
		return false
	}
	for _, id := range candidatesOf(m) {
		value, known := f.Values[audit.CanonicalExternalID(id.ExternalID)]
		if stored := m.Principal.ExternalID; f.Blank && stored == "" || known && stored != "" && stored == value {
			return true
		}
	}
	return false
}

// misfed reports whether a connector made the stored id what it is.
func (a *auditor) misfed(m *audit.Match) bool {
	for i := range a.in.Connectors {
		if a.in.Connectors[i].explains(m) {
			return true
		}
	}
	return false
}

// withholdOverwritten withholds what a connector would write over again, or might. A
// group that is to be linked first waits for that switch.
func (a *auditor) withholdOverwritten(all []proposal) {
	if a.o.IgnoreConnector {
		return
	}
	feeds := map[audit.PrincipalType]*ConnectorFeed{}
	for i := range a.in.Connectors {
		f := &a.in.Connectors[i]
		if known := feeds[f.Type]; known == nil || known.Unknown != "" {
			feeds[f.Type] = f
		}
	}
	for i := range all {
		p := &all[i]
		f := feeds[p.m.Principal.Type]
		switch {
		case f == nil || p.reason != "":
		case f.Unknown != "":
			p.withhold(rules.ReasonConnectorUnknown, fmt.Sprintf("what %s writes into external ids could not be read: %s", f.Connector, f.Unknown))
		case p.needs != rules.ReasonLinkGroups:
			p.needs, p.needsDetail = rules.ReasonConnector, fmt.Sprintf("%s writes %s into the external ids of %s", f.Connector, f.Source, plural(f.Type))
		}
	}
}

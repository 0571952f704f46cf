// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/judge"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/provisioning"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
)

// missingConnectorsError is about ids that the identity provider provably does not have.
type missingConnectorsError struct{ ids []string }

func (e *missingConnectorsError) Error() string {
	return "the identity provider has no app with the id " + strings.Join(e.ids, ", ")
}

// connectorFeeds are the mappings of external ids that are wrong, or could not be read,
// of connectors that do not provably write elsewhere. What they write is looked up for
// the identities that principals of the account could be.
func (s *session) connectorFeeds(ctx context.Context, source idp.MappingSource, ids []string, matches []audit.Match) ([]judge.ConnectorFeed, error) {
	found, err := s.connectors(ctx, source, connectorsAsked{ConnectorRequest: idp.ConnectorRequest{IDs: ids}})
	if err != nil {
		return nil, err
	}
	if len(found.missing) > 0 {
		return nil, &missingConnectorsError{found.missing}
	}
	types := []audit.PrincipalType{audit.TypeUser, audit.TypeGroup} // A connector writes nothing else.
	var out []judge.ConnectorFeed
	for _, f := range found.unfound {
		for _, t := range types {
			out = append(out, judge.ConnectorFeed{Type: t, Connector: "SCIM connectors", Unknown: f.Call + ": " + f.Reason})
		}
	}
	for i := range found.connectors {
		c, v := &found.connectors[i], &found.verdicts[i]
		if ours := v.Target.IsThisAccount; ours != nil && !*ours {
			continue
		}
		name := fmt.Sprintf("the SCIM connector %q (%s)", c.DisplayName, c.ID)
		if why := c.Unread[provisioning.PartSchema]; why != "" {
			for _, t := range types {
				out = append(out, judge.ConnectorFeed{Type: t, Connector: name, Unknown: why})
			}
			continue
		}
		for _, row := range v.Mappings {
			if row.Correct == nil || *row.Correct {
				continue
			}
			feed := judge.ConnectorFeed{Type: row.Object, Connector: name, Source: row.SourceText(), Blank: row.SourceType == provisioning.SourceNone}
			feed.Values, err = valuesFed(ctx, source, &row, matches)
			switch {
			case err != nil && idp.EndsAll(ctx, err):
				return nil, err
			case err != nil: // It is wrong all the same, and which ids it explains is not known.
				out = append(out, judge.ConnectorFeed{Type: row.Object, Connector: name, Unknown: err.Error()})
			}
			out = append(out, feed)
		}
	}
	return out, nil
}

// valuesFed is what a mapping writes for each identity that a principal could be by its
// name. What a function makes of its arguments is not computed here, and explains nothing.
func valuesFed(ctx context.Context, source idp.MappingSource, row *provisioning.MappingRow, matches []audit.Match) (map[string]string, error) {
	var ids []string
	for i := range matches {
		if m := &matches[i]; m.Principal.Type == row.Object && m.Principal.ExternalID != "" && m.ByExternalID == nil {
			for _, id := range m.ByName {
				ids = append(ids, id.ExternalID)
			}
		}
	}
	switch {
	case len(ids) == 0:
		return nil, nil
	case row.SourceType == provisioning.SourceConstant:
		out := make(map[string]string, len(ids))
		for _, id := range ids {
			out[audit.CanonicalExternalID(id)] = row.Source
		}
		return out, nil
	case row.SourceType != provisioning.SourceAttribute:
		return nil, nil
	}
	values, _, err := source.Attribute(ctx, row.Object, row.Source, ids)
	return values, err
}

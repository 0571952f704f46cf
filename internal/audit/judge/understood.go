// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"slices"
	"unicode/utf8"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Reasons of what an answer held and no one can attribute.
const (
	memberWithoutID = "the list of members has an entry without id"
	notText         = "its name or externalId is not valid UTF-8, so that it cannot be compared"
)

// understood is the match, or one that is unknown where it holds what cannot be
// attributed to anyone: that is no absence.
func understood(m *audit.Match) *audit.Match {
	unnamed := func(r audit.MemberRef) bool { return r.ID == "" }
	switch {
	case m.Unknown != "":
		return m
	case !isText(m.Principal.Name) || !isText(m.Principal.ExternalID) || m.ByExternalID != nil && slices.ContainsFunc(m.ByExternalID.Names, notValid):
		return &audit.Match{Principal: m.Principal, Unknown: notText}
	case m.Members != nil && m.Members.Unknown == "" && (slices.ContainsFunc(m.Members.Local, unnamed) || slices.ContainsFunc(m.Members.External, unnamed)):
		changed := *m
		changed.Members = &audit.MemberMatch{Unknown: memberWithoutID}
		return &changed
	default:
		return m
	}
}

func isText(s string) bool { return utf8.ValidString(s) }

func notValid(s string) bool { return !isText(s) }

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package idp is the IdP side: it asks an identity provider (or, for the kind
// "databricks", the account's own matchWithIdp) what it knows of Databricks
// principals, and answers in the one language of the rules, [audit.Match].
//
// The package itself is the seam: what a source is asked and how it answers. Each kind
// of IdP is a package of its own below it, and what a kind can report is data
// ([Capabilities]).
//
// It knows directories and their APIs; it judges nothing. It must not import
// the Terraform libraries. A read that fails becomes [audit.Failure] and an
// Unknown in the matches that depend on it, never an absent identity.
package idp

import (
	"context"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/checkpoint"
)

// Membership says which members of an IdP group confirm a Databricks membership.
type Membership string

// Transitive counts members of nested groups too; Direct does not.
const (
	MembershipTransitive Membership = "transitive"
	MembershipDirect     Membership = "direct"
)

// Request is what an audit asks of the IdP.
type Request struct {
	// Principals are the principals to match, sorted by [audit.CompareRefs].
	Principals []audit.Principal
	// Membership is for directories; matchWithIdp decides by itself.
	Membership Membership
	// Members reads the direct Databricks members of a group; directories call
	// it for linked groups only. An error makes that group's members unknown.
	// It is nil when no one asks for members.
	Members func(ctx context.Context, groupID string) ([]audit.Member, error)
	// InIDP asks directories what the IdP has in each linked group, too
	// ([audit.MemberMatch.InIDP]). It reads every group below a linked one.
	InIDP bool
	// Readers is how many calls of Members may be under way: enough to keep the
	// account's client busy, which has a bound of its own. 0 means 64.
	Readers int
	// Kept is what an earlier, unfinished run of the same audit has read, and where
	// this one keeps what it reads; nil for none.
	Kept *checkpoint.Store
	// Writes is the number of writes to the account in this run: of what the account
	// itself answers, nothing from before a write is used again.
	Writes int64
}

// Result holds one match per requested principal, in the request's order.
type Result struct {
	Matches []audit.Match
	// Failures has every hole once, sorted by type, id and call.
	Failures []audit.Failure
}

// Capabilities are what a kind of IdP can report, and what asking it does. The rest
// of the provider knows the kinds by them alone.
type Capabilities struct {
	audit.Capabilities
	// SyncsOnMatch: matching is the one read that writes. On accounts with automatic
	// Identity management it syncs each identity that is asked about.
	SyncsOnMatch bool
}

// Source is one kind of IdP. Audits of one run share what it has read. Match fails as a whole only where nothing can be
// judged (wrong credentials, cancelled); everything less is in the result.
type Source interface {
	// Kind is the name in provider configuration: databricks, entra, okta, file.
	Kind() string
	Capabilities() Capabilities
	Match(ctx context.Context, req Request) (Result, error)
}

// EarlyLogin is a source that can log in before there is anything to ask.
type EarlyLogin interface {
	// LogIn has a login at hand for whoever asks first. A failure is theirs to report.
	LogIn(ctx context.Context)
}

// ConfigError is a setting of an IdP that cannot be used.
type ConfigError struct {
	// Attribute is below idp, for example "entra.graph_endpoint".
	Attribute string
	Detail    string
}

func (e *ConfigError) Error() string { return "idp." + e.Attribute + ": " + e.Detail }

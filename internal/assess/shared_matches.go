// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package assess

import (
	"context"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/once"
)

// Matches are what the identity provider knows of everyone in the account: audits of one
// run that ask the same are answered once. No one changes what they share. The zero value
// is empty.
type Matches struct{ kept once.Value[matched] }

// matched is an answer to a question.
type matched struct {
	question
	result idp.Result
}

type question struct {
	membership idp.Membership
	inIDP      bool
	writes     int64 // Of what was written since, the answer knows nothing.
}

// match asks the identity provider, or takes the answer that another audit of this run has.
func (r Run) match(ctx context.Context, source idp.Source, request idp.Request) (idp.Result, error) {
	asked := question{request.Membership, request.InIDP, request.Writes}
	ask := func(ctx context.Context) (matched, error) {
		result, err := source.Match(ctx, request)
		if err == nil {
			nameMissing(ctx, source, result.Matches)
		}
		return matched{asked, result}, err
	}
	// The others ask for less, or in another way.
	if r.Shared == nil || r.Kept != nil || r.Listed || r.Apart || len(r.Targets) > 0 || len(r.Types) < len(audit.PrincipalTypes()) {
		answer, err := ask(ctx)
		return answer.result, err
	}
	other := func(m matched) bool { return m.question != asked }
	r.Shared.kept.DropIf(other)
	answer, err := r.Shared.kept.Get(ctx, ask)
	if err == nil && other(answer) { // It was under way.
		answer, err = ask(ctx)
	}
	// What failed is asked again by the next one.
	r.Shared.kept.DropIf(func(m matched) bool { return len(m.result.Failures) > 0 })
	return answer.result, err
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"cmp"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/journal"
)

// cloneResultOf reads a clone plan and the journal of the run that applied it, and gives
// the rows of the file csv.CloneResult.
func cloneResultOf(r entryReader) []map[string][]string {
	plan := r.object("plan")
	if r.state.err != nil || r.state.unknown {
		return nil
	}
	p := cloneActionsOf(plan)
	p.AlreadyMember = planRowsOf(plan, "already_member")
	target := readPrincipal(plan.object("resolved_target"))
	r.need("journal")
	outcomes, ok := outcomesOf(r.text("journal"), target.Ref)
	if !ok {
		r.fail("journal is no text of a journal; give file(\"...\") of the provider's journal_path")
	}
	return access.CloneResultRows(p, outcomes)
}

// outcomesOf are the last writes of memberships of a principal in a journal, by group
// id. It is not ok when the text holds lines, and none of them is a record.
func outcomesOf(text string, member audit.Ref) (outcomes map[string]access.Outcome, ok bool) {
	records, damaged, _ := journal.Read(strings.NewReader(text)) // A text does not fail.
	if len(records) == 0 && len(damaged) > 0 {
		return nil, false
	}
	writes := map[string]journal.Record{} // The last of each group: an intent, or its outcome.
	for _, r := range records {
		group, isGroup := strings.CutPrefix(r.Group, string(audit.TypeGroup)+"/")
		if !isGroup || r.Principal != member.String() || r.Operation != journal.OpAddMember && r.Operation != journal.OpRemoveMember {
			continue
		}
		last, there := writes[group]
		if r.Event == journal.EventIntent || !there || last.Write == r.Write {
			writes[group] = r
		}
	}
	outcomes = map[string]access.Outcome{}
	for group, r := range writes {
		outcomes[group] = outcomeOf(r)
	}
	return outcomes, true
}

func outcomeOf(r journal.Record) access.Outcome {
	yes, no := true, false
	switch {
	case r.Event == journal.EventIntent:
		return access.Outcome{Error: "the journal has no outcome: the write may have happened"}
	case r.Operation == journal.OpRemoveMember && r.Result == journal.ResultConfirmed:
		return access.Outcome{Applied: &no, Error: "removed again"}
	case r.Operation == journal.OpRemoveMember:
		return access.Outcome{Error: "a removal was tried after it: " + cmp.Or(r.Error, r.Result)}
	case r.Result == journal.ResultConfirmed:
		return access.Outcome{Applied: &yes}
	case r.Wrote == journal.WroteNo:
		return access.Outcome{Applied: &no, Error: cmp.Or(r.Error, r.Result)}
	case r.Wrote == journal.WroteYes:
		return access.Outcome{Applied: &yes, Error: cmp.Or(r.Error, r.Result)}
	default:
		return access.Outcome{Error: cmp.Or(r.Error, r.Result)}
	}
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/journal"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

const (
	mixedFixes   = 28 // users 1000 and up
	mixedMembers = 6  // of each of the groups 1 and 2
)

// mixedWorld has 28 ids to write and 12 members to add.
func mixedWorld() simulator.State {
	st := manyStale(mixedFixes)
	st.Groups = []simulator.Group{{ID: "1", DisplayName: "one"}, {ID: "2", DisplayName: "two"}}
	return st
}

// What of a write cannot be confirmed ends after a moment, where one is bound to be;
// a busy machine has all the time where none is.
const (
	aMoment = `timeouts = { create = "5s" }`
	allTime = `timeouts = { create = "20m" }`
)

// takeTime gives all writes all time.
func (w *workspace) takeTime() {
	w.t.Helper()
	w.write("main.tf", strings.ReplaceAll(w.main(), aMoment, allTime))
}

// mixedConfig writes all of it.
func mixedConfig(a account, limit string) string {
	var fixes, members strings.Builder
	for i := range mixedFixes {
		fmt.Fprintf(&fixes, "    %d = [%q, %q]\n", 1000+i, entraID(500000+i), entraID(1000+i))
	}
	for i := range 2 * mixedMembers {
		fmt.Fprintf(&members, "    \"%d/%d\" = true\n", 1+i%2, 1000+i)
	}
	return a.config("writes_per_second = 100\n  journal_path = \"journal.jsonl\"\n  automatic_identity_management = \"off\"", `
resource "dbxidentity_external_id" "fix" {
  for_each = {
`+fixes.String()+`  }
  principal_type               = "user"
  principal_id                 = each.key
  external_id                  = each.value[1]
  expected_current_external_id = each.value[0]
  `+limit+`
}

resource "dbxidentity_group_member" "member" {
  for_each = {
`+members.String()+`  }
  group_id  = split("/", each.key)[0]
  member_id = split("/", each.key)[1]
  `+limit+`
}
`)
}

// mixedFact is one thing that the configuration wants.
type mixedFact struct {
	address, principal, group string // group is empty for an externalId
	before, want              string
}

func mixedFacts() []mixedFact {
	var out []mixedFact
	for i := range mixedFixes {
		out = append(out, mixedFact{
			address: fmt.Sprintf("dbxidentity_external_id.fix[%q]", fmt.Sprint(1000+i)), principal: fmt.Sprintf("user/%d", 1000+i),
			before: entraID(500000 + i), want: entraID(1000 + i),
		})
	}
	for i := range 2 * mixedMembers {
		key := fmt.Sprintf("%d/%d", 1+i%2, 1000+i)
		out = append(out, mixedFact{
			address: fmt.Sprintf("dbxidentity_group_member.member[%q]", key), principal: fmt.Sprintf("user/%d", 1000+i),
			group: fmt.Sprintf("group/%d", 1+i%2), before: journal.Absent, want: journal.Member,
		})
	}
	return out
}

// now is what the account holds of a fact.
func (f mixedFact) now(a account) string {
	id := strings.TrimPrefix(f.principal, "user/")
	switch {
	case f.group == "":
		return a.userExternalID(id)
	case slices.Contains(a.members(strings.TrimPrefix(f.group, "group/")), id):
		return journal.Member
	}
	return journal.Absent
}

// agree checks that account, state and journal tell the same story: what the
// account holds is what it held or what is wanted; what changed has a record
// that does not deny it; what a record or the state calls done is done.
func agree(t *testing.T, a account, w *workspace) {
	t.Helper()
	outcomes := map[string]journal.Record{}
	var intents []journal.Record
	for _, r := range w.journalOf("journal.jsonl") {
		if r.Event == journal.EventOutcome {
			outcomes[r.Write] = r
			continue
		}
		intents = append(intents, r)
	}
	instances := w.instances()
	for _, f := range mixedFacts() {
		now := f.now(a)
		if now != f.before && now != f.want {
			t.Errorf("%s: the account holds %q", f.address, now)
		}
		recorded := false
		for _, r := range intents {
			if r.Principal != f.principal || r.Group != f.group {
				continue
			}
			if *r.Before != f.before || *r.After != f.want {
				t.Errorf("%s: the journal says %q to %q", f.address, *r.Before, *r.After)
			}
			wrote := outcomes[r.Write].Wrote // Empty where a kill came first.
			recorded = recorded || wrote != journal.WroteNo
			if wrote == journal.WroteYes && now != f.want {
				t.Errorf("%s: the journal calls it done, and the account holds %q", f.address, now)
			}
		}
		if now != f.before && !recorded {
			t.Errorf("%s: changed without a record of it", f.address)
		}
		state := instances[f.address]
		if state != nil && now != f.want {
			t.Errorf("%s: in the state, and the account holds %q", f.address, now)
		}
		if state != nil && f.group == "" && state["previous_external_id"] != f.before {
			t.Errorf("%s: previous_external_id is %v", f.address, state["previous_external_id"])
		}
	}
}

// Storms of 429, lost answers, success without effect, stale reads and a kill,
// all at once, over 40 writes: afterwards the account equals the plan, or an
// error names what differs; state, journal and account agree at every stop.
func TestProcess_mixedFaults(t *testing.T) {
	t.Parallel()
	a := startAccount(t, mixedWorld(), simulator.Options{Latency: 10 * time.Millisecond})
	w := newWorkspace(t, mixedConfig(a, aMoment))
	zero := 0
	patch := func(f simulator.Fault) simulator.Fault {
		f.Method = http.MethodPatch
		return f
	}
	mix := []simulator.Fault{
		patch(simulator.Fault{Kind: simulator.FaultNoop, Skip: 3, Times: 3}),
		patch(simulator.Fault{Kind: simulator.FaultLost, Probability: 0.15, Seed: 1}),
		patch(simulator.Fault{Kind: simulator.FaultStatus, Status: 429, RetryAfterSeconds: &zero, Probability: 0.2, Seed: 2}),
		patch(simulator.Fault{Kind: simulator.FaultStatus, Status: 503, AfterHandler: true, Probability: 0.1, Seed: 3}),
		patch(simulator.Fault{Kind: simulator.FaultReset, Skip: 9, Times: 2}),
		{Kind: simulator.FaultStale, Method: http.MethodGet, Path: "/api/2.1/**", Probability: 0.15, Seed: 4},
		{Kind: simulator.FaultTruncate, Method: http.MethodGet, Probability: 0.03, Seed: 5},
	}
	const before = 12 // requests, before all others hang and the kill comes
	a.faults(append([]simulator.Fault{patch(simulator.Fault{Kind: simulator.FaultHang, Skip: before})}, mix...)...)
	cmd, out := w.command("apply", "-auto-approve")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.until(out, "the first writes", func() bool { return a.writes() > before })
	w.killBetweenStates(cmd)
	a.quiet()
	agree(t, a, w)

	// One write of the second run never takes effect.
	facts := mixedFacts()
	i := slices.IndexFunc(facts, func(f mixedFact) bool { return f.group == "" && f.now(a) != f.want })
	if i < 0 {
		t.Fatal("everything was written before the kill: the test proves nothing")
	}
	never := patch(simulator.Fault{Kind: simulator.FaultNoop, Path: "/api/**/Users/" + strings.TrimPrefix(facts[i].principal, "user/")})
	a.faults(append([]simulator.Fault{never}, mix...)...)
	text := w.must(1, "apply", "-auto-approve", "-lock=false")
	agree(t, a, w)
	different := 0
	for _, f := range facts {
		if f.now(a) != f.want {
			different++
			if !strings.Contains(text, "with "+f.address) {
				t.Errorf("%s differs from the plan, and no error names it:\n%s", f.address, text)
			}
		}
	}
	t.Logf("after kill and apply under faults %d of %d differ", different, len(facts))

	a.faults()
	w.takeTime()
	w.must(0, "apply", "-auto-approve", "-lock=false")
	w.must(0, "plan", "-detailed-exitcode", "-lock=false")
	agree(t, a, w)
	for _, f := range facts {
		if now := f.now(a); now != f.want {
			t.Errorf("%s: the account holds %q", f.address, now)
		}
	}
}

// Each fault by itself, over the same 40 writes: the apply ends well with what was
// planned, or its errors name every difference; the apply after it ends well.
func TestProcess_eachFault(t *testing.T) {
	t.Parallel()
	zero := 0
	for name, tt := range map[string]struct {
		fault simulator.Fault
		code  int
	}{
		"storm of 429":        {simulator.Fault{Kind: simulator.FaultStatus, Status: 429, RetryAfterSeconds: &zero, Method: http.MethodPatch, Probability: 0.4, Seed: 1}, 0},
		"lost answers":        {simulator.Fault{Kind: simulator.FaultLost, Method: http.MethodPatch, Probability: 0.3, Seed: 2}, 0},
		"200 without effect":  {simulator.Fault{Kind: simulator.FaultNoop, Method: http.MethodPatch, Skip: 2, Times: 3}, 1},
		"stale reads":         {simulator.Fault{Kind: simulator.FaultStale, Method: http.MethodGet, Path: "/api/2.1/**", Probability: 0.3, Seed: 3}, 0},
		"500 and yet written": {simulator.Fault{Kind: simulator.FaultStatus, Status: 500, Method: http.MethodPatch, AfterHandler: true, Probability: 0.3, Seed: 4}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := startAccount(t, mixedWorld(), simulator.Options{})
			limit := allTime
			if tt.code != 0 {
				limit = aMoment
			}
			w := newWorkspace(t, mixedConfig(a, limit))
			a.faults(tt.fault)
			text := w.must(tt.code, "apply", "-auto-approve")
			agree(t, a, w)
			for _, f := range mixedFacts() {
				if f.now(a) != f.want && !strings.Contains(text, "with "+f.address) {
					t.Errorf("%s differs from the plan, and no error names it:\n%s", f.address, text)
				}
			}
			a.faults()
			if tt.code != 0 {
				w.takeTime()
				w.must(0, "apply", "-auto-approve")
			}
			w.must(0, "plan", "-detailed-exitcode")
			agree(t, a, w)
		})
	}
}

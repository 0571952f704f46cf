// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package readiness

import "testing"

// The sentence of each status, word for word.
func TestSummarize(t *testing.T) {
	t.Parallel()
	user := func(name string, waived bool) Affected {
		return Affected{Kind: "user", ID: "1", Name: name, Waived: waived}
	}
	for want, tt := range map[string]struct {
		r    Result
		open int
	}{
		"Nothing stands in the way.":                     {Result{Status: Met}, 0},
		"One is affected: ann.":                          {Result{Status: NotMet, Affected: []Affected{user("bob", true), user("ann", false)}}, 1},
		"One is affected: 1.":                            {Result{Status: NotMet, Affected: []Affected{user("", false)}}, 1},
		"2 are affected, the first is ann.":              {Result{Status: NotMet, Affected: []Affected{user("ann", false), user("eve", false)}}, 2},
		"No admin.":                                      {Result{Status: NotMet, Affected: []Affected{{Kind: kindAccount, Detail: "no admin"}}}, 1},
		"Status 500.":                                    {Result{Status: Unknown, Unknown: []string{"status 500"}}, 0},
		"Status 500. And one more reason.":               {Result{Status: Unknown, Unknown: []string{"status 500", "x"}}, 0},
		"Status 500. And 2 more reasons.":                {Result{Status: Unknown, Unknown: []string{"status 500", "x", "y"}}, 0},
		"Status 500. Who can answer: An admin.":          {Result{Check: Check{Asks: "An admin."}, Status: Unknown, Unknown: []string{"status 500"}}, 0},
		"Accepted: Ticket 7.":                            {Result{Status: Waived, Reason: "ticket 7"}, 0},
		"Accepted: Every one of the affected is waived.": {Result{Status: Waived}, 0},
		"One is affected: eve. There may be more: not everything could be read.": {
			Result{Status: NotMet, Affected: []Affected{user("eve", false)}, Unknown: []string{"status 500"}}, 1,
		},
	} {
		if tt.r.summarize(tt.open); tt.r.Summary != want {
			t.Errorf("got %q, want %q", tt.r.Summary, want)
		}
	}
}

// The verdict names what is not met, then what else is unknown; what does not decide is
// in neither.
func TestVerdictOf(t *testing.T) {
	t.Parallel()
	result := func(id string, d Decision, s Severity, status Status) Result {
		return Result{Check: Check{ID: id, Decision: d, Severity: s}, Status: status}
	}
	a, b := result("a", EnableAIM, Blocker, NotMet), result("b", EnableAIM, Breaking, NotMet)
	c, d := result("c", EnableAIM, Breaking, Unknown), result("d", EnableAIM, Blocker, Unknown)
	others := []Result{
		result("e", EnableAIM, Info, NotMet), result("f", EnableAIM, Info, Unknown), result("g", DisableSCIM, Blocker, NotMet), result("h", DisableSCIM, Blocker, Unknown),
		result("i", EnableAIM, Blocker, Met), result("j", EnableAIM, Blocker, Waived), result("k", EnableAIM, Blocker, NotApplicable),
	}
	yes, no := "yes", "no"
	for want, tt := range map[string]struct {
		results []Result
		ready   string
	}{
		"Yes, every check that blocks or breaks is met, waived or does not apply.":             {nil, yes},
		"No, because this check is not met: a.":                                                {[]Result{a}, no},
		"No, because these checks are not met: a, b.":                                          {[]Result{a, b}, no},
		"No, because this check is not met: a. Besides, this check is unknown: c.":             {[]Result{a, c}, no},
		"No, because these checks are not met: a, b. Besides, these checks are unknown: c, d.": {[]Result{a, c, b, d}, no},
		"Not known, because this check is unknown: c.":                                         {[]Result{c}, ""},
		"Not known, because these checks are unknown: c, d.":                                   {[]Result{c, d}, ""},
	} {
		v := verdictOf(append(tt.results, others...), EnableAIM)
		ready := ""
		if v.Ready != nil {
			ready = map[bool]string{true: yes, false: no}[*v.Ready]
		}
		if v.Reason != want || ready != tt.ready {
			t.Errorf("%q is %q, want %q", v.Reason, ready, want)
		}
	}
}

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

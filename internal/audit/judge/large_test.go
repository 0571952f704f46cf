// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// within fails a test when the work takes longer, three times in a row: the machine
// may be busy. What is quadratic takes minutes.
func within(t *testing.T, limit time.Duration, work func()) {
	t.Helper()
	var took time.Duration
	for range 3 {
		began := time.Now()
		work()
		if took = time.Since(began); took <= limit {
			return
		}
	}
	t.Errorf("took %s, limit %s", took, limit)
}

// What a directory or an account can have very many of: none of it is quadratic.
//
//nolint:paralleltest // It measures time.
func TestDivergences_large(t *testing.T) {
	if os.Getenv("DBXIDENTITY_TEST_QUICK") != "" {
		t.Skip("it is about time, not about results")
	}
	const many = 100_000
	names := make([]audit.Identity, many)
	for i := range names {
		names[i] = identity(fmt.Sprintf("%08x-0000-4000-8000-000000000000", i), "a")
	}
	oneID, unknown := make([]audit.Match, many), make([]audit.Match, many)
	members := &audit.MemberMatch{}
	waivers := make([]audit.Waiver, many)
	for i := range many {
		id := fmt.Sprint(i + 10)
		oneID[i] = audit.Match{Principal: user(id, "u"+id, "held")}
		unknown[i] = audit.Match{Principal: user(id, "u"+id, "x"), Unknown: "500"}
		members.Local = append(members.Local, audit.MemberRef{Ref: audit.Ref{Type: audit.TypeUser, ID: id}, Source: audit.SourceInternal, NestedInIDP: ptr(false)})
		waivers[i] = audit.Waiver{Type: audit.TypeUser, ID: id}
	}
	failures := make([]audit.Failure, many)
	for i := range failures {
		failures[i] = audit.Failure{Type: audit.TypeGroup, ID: fmt.Sprint(i), Call: "x", Reason: "y"}
	}
	for name, c := range map[string]struct {
		matches []audit.Match
		change  func(*Input, *Options)
		row     bool
	}{
		"identities of one name":   {[]audit.Match{{Principal: user("1", "a", ""), ByName: names}}, nil, true},
		"near names":               {[]audit.Match{{Principal: user("1", "a", "x"), NearName: names}}, nil, true},
		"principals of one id":     {oneID, nil, true},
		"holes and other failures": {unknown, func(in *Input, _ *Options) { in.Failures = failures }, false},
		"members of one group": {append(oneID[:many:many], audit.Match{
			Principal: group("1", "g", "g-id"), ByExternalID: ptr(identity("g-id", "g")), Members: members,
		}), nil, true},
		"waivers": {oneID, func(_ *Input, o *Options) { o.Waivers = waivers }, true},
	} {
		t.Run(name, func(t *testing.T) {
			in, o := scope(c.matches), directory()
			if c.change != nil {
				c.change(&in, &o)
			}
			within(t, 5*time.Second, func() {
				r := Divergences(in, o)
				if (len(r.Users) > 0) != c.row {
					t.Errorf("%d rows", len(r.Users))
				}
			})
		})
	}
}

// A caller that stops an audit gets the reason at once, and no report.
func TestDivergencesUntil(t *testing.T) {
	t.Parallel()
	var matches []audit.Match
	for i := range 10_000 {
		id := fmt.Sprint(i + 10)
		matches = append(matches, audit.Match{Principal: user(id, "u"+id, ""), ByName: []audit.Identity{identity("x"+id, "u"+id)}})
	}
	in, o := scope(matches), directory()
	asked := 0
	never := func() error { asked++; return nil }
	whole, err := DivergencesUntil(never, in, o)
	if err != nil || len(whole.ExternalIDFixes) != len(matches) {
		t.Fatalf("%d fixes, %v", len(whole.ExternalIDFixes), err)
	}
	if _, err := CandidatesUntil(never, in, o); err != nil {
		t.Fatal(err)
	}
	ended := errors.New("the time is over")
	for at := range asked / 2 {
		left := at
		stop := func() error {
			if left--; left < 0 {
				return ended
			}
			return nil
		}
		r, err := DivergencesUntil(stop, in, o)
		if !errors.Is(err, ended) || r.Complete || r.Users != nil {
			t.Fatalf("stopped at question %d: complete %t, %v", at, r.Complete, err)
		}
		if left < -1 {
			t.Fatalf("asked %d times more after it was told to stop", -1-left)
		}
	}
	if _, err := CandidatesUntil(func() error { return ended }, in, o); !errors.Is(err, ended) {
		t.Fatal(err)
	}
}

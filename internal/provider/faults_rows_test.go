// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/faults"
)

// faultScope is how far a fault reaches.
type faultScope int

const (
	// scopeOnce: the first request of every API, and the first one to the place
	// that the operation is about; what is asked again is answered.
	scopeOnce faultScope = iota
	// scopePlace: that place, for good.
	scopePlace
	// scopeEverywhere: everything, for good.
	scopeEverywhere
)

var faultScopes = []faultScope{scopeOnce, scopePlace, scopeEverywhere}

func (s faultScope) String() string { return [...]string{"once", "one place", "everywhere"}[s] }

// faultRow is a row of the matrix.
type faultRow struct {
	name string
	// fault is what happens, without its reach.
	fault simulator.Fault
	// scopes are those in which it makes sense; nil is all.
	scopes []faultScope
	// lists reports that it is about pages: its place is a list.
	lists bool
	// path limits it; "" is every API. noLogin leaves token requests alone.
	path    string
	noLogin bool
	// answered reports that every request has its answer at once, so that no time
	// limit is reached.
	answered bool
	// more are further faults, which come after it, each once.
	more []simulator.Fault
}

// eachAPI are patterns for the paths of every API that the provider talks to:
// the account's tokens, Entra's, Graph, Okta, IAM v2, the rest of the account.
var eachAPI = []string{"/oidc/**", "/entra/**", "/graph/**", "/okta/**", "/api/2.0/identity/**", "/api/2.0/accounts/**", "/api/2.1/**"}

// faultRows are the faults of the simulator, alone and mixed.
func faultRows() []faultRow {
	status := func(code int) simulator.Fault {
		return simulator.Fault{Kind: simulator.FaultStatus, Status: code}
	}
	one := 1
	limited := status(http.StatusTooManyRequests)
	seconds, date := limited, limited
	seconds.RetryAfterSeconds = &one
	date.RetryAfterSeconds, date.RetryAfterForm = &one, "date"
	html := status(http.StatusBadGateway)
	html.BodyForm = "html"
	late := status(http.StatusServiceUnavailable)
	late.AfterHandler = true
	kind := func(kind string) simulator.Fault { return simulator.Fault{Kind: kind} }
	lasting := []faultScope{scopePlace, scopeEverywhere}
	return []faultRow{
		{name: "429, Retry-After in seconds", fault: seconds},
		{name: "429, Retry-After as a date", fault: date},
		{name: "429 without Retry-After", fault: limited},
		{name: "500", fault: status(http.StatusInternalServerError)},
		{name: "502, an HTML page", fault: html},
		{name: "503", fault: status(http.StatusServiceUnavailable)},
		{name: "503 after it happened", fault: late},
		{name: "connection reset", fault: kind(simulator.FaultReset)},
		{name: "no answer", fault: kind(simulator.FaultHang)},
		{name: "half an answer", fault: kind(simulator.FaultTruncate)},
		{name: "answer lost after it happened", fault: kind(simulator.FaultLost)},
		{name: "200 without effect", fault: kind(simulator.FaultNoop), path: "/api/**", answered: true},
		{name: "stale reads", fault: kind(simulator.FaultStale), answered: true},
		{name: "an entry added while listing", fault: kind(simulator.FaultShift), scopes: lasting, lists: true, answered: true},
		{name: "an entry removed while listing", fault: kind(simulator.FaultShrink), scopes: []faultScope{scopeOnce}, lists: true},
		{name: "duplicates across pages", fault: kind(simulator.FaultDuplicate), scopes: lasting, lists: true, answered: true},
		{name: "empty page with a next token", fault: kind(simulator.FaultEmptyPage), lists: true, answered: true},
		{name: "403", fault: status(http.StatusForbidden), scopes: lasting, answered: true},
		{name: "expired token", fault: kind(simulator.FaultExpiredToken), noLogin: true, answered: true},
		{name: "slow answers", fault: simulator.Fault{Kind: simulator.FaultDelay, DelayMS: 60}, scopes: lasting, answered: true},
		{name: "mixed", fault: limited, scopes: []faultScope{scopeOnce}, more: []simulator.Fault{
			kind(simulator.FaultReset), status(http.StatusServiceUnavailable), kind(simulator.FaultTruncate), kind(simulator.FaultStale), kind(simulator.FaultLost),
		}},
	}
}

// applies reports whether the row has the scope.
func (r faultRow) has(scope faultScope) bool {
	return r.scopes == nil || slices.Contains(r.scopes, scope)
}

// isStale reports whether the row needs a write that reads may not show.
func (r faultRow) isStale() bool { return r.fault.Kind == simulator.FaultStale }

// reach are the faults to inject into an operation for a scope.
func (r faultRow) reach(scope faultScope, o operation) []simulator.Fault {
	place := o.place
	switch {
	case r.lists:
		place = o.list
	case r.isStale() && !o.isData():
		place = o.reads
	}
	at := func(f simulator.Fault, method, path string, times int) simulator.Fault {
		f.Method, f.Path, f.Times = method, path, times
		return f
	}
	switch scope {
	case scopePlace:
		return []simulator.Fault{at(r.fault, place.Method, place.Path, 0)}
	case scopeEverywhere:
		return []simulator.Fault{at(r.fault, "", r.path, 0)}
	case scopeOnce: // Below.
	}
	if r.fault.Kind == simulator.FaultShrink {
		// A first page has nothing before it, and Okta's list of the deprovisioned comes first.
		return []simulator.Fault{at(r.fault, place.Method, place.Path, 3)}
	}
	out := []simulator.Fault{at(r.fault, place.Method, place.Path, 1)}
	for _, path := range eachAPI {
		// A token is asked for anew once only.
		if twice := r.noLogin && strings.HasPrefix(place.Path, strings.TrimSuffix(path, "**")); r.isAt(path) && !twice {
			out = append(out, at(r.fault, "", path, 1))
		}
	}
	for _, f := range r.more {
		out = append(out, at(f, place.Method, place.Path, 1))
		for _, path := range eachAPI[2:] { // One fault of a token request is enough.
			out = append(out, at(f, "", path, 1))
		}
	}
	return out
}

// isAt reports whether the row is about an API.
func (r faultRow) isAt(api string) bool {
	login := api == "/oidc/**" || api == "/entra/**"
	return strings.HasPrefix(api, strings.TrimSuffix(r.path, "**")) && !(login && r.noLogin)
}

// The matrix forgets no fault that the simulator has.
func TestFaults_everyKindHasARow(t *testing.T) {
	t.Parallel()
	rows := map[string]bool{}
	for _, r := range faultRows() {
		rows[r.fault.Kind] = true
	}
	for _, kind := range faults.Kinds() {
		if !rows[kind] {
			t.Errorf("the simulator has the fault %q, and the matrix has no row for it", kind)
		}
	}
	for _, status := range []int{429, 500, 502, 503, 403} {
		if !slices.ContainsFunc(faultRows(), func(r faultRow) bool { return r.fault.Status == status }) {
			t.Errorf("no row for status %d", status)
		}
	}
}

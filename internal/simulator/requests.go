// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"maps"
	"slices"
	"sync"
)

// logSize is how many of the last requests the log holds.
const logSize = 20000

// RequestCounts is what clients have sent since the start or the last reset.
// Control requests are not in it.
type RequestCounts struct {
	Total int `json:"total"`
	// ByRoute counts by method and route pattern, as in
	// "GET /api/2.0/accounts/{account_id}/workspaces".
	ByRoute     map[string]int `json:"by_route"`
	MaxInFlight int            `json:"max_in_flight"`
	// UnknownRoutes are method and path of what no route answers, sorted.
	UnknownRoutes []string `json:"unknown_routes"`
	// Log is the last requests in order of arrival, 20,000 at most.
	Log []LoggedRequest `json:"log"`
}

// LoggedRequest is one request. Status is 0 while it is under way and where the
// connection was cut without an answer.
type LoggedRequest struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Query  string `json:"query,omitempty"`
	Status int    `json:"status"`
	// WorkspaceID is the workspace that a workspace host, or the header of the
	// account host, stands for.
	WorkspaceID int64 `json:"workspace_id,omitempty"`
	// Fault is the kind of the injected fault that decided the answer.
	Fault string `json:"fault,omitempty"`
}

// requestLog counts requests.
type requestLog struct {
	mu       sync.Mutex
	total    int
	byRoute  map[string]int
	inFlight int
	maxIn    int
	unknown  map[string]bool
	ring     []*LoggedRequest
	next     int
}

func newRequestLog() *requestLog {
	return &requestLog{byRoute: map[string]int{}, unknown: map[string]bool{}}
}

// begin counts a request that has arrived; route is "" where none answers.
func (l *requestLog) begin(entry LoggedRequest, route string) *LoggedRequest {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total++
	l.inFlight++
	l.maxIn = max(l.maxIn, l.inFlight)
	if route == "" {
		l.unknown[entry.Method+" "+entry.Path] = true
	} else {
		l.byRoute[route]++
	}
	e := &entry
	if len(l.ring) < logSize {
		l.ring = append(l.ring, e)
	} else {
		l.ring[l.next] = e
		l.next = (l.next + 1) % logSize
	}
	return e
}

func (l *requestLog) end(e *LoggedRequest, status int, fault string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inFlight--
	e.Status, e.Fault = status, fault
}

func (l *requestLog) counts() RequestCounts {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := RequestCounts{
		Total: l.total, ByRoute: maps.Clone(l.byRoute), MaxInFlight: l.maxIn,
		UnknownRoutes: slices.Sorted(maps.Keys(l.unknown)), Log: make([]LoggedRequest, 0, len(l.ring)),
	}
	if out.UnknownRoutes == nil {
		out.UnknownRoutes = []string{}
	}
	for i := range l.ring {
		out.Log = append(out.Log, *l.ring[(l.next+i)%len(l.ring)])
	}
	return out
}

func (l *requestLog) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total, l.maxIn, l.next = 0, l.inFlight, 0
	l.ring = nil
	clear(l.byRoute)
	clear(l.unknown)
}

// Requests is what clients have sent since the start or the last reset.
func (s *Server) Requests() RequestCounts { return s.requests.counts() }

// ResetRequests starts counting anew.
func (s *Server) ResetRequests() { s.requests.reset() }

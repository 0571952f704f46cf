// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
)

// requestContext is what the pipeline tells the handlers about a request.
type requestContext struct {
	stale bool
	list  listFault
	fault string // kind of the fault that decided the answer
}

type requestContextKey struct{}

func contextOf(r *http.Request) *requestContext {
	rc, _ := r.Context().Value(requestContextKey{}).(*requestContext)
	return rc
}

// withContext lets handlers find what the pipeline tells them.
func withContext(r *http.Request, rc *requestContext) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), requestContextKey{}, rc))
}

func isStale(r *http.Request) bool {
	rc := contextOf(r)
	return rc != nil && rc.stale
}

// listFaultOf is what the faults do to this page of a list.
func listFaultOf(r *http.Request) listFault {
	if rc := contextOf(r); rc != nil {
		return rc.list
	}
	return listFault{}
}

// listFault is what the faults do to one page of a list.
type listFault struct {
	// Shift is by how many places the elements have moved back since the page
	// before: 1 after an insertion at the front, -1 after a deletion. A handler
	// that pages by position starts Shift places earlier.
	Shift int
	// Duplicate asks for the last element of the page before once more.
	Duplicate bool
	// EmptyPage asks for no elements and a token that goes on from here.
	EmptyPage bool
}

type nestedKey struct{}

// asPart marks a request as part of another one, which is being handled.
func asPart(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), nestedKey{}, true))
}

func isNested(r *http.Request) bool { return r.Context().Value(nestedKey{}) != nil }

// workspaceHeader chooses the workspace on a host that serves several.
const workspaceHeader = "X-Databricks-Workspace-Id"

type workspaceHostKey struct{}

// onWorkspaceHost marks a request that came to the host of a workspace.
func onWorkspaceHost(r *http.Request, id int64) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), workspaceHostKey{}, id))
}

// hostWorkspace is the workspace of the host that a request came to, 0 for the
// account host.
func hostWorkspace(r *http.Request) int64 {
	id, _ := r.Context().Value(workspaceHostKey{}).(int64)
	return id
}

// workspaceOf is the workspace that a request is meant for: that of the host or,
// on the account host, that of the header, as hosts for everything have it; 0
// for none.
func workspaceOf(r *http.Request) int64 {
	if id := hostWorkspace(r); id != 0 {
		return id
	}
	id, err := strconv.ParseInt(r.Header.Get(workspaceHeader), 10, 64)
	if err != nil {
		return 0
	}
	return id
}

// baseURL is the host as the client names it.
func baseURL(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// PagingAssumptions are about the pages of every list: Databricks, Graph, Okta.
type PagingAssumptions struct {
	// MaxEntries, if not 0, is the most that any page holds, however many are
	// asked for: so that small accounts have lists of several pages.
	MaxEntries int
}

// size is how many entries a page holds of which that many are due.
func (p PagingAssumptions) size(due int) int {
	if p.MaxEntries > 0 {
		return min(due, p.MaxEntries)
	}
	return due
}

// requestIDs numbers the request ids of the identity providers.
type requestIDs struct{ n atomic.Uint64 }

// next is a GUID that is new for every request and the same in every run.
func (ids *requestIDs) next() string {
	return fmt.Sprintf("5e000000-0000-4000-8000-%012x", ids.n.Add(1))
}

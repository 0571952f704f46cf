// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package wire

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
)

// Context is what the pipeline passes to the handlers with a request.
type Context struct {
	Stale bool
	List  ListFault
	Fault string // kind of the fault that decided the answer
}

type contextKey struct{}

// ContextOf is what the server says of a request; nil outside a server.
func ContextOf(r *http.Request) *Context {
	rc, _ := r.Context().Value(contextKey{}).(*Context)
	return rc
}

// WithContext lets handlers find what the pipeline passes to them.
func WithContext(r *http.Request, rc *Context) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), contextKey{}, rc))
}

// IsStale reports whether a read shows what was before the last write.
func IsStale(r *http.Request) bool {
	rc := ContextOf(r)
	return rc != nil && rc.Stale
}

// ListFaultOf is what the faults do to this page of a list.
func ListFaultOf(r *http.Request) ListFault {
	if rc := ContextOf(r); rc != nil {
		return rc.List
	}
	return ListFault{}
}

// ListFault is what the faults do to one page of a list.
type ListFault struct {
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

// AsPart marks a request as part of another one, which is being handled.
func AsPart(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), nestedKey{}, true))
}

// IsNested reports whether a request is part of another one.
func IsNested(r *http.Request) bool { return r.Context().Value(nestedKey{}) != nil }

// WorkspaceHeader chooses the workspace on a host that serves several.
const WorkspaceHeader = "X-Databricks-Workspace-Id"

type workspaceHostKey struct{}

// OnWorkspaceHost marks a request that came to the host of a workspace.
func OnWorkspaceHost(r *http.Request, id int64) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), workspaceHostKey{}, id))
}

// HostWorkspace is the workspace of the host that a request came to, 0 for the
// account host.
func HostWorkspace(r *http.Request) int64 {
	id, _ := r.Context().Value(workspaceHostKey{}).(int64)
	return id
}

// WorkspaceOf is the workspace that a request is meant for: that of the host or,
// on the account host, that of the header, as hosts for everything have it; 0
// for none.
func WorkspaceOf(r *http.Request) int64 {
	if id := HostWorkspace(r); id != 0 {
		return id
	}
	id, err := strconv.ParseInt(r.Header.Get(WorkspaceHeader), 10, 64)
	if err != nil {
		return 0
	}
	return id
}

// BaseURL is the host as the client names it.
func BaseURL(r *http.Request) string {
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

// Size is how many entries a page holds of which that many are due.
func (p PagingAssumptions) Size(due int) int {
	if p.MaxEntries > 0 {
		return min(due, p.MaxEntries)
	}
	return due
}

// RequestIDs numbers the request ids of the identity providers.
type RequestIDs struct{ n atomic.Uint64 }

// Next is a GUID that is new for every request and the same in every run.
func (ids *RequestIDs) Next() string {
	return fmt.Sprintf("5e000000-0000-4000-8000-%012x", ids.n.Add(1))
}

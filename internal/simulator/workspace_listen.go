// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// maxWorkspaceHosts is how many workspaces get a port of their own, so that a
// generated account does not use up the ports of a machine. Every workspace can
// be reached on the account host too, with the header X-Databricks-Workspace-Id.
const maxWorkspaceHosts = 256

// workspaceHosts are the listeners of workspaces, opened when someone asks.
type workspaceHosts struct {
	mu      sync.Mutex
	ip      string
	server  *Server
	running map[int64]*workspaceHost
	closed  bool
}

type workspaceHost struct {
	url  string
	http *http.Server
	done chan error
}

// open returns the URL of a workspace, without a trailing slash.
func (h *workspaceHosts) open(id int64) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if host := h.running[id]; host != nil {
		return host.url, nil
	}
	if h.closed {
		return "", errors.New("the simulator is closed")
	}
	if len(h.running) >= maxWorkspaceHosts {
		return "", fmt.Errorf("workspace %d: %d workspaces have a host of their own already, which is the most; use the account host with the header %s",
			id, maxWorkspaceHosts, wire.WorkspaceHeader)
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", net.JoinHostPort(h.ip, "0"))
	if err != nil {
		return "", fmt.Errorf("listening for workspace %d: %w", id, err)
	}
	host := &workspaceHost{
		url: "http://" + listener.Addr().String(),
		http: &http.Server{
			Handler: h.server.WorkspaceHandler(id), ReadHeaderTimeout: 30 * time.Second,
			ErrorLog: log.New(io.Discard, "", 0),
		},
		done: make(chan error, 1),
	}
	go func() { host.done <- host.http.Serve(listener) }()
	h.running[id] = host
	return host.url, nil
}

// close ends every listener; answers under way may end as long as ctx allows.
func (h *workspaceHosts) close(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	var all error
	for _, host := range h.running {
		err := host.http.Shutdown(ctx)
		if ctx.Err() != nil {
			err = nil // Time was up: what is left is cut off.
		}
		err = errors.Join(err, host.http.Close())
		if served := <-host.done; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		all = errors.Join(all, err)
	}
	clear(h.running)
	return all
}

// WorkspaceHandler is the host of one workspace. A workspace that does not exist
// (any more) answers 404.
func (s *Server) WorkspaceHandler(id int64) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		s.serve(rw, wire.OnWorkspaceHost(r, id))
	})
}

// toWorkspace reports whether a workspace answers a request, and not the account.
func (s *Server) toWorkspace(r *http.Request) bool {
	if wire.HostWorkspace(r) != 0 {
		return true
	}
	if wire.WorkspaceOf(r) == 0 || !strings.HasPrefix(r.URL.Path, "/api/") {
		return false
	}
	_, pattern := s.workspaceMux.Handler(r)
	return pattern != ""
}

func (s *Server) muxFor(r *http.Request) *http.ServeMux {
	if s.toWorkspace(r) {
		return s.workspaceMux
	}
	return s.mux
}

// hostOpener makes workspaces reachable.
type hostOpener struct {
	mu   sync.Mutex
	open func() (map[string]string, error)
}

func (h *hostOpener) set(open func() (map[string]string, error)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open = open
}

// controlHosts is workspace_hosts of the start line, as it is now: with the
// workspaces that the state has got since.
func (s *Server) controlHosts(rw http.ResponseWriter, _ *http.Request) {
	s.hosts.mu.Lock()
	open := s.hosts.open
	s.hosts.mu.Unlock()
	hosts := map[string]string{}
	if open != nil {
		var err error
		if hosts, err = open(); err != nil {
			wire.WriteError(rw, http.StatusInternalServerError, "INTERNAL_ERROR", err.Error())
			return
		}
	}
	wire.WriteJSON(rw, http.StatusOK, hosts)
}

// WorkspaceHost is the URL of a workspace, without a trailing slash. The
// workspace need not be in the state yet. At most 256 have a host of their own;
// the error says what to do then.
func (r *Running) WorkspaceHost(id int64) (string, error) { return r.workspaces.open(id) }

// WorkspaceHosts are the URLs of the workspaces of the state by id, of the first
// 256 of them in order of ids.
func (r *Running) WorkspaceHosts() (map[string]string, error) {
	var ids []int64
	r.Server.store.View(func(w *world.World) {
		for id := range w.Workspace {
			ids = append(ids, id)
		}
	})
	slices.Sort(ids)
	out := map[string]string{}
	for _, id := range ids[:min(len(ids), maxWorkspaceHosts)] {
		url, err := r.WorkspaceHost(id)
		if err != nil {
			return nil, err
		}
		out[strconv.FormatInt(id, 10)] = url
	}
	return out, nil
}

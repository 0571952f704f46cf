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
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// Running is a simulator that listens on loopback.
type Running struct {
	// URL is the account host, without a trailing slash.
	URL string
	api.Credentials
	// IDP is where the IdPs are and what opens them.
	IDP    IDPEndpoints
	Server *Server

	idp        *RunningIDP
	workspaces *workspaceHosts
	http       *http.Server
	done       chan error
}

// Start runs a simulator on a free loopback port. Close it.
func Start(st world.State, opts Options) (*Running, error) {
	return StartAt("127.0.0.1:0", st, opts)
}

// StartAt runs a simulator on an address of the form host:port. Close it.
func StartAt(addr string, st world.State, opts Options) (*Running, error) {
	s, err := New(st, opts)
	if err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", addr, err)
	}
	url := "http://" + listener.Addr().String()
	idp, err := s.StartIDP(url)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	r := &Running{
		URL:         url,
		Credentials: s.Credentials(),
		IDP:         idp.IDPEndpoints,
		Server:      s,
		idp:         idp,
		http: &http.Server{
			Handler:           s.Handler(),
			ReadHeaderTimeout: 30 * time.Second,
			// Clients that break connections are part of the game.
			ErrorLog: log.New(io.Discard, "", 0),
		},
		done: make(chan error, 1),
	}
	ip, _, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return nil, errors.Join(err, idp.Close(), listener.Close())
	}
	r.workspaces = &workspaceHosts{ip: ip, server: s, running: map[int64]*workspaceHost{}}
	s.hosts.set(r.WorkspaceHosts)
	go func() { r.done <- r.http.Serve(listener) }()
	return r, nil
}

// Close ends every connection, hanging ones too, and waits until it no longer listens.
func (r *Running) Close() error {
	r.Server.Stop()
	now, cancel := context.WithCancel(context.Background())
	cancel()
	return r.finish(errors.Join(r.workspaces.close(now), r.http.Close()))
}

// Shutdown lets answers that are under way end, as long as ctx allows, then closes.
func (r *Running) Shutdown(ctx context.Context) error {
	r.Server.Stop()
	workspaces := r.workspaces.close(ctx)
	if err := errors.Join(workspaces, r.http.Shutdown(ctx)); err != nil && ctx.Err() == nil {
		return r.finish(errors.Join(err, r.http.Close()))
	}
	return r.finish(r.http.Close())
}

func (r *Running) finish(err error) error {
	serveErr := <-r.done
	r.done <- serveErr // A second call finds the same.
	if !errors.Is(serveErr, http.ErrServerClosed) {
		err = errors.Join(err, serveErr)
	}
	return errors.Join(err, r.idp.Close())
}

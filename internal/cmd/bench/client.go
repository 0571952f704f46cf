// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// The clients that this provider is compared with: what a script does that asks about
// one identity or one group at a time, three at once. They are as good as such a
// client can be: no lists, no token exchange, no parsing, kept connections.
const clientWorkers = 3

// How many times as fast as these clients this provider has to be.
const (
	auditAsFast = 30
	cloneAsFast = 12
)

func clientScenarios() []scenario {
	goal := fmt.Sprintf("the audit with entra on IAM v2 is at least %d times as fast", auditAsFast)
	return []scenario{{
		name: "client_matchwithidp", goal: goal, quick: true, limit: 15 * time.Minute,
		run: func(ctx context.Context, b *bench) ([]result, error) {
			res, err := b.matchEach(ctx)
			if err != nil {
				return nil, err
			}
			audit, known := b.earlier["audit_entra_iam_v2"]
			if !known {
				res.OK, res.Reached = true, "run it together with audit_entra_iam_v2"
				return []result{res}, nil
			}
			res.Goal, res.OK = goal, res.Seconds >= auditAsFast*audit
			res.Reached = fmt.Sprintf("%.1f times", res.Seconds/audit)
			return []result{res}, nil
		},
	}, {
		name: "client_access", goal: fmt.Sprintf("the clone plan is at least %d times as fast, start-up included", cloneAsFast), quick: true, limit: 5 * time.Minute,
		run: func(ctx context.Context, b *bench) ([]result, error) { return one(b.readEach(ctx)) },
	}}
}

func (b *bench) matchEach(ctx context.Context) (result, error) {
	st, err := clean(b.full())
	if err != nil {
		return result{}, err
	}
	s, err := b.startServer(ctx, st)
	if err != nil {
		return result{}, err
	}
	defer s.stop()
	res, err := s.askEach(ctx, http.MethodPost, matchPaths(st))
	res.Scenario, res.How = "client_matchwithidp", "one matchWithIdp per identity"
	return res, err
}

// readEach reads every group of an account of 2,000 and the permission assignments of
// its workspaces, as whoever looks for the access of one person without transitive
// groups has to, and compares that with a clone plan there. The client looks at no
// securable; the clone plan does.
func (b *bench) readEach(ctx context.Context) (result, error) {
	st, _, err := b.wide(2000)
	if err != nil {
		return result{}, err
	}
	s, err := b.startServer(ctx, st)
	if err != nil {
		return result{}, err
	}
	defer s.stop()
	var paths []string
	for _, g := range st.Groups {
		paths = append(paths, "/api/2.1/accounts/"+st.Account.AccountID+"/scim/v2/Groups/"+g.ID)
	}
	for _, w := range st.Workspaces {
		paths = append(paths, fmt.Sprintf("/api/2.0/accounts/%s/workspaces/%d/permissionassignments", st.Account.AccountID, w.WorkspaceID))
	}
	res, err := s.askEach(ctx, http.MethodGet, paths)
	if err != nil {
		return result{}, err
	}
	u, n, err := b.accessPlan(ctx, s, "iam_v2", cloneConfig)
	if err != nil {
		return result{}, err
	}
	res.Scenario, res.How = "client_access", "one GET per group and per workspace"
	res.OK = res.Seconds >= cloneAsFast*u.seconds
	res.Goal = fmt.Sprintf("the clone plan is at least %d times as fast", cloneAsFast)
	res.Reached = fmt.Sprintf("%.1f times (%d requests in %.2f s)", res.Seconds/u.seconds, n.Total, u.seconds)
	return res, nil
}

// askEach sends one request for each path, and measures that.
func (s *server) askEach(ctx context.Context, method string, paths []string) (result, error) {
	if err := s.reset(ctx); err != nil {
		return result{}, err
	}
	base := &http.Transport{MaxIdleConnsPerHost: clientWorkers}
	defer base.CloseIdleConnections()
	client := &http.Client{Transport: base}
	begin := time.Now()
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(clientWorkers)
	for _, path := range paths {
		if inner.Err() != nil {
			break
		}
		group.Go(func() error { return s.ask(inner, client, method, path) })
	}
	if err := group.Wait(); err != nil {
		return result{}, err
	}
	took := time.Since(begin)
	n, err := s.requests(ctx)
	return result{Requests: n.Total, Least: len(paths), Seconds: took.Seconds()}, err
}

func matchPaths(st simulator.State) []string {
	prefix := "/api/2.0/identity/accounts/" + st.Account.AccountID
	var out []string
	for _, u := range st.Users {
		out = append(out, prefix+"/users/"+u.ID+"/matchWithIdp")
	}
	for _, g := range st.Groups {
		out = append(out, prefix+"/groups/"+g.ID+"/matchWithIdp")
	}
	for _, sp := range st.ServicePrincipals {
		out = append(out, prefix+"/servicePrincipals/"+sp.ID+"/matchWithIdp")
	}
	return out
}

func (s *server) ask(ctx context.Context, client *http.Client, method, path string) error {
	req, err := http.NewRequestWithContext(ctx, method, s.Host+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+s.Token)
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: status %d", method, path, resp.StatusCode)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

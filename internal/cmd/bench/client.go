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

// The client that the audits are compared with: what a script does that asks
// matchWithIdp once per identity, three at a time. It is as good as such a
// client can be: no lists, no token exchange, no parsing, kept connections.
const clientWorkers = 3

func clientScenarios() []scenario {
	const factor = 20
	goal := fmt.Sprintf("the audit with entra on IAM v2 is at least %d times as fast", factor)
	return []scenario{{
		name: "client_matchwithidp", goal: goal, quick: true, limit: 15 * time.Minute,
		run: func(ctx context.Context, b *bench) ([]result, error) {
			res, err := b.client(ctx)
			if err != nil {
				return nil, err
			}
			audit, known := b.earlier["audit_entra_iam_v2"]
			if !known {
				res.OK, res.Reached = true, "run it together with audit_entra_iam_v2"
				return []result{res}, nil
			}
			res.Goal, res.OK = goal, res.Seconds >= factor*audit
			res.Reached = fmt.Sprintf("%.1f times", res.Seconds/audit)
			return []result{res}, nil
		},
	}}
}

func (b *bench) client(ctx context.Context) (result, error) {
	st, err := clean(b.full())
	if err != nil {
		return result{}, err
	}
	s, err := b.startServer(ctx, st)
	if err != nil {
		return result{}, err
	}
	defer s.stop()
	paths := matchPaths(st)
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
		group.Go(func() error { return s.match(inner, client, path) })
	}
	if err := group.Wait(); err != nil {
		return result{}, err
	}
	took := time.Since(begin)
	n, err := s.requests(ctx)
	return result{
		Scenario: "client_matchwithidp", Requests: n.Total, Least: len(paths), How: "one matchWithIdp per identity", Seconds: took.Seconds(),
	}, err
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

func (s *server) match(ctx context.Context, client *http.Client, path string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Host+path, nil)
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
		return fmt.Errorf("POST %s: status %d", path, resp.StatusCode)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

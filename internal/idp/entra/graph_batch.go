// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package entra

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// maxParts is the most requests of one batch (idp-apis, section 3.4).
const maxParts = 20

// batchLimits bound the repetition of parts.
type batchLimits struct {
	budget, pause time.Duration
}

// maxPartPause bounds the pause between tries when the server names none.
const maxPartPause = 15 * time.Second

// part is one answer of a batch: its body, or why there is none.
type part struct {
	body json.RawMessage
	err  error
}

type partRequest struct {
	ID     string `json:"id"`
	Method string `json:"method"`
	URL    string `json:"url"`
}

type partAnswer struct {
	ID      string            `json:"id"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
}

// batch sends GET requests with URLs below a version (v1.0 or beta), 20 at a
// time, and hands over each answer when its batch is done, from many goroutines:
// the URL, when the reading began, and the answer. Parts that are throttled or met
// a server's failure are sent again without the others, after the pause that they
// ask for. The error is one that ends everything, or that of each; all other
// failures are in the parts.
func (g *graphClient) batch(ctx context.Context, version string, urls []string, each func(url string, began time.Time, p part) error) error {
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(g.batches)
	for some := range slices.Chunk(urls, maxParts) {
		if inner.Err() != nil {
			break
		}
		group.Go(func() error {
			began, out := time.Now(), make([]part, len(some))
			if err := g.oneBatch(inner, version, some, out); err != nil {
				return err
			}
			for i, p := range out {
				if err := each(some[i], began, p); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// oneBatch fills out; both have at most 20 elements.
func (g *graphClient) oneBatch(ctx context.Context, version string, urls []string, out []part) error {
	open := make([]int, len(urls))
	for i := range open {
		open[i] = i
	}
	began := time.Now()
	for attempt := 0; ; attempt++ {
		again, busy, asked, err := g.tryBatch(ctx, version, urls, out, open)
		if idp.EndsAll(ctx, err) {
			return err
		}
		if err != nil {
			for _, i := range open {
				out[i] = part{err: err}
			}
			return nil
		}
		budget := g.limits.budget
		// A few parts that fail where the others are answered say something about their
		// objects and nothing about Graph, as single requests do (transport.ShortBudget).
		if answered := g.answered.Add(int64(len(open) - len(again))); !busy && len(again) <= transport.FewFailing && answered >= transport.EnoughOthers {
			budget = min(budget, transport.ShortBudget)
		}
		pause := g.partPause(attempt, asked)
		if len(again) == 0 || time.Since(began)+pause > budget {
			return nil
		}
		if err := transport.Sleep(ctx, pause); err != nil {
			return err
		}
		open = again
	}
}

// partPause is what the server asks for, or else a growing time.
func (g *graphClient) partPause(attempt int, asked time.Duration) time.Duration {
	jitter := time.Duration(rand.Int64N(int64(g.limits.pause) + 1))
	if asked > 0 {
		return asked + jitter
	}
	return min(g.limits.pause<<min(attempt, 20), maxPartPause) + jitter
}

// tryBatch sends the open parts once, and reports which of them to send again, whether
// Graph is too busy for one, and after which pause.
func (g *graphClient) tryBatch(ctx context.Context, version string, urls []string, out []part, open []int) (again []int, busy bool, asked time.Duration, err error) {
	var body struct {
		Requests []partRequest `json:"requests"`
	}
	for _, i := range open {
		body.Requests = append(body.Requests, partRequest{ID: strconv.Itoa(i), Method: http.MethodGet, URL: urls[i]})
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, false, 0, fmt.Errorf("encoding a batch: %w", err)
	}
	resp, err := g.send(ctx, http.MethodPost, g.base+"/"+version+"/$batch", nil, raw)
	if err != nil {
		return nil, false, 0, err
	}
	var answer struct {
		Responses []partAnswer `json:"responses"`
	}
	if err := json.Unmarshal(resp.Body, &answer); err != nil {
		return nil, false, 0, fmt.Errorf("POST %s/%s/$batch: the answer is not that of a batch: %w", g.base, version, err)
	}
	// Answers come in any order.
	byID := make(map[string]partAnswer, len(answer.Responses))
	for _, a := range answer.Responses {
		byID[a.ID] = a
	}
	for _, i := range open {
		a, answered := byID[strconv.Itoa(i)]
		if !answered {
			out[i] = part{err: fmt.Errorf("GET %s in a batch: the batch has no answer to it", directory.PlaceOf(urls[i]))}
			again = append(again, i)
			continue
		}
		header := http.Header{}
		for k, v := range a.Headers {
			header.Set(k, v)
		}
		if a.Status >= 200 && a.Status < 300 {
			out[i] = part{body: a.Body}
			continue
		}
		failure := graphFailure(http.MethodGet, directory.PlaceOf(urls[i]), a.Status, header, a.Body)
		if isAuthFailure(failure) {
			return nil, false, 0, failure
		}
		out[i] = part{err: failure}
		switch a.Status {
		case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
			http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			again, busy = append(again, i), busy || a.Status == http.StatusTooManyRequests
			if pause, named := transport.RetryAfter(header, time.Now()); named {
				asked = max(asked, pause)
			}
		}
	}
	return again, busy, asked, nil
}

func isAuthFailure(err error) bool {
	var e *directory.AuthError
	return errors.As(err, &e)
}

// rowsOf reads the first page that came as a part and the pages after it.
func rowsOf(ctx context.Context, g *graphClient, p part, each func(rows []graphObject)) error {
	if p.err != nil {
		return p.err
	}
	first, err := parsePage[graphObject](g, p.body)
	if err != nil {
		return err
	}
	each(first.Value)
	return listPages(ctx, g, string(first.NextLink), func(rows []graphObject, _ bool) bool {
		each(rows)
		return true
	})
}

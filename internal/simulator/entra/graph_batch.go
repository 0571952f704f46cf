// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package entra

import (
	"encoding/base64"
	"encoding/json"
	"hash/fnv"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
)

// maxBatch is the limit of one batch (docs/reference/idp-apis.md 3.4).
const maxBatch = 20

// batchPart is one request of a batch.
type batchPart struct {
	ID        string            `json:"id"`
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	Body      json.RawMessage   `json:"body"`
	DependsOn []string          `json:"dependsOn"`
}

// batchAnswer is the answer to one part.
type batchAnswer struct {
	ID      string            `json:"id"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    any               `json:"body,omitempty"`
}

// graphHeaderNames are the headers whose names net/http writes in another case
// than Graph does.
var graphHeaderNames = map[string]string{
	"Request-Id": "request-id", "Client-Request-Id": "client-request-id", "Odata-Version": "OData-Version",
	"X-Ms-Resource-Unit": "x-ms-resource-unit", "X-Ms-Throttle-Limit-Percentage": "x-ms-throttle-limit-percentage",
	"X-Ms-Throttle-Scope": "x-ms-throttle-scope", "X-Ms-Throttle-Information": "x-ms-throttle-information",
	"Www-Authenticate": "WWW-Authenticate",
}

// batch answers each part by itself, in an order that is not that of the
// request. Rate limits and faults meet every part under its own path.
func (c *graphCall) batch() *graphError {
	if wire.IsNested(c.r) {
		return graphBadRequest("BadRequest", "A batch request cannot be part of a batch request.")
	}
	var body struct {
		Requests []batchPart `json:"requests"`
	}
	if err := json.NewDecoder(c.r.Body).Decode(&body); err != nil {
		return graphBadRequest("BadRequest", "Invalid batch payload format.")
	}
	if fail := checkBatch(body.Requests); fail != nil {
		return fail
	}
	status := map[string]int{}
	answers := make([]batchAnswer, 0, len(body.Requests))
	for _, part := range body.Requests {
		a := c.answerPart(part, status)
		status[part.ID] = a.Status
		answers = append(answers, a)
	}
	// Any order is documented; this one is the same in every run.
	slices.SortStableFunc(answers, func(a, b batchAnswer) int {
		return int(scatter(a.ID)&0xffff) - int(scatter(b.ID)&0xffff)
	})
	return c.ok("", map[string]any{"responses": answers})
}

func scatter(id string) uint32 {
	h := fnv.New32a()
	_, _ = io.WriteString(h, "batch "+id)
	return h.Sum32()
}

func checkBatch(parts []batchPart) *graphError {
	if len(parts) == 0 {
		return graphBadRequest("BadRequest", "Invalid batch payload format.")
	}
	if len(parts) > maxBatch {
		return graphBadRequest("MaximumValueExceeded", "Number of batch request steps exceeds the maximum value. Maximum value is %d.", maxBatch)
	}
	seen := map[string]bool{}
	for _, part := range parts {
		switch {
		case part.ID == "" || part.Method == "" || part.URL == "":
			return graphBadRequest("BadRequest", "Every batch request needs 'id', 'method' and 'url'.")
		case seen[strings.ToLower(part.ID)]:
			return graphBadRequest("BadRequest", "Duplicate batch request id '%s'.", part.ID)
		case len(part.Body) > 0 && string(part.Body) != "null" && !hasContentType(part.Headers):
			return graphBadRequest("BadRequest", "Write request id : %s does not contain Content-Type header or body.", part.ID)
		}
		for _, before := range part.DependsOn {
			if !seen[strings.ToLower(before)] {
				return graphBadRequest("BadRequest", "Batch request '%s' depends on '%s', which does not come before it.", part.ID, before)
			}
		}
		seen[strings.ToLower(part.ID)] = true
	}
	return nil
}

func hasContentType(headers map[string]string) bool {
	for name := range headers {
		if strings.EqualFold(name, "Content-Type") {
			return true
		}
	}
	return false
}

// answerPart runs one part through everything but the request log: a batch
// counts as one request.
func (c *graphCall) answerPart(part batchPart, status map[string]int) batchAnswer {
	for _, before := range part.DependsOn {
		if status[before] >= http.StatusBadRequest {
			return partError(part.ID, http.StatusFailedDependency, "FailedDependency", "A request that this one depends on failed.")
		}
	}
	target, ok := c.partURL(part.URL)
	if !ok {
		return partError(part.ID, http.StatusBadRequest, "BadRequest", "Invalid request URL '"+part.URL+"': it has to be relative to the version root.")
	}
	r := wire.AsPart(c.r).Clone(wire.AsPart(c.r).Context())
	r.Method = strings.ToUpper(part.Method)
	path := strings.TrimPrefix(target.Path, "/")
	r.URL = &url.URL{Path: c.root + "/" + path, RawQuery: target.RawQuery}
	if target.RawPath != "" {
		r.URL.RawPath = c.root + "/" + strings.TrimPrefix(target.RawPath, "/")
	}
	r.RequestURI = r.URL.RequestURI()
	r.Header = http.Header{"Authorization": c.r.Header.Values("Authorization")}
	for name, value := range part.Headers {
		if !strings.EqualFold(name, "Authorization") {
			r.Header.Set(name, value)
		}
	}
	r.Body = io.NopCloser(strings.NewReader(string(part.Body)))
	r.ContentLength = int64(len(part.Body))
	out := wire.NewAnswer()
	c.s.Dispatch(out, r)
	return fromAnswer(part.ID, out)
}

// partURL is the path and query of a part below the version. Absolute URLs and
// those with a version are refused, as reported of Graph, where the version
// counts as a segment that does not exist; with [GraphAssumptions].BatchURLs
// "any" what stands before the path is dropped.
func (c *graphCall) partURL(text string) (*url.URL, bool) {
	target, err := url.Parse(text)
	if err != nil {
		return nil, false
	}
	if c.s.Assumed.BatchURLs != "any" {
		return target, !target.IsAbs() && target.Host == ""
	}
	for _, root := range []string{c.root, "/" + c.version} {
		if below, ok := strings.CutPrefix(target.EscapedPath(), root+"/"); ok {
			target.RawPath = "/" + below
			target.Path, err = url.PathUnescape(target.RawPath)
			return target, err == nil
		}
	}
	return target, true
}

// fromAnswer wraps an answer; a body that is no JSON comes as base64 text.
func fromAnswer(id string, out *wire.Answer) batchAnswer {
	a := batchAnswer{ID: id, Status: max(out.Status, http.StatusOK), Headers: map[string]string{}}
	for name, values := range out.Header() {
		if name == "Content-Length" {
			continue
		}
		if own, ok := graphHeaderNames[name]; ok {
			name = own // In JSON the case of a name counts.
		}
		a.Headers[name] = strings.Join(values, ", ")
	}
	switch raw := out.Body.Bytes(); {
	case len(raw) == 0:
	case json.Valid(raw):
		a.Body = json.RawMessage(raw)
	default:
		a.Body = base64.StdEncoding.EncodeToString(raw)
	}
	return a
}

func partError(id string, status int, code, message string) batchAnswer {
	return batchAnswer{
		ID: id, Status: status, Headers: map[string]string{"Content-Type": "application/json"},
		Body: map[string]any{"error": map[string]any{"code": code, "message": message}},
	}
}

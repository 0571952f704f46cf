// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package faults

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The rates of "documented". The reference (docs/reference/databricks-account-api.md 4.5) has
// the account SCIM ones from two unofficial sources, "240" being per minute is
// assumed; for IAM v2 and matchWithIdp nothing is published, 20/s is assumed.
const (
	limitSCIMGet   = "account SCIM GET"
	limitSCIMList  = "account SCIM LIST"
	limitSCIMPatch = "account SCIM PATCH"
	limitSCIMWrite = "account SCIM write"
	limitIAMv2     = "IAM v2"
	limitMatch     = "matchWithIdp"

	// Of each workspace its own: the SCIM one is unofficial and for groups (4.5),
	// nothing is published for the others, 20/s is assumed.
	limitWorkspaceSCIM = "workspace SCIM"
	limitUnityCatalog  = "Unity Catalog"
	limitStatements    = "SQL statement"
)

// Limiter is a set of token buckets by category.
type Limiter struct {
	on      bool
	now     func() time.Time
	mu      sync.Mutex
	buckets map[string]*bucket
}

type bucket struct {
	perSecond, burst, tokens float64
	last                     time.Time
}

// Quota is what a bucket says to one request.
type Quota struct {
	OK         bool
	RetryAfter time.Duration // when not OK
	Limit      float64       // the size of the bucket; 0 when nothing limits
	Remaining  float64       // after this request
}

// NewLimiter enforces the published rates in the mode documented, none in the modes
// off and "".
func NewLimiter(mode string, now func() time.Time) (*Limiter, error) {
	l := &Limiter{now: now, buckets: map[string]*bucket{}}
	switch mode {
	case "", "off":
	case "documented":
		l.on = true
	default:
		return nil, fmt.Errorf("rate limits %q: want off or documented", mode)
	}
	l.Define(limitSCIMGet, 20, 20)
	l.Define(limitSCIMList, 4, 240)
	l.Define(limitSCIMPatch, 2, 2)
	l.Define(limitSCIMWrite, 5, 5)
	l.Define(limitIAMv2, 20, 20)
	l.Define(limitMatch, 20, 20)
	l.Define(limitWorkspaceSCIM, 4.25, 255)
	l.Define(limitUnityCatalog, 20, 20)
	l.Define(limitStatements, 20, 20)
	return l, nil
}

// Define sets the rate of a category: a bucket of that size, full at first.
func (l *Limiter) Define(category string, perSecond, burst float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buckets[category] = &bucket{perSecond: perSecond, burst: burst, tokens: burst, last: l.now()}
}

// Each sets up a bucket of its own, like the category's, and returns its name.
func (l *Limiter) Each(category, owner string) string {
	name := category + " " + owner
	l.mu.Lock()
	defer l.mu.Unlock()
	if base := l.buckets[category]; l.on && base != nil && l.buckets[name] == nil {
		l.buckets[name] = &bucket{perSecond: base.perSecond, burst: base.burst, tokens: base.burst, last: l.now()}
	}
	return name
}

// WorkspaceLimit is the category of a request to a workspace, or "".
func WorkspaceLimit(path string) string {
	switch {
	case strings.Contains(path, "/scim/v2/"):
		return limitWorkspaceSCIM
	case strings.HasPrefix(path, "/api/2.1/unity-catalog/"):
		return limitUnityCatalog
	case strings.HasPrefix(path, "/api/2.0/sql/"):
		return limitStatements
	default:
		return ""
	}
}

// Take takes cost from a category's bucket. A refused request takes nothing.
// A category that was not defined, and rate limits that are off, refuse nothing.
func (l *Limiter) Take(category string, cost float64) Quota {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[category]
	if !l.on || b == nil {
		return Quota{OK: true}
	}
	now := l.now()
	b.tokens = min(b.burst, b.tokens+max(0, now.Sub(b.last).Seconds())*b.perSecond)
	b.last = now
	if cost > b.tokens && b.tokens < b.burst {
		wait := (min(cost, b.burst) - b.tokens) / b.perSecond
		return Quota{RetryAfter: time.Duration(wait * float64(time.Second)), Limit: b.burst, Remaining: b.tokens}
	}
	b.tokens = max(0, b.tokens-cost)
	return Quota{OK: true, Limit: b.burst, Remaining: b.tokens}
}

// RetryAfterSeconds is the header value: whole seconds, rounded up, at least 1.
func RetryAfterSeconds(d time.Duration) string {
	return strconv.Itoa(int(max(1, math.Ceil(d.Seconds()))))
}

// AccountLimit is the category of a request to the account, or "".
func AccountLimit(r *http.Request) string {
	path := r.URL.Path
	if strings.HasPrefix(path, "/api/2.0/identity/") {
		if strings.HasSuffix(path, "/matchWithIdp") {
			return limitMatch
		}
		return limitIAMv2
	}
	_, rest, ok := strings.Cut(path, "/scim/v2/")
	if !ok || !strings.HasPrefix(path, "/api/2.") {
		return ""
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		if strings.Contains(rest, "/") {
			return limitSCIMGet
		}
		return limitSCIMList
	case http.MethodPatch:
		return limitSCIMPatch
	default:
		return limitSCIMWrite
	}
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package faults is what goes wrong on purpose: injected failures, and rate limits.
package faults

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
)

// Kinds of faults.
const (
	// Status answers with Status, Headers and a body, instead of the
	// handler or, with AfterHandler, after it (a write happened all the same).
	Status = "status"
	// Reset resets the connection before anything happens.
	Reset = "reset"
	// Hang never answers; it ends when the client or the server goes away.
	Hang = "hang"
	// Truncate sends half of the body and cuts the connection.
	Truncate = "truncate"
	// Lost lets the request happen and resets the connection instead of answering.
	Lost = "lost"
	// Noop answers a write with success and changes nothing.
	Noop = "noop"
	// Stale lets reads show objects as they were before their last write.
	// It knows only writes that happen while such a fault is set.
	Stale = "stale"
	// Shift lists as if one element had been inserted at the front.
	Shift = "shift"
	// Shrink lists as if one element had been deleted at the front.
	Shrink = "shrink"
	// Duplicate repeats the last element of the page before.
	Duplicate = "duplicate"
	// EmptyPage answers a token-paged list with an empty page and a next token.
	EmptyPage = "empty_page"
	// ExpiredToken answers 401 as for a token that has expired.
	ExpiredToken = "expired_token"
	// Delay only waits; every other kind waits too when DelayMS is set.
	Delay = "delay"
)

// kinds are all kinds; the value reports whether the kind decides the answer,
// so that no other fault of that sort is looked at.
var kinds = map[string]bool{
	Status: true, Reset: true, Hang: true, Truncate: true, Lost: true,
	Noop: true, ExpiredToken: true,
	Stale: false, Shift: false, Shrink: false, Duplicate: false,
	EmptyPage: false, Delay: false,
}

// Kinds are the kinds that a fault can have, sorted.
func Kinds() []string {
	var out []string
	for kind := range kinds {
		out = append(out, kind)
	}
	slices.Sort(out)
	return out
}

// Fault is one injected failure. Faults are looked at in order: the first
// matching one that decides the answer does, and those that only shape a list,
// delay or make stale add up.
type Fault struct {
	Kind string `json:"kind"`
	// Method is one HTTP method, or empty for any.
	Method string `json:"method,omitempty"`
	// Path is a pattern for the request's path: * is anything but a slash, ** is
	// anything. Empty matches every path.
	Path string `json:"path,omitempty"`
	// WorkspaceID limits the fault to requests to that workspace; 0 is no limit.
	WorkspaceID int64 `json:"workspace_id,omitempty"`
	// Skip lets that many matching requests through before the fault fires.
	Skip int `json:"skip,omitempty"`
	// Times is how often it fires; 0 is always.
	Times int `json:"times,omitempty"`
	// Probability, if not 0, fires on that share of the matching requests only,
	// in a sequence that Seed decides.
	Probability float64 `json:"probability,omitempty"`
	Seed        uint64  `json:"seed,omitempty"`
	// DelayMS is waited before anything else.
	DelayMS int `json:"delay_ms,omitempty"`

	// The rest belongs to kind "status".

	Status  int               `json:"status,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	// RetryAfterSeconds, if not null, adds Retry-After, as a number or, with
	// RetryAfterForm "date", as an HTTP date.
	RetryAfterSeconds *int   `json:"retry_after_seconds,omitempty"`
	RetryAfterForm    string `json:"retry_after_form,omitempty"`
	// Body is sent as it is; empty, there is one made of BodyForm (json, the
	// default, scim, text, html or empty), ErrorCode and Message.
	Body         string `json:"body,omitempty"`
	BodyForm     string `json:"body_form,omitempty"`
	ErrorCode    string `json:"error_code,omitempty"`
	Message      string `json:"message,omitempty"`
	AfterHandler bool   `json:"after_handler,omitempty"`
}

// Parse reads a JSON list of faults, or the file that "@path" names. ""
// is no faults. The error names the entry; for an unknown kind it lists the kinds.
func Parse(spec string) ([]Fault, error) {
	raw := []byte(spec)
	if path, ok := strings.CutPrefix(spec, "@"); ok {
		var err error
		if raw, err = os.ReadFile(path); err != nil {
			return nil, fmt.Errorf("reading the faults: %w", err)
		}
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil, nil
	}
	var faults []Fault
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&faults); err != nil {
		return nil, fmt.Errorf("faults: want a JSON list such as [{\"kind\":\"status\",\"status\":503,\"times\":2}]: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("faults: something follows the JSON list")
	}
	_, err := compile(faults)
	return faults, err
}

// activeFault is a fault with its counters.
type activeFault struct {
	Fault
	path  *regexp.Regexp
	rng   *rand.Rand
	seen  int
	fired int
}

func compile(faults []Fault) ([]*activeFault, error) {
	var out []*activeFault
	for i, f := range faults {
		if err := f.check(); err != nil {
			return nil, fmt.Errorf("faults[%d]: %w", i, err)
		}
		if f.RetryAfterSeconds != nil {
			seconds := *f.RetryAfterSeconds
			f.RetryAfterSeconds = &seconds
		}
		out = append(out, &activeFault{Fault: f, path: globPattern(f.Path), rng: rand.New(rand.NewPCG(f.Seed, uint64(i)))})
	}
	return out, nil
}

func (f Fault) check() error {
	if _, known := kinds[f.Kind]; !known {
		return fmt.Errorf("unknown kind %q; there are %s", f.Kind, strings.Join(Kinds(), ", "))
	}
	switch {
	case f.Kind == Status && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("status %d: kind status needs one from 200 to 599", f.Status)
	case f.Kind != Status && (f.Status != 0 || f.Headers != nil || f.RetryAfterSeconds != nil || f.RetryAfterForm != "" ||
		f.Body != "" || f.BodyForm != "" || f.ErrorCode != "" || f.Message != "" || f.AfterHandler):
		return fmt.Errorf("kind %s takes no status, headers, retry_after, body, error_code, message or after_handler", f.Kind)
	case f.Kind == Delay && f.DelayMS == 0:
		return errors.New("kind delay needs delay_ms")
	case f.Probability < 0 || f.Probability > 1:
		return fmt.Errorf("probability %v is not within 0 and 1", f.Probability)
	case f.Skip < 0 || f.Times < 0 || f.DelayMS < 0:
		return errors.New("skip, times and delay_ms cannot be negative")
	case !slices.Contains([]string{"", "seconds", "date"}, f.RetryAfterForm):
		return fmt.Errorf("retry_after_form %q: want seconds or date", f.RetryAfterForm)
	case !slices.Contains([]string{"", "json", "scim", "text", "html", "empty"}, f.BodyForm):
		return fmt.Errorf("body_form %q: want json, scim, text, html or empty", f.BodyForm)
	}
	return nil
}

// globPattern is the expression for a path pattern, nil for the empty one.
func globPattern(glob string) *regexp.Regexp {
	if glob == "" {
		return nil
	}
	expr := regexp.QuoteMeta(glob)
	expr = strings.ReplaceAll(expr, `\*\*`, `.*`)
	expr = strings.ReplaceAll(expr, `\*`, `[^/]*`)
	return regexp.MustCompile("^" + expr + "$")
}

// Set is the list in force.
type Set struct {
	mu   sync.Mutex
	list []*activeFault
}

// Hit is what the faults do to one request.
type Hit struct {
	Delay   time.Duration
	Stale   bool
	List    wire.ListFault
	Decides *Fault // nil: the handler answers
}

// Pick counts a request and says what happens to it.
func (fs *Set) Pick(r *http.Request) Hit {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	var hit Hit
	for _, f := range fs.list {
		decides := kinds[f.Kind]
		if decides && hit.Decides != nil || !f.fires(r) {
			continue
		}
		hit.Delay += time.Duration(f.DelayMS) * time.Millisecond
		switch f.Kind {
		case Stale:
			hit.Stale = true
		case Shift:
			hit.List.Shift++
		case Shrink:
			hit.List.Shift--
		case Duplicate:
			hit.List.Duplicate = true
		case EmptyPage:
			hit.List.EmptyPage = true
		case Delay:
		default:
			hit.Decides = &f.Fault
		}
	}
	return hit
}

// fires counts a request and reports whether the fault is for it.
func (f *activeFault) fires(r *http.Request) bool {
	if f.Method != "" && !strings.EqualFold(f.Method, r.Method) || f.path != nil && !f.path.MatchString(r.URL.Path) {
		return false
	}
	if f.WorkspaceID != 0 && f.WorkspaceID != wire.WorkspaceOf(r) || f.Times > 0 && f.fired >= f.Times {
		return false
	}
	if f.Kind == Noop && !isWrite(r.Method) {
		return false
	}
	f.seen++
	if f.seen <= f.Skip || f.Probability > 0 && f.rng.Float64() >= f.Probability {
		return false
	}
	f.fired++
	return true
}

func isWrite(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch || method == http.MethodDelete
}

// State is a fault and how often it matched and fired.
type State struct {
	Fault
	Matched int `json:"matched"`
	Fired   int `json:"fired"`
}

// States are the faults in force, in order.
func (fs *Set) States() []State {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	out := []State{}
	for _, f := range fs.list {
		out = append(out, State{Fault: f.Fault, Matched: f.seen, Fired: f.fired})
	}
	return out
}

// Replace puts faults into force; their counters start at 0. The error names the
// fault that cannot be, and then nothing has changed. stale reports whether one of
// them shows what is no longer true.
func (fs *Set) Replace(faults []Fault) (stale bool, err error) {
	list, err := compile(faults)
	if err != nil {
		return false, err
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.list = list
	return slices.ContainsFunc(list, func(f *activeFault) bool { return f.Kind == Stale }), nil
}

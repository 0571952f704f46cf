// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package okta reads an Okta org.
package okta

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/checkpoint"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/once"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// keptLists are what an audit keeps of this kind in a checkpoint.
const keptLists = "lists of Okta"

// Kind is the name of the kind in provider configuration.
const Kind = "okta"

// Config says how to reach an Okta org.
type Config struct {
	// OrgURL is that of the org, for example https://example.okta.com. http is
	// allowed for loopback only.
	OrgURL string
	// APIToken is an SSWS token; ClientID, PrivateKey (PEM, RSA or ECDSA on
	// P-256) and KeyID belong to a service app. One of the two is needed.
	APIToken                    string
	ClientID, PrivateKey, KeyID string
	// Transport bounds requests. Its zero value has the defaults.
	Transport transport.Options
}

type source struct {
	http      *transport.Client
	base      string
	origin    directory.Origin
	authorize func(ctx context.Context, r *http.Request) error

	// What the audits of a run share: lists by URL, and the ids of members by group.
	users   once.Batch[[]user]
	groups  once.Batch[[]group]
	members once.Batch[[]string]
}

var _ idp.Lookup = (*source)(nil)

// concurrency keeps below the limits on concurrent requests of small orgs,
// which start at 15.
const concurrency = 8

// New reads an Okta org. It sends nothing yet; its errors are
// [*idp.ConfigError].
//
// Users are listed whole (200 a page; deprovisioned ones in a second list,
// which the first leaves out), groups too (10,000 a page), and the members of
// linked groups with one call each (1,000 a page); Okta groups do not nest. Link
// headers are followed to the org only. A 429 waits until X-Rate-Limit-Reset.
//
// Users are known by login, and by mail address where no one has that login.
// Deprovisioned users still exist: they match, as not enabled. So do suspended,
// staged and not yet activated ones.
//
// Okta has no service principals (idp-apis, section 5: its machine identities
// are apps, which are not synced to Databricks). One without externalId has
// nothing to be linked to, which is a fact: a match without identities. Whether
// the externalId of another one is stale cannot be judged here: it is Unknown,
// with one failure for all of them. Leave service principals out of
// principal_types to have complete audits, or use the kind file for them.
// Members that are service principals are in no Okta group, which is a fact.
func New(cfg Config) (idp.Source, error) {
	org, err := directory.CheckEndpoint("okta.org_url", cfg.OrgURL)
	if err != nil {
		return nil, err
	}
	if name, rest, found := strings.Cut(org.Host, "-admin."); found {
		return nil, &idp.ConfigError{Attribute: "okta.org_url", Detail: fmt.Sprintf("%s is the admin console; the org is https://%s.%s", cfg.OrgURL, name, rest)}
	}
	if cfg.Transport.MaxConcurrency <= 0 {
		cfg.Transport.MaxConcurrency = concurrency
	}
	if cfg.Transport.Base == nil {
		cfg.Transport.Base = transport.NewBase(cfg.Transport.MaxConcurrency, nil)
	}
	cfg.Transport.Base = pace{cfg.Transport.Base}
	o := &source{
		http: transport.New(cfg.Transport), base: strings.TrimSuffix(org.String(), "/"), origin: directory.OriginOf(org),
	}
	switch {
	case cfg.APIToken != "" && (cfg.ClientID != "" || cfg.PrivateKey != ""):
		return nil, &idp.ConfigError{Attribute: "okta", Detail: "api_token and client_id with private_key exclude each other: give one of the two"}
	case cfg.APIToken != "":
		o.authorize = func(_ context.Context, r *http.Request) error {
			r.Header.Set("Authorization", "SSWS "+cfg.APIToken)
			return nil
		}
	case cfg.ClientID == "" || cfg.PrivateKey == "":
		return nil, &idp.ConfigError{Attribute: "okta", Detail: "give api_token, or client_id and private_key of a service app"}
	default:
		app, err := newServiceApp(o, cfg)
		if err != nil {
			return nil, err
		}
		o.authorize = app.authorize
	}
	return o, nil
}

func (o *source) Kind() string { return Kind }

// Capabilities are those of the kind: every user has a status, and groups hold users only.
func (o *source) Capabilities() idp.Capabilities {
	return idp.Capabilities{Capabilities: audit.Capabilities{DisplayNames: true, EnabledState: true, GroupsHoldUsersOnly: true}}
}

// pace turns Okta's rate limit headers into Retry-After. Reset is a point
// in time in epoch seconds, so it counts from the answer's own Date; one second
// more, as Okta's own client adds.
type pace struct{ next http.RoundTripper }

func (p pace) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := p.next.RoundTrip(r)
	if err != nil || resp.StatusCode != http.StatusTooManyRequests || resp.Header.Get("Retry-After") != "" {
		return resp, err
	}
	reset, err := strconv.ParseInt(resp.Header.Get("X-Rate-Limit-Reset"), 10, 64)
	if err != nil {
		return resp, nil //nolint:nilerr // Without the header the transport backs off by itself.
	}
	now := time.Now()
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		now = date
	}
	resp.Header.Set("Retry-After", strconv.FormatInt(max(reset-now.Unix()+1, 0), 10))
	return resp, nil
}

// send makes one GET with an absolute URL.
func (o *source) send(ctx context.Context, link, family string) (*transport.Response, error) {
	resp, err := o.http.Do(ctx, &transport.Request{
		Method: http.MethodGet, URL: link, Header: http.Header{"Accept": {"application/json"}},
		Limit: "okta " + family, Authorize: o.authorize, Check: directory.CheckJSON, Single: directory.IsOfOneObject(link),
	})
	if err != nil {
		return nil, err
	}
	if resp.Status < 300 {
		return resp, directory.TextOnly(http.MethodGet, link, resp)
	}
	return nil, failure(http.MethodGet, directory.PlaceOf(link), resp)
}

func failure(method, place string, resp *transport.Response) error {
	var shape struct {
		Code    string `json:"errorCode"`
		Summary string `json:"errorSummary"`
		ID      string `json:"errorId"`
		Causes  []struct {
			Summary string `json:"errorSummary"`
		} `json:"errorCauses"`
		// OAuth errors.
		Name        string `json:"error"`
		Description string `json:"error_description"`
	}
	e := &directory.APIError{Method: method, Place: place, Status: resp.Status, RequestID: resp.Header.Get("X-Okta-Request-Id")}
	switch {
	case json.Unmarshal(resp.Body, &shape) == nil && shape.Code != "":
		e.Code, e.Message = shape.Code, shape.Summary
		for _, c := range shape.Causes {
			e.Message += "; " + c.Summary
		}
	case shape.Name != "":
		e.Code, e.Message = shape.Name, shape.Description
	case resp.Status >= 300 && resp.Status < 400:
		e.Message = "a redirect, which is not followed; check org_url"
	default:
		e.Message = directory.BodyText(resp.Header, resp.Body)
	}
	e.Clean()
	if resp.Status == http.StatusUnauthorized {
		return &directory.AuthError{Err: e, Hint: "Okta did not accept the credentials: check api_token (it expires after 30 days without use) or the key of the service app in idp.okta"}
	}
	return e
}

// listPages reads a list page by page.
func listPages[T object](ctx context.Context, o *source, link, family string, each func(rows []T)) error {
	for seen := map[string]bool{}; link != ""; {
		if seen[link] || len(seen) >= directory.MostPages {
			return errors.New("the list does not end: the next page is one that was read before, or there are too many pages")
		}
		seen[link] = true
		resp, err := o.send(ctx, link, family)
		if err != nil {
			return err
		}
		var rows []T
		if err := json.Unmarshal(resp.Body, &rows); err != nil || !bytes.HasPrefix(bytes.TrimSpace(resp.Body), []byte("[")) {
			return fmt.Errorf("GET %s: the answer is not a list of objects, but has %s", directory.PlaceOf(link), directory.KeysOf(resp.Body))
		}
		if slices.ContainsFunc(rows, func(row T) bool { return row.id() == "" }) {
			return fmt.Errorf("GET %s: the list has an entry without id", directory.PlaceOf(link))
		}
		each(rows)
		next := nextLink(resp.Header)
		if next == "" && namesNext(resp.Header) {
			return fmt.Errorf("GET %s: the header Link names a next page, and not where it is", directory.PlaceOf(link))
		}
		if next != "" {
			if err := o.origin.Check(next); err != nil {
				return fmt.Errorf("GET %s: %w", directory.PlaceOf(link), err)
			}
		}
		link = next
	}
	return nil
}

// nextLink finds rel="next" among the Link headers, which come one by one or
// joined by commas (idp-apis, section 5.2).
func nextLink(h http.Header) string {
	for _, rest := range h.Values("Link") {
		for rest != "" {
			_, after, found := strings.Cut(rest, "<")
			if !found {
				break
			}
			target, params, found := strings.Cut(after, ">")
			if !found {
				break
			}
			// The parameters end where the next target begins.
			params, rest = cutBefore(params, "<")
			for _, p := range strings.FieldsFunc(params, func(r rune) bool { return r == ';' || r == ',' }) {
				key, value, _ := strings.Cut(strings.TrimSpace(p), "=")
				relations := strings.Fields(strings.ToLower(strings.Trim(value, `"`))) // RFC 8288, section 3.3: one or more
				if strings.EqualFold(key, "rel") && slices.Contains(relations, "next") {
					return target
				}
			}
		}
	}
	return ""
}

// namesNext reports whether a Link header speaks of a next page in any form.
func namesNext(h http.Header) bool {
	return nextRelation.MatchString(strings.Join(h.Values("Link"), ", "))
}

var nextRelation = regexp.MustCompile(`(?i)\brel\*?\s*=\s*"?[^";,]*\bnext\b`)

func cutBefore(s, sep string) (before, after string) {
	if i := strings.Index(s, sep); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// object is an entry of a list.
type object interface{ id() string }

func (u user) id() string { return u.ID }

func (g group) id() string { return g.ID }

type user struct {
	ID      string `json:"id"`
	Status  string `json:"status"`
	Profile struct {
		Login       string `json:"login"`
		Email       string `json:"email"`
		DisplayName string `json:"displayName"`
	} `json:"profile"`
}

type group struct {
	ID      string `json:"id"`
	Profile struct {
		Name string `json:"name"`
	} `json:"profile"`
}

func (u *user) toEntry() directory.Entry {
	var enabled *bool
	switch u.Status {
	case "ACTIVE", "RECOVERY", "PASSWORD_EXPIRED", "LOCKED_OUT":
		yes := true
		enabled = &yes
	case "STAGED", "PROVISIONED", "SUSPENDED", "DEPROVISIONED":
		enabled = new(bool)
	}
	return directory.UserEntry(directory.UserNames{UPN: u.Profile.Login, Mail: u.Profile.Email},
		audit.Identity{ExternalID: u.ID, DisplayName: u.Profile.DisplayName, Enabled: enabled}, nil)
}

func (g *group) toEntry() directory.Entry {
	id := audit.Identity{Type: audit.TypeGroup, ExternalID: g.ID, DisplayName: g.Profile.Name}
	if g.Profile.Name != "" {
		id.Names = []string{g.Profile.Name}
	}
	return directory.Entry{Identity: id}
}

// Match lists the types that the request asks for, and fails as a whole when
// the credentials are refused or the context ends.
func (o *source) Match(ctx context.Context, req idp.Request) (idp.Result, error) {
	d := directory.New()
	if err := o.read(ctx, req, d); err != nil {
		return idp.Result{}, fmt.Errorf("reading Okta: %w", err)
	}
	fetch := func(ctx context.Context, groups []string) error { return o.fetchMembers(ctx, d, groups, req.Kept) }
	out, err := d.Result(ctx, req, fetch)
	if err != nil {
		return idp.Result{}, fmt.Errorf("reading Okta: %w", err)
	}
	const why = "Okta has no service principals, so whether a stored externalId is stale cannot be judged; " +
		"leave service_principal out of principal_types, or use another kind of idp for them"
	left := false
	for i, p := range req.Principals {
		if p.Type == audit.TypeServicePrincipal && p.ExternalID != "" {
			out.Matches[i] = audit.Match{Principal: p, Unknown: why}
			left = true
		}
	}
	if left {
		out.Failures = idp.SortFailures(append(out.Failures, audit.Failure{Type: audit.TypeServicePrincipal, Call: idp.CallOutOfDomain, Reason: why}))
	}
	return out, nil
}

func (o *source) read(ctx context.Context, req idp.Request, d *directory.Index) error {
	var (
		users              []user
		groups             []group
		userErr, groupsErr error
	)
	reading, inner := errgroup.WithContext(ctx)
	if directory.AsksFor(req, audit.TypeUser) {
		reading.Go(func() error {
			base := o.base + "/api/v1/users?limit=200"
			lacks := func(rows []user) bool {
				return directory.Misses(req.Principals, audit.TypeUser, func(add func(directory.Entry)) {
					for i := range rows {
						add(rows[i].toEntry())
					}
					for i := range users {
						add(users[i].toEntry())
					}
				})
			}
			for _, list := range []struct {
				link  string
				lacks func([]user) bool
			}{{base + "&filter=" + url.QueryEscape(`status eq "DEPROVISIONED"`), nil}, {base, lacks}} {
				var some []user
				some, userErr = wholeList(inner, o, &o.users, req.Kept, list.link, "users", list.lacks)
				if users = append(users, some...); userErr != nil {
					break
				}
			}
			return idp.EndOnly(inner, userErr)
		})
	}
	if directory.AsksFor(req, audit.TypeGroup) {
		reading.Go(func() error {
			groups, groupsErr = wholeList(inner, o, &o.groups, req.Kept, o.base+"/api/v1/groups?limit=10000", "groups", func(rows []group) bool {
				return directory.Misses(req.Principals, audit.TypeGroup, func(add func(directory.Entry)) {
					for i := range rows {
						add(rows[i].toEntry())
					}
				})
			})
			return idp.EndOnly(inner, groupsErr)
		})
	}
	if err := reading.Wait(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if userErr != nil {
		d.Unread[audit.TypeUser] = explain(userErr, "okta.users.read")
	}
	if groupsErr != nil {
		d.Unread[audit.TypeGroup] = explain(groupsErr, "okta.groups.read")
	}
	const nameless = "Okta sent an entry without a name, by which someone may be known"
	for i := range users {
		if users[i].Profile.Login == "" {
			d.Unread[audit.TypeUser] = nameless
		}
		d.Add(users[i].toEntry())
	}
	for i := range groups {
		if groups[i].Profile.Name == "" {
			d.Unread[audit.TypeGroup] = nameless
		}
		d.Add(groups[i].toEntry())
	}
	return nil
}

// wholeList is a list from its first page to its last, once in a run; one of
// several pages that lacks someone (see misses) is read again, unless lacks is nil.
func wholeList[T object](
	ctx context.Context, o *source, lists *once.Batch[[]T], kept *checkpoint.Store, link, family string, lacks func([]T) bool,
) ([]T, error) {
	var failed error
	found, err := lists.Read(ctx, kept, keptLists, []string{link}, func(ctx context.Context, _ []string, take func(string, time.Time, []T)) error {
		began := time.Now()
		var all []T
		pages := 0
		read := func() {
			failed = listPages(ctx, o, link, family, func(rows []T) { all, pages = append(all, rows...), pages+1 })
		}
		read()
		if failed == nil && pages > 1 && lacks != nil && lacks(all) {
			read()
		}
		if failed == nil {
			take(link, began, all)
		}
		return nil
	})
	if err == nil {
		err = failed
	}
	return found[link], err
}

func explain(err error, scope string) string {
	if directory.IsForbidden(err) {
		return fmt.Sprintf("%v. Grant the scope %s and a read-only admin role to the service app, or use the API token of an admin", err, scope)
	}
	return err.Error()
}

// fetchMembers reads the users of each group, once in a run. Groups of Okta have no
// groups in them.
func (o *source) fetchMembers(ctx context.Context, d *directory.Index, groups []string, kept *checkpoint.Store) error {
	var (
		mu     sync.Mutex
		failed = map[string]error{}
	)
	found, err := o.members.Read(ctx, kept, keptLists, groups, func(ctx context.Context, mine []string, take func(string, time.Time, []string)) error {
		reading, inner := errgroup.WithContext(ctx)
		reading.SetLimit(concurrency)
		for _, key := range mine {
			reading.Go(func() error {
				// The IdP's own spelling: Okta ids are case-sensitive.
				id := key
				if e := d.Find(key); e != nil {
					id = e.Identity.ExternalID
				}
				began, ids := time.Now(), []string{}
				err := listPages(inner, o, o.base+"/api/v1/groups/"+url.PathEscape(id)+"/users?limit=1000", "members", func(rows []user) {
					for _, u := range rows {
						ids = append(ids, u.ID)
					}
				})
				if err == nil {
					take(key, began, ids)
					return nil
				}
				mu.Lock()
				defer mu.Unlock()
				failed[key] = err
				return idp.EndOnly(inner, err)
			})
		}
		return reading.Wait()
	})
	if err != nil {
		return err
	}
	for _, key := range groups {
		node := directory.NewNode(len(found[key]))
		for _, id := range found[key] {
			node.Add(id, false)
		}
		if err := failed[key]; err != nil {
			node = &directory.Node{Unknown: explain(err, "okta.groups.read")}
		}
		d.Nodes[key] = node
	}
	return nil
}

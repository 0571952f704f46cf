// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// ErrUnstable is a list that changed while it was read.
var ErrUnstable = errors.New("the list changed while it was read")

// list reads all principals of one type by the configured route. A list that is empty
// is believed where both APIs are asked and both say so; see also
// [Directory.doubtEmpty].
func (d *reader) list(ctx context.Context, t audit.PrincipalType) listed {
	family := "list " + string(t)
	if d.api.UseIAMv2(family) {
		out := listed{route: api.IdentityIAMv2}
		var shown bool
		out.principals, shown, out.err = d.listWhole(ctx, t)
		switch {
		case out.err != nil && d.api.FallBack(ctx, family, out.err):
		case out.err != nil || len(out.principals) > 0:
			return out.withFailure(t)
		case d.api.Config.IdentityAPI == api.IdentityAuto:
			return d.listAgain(ctx, t).withFailure(t)
		case !shown:
			out.err = fmt.Errorf("GET %s: the answer has no list of %s, and no other key, so that whether there are any is not known. "+
				"With identity_api = \"auto\" account SCIM is asked too", d.api.IAMPath(iamResource(t)), Plural(t))
			fallthrough
		default:
			return out.withFailure(t)
		}
	}
	out := listed{route: api.IdentitySCIM}
	out.principals, out.err = d.listSCIM(ctx, t)
	return out.withFailure(t)
}

// listAgain asks SCIM about a list that IAM v2 says is empty. IAM v2 leaves empty
// lists out of its answers, so that no list cannot be distinguished from a list under
// another name, and a young API may answer before it has anything to show.
func (d *reader) listAgain(ctx context.Context, t audit.PrincipalType) listed {
	out := listed{route: api.IdentitySCIM}
	out.principals, out.err = d.listSCIM(ctx, t)
	switch {
	case out.err != nil && !api.IsLost(ctx, out.err):
		out.err = fmt.Errorf("IAM v2 shows none, and account SCIM could not be asked whether that is so: %w", out.err)
	case out.err == nil && len(out.principals) == 0:
		out.route = api.IdentityIAMv2
	case out.err == nil:
		d.api.LeaveIAMv2("list " + string(t))
	}
	return out
}

func (l listed) withFailure(t audit.PrincipalType) listed {
	if l.err != nil {
		l.failure = &audit.Failure{Call: "list " + Plural(t), Reason: l.err.Error()}
	}
	return l
}

// Plural is the word for several principals of a type.
func Plural(t audit.PrincipalType) string {
	switch t {
	case audit.TypeUser:
		return "users"
	case audit.TypeGroup:
		return "groups"
	default:
		return "service principals"
	}
}

// IAMPrincipal has what is read of all three types (docs/reference/databricks-account-api.md 5.3).
type IAMPrincipal struct {
	UserID             api.Text `json:"user_id"`
	GroupID            api.Text `json:"group_id"`
	ServicePrincipalID api.Text `json:"service_principal_id"`
	Username           string   `json:"username"`
	GroupName          string   `json:"group_name"`
	ApplicationID      string   `json:"application_id"`
	ExternalID         string   `json:"external_id"`
	DisplayName        string   `json:"display_name"`
	UserStatus         string   `json:"account_user_status"`
	SPStatus           string   `json:"account_sp_status"`
	FullName           struct {
		Given  string `json:"given_name"`
		Family string `json:"family_name"`
	} `json:"full_name"`
}

// ToAudit is the principal; the error is for one without id or name.
func (r *IAMPrincipal) ToAudit(t audit.PrincipalType) (audit.Principal, error) {
	p := audit.Principal{Ref: audit.Ref{Type: t}, ExternalID: r.ExternalID}
	switch t {
	case audit.TypeUser:
		p.ID, p.Name, p.Active = string(r.UserID), r.Username, active(r.UserStatus)
		p.DisplayName = r.FullName.Given
		if r.FullName.Family != "" {
			if p.DisplayName != "" {
				p.DisplayName += " "
			}
			p.DisplayName += r.FullName.Family
		}
	case audit.TypeGroup:
		p.ID, p.Name, p.DisplayName = string(r.GroupID), r.GroupName, r.GroupName
	case audit.TypeServicePrincipal:
		p.ID, p.Name, p.DisplayName, p.Active = string(r.ServicePrincipalID), r.ApplicationID, r.DisplayName, active(r.SPStatus)
	}
	return p, checkPrincipal(p)
}

func active(status string) *bool {
	switch status {
	case "ACTIVE":
		return new(true)
	case "INACTIVE":
		return new(false)
	default:
		return nil
	}
}

// listWhole is listIAMv2, read once more when an entry may have been missed: where
// tokens stand for positions, an entry that is deleted from a page already read
// moves another one across the border of the next. IAM v2 returns no total, so SCIM
// is asked for it between the first page and the second.
//
// Two readings that agree are believed, whatever SCIM counts. Of two that differ
// everything is kept: what was there a moment ago is asked for by itself before
// anything is written to it.
func (d *reader) listWhole(ctx context.Context, t audit.PrincipalType) (all []audit.Principal, shown bool, err error) {
	total := 0
	count := func() { total = d.scimTotal(ctx, t) }
	if d.api.Config.IdentityAPI == api.IdentityIAMv2 {
		count = func() {} // SCIM is not to be used.
	}
	first, shown, err := d.listIAMv2(ctx, t, count)
	if err != nil || len(first) >= total {
		return first, shown, err
	}
	d.api.Log(ctx, "a list is shorter than announced, reading it again", map[string]any{"type": string(t), "entries": len(first), "announced": total})
	second, _, err := d.listIAMv2(ctx, t, nil)
	both := byID{}
	for _, p := range slices.Concat(first, second) {
		both[p.ID] = p
	}
	return both.sorted(), shown, err
}

// scimTotal is the number of principals of a type by account SCIM, 0 when it
// cannot be had.
func (d *reader) scimTotal(ctx context.Context, t audit.PrincipalType) int {
	ctx, cancel := context.WithTimeout(ctx, d.api.Config.RequestTimeout)
	defer cancel()
	page, err := d.scimPage(ctx, t, SCIMQuery{Attributes: "id", count: 1}, 1)
	if err != nil || page.Total == nil {
		return 0
	}
	return *page.Total
}

// iamResource is the path segment of a list of IAM v2; its key has an underscore.
func iamResource(t audit.PrincipalType) string { return strings.ReplaceAll(Plural(t), " ", "-") }

// listIAMv2 reads GET /api/2.0/identity/accounts/{account}/{users|groups|service-principals}.
// more is called once, after the first of several pages. shown is false where no
// answer named the list.
func (d *reader) listIAMv2(ctx context.Context, t audit.PrincipalType, more func()) (out []audit.Principal, shown bool, err error) {
	var nameless nameless
	if more != nil {
		more = sync.OnceFunc(more)
	}
	seen := map[string]bool{}
	list := d.api.IAMList(iamResource(t))
	shown, err = api.TokenPages(ctx, d.api, list, strings.ReplaceAll(Plural(t), " ", "_"), more, func(page *principalPage) (int, error) {
		items := page.of(t)
		for i := range items {
			p, err := items[i].ToAudit(t)
			switch {
			case nameless.take(p):
			case err != nil:
				return 0, err
			case !seen[p.ID]:
				seen[p.ID] = true
				out = append(out, p)
			}
		}
		return api.SizeOf(items), nil
	})
	return out, shown, nameless.and(err, list.Path)
}

// nameless are principals that the account sent with an id and without a name,
// which no rule can judge. They make a hole of the list, and the others are read.
type nameless []string

func (n *nameless) take(p audit.Principal) bool {
	if p.ID == "" || p.Name != "" {
		return false
	}
	*n = append(*n, p.String())
	return true
}

// and is the error of the list, with them in it.
func (n nameless) and(err error, path string) error {
	if len(n) == 0 {
		return err
	}
	const most = 10
	slices.Sort(n)
	refs := slices.Compact(n)
	more := ""
	if len(refs) > most {
		more = fmt.Sprintf(", and %d more", len(refs)-most)
	}
	odd := fmt.Errorf("GET %s: the account sent principals without a name, which cannot be judged: %s%s. Give them one, or delete them",
		path, strings.Join(refs[:min(len(refs), most)], ", "), more)
	if err != nil {
		return fmt.Errorf("%w; %w", err, odd)
	}
	return odd
}

// SCIMListReply is one page (docs/reference/databricks-account-api.md 4.1).
type SCIMListReply struct {
	Total     *int           `json:"totalResults"`
	Resources []SCIMResource `json:"Resources"`
	// Lists by tokens are of another API: their entries are not all.
	Token json.RawMessage `json:"next_page_token"`
}

// listSCIM reads GET /api/2.1/accounts/{account}/scim/v2/{kind}. A list that
// changed while it was read is read once more, page after page; then it is a
// hole, with what both readings saw.
func (d *reader) listSCIM(ctx context.Context, t audit.PrincipalType) ([]audit.Principal, error) {
	first, err := d.scimPass(ctx, t, d.SCIMPages)
	if !errors.Is(err, ErrUnstable) {
		return first.sorted(), err
	}
	d.api.Log(ctx, "a list changed while it was read, reading it again", map[string]any{"type": string(t)})
	second, err := d.scimPass(ctx, t, d.scimSequence)
	if err == nil {
		return second.sorted(), nil
	}
	for id, p := range first {
		if _, again := second[id]; !again {
			second[id] = p
		}
	}
	if errors.Is(err, ErrUnstable) {
		err = fmt.Errorf("twice: %w", err)
	}
	return second.sorted(), err
}

// ByID are principals by id, so that what came twice is there once.
type byID map[string]audit.Principal

func (m byID) sorted() []audit.Principal {
	out := make([]audit.Principal, 0, len(m))
	for _, p := range m {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b audit.Principal) int { return audit.CompareIDs(a.ID, b.ID) })
	return out
}

// SCIMQuery is what a list is asked for beside its page.
type SCIMQuery struct {
	Attributes string
	filter     string // "" is all
	count      int    // entries of a page; 0 is SCIMPage
}

// pass is a way to read all pages; total is nil when no page named one.
type pass func(ctx context.Context, t audit.PrincipalType, q SCIMQuery) (pages []SCIMListReply, err error)

// scimPass reads the list and checks that it is whole: every page named the
// same total, and so many different principals came.
func (d *reader) scimPass(ctx context.Context, t audit.PrincipalType, read pass) (byID, error) {
	pages, err := read(ctx, t, SCIMQuery{Attributes: scimAttributes(t)})
	out := byID{}
	var (
		total    *int
		nameless nameless
	)
	for _, page := range pages {
		if page.Total != nil && total != nil && *page.Total != *total && err == nil {
			err = fmt.Errorf("%w: it had first %d entries, then %d", ErrUnstable, *total, *page.Total)
		}
		if total == nil {
			total = page.Total
		}
		for i := range page.Resources {
			p, perr := page.Resources[i].toAudit(t)
			if nameless.take(p) {
				continue
			}
			if perr != nil {
				return out, fmt.Errorf("GET %s: the account sent %w", d.api.SCIMPath(SCIMKind(t)), perr)
			}
			out[p.ID] = p
		}
	}
	if len(nameless) > 0 {
		return out, nameless.and(err, d.api.SCIMPath(SCIMKind(t)))
	}
	if err == nil && total != nil && len(out) != *total {
		err = fmt.Errorf("%w: %d different entries came, %d were announced", ErrUnstable, len(out), *total)
	}
	return out, err
}

// scimAttributes are what makes a principal.
func scimAttributes(t audit.PrincipalType) string {
	// externalId is asked for by name: lists without it were seen (4.2).
	const all = "id,displayName,externalId"
	switch t {
	case audit.TypeUser:
		return all + ",userName,active"
	case audit.TypeServicePrincipal:
		return all + ",applicationId,active"
	default: // Groups have neither.
		return all
	}
}

func (d *reader) scimPage(ctx context.Context, t audit.PrincipalType, q SCIMQuery, start int) (SCIMListReply, error) {
	var page SCIMListReply
	query := url.Values{"startIndex": {strconv.Itoa(start)}, "count": {strconv.Itoa(cmp.Or(q.count, api.SCIMPage))}, "attributes": {q.Attributes}}
	if q.filter != "" {
		query.Set("filter", q.filter)
	}
	body, err := d.api.Answer(ctx, api.Call{Method: http.MethodGet, Path: d.api.SCIMPath(SCIMKind(t)), Limit: api.LimitSCIMList, Query: query}, &page)
	if err != nil {
		return page, err
	}
	odd := func(err error) (SCIMListReply, error) {
		return SCIMListReply{}, fmt.Errorf("GET %s: %w", d.api.SCIMPath(SCIMKind(t)), err)
	}
	// An empty page has no Resources (docs/reference/databricks-account-api.md 4.6), but a total.
	switch {
	case page.Total == nil && page.Resources == nil:
		return odd(fmt.Errorf("the answer has neither totalResults nor Resources, but %s", api.Quoted(api.KeysOf(body))))
	case page.Token != nil, page.Total == nil && len(page.Resources) == 0 && start == 1:
		return odd(fmt.Errorf("the answer is not a page of account SCIM: it has %s", api.Quoted(api.KeysOf(body))))
	case page.Total != nil && (*page.Total > api.MostEntries || *page.Total < 0):
		return odd(fmt.Errorf("the answer announces %d entries, which no account has", *page.Total))
	}
	for i := range page.Resources {
		if err := page.Resources[i].Odd(); err != nil {
			return odd(fmt.Errorf("the account sent %w", err))
		}
	}
	return page, nil
}

// SCIMPages reads the first page, and from its total all others at once.
func (d *reader) SCIMPages(ctx context.Context, t audit.PrincipalType, q SCIMQuery) ([]SCIMListReply, error) {
	first, err := d.scimPage(ctx, t, q, 1)
	if err != nil {
		return nil, err
	}
	return d.scimRest(ctx, t, q, first)
}

// scimRest is the list that begins with a page.
func (d *reader) scimRest(ctx context.Context, t audit.PrincipalType, q SCIMQuery, first SCIMListReply) ([]SCIMListReply, error) {
	step := len(first.Resources)
	if first.Total == nil {
		return d.scimFollow(ctx, t, q, first)
	}
	if step == 0 || step >= *first.Total {
		return []SCIMListReply{first}, nil
	}
	pages := make([]SCIMListReply, (*first.Total+step-1)/step)
	pages[0] = first
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(d.api.Readers())
	for i := 1; i < len(pages); i++ {
		group.Go(func() error {
			page, err := d.scimPage(gctx, t, q, 1+i*step)
			pages[i] = page
			return err
		})
	}
	return pages, group.Wait()
}

// scimSequence reads page after page, each from where the last one ended.
func (d *reader) scimSequence(ctx context.Context, t audit.PrincipalType, q SCIMQuery) ([]SCIMListReply, error) {
	first, err := d.scimPage(ctx, t, q, 1)
	if err != nil {
		return nil, err
	}
	return d.scimFollow(ctx, t, q, first)
}

func (d *reader) scimFollow(ctx context.Context, t audit.PrincipalType, q SCIMQuery, first SCIMListReply) ([]SCIMListReply, error) {
	pages := []SCIMListReply{first}
	seen, received := map[api.Text]bool{}, len(first.Resources)
	for last := first; len(last.Resources) > 0; {
		before := len(seen)
		for _, r := range last.Resources {
			seen[r.ID] = true
		}
		switch {
		case last.Total != nil && len(seen) >= *last.Total:
			return pages, nil
		case len(seen) == before:
			// A server that ignores startIndex would never end.
			return pages, fmt.Errorf("%w: a page held only entries that had come before", ErrUnstable)
		}
		if received > api.MostEntries {
			return pages, fmt.Errorf("GET %s: the list has no end", d.api.SCIMPath(SCIMKind(t)))
		}
		var err error
		if last, err = d.scimPage(ctx, t, q, 1+received); err != nil {
			return pages, err
		}
		pages = append(pages, last)
		received += len(last.Resources)
	}
	return pages, nil
}

// principalPage is a page of one of the lists of principals.
type principalPage struct {
	api.PageEnd

	Users             []IAMPrincipal `json:"users"`
	Groups            []IAMPrincipal `json:"groups"`
	ServicePrincipals []IAMPrincipal `json:"service_principals"`
}

func (p *principalPage) of(t audit.PrincipalType) []IAMPrincipal {
	switch t {
	case audit.TypeGroup:
		return p.Groups
	case audit.TypeServicePrincipal:
		return p.ServicePrincipals
	default:
		return p.Users
	}
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package account_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/accounttest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/catalog"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// hostileForms are answers with success that say nothing of a list of that name, or
// not what it holds.
func hostileForms(key string) map[string]string {
	out := map[string]string{
		"nothing": "", "null": "null", "true": "true", "a text": `"no"`, "a number": "0",
		"HTML": "<html><body>log in</body></html>", "no key": "{}", "another key": `{"items":[{"id":"1"}]}`,
		"another list": `{"items":[]}`, "a longer name": `{"account_KEY":[]}`,
		"an error": `{"error":"forbidden"}`, "an error as an object": `{"error":{"code":403,"message":"no"}}`, "errors": `{"errors":["no"]}`,
		"an error code": `{"error_code":"PERMISSION_DENIED","message":"no"}`, "a list with an error": `{"KEY":[],"error":"partial"}`,
		"an error of SCIM":    `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"403","detail":"no"}`,
		"a list that is null": `{"KEY":null}`, "an object for the list": `{"KEY":{}}`, "a text for the list": `{"KEY":"x"}`,
		"a null element": `{"KEY":[null]}`, "an empty element": `{"KEY":[{}]}`, "a number as an element": `{"KEY":[1]}`,
		"a list as an element": `{"KEY":[[]]}`, "an unknown element": `{"KEY":[{"who":"1"}]}`,
		"a token that is null": `{"KEY":[],"next_page_token":null}`, "a token that is a number": `{"KEY":[],"next_page_token":5}`,
		"a token that is a list": `{"KEY":[],"next_page_token":["x"]}`, "a token alone that is true": `{"next_page_token":true}`,
		"a token without end":    `{"next_page_token":"x"}`,
		"bytes that are no text": "{\"KEY\":[],\"note\":\"\xff\"}", "half a character": `{"KEY":[],"note":"\ud83d"}`,
	}
	for name, body := range out {
		out[name] = strings.ReplaceAll(body, "KEY", key)
	}
	return out
}

// answering answers GET and POST requests to paths that match with a body, and
// refuses others.
type answering struct {
	path, forbidden *regexp.Regexp
	body            string
}

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body := 0, ""
	switch {
	case a.path.MatchString(r.URL.Path):
		status, body = http.StatusOK, a.body
	case a.forbidden != nil && a.forbidden.MatchString(r.URL.Path):
		status, body = http.StatusForbidden, `{"error_code":"PERMISSION_DENIED","message":"no"}`
	default:
		return http.DefaultTransport.RoundTrip(r)
	}
	return &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r,
	}, nil
}

// hostileRead is a way to ask, and one of the answers that it depends on.
type hostileRead struct {
	path, key string
	// forbidden are paths that are refused besides, so that there is no second witness.
	forbidden string
	api       string
	// ask gives what was read, and whether it says that something is unknown.
	ask func(ctx context.Context, c *account.Client) (any, bool)
	// except are forms that are right here.
	except []string
}

func inventoryOf(t audit.PrincipalType) func(context.Context, *account.Client) (any, bool) {
	return func(ctx context.Context, c *account.Client) (any, bool) {
		inv, err := c.Inventory(ctx)
		if err != nil {
			return nil, true
		}
		var out []string
		for _, p := range inv.Principals {
			if p.Type == t {
				out = append(out, p.ID)
			}
		}
		return out, !inv.Coverage.Of(t) && len(inv.Failures) > 0
	}
}

func askMembers(ctx context.Context, c *account.Client) (any, bool) {
	got, err := c.Members(ctx, accounttest.DirectID)
	return fmt.Sprint(got), err != nil
}

func askGraph(ctx context.Context, c *account.Client) (any, bool) {
	source, target := accounttest.SourceAndTarget()
	g, err := c.AccessGraph(ctx, source, target)
	if err != nil {
		return nil, true
	}
	diff := access.Compare(g, source, target)
	return fmt.Sprint(diff.OnlyInA, diff.OnlyInB, diff.Both), !diff.Complete && len(diff.Failures) > 0
}

func askFacts(ctx context.Context, c *account.Client) (any, bool) {
	st := hostileEstate()
	source, target := accounttest.SourceAndTarget()
	facts, err := c.AccessFacts(ctx, catalog.AccessRequest{Graph: accounttest.WholeGraph(&st), Source: source, Target: target, Depth: access.DepthAll})
	if err != nil {
		return nil, true
	}
	return fmt.Sprint(facts.Workspaces, facts.Metastores, facts.Holdings), len(facts.Failures) > 0
}

func askPower(ctx context.Context, c *account.Client) (any, bool) {
	p := c.Privileges(ctx, []audit.Ref{accounttest.User(accounttest.SourceID), accounttest.User(accounttest.TargetID)})
	return fmt.Sprint(p[accounttest.User(accounttest.SourceID)].Powers, p[accounttest.User(accounttest.TargetID)].Powers), p[accounttest.User(accounttest.SourceID)].Unknown != "" && p[accounttest.User(accounttest.TargetID)].Unknown != ""
}

func askOnePower(ctx context.Context, c *account.Client) (any, bool) {
	p := c.Privileges(ctx, []audit.Ref{accounttest.User(accounttest.SourceID)})[accounttest.User(accounttest.SourceID)]
	return fmt.Sprint(p.Powers), p.Unknown != ""
}

func asking[T any](f func(context.Context, *account.Client) (T, error)) func(context.Context, *account.Client) (any, bool) {
	return func(ctx context.Context, c *account.Client) (any, bool) {
		got, err := f(ctx, c)
		return fmt.Sprint(got), err != nil && !errors.Is(err, api.ErrNotFound)
	}
}

// hostileEstate is the estate with power through everything that gives it.
func hostileEstate() simulator.State {
	st := accounttest.Estate()
	st.Workspaces[0].PermissionAssignments = append(st.Workspaces[0].PermissionAssignments,
		simulator.PermissionAssignment{PrincipalID: accounttest.DirectID, Permissions: []string{"USER"}})
	st.Groups[2].Roles = []simulator.Role{{Value: "account_admin"}}
	accounttest.GrantOn(&st, "c", accounttest.GrantTo(accounttest.Parent, "SELECT"))
	st.AccountRoles = []simulator.RuleSet{{
		Name:       "accounts/" + accounttest.SomeAccount + "/ruleSets/default",
		GrantRules: []simulator.GrantRule{{Role: "roles/billing.admin", Principals: []string{"groups/" + accounttest.Direct}}},
	}}
	st.Account.AccountID = accounttest.SomeAccount
	return st
}

// TestHostileAnswers: whatever is answered in place of a list, what is read is what
// the account holds, or says that it is not known.
func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	const (
		iam  = `^/api/2.0/identity/accounts/[^/]+/`
		scim = `^/api/2.1/accounts/[^/]+/scim/v2/`
		uc   = `^/api/2.1/unity-catalog/`
	)
	byName := asking(func(ctx context.Context, c *account.Client) ([]audit.Principal, error) {
		return c.Find(ctx, audit.Selector{UserName: "source@example.com"})
	})
	reads := map[string]hostileRead{
		"users, IAM v2 alone":              {path: iam + "users$", key: "users", forbidden: scim, ask: inventoryOf(audit.TypeUser)},
		"groups, IAM v2 alone":             {path: iam + "groups$", key: "groups", forbidden: scim, ask: inventoryOf(audit.TypeGroup)},
		"service principals, IAM v2 alone": {path: iam + "service-principals$", key: "service_principals", forbidden: scim, ask: inventoryOf(audit.TypeServicePrincipal)},
		"users, IAM v2":                    {path: iam + "users$", key: "users", ask: inventoryOf(audit.TypeUser)},
		"users, iam_v2":                    {path: iam + "users$", key: "users", api: "iam_v2", ask: inventoryOf(audit.TypeUser)},
		"users, SCIM":                      {path: scim + "Users$", key: "Resources", api: "scim", ask: inventoryOf(audit.TypeUser)},
		"groups, SCIM":                     {path: scim + "Groups$", key: "Resources", api: "scim", ask: inventoryOf(audit.TypeGroup)},
		"service principals, SCIM":         {path: scim + "ServicePrincipals$", key: "Resources", api: "scim", ask: inventoryOf(audit.TypeServicePrincipal)},
		"users, IAM v2 forbidden":          {path: scim + "Users$", key: "Resources", forbidden: iam, ask: inventoryOf(audit.TypeUser)},
		"a user by name":                   {path: scim + "Users$", key: "Resources", api: "scim", ask: byName},
		"a user": {path: scim + "Users/" + accounttest.SourceID + "$", key: "members", ask: asking(func(ctx context.Context, c *account.Client) (audit.Principal, error) {
			return c.Principal(ctx, accounttest.User(accounttest.SourceID))
		})},
		"members":                          {path: iam + "groups/[0-9]+/direct-members$", key: "direct_group_members", ask: askMembers},
		"members, SCIM":                    {path: scim + "Groups/" + accounttest.DirectID + "$", key: "members", api: "scim", ask: askMembers},
		"groups above":                     {path: iam + "principals/[0-9]+/transitive-parent-groups$", key: "transitive_parent_groups", ask: askGraph},
		"groups above one":                 {path: iam + "principals/" + accounttest.SourceID + "/transitive-parent-groups$", key: "transitive_parent_groups", ask: askGraph},
		"members on the way":               {path: iam + "groups/" + accounttest.ParentID + "/direct-members$", key: "direct_group_members", ask: askGraph},
		"groups on the way":                {path: scim + "Groups/" + accounttest.ParentID + "$", key: "members", ask: askGraph},
		"groups, crawled":                  {path: scim + "Groups/" + accounttest.ParentID + "$", key: "members", api: "scim", ask: askGraph},
		"power by groups above":            {path: iam + "principals/[0-9]+/transitive-parent-groups$", key: "transitive_parent_groups", ask: askOnePower},
		"power by roles of a group":        {path: scim + "Groups/[0-9]+$", key: "roles", ask: askOnePower},
		"power by rules":                   {path: "/rule-sets$", key: "grant_rules", ask: askPower},
		"power by assignments":             {path: "/permissionassignments$", key: "permission_assignments", ask: askPower},
		"power by metastores":              {path: "^/api/2.0/accounts/[^/]+/metastores$", key: "metastores", ask: askPower},
		"power by workspaces":              {path: "^/api/2.0/accounts/[^/]+/workspaces$", key: "workspaces", ask: askPower},
		"facts by workspaces":              {path: "^/api/2.0/accounts/[^/]+/workspaces$", key: "workspaces", ask: askFacts},
		"facts by assignments":             {path: "/permissionassignments$", key: "permission_assignments", ask: askFacts},
		"facts by metastores":              {path: "^/api/2.0/accounts/[^/]+/metastores$", key: "metastores", ask: askFacts},
		"facts by their workspaces":        {path: "/metastores/[^/]+/workspaces$", key: "workspace_ids", ask: askFacts, except: []string{"a number as an element"}},
		"facts by the summary":             {path: uc + "metastore_summary$", key: "metastore", ask: askFacts},
		"facts by the proof of the caller": {path: uc + "metastores/", key: "metastore", ask: askFacts},
		"facts by rules":                   {path: "/rule-sets$", key: "grant_rules", ask: askFacts},
		"facts by grants":                  {path: uc + "permissions/", key: "privilege_assignments", ask: askFacts},
		"facts by catalogs":                {path: uc + "catalogs$", key: "catalogs", ask: askFacts},
		"facts by every list":              {path: uc + "[a-z-]+$", key: "catalogs", ask: askFacts},
		"workspaces": {path: "^/api/2.0/accounts/[^/]+/workspaces$", key: "workspaces", ask: asking(func(ctx context.Context, c *account.Client) ([]audit.Workspace, error) {
			return c.Workspaces(ctx)
		})},
		"matchWithIdp": {path: "/matchWithIdp$", key: "idp_matches_by_group_name", ask: asking(func(ctx context.Context, c *account.Client) (audit.Match, error) {
			return c.MatchWithIDP(ctx, audit.Principal{Ref: accounttest.Group(accounttest.DirectID), Name: accounttest.Direct})
		})},
	}
	for name, read := range reads {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := accounttest.Start(t, hostileEstate(), simulator.Options{})
			connected := func(a http.RoundTripper) *account.Client {
				cfg := accounttest.AsCaller(accounttest.Config(sim))
				cfg.IdentityAPI, cfg.SDK.HTTPTransport = read.api, a
				return accounttest.Connect(t, cfg)
			}
			truth, unknown := read.ask(t.Context(), connected(nil))
			if unknown {
				t.Fatalf("without fault it is unknown: %v", truth)
			}
			forms := hostileForms(read.key)
			if read.key == "Resources" {
				forms["no entries"], forms["a total of none"] = `{"Resources":[]}`, `{"schemas":[],"totalResults":0,"startIndex":1}`
				forms["a total that is a text"], forms["a total below none"] = `{"Resources":[],"totalResults":"0"}`, `{"Resources":[],"totalResults":-1}`
			}
			for _, form := range read.except {
				delete(forms, form)
			}
			for form, body := range forms {
				a := answering{path: regexp.MustCompile(read.path), body: body}
				if read.forbidden != "" {
					a.forbidden = regexp.MustCompile(read.forbidden)
				}
				c := connected(a)
				got, unknown := read.ask(t.Context(), c)
				if !unknown && strings.HasPrefix(name, "users, SCIM") || strings.Contains(form, "none") || form == "no entries" {
					// No one else is known to be one, until something refers to someone.
					c.Members(t.Context(), accounttest.DirectID) //nolint:errcheck // It is asked for what it refers to.
					c.AccessAssignments(t.Context())             //nolint:errcheck // Likewise.
					got, unknown = read.ask(t.Context(), c)
				}
				if diff := cmp.Diff(truth, got); !unknown && diff != "" {
					t.Errorf("%s (%s) is taken for a fact (-truth +got):\n%s", form, body, diff)
				}
			}
		})
	}
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// KindEntra is the name of the kind in provider configuration.
const KindEntra = "entra"

// EntraConfig says how to reach Entra ID. Every value may be left out; the
// credentials are explained at [NewEntra].
type EntraConfig struct {
	TenantID, ClientID, ClientSecret string
	// ClientCertificatePath is a PEM or PKCS#12 file with certificate and key.
	ClientCertificatePath, ClientCertificatePassword string
	// AuthorityHost is an https URL; default is that of the global cloud.
	AuthorityHost string
	// GraphEndpoint is the URL in front of /v1.0; default is that of the
	// authority's cloud. http is allowed for loopback only.
	GraphEndpoint string
	// UsernameAttributes may hold userPrincipalName and mail; empty means UPN for
	// members and mail for guests.
	UsernameAttributes []string
	// Transport bounds requests. Its zero value has the defaults.
	Transport transport.Options
	// BatchPause is the first pause before a part of a batch is sent again
	// when Graph names none; 0 is 500 ms.
	BatchPause time.Duration
}

type entra struct {
	graph      *graphClient
	creds      *entraCredentials
	attributes []string
	lists      *graphLists
}

var _ Lookup = (*entra)(nil)

// entraConcurrency is how many requests to Graph are in flight: its quota is
// counted in resource units per 10 seconds, and a batch takes 20 to 60 of them.
const entraConcurrency = 8

// NewEntra reads Entra ID through Microsoft Graph. It sends nothing yet; its
// errors are [*ConfigError].
//
// Credentials: a client secret or a certificate of an app registration; a
// client id alone is that of a workload identity or of a managed identity;
// what is left out altogether comes from azidentity's default chain
// (environment, workload identity, managed identity, Azure CLI). Instance
// discovery is switched off for an authority that is not Microsoft's.
//
// Requests. Each type is listed whole (999 a page) or looked up by name
// (filters of 15 names, 20 filters a batch), whichever costs less: listing goes
// on for as many pages as the principals of the account would fill, and when
// the tenant has more, its size is asked once. Stored ids that were not met are
// looked up by getByIds (1,000 a call; GUIDs only) unless all three types were
// listed, and last in the recycle bin. Members of linked groups come in batches
// of 20 from /beta, because v1.0 leaves out service principals; nested groups
// are read only where a member is not confirmed yet. For 10,000 users, 5,000
// linked groups and 500 service principals in a tenant of that size that is
// 18 pages and 250 batches.
//
// A missing permission makes unknown what rests on it, in words that name the
// permission, and everything else is judged. The members of a group with hidden
// membership are unknown unless the token says Member.Read.Hidden, because
// Graph may answer with an empty list.
//
// What lookups by name cannot see: [audit.Match].NearName has only names that
// are in Unicode's composed form without surrounding space there.
func NewEntra(cfg EntraConfig) (Source, error) {
	authority, graph, err := cfg.hosts()
	if err != nil {
		return nil, err
	}
	if err := CheckUsernameAttributes(cfg.UsernameAttributes); err != nil {
		return nil, &ConfigError{"entra.username_attributes", err.Error()}
	}
	if cfg.Transport.MaxConcurrency <= 0 {
		cfg.Transport.MaxConcurrency = entraConcurrency
	}
	client := transport.New(cfg.Transport)
	creds, err := newEntraCredentials(cfg, authority, scopeFor(authority, graph), client)
	if err != nil {
		return nil, err
	}
	limits := batchLimits{budget: cfg.Transport.RetryBudget, pause: cfg.BatchPause}
	if limits.budget <= 0 {
		limits.budget = transport.DefaultRetryBudget
	}
	if limits.pause <= 0 {
		limits.pause = transport.DefaultRetryPause
	}
	return &entra{
		graph: &graphClient{
			http: client, base: strings.TrimSuffix(graph.String(), "/"), origin: originOf(graph),
			authorize: creds.authorize, batches: cfg.Transport.MaxConcurrency, limits: limits,
		},
		creds: creds, attributes: cfg.UsernameAttributes, lists: &graphLists{},
	}, nil
}

func (e *entra) Kind() string { return KindEntra }

// Capabilities are those of the kind: users and service principals are always read with accountEnabled.
func (e *entra) Capabilities() Capabilities {
	return Capabilities{Capabilities: audit.Capabilities{DisplayNames: true, EnabledState: true}}
}

// graphHosts are the clouds (idp-apis, section 2). The DoD cloud has the login
// host of US Gov L4: there graph_endpoint has to be given.
var graphHosts = map[string]string{
	"login.microsoftonline.com":        "https://graph.microsoft.com",
	"login.microsoftonline.us":         "https://graph.microsoft.us",
	"login.chinacloudapi.cn":           "https://microsoftgraph.chinacloudapi.cn",
	"login.partner.microsoftonline.cn": "https://microsoftgraph.chinacloudapi.cn",
	"login.microsoft.com":              "https://graph.microsoft.com",
}

const defaultAuthority = "https://login.microsoftonline.com"

// isMicrosoft tells whether an authority is one whose validity Microsoft vouches for.
func isMicrosoft(authority *url.URL) bool {
	_, known := graphHosts[strings.ToLower(authority.Host)]
	return known
}

func (c *EntraConfig) hosts() (authority, graph *url.URL, err error) {
	host := c.AuthorityHost
	if host == "" {
		host = defaultAuthority
	}
	authority, err = url.Parse(host)
	if err != nil || authority.Scheme != "https" || authority.Host == "" || authority.RawQuery != "" || authority.User != nil {
		return nil, nil, &ConfigError{"entra.authority_host", fmt.Sprintf("%q is not an https URL such as %s", host, defaultAuthority)}
	}
	endpoint := c.GraphEndpoint
	if endpoint == "" {
		if endpoint = graphHosts[strings.ToLower(authority.Host)]; endpoint == "" {
			return nil, nil, &ConfigError{"entra.graph_endpoint", fmt.Sprintf(
				"the authority %s is not one of Microsoft's clouds, so its Graph endpoint must be given", authority.Host)}
		}
	}
	graph, err = checkEndpoint("entra.graph_endpoint", endpoint)
	if err != nil {
		return nil, nil, err
	}
	if path := strings.TrimSuffix(graph.Path, "/"); strings.HasSuffix(path, "/v1.0") || strings.HasSuffix(path, "/beta") {
		return nil, nil, &ConfigError{"entra.graph_endpoint", fmt.Sprintf("%q ends with a version; leave it out", endpoint)}
	}
	return authority, graph, nil
}

// scopeFor is the permission set of a token for Graph. An endpoint that is not
// Microsoft's (a proxy, a simulator) takes tokens of the authority's cloud.
func scopeFor(authority, graph *url.URL) string {
	host := strings.ToLower(graph.Hostname())
	if host == "graph.microsoft.com" || host == "graph.microsoft.us" || host == "dod-graph.microsoft.us" ||
		host == "microsoftgraph.chinacloudapi.cn" {
		return "https://" + host + "/.default"
	}
	if known := graphHosts[strings.ToLower(authority.Host)]; known != "" {
		return known + "/.default"
	}
	return graphHosts["login.microsoftonline.com"] + "/.default"
}

// Match reads what the principals of the request need. It fails as a whole when
// no token can be had, or the context ends.
func (e *entra) Match(ctx context.Context, req Request) (Result, error) {
	// The token comes first: without it nothing can be judged, and its claims
	// say what may be read.
	if err := e.creds.check(ctx); err != nil {
		return Result{}, err
	}
	r := &entraReader{entra: e, req: req, d: newDirectory(), hidden: map[string]bool{}}
	defer func() { r.early.close() }()
	if err := r.read(ctx); err != nil {
		return Result{}, fmt.Errorf("reading Entra ID: %w", err)
	}
	req.Members = r.early.over(req.Members)
	out, err := r.d.result(ctx, req, r.fetchMembers)
	if err != nil {
		return Result{}, fmt.Errorf("reading Entra ID: %w", err)
	}
	out.Failures = sortFailures(append(out.Failures, r.failures...))
	return out, nil
}

// entraReader is one audit.
type entraReader struct {
	*entra
	req      Request
	d        *directory
	failures []audit.Failure
	// hidden tells of the groups whose visibility was read, by canonical id,
	// whether they hide their members.
	hidden map[string]bool
	early  *earlyMembers
}

// entraType is what Graph calls one type of principals.
type entraType struct {
	t          audit.PrincipalType
	collection string
	odata      string
	fields     string
	// names are the properties that a Databricks name is looked for in.
	names []string
	// permission is the least application permission for reading it.
	permission string
}

func entraTypes() []entraType {
	return []entraType{
		{audit.TypeUser, "users", "#microsoft.graph.user",
			"id,userPrincipalName,mail,userType,accountEnabled,displayName", []string{"userPrincipalName", "mail"}, "User.Read.All"},
		{audit.TypeGroup, "groups", "#microsoft.graph.group",
			"id,displayName,visibility", []string{"displayName"}, "GroupMember.Read.All"},
		{audit.TypeServicePrincipal, "servicePrincipals", "#microsoft.graph.servicePrincipal",
			"id,appId,displayName,accountEnabled,appOwnerOrganizationId", []string{"appId"}, "Application.Read.All"},
	}
}

// explain adds to a refusal which permission is missing.
func explain(err error, permission string) string {
	if isForbidden(err) {
		return fmt.Sprintf("%v. Grant the application permission %s (with admin consent) to the app that reads Entra ID", err, permission)
	}
	return err.Error()
}

// take adds rows of one type that have the fields of that type.
func (r *entraReader) take(t entraType, rows []graphObject) {
	for _, o := range rows {
		r.d.add(r.toEntry(t.t, o, false))
		if t.t == audit.TypeGroup {
			r.hidden[audit.CanonicalExternalID(o.ID)] = strings.EqualFold(o.Visibility, "HiddenMembership")
		}
	}
}

func (r *entraReader) toEntry(t audit.PrincipalType, o graphObject, deleted bool) entry {
	id := audit.Identity{Type: t, ExternalID: o.ID, Deleted: deleted}
	if o.DisplayName != nil {
		id.DisplayName = *o.DisplayName
	}
	switch t {
	case audit.TypeUser:
		// userType is null on old objects; an invitation shows in the UPN then.
		guest := strings.EqualFold(o.UserType, "Guest")
		names := userNames{upn: o.UserPrincipalName, mail: o.Mail, guest: guest}
		invited := guest || o.UserType == "" && names.external()
		id.Guest, id.Enabled = &invited, o.AccountEnabled
		return userEntry(names, id, r.attributes)
	case audit.TypeServicePrincipal:
		id.Enabled = o.AccountEnabled
		if o.AppID != "" {
			id.Names = []string{o.AppID}
		}
		if own := r.creds.tenant(); own != "" && o.AppOwnerOrganizationID != "" && !strings.EqualFold(own, o.AppOwnerOrganizationID) {
			id.HomeTenant = o.AppOwnerOrganizationID
		}
	case audit.TypeGroup:
		if id.DisplayName != "" {
			id.Names = []string{id.DisplayName}
		}
	}
	return entry{identity: id}
}

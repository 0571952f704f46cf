// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package entra reads Microsoft Entra ID through Microsoft Graph.
package entra

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/once"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// Kind is the name of the kind in provider configuration.
const Kind = "entra"

// Config says how to reach Entra ID. Every value may be left out; the
// credentials are explained at [New].
type Config struct {
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

type source struct {
	graph      *graphClient
	creds      *credentials
	attributes []string
	lists      *graphLists
	answers    once.Batch[answer]
}

var (
	_ idp.Lookup          = (*source)(nil)
	_ idp.ConnectorSource = (*source)(nil)
	_ idp.EarlyLogin      = (*source)(nil)
)

// concurrency is how many requests to Graph are in flight: its quota is
// counted in resource units per 10 seconds, and a batch takes 20 to 60 of them.
const concurrency = 8

// New reads Entra ID through Microsoft Graph. It sends nothing yet; its
// errors are [*idp.ConfigError].
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
// A missing permission makes unknown what depends on it, in words that name the
// permission, and everything else is judged. The members of a group with hidden
// membership are unknown unless the token says Member.Read.Hidden, because
// Graph may answer with an empty list.
//
// What lookups by name cannot see: [audit.Match].NearName has only names that
// are in Unicode's composed form without surrounding space there.
func New(cfg Config) (idp.Source, error) {
	authority, graph, err := cfg.hosts()
	if err != nil {
		return nil, err
	}
	if err := directory.CheckUsernameAttributes(cfg.UsernameAttributes); err != nil {
		return nil, &idp.ConfigError{Attribute: "entra.username_attributes", Detail: err.Error()}
	}
	if cfg.Transport.MaxConcurrency <= 0 {
		cfg.Transport.MaxConcurrency = concurrency
	}
	client := transport.New(cfg.Transport)
	creds, err := newCredentials(cfg, authority, scopeFor(authority, graph), client)
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
	return &source{
		graph: &graphClient{
			http: client, base: strings.TrimSuffix(graph.String(), "/"), origin: directory.OriginOf(graph),
			authorize: creds.authorize, batches: cfg.Transport.MaxConcurrency, limits: limits,
		},
		creds: creds, attributes: cfg.UsernameAttributes, lists: &graphLists{},
	}, nil
}

func (e *source) Kind() string { return Kind }

// LogIn takes two requests, or some seconds of another program that has the login.
func (e *source) LogIn(ctx context.Context) { _ = e.creds.check(ctx) }

// Capabilities are those of the kind: users and service principals are always read with accountEnabled.
func (e *source) Capabilities() idp.Capabilities {
	return idp.Capabilities{Capabilities: audit.Capabilities{DisplayNames: true, EnabledState: true}}
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

// isMicrosoft reports whether an authority is one whose validity Microsoft vouches for.
func isMicrosoft(authority *url.URL) bool {
	_, known := graphHosts[strings.ToLower(authority.Host)]
	return known
}

func (c *Config) hosts() (authority, graph *url.URL, err error) {
	host := c.AuthorityHost
	if host == "" {
		host = defaultAuthority
	}
	authority, err = url.Parse(host)
	if err != nil || authority.Scheme != "https" || authority.Host == "" || authority.RawQuery != "" || authority.User != nil {
		return nil, nil, &idp.ConfigError{Attribute: "entra.authority_host", Detail: directory.ShownEndpoint(host) + " is not an https URL such as " + defaultAuthority}
	}
	endpoint := c.GraphEndpoint
	if endpoint == "" {
		if endpoint = graphHosts[strings.ToLower(authority.Host)]; endpoint == "" {
			return nil, nil, &idp.ConfigError{Attribute: "entra.graph_endpoint", Detail: fmt.Sprintf(
				"the authority %s is not one of Microsoft's clouds, so its Graph endpoint must be given", authority.Host)}
		}
	}
	graph, err = directory.CheckEndpoint("entra.graph_endpoint", endpoint)
	if err != nil {
		return nil, nil, err
	}
	if path := strings.TrimSuffix(graph.Path, "/"); strings.HasSuffix(path, "/v1.0") || strings.HasSuffix(path, "/beta") {
		return nil, nil, &idp.ConfigError{Attribute: "entra.graph_endpoint", Detail: fmt.Sprintf("%q ends with a version; leave it out", endpoint)}
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
func (e *source) Match(ctx context.Context, req idp.Request) (idp.Result, error) {
	// The token comes first: without it nothing can be judged, and its claims
	// say what may be read.
	if err := e.creds.check(ctx); err != nil {
		return idp.Result{}, err
	}
	r := &reader{source: e, req: req, d: directory.New(), hidden: map[string]bool{}}
	defer func() { r.prefetched.Close() }()
	if err := r.read(ctx); err != nil {
		return idp.Result{}, fmt.Errorf("reading Entra ID: %w", err)
	}
	req.Members = r.prefetched.Over(req.Members)
	out, err := r.d.Result(ctx, req, r.fetchMembers)
	if err != nil {
		return idp.Result{}, fmt.Errorf("reading Entra ID: %w", err)
	}
	out.Failures = idp.SortFailures(append(out.Failures, r.failures...))
	return out, nil
}

// reader is one audit.
type reader struct {
	*source
	req      idp.Request
	d        *directory.Index
	failures []audit.Failure
	// hidden says of the groups whose visibility was read, by canonical id,
	// whether they hide their members.
	hidden     map[string]bool
	prefetched *directory.PrefetchedMembers
}

// objectType is what Graph calls one type of principals.
type objectType struct {
	t          audit.PrincipalType
	collection string
	odata      string
	fields     string
	// names are the properties that a Databricks name is looked for in.
	names []string
	// permission is the least application permission for reading it.
	permission string
}

func objectTypes() []objectType {
	return []objectType{
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
	if directory.IsForbidden(err) {
		return fmt.Sprintf("%v. Grant the application permission %s (with admin consent) to the app that reads Entra ID", err, permission)
	}
	return err.Error()
}

// take adds rows of one type that have the fields of that type.
func (r *reader) take(t objectType, rows []graphObject) {
	for _, o := range rows {
		r.d.Add(r.toEntry(t.t, o, false))
		if t.t == audit.TypeGroup {
			r.hidden[audit.CanonicalExternalID(o.ID)] = strings.EqualFold(o.Visibility, "HiddenMembership")
		}
	}
}

func (r *reader) toEntry(t audit.PrincipalType, o graphObject, deleted bool) directory.Entry {
	id := audit.Identity{Type: t, ExternalID: o.ID, Deleted: deleted}
	if o.DisplayName != nil {
		id.DisplayName = *o.DisplayName
	}
	switch t {
	case audit.TypeUser:
		// userType is null on old objects; an invitation shows in the UPN then.
		guest := strings.EqualFold(o.UserType, "Guest")
		names := directory.UserNames{UPN: o.UserPrincipalName, Mail: o.Mail, Guest: guest}
		invited := guest || o.UserType == "" && names.External()
		id.Guest, id.Enabled = &invited, o.AccountEnabled
		return directory.UserEntry(names, id, r.attributes)
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
	return directory.Entry{Identity: id}
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package entra

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/faults"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// GraphAssumptions are the switches of this area. Facts: docs/reference/idp-apis.md 3.
type GraphAssumptions struct {
	// Permissions are the granted application permissions, separated by commas;
	// "" grants everything that an audit can use, "none" nothing.
	Permissions string
	// HiddenMembersForbidden answers 403 for the members of a group with hidden
	// membership when Member.Read.Hidden is not granted; otherwise the list is
	// empty, which looks like a group without members.
	HiddenMembersForbidden bool
	// V1ServicePrincipalMembers makes the service principals visible that v1.0
	// leaves out: under transitiveMembers and under the servicePrincipal cast of
	// members. What v1.0 does there is unknown; plain members never has them.
	V1ServicePrincipalMembers bool
	// DeletedSecurityGroups keeps deleted security groups in the recycle bin;
	// otherwise they are gone at once.
	DeletedSecurityGroups bool
	// LookupSelect honours $select on getByIds; otherwise it is ignored, and
	// userType and accountEnabled cannot be had there.
	LookupSelect bool
	// LookupPageSize, if not 0, makes getByIds answer in pages of that size.
	LookupPageSize int
	// LookupAnyPermission lets every reader call getByIds; otherwise only
	// Directory.Read.All does.
	LookupAnyPermission bool
	// ShortPages makes pages half as long as asked for.
	ShortPages bool
	// NextLinkHost, if not empty, is scheme and host of every next link in place
	// of the host that was asked: a hostile or a badly configured proxy.
	NextLinkHost string
	// BatchURLs "any" takes absolute URLs and those with a version in the parts of
	// a batch, as BatchRequestContent of the JavaScript client makes them;
	// otherwise they are refused with 400, as reported (msgraph-sdk-javascript #1178).
	BatchURLs string `words:"relative any"`
	// TemplateFilterRefused answers 400 to a filter by applicationTemplateId.
	TemplateFilterRefused bool
	// JobsNotFound answers 404 for the jobs of an app that has none, in place of an
	// empty list.
	JobsNotFound bool
	// SecretsReadable lets Synchronization.Read.All read the settings of a connector;
	// otherwise they need a permission to write.
	SecretsReadable bool
	// LogFilterPaths lets the provisioning log be filtered by servicePrincipal/id and
	// jobId; otherwise by time only.
	LogFilterPaths bool
	// LogServicePrincipals makes servicePrincipal a list in the log, as the table of
	// properties has it, in place of the object of the examples.
	LogServicePrincipals bool
}

// graphBases are where Graph is served: graph_endpoint is {host}/graph, and
// clients that know only a host find it at the root.
var graphBases = []string{"/graph", ""}

// graphCall is one authenticated call.
type graphCall struct {
	s       *Face
	rw      http.ResponseWriter
	r       *http.Request
	d       *world.Directory
	root    string // path up to the version, for example /graph/v1.0
	version string // v1.0 or beta
	granted []string
}

// graphError is an answer that refuses. Codes marked [unofficial] in
// docs/reference/idp-apis.md 3.5 are what public clients look for.
type graphError struct {
	status  int
	code    string
	message string
}

func graphBadRequest(code, format string, args ...any) *graphError {
	return &graphError{http.StatusBadRequest, code, fmt.Sprintf(format, args...)}
}

func graphNotFound(id string) *graphError {
	return &graphError{http.StatusNotFound, "Request_ResourceNotFound", "Resource '" + id +
		"' does not exist or one of its queried reference-property objects are not present."}
}

var graphForbidden = &graphError{http.StatusForbidden, "Authorization_RequestDenied",
	"Insufficient privileges to complete the operation."}

type graphHandler func(c *graphCall) *graphError

// graphRoute is one operation: its cost in resource units (docs/reference/idp-apis.md 3.5)
// and the permissions of which one is enough (3.6).
type graphRoute struct {
	pattern string // method and path below the version
	cost    int
	needs   []string
	handler graphHandler
}

var (
	readUsers   = []string{"User.Read.All", "Directory.Read.All"}
	readGroups  = []string{"Group.Read.All", "Directory.Read.All"}
	readMembers = []string{"GroupMember.Read.All", "Group.Read.All", "Directory.Read.All"}
	readSPs     = []string{"Application.Read.All", "Directory.Read.All"}
	readAll     = []string{"Directory.Read.All"}
	readJobs    = []string{"Synchronization.Read.All", "Application.ReadWrite.OwnedBy"}
)

func graphOperations() []graphRoute {
	out := []graphRoute{
		{"GET /users", 2, readUsers, listOf(graphUser)},
		{"GET /users/{id}", 1, readUsers, oneOf(graphUser)},
		{"GET /users/{id}/manager", 1, readUsers, (*graphCall).manager},
		{"GET /groups", 1, readMembers, listOf(graphGroup)},
		{"GET /groups/{id}", 1, readMembers, oneOf(graphGroup)},
		{"GET /groups/{id}/members", 3, readMembers, (*graphCall).members},
		{"GET /groups/{id}/members/{cast}", 3, readMembers, (*graphCall).members},
		{"GET /groups/{id}/transitiveMembers", 5, readMembers, (*graphCall).transitiveMembers},
		{"GET /groups/{id}/transitiveMembers/{cast}", 5, readMembers, (*graphCall).transitiveMembers},
		{"GET /groups/{id}/owners", 1, readMembers, nothing(graphGroup)},
		{"GET /servicePrincipals", 1, readSPs, listOf(graphSP)},
		{"GET /servicePrincipals/{id}", 1, readSPs, oneOf(graphSP)},
		{"GET /servicePrincipals/{id}/owners", 1, readSPs, nothing(graphSP)},
		{"GET /servicePrincipals/{id}/appRoleAssignments", 2, readSPs, nothing(graphSP)},
		{"GET /{resource}", 1, nil, (*graphCall).byKey},
		{"GET /directoryObjects/{id}", 1, readAll, (*graphCall).directoryObject},
		{"POST /directoryObjects/getByIds", 3, nil, (*graphCall).getByIDs},
		{"POST /directoryObjects/microsoft.graph.getByIds", 3, nil, (*graphCall).getByIDs},
		{"GET /directoryObjects/getByIds", 3, nil, (*graphCall).getByIDsNext},
		{"GET /directory/deletedItems/{cast}", 1, nil, (*graphCall).deletedItems},
		{"GET /organization", 1, []string{"Organization.Read.All", "Directory.Read.All"}, (*graphCall).organization},
		{"GET /domains", 1, []string{"Domain.Read.All", "Directory.Read.All"}, (*graphCall).domains},
	}
	out = append(out, synchronizationOperations()...)
	out = append(out, memberGroupRoutes("directoryObjects", nil)...)
	for _, k := range graphKinds {
		out = append(out, memberGroupRoutes(k.path, k)...)
		for relation, handler := range map[string]graphHandler{"memberOf": memberOf(k), "transitiveMemberOf": transitiveMemberOf(k)} {
			for _, cast := range []string{"", "/{cast}"} {
				out = append(out, graphRoute{"GET /" + k.path + "/{id}/" + relation + cast, 1, readMembers, handler})
			}
		}
	}
	return out
}

func (s *Face) graphRoutes() {
	s.defineGraphLimits()
	s.entraRoutes()
	for _, base := range graphBases {
		for _, version := range []string{"v1.0", "beta"} {
			root := base + "/" + version
			for _, op := range graphOperations() {
				method, path, _ := strings.Cut(op.pattern, " ")
				s.Mux.HandleFunc(method+" "+root+path, func(rw http.ResponseWriter, r *http.Request) {
					s.serveGraph(rw, r, root, version, op)
				})
			}
			s.Mux.HandleFunc("POST "+root+"/$batch", func(rw http.ResponseWriter, r *http.Request) {
				s.serveGraph(rw, r, root, version, graphRoute{handler: (*graphCall).batch})
			})
		}
	}
}

// serveGraph authenticates, throttles, authorises, and lets the operation answer.
func (s *Face) serveGraph(rw http.ResponseWriter, r *http.Request, root, version string, op graphRoute) {
	c := &graphCall{s: s, rw: rw, r: r, d: s.Directory(), root: root, version: version}
	id := s.IDs.Next()
	rw.Header().Set("request-id", id)
	client := r.Header.Get("client-request-id")
	if client == "" {
		client = id
	}
	rw.Header().Set("client-request-id", client)
	rw.Header().Set("Cache-Control", "no-cache")
	granted, err := s.checkGraphToken(r)
	if err != nil {
		rw.Header().Set("WWW-Authenticate", `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="`+graphAudiences[0]+`"`)
		c.fail(&graphError{http.StatusUnauthorized, "InvalidAuthenticationToken", err.Error()})
		return
	}
	c.granted = granted
	if op.cost > 0 && c.throttled(op.cost) {
		return
	}
	if op.needs != nil && !c.may(op.needs...) {
		c.fail(graphForbidden)
		return
	}
	if fail := op.handler(c); fail != nil {
		c.fail(fail)
	}
}

// may reports whether one of the permissions, or its ReadWrite form, is granted.
func (c *graphCall) may(oneOf ...string) bool {
	return slices.ContainsFunc(oneOf, func(p string) bool {
		return slices.Contains(c.granted, p) || slices.Contains(c.granted, strings.Replace(p, ".Read.", ".ReadWrite.", 1))
	})
}

func (c *graphCall) fail(e *graphError) {
	raw, err := json.Marshal(map[string]any{"error": map[string]any{
		"code": e.code, "message": e.message,
		"innerError": map[string]any{
			"date":              c.s.Now().UTC().Format("2006-01-02T15:04:05"),
			"request-id":        c.rw.Header().Get("request-id"),
			"client-request-id": c.rw.Header().Get("client-request-id"),
		},
	}})
	if err != nil {
		http.Error(c.rw, err.Error(), http.StatusInternalServerError)
		return
	}
	c.rw.Header().Set("Content-Type", "application/json")
	c.rw.WriteHeader(e.status)
	_, _ = c.rw.Write(raw)
}

// ok answers 200 with a JSON body, whose context names the resource.
func (c *graphCall) ok(context string, body map[string]any) *graphError {
	if context != "" {
		body["@odata.context"] = c.origin() + c.root + "/$metadata#" + context
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return &graphError{http.StatusInternalServerError, "InternalServerError", err.Error()}
	}
	c.rw.Header().Set("Content-Type",
		"application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8")
	c.rw.Header().Set("OData-Version", "4.0")
	c.rw.WriteHeader(http.StatusOK)
	_, _ = c.rw.Write(raw)
	return nil
}

// origin is scheme and host as the client sees them.
func (c *graphCall) origin() string {
	if c.r.TLS != nil {
		return "https://" + c.r.Host
	}
	return "http://" + c.r.Host
}

// Throttling by tenant size in resource units per 10 seconds (docs/reference/idp-apis.md 3.5).
var graphQuotas = []struct {
	name  string
	users int // fewer users than this
	units float64
}{{"Graph S", 50, 3500}, {"Graph M", 501, 5000}, {"Graph L", math.MaxInt, 8000}}

func (s *Face) defineGraphLimits() {
	for _, q := range graphQuotas {
		s.Limiter.Define(q.name, q.units/10, q.units)
	}
	s.Limiter.Define(graphLogLimit, 0.5, 5)
}

// throttled charges the call and answers 429 when the quota is used up.
func (c *graphCall) throttled(cost int) bool {
	q := c.r.URL.Query()
	if q.Has("$select") {
		cost--
	}
	if q.Has("$expand") {
		cost++
	}
	if top, err := strconv.Atoi(q.Get("$top")); err == nil && top < 20 {
		cost--
	}
	cost = max(1, cost)
	h := c.rw.Header()
	h.Set("x-ms-resource-unit", strconv.Itoa(cost))
	i := slices.IndexFunc(graphQuotas, func(g struct {
		name  string
		users int
		units float64
	}) bool {
		return len(c.d.Doc.Users) < g.users
	})
	got := c.s.Limiter.Take(graphQuotas[i].name, float64(cost))
	if got.Limit > 0 {
		if used := 1 - got.Remaining/got.Limit; used >= 0.8 {
			h.Set("x-ms-throttle-limit-percentage", strconv.FormatFloat(used, 'f', 2, 64))
		}
	}
	if got.OK {
		return false
	}
	h.Set("Retry-After", faults.RetryAfterSeconds(got.RetryAfter))
	h.Set("x-ms-throttle-scope", "Tenant_Application/ReadWrite/"+c.s.ClientID+"/"+c.d.TenantID())
	h.Set("x-ms-throttle-information", "ResourceUnitLimitExceeded")
	c.fail(&graphError{http.StatusTooManyRequests, "TooManyRequests", "Too many requests."})
	return true
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package entra

import (
	"cmp"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// The gallery where the state has none: the connector for Databricks, and the template
// of apps of no gallery.
var defaultAppTemplates = []world.AppTemplate{
	{ID: "8adf8e6e-67b2-4cf2-a259-e3dc5476c621", DisplayName: "Custom"},
	{ID: "9c9818d2-2900-49e8-8ba4-22688be7c675", DisplayName: "Azure Databricks SCIM Provisioning Connector"},
}

var (
	// readSecrets: which permission is the least for an application is not known. The
	// read permission is enough with a switch only.
	readSecrets  = []string{"Synchronization.ReadWrite.All", "Application.ReadWrite.All", "Directory.ReadWrite.All"}
	readTemplate = []string{"Application.Read.All", "Directory.Read.All"}
	readLog      = []string{"ProvisioningLog.Read.All", "AuditLog.Read.All"}
)

func synchronizationOperations() []graphRoute {
	const base = "GET /servicePrincipals/{id}/synchronization/"
	return []graphRoute{
		{"GET /servicePrincipals/{id}/appRoleAssignedTo", 2, readSPs, (*graphCall).appRoleAssignedTo},
		{base + "jobs", 1, readJobs, synchronized((*syncCall).jobs)},
		{base + "jobs/{job}", 1, readJobs, synchronized((*syncCall).job)},
		{base + "jobs/{job}/schema", 1, readJobs, synchronized((*syncCall).schema)},
		{base + "templates", 1, readJobs, synchronized((*syncCall).templates)},
		{base + "templates/{template}/schema", 1, readJobs, synchronized((*syncCall).templateSchema)},
		{base + "secrets", 1, nil, synchronized((*syncCall).secrets)},
		{"GET /applicationTemplates", 1, readTemplate, (*graphCall).applicationTemplates},
		{"GET /auditLogs/provisioning", 1, readLog, (*graphCall).provisioningLog},
	}
}

// syncCall is a call about what the service principal of the path provisions.
type syncCall struct {
	*graphCall
	sync *world.Synchronization
}

func synchronized(f func(c *syncCall) *graphError) graphHandler {
	return func(c *graphCall) *graphError {
		o, fail := c.addressed(graphSP)
		if fail != nil {
			return fail
		}
		sync := o.sp.Synchronization
		if sync == nil {
			sync = &world.Synchronization{}
		}
		if sync.Fresh {
			return &graphError{http.StatusUnauthorized, "UnknownError", "An unexpected error occurred while processing the request."}
		}
		c.rw.Header().Set("Date", c.s.Now().UTC().Format(http.TimeFormat))
		return f(&syncCall{c, sync})
	}
}

func (c *syncCall) jobs() *graphError {
	if len(c.sync.Jobs) == 0 && c.s.Assumed.JobsNotFound {
		return graphNotFound(c.r.PathValue("id"))
	}
	rows := []any{}
	for i := range c.sync.Jobs {
		rows = append(rows, c.row(&c.sync.Jobs[i]))
	}
	return c.ok("", map[string]any{"value": rows})
}

func (c *syncCall) row(j *world.SyncJob) map[string]any {
	return map[string]any{
		"id": j.ID, "templateId": j.TemplateID, "synchronizationJobSettings": []any{},
		"schedule": map[string]any{"expiration": nil, "interval": j.Schedule.Interval, "state": j.Schedule.State},
		"status":   c.dated(j.Status),
	}
}

func (c *syncCall) named() (*world.SyncJob, *graphError) {
	id := c.r.PathValue("job")
	at := slices.IndexFunc(c.sync.Jobs, func(j world.SyncJob) bool { return j.ID == id })
	if at < 0 {
		return nil, graphNotFound(id)
	}
	return &c.sync.Jobs[at], nil
}

func (c *syncCall) job() *graphError {
	j, fail := c.named()
	if fail != nil {
		return fail
	}
	return c.ok("", c.row(j))
}

func (c *syncCall) schema() *graphError {
	j, fail := c.named()
	if fail != nil {
		return fail
	}
	return c.ok("", schemaBody(j.ID, j.Schema))
}

func schemaBody(id string, schema world.SyncSchema) map[string]any {
	rules := schema.SynchronizationRules
	if rules == nil {
		rules = []world.SyncRule{}
	}
	return map[string]any{"id": id, "version": "Date:2026-01-01T00:00:00.0000000Z", "provisioningTaskIdentifier": nil, "synchronizationRules": rules, "directories": []any{}}
}

func (c *syncCall) templates() *graphError {
	rows := []any{}
	for _, t := range c.sync.Templates {
		rows = append(rows, map[string]any{"id": t.ID, "default": true, "description": nil, "discoverable": true, "factoryTag": t.ID, "metadata": []any{}})
	}
	return c.ok("", map[string]any{"value": rows})
}

func (c *syncCall) templateSchema() *graphError {
	id := c.r.PathValue("template")
	for _, t := range c.sync.Templates {
		if t.ID == id {
			return c.ok("", schemaBody(id, t.Schema))
		}
	}
	return graphNotFound(id)
}

// secretKeys are those whose values are never shown.
var secretKeys = []string{"SecretToken", "Oauth2AccessToken", "Password", "ClientSecret"}

func (c *syncCall) secrets() *graphError {
	if c.version != "beta" {
		return graphBadRequest("BadRequest", "Resource not found for the segment 'secrets'.")
	}
	if !c.may(readSecrets...) && (!c.s.Assumed.SecretsReadable || !c.may(readJobs...)) {
		return graphForbidden
	}
	rows := []any{}
	for _, secret := range c.sync.Secrets {
		if slices.Contains(secretKeys, secret.Key) {
			secret.Value = "*"
		}
		rows = append(rows, secret)
	}
	return c.ok("", map[string]any{"value": rows})
}

// appRoleAssignedTo lists assignments in the order of the state.
func (c *graphCall) appRoleAssignedTo() *graphError {
	o, fail := c.addressed(graphSP)
	if fail != nil {
		return fail
	}
	rows := make([]map[string]any, 0, len(o.sp.AppRoleAssignedTo))
	for i, a := range o.sp.AppRoleAssignedTo {
		kind, name := "User", any(nil)
		if p, ok := liveObject(c.d, a.PrincipalID); ok {
			kind = strings.ToUpper(p.kind().odata[:1]) + p.kind().odata[1:]
			name = p.kind().props["displayName"](p)
		}
		rows = append(rows, map[string]any{
			"id": o.sp.ID + "-" + strconv.Itoa(i), "deletedDateTime": nil, "createdDateTime": longAgo,
			"appRoleId":   cmp.Or(a.AppRoleID, "00000000-0000-0000-0000-000000000000"),
			"principalId": a.PrincipalID, "principalType": kind, "principalDisplayName": name,
			"resourceId": o.sp.ID, "resourceDisplayName": o.sp.DisplayName,
		})
	}
	return c.plainPage(rows)
}

// plainPage cuts a list that is no list of directory objects.
func (c *graphCall) plainPage(rows []map[string]any) *graphError {
	q := c.r.URL.Query()
	top, start := graphDefaultTop, 0
	if text := q.Get("$top"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > graphMaxTop {
			return graphBadRequest("BadRequest", "Invalid page size specified: '%s'.", text)
		}
		top = n
	}
	if token := q.Get("$skiptoken"); token != "" {
		n, err := readSkipToken(token)
		if err != nil {
			return graphBadRequest("BadRequest", "The page token is not valid.")
		}
		start = n
	}
	top = c.s.Paging.Size(top)
	start = min(start, len(rows))
	end := min(start+top, len(rows))
	body := map[string]any{"value": rows[start:end]}
	if end < len(rows) {
		body["@odata.nextLink"] = c.nextLink(end)
	}
	return c.ok("", body)
}

var displayNameFilter = regexp.MustCompile(`^displayName eq '((?:[^']|'')*)'$`)

func (c *graphCall) applicationTemplates() *graphError {
	templates := c.d.Doc.ApplicationTemplates
	if templates == nil {
		templates = defaultAppTemplates
	}
	filter := c.r.URL.Query().Get("$filter")
	name := displayNameFilter.FindStringSubmatch(filter)
	if filter != "" && name == nil {
		return graphBadRequest("BadRequest", "Invalid filter clause: the simulator knows displayName eq '...'.")
	}
	rows := []map[string]any{}
	for _, t := range templates {
		if name == nil || strings.EqualFold(t.DisplayName, strings.ReplaceAll(name[1], "''", "'")) {
			rows = append(rows, map[string]any{"id": t.ID, "displayName": t.DisplayName, "publisher": "Databricks Inc.", "supportedProvisioningTypes": []string{"sync"}})
		}
	}
	return c.plainPage(rows)
}

// before is a time that is written as a duration before the start.
var before = regexp.MustCompile(`^-P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$`)

// dated is a value as JSON, with the times that are durations put in.
func (c *graphCall) dated(v any) any {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	var out any
	if json.Unmarshal(raw, &out) != nil {
		return nil
	}
	return datedAt(out, c.s.Started)
}

func datedAt(v any, start time.Time) any {
	switch v := v.(type) {
	case string:
		return timeOf(v, start)
	case []any:
		for i := range v {
			v[i] = datedAt(v[i], start)
		}
	case map[string]any:
		for k := range v {
			v[k] = datedAt(v[k], start)
		}
	}
	return v
}

func timeOf(text string, start time.Time) string {
	parts := before.FindStringSubmatch(text)
	if parts == nil {
		return text
	}
	var ago time.Duration
	for i, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second} {
		n, _ := strconv.Atoi("0" + parts[i+1]) // Digits, or nothing.
		ago += time.Duration(n) * unit
	}
	return start.Add(-ago).UTC().Format("2006-01-02T15:04:05Z")
}

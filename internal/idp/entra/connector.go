// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package entra

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
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
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/provisioning"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/directory"
)

// How connectors are found (docs/reference/entra-provisioning.md 1).
const (
	templateName   = "Azure Databricks SCIM Provisioning Connector"
	templateID     = "9c9818d2-2900-49e8-8ba4-22688be7c675"
	customTemplate = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"
	customTag      = "WindowsAzureActiveDirectoryCustomSingleSignOnApplication"
)

const (
	callFindConnectors = "find SCIM connectors"

	readJobs    = "Synchronization.Read.All"
	readSPs     = "Application.Read.All"
	readLog     = "ProvisioningLog.Read.All"
	appFields   = "id,appId,displayName,accountEnabled,appRoleAssignmentRequired,applicationTemplateId,appOwnerOrganizationId,tags,notificationEmailAddresses"
	logPages    = 200 // pages of the provisioning log: 5 requests in 10 seconds are allowed
	mostNesting = 50  // levels of groups
)

// app is a service principal with what says whether it is a connector.
type app struct {
	ID                 string   `json:"id"`
	AppID              string   `json:"appId"`
	DisplayName        string   `json:"displayName"`
	AccountEnabled     *bool    `json:"accountEnabled"`
	AssignmentRequired *bool    `json:"appRoleAssignmentRequired"`
	TemplateID         string   `json:"applicationTemplateId"`
	Tags               []string `json:"tags"`
	Notify             []string `json:"notificationEmailAddresses"`
}

// entry is an entry of a list of any kind.
type entry struct{ json.RawMessage }

func (e entry) known() bool { return bytes.HasPrefix(bytes.TrimSpace(e.RawMessage), []byte("{")) }

// answer is what one URL answered: a document, or all entries of a list.
type answer struct {
	Date     time.Time // zero where it had none
	Document json.RawMessage
	Entries  []entry
}

// Connectors finds the apps that provision Databricks, and reads of each its jobs with
// their schema, the settings that can be read, its assignments and the members of the
// assigned groups. It never writes and never starts anything.
func (e *source) Connectors(ctx context.Context, req idp.ConnectorRequest) (idp.ConnectorResult, error) {
	if err := e.creds.check(ctx); err != nil {
		return idp.ConnectorResult{}, err
	}
	r := &connectorReader{reader: &reader{source: e, d: directory.New(), hidden: map[string]bool{}}, req: req}
	apps, out, err := r.find(ctx)
	if err != nil {
		return idp.ConnectorResult{}, fmt.Errorf("reading Entra ID: %w", err)
	}
	out.Connectors = make([]provisioning.Connector, len(apps))
	group, inner := errgroup.WithContext(ctx)
	for i, a := range apps {
		group.Go(func() error {
			var err error
			out.Connectors[i], err = r.connector(inner, a)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return idp.ConnectorResult{}, fmt.Errorf("reading Entra ID: %w", err)
	}
	if !req.Scope {
		return out, nil
	}
	if err := r.readMembers(ctx, out.Connectors); err != nil {
		return idp.ConnectorResult{}, fmt.Errorf("reading Entra ID: %w", err)
	}
	return out, nil
}

// connectorReader is one reading of connectors.
type connectorReader struct {
	*reader
	req idp.ConnectorRequest
}

// get reads one document.
func (r *connectorReader) get(ctx context.Context, link string) (answer, error) {
	return r.shared(ctx, link, func(ctx context.Context) (answer, error) {
		resp, err := r.graph.send(ctx, http.MethodGet, link, nil, nil)
		if err != nil {
			return answer{}, err
		}
		return answer{Date: dateOf(resp.Header), Document: resp.Body}, nil
	})
}

// list reads a list to its end, but at most so many pages: one that is longer is an error.
func (r *connectorReader) list(ctx context.Context, link string, most int) (answer, error) {
	return r.shared(ctx, link, func(ctx context.Context) (answer, error) {
		resp, err := r.graph.send(ctx, http.MethodGet, link, nil, nil)
		if err != nil {
			return answer{}, err
		}
		first, err := parsePage[entry](r.graph, resp.Body)
		if err != nil {
			return answer{}, fmt.Errorf("GET %s: %w", directory.PlaceOf(link), err)
		}
		out, pages, isCut := answer{Date: dateOf(resp.Header), Entries: first.Value}, 1, false
		err = listPages(ctx, r.graph, string(first.NextLink), func(rows []entry, more bool) bool {
			out.Entries = append(out.Entries, rows...)
			pages++
			isCut = more && pages == most
			return !isCut
		})
		if isCut {
			err = fmt.Errorf("GET %s: the list has more than %d pages", directory.PlaceOf(link), most)
		}
		return out, err
	})
}

// shared keeps what was read, for everything else of the run that asks for it.
func (r *connectorReader) shared(ctx context.Context, link string, f func(context.Context) (answer, error)) (answer, error) {
	key := r.key(link)
	var failed error
	found, err := r.answers.Read(ctx, nil, "", []string{key}, func(ctx context.Context, _ []string, take func(string, time.Time, answer)) error {
		began := time.Now()
		a, err := f(ctx)
		if err == nil {
			take(key, began, a)
		}
		failed = err
		return nil
	})
	return found[key], cmp.Or(err, failed)
}

func dateOf(header http.Header) time.Time {
	at, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return at
}

// decodeAll reads the entries of a list into values of one kind.
func decodeAll[T any](what string, entries []entry) ([]T, error) {
	out := make([]T, len(entries))
	for i, e := range entries {
		if err := json.Unmarshal(e.RawMessage, &out[i]); err != nil {
			return nil, fmt.Errorf("the list of %s has an entry that is not understood: %w", what, err)
		}
	}
	return out, nil
}

// reason is what a person reads of an error; empty for none. Err is one that ends
// everything. A service principal that was just made answers with 401, which is no
// matter of the token (docs/reference/entra-provisioning.md 2).
func reason(ctx context.Context, failed error, permission string) (why string, err error) {
	var api *directory.APIError
	switch {
	case failed == nil:
		return "", nil
	case errors.As(failed, &api) && api.Status == http.StatusUnauthorized && api.Code == "UnknownError":
		return api.Error() + ". The app seems to be new, and not known everywhere yet; read again in some minutes", nil
	case idp.EndsAll(ctx, failed):
		return "", failed
	}
	return strings.TrimSuffix(explain(failed, permission), "."), nil
}

// find gives the apps to read, sorted by id.
func (r *connectorReader) find(ctx context.Context) ([]app, idp.ConnectorResult, error) {
	if len(r.req.IDs) > 0 {
		return r.findNamed(ctx)
	}
	var out idp.ConnectorResult
	fail := func(failed error, permission string) error {
		why, err := reason(ctx, failed, permission)
		if why != "" {
			out.Failures = append(out.Failures, audit.Failure{Call: callFindConnectors, Reason: why})
		}
		return err
	}
	ids := map[string]bool{templateID: true}
	templates, err := r.list(ctx, r.graph.base+"/v1.0/applicationTemplates"+query("$filter", "displayName eq '"+templateName+"'", "$select", "id"), 10)
	if err == nil {
		var named []app
		if named, err = decodeAll[app]("app templates", templates.Entries); err == nil {
			for _, t := range named {
				ids[strings.ToLower(t.ID)] = t.ID != ""
			}
		}
	}
	if err := fail(err, readSPs); err != nil {
		return nil, out, err
	}
	all, err := r.candidates(ctx, ids)
	if err := fail(err, readSPs); err != nil {
		return nil, out, err
	}
	var apps, custom []app
	for _, a := range all {
		switch template := strings.ToLower(a.TemplateID); {
		case ids[template]:
			apps = append(apps, a)
		case template == customTemplate, template == "" && slices.Contains(a.Tags, customTag):
			custom = append(custom, a)
		}
	}
	ours, undecided, err := r.thoseOfDatabricks(ctx, custom)
	if err != nil {
		return nil, out, err
	}
	out.Failures = append(out.Failures, undecided...)
	apps = append(apps, ours...)
	slices.SortFunc(apps, func(a, b app) int { return cmp.Compare(a.ID, b.ID) })
	return apps, out, nil
}

// candidates asks for the apps of the templates and for those of no gallery. Where Graph
// does not take the filter, every app is listed.
func (r *connectorReader) candidates(ctx context.Context, templates map[string]bool) ([]app, error) {
	parts := []string{"applicationTemplateId eq '" + customTemplate + "'"}
	for _, id := range slices.Sorted(maps.Keys(templates)) {
		parts = append(parts, "applicationTemplateId eq '"+strings.ReplaceAll(id, "'", "''")+"'")
	}
	parts = append(parts, "tags/any(t:t eq '"+customTag+"')")
	link := r.graph.base + "/v1.0/servicePrincipals"
	rest := []string{"$select", appFields, "$top", strconv.Itoa(graphPage)}
	found, err := r.list(ctx, link+query(append([]string{"$filter", strings.Join(parts, " or ")}, rest...)...), directory.MostPages)
	if directory.IsBadRequest(err) {
		found, err = r.list(ctx, link+query(rest...), directory.MostPages)
	}
	if err != nil {
		return nil, err
	}
	return decodeApps(found.Entries)
}

func decodeApps(entries []entry) ([]app, error) {
	apps, err := decodeAll[app]("service principals", entries)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(apps, func(a app) bool { return a.ID == "" }) {
		return nil, errors.New("the list of service principals has an entry without id")
	}
	return apps, nil
}

// findNamed reads the apps of the request.
func (r *connectorReader) findNamed(ctx context.Context) ([]app, idp.ConnectorResult, error) {
	var apps []app
	var out idp.ConnectorResult
	ids := slices.Compact(slices.Sorted(slices.Values(r.req.IDs)))
	for _, filter := range inFilters("id", ids) {
		found, err := r.list(ctx, r.graph.base+"/v1.0/servicePrincipals"+query("$filter", filter, "$select", appFields), directory.MostPages)
		var some []app
		if err == nil {
			some, err = decodeApps(found.Entries)
		}
		why, err := reason(ctx, err, readSPs)
		if err != nil {
			return nil, out, err
		}
		if why != "" {
			out.Failures = append(out.Failures, audit.Failure{Call: callFindConnectors, Reason: why})
			return nil, out, nil
		}
		apps = append(apps, some...)
	}
	for _, id := range ids {
		if !slices.ContainsFunc(apps, func(a app) bool { return strings.EqualFold(a.ID, id) }) {
			out.Missing = append(out.Missing, id)
		}
	}
	slices.SortFunc(apps, func(a, b app) int { return cmp.Compare(a.ID, b.ID) })
	return apps, out, nil
}

// thoseOfDatabricks keeps the apps of no gallery whose settings have an address of
// Databricks. One that provisions something, of which the address cannot be read, is a
// failure: it may be one.
func (r *connectorReader) thoseOfDatabricks(ctx context.Context, custom []app) (ours []app, undecided []audit.Failure, err error) {
	provisions := make([]app, 0, len(custom))
	doubt := func(a app, why string) {
		undecided = append(undecided, audit.Failure{Call: callFindConnectors, Reason: fmt.Sprintf(
			"whether the app %s (%s) provisions Databricks is not known: %s. Name it in connector_ids if it does", a.ID, a.DisplayName, why)})
	}
	err = r.batchEach(ctx, "v1.0", custom, "jobs", func(a app, rows []entry, failed error) {
		switch why, _ := reason(ctx, failed, readJobs); {
		case isNotFound(failed):
		case why != "":
			doubt(a, why)
		case len(rows) > 0:
			provisions = append(provisions, a)
		}
	})
	if err != nil {
		return nil, nil, err
	}
	err = r.batchEach(ctx, "beta", provisions, "secrets", func(a app, rows []entry, failed error) {
		settings, decoding := settingsOf(rows)
		c := provisioning.Connector{Settings: settings, Unread: map[provisioning.Part]string{}}
		why, _ := reason(ctx, cmp.Or(failed, decoding), settingsPermission)
		if why != "" {
			c.Unread[provisioning.PartSettings] = why
		}
		switch target := provisioning.Judge(&c, &provisioning.Account{}).Target; {
		case target.Level == provisioning.LevelUnknown:
			doubt(a, target.Reason)
		case provisioning.IsDatabricksHost(target.Host):
			ours = append(ours, a)
		}
	})
	return ours, undecided, err
}

// batchEach reads one list of each app. each is called for one app at a time, in their order.
func (r *connectorReader) batchEach(ctx context.Context, version string, apps []app, what string, each func(a app, rows []entry, failed error)) error {
	urls := make([]string, len(apps))
	for i, a := range apps {
		urls[i] = syncPath(a.ID, what)
	}
	parts := make([]part, len(apps))
	err := r.graph.batch(ctx, version, urls, func(u string, _ time.Time, p part) error {
		parts[slices.Index(urls, u)] = p
		return nil
	})
	if err != nil {
		return err
	}
	for i, p := range parts {
		first, failed := page[entry]{}, p.err
		if failed == nil {
			first, failed = parsePage[entry](r.graph, p.body)
		}
		if failed == nil && first.NextLink != "" {
			failed = errors.New("the list has several pages")
		}
		each(apps[i], first.Value, failed)
	}
	return nil
}

func syncPath(id string, rest ...string) string {
	out := "/servicePrincipals/" + url.PathEscape(id) + "/synchronization"
	for _, part := range rest {
		out += "/" + url.PathEscape(part)
	}
	return out
}

func isNotFound(err error) bool {
	var api *directory.APIError
	return errors.As(err, &api) && api.Status == http.StatusNotFound
}

// partReading is how one part of a connector is read.
type partReading struct {
	part       provisioning.Part
	permission string
	read       func(context.Context, *provisioning.Connector) error
}

// connector reads one connector, but for the members of its groups.
func (r *connectorReader) connector(ctx context.Context, a app) (provisioning.Connector, error) {
	out := provisioning.Connector{
		ID: a.ID, AppID: a.AppID, DisplayName: a.DisplayName, Enabled: a.AccountEnabled, AssignmentRequired: a.AssignmentRequired, Notify: a.Notify,
		Unread: map[provisioning.Part]string{}, Members: map[string]provisioning.GroupMembers{},
	}
	parts := []partReading{
		{provisioning.PartJobs, readJobs, r.readJobs},
		{provisioning.PartSettings, settingsPermission, r.readSettings},
		{provisioning.PartLog, readLog, r.readLog},
	}
	if r.req.Scope {
		parts = append(parts, partReading{provisioning.PartAssignments, readSPs, r.readAssignments})
	}
	failed := make([]error, len(parts))
	group, inner := errgroup.WithContext(ctx)
	for i, p := range parts {
		group.Go(func() error {
			failed[i] = p.read(inner, &out)
			_, err := reason(inner, failed[i], p.permission)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return out, err
	}
	for i, p := range parts {
		if why, _ := reason(ctx, failed[i], p.permission); why != "" {
			out.Unread[p.part] = why
		}
	}
	if why := out.Unread[provisioning.PartJobs]; why != "" {
		out.Unread[provisioning.PartSchema] = why // It hangs below the jobs.
		return out, nil
	}
	why, err := reason(ctx, r.readSchemas(ctx, &out), readJobs)
	if why != "" {
		out.Unread[provisioning.PartSchema] = why
	}
	return out, err
}

// settingsPermission: which one is the least is not documented.
const settingsPermission = "Synchronization.Read.All or, where that is not enough, Synchronization.ReadWrite.All"

func (r *connectorReader) readSettings(ctx context.Context, out *provisioning.Connector) error {
	found, err := r.list(ctx, r.graph.base+"/beta"+syncPath(out.ID, "secrets"), 10)
	if err != nil {
		return err
	}
	out.Settings, err = settingsOf(found.Entries)
	return err
}

// settingsOf keeps what may be shown: values of any other key stay where they are.
func settingsOf(rows []entry) (map[string]string, error) {
	pairs, err := decodeAll[struct {
		Key   string  `json:"key"`
		Value *string `json:"value"`
	}]("settings", rows)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, p := range pairs {
		if p.Key == "" {
			return nil, errors.New("the list of settings has an entry without key")
		}
		if slices.Contains(provisioning.ReadableSettings(), p.Key) && p.Value != nil {
			out[p.Key] = *p.Value
		}
	}
	return out, nil
}

func (r *connectorReader) readAssignments(ctx context.Context, out *provisioning.Connector) error {
	link := r.graph.base + "/v1.0/servicePrincipals/" + url.PathEscape(out.ID) + "/appRoleAssignedTo" + query("$top", strconv.Itoa(graphPage))
	found, err := r.list(ctx, link, directory.MostPages)
	if err != nil {
		return err
	}
	rows, err := decodeAll[struct {
		PrincipalID   string  `json:"principalId"`
		PrincipalType string  `json:"principalType"`
		Name          *string `json:"principalDisplayName"`
	}]("assignments", found.Entries)
	if err != nil {
		return err
	}
	types := map[string]audit.PrincipalType{"user": audit.TypeUser, "group": audit.TypeGroup, "serviceprincipal": audit.TypeServicePrincipal}
	for _, row := range rows {
		t, known := types[strings.ToLower(row.PrincipalType)]
		if !known || row.PrincipalID == "" {
			return fmt.Errorf("the list of assignments has an entry that is not understood: principalType %q", row.PrincipalType)
		}
		a := provisioning.Assignment{Type: t, ID: audit.CanonicalExternalID(row.PrincipalID)}
		if row.Name != nil {
			a.Name = *row.Name
		}
		out.Assigned = append(out.Assigned, a)
	}
	return nil
}

// readMembers reads the direct members of all assigned groups at once and, where that is
// asked for, of the groups below them.
func (r *connectorReader) readMembers(ctx context.Context, connectors []provisioning.Connector) error {
	read := map[string]provisioning.GroupMembers{}
	open := map[string]bool{}
	for i := range connectors {
		for _, a := range connectors[i].Assigned {
			if a.Type == audit.TypeGroup {
				open[a.ID] = true
			}
		}
	}
	for range mostNesting {
		if len(open) == 0 {
			break
		}
		rows, why, err := r.memberRows(ctx, slices.Sorted(maps.Keys(open)))
		if err != nil {
			return err
		}
		next := map[string]bool{}
		for id := range open {
			read[id] = membersOf(id, rows[id], why[id])
			for _, nested := range read[id].Groups {
				next[nested] = r.req.Nested
			}
		}
		maps.DeleteFunc(next, func(id string, wanted bool) bool { _, done := read[id]; return done || !wanted })
		open = next
	}
	for i := range connectors {
		connectors[i].Members = read
	}
	return nil
}

func membersOf(group string, rows []graphObject, why string) provisioning.GroupMembers {
	out := provisioning.GroupMembers{Unknown: why}
	for _, o := range rows {
		id := audit.CanonicalExternalID(o.ID)
		switch strings.ToLower(o.ODataType) {
		case "#microsoft.graph.user":
			out.Users = append(out.Users, id)
		case "#microsoft.graph.group":
			out.Groups = append(out.Groups, id)
		case "":
			out.Unknown = fmt.Sprintf("Microsoft Graph does not say what the member %s of group %s is", o.ID, group)
		default:
			out.Others = append(out.Others, id)
		}
	}
	return out
}

// attributeName is what may be a property of Graph.
var attributeName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// Attribute reads one property of objects by filters of 15 ids, 20 filters a batch.
func (e *source) Attribute(ctx context.Context, t audit.PrincipalType, name string, ids []string) (values map[string]string, known bool, err error) {
	values = map[string]string{}
	if name == "objectId" {
		name = "id"
	}
	if !attributeName.MatchString(name) {
		return values, false, nil
	}
	var wanted, urls []string
	for _, id := range ids {
		if key := audit.CanonicalExternalID(id); guid.MatchString(key) {
			wanted = append(wanted, key)
		}
	}
	slices.Sort(wanted)
	kind := objectTypes()[t.Order()]
	for some := range slices.Chunk(slices.Compact(wanted), inList) {
		urls = append(urls, "/"+kind.collection+query("$filter", inFilters("id", some)[0], "$select", "id,"+name, "$top", strconv.Itoa(graphPage)))
	}
	known = true
	var mu sync.Mutex
	err = e.graph.batch(ctx, "v1.0", urls, func(_ string, _ time.Time, p part) error {
		mu.Lock()
		defer mu.Unlock()
		if directory.IsBadRequest(p.err) {
			known = false
			return nil
		}
		if p.err != nil {
			return errors.New(explain(p.err, kind.permission))
		}
		rows, err := parsePage[entry](e.graph, p.body)
		if err != nil {
			return err
		}
		objects, err := decodeAll[map[string]any](kind.collection, rows.Value)
		for _, o := range objects {
			id, isText := o["id"].(string)
			if !isText {
				return errors.New("the list of " + kind.collection + " has an entry without id")
			}
			if value, isText := o[name].(string); isText {
				values[audit.CanonicalExternalID(id)] = value
			}
		}
		return err
	})
	return values, known, err
}

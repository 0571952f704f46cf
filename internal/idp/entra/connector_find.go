// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package entra

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

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

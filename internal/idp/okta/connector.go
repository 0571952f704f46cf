// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package okta

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/provisioning"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/directory"
)

var _ idp.ConnectorSource = (*source)(nil)

const (
	callFindConnectors = "find SCIM connectors"
	scopeApps          = "okta.apps.read"
	familyApps         = "apps"
	// appNamed is how an app for Databricks is found: its key in the catalog is not known
	// (docs/reference/entra-provisioning.md 10).
	appNamed = "databricks"
	// kindService is the kind of apps that log in by themselves: automatic identity
	// management has one, and it provisions nothing.
	kindService = "oidc_client"
)

type app struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Label    string   `json:"label"`
	Status   string   `json:"status"`
	Features []string `json:"features"`
}

func (a app) id() string { return a.ID }

type appUser struct {
	ID          string `json:"id"`
	ExternalID  string `json:"externalId"` // in the app
	Scope       string `json:"scope"`
	Status      string `json:"status"`
	SyncState   string `json:"syncState"`
	LastSync    string `json:"lastSync"`
	Credentials struct {
		UserName string `json:"userName"`
	} `json:"credentials"`
}

func (u appUser) id() string { return u.ID }

type appGroup struct {
	ID string `json:"id"`
}

func (g appGroup) id() string { return g.ID }

type groupPush struct {
	ID       string `json:"id"`
	Status   string `json:"status"`
	Source   string `json:"sourceGroupId"`
	Target   string `json:"targetGroupId"`
	LastPush string `json:"lastPush"`
	Error    string `json:"errorSummary"`
}

func (p groupPush) id() string { return p.ID }

// Connectors finds the apps for Databricks, and reads of each its features, connection,
// assignments and pushed groups. What feeds external ids is not returned by Okta.
func (o *source) Connectors(ctx context.Context, req idp.ConnectorRequest) (idp.ConnectorResult, error) {
	var out idp.ConnectorResult
	apps, err := o.findApps(ctx, req.IDs, &out)
	if err != nil {
		return idp.ConnectorResult{}, fmt.Errorf("reading Okta: %w", err)
	}
	out.Connectors = make([]provisioning.Connector, len(apps))
	reading, inner := errgroup.WithContext(ctx)
	for i := range apps {
		reading.Go(func() error {
			var err error
			out.Connectors[i], err = o.connector(inner, &apps[i], req)
			return err
		})
	}
	if err := reading.Wait(); err != nil {
		return idp.ConnectorResult{}, fmt.Errorf("reading Okta: %w", err)
	}
	return out, nil
}

// findApps gives the apps to read, sorted by id.
func (o *source) findApps(ctx context.Context, ids []string, out *idp.ConnectorResult) ([]app, error) {
	var apps []app
	fail := func(err error) error {
		if err != nil && !idp.EndsAll(ctx, err) {
			out.Failures = append(out.Failures, audit.Failure{Call: callFindConnectors, Reason: explain(err, scopeApps)})
			return nil
		}
		return err
	}
	if len(ids) == 0 {
		err := listPages(ctx, o, o.base+"/api/v1/apps?q="+appNamed+"&limit=200", familyApps, func(rows []app) {
			for _, a := range rows {
				if a.Name != kindService {
					apps = append(apps, a)
				}
			}
		})
		if err := fail(err); err != nil {
			return nil, err
		}
	}
	for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
		a := app{}
		err := error(notAnID)
		if validID.MatchString(id) {
			err = o.get(ctx, familyApps, id, &a)
		}
		switch {
		case isMissing(err), err == nil && a.ID != id:
			out.Missing = append(out.Missing, id)
		case err != nil:
			if err := fail(err); err != nil {
				return nil, err
			}
		default:
			apps = append(apps, a)
		}
	}
	slices.SortFunc(apps, func(a, b app) int { return cmp.Compare(a.ID, b.ID) })
	return apps, nil
}

// notAnID stands for the answer to a text that no id can be.
var notAnID = &directory.APIError{Status: http.StatusNotFound, Code: codeNotFound}

func isMissing(err error) bool {
	var api *directory.APIError
	return errors.As(err, &api) && api.Status == http.StatusNotFound && api.Code == codeNotFound
}

// connector reads one app. What could not be read of it is in Unread.
func (o *source) connector(ctx context.Context, a *app, req idp.ConnectorRequest) (provisioning.Connector, error) {
	active := a.Status == "ACTIVE"
	push := &provisioning.Push{Features: slices.Sorted(slices.Values(a.Features))}
	out := provisioning.Connector{
		ID: a.ID, DisplayName: a.Label, Enabled: &active, Push: push, Log: []provisioning.LogEntry{}, Settings: map[string]string{},
		Unread: map[provisioning.Part]string{}, Members: map[string]provisioning.GroupMembers{},
	}
	link := o.base + "/api/v1/apps/" + url.PathEscape(a.ID)
	var users []appUser
	var groups []appGroup
	var pushes []groupPush
	reads := map[provisioning.Part]func(ctx context.Context) error{
		provisioning.PartSettings: func(ctx context.Context) error { return o.readConnection(ctx, link, &out) },
		provisioning.PartAssignments: func(ctx context.Context) error {
			err := listPages(ctx, o, link+"/users?limit=500", familyApps, func(rows []appUser) { users = append(users, rows...) })
			if err == nil && req.Scope {
				err = listPages(ctx, o, link+"/groups?limit=200", familyApps, func(rows []appGroup) { groups = append(groups, rows...) })
			}
			return err
		},
		provisioning.PartLog: func(ctx context.Context) error {
			if !push.PushesGroups() {
				return nil
			}
			return listPages(ctx, o, link+"/group-push/mappings?limit=1000", familyApps, func(rows []groupPush) { pushes = append(pushes, rows...) })
		},
	}
	parts := provisioning.Parts()
	failed := make([]error, len(parts))
	reading, inner := errgroup.WithContext(ctx)
	for i, part := range parts {
		if read := reads[part]; read != nil {
			reading.Go(func() error {
				failed[i] = read(inner)
				return idp.EndOnly(inner, failed[i])
			})
		}
	}
	if err := reading.Wait(); err != nil {
		return out, err
	}
	for i, part := range parts {
		if failed[i] != nil {
			out.Unread[part] = strings.TrimSuffix(explain(failed[i], scopeApps), ".")
		}
	}
	push.GroupsUnknown, push.CoveredUnknown = out.Unread[provisioning.PartLog], out.Unread[provisioning.PartAssignments]
	o.fill(&out, users, groups, pushes)
	if !req.Scope {
		return out, nil
	}
	return out, o.fillMembers(ctx, &out)
}

// readConnection reads how the app reaches Databricks. The address is reported of some
// apps only, and an app without provisioning has no connection.
func (o *source) readConnection(ctx context.Context, link string, out *provisioning.Connector) error {
	resp, err := o.send(ctx, link+"/connections/default", familyApps)
	if isMissing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	var connection struct {
		Status  string `json:"status"`
		BaseURL string `json:"baseUrl"`
	}
	if err := decodeObject(resp.Body, &connection); err != nil {
		return err
	}
	if connection.Status == "" {
		return errors.New("GET " + directory.PlaceOf(link+"/connections/default") + ": the answer has no status, but " + directory.KeysOf(resp.Body))
	}
	out.Push.Connection = connection.Status
	if connection.BaseURL != "" {
		out.Settings["BaseAddress"] = connection.BaseURL
	}
	return nil
}

// fill takes in the lists. The log has the last state of each object.
func (o *source) fill(out *provisioning.Connector, users []appUser, groups []appGroup, pushes []groupPush) {
	status := func(state string) string {
		if strings.EqualFold(state, "ERROR") {
			return "failure"
		}
		return "success"
	}
	for _, u := range users {
		u.ID = audit.CanonicalExternalID(u.ID)
		if u.Status == "DEPROVISIONED" || u.Status == "INACTIVE" {
			continue // Out of scope again.
		}
		out.Push.Covered = append(out.Push.Covered, u.ID)
		if u.Scope != "GROUP" {
			out.Assigned = append(out.Assigned, provisioning.Assignment{Type: audit.TypeUser, ID: u.ID, Name: u.Credentials.UserName})
		}
		one := provisioning.LogEntry{
			At: timeOf(u.LastSync), Action: "push", Status: status(u.SyncState), SourceID: u.ID, SourceName: u.Credentials.UserName, SourceType: "User", TargetID: u.ExternalID,
		}
		if one.Status == "failure" {
			one.Reason = "Okta reports the state " + u.SyncState + " of the assignment, and no reason"
		}
		out.Log = append(out.Log, one)
	}
	for _, g := range groups {
		out.Assigned = append(out.Assigned, provisioning.Assignment{Type: audit.TypeGroup, ID: audit.CanonicalExternalID(g.ID)})
	}
	for _, p := range pushes {
		p.Source = audit.CanonicalExternalID(p.Source)
		out.Push.Groups = append(out.Push.Groups, provisioning.PushedGroup{ID: p.Source, TargetID: p.Target, State: p.Status})
		if strings.EqualFold(p.Status, "INACTIVE") {
			continue
		}
		summary := directory.APIError{Message: p.Error}
		summary.Clean()
		out.Log = append(out.Log, provisioning.LogEntry{
			At: timeOf(p.LastPush), Action: "push", Status: status(p.Status), SourceID: p.Source, SourceType: "Group", TargetID: p.Target, Reason: summary.Message,
		})
	}
	slices.SortFunc(out.Push.Groups, func(a, b provisioning.PushedGroup) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.TargetID, b.TargetID))
	})
}

// timeOf is zero for a time that is empty or none.
func timeOf(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

// fillMembers reads the users of the assigned groups, and the names of all groups in one
// list: a name that is not known is none.
func (o *source) fillMembers(ctx context.Context, out *provisioning.Connector) error {
	var ids []string
	for _, a := range out.Assigned {
		if a.Type == audit.TypeGroup {
			ids = append(ids, a.ID)
		}
	}
	if len(ids)+len(out.Push.Groups) == 0 {
		return nil
	}
	d := directory.New()
	if err := o.fetchMembers(ctx, d, ids, nil); err != nil {
		return err
	}
	for _, id := range ids {
		out.Members[id] = provisioning.GroupMembers{Users: d.Nodes[id].Members(), Unknown: d.Nodes[id].Unknown}
	}
	groups, err := wholeList(ctx, o, &o.groups, nil, o.base+"/api/v1/groups?limit=10000", "groups", nil)
	if err != nil {
		return idp.EndOnly(ctx, err)
	}
	names := make(map[string]string, len(groups))
	for i := range groups {
		names[audit.CanonicalExternalID(groups[i].ID)] = groups[i].Profile.Name
	}
	for i := range out.Assigned {
		out.Assigned[i].Name = cmp.Or(out.Assigned[i].Name, names[out.Assigned[i].ID])
	}
	for i := range out.Log {
		out.Log[i].SourceName = cmp.Or(out.Log[i].SourceName, names[out.Log[i].SourceID])
	}
	return nil
}

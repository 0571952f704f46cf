// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package okta

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

func (c *oktaCall) app(sp *world.IDPServicePrincipal) map[string]any {
	status := "INACTIVE"
	if sp.AccountEnabled {
		status = "ACTIVE"
	}
	if app := sp.OktaApp; app != nil {
		return map[string]any{
			"id": sp.ID, "name": app.Name, "label": sp.DisplayName, "status": status, "signOnMode": "SAML_2_0", "created": oktaDate, "lastUpdated": oktaDate,
			"features": append([]string{}, app.Features...), "credentials": map[string]any{}, "settings": map[string]any{"app": map[string]any{}},
		}
	}
	return map[string]any{
		"id": sp.ID, "name": "oidc_client", "label": sp.DisplayName, "status": status, "signOnMode": "OPENID_CONNECT",
		"created": oktaDate, "lastUpdated": oktaDate, "features": []string{},
		"credentials": map[string]any{"oauthClient": map[string]any{"client_id": sp.AppID}},
		"settings":    map[string]any{"oauthClient": map[string]any{"application_type": "service"}},
	}
}

func (c *oktaCall) listApps() *oktaError {
	limit, fail := c.limit(oktaAppsLimit, oktaAppsLimit)
	if fail != nil {
		return fail
	}
	match, fail := c.filter(appFilterAttributes, nil)
	if fail != nil {
		return fail
	}
	prefix := strings.ToLower(c.r.URL.Query().Get("q"))
	all := c.d.Doc.ServicePrincipals
	return c.list(limit, len(all), func(i int) map[string]any {
		sp := &all[i]
		named := strings.HasPrefix(strings.ToLower(sp.DisplayName), prefix) || sp.OktaApp != nil && strings.HasPrefix(strings.ToLower(sp.OktaApp.Name), prefix)
		if sp.Deleted || !named {
			return nil
		}
		if body := c.app(sp); match(body) {
			return body
		}
		return nil
	})
}

func (c *oktaCall) findApp() (*world.IDPServicePrincipal, *oktaError) {
	id := c.r.PathValue("id")
	sp := c.d.SPs[strings.ToLower(id)]
	if sp == nil || sp.Deleted || sp.ID != id {
		return nil, oktaNotFound(id, "AppInstance")
	}
	return sp, nil
}

func (c *oktaCall) getApp() *oktaError {
	sp, fail := c.findApp()
	if fail != nil {
		return fail
	}
	wire.WriteJSON(c.rw, http.StatusOK, c.app(sp))
	return nil
}

// provisioning is what the app of the path provisions: a service app has nothing.
func (c *oktaCall) provisioning() (*world.OktaApp, *oktaError) {
	sp, fail := c.findApp()
	if fail != nil {
		return nil, fail
	}
	if sp.OktaApp == nil {
		return &world.OktaApp{}, nil
	}
	return sp.OktaApp, nil
}

func (c *oktaCall) appUsers() *oktaError {
	limit, fail := c.limitFrom(oktaAppUsersLimit, 1, oktaAppUsersMax)
	if fail != nil {
		return fail
	}
	app, fail := c.provisioning()
	if fail != nil {
		return fail
	}
	all := slices.Clone(app.Users)
	for _, id := range app.Groups {
		group := c.d.Groups[strings.ToLower(id)]
		if group == nil {
			continue
		}
		for _, member := range group.Members {
			if u := c.d.Users[strings.ToLower(member)]; u != nil && !u.Deleted && !slices.ContainsFunc(all, func(u world.OktaAppUser) bool { return u.ID == member }) {
				all = append(all, world.OktaAppUser{ID: member, Scope: "GROUP"})
			}
		}
	}
	return c.list(limit, len(all), func(i int) map[string]any {
		u := &all[i]
		name := ""
		if user := c.d.Users[strings.ToLower(u.ID)]; user != nil {
			name = user.UserPrincipalName
		}
		return map[string]any{
			"id": u.ID, "externalId": wire.OrNull(u.ExternalID), "scope": cmp.Or(u.Scope, "USER"), "status": cmp.Or(u.Status, "PROVISIONED"), "syncState": cmp.Or(u.SyncState, "SYNCHRONIZED"),
			"lastSync": oktaDate, "created": oktaDate, "lastUpdated": oktaDate, "statusChanged": oktaDate, "credentials": map[string]any{"userName": name}, "profile": map[string]any{},
		}
	})
}

func (c *oktaCall) appGroups() *oktaError {
	limit, fail := c.limitFrom(oktaAppGroupsLimit, oktaAppGroupsLimit, oktaAppGroupsMax)
	if fail != nil {
		return fail
	}
	app, fail := c.provisioning()
	if fail != nil {
		return fail
	}
	return c.list(limit, len(app.Groups), func(i int) map[string]any {
		return map[string]any{"id": app.Groups[i], "priority": i, "lastUpdated": oktaDate, "profile": map[string]any{}}
	})
}

// groupPushes are refused by an app that has no such feature (assumed).
func (c *oktaCall) groupPushes() *oktaError {
	limit, fail := c.limit(oktaPushLimit, oktaPushMax)
	if fail != nil {
		return fail
	}
	app, fail := c.provisioning()
	if fail != nil {
		return fail
	}
	if !slices.Contains(app.Features, "GROUP_PUSH") {
		return oktaInvalid("appInstanceId", "Group push is not enabled for the app.")
	}
	return c.list(limit, len(app.Pushes), func(i int) map[string]any {
		p := &app.Pushes[i]
		return map[string]any{
			"id": p.ID, "status": p.Status, "sourceGroupId": p.SourceGroupID, "targetGroupId": wire.OrNull(p.TargetGroupID), "errorSummary": wire.OrNull(p.ErrorSummary),
			"lastPush": oktaDate, "created": oktaDate, "lastUpdated": oktaDate,
		}
	})
}

func (c *oktaCall) appConnection() *oktaError {
	app, fail := c.provisioning()
	switch {
	case fail != nil:
		return fail
	case app.Connection == "":
		return oktaNotFound("default", "ProvisioningConnection")
	}
	body := map[string]any{"status": app.Connection, "authScheme": "TOKEN", "profile": map[string]any{"authScheme": "TOKEN"}}
	if app.BaseURL != "" {
		body["baseUrl"] = app.BaseURL
	}
	wire.WriteJSON(c.rw, http.StatusOK, body)
	return nil
}

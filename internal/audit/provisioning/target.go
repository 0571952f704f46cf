// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provisioning

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Level is what a connector writes to.
type Level string

// The levels. Other is an address that is neither; Unknown one that cannot be read.
const (
	LevelAccount   Level = "account"
	LevelWorkspace Level = "workspace"
	LevelOther     Level = "other"
	LevelUnknown   Level = "unknown"
)

// Target is where a connector writes to.
type Target struct {
	Level Level
	// Address is as it is configured, without credentials; Host is the one in it.
	Address, Host string
	// AccountID is that of the address; WorkspaceID that of the account's workspace.
	AccountID, WorkspaceID string
	// IsThisAccount is nil where it is not known.
	IsThisAccount *bool
	// Stated: the address is a person's word, because it cannot be read.
	Stated bool
	// Reason is why the level is unknown.
	Reason string
}

// Keys of the settings (docs/reference/entra-provisioning.md 3).
const (
	keyAddress       = "BaseAddress"
	keySyncAll       = "SyncAll"
	keySkipDeletions = "SkipOutOfScopeDeletions"
)

// ReadableSettings are the keys whose values are worth reading, and no secrets.
func ReadableSettings() []string { return []string{keyAddress, keySyncAll, keySkipDeletions} }

// hidden stands for a value that is kept secret.
const hidden = "*"

var (
	accountPath   = regexp.MustCompile(`^/api/2\.[01]/accounts/([0-9A-Fa-f-]{36})/scim/v2/?$`)
	workspacePath = regexp.MustCompile(`^/api/2\.0/preview/scim(/v2)?/?$`)
	azureHost     = regexp.MustCompile(`^adb-([0-9]+)\.[0-9]+\.`)
	// accountHosts are those of the clouds.
	accountHosts = []string{
		"accounts.azuredatabricks.net", "accounts.cloud.databricks.com", "accounts.gcp.databricks.com", "accounts.azuredatabricks.us", "accounts.cloud.databricks.us",
	}
	workspaceZones = []string{".azuredatabricks.net", ".cloud.databricks.com", ".gcp.databricks.com", ".azuredatabricks.us", ".cloud.databricks.us", ".databricks.azure.cn"}
)

// address is the one in the settings; unread is why there is none.
func (c *Connector) address() (raw, unread string) {
	if why := c.Unread[PartSettings]; why != "" {
		return "", why
	}
	switch raw = strings.TrimSpace(c.Settings[keyAddress]); {
	case raw == "" && c.Push != nil:
		return "", "Okta does not report the address of this app"
	case raw == "":
		return "", "the settings of the connector have no " + keyAddress
	case raw == hidden:
		return "", "the " + keyAddress + " of the connector is hidden"
	}
	return raw, ""
}

// sameAddress: an address is often copied with another case of its host, or a slash more.
func sameAddress(a, b string) bool {
	return strings.EqualFold(strings.TrimRight(strings.TrimSpace(a), "/"), strings.TrimRight(b, "/"))
}

func targetOf(c *Connector, account *Account) Target {
	raw, unread := c.address()
	stated := unread != "" && account.Addresses[c.ID] != ""
	switch {
	case stated:
		raw = strings.TrimSpace(account.Addresses[c.ID])
	case unread != "":
		return Target{Level: LevelUnknown, Reason: unread}
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		// What is no URL may hold anything, a token too.
		return Target{Level: LevelUnknown, Reason: "the " + keyAddress + " of the connector is not a URL"}
	}
	u.User = nil
	out := Target{Level: LevelOther, Address: u.String(), Host: strings.ToLower(u.Hostname()), Stated: stated}
	yes, no := true, false
	workspace, isOurs := account.workspaceAt(out.Host)
	switch path := accountPath.FindStringSubmatch(u.Path); {
	case path != nil && slices.Contains(accountHosts, out.Host):
		out.Level, out.AccountID, out.IsThisAccount = LevelAccount, strings.ToLower(path[1]), &no
		if strings.EqualFold(path[1], account.ID) {
			out.IsThisAccount = &yes
		}
	case workspacePath.MatchString(u.Path) && !slices.Contains(accountHosts, out.Host) && (isOurs || IsDatabricksHost(out.Host)):
		out.Level = LevelWorkspace
		switch {
		case isOurs:
			out.WorkspaceID, out.IsThisAccount = workspace, &yes
		case azureHost.MatchString(out.Host) && account.WorkspacesUnknown == "":
			// The id of the workspace is in the host, and the account does not have it.
			out.IsThisAccount = &no
		}
	}
	return out
}

// workspaceAt is the account's workspace with that host.
func (a *Account) workspaceAt(host string) (id string, found bool) {
	if named := azureHost.FindStringSubmatch(host); named != nil {
		if slices.ContainsFunc(a.Workspaces, func(w audit.Workspace) bool { return w.ID == named[1] }) {
			return named[1], true
		}
	}
	for _, w := range a.Workspaces {
		if u, err := url.Parse(w.Host); err == nil && u.Host != "" && strings.EqualFold(u.Hostname(), host) {
			return w.ID, true
		}
	}
	return "", false
}

// IsDatabricksHost reports whether a host is one of Databricks' own.
func IsDatabricksHost(host string) bool {
	host = strings.ToLower(host)
	return slices.ContainsFunc(workspaceZones, func(zone string) bool { return strings.HasSuffix(host, zone) })
}

// flag reads a setting that is a truth value, in any case. known is false where it
// cannot be read; a setting that is not there is false.
func (c *Connector) flag(key string) (value, known bool) {
	if c.Unread[PartSettings] != "" {
		return false, false
	}
	switch text := strings.ToLower(strings.TrimSpace(c.Settings[key])); text {
	case "true":
		return true, true
	case "false", "":
		return false, true
	}
	return false, false
}

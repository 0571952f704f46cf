// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"

	"github.com/databricks/databricks-sdk-go/common/environment"
)

// Account hosts of the clouds whose account host is known.
const (
	accountHostAWS   = "https://accounts.cloud.databricks.com"
	accountHostAzure = "https://accounts.azuredatabricks.net"
	accountHostGCP   = "https://accounts.gcp.databricks.com"
)

const accountHosts = accountHostAzure + " (Azure), " + accountHostAWS + " (AWS), " + accountHostGCP + " (GCP)"

// workspaceHost are the forms of host names that workspaces have.
var workspaceHost = regexp.MustCompile(`^(adb-\d+\.\d+\.|dbc-[0-9a-f]+-[0-9a-f]+\.|\d+\.\d+\.gcp\.)`)

// deploymentName are the names that may become a part of a host name.
var deploymentName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$`)

// checkHostForm refuses more than a host, which the SDK would cut off without a
// word: the setting would not be what is used. The scheme may be left out.
func checkHostForm(host string) error {
	if !strings.Contains(host, "://") {
		host = "https://" + host
	}
	u, err := url.Parse(host)
	switch {
	case err != nil || u.Hostname() == "":
		return errors.New("it is not a URL like https://accounts.azuredatabricks.net") // Its text may hold a password.
	case u.User != nil:
		return errors.New("the URL holds a user or password, which would be sent nowhere. Remove it, and set the credentials in attributes of their own")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return fmt.Errorf("the URL has a path, a query or a fragment. Write only %s://%s", u.Scheme, u.Host)
	}
	return nil
}

// checkHostURL refuses what credentials must not be sent to.
func checkHostURL(host string) error {
	if err := checkHostForm(host); err != nil {
		return err
	}
	u, err := url.Parse(host)
	switch {
	case err != nil || u.Hostname() == "":
		return fmt.Errorf("%q is not a URL like https://accounts.azuredatabricks.net", host)
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return nil
	default:
		return fmt.Errorf("%q would send credentials unencrypted: use https (http is for loopback only)", host)
	}
}

func isLoopback(name string) bool {
	if strings.EqualFold(name, "localhost") {
		return true
	}
	ip := net.ParseIP(name)
	return ip != nil && ip.IsLoopback()
}

// zone is the DNS zone of a Databricks host; "" when it is none that the SDK
// knows (the SDK itself would take it for AWS).
func zone(hostname string) string {
	for _, e := range environment.AllEnvironments() {
		if strings.HasSuffix(hostname, e.DnsZone) {
			return e.DnsZone
		}
	}
	return ""
}

// checkAccountHost refuses the host of a workspace.
func checkAccountHost(host string) *ConfigError {
	u, err := url.Parse(host)
	if err != nil || !workspaceHost.MatchString(strings.ToLower(u.Hostname())) {
		return nil //nolint:nilerr // Text that is no URL is not a workspace's host either; others refuse it.
	}
	name := strings.ToLower(u.Hostname())
	account := "that of your account console"
	switch zone(name) {
	case ".azuredatabricks.net":
		account = accountHostAzure
	case ".cloud.databricks.com":
		account = accountHostAWS
	case ".gcp.databricks.com":
		account = accountHostGCP
	}
	return &ConfigError{
		Attribute: "host", Summary: "Workspace Host Instead of Account Host",
		Detail: fmt.Sprintf("%s is the host of a workspace. This provider works on the account: set host (DATABRICKS_HOST) to %s.",
			host, account),
	}
}

// workspaceURL derives the URL of a workspace from its deployment name and the
// zone of the account host. "" when there is no usable deployment name. On a
// host outside of the known zones the account host serves the workspaces too.
func workspaceURL(accountHost, deployment string) string {
	u, err := url.Parse(accountHost)
	if err != nil {
		return ""
	}
	z := zone(strings.ToLower(u.Hostname()))
	switch {
	case z == "":
		return accountHost
	case !deploymentName.MatchString(deployment):
		return ""
	default:
		return "https://" + deployment + z
	}
}

// WorkspaceHost is the host of a workspace: that of workspace_hosts, else the one of its
// deployment within the DNS zone of the account host; "" where neither is known.
func (a *Conn) WorkspaceHost(id, deployment string) string {
	if host := a.Config.WorkspaceHosts[id]; host != "" {
		return strings.TrimRight(host, "/")
	}
	return workspaceURL(a.Host, deployment)
}

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
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/provisioning"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/directory"
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

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package events reads what the audit log of Databricks says of identities, from the table
// system.access.audit, by one statement on a SQL warehouse (docs/reference/audit-events.md 3).
// Package audit/events says what it means.
package events

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/events"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/once"
)

// Log reads the audit log. What is read is kept by request.
type Log struct {
	api  *api.Conn
	dir  *directory.Directory
	read once.Map[Request, Found]
	// places are where the logs of workspaces lie.
	places once.Map[string, Found]
}

// New is a log of which nothing has been read.
func New(a *api.Conn, d *directory.Directory) *Log { return &Log{api: a, dir: d} }

// Request says what to read: events from Since on, before Until if that is not zero.
type Request struct {
	WorkspaceID, WarehouseID string
	Since, Until             time.Time
	// Activity is for whatever anybody did in any service, not only for changes of
	// identities: many more events to be read, not many more rows.
	Activity bool
	// Most bounds the rows; 0 is 50,000. The scan behind them is as large as the log.
	Most int
}

// Found is what was read, and of what.
type Found struct {
	Rows []events.Row
	// Truncated: there are more rows; those that are there are the changes before the
	// activity, and the latest ones.
	Truncated bool
	Metastore string
	Region    string
	// Schema is the state of the system schema access, in the API's words; empty where the
	// caller may not ask.
	Schema string
	// Unreadable is why there are no rows, where the log is switched off, or the caller may
	// not read it. That is a fact about the log, not a failure to ask.
	Unreadable string
	// SchemaFailure is why the state of the schema is not known.
	SchemaFailure string
}

// WorkspaceError is about a workspace that cannot be asked.
type WorkspaceError struct{ ID, Reason string }

func (e *WorkspaceError) Error() string { return "the workspace " + e.ID + " " + e.Reason }

// MissingColumnError is a table of another form than is known.
type MissingColumnError struct{ Column string }

func (e *MissingColumnError) Error() string {
	return "system.access.audit has no column " + e.Column + ", which this provider needs"
}

// AuditEvents reads the log, once for each request.
func (l *Log) AuditEvents(ctx context.Context, r Request) (Found, error) {
	return l.read.Get(ctx, r, func(ctx context.Context) (Found, error) { return l.readOne(ctx, r) })
}

func (l *Log) readOne(ctx context.Context, r Request) (Found, error) {
	most := cmp.Or(r.Most, 50_000)
	at, err := l.site(ctx, r.WorkspaceID)
	if err != nil {
		return Found{}, err
	}
	out, err := l.places.Get(ctx, r.WorkspaceID, func(ctx context.Context) (found Found, err error) { return found, l.metastore(ctx, at, &found) })
	if err != nil {
		return Found{}, err
	}
	cells, err := l.api.Query(ctx, at, r.WarehouseID, columnsQuery)
	if err == nil && len(cells) == 0 {
		out.Unreadable = out.invisible()
		return out, nil
	}
	var rows [][]*string
	if err == nil {
		var sql string
		if sql, err = compose(cells, most); err == nil {
			rows, err = l.api.Query(ctx, at, r.WarehouseID, sql, r.parameters()...)
		}
	}
	var failed *api.StatementError
	switch {
	case errors.As(err, &failed) && refused(failed.Message):
		out.Unreadable = failed.Error() + ". " + rights
		return out, nil
	case errors.Is(err, api.ErrTruncated):
		out.Truncated = true
	case err != nil:
		return Found{}, err
	}
	if len(rows) > most {
		rows, out.Truncated = rows[:most], true
	}
	out.Rows, err = parse(rows)
	return out, err
}

func (l *Log) site(ctx context.Context, id string) (*api.Site, error) {
	all, err := l.dir.Workspaces(ctx)
	if err != nil {
		return nil, err
	}
	for _, w := range all {
		if w.ID != id {
			continue
		}
		at, err := l.api.SiteOf(ctx, w)
		if err != nil {
			return nil, &WorkspaceError{id, "cannot be asked: " + err.Error()}
		}
		return at, nil
	}
	return nil, &WorkspaceError{id, "is not one of the account's"}
}

const catalogBase = "/api/2.1/unity-catalog/"

// metastore is where the log lies, and the state of its schema, which only admins of the
// metastore may ask for.
func (l *Log) metastore(ctx context.Context, at *api.Site, out *Found) error {
	get := func(path string, reply any) error {
		return l.api.Do(ctx, api.Call{Method: http.MethodGet, Path: catalogBase + path, Limit: at.Limit(), At: at}, reply)
	}
	var summary struct {
		ID     api.Text `json:"metastore_id"`
		Region api.Text `json:"region"`
	}
	if err := get("metastore_summary", &summary); err != nil {
		return err
	}
	if summary.ID == "" {
		return fmt.Errorf("GET %smetastore_summary: the answer names no metastore", catalogBase)
	}
	out.Metastore, out.Region = string(summary.ID), string(summary.Region)
	var list struct {
		Schemas []struct {
			Schema string   `json:"schema"`
			State  api.Text `json:"state"`
		} `json:"schemas"`
	}
	if err := get("metastores/"+url.PathEscape(out.Metastore)+"/systemschemas", &list); err != nil {
		if api.IsLost(ctx, err) {
			return err
		}
		out.SchemaFailure = err.Error() // The log can be read without.
	}
	for _, s := range list.Schemas {
		if strings.EqualFold(s.Schema, "access") {
			out.Schema = string(s.State)
		}
	}
	return nil
}

const rights = "To read the log, the caller needs USE CATALOG on system, USE SCHEMA on system.access and SELECT on system.access.audit, which an account admin who is also a metastore admin can grant"

// invisible is why information_schema does not show the table.
func (f *Found) invisible() string {
	switch f.Schema {
	case "ENABLE_COMPLETED", "MANAGED":
		return "the caller does not see system.access.audit, although the schema is enabled. " + rights
	case "":
		return "the caller cannot see system.access.audit: the schema system.access is not enabled, or the caller has no rights on it. " + rights
	default:
		return fmt.Sprintf("the schema system.access is not enabled on the metastore %s (its state is %s). An account admin enables it: databricks system-schemas enable %s access", f.Metastore, f.Schema, f.Metastore)
	}
}

// refused reports whether the warehouse refused a statement for what the caller may see.
// The codes are unofficial.
func refused(message string) bool {
	for _, code := range []string{"INSUFFICIENT_PERMISSIONS", "PERMISSION_DENIED", "TABLE_OR_VIEW_NOT_FOUND", "SCHEMA_NOT_FOUND"} {
		if strings.Contains(message, code) {
			return true
		}
	}
	return false
}

// Failures are the holes that the reading has left.
func (f *Found) Failures() []audit.Failure {
	if f.Unreadable == "" {
		return nil
	}
	return []audit.Failure{{Call: "read system.access.audit", Reason: f.Unreadable}}
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package catalog

import (
	"cmp"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/minisql"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// AuditLogAssumptions are the switches of system.access.audit.
type AuditLogAssumptions struct {
	// Schema is the state of the system schema access.
	Schema string `words:"ENABLE_COMPLETED MANAGED ENABLE_INITIALIZED AVAILABLE DISABLE_INITIALIZED UNAVAILABLE"`
	// Fields is the spelling of the fields of structs, Keys that of request_params.
	Fields string `words:"snake camel"`
	Keys   string `words:"camel snake"`
	// Params is the type of request_params.
	Params string `words:"map struct"`
	// Access "forbidden" is a caller without rights, "own" one who sees only own rows.
	Access string `words:"granted forbidden own"`
	// Without leaves a column out.
	Without string
}

// auditColumn is a column of system.access.audit: its type, and for a struct its fields.
type auditColumn struct {
	name, kind string
	fields     []string
}

// requestKeys are the fields of request_params where that is a struct.
var requestKeys = []string{
	"endpoint", "targetUserId", "targetUserName", "targetGroupId", "targetGroupName", "targetServicePrincipalName", "user", "roles", "authenticationMethod",
}

func (a AuditLogAssumptions) columns() []auditColumn {
	spell, params := snakeWord, auditColumn{"request_params", "map<string,string>", nil}
	if a.Fields == "camel" {
		spell = camelWord
	}
	if a.Params == "struct" {
		for _, key := range requestKeys {
			params.fields = append(params.fields, a.key(key))
		}
	}
	all := []auditColumn{
		{"account_id", "string", nil}, {"workspace_id", "string", nil}, {"version", "string", nil}, {"event_time", "timestamp", nil}, {"event_date", "date", nil},
		{"source_ip_address", "string", nil}, {"user_agent", "string", nil}, {"session_id", "string", nil},
		{"user_identity", "", []string{"email", spell("subject_name")}}, {"service_name", "string", nil}, {"action_name", "string", nil}, {"request_id", "string", nil},
		params, {"response", "", []string{spell("status_code"), spell("error_message"), "result"}}, {"audit_level", "string", nil}, {"event_id", "string", nil},
	}
	for i := range all {
		if c := &all[i]; len(c.fields) > 0 {
			c.kind = "struct<" + strings.Join(c.fields, ":string,") + ":string>"
		}
	}
	return slices.DeleteFunc(all, func(c auditColumn) bool { return c.name == a.Without })
}

func (a AuditLogAssumptions) key(camel string) string {
	if a.Keys == "snake" {
		return snakeWord(camel)
	}
	return camel
}

func snakeWord(word string) string {
	var b strings.Builder
	for _, r := range word {
		if unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

func camelWord(word string) string {
	parts := strings.Split(word, "_")
	for i := range parts[1:] {
		parts[i+1] = strings.ToUpper(parts[i+1][:1]) + parts[i+1][1:]
	}
	return strings.Join(parts, "")
}

// shown reports whether the caller sees that there is such a table.
func (a AuditLogAssumptions) shown() bool {
	return (a.Schema == "ENABLE_COMPLETED" || a.Schema == "MANAGED") && a.Access != "forbidden"
}

// auditLog is the table system.access.audit for one caller. Its rows are made one by one.
func (a AuditLogAssumptions) auditLog(w *world.World, who string) (minisql.Table, error) {
	switch {
	case a.Access == "forbidden":
		return minisql.Table{}, fmt.Errorf("[INSUFFICIENT_PERMISSIONS] Insufficient privileges: User does not have USE SCHEMA on Schema 'system.access'. SQLSTATE: 42501")
	case !a.shown():
		return minisql.Table{}, fmt.Errorf("[TABLE_OR_VIEW_NOT_FOUND] The table or view `system`.`access`.`audit` cannot be found. SQLSTATE: 42P01")
	}
	columns := a.columns()
	out := minisql.Table{Structs: map[string][]string{}}
	for _, c := range columns {
		out.Columns = append(out.Columns, c.name)
		for _, f := range c.fields {
			out.Structs[c.name] = append(out.Structs[c.name], strings.ToLower(f))
		}
	}
	out.Scan = func(yield func([]minisql.Value) bool) {
		for _, events := range [][]world.AuditEvent{w.AuditEvents, w.Writes} {
			for i := range events {
				if e := &events[i]; a.Access != "own" || who != "" && e.UserIdentity.Email == who {
					for row := range a.rows(w, e, columns) {
						if !yield(row) {
							return
						}
					}
				}
			}
		}
	}
	return out, nil
}

// rows are those of one event.
func (a AuditLogAssumptions) rows(w *world.World, e *world.AuditEvent, columns []auditColumn) iter.Seq[[]minisql.Value] {
	text := func(s string) minisql.Value {
		if s == "" {
			return minisql.Null
		}
		return minisql.Text(s)
	}
	params := map[string]minisql.Value{}
	for key, value := range e.RequestParams {
		key = a.key(key)
		if a.Params == "struct" {
			key = strings.ToLower(key)
		}
		params[key] = minisql.Text(value)
	}
	response := map[string]minisql.Value{
		"result": minisql.Null, "status_code": minisql.Text(strconv.Itoa(cmp.Or(e.Response.StatusCode, http.StatusOK))), "error_message": text(e.Response.ErrorMessage),
	}
	response["statuscode"], response["errormessage"] = response["status_code"], response["error_message"]
	values := map[string]minisql.Value{
		"account_id": text(w.Account.AccountID), "workspace_id": minisql.Text(strconv.FormatInt(e.WorkspaceID, 10)), "version": minisql.Text("2.0"),
		"source_ip_address": text(e.SourceIP), "user_agent": text(e.UserAgent), "session_id": minisql.Null, "request_id": minisql.Null, "event_id": minisql.Null,
		"user_identity":  {Fields: map[string]minisql.Value{"email": text(e.UserIdentity.Email), "subject_name": minisql.Null, "subjectname": minisql.Null}},
		"service_name":   minisql.Text(cmp.Or(e.ServiceName, "accounts")),
		"action_name":    minisql.Text(e.ActionName),
		"request_params": {Fields: params}, "response": {Fields: response},
		"audit_level": minisql.Text(cmp.Or(e.AuditLevel, "ACCOUNT_LEVEL")),
	}
	at, _ := time.Parse(time.RFC3339Nano, e.EventTime) // It was checked.
	return func(yield func([]minisql.Value) bool) {
		for range max(1, e.Repeat) {
			row := make([]minisql.Value, 0, len(columns))
			for _, c := range columns {
				switch c.name {
				case "event_time":
					row = append(row, minisql.Text(at.UTC().Format("2006-01-02T15:04:05.000Z")))
				case "event_date":
					row = append(row, minisql.Text(at.UTC().Format(time.DateOnly)))
				default:
					row = append(row, values[c.name])
				}
			}
			if !yield(row) {
				return
			}
			at = at.Add(time.Second)
		}
	}
}

// listSystemSchemas is for admins of the metastore (assumed).
func (s catalogAPI) listSystemSchemas(rw http.ResponseWriter, r *http.Request, v api.Visitor) {
	s.catalogAnswer(rw, v, func(c *catalogView) (any, *wire.Error) {
		switch {
		case r.PathValue("metastore_id") != c.Doc.MetastoreID:
			return nil, api.Refuse(http.StatusNotFound, "METASTORE_DOES_NOT_EXIST", "Metastore '"+r.PathValue("metastore_id")+"' does not exist.")
		case !c.admin:
			return nil, api.Refuse(http.StatusForbidden, "PERMISSION_DENIED", "User is not a metastore admin for Metastore '"+c.Doc.Name+"'.")
		}
		return map[string]any{"schemas": []map[string]string{
			{"schema": "access", "state": s.assumed.AuditLog.Schema}, {"schema": "information_schema", "state": "MANAGED"},
		}}, nil
	})
}

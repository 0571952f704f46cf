// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/minisql"
)

// AuditEvent is a row of system.access.audit (docs/reference/audit-events.md 3).
type AuditEvent struct {
	EventTime string `json:"event_time"` // RFC 3339
	// AuditLevel is ACCOUNT_LEVEL (the default, with workspace_id 0) or WORKSPACE_LEVEL.
	AuditLevel  string `json:"audit_level,omitempty"`
	WorkspaceID int64  `json:"workspace_id,omitempty"`
	// ServiceName is accounts unless said.
	ServiceName   string            `json:"service_name,omitempty"`
	ActionName    string            `json:"action_name"`
	RequestParams map[string]string `json:"request_params,omitempty"` // keys in camelCase
	Response      AuditResponse     `json:"response"`
	UserIdentity  AuditIdentity     `json:"user_identity"`
	UserAgent     string            `json:"user_agent,omitempty"`
	SourceIP      string            `json:"source_ip_address,omitempty"`
	// Repeat makes that many rows of this one, each a second after the one before; 0 is one.
	Repeat int `json:"repeat,omitempty"`
}

// AuditResponse is how the action ended; a status of 0 is 200.
type AuditResponse struct {
	StatusCode   int    `json:"status_code,omitempty"`
	ErrorMessage string `json:"error_message,omitempty"`
}

// AuditIdentity is who acted.
type AuditIdentity struct {
	Email string `json:"email,omitempty"`
}

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

// keptWrites is how many events of own writes there are at most.
const keptWrites = 100_000

// Endpoints in request_params. The first is documented, the others are assumed.
const (
	endpointAIM     = "autoUserCreation"
	endpointSCIM    = "scim"
	endpointConsole = "accountConsole"
	endpointAPI     = "api"
)

// auditWriter is who changes the world; its events are not part of the state, since
// their times are different in every run.
type auditWriter struct {
	AuditEvent
	now func() time.Time
}

// updateAs is update whose changes appear in the audit log, as done by the caller, or
// with endpointAIM by the platform.
func (s *Server) updateAs(r *http.Request, endpoint string, f func(w *world)) {
	c, _ := s.authenticate(r)
	s.update(func(w *world) {
		e := AuditEvent{UserAgent: r.UserAgent(), SourceIP: "127.0.0.1", RequestParams: map[string]string{"endpoint": endpoint}}
		p := w.byID[c.PrincipalID]
		switch {
		case endpoint == endpointAIM: // Automated actions of the platform (documented).
			e.UserIdentity.Email = "System-User"
		case p.kind != "":
			e.UserIdentity.Email = p.name()
		}
		if endpoint != endpointAIM && strings.HasPrefix(e.UserAgent, "Mozilla/") {
			e.RequestParams["endpoint"] = endpointConsole
		}
		w.writer = &auditWriter{AuditEvent: e, now: s.now}
		defer func() { w.writer = nil }()
		f(w)
	})
}

// logged appends an event about a principal, and for a membership its group.
func (w *world) logged(action string, p principalRef, in *Group) {
	if w.writer == nil {
		return
	}
	e := w.writer.AuditEvent
	e.EventTime = w.writer.now().UTC().Format(time.RFC3339Nano)
	e.ActionName = action
	e.RequestParams = maps.Clone(e.RequestParams)
	if in != nil {
		e.RequestParams["targetGroupId"], e.RequestParams["targetGroupName"] = in.ID, in.DisplayName
	}
	switch {
	case p.kind == kindGroup && in == nil:
		e.RequestParams["targetGroupId"], e.RequestParams["targetGroupName"] = p.id(), p.name()
	case p.kind != "":
		// A service principal's name is in a key of its own as well (seen for roles).
		e.RequestParams["targetUserId"], e.RequestParams["targetUserName"] = p.id(), p.name()
		if p.kind == kindServicePrincipal {
			e.RequestParams["targetServicePrincipalName"] = p.name()
		}
	}
	if len(w.writes) >= keptWrites {
		w.writes = slices.Delete(w.writes, 0, keptWrites/2)
	}
	w.writes = append(w.writes, e)
}

// loggedUpdate is about attributes. A changed state has an action of its own.
func (w *world) loggedUpdate(before, p principalRef) {
	was, is := before.active(), p.active()
	switch {
	case p.kind != kindGroup && was != is && is:
		w.logged("activateUser", p, nil)
	case p.kind != kindGroup && was != is:
		w.logged("deactivateUser", p, nil)
	case before.externalID() == p.externalID() && before.name() == p.name() && before.display() == p.display():
	case p.kind == kindGroup:
		w.logged("updateGroup", p, nil)
	case p.kind == kindServicePrincipal: // Assumed: no source has the name.
		w.logged("updateServicePrincipal", p, nil)
	default:
		w.logged("updateUser", p, nil)
	}
}

func (p principalRef) active() bool {
	switch p.kind {
	case kindUser:
		return p.user.Active
	case kindServicePrincipal:
		return p.sp.Active
	default:
		return true
	}
}

// createdActions and removedActions are by kind; those of service principals are assumed.
var (
	createdActions = map[principalKind]string{kindUser: "add", kindGroup: "createGroup", kindServicePrincipal: "createServicePrincipal"}
	removedActions = map[principalKind]string{kindUser: "delete", kindGroup: "removeGroup", kindServicePrincipal: "deleteServicePrincipal"}
)

func (e AuditEvent) check() error {
	if _, err := time.Parse(time.RFC3339Nano, e.EventTime); err != nil {
		return fmt.Errorf("event_time %q is not a time in RFC 3339", e.EventTime)
	}
	if err := checkWord("audit_level", e.AuditLevel, "", "ACCOUNT_LEVEL", "WORKSPACE_LEVEL"); err != nil {
		return err
	}
	if e.ActionName == "" || e.Repeat < 0 {
		return fmt.Errorf("action_name is empty, or repeat is negative")
	}
	return nil
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

// shown tells whether the caller sees that there is such a table.
func (a AuditLogAssumptions) shown() bool {
	return (a.Schema == "ENABLE_COMPLETED" || a.Schema == "MANAGED") && a.Access != "forbidden"
}

// auditLog is the table system.access.audit for one caller. Its rows are made one by one.
func (a AuditLogAssumptions) auditLog(w *world, who string) (minisql.Table, error) {
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
		for _, events := range [][]AuditEvent{w.auditEvents, w.writes} {
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
func (a AuditLogAssumptions) rows(w *world, e *AuditEvent, columns []auditColumn) iter.Seq[[]minisql.Value] {
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
		"account_id": text(w.account.AccountID), "workspace_id": minisql.Text(strconv.FormatInt(e.WorkspaceID, 10)), "version": minisql.Text("2.0"),
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
func (s *Server) listSystemSchemas(rw http.ResponseWriter, r *http.Request, v visitor) {
	s.catalogAnswer(rw, v, func(c *catalogView) (any, *apiError) {
		switch {
		case r.PathValue("metastore_id") != c.doc.MetastoreID:
			return nil, refuse(http.StatusNotFound, "METASTORE_DOES_NOT_EXIST", "Metastore '"+r.PathValue("metastore_id")+"' does not exist.")
		case !c.admin:
			return nil, refuse(http.StatusForbidden, "PERMISSION_DENIED", "User is not a metastore admin for Metastore '"+c.doc.Name+"'.")
		}
		return map[string]any{"schemas": []map[string]string{
			{"schema": "access", "state": s.opts.Assumed.AuditLog.Schema}, {"schema": "information_schema", "state": "MANAGED"},
		}}, nil
	})
}

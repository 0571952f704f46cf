// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package world

import (
	"fmt"
	"maps"
	"slices"
	"time"
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

// keptWrites is how many events of own writes there are at most.
const keptWrites = 100_000

// auditWriter is who changes the world; its events are not part of the state, since
// their times are different in every run.
type auditWriter struct {
	AuditEvent
	now func() time.Time
}

// Logged appends an event about a principal, and for a membership its group.
func (w *World) Logged(action string, p Principal, in *Group) {
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
	case p.Kind == KindGroup && in == nil:
		e.RequestParams["targetGroupId"], e.RequestParams["targetGroupName"] = p.ID(), p.Name()
	case p.Kind != "":
		// A service principal's name is in a key of its own as well (seen for roles).
		e.RequestParams["targetUserId"], e.RequestParams["targetUserName"] = p.ID(), p.Name()
		if p.Kind == KindServicePrincipal {
			e.RequestParams["targetServicePrincipalName"] = p.Name()
		}
	}
	if len(w.Writes) >= keptWrites {
		w.Writes = slices.Delete(w.Writes, 0, keptWrites/2)
	}
	w.Writes = append(w.Writes, e)
}

// LoggedUpdate is about attributes. A changed state has an action of its own.
func (w *World) LoggedUpdate(before, p Principal) {
	was, is := before.active(), p.active()
	switch {
	case p.Kind != KindGroup && was != is && is:
		w.Logged("activateUser", p, nil)
	case p.Kind != KindGroup && was != is:
		w.Logged("deactivateUser", p, nil)
	case before.ExternalID() == p.ExternalID() && before.Name() == p.Name() && before.Display() == p.Display():
	case p.Kind == KindGroup:
		w.Logged("updateGroup", p, nil)
	case p.Kind == KindServicePrincipal: // Assumed: no source has the name.
		w.Logged("updateServicePrincipal", p, nil)
	default:
		w.Logged("updateUser", p, nil)
	}
}

func (p Principal) active() bool {
	switch p.Kind {
	case KindUser:
		return p.User.Active
	case KindServicePrincipal:
		return p.SP.Active
	default:
		return true
	}
}

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

// createdActions and removedActions are by kind; those of service principals are assumed.
var (
	createdActions = map[Kind]string{KindUser: "add", KindGroup: "createGroup", KindServicePrincipal: "createServicePrincipal"}
	removedActions = map[Kind]string{KindUser: "delete", KindGroup: "removeGroup", KindServicePrincipal: "deleteServicePrincipal"}
)

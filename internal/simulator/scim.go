// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// SCIMAssumptions are the switches of account SCIM. Each field takes the words
// in its comment; "" is what hurts a client most among what was reported.
type SCIMAssumptions struct {
	// ExternalIDFilter is what a filter on externalId does: "" (ignored, so
	// everything comes back; reported for users), "evaluated" or "refused" (400).
	ExternalIDFilter string
	// DisplayNameCase is how filters compare displayName: "" (any case) or "exact".
	DisplayNameCase string
	// FilterOperators "rfc" adds pr, ew and not; "" refuses them with 400.
	FilterOperators string
	// GroupListMembers "returned" is an account that relied on members in group
	// lists before 2025-08-22; "" leaves them out.
	GroupListMembers string
	// ClearExternalID is what "" or remove does to the externalId of a user or
	// service principal: "" (success, and nothing changes), "refused" (400) or
	// "accepted". Groups can always be cleared.
	ClearExternalID string
	// ExternalIDCollision is an externalId that another principal holds: ""
	// (accepted; duplicates exist in real accounts) or "refused" (409).
	ExternalIDCollision string
	// ConflictType is the scimType of the 409 for a name that is taken: "" (none:
	// the Terraform provider finds the wording at the very beginning of what the
	// SDK makes of it, which a scimType would stand in front of) or "uniqueness",
	// as RFC 7644 has it.
	ConflictType string
	// NestingCycles is a group that would contain itself through others: ""
	// (accepted) or "refused" (400).
	NestingCycles string
	// ExternalGroupPatch is a change of name or members of a group with
	// externalId while AIM is on: "" (500 with the reported InternalError text),
	// "forbidden" (403) or "ignored" (success, and nothing changes).
	ExternalGroupPatch string
	// PatchReply is the success of a PATCH: "" (200 with the resource) or
	// "no_content" (204).
	PatchReply string
	// PatchSchemas is a PATCH without the PatchOp schema: "" (400) or "optional".
	PatchSchemas string
	// UnknownMember is a member id that no principal has: "" (404, which looks as
	// if the group were gone) or "bad_request" (400).
	UnknownMember string
	// RemoveWithValue is a remove of members or roles by plain path with a list
	// of values: "" (everything goes, as RFC 7644 has it) or "listed" (only those).
	RemoveWithValue string
}

// check refuses a switch with a word that it does not know.
func (a SCIMAssumptions) check() error {
	for _, f := range []struct{ key, value, words string }{
		{"external_id_filter", a.ExternalIDFilter, "evaluated refused"},
		{"display_name_case", a.DisplayNameCase, "exact"},
		{"filter_operators", a.FilterOperators, "rfc"},
		{"group_list_members", a.GroupListMembers, "returned"},
		{"clear_external_id", a.ClearExternalID, "refused accepted"},
		{"external_id_collision", a.ExternalIDCollision, "refused"},
		{"conflict_type", a.ConflictType, "uniqueness"},
		{"nesting_cycles", a.NestingCycles, "refused"},
		{"external_group_patch", a.ExternalGroupPatch, "forbidden ignored"},
		{"patch_reply", a.PatchReply, "no_content"},
		{"patch_schemas", a.PatchSchemas, "optional"},
		{"unknown_member", a.UnknownMember, "bad_request"},
		{"remove_with_value", a.RemoveWithValue, "listed"},
	} {
		if f.value != "" && !slices.Contains(strings.Fields(f.words), f.value) {
			return fmt.Errorf("assumption scim.%s: %q is none of its words: %s (or nothing)",
				f.key, f.value, strings.Join(strings.Fields(f.words), ", "))
		}
	}
	return nil
}

// scimRoutes registers account SCIM under both API versions.
func (s *Server) scimRoutes() {
	for _, version := range []string{"2.0", "2.1"} {
		for _, kind := range []principalKind{kindUser, kindGroup, kindServicePrincipal} {
			base := " /api/" + version + "/accounts/{account_id}/scim/v2/" + string(kind)
			s.scimRoute(http.MethodGet, base, kind, s.scimList)
			s.scimRoute(http.MethodPost, base, kind, s.scimCreate)
			s.scimRoute(http.MethodGet, base+"/{id}", kind, s.scimGet)
			s.scimRoute(http.MethodPatch, base+"/{id}", kind, s.scimPatch)
			s.scimRoute(http.MethodPut, base+"/{id}", kind, s.scimPut)
			s.scimRoute(http.MethodDelete, base+"/{id}", kind, s.scimDelete)
		}
	}
}

// scimReply is an answer; a nil body has none.
type scimReply struct {
	status   int
	body     any
	location string
}

func (s *Server) scimRoute(method, path string, kind principalKind,
	h func(r *http.Request, kind principalKind) (scimReply, *scimError),
) {
	s.handle(method+path, func(rw http.ResponseWriter, r *http.Request, _ caller) {
		reply, failure := h(r, kind)
		answerSCIM(rw, r, reply, failure)
	})
}

func answerSCIM(rw http.ResponseWriter, r *http.Request, reply scimReply, failure *scimError) {
	if failure != nil {
		reply = scimReply{status: failure.status, body: failure.body()}
	}
	if reply.location != "" {
		rw.Header().Set("Location", reply.location)
	}
	if reply.body == nil {
		rw.WriteHeader(reply.status)
		return
	}
	writeSCIM(rw, r, reply.status, reply.body)
}

// writeSCIM answers as application/scim+json to clients that ask for it, as
// application/json to the others: both are in use.
func writeSCIM(rw http.ResponseWriter, r *http.Request, status int, body any) {
	var raw bytes.Buffer
	enc := json.NewEncoder(&raw)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		http.Error(rw, err.Error(), http.StatusInternalServerError)
		return
	}
	contentType := "application/json; charset=utf-8"
	if strings.Contains(strings.ToLower(strings.Join(r.Header.Values("Accept"), ",")), "application/scim+json") {
		contentType = "application/scim+json; charset=utf-8"
	}
	rw.Header().Set("Content-Type", contentType)
	rw.WriteHeader(status)
	_, _ = rw.Write(bytes.TrimRight(raw.Bytes(), "\n"))
}

// scimError is a refusal in the SCIM shape.
type scimError struct {
	status   int
	scimType string
	detail   string
}

func (e *scimError) Error() string {
	return fmt.Sprintf("%d %s %s", e.status, e.scimType, e.detail)
}

// body has the status as a string: the SDK cannot read the error otherwise.
func (e *scimError) body() map[string]any {
	out := map[string]any{"schemas": []string{schemaError}, "status": strconv.Itoa(e.status), "detail": e.detail}
	if e.scimType != "" {
		out["scimType"] = e.scimType
	}
	return out
}

func badRequest(scimType, format string, args ...any) *scimError {
	return &scimError{http.StatusBadRequest, scimType, fmt.Sprintf(format, args...)}
}

// invalidSyntax has the wording seen for a PATCH value of the wrong shape. What
// was wrong is appended, where the real account is silent.
func invalidSyntax(format string, args ...any) *scimError {
	return badRequest("invalidSyntax", "Request is unparsable, syntactically incorrect, or violates schema. (%s)",
		fmt.Sprintf(format, args...))
}

func notFound(kind principalKind, id string) *scimError {
	return &scimError{http.StatusNotFound, "", fmt.Sprintf("%s with id %s not found.", kind.resourceName(), id)}
}

// classCast is the answer reported for a value of the wrong type of active.
func classCast() *scimError {
	return &scimError{http.StatusInternalServerError, "",
		"java.lang.ClassCastException: class java.lang.String cannot be cast to class java.lang.Boolean"}
}

// readBody decodes a JSON object. Both media types are in use; none is accepted
// as well, others are 415 (assumed).
func readBody(r *http.Request, into any) *scimError {
	if ct := r.Header.Get("Content-Type"); ct != "" {
		media, _, err := mime.ParseMediaType(ct)
		if err != nil || media != "application/json" && media != "application/scim+json" {
			return &scimError{http.StatusUnsupportedMediaType, "",
				"Content-Type must be application/json or application/scim+json."}
		}
	}
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return invalidSyntax("the body could not be read")
	}
	if !bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
		return invalidSyntax("the body is no JSON object")
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return invalidSyntax("%s", err)
	}
	return nil
}

// scimGet reads one resource.
func (s *Server) scimGet(r *http.Request, kind principalKind) (scimReply, *scimError) {
	id := r.PathValue("id")
	proj := parseProjection(kind, r.URL.Query())
	reply, failure := scimReply{status: http.StatusOK}, notFound(kind, id)
	s.view(func(w *world) {
		if p, ok := s.visible(r, w, kind, id); ok {
			reply.body, failure = s.render(w, p, proj, true), nil
		}
	})
	return reply, failure
}

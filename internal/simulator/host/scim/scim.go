// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package scim is SCIM of the account and of its workspaces.
package scim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// Assumptions are the switches of account SCIM. The words of a switch are in
// its tag, the default first: what was seen on real accounts or, where nothing
// was, what hurts a client most.
type Assumptions struct {
	// ExternalIDFilter is what a filter on externalId does: it is ignored, so that
	// everything comes back (reported for users), evaluated, or refused with 400.
	ExternalIDFilter string `words:"ignored evaluated refused"`
	// DisplayNameCase is how filters compare displayName.
	DisplayNameCase string `words:"any exact"`
	// FilterOperators are those that filters may use: the documented ones, or
	// those of RFC 7644, which has pr, ew and not besides.
	FilterOperators string `words:"documented rfc"`
	// GroupListMembers are the members in lists of groups: none, or those that an
	// account gets that relied on them before 2025-08-22: all; the first 100 or 1,000 of
	// a group; those of some groups only (ids that end in 1, 3 or 5 have none); or all but the last one of each group,
	// as a list that is behind. The last four are assumed.
	GroupListMembers string `words:"omitted returned cut_100 cut_1000 some stale"`
	// EmptyResources is what Resources is on an empty page: the key is left out
	// (seen), or an empty list.
	EmptyResources string `words:"omitted returned"`
	// MemberType is the type of the members of a group: "User" and so on. None was
	// seen; the documentation has it.
	MemberType string `words:"omitted returned"`
	// GroupMeta is meta of the groups of the account, which may be missing (seen).
	GroupMeta string `words:"omitted returned"`
	// UserNameCase is how a new userName is stored: in lower case (documented), or
	// kept as it was sent. Users of the state stay as they are: older accounts have
	// capitals.
	UserNameCase string `words:"lower kept"`
	// ReservedGroupNames is what a group gets that is named like a group of every
	// workspace, users or admins: 409 (seen), or the name.
	ReservedGroupNames string `words:"refused accepted"`
	// UnknownRoles is what a role gets that no account has: 400 (assumed), or it is
	// stored.
	UnknownRoles string `words:"refused accepted"`
	// ClearExternalID is what "" or remove does to the externalId of a user or
	// service principal: success, and nothing changes; 400; or it is cleared.
	// Groups can always be cleared.
	ClearExternalID string `words:"ignored refused accepted"`
	// ExternalIDCollision is an externalId that another principal holds: accepted,
	// since duplicates exist in real accounts, or refused with 409.
	ExternalIDCollision string `words:"accepted refused"`
	// ConflictType is the scimType of the 409 for a name that is taken: none (the
	// Terraform provider finds the wording at the very beginning of what the SDK
	// makes of it, which a scimType would stand in front of), or that of RFC 7644.
	ConflictType string `words:"none uniqueness"`
	// NestingCycles is a group that would contain itself through others; refused is 400.
	NestingCycles string `words:"accepted refused"`
	// ExternalGroupPatch is a change of name or members of a group with externalId
	// while AIM is on: 500 with the reported InternalError text, 403, or success
	// without any change.
	ExternalGroupPatch string `words:"failed forbidden ignored"`
	// PatchReply is the success of a PATCH: 200 with the resource, or 204.
	PatchReply string `words:"resource no_content"`
	// PatchSchemas is whether a PATCH needs the PatchOp schema.
	PatchSchemas string `words:"required optional"`
	// UnknownMember is a member id that no principal has: 404, which looks as if
	// the group were gone, or 400.
	UnknownMember string `words:"not_found bad_request"`
	// RemoveWithValue is a remove that carries a value: 400 (seen), everything under
	// the path goes (RFC 7644), or only what the value lists.
	RemoveWithValue string `words:"refused ignored listed"`
}

// accountSCIM is SCIM of the account, workspaceSCIM that of its workspaces.
type (
	accountSCIM struct {
		*api.Base
		assumed Assumptions
	}
	workspaceSCIM struct{ accountSCIM }
)

// Register registers SCIM of the account and of its workspaces.
func Register(b *api.Base, assumed Assumptions) {
	s := accountSCIM{b, assumed}
	s.scimRoutes()
	workspaceSCIM{s}.workspaceSCIMRoutes()
}

// scimRoutes registers account SCIM under both API versions.
func (s accountSCIM) scimRoutes() {
	for _, version := range []string{"2.0", "2.1"} {
		for _, kind := range []world.Kind{world.KindUser, world.KindGroup, world.KindServicePrincipal} {
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

func (s accountSCIM) scimRoute(method, path string, kind world.Kind,
	h func(r *http.Request, kind world.Kind) (scimReply, *scimError),
) {
	s.Handle(method+path, func(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
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

func notFound(kind world.Kind, id string) *scimError {
	return &scimError{http.StatusNotFound, "", fmt.Sprintf("%s with id %s not found.", kind.ResourceName(), id)}
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
func (s accountSCIM) scimGet(r *http.Request, kind world.Kind) (scimReply, *scimError) {
	id := r.PathValue("id")
	proj := parseProjection(kind, r.URL.Query())
	reply, failure := scimReply{status: http.StatusOK}, notFound(kind, id)
	s.View(func(w *world.World) {
		if p, ok := s.Visible(wire.IsStale(r), w, kind, id); ok {
			reply.body, failure = s.render(w, p, proj, true), nil
		}
	})
	return reply, failure
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package host

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// IdentityAssumptions are the switches of IAM v2. The words of a switch are in
// its tag, the default first.
type IdentityAssumptions struct {
	// Disabled is what an account without IAM v2 ([Options.NoIAMv2]) answers.
	Disabled string `words:"404 403 501"`
	// Filter is what a filter does, whose grammar is published nowhere: 400, or
	// everything is listed without a word.
	Filter string `words:"refused ignored"`
	// ShortPages fills pages with half of what was asked for, as the
	// documentation allows. Off by default: what was seen are full pages.
	ShortPages bool
	// ClearExternalID is what an empty external_id does to a user or service
	// principal: 200 without effect, 400, or it is cleared.
	ClearExternalID string `words:"ignored refused accepted"`
	// ExternalIDCollision is an external_id that another principal of the kind
	// holds: accepted, since duplicates exist, or 409.
	ExternalIDCollision string `words:"accepted refused"`
	// ExternalGroupMembers is what a membership write on a linked group does
	// under automatic identity management: 403, 200 without effect, or it is done.
	ExternalGroupMembers string `words:"forbidden ignored accepted"`
	// NestingCycles is a membership that closes a cycle of groups; refused is 400.
	NestingCycles string `words:"accepted refused"`
	// FullAccessView sends the permissions of a workspace access detail in the
	// BASIC view too; what the views differ in is not documented.
	FullAccessView bool
	// NameTwins is resolving an identity whose user name belongs to a user with
	// another external_id: a second user of the name, or 409.
	NameTwins string `words:"accepted refused"`
}

// identityPath is what every account-level path of IAM v2 begins with.
const identityPath = "/api/2.0/identity/accounts/{account_id}"

// identityRoutes registers IAM v2 with the kebab-case paths of its current
// form (databricks-account-api, section 5.2). Answers with success are 200
// throughout; empty fields are left out.
func (s iamAPI) identityRoutes() {
	for collection, kind := range map[string]world.Kind{
		"users": world.KindUser, "groups": world.KindGroup, "service-principals": world.KindServicePrincipal,
	} {
		path := identityPath + "/" + collection
		s.identity("GET "+path, s.identityList(kind))
		s.identity("POST "+path, s.identityCreate(kind))
		s.identity("GET "+path+"/{id}", s.identityGet(kind))
		s.identity("PATCH "+path+"/{id}", s.identityUpdate(kind))
		s.identity("DELETE "+path+"/{id}", s.identityDelete(kind))
		s.identity("POST "+path+"/resolve-by-external-id", s.identityResolve(kind))
	}
	members := identityPath + "/groups/{id}/direct-members"
	s.identity("GET "+members, s.memberList)
	s.identity("POST "+members, s.memberCreate)
	s.identity("GET "+members+"/{principal_id}", s.memberGet)
	s.identity("DELETE "+members+"/{principal_id}", s.memberDelete)
	s.identity("GET "+identityPath+"/principals/{id}/transitive-parent-groups", s.parentList)
	s.identityWorkspaceRoutes()
}

// identity registers a handler under its path of the account and under the
// workspace twin, which drops account and workspace.
func (s iamAPI) identity(pattern string, h api.Handler) {
	h = s.withIAMv2(h)
	s.Handle(pattern, h)
	s.HandleTwin(strings.NewReplacer("/accounts/{account_id}", "", "/workspaces/{workspace_id}", "").Replace(pattern), h)
}

// withIAMv2 answers as if a handler were not there where the account has no IAM v2.
func (s iamAPI) withIAMv2(h api.Handler) api.Handler {
	return func(rw http.ResponseWriter, r *http.Request, c api.Caller) {
		if !s.opts.NoIAMv2 {
			h(rw, r, c)
			return
		}
		switch s.opts.Assumed.Identity.Disabled {
		case "403":
			wire.WriteError(rw, http.StatusForbidden, "PERMISSION_DENIED", "The identity API is not enabled for this account.")
		case "501":
			wire.WriteError(rw, http.StatusNotImplemented, "NOT_IMPLEMENTED", "The identity API is not implemented for this account.")
		default:
			wire.WriteError(rw, http.StatusNotFound, "ENDPOINT_NOT_FOUND", "No API found for '"+r.Method+" "+r.URL.Path+"'")
		}
	}
}

// iamUser and its siblings are the objects of IAM v2, section 5.3.
type iamUser struct {
	UserID     string   `json:"user_id,omitempty"`
	AccountID  string   `json:"account_id,omitempty"`
	Username   string   `json:"username,omitempty"`
	ExternalID string   `json:"external_id,omitempty"`
	Status     string   `json:"account_user_status,omitempty"`
	FullName   *iamName `json:"full_name,omitempty"`
}

type iamName struct {
	GivenName  string `json:"given_name,omitempty"`
	FamilyName string `json:"family_name,omitempty"`
}

type iamGroup struct {
	GroupID    string `json:"group_id,omitempty"`
	AccountID  string `json:"account_id,omitempty"`
	GroupName  string `json:"group_name,omitempty"`
	ExternalID string `json:"external_id,omitempty"`
}

type iamServicePrincipal struct {
	ServicePrincipalID string `json:"service_principal_id,omitempty"`
	AccountID          string `json:"account_id,omitempty"`
	ApplicationID      string `json:"application_id,omitempty"`
	DisplayName        string `json:"display_name,omitempty"`
	ExternalID         string `json:"external_id,omitempty"`
	Status             string `json:"account_sp_status,omitempty"`
}

func iamStatus(active bool) string {
	if active {
		return "ACTIVE"
	}
	return "INACTIVE"
}

// iamObject is a principal in the words of IAM v2.
func iamObject(w *world.World, p world.Principal) any {
	switch p.Kind {
	case world.KindUser:
		u := iamUser{
			UserID: p.User.ID, AccountID: w.Account.AccountID, Username: p.User.UserName,
			ExternalID: p.User.ExternalID, Status: iamStatus(p.User.Active),
		}
		if n := p.User.Name; n != nil {
			u.FullName = &iamName{GivenName: n.GivenName, FamilyName: n.FamilyName}
		}
		return u
	case world.KindGroup:
		return iamGroup{
			GroupID: p.Group.ID, AccountID: w.Account.AccountID,
			GroupName: p.Group.DisplayName, ExternalID: p.Group.ExternalID,
		}
	default:
		return iamServicePrincipal{
			ServicePrincipalID: p.SP.ID, AccountID: w.Account.AccountID, ApplicationID: p.SP.ApplicationID,
			DisplayName: p.SP.DisplayName, ExternalID: p.SP.ExternalID, Status: iamStatus(p.SP.Active),
		}
	}
}

// listKey is the key of a list of that kind.
func listKey(kind world.Kind) string {
	switch kind {
	case world.KindUser:
		return "users"
	case world.KindGroup:
		return "groups"
	default:
		return "service_principals"
	}
}

func (s iamAPI) identityList(kind world.Kind) api.Handler {
	return func(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
		if r.URL.Query().Get("filter") != "" && s.opts.Assumed.Identity.Filter == "refused" {
			writeInvalid(rw, "The filter is not valid: its grammar is not published.")
			return
		}
		var reply any
		var refusal *wire.Error
		s.View(func(w *world.World) {
			count, at := s.listed(r, w, kind)
			var p api.Page
			if p, refusal = s.Page(r, count); refusal != nil {
				return
			}
			items := make([]any, 0, p.To-p.From)
			for i := p.From; i < p.To; i++ {
				items = append(items, iamObject(w, at(i)))
			}
			reply = p.Reply(listKey(kind), items)
		})
		finish(rw, reply, refusal)
	}
}

// listed is what a list of the kind shows, in order of ids; a fresh list costs
// nothing, whatever its length.
func (s iamAPI) listed(r *http.Request, w *world.World, kind world.Kind) (count int, at func(i int) world.Principal) {
	if stale, ok := s.VisibleAll(wire.IsStale(r), w, kind); ok {
		return len(stale), func(i int) world.Principal { return stale[i] }
	}
	switch kind {
	case world.KindUser:
		return len(w.Users), func(i int) world.Principal { return world.Principal{Kind: kind, User: w.Users[i]} }
	case world.KindGroup:
		return len(w.Groups), func(i int) world.Principal { return world.Principal{Kind: kind, Group: w.Groups[i]} }
	default:
		return len(w.SPs), func(i int) world.Principal { return world.Principal{Kind: kind, SP: w.SPs[i]} }
	}
}

func (s iamAPI) identityGet(kind world.Kind) api.Handler {
	return func(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
		id := r.PathValue("id")
		var reply any
		s.View(func(w *world.World) {
			if p, ok := s.Visible(wire.IsStale(r), w, kind, id); ok {
				reply = iamObject(w, p)
			}
		})
		if reply == nil {
			writeNotFound(rw, kind, id)
			return
		}
		wire.WriteJSON(rw, http.StatusOK, reply)
	}
}

func (s iamAPI) identityDelete(kind world.Kind) api.Handler {
	return func(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
		id := r.PathValue("id")
		found := false
		s.UpdateAs(r, api.EndpointAPI, func(w *world.World) {
			var p world.Principal
			if p, found = w.Find(kind, id); !found {
				return
			}
			s.Remember(w, kind, id)
			for parent := range w.Parents[id] {
				s.Remember(w, world.KindGroup, parent)
			}
			w.Remove(p)
		})
		if !found {
			writeNotFound(rw, kind, id)
			return
		}
		wire.WriteJSON(rw, http.StatusOK, struct{}{})
	}
}

func noSuch(kind world.Kind, id string) *wire.Error {
	return api.Refuse(http.StatusNotFound, "RESOURCE_DOES_NOT_EXIST", kindWord(kind)+" with id "+id+" does not exist.")
}

func writeInvalid(rw http.ResponseWriter, message string) { finish(rw, nil, api.Invalid(message)) }

// finish answers with the refusal, if there is one, else with the reply.
func finish(rw http.ResponseWriter, reply any, refusal *wire.Error) {
	if refusal != nil {
		wire.WriteJSON(rw, refusal.Status, refusal)
		return
	}
	wire.WriteJSON(rw, http.StatusOK, reply)
}

// decode reads a JSON body. Unknown keys are passed over, as the real API does.
func decode(r *http.Request, into any) *wire.Error {
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		return api.Refuse(http.StatusBadRequest, "MALFORMED_REQUEST", "The request body is not the JSON object that was expected: "+err.Error())
	}
	return nil
}

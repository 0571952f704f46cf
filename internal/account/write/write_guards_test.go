// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package write_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/accounttest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/guard"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// meddler is the way to the account on which the first write is answered by
// someone else, who then changes something.
type meddler struct {
	base   http.RoundTripper
	answer func(r *http.Request) (*http.Response, error)
	meddle func()
	writes []string
}

func (m *meddler) RoundTrip(r *http.Request) (*http.Response, error) {
	other := r.Method == http.MethodPost && (strings.HasSuffix(r.URL.Path, "/account-access-identity-rules") || strings.HasSuffix(r.URL.Path, "/resolve-by-external-id"))
	if r.Method != http.MethodPatch && !other {
		return m.base.RoundTrip(r)
	}
	m.writes = append(m.writes, r.URL.Path)
	if len(m.writes) > 1 {
		return m.base.RoundTrip(r)
	}
	resp, err := m.answer(r)
	m.meddle()
	return resp, err
}

// refusals of a first attempt that did not happen.
func waits() map[string]func(r *http.Request) (*http.Response, error) {
	status := func(code int) func(r *http.Request) (*http.Response, error) {
		return func(r *http.Request) (*http.Response, error) {
			return &http.Response{
				StatusCode: code, Header: http.Header{"Retry-After": {"5"}}, Body: io.NopCloser(strings.NewReader("{}")), Request: r,
			}, nil
		}
	}
	return map[string]func(r *http.Request) (*http.Response, error){
		"429": status(429), "503": status(503),
		"reset": func(r *http.Request) (*http.Response, error) {
			if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.GotConn != nil {
				trace.GotConn(httptrace.GotConnInfo{})
			}
			return nil, syscall.ECONNRESET
		},
	}
}

// guardCase is a fact that changes while a write waits, so that the write must not be
// sent any more.
type guardCase struct {
	setup  func(st *simulator.State) // nil: the club as it is
	write  func(ctx context.Context, c *account.Client) error
	meddle func(st *simulator.State)
	refuse func(err error) bool
}

func (tc *guardCase) club() simulator.State {
	st := accounttest.Club()
	if tc.setup != nil {
		tc.setup(&st)
	}
	return st
}

func guardCases() map[string]guardCase {
	add := func(req write.MemberRequest) func(context.Context, *account.Client) error {
		return func(ctx context.Context, c *account.Client) error {
			_, err := c.AddMember(ctx, req)
			return err
		}
	}
	remove := func(req write.MemberRequest) func(context.Context, *account.Client) error {
		return func(ctx context.Context, c *account.Client) error {
			_, err := c.RemoveMember(ctx, req)
			return err
		}
	}
	set := func(req write.ExternalIDRequest) func(context.Context, *account.Client) error {
		return func(ctx context.Context, c *account.Client) error {
			_, err := c.SetExternalID(ctx, req)
			return err
		}
	}
	field := func(write func(context.Context, *account.Client) (write.FieldResult, error)) func(context.Context, *account.Client) error {
		return func(ctx context.Context, c *account.Client) error {
			_, err := write(ctx, c)
			return err
		}
	}
	by := func(guard string) func(error) bool {
		return func(err error) bool { return accounttest.RefusedBy(err, guard) }
	}
	conflict := func(err error) bool {
		var c *write.ConflictError
		return errors.As(err, &c)
	}
	says := func(part string) func(error) bool {
		return func(err error) bool { return err != nil && strings.Contains(err.Error(), part) }
	}
	admin := []simulator.Role{{Value: "account_admin"}}
	admins := func(st *simulator.State) { // The caller is no one of the account.
		st.Account, st.Groups[3].Members = simulator.Account{}, accounttest.Members("3", "4")
	}
	denied := accounttest.GUID(2, 13)
	deny := func(ctx context.Context, c *account.Client) error {
		_, err := c.SetRule(ctx, write.RuleRequest{ExternalID: denied, Identity: func(context.Context, string, []audit.Principal) guard.DeniedIdentity {
			return guard.DeniedIdentity{Identity: &audit.Identity{Type: audit.TypeGroup, ExternalID: denied}}
		}})
		return err
	}
	deniable := func(st *simulator.State) {
		st.IDP.Groups = []simulator.IDPGroup{{ID: denied, DisplayName: "linked", SecurityEnabled: true}}
	}
	resolvable := func(st *simulator.State) {
		st.IDP.Users = []simulator.IDPUser{{ID: accounttest.GUID(1, 99), UserPrincipalName: "new@example.com", AccountEnabled: true}}
	}
	resolve := func(ctx context.Context, c *account.Client) error {
		_, err := c.Resolve(ctx, write.ResolveRequest{Type: audit.TypeUser, ExternalID: accounttest.GUID(1, 99), Names: []string{"new@example.com"}})
		return err
	}
	named := write.ExternalIDRequest{Ref: accounttest.Group("15"), Want: accounttest.GUID(9, 9), Name: "empty"}
	reviewed := accounttest.MemberRequest("15", "1")
	reviewed.GroupName = "empty"
	return map[string]guardCase{
		"the group gets a role": {nil, add(accounttest.MemberRequest("15", "1")), func(st *simulator.State) { st.Groups[4].Roles = admin }, by(guard.Privileged)},
		"the group is put into power": {nil, add(accounttest.MemberRequest("15", "1")), func(st *simulator.State) {
			st.Groups[3].Members = append(st.Groups[3].Members, accounttest.Members("15")...)
		}, by(guard.Privileged)},
		"a group above gets a role":   {nil, add(accounttest.MemberRequest("11", "2")), func(st *simulator.State) { st.Groups[1].Roles = admin }, by(guard.Privileged)},
		"the group becomes the IdP's": {nil, add(accounttest.MemberRequest("15", "1")), func(st *simulator.State) { st.Groups[4].ExternalID = accounttest.GUID(2, 15) }, says("externalId of group/15 meanwhile")},
		"the group gets an IdP member": {nil, add(accounttest.MemberRequest("15", "1")), func(st *simulator.State) {
			st.Groups[4].Members = []simulator.Member{{Value: "2", Source: "IDENTITY_PROVIDER"}}
		}, by(guard.IDPGroup)},
		"the group gets another name":    {nil, add(accounttest.MemberRequest("15", "1")), func(st *simulator.State) { st.Groups[4].DisplayName = "other" }, says("meanwhile")},
		"the reviewed name is gone":      {nil, add(reviewed), func(st *simulator.State) { st.Groups[4].DisplayName = "other" }, says("meanwhile")},
		"the member is deactivated":      {nil, add(accounttest.MemberRequest("15", "1")), func(st *simulator.State) { st.Users[0].Active = false }, by(guard.MemberInactive)},
		"nested the other way round":     {nil, add(accounttest.MemberRequest("15", "12")), func(st *simulator.State) { st.Groups[0].Members = accounttest.Members("1", "15") }, by(guard.Cycle)},
		"the caller comes into it":       {nil, remove(accounttest.MemberRequest("12", "11")), func(st *simulator.State) { st.Groups[0].Members = accounttest.Members("1", "21") }, by(guard.Caller)},
		"the membership becomes theirs":  {nil, remove(accounttest.MemberRequest("11", "1")), func(st *simulator.State) { st.Groups[0].Members[0].Source = "IDENTITY_PROVIDER" }, by(guard.IDPMembership)},
		"the other admins are gone":      {admins, remove(accounttest.MemberRequest("14", "3")), func(st *simulator.State) { st.Users[3].Active = false }, by(guard.LastAdmin)},
		"the group becomes the admins'":  {admins, remove(accounttest.MemberRequest("11", "1")), func(st *simulator.State) { st.Groups[0].Roles, st.Groups[3].Roles = admin, nil }, by(guard.LastAdmin)},
		"the id is given away":           {nil, set(write.ExternalIDRequest{Ref: accounttest.User("1"), Want: accounttest.GUID(9, 9)}), func(st *simulator.State) { st.Users[1].ExternalID = accounttest.GUID(9, 9) }, conflict},
		"the id is given away elsewhere": {nil, set(write.ExternalIDRequest{Ref: accounttest.User("1"), Want: accounttest.GUID(9, 9)}), func(st *simulator.State) { st.Groups[4].ExternalID = accounttest.GUID(9, 9) }, conflict},
		"the value is another":           {nil, set(write.ExternalIDRequest{Ref: accounttest.User("1"), Want: accounttest.GUID(9, 9)}), func(st *simulator.State) { st.Users[0].ExternalID = accounttest.GUID(9, 1) }, conflict},
		"the user becomes an admin":      {nil, field(deactivate(accounttest.User("1"))), func(st *simulator.State) { st.Groups[3].Members = accounttest.Members("1", "3", "21") }, by(guard.PrivilegedPrincipal)},
		"the user gets another name":     {nil, field(deactivate(accounttest.User("1"), func(r *write.ActiveRequest) { r.Name = "u1@example.com" })), func(st *simulator.State) { st.Users[0].UserName = "v1@example.com" }, conflict},
		"the other admin is deactivated": {admins, field(deactivate(accounttest.User("3"), func(r *write.ActiveRequest) { r.AllowPrivileged = true })), func(st *simulator.State) { st.Users[3].Active = false }, by(guard.LastAdmin)},
		"who is let in again is unlinked": {func(st *simulator.State) { st.Users[0].Active, st.Users[0].ExternalID = false, accounttest.GUID(1, 1) },
			field(deactivate(accounttest.User("1"), func(r *write.ActiveRequest) {
				r.Active, r.MayActivate = true, func(_ context.Context, now audit.Principal) error {
					if now.ExternalID != accounttest.GUID(1, 1) {
						return errors.New("no one vouches for it")
					}
					return nil
				}
			})), func(st *simulator.State) { st.Users[0].ExternalID = "" }, says("no one vouches for it")},
		"the name is taken":            {nil, field(rename("15", "new")), func(st *simulator.State) { st.Groups[1].DisplayName = "New" }, by(guard.NameTaken)},
		"the renamed group is linked":  {nil, field(rename("15", "new")), func(st *simulator.State) { st.Groups[4].ExternalID = accounttest.GUID(2, 15) }, by(guard.IDPGroup)},
		"the renamed group gets power": {nil, field(rename("15", "new")), func(st *simulator.State) { st.Groups[4].Roles = admin }, by(guard.PrivilegedPrincipal)},
		"it is renamed by others":      {nil, field(rename("15", "new", func(r *write.GroupNameRequest) { r.Expected = "empty" })), func(st *simulator.State) { st.Groups[4].DisplayName = "other" }, conflict},
		"the denied group gets an admin": {deniable, deny, func(st *simulator.State) {
			st.Groups[2].Members = append(st.Groups[2].Members, accounttest.Members("3")...)
		}, by(guard.DeniesAdmin)},
		"a denied member becomes admin": {deniable, deny, func(st *simulator.State) { st.Users[0].Roles = admin }, by(guard.DeniesAdmin)},
		"the denylist is full by now": {deniable, deny, func(st *simulator.State) {
			for i := range audit.MaxDenyRules {
				st.Account.AccessRules = append(st.Account.AccessRules, simulator.AccessRule{ExternalPrincipalID: accounttest.GUID(7, i), PrincipalType: "USER"})
			}
		}, by(guard.DenylistFull)},
		"the identity's name is taken": {resolvable, resolve, func(st *simulator.State) {
			st.Users = append(st.Users, simulator.User{ID: "9", UserName: "New@example.com", Active: true})
		}, says("user/9 (")},
		"the name is another": {nil, set(named), func(st *simulator.State) { st.Groups[4].DisplayName = "other" }, conflict},
	}
}

// Every guard is judged again before each sending, whatever made the write wait.
func TestWrite_guardsBeforeEachSending(t *testing.T) {
	t.Parallel()
	for name, tc := range guardCases() {
		for wait, answer := range waits() {
			t.Run(name+"/"+wait, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					sim := accounttest.StartInside(t, tc.club(), simulator.Options{})
					m := &meddler{base: accounttest.Memory{Handler: sim.Server.Handler()}, answer: answer}
					m.meddle = func() { accounttest.ChangeState(t, sim, tc.meddle) }
					c := accounttest.ClubClient(t, sim, func(cfg *api.Config) { cfg.SDK.HTTPTransport, cfg.RetryBudget = m, time.Minute })
					if err := tc.write(t.Context(), c); !tc.refuse(err) {
						t.Errorf("got %v", err)
					}
					if len(m.writes) != 1 {
						t.Errorf("sent again: %v", m.writes)
					}
				})
			})
		}
		t.Run(name+"/queue", func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sim := accounttest.StartInside(t, tc.club(), simulator.Options{})
				c := accounttest.ClubClient(t, sim, slow)
				if _, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: accounttest.User("8"), Want: accounttest.GUID(9, 8)}); err != nil {
					t.Fatal(err)
				}
				sim.Server.ResetRequests()
				done := make(chan error, 1)
				go func() { done <- tc.write(t.Context(), c) }()
				time.Sleep(time.Second)
				accounttest.ChangeState(t, sim, tc.meddle)
				// A listing of a second ago is recent: the one after the write finds the other holder.
				var broken *write.BrokenError
				err := <-done
				written := accounttest.Count(sim, http.MethodPatch, "")+accounttest.Count(sim, http.MethodPost, "account-access-identity-rules")+accounttest.Count(sim, http.MethodPost, "resolve-by-external-id") > 0
				switch {
				case name == "the group gets another name": // No one reviewed its name.
				case name == "the name is taken" && err != nil: // The account refuses it itself.
				case name == "the identity's name is taken": // The same listing, and nothing is looked at afterwards.
				case err == nil, written != errors.As(err, &broken):
					t.Errorf("written %t: %v", written, err)
				}
			})
		})
	}
}

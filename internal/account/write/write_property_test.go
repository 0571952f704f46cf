// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package write_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
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
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/journal"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

var writeRounds = flag.Int("write-rounds", 60, "how many random accounts TestWrite_property tries")

// thirdParty is the way to the account on which writes are lost, refused and delayed,
// and on which someone else changes one fact whenever one did not go through. It
// looks at the guards at the moment of each write.
type thirdParty struct {
	t    *testing.T
	sim  *simulator.Running
	base http.RoundTripper
	rng  *rand.Rand
	done bool // it leaves everything alone
	kill context.CancelFunc

	// forbidden is what forbids a request that is being sent; "" for nothing.
	forbidden func(st *simulator.State, path string) string
	changes   []func(st *simulator.State)
}

func (p *thirdParty) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodGet || strings.HasSuffix(r.URL.Path, "/token") {
		return p.base.RoundTrip(r)
	}
	p.judge(r)
	if p.done {
		return p.base.RoundTrip(r)
	}
	answer := func(status int) (*http.Response, error) {
		return &http.Response{
			StatusCode: status, Header: http.Header{"Retry-After": {"1"}}, Body: io.NopCloser(strings.NewReader("{}")), Request: r,
		}, nil
	}
	defer p.meddle()
	switch p.rng.IntN(7) {
	case 0, 1:
		return answer(429)
	case 2:
		return answer(503)
	case 3:
		_, _ = p.base.RoundTrip(r) // The body is in memory.
		return answer([]int{500, 502, 503, 504}[p.rng.IntN(4)])
	case 4:
		_, _ = p.base.RoundTrip(r)
		if p.rng.IntN(2) == 0 { // The process ends between the write and its state.
			p.done = true
			p.kill()
		}
		return nil, syscall.ECONNRESET
	case 5:
		return nil, syscall.ECONNRESET
	default:
		p.done = true
		return p.base.RoundTrip(r)
	}
}

// judge fails for a write that a guard forbids now.
func (p *thirdParty) judge(r *http.Request) {
	st, err := p.sim.Server.State()
	if err != nil {
		p.t.Error(err)
		return
	}
	if why := p.forbidden(&st, r.URL.Path); why != "" {
		p.t.Errorf("%s %s was sent although a guard forbids it: %s", r.Method, r.URL.Path, why)
	}
}

func (p *thirdParty) meddle() {
	if p.done || p.rng.IntN(2) == 0 {
		return
	}
	p.done = p.rng.IntN(2) == 0
	accounttest.ChangeState(p.t, p.sim, p.changes[p.rng.IntN(len(p.changes))])
}

// start makes a writer in an account with a third party, by a seed. run is a new process
// with the same journal.
func (p *thirdParty) start(t *testing.T, st simulator.State, opts simulator.Options, seed int) (run func() *account.Client) {
	t.Helper()
	p.t, p.rng = t, rand.New(rand.NewPCG(uint64(seed), 0))
	opts.ConsistencyLag = time.Duration(p.rng.IntN(2)) * 400 * time.Millisecond
	p.sim = accounttest.StartInside(t, st, opts)
	p.base = accounttest.Memory{Handler: p.sim.Server.Handler()}
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	return func() *account.Client {
		return accounttest.ClubClient(t, p.sim, func(cfg *api.Config) {
			cfg.SDK.HTTPTransport, cfg.Journal = p, journal.New(path)
			cfg.RetryBudget, cfg.ConfirmTimeout = time.Minute, 3*time.Second
		})
	}
}

// killable is a context that ends when the process is killed.
func (p *thirdParty) killable(t *testing.T) (ctx context.Context) {
	t.Helper()
	ctx, p.kill = context.WithCancel(t.Context())
	return ctx
}

func someoneElse() *thirdParty {
	return &thirdParty{
		forbidden: func(st *simulator.State, path string) string {
			g := st.Groups[4]
			switch {
			case strings.HasSuffix(path, "/Groups/15") && (len(g.Roles) > 0 || g.ExternalID != "" || !st.Users[0].Active || g.DisplayName != "empty"):
				return fmt.Sprintf("%+v, active %t", g, st.Users[0].Active)
			case strings.HasSuffix(path, "/Users/2") && (st.Users[2].ExternalID == accounttest.GUID(9, 9) || !slices.Contains([]string{"", accounttest.GUID(9, 9)}, st.Users[1].ExternalID)):
				return fmt.Sprintf("user/3 holds %q, user/2 %q", st.Users[2].ExternalID, st.Users[1].ExternalID)
			}
			return ""
		},
		changes: []func(st *simulator.State){
			func(st *simulator.State) { st.Groups[4].Roles = []simulator.Role{{Value: "account_admin"}} },
			func(st *simulator.State) { st.Groups[4].ExternalID = accounttest.GUID(2, 15) },
			func(st *simulator.State) { st.Users[0].Active = false },
			func(st *simulator.State) { st.Groups[4].DisplayName = "other" },
			func(st *simulator.State) { st.Users[2].ExternalID = accounttest.GUID(9, 9) },
			func(st *simulator.State) { st.Users[1].ExternalID = accounttest.GUID(9, 1) },
		},
	}
}

// A write is never sent against a guard, and what took effect is known as ours: by the
// result, or by the journal, from which the next create takes it over.
func TestWrite_property(t *testing.T) {
	t.Parallel()
	for seed := range *writeRounds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := someoneElse()
				run := p.start(t, accounttest.Club(), simulator.Options{}, seed)
				sim := p.sim
				c := run()
				member := write.MemberRequest{GroupID: "15", MemberID: "1", GroupName: "empty", Adopts: true}
				added, err := c.AddMember(p.killable(t), member)
				id := write.ExternalIDRequest{Ref: accounttest.User("2"), Want: accounttest.GUID(9, 9), Adopts: true}
				p.done = false
				set, idErr := c.SetExternalID(p.killable(t), id)
				p.done = true
				time.Sleep(time.Second) // The lag is over.
				if there := slices.Contains(accounttest.Roster(t, sim, "15"), "1"); there != added.Wrote && (err == nil || there) {
					again, aerr := run().AddMember(t.Context(), member)
					if err == nil || aerr != nil || !again.Wrote {
						t.Errorf("added is lost: member %t, %+v %v, then %+v %v", there, added, err, again, aerr)
					}
				}
				if held(t, sim, accounttest.User("2")) == accounttest.GUID(9, 9) && !set.Wrote {
					again, aerr := run().SetExternalID(t.Context(), id)
					if idErr == nil || !again.Wrote {
						t.Errorf("a write is lost: %+v %v, then %+v %v", set, idErr, again, aerr)
					}
				}
			})
		})
	}
}

// kindProperty is a write of another kind, and what someone else may change meanwhile.
type kindProperty struct {
	write     func(ctx context.Context, c *account.Client) (wrote bool, err error)
	there     func(st *simulator.State) bool // what it makes true
	forbidden func(st *simulator.State) string
	changes   []func(st *simulator.State)
	notOwned  bool // no instance undoes it
}

func kindProperties() map[string]kindProperty {
	field := func(write func(context.Context, *account.Client) (write.FieldResult, error)) func(context.Context, *account.Client) (bool, error) {
		return func(ctx context.Context, c *account.Client) (bool, error) {
			got, err := write(ctx, c)
			return got.Wrote, err
		}
	}
	when := func(is bool, why string) string {
		if is {
			return why
		}
		return ""
	}
	admin := []simulator.Role{{Value: "account_admin"}}
	twin := func(st *simulator.State) bool {
		return slices.ContainsFunc(st.Users, func(u simulator.User) bool {
			return strings.EqualFold(u.UserName, "new@example.com") && u.ExternalID == ""
		})
	}
	denied := accounttest.GUID(1, 5)
	rule := func(st *simulator.State) bool { return len(st.Account.AccessRules) > 0 }
	return map[string]kindProperty{
		"a state": {
			write: field(deactivate(accounttest.User("1"), func(r *write.ActiveRequest) { r.Name, r.Adopts = "u1@example.com", true })),
			there: func(st *simulator.State) bool { return !st.Users[0].Active },
			forbidden: func(st *simulator.State) string {
				u := st.Users[0]
				return when(len(u.Roles) > 0 || u.UserName != "u1@example.com" || len(st.Groups[3].Members) > 2, fmt.Sprintf("%+v", u))
			},
			changes: []func(st *simulator.State){
				func(st *simulator.State) { st.Users[0].Roles = admin },
				func(st *simulator.State) { st.Users[0].UserName = "v1@example.com" },
				func(st *simulator.State) { st.Groups[3].Members = accounttest.Members("1", "3", "21") },
			},
		},
		"a name": {
			write: field(rename("15", "new", func(r *write.GroupNameRequest) { r.Expected, r.Adopts = "empty", true })),
			there: func(st *simulator.State) bool { return st.Groups[4].DisplayName == "new" },
			forbidden: func(st *simulator.State) string {
				g := st.Groups[4]
				return when(len(g.Roles) > 0 || g.ExternalID != "" || g.DisplayName == "other" || st.Groups[1].DisplayName == "New", fmt.Sprintf("%+v", g))
			},
			changes: []func(st *simulator.State){
				func(st *simulator.State) { st.Groups[4].Roles = admin },
				func(st *simulator.State) { st.Groups[4].ExternalID = accounttest.GUID(2, 15) },
				func(st *simulator.State) { st.Groups[4].DisplayName = "other" },
				func(st *simulator.State) { st.Groups[1].DisplayName = "New" },
			},
		},
		"a removal": {
			write: func(ctx context.Context, c *account.Client) (bool, error) {
				got, err := c.RemoveMember(ctx, write.MemberRequest{GroupID: "11", MemberID: "1", GroupName: "readers", Adopts: true})
				return got.Wrote, err
			},
			there: func(st *simulator.State) bool {
				return !slices.ContainsFunc(st.Groups[0].Members, func(m simulator.Member) bool { return m.Value == "1" })
			},
			forbidden: func(st *simulator.State) string {
				g := st.Groups[0]
				return when(g.DisplayName != "readers" || slices.ContainsFunc(g.Members, func(m simulator.Member) bool { return m.Source != "" }), fmt.Sprintf("%+v", g))
			},
			changes: []func(st *simulator.State){
				func(st *simulator.State) { st.Groups[0].DisplayName = "other" },
				func(st *simulator.State) {
					for i := range st.Groups[0].Members {
						st.Groups[0].Members[i].Source = "IDENTITY_PROVIDER"
					}
				},
			},
		},
		"a denial": {
			write: func(ctx context.Context, c *account.Client) (bool, error) {
				got, err := c.SetRule(ctx, write.RuleRequest{ExternalID: denied, Adopts: true, Identity: func(context.Context, string, []audit.Principal) guard.DeniedIdentity {
					return guard.DeniedIdentity{Identity: &audit.Identity{Type: audit.TypeUser, ExternalID: denied}}
				}})
				return got.Wrote, err
			},
			there: rule,
			forbidden: func(st *simulator.State) string {
				return when(!rule(st) && len(st.Users[4].Roles) > 0, "user/5 is an admin")
			},
			changes: []func(st *simulator.State){func(st *simulator.State) { st.Users[4].Roles = admin }},
		},
		"an identity": {
			write: func(ctx context.Context, c *account.Client) (bool, error) {
				_, err := c.Resolve(ctx, write.ResolveRequest{Type: audit.TypeUser, ExternalID: accounttest.GUID(1, 99), Names: []string{"new@example.com"}})
				return false, err
			},
			forbidden: func(st *simulator.State) string {
				made := slices.ContainsFunc(st.Users, func(u simulator.User) bool { return u.ExternalID == accounttest.GUID(1, 99) })
				return when(twin(st) && !made, "there is a twin")
			},
			changes: []func(st *simulator.State){func(st *simulator.State) {
				if !twin(st) {
					st.Users = append(st.Users, simulator.User{ID: "9", UserName: "New@example.com", Active: true})
				}
			}},
			notOwned: true,
		},
	}
}

// TestWrite_propertyOfEachKind is the same for the other kinds of writes.
func TestWrite_propertyOfEachKind(t *testing.T) {
	t.Parallel()
	for name, k := range kindProperties() {
		for seed := range max(1, *writeRounds/3) {
			t.Run(fmt.Sprint(name, "/", seed), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					st := accounttest.Club()
					st.Users[4].ExternalID = accounttest.GUID(1, 5)
					st.IDP.Users = []simulator.IDPUser{
						{ID: accounttest.GUID(1, 99), UserPrincipalName: "new@example.com", AccountEnabled: true},
						{ID: accounttest.GUID(1, 5), UserPrincipalName: "u5@example.com", AccountEnabled: true},
					}
					p := &thirdParty{changes: k.changes, forbidden: func(st *simulator.State, _ string) string { return k.forbidden(st) }}
					run := p.start(t, st, simulator.Options{AIM: k.notOwned}, seed)
					wrote, err := k.write(p.killable(t), run())
					p.done = true
					time.Sleep(time.Second) // The lag is over.
					after, serr := p.sim.Server.State()
					if serr != nil {
						t.Fatal(serr)
					}
					if k.notOwned || wrote || !k.there(&after) {
						return
					}
					if again, aerr := k.write(t.Context(), run()); err == nil || !again {
						t.Errorf("a write is lost: %v, then %t %v", err, again, aerr)
					}
				})
			})
		}
	}
}

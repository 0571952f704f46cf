// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package write_test

import (
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
}

func (p *thirdParty) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodPatch {
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
	g := st.Groups[4]
	switch {
	case strings.HasSuffix(r.URL.Path, "/Groups/15") && (len(g.Roles) > 0 || g.ExternalID != "" || !st.Users[0].Active || g.DisplayName != "empty"):
		p.t.Errorf("the member was sent although a guard forbids it: %+v, active %t", g, st.Users[0].Active)
	case strings.HasSuffix(r.URL.Path, "/Users/2") && (st.Users[2].ExternalID == accounttest.GUID(9, 9) || !slices.Contains([]string{"", accounttest.GUID(9, 9)}, st.Users[1].ExternalID)):
		p.t.Errorf("the id was sent although a guard forbids it: user/3 holds %q, user/2 %q", st.Users[2].ExternalID, st.Users[1].ExternalID)
	}
}

func (p *thirdParty) meddle() {
	if p.done || p.rng.IntN(2) == 0 {
		return
	}
	p.done = p.rng.IntN(2) == 0
	accounttest.ChangeState(p.t, p.sim, func(st *simulator.State) {
		switch p.rng.IntN(6) {
		case 0:
			st.Groups[4].Roles = []simulator.Role{{Value: "account_admin"}}
		case 1:
			st.Groups[4].ExternalID = accounttest.GUID(2, 15)
		case 2:
			st.Users[0].Active = false
		case 3:
			st.Groups[4].DisplayName = "other"
		case 4:
			st.Users[2].ExternalID = accounttest.GUID(9, 9)
		default:
			st.Users[1].ExternalID = accounttest.GUID(9, 1)
		}
	})
}

// A write is never sent against a guard, and what took effect is known as ours: by the
// result, or by the journal, from which the next create takes it over.
func TestWrite_property(t *testing.T) {
	t.Parallel()
	for seed := range *writeRounds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rng := rand.New(rand.NewPCG(uint64(seed), 0))
				lag := time.Duration(rng.IntN(2)) * 400 * time.Millisecond
				sim := accounttest.StartInside(t, accounttest.Club(), simulator.Options{ConsistencyLag: lag})
				p := &thirdParty{t: t, sim: sim, base: accounttest.Memory{Handler: sim.Server.Handler()}, rng: rng}
				path := filepath.Join(t.TempDir(), "journal.jsonl")
				run := func() *account.Client {
					return accounttest.ClubClient(t, sim, func(cfg *api.Config) {
						cfg.SDK.HTTPTransport, cfg.Journal = p, journal.New(path)
						cfg.RetryBudget, cfg.ConfirmTimeout = time.Minute, 3*time.Second
					})
				}
				c := run()
				member := write.MemberRequest{GroupID: "15", MemberID: "1", GroupName: "empty", Adopts: true}
				added, err := c.AddMember(t.Context(), member)
				id := write.ExternalIDRequest{Ref: accounttest.User("2"), Want: accounttest.GUID(9, 9), Adopts: true}
				p.done = false
				set, idErr := c.SetExternalID(t.Context(), id)
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

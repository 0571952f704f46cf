// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/journal"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

var (
	soakTime = flag.Duration("soak", 0, "how long TestSoak goes on; 0 is two rounds")
	soakSeed = flag.Uint64("soak-seed", 1, "what TestSoak does, and in which order")
)

const (
	soakUsers = 16 // users 1000 and up
	// soakOthers is how many facts there are of each other kind: users 1100 and up, who
	// may be inactive, groups 10 and up, which may be renamed, and rules of the denylist.
	soakOthers = 6
	// soakShared are the first of them: a third party changes their facts, too.
	soakShared = 4
	// soakSettles is how many rounds go by until the faults end for a moment and
	// everything must agree.
	soakSettles = 4
	soakJournal = "journal.jsonl"
)

// soak is one account with one state and one journal, and what has happened.
type soak struct {
	t       *testing.T
	a       account
	w       *workspace
	rng     *rand.Rand
	idp     string            // of the provider block
	initial map[string]string // fact -> value
	want    map[string]soakWish

	// others are the changes of the third party, with their times.
	others []otherWrite

	rounds, runs, failed, kills, settled, injected, changed int
}

// otherWrite is a value that a third party gave to a fact.
type otherWrite struct {
	at          time.Time
	fact, value string
}

// soakWish is what the configuration wants of a fact.
type soakWish struct{ value, onDestroy string }

// Facts are "user/1000" (an externalId), "1/1000" (a membership to be added),
// "3/1000" (one to be removed), "active/1100", "name/10" and "rule/<externalId>".
func soakFacts() []string {
	var out []string
	for i := range soakUsers {
		out = append(out, fmt.Sprintf("user/%d", 1000+i), fmt.Sprintf("%d/%d", 1+i%2, 1000+i), fmt.Sprintf("3/%d", 1000+i))
	}
	for i := range soakOthers {
		out = append(out, fmt.Sprintf("active/%d", 1100+i), fmt.Sprintf("name/%d", 10+i), "rule/"+entraID(1000+i))
	}
	return out
}

// TestSoak applies and destroys random configurations under random faults, with
// kills in between, on one account with one state and one journal, while a third
// party changes some of the same facts. At every stop the journal and the third party
// explain what the account holds; whenever the faults end for a moment, account, state,
// journal and configuration are equal.
//
// In `make test` it is two rounds long; `make soak` gives it its time.
func TestSoak(t *testing.T) {
	t.Parallel()
	st := manyStale(soakUsers)
	st.Groups = []simulator.Group{{ID: "1", DisplayName: "one"}, {ID: "2", DisplayName: "two"}, {ID: "3", DisplayName: "three"}}
	for _, u := range st.Users {
		st.Groups[2].Members = append(st.Groups[2].Members, simulator.Member{Value: u.ID})
	}
	for i := range soakOthers {
		st.Users = append(st.Users, simulator.User{ID: fmt.Sprint(1100 + i), UserName: fmt.Sprintf("leaver%d@example.com", i), Active: true, ExternalID: entraID(1000 + soakUsers - 1 - i)})
		st.Groups = append(st.Groups, simulator.Group{ID: fmt.Sprint(10 + i), DisplayName: fmt.Sprintf("group %d", 10+i)})
	}
	// Without an account admin who can be told apart no one is denied.
	st.Users = append(st.Users, simulator.User{ID: "2000", UserName: "admin@example.com", Active: true, ExternalID: entraID(2000), Roles: []simulator.Role{{Value: "account_admin"}}})
	s := &soak{
		t: t, a: startAccount(t, st, simulator.Options{Latency: 3 * time.Millisecond}),
		rng: rand.New(rand.NewPCG(*soakSeed, 0)), want: map[string]soakWish{},
	}
	s.idp = s.a.file()
	s.initial = s.held()
	s.w = newWorkspace(t, "")
	header := s.w.main()
	begun := time.Now()
	for s.goesOn(begun) {
		s.rounds++
		s.wish()
		s.w.write("main.tf", header+s.config("6s"))
		s.a.faults(s.faults()...)
		stop := s.meddle()
		s.act()
		stop()
		s.count()
		s.explained()
		if s.rounds%soakSettles == 0 {
			s.settle(header)
		}
	}
	s.settle(header)
	s.summary(time.Since(begun))
}

func (s *soak) goesOn(begun time.Time) bool {
	if *soakTime == 0 {
		return s.rounds < 2 && !s.t.Failed()
	}
	return time.Since(begun) < *soakTime && !s.t.Failed()
}

// held is what the account holds of every fact.
func (s *soak) held() map[string]string {
	out := map[string]string{}
	st := s.a.state()
	for _, u := range st.Users {
		out["user/"+u.ID] = u.ExternalID
	}
	for _, fact := range soakFacts() {
		switch kind, id, _ := strings.Cut(fact, "/"); kind {
		case "user":
		case "active":
			out[fact] = strconv.FormatBool(st.Users[slices.IndexFunc(st.Users, func(u simulator.User) bool { return u.ID == id })].Active)
		case "name":
			out[fact] = st.Groups[slices.IndexFunc(st.Groups, func(g simulator.Group) bool { return g.ID == id })].DisplayName
		case "rule":
			out[fact] = journal.Absent
			if slices.ContainsFunc(st.Account.AccessRules, func(r simulator.AccessRule) bool { return r.ExternalPrincipalID == id }) {
				out[fact] = journal.Denied
			}
		default:
			out[fact] = membershipFact(kind, id).holds(st)
		}
	}
	return out
}

// wish changes some of what is wanted.
func (s *soak) wish() {
	for _, fact := range soakFacts() {
		switch s.rng.IntN(5) {
		case 0:
			delete(s.want, fact)
		case 1, 2:
			s.want[fact] = s.newWish(fact)
		}
	}
}

func (s *soak) newWish(fact string) soakWish {
	group, id, _ := strings.Cut(fact, "/")
	undo := s.rng.IntN(2) == 0
	var w soakWish
	switch group {
	case "user":
		n, err := strconv.Atoi(id)
		must(s.t, err)
		w = soakWish{entraID(100000*(1+s.rng.IntN(2)) + n), onDestroyOf(undo, "restore", "keep")}
	case "active":
		w = soakWish{"false", onDestroyOf(undo, "restore", "keep")}
	case "name":
		w = soakWish{fmt.Sprintf("new %s.%d", id, s.rng.IntN(2)), onDestroyOf(undo, "restore", "keep")}
	case "rule":
		w = soakWish{journal.Denied, onDestroyOf(undo, "delete", "keep")}
	case "3":
		w = soakWish{journal.Absent, onDestroyOf(undo, "restore", "keep")}
	default:
		w = soakWish{journal.Member, onDestroyOf(undo, "remove", "keep")}
	}
	return w
}

func onDestroyOf(undo bool, yes, no string) string {
	if undo {
		return yes
	}
	return no
}

// config is the configuration for what is wanted, reviewed against what the
// account holds now. limit is that of a write.
func (s *soak) config(limit string) string {
	var ids, members, removals, states, names, rules strings.Builder
	now := s.held()
	for _, fact := range slices.Sorted(maps.Keys(s.want)) {
		group, id, _ := strings.Cut(fact, "/")
		w := s.want[fact]
		switch group {
		case "user":
			fmt.Fprintf(&ids, "    %q = [%q, %q, %q]\n", id, now[fact], w.value, w.onDestroy)
		case "active":
			fmt.Fprintf(&states, "    %q = %q\n", id, w.onDestroy)
		case "name":
			fmt.Fprintf(&names, "    %q = [%q, %q, %q]\n", id, now[fact], w.value, w.onDestroy)
		case "rule":
			fmt.Fprintf(&rules, "    %q = %q\n", id, w.onDestroy)
		case "3":
			fmt.Fprintf(&removals, "    %q = %q\n", fact, w.onDestroy)
		default:
			fmt.Fprintf(&members, "    %q = %q\n", fact, w.onDestroy)
		}
	}
	limits := fmt.Sprintf("timeouts   = { create = %q, delete = %[1]q }", limit)
	return s.a.config("writes_per_second = 100\n  journal_path = \""+soakJournal+"\"\n  automatic_identity_management = \"off\"\n  "+s.idp, `
resource "dbxidentity_external_id" "fix" {
  for_each = {
`+ids.String()+`  }
  principal_type               = "user"
  principal_id                 = each.key
  external_id                  = each.value[1]
  expected_current_external_id = each.value[0]
  allow_unknown_external_id    = true
  on_destroy                   = each.value[2]
  timeouts                     = { create = "`+limit+`", update = "`+limit+`", delete = "`+limit+`" }
}

resource "dbxidentity_group_member" "member" {
  for_each = {
`+members.String()+`  }
  group_id   = split("/", each.key)[0]
  member_id  = split("/", each.key)[1]
  on_destroy = each.value
  `+limits+`
}

resource "dbxidentity_principal_status" "leaver" {
  for_each = {
`+states.String()+`  }
  principal_type = "user"
  principal_id   = each.key
  active         = false
  on_destroy     = each.value
  `+limits+`
}

resource "dbxidentity_group_name" "name" {
  for_each = {
`+names.String()+`  }
  group_id              = each.key
  name                  = each.value[1]
  expected_current_name = each.value[0]
  on_destroy            = each.value[2]
  timeouts              = { create = "`+limit+`", update = "`+limit+`", delete = "`+limit+`" }
}

resource "dbxidentity_account_access_identity_rule" "rule" {
  for_each = {
`+rules.String()+`  }
  external_principal_id = each.key
  on_destroy            = each.value
  `+limits+`
}

resource "dbxidentity_group_member_removal" "removal" {
  for_each = {
`+removals.String()+`  }
  group_id   = split("/", each.key)[0]
  member_id  = split("/", each.key)[1]
  on_destroy = each.value
  `+limits+`
}
`)
}

// faults are some faults, each on some requests. What hangs is a write: it has a
// time limit of seconds, and a plan has one of minutes.
func (s *soak) faults() []simulator.Fault {
	zero := 0
	all := []simulator.Fault{
		{Kind: simulator.FaultStatus, Status: 429, RetryAfterSeconds: &zero, Probability: 0.2},
		{Kind: simulator.FaultStatus, Status: 503, Probability: 0.1},
		{Kind: simulator.FaultStatus, Status: 502, BodyForm: "html", Probability: 0.05},
		{Kind: simulator.FaultStatus, Status: 500, Method: http.MethodGet, Probability: 0.1},
		{Kind: simulator.FaultStatus, Status: 500, Method: http.MethodPatch, Probability: 0.1},
		{Kind: simulator.FaultStatus, Status: 503, Method: http.MethodPatch, AfterHandler: true, Probability: 0.1},
		{Kind: simulator.FaultStatus, Status: 403, Method: http.MethodPatch, Path: "/api/**/Users/100*", Probability: 0.1},
		{Kind: simulator.FaultReset, Probability: 0.05},
		{Kind: simulator.FaultLost, Method: http.MethodPatch, Probability: 0.15},
		{Kind: simulator.FaultTruncate, Probability: 0.05},
		{Kind: simulator.FaultHang, Method: http.MethodPatch, Times: 1},
		{Kind: simulator.FaultLost, Method: http.MethodPost, Path: denylistPath, Probability: 0.3},
		{Kind: simulator.FaultNoop, Method: http.MethodDelete, Probability: 0.3},
		{Kind: simulator.FaultStatus, Status: 500, Method: http.MethodPost, Path: denylistPath, AfterHandler: true, Probability: 0.3},
		{Kind: simulator.FaultNoop, Method: http.MethodPatch, Probability: 0.1},
		{Kind: simulator.FaultStale, Method: http.MethodGet, Path: "/api/2.1/**", Probability: 0.2},
		{Kind: simulator.FaultShift, Probability: 0.2},
		{Kind: simulator.FaultDuplicate, Probability: 0.2},
		{Kind: simulator.FaultEmptyPage, Probability: 0.2},
		{Kind: simulator.FaultExpiredToken, Path: "/api/**", Times: 2},
		{Kind: simulator.FaultDelay, DelayMS: 100, Probability: 0.1},
	}
	s.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	all = all[:1+s.rng.IntN(6)]
	for i := range all {
		all[i].Seed = s.rng.Uint64()
	}
	return all
}

// act runs the command line once; some runs are killed.
func (s *soak) act() {
	s.runs++
	switch n := s.rng.IntN(10); {
	case n < 4:
		s.kills++
		cmd, _ := s.w.command("apply", "-auto-approve", "-lock=false")
		must(s.t, cmd.Start())
		time.Sleep(time.Duration(500+s.rng.IntN(2500)) * time.Millisecond)
		s.w.killBetweenStates(cmd)
		s.a.quiet()
	case n < 6:
		s.exit(s.w.run("destroy", "-auto-approve", "-lock=false"))
	case n < 7:
		s.exit(s.w.run("plan", "-lock=false"))
	default:
		s.exit(s.w.run("apply", "-auto-approve", "-lock=false"))
	}
}

// exit notes how a run ended, and looks for what must never be printed.
func (s *soak) exit(code int, out string) {
	if code != 0 {
		s.failed++
	}
	for _, never := range []string{"panic:", "plugin crashed", "Provider produced", "bug in the provider", s.a.ClientSecret} {
		if strings.Contains(out, never) {
			s.t.Errorf("round %d: %q in\n%s", s.rounds, never, out)
		}
	}
}

// meddle lets a third party change shared facts, now and then, until it is stopped. The
// changes meet the faults as all requests do.
func (s *soak) meddle() (stop func()) {
	rng := rand.New(rand.NewPCG(s.rng.Uint64(), 0))
	facts := slices.DeleteFunc(soakFacts(), func(fact string) bool {
		kind, id, _ := strings.Cut(fact, "/")
		first := map[string]int{"active": 1100, "name": 10}[kind]
		if first == 0 {
			first = 1000
		}
		n, err := strconv.Atoi(id)
		return err != nil || n >= first+soakShared
	})
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-end:
				return
			case <-time.After(time.Duration(200+rng.IntN(1500)) * time.Millisecond):
				s.change(facts[rng.IntN(len(facts))], rng)
			}
		}
	}()
	return func() {
		close(end)
		<-ended
	}
}

func (s *soak) change(fact string, rng *rand.Rand) {
	group, id, _ := strings.Cut(fact, "/")
	object, value, operation := "Groups/"+group, journal.Member, `{"op":"add","path":"members","value":[{"value":"`+id+`"}]}`
	switch {
	case group == "user":
		n, err := strconv.Atoi(id)
		if err != nil {
			s.t.Error(err)
			return
		}
		object, value = "Users/"+id, entraID(700000+n+100*rng.IntN(2))
		operation = `{"op":"replace","path":"externalId","value":"` + value + `"}`
	case group == "active":
		object, value = "Users/"+id, strconv.FormatBool(rng.IntN(2) == 0)
		operation = `{"op":"replace","path":"active","value":` + value + `}`
	case group == "name":
		object, value = "Groups/"+id, fmt.Sprintf("theirs %s.%d", id, rng.IntN(2))
		operation = `{"op":"replace","path":"displayName","value":"` + value + `"}`
	case rng.IntN(2) == 0:
		value, operation = journal.Absent, `{"op":"remove","path":"members[value eq \"`+id+`\"]"}`
	}
	body := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + operation + `]}`
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Second) // What hangs is left.
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, http.MethodPatch, "/api/2.1/accounts/"+s.a.AccountID+"/scim/v2/"+object, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+s.a.Token)
	r.Header.Set("Content-Type", "application/scim+json")
	s.others = append(s.others, otherWrite{time.Now(), fact, value})
	defer func() {
		if broken := recover(); broken != nil && broken != http.ErrAbortHandler { //nolint:errorlint // It is panicked with as it is.
			s.t.Errorf("the simulator panicked: %v", broken)
		}
	}()
	answer := httptest.NewRecorder()
	s.a.Server.Handler().ServeHTTP(answer, r)
	if answer.Code < http.StatusMultipleChoices {
		s.changed++
	}
}

func (s *soak) count() {
	for _, f := range s.a.Server.Faults() {
		s.injected += f.Fired
	}
}

// possible are the values that a fact can have by the journal and by what the third
// party did: what was written last, and what may have been since.
func (s *soak) possible() map[string]map[string]bool {
	out := map[string]map[string]bool{}
	for fact, value := range s.initial {
		out[fact] = map[string]bool{value: true}
	}
	records, last := s.w.journalOf(soakJournal), map[string]time.Time{}
	ends := map[string]journal.Record{}
	for _, r := range records {
		if r.Event == journal.EventOutcome {
			ends[r.Write] = r
		}
	}
	for _, r := range records {
		if r.Event != journal.EventIntent {
			continue
		}
		fact := r.Principal
		_, id, _ := strings.Cut(r.Principal, "/")
		switch {
		case r.Operation == journal.OpSetActive:
			fact = "active/" + id
		case r.Operation == journal.OpSetGroupName:
			fact = "name/" + id
		case r.Group != "":
			fact = strings.TrimPrefix(r.Group, "group/") + "/" + strings.TrimPrefix(r.Principal, "user/")
		}
		switch ends[r.Write].Wrote {
		case journal.WroteNo:
		case journal.WroteYes:
			out[fact] = map[string]bool{*r.After: true}
			last[fact] = s.timeOf(r)
		default: // Unknown, or killed in between.
			out[fact][*r.After] = true
		}
	}
	for _, o := range s.others {
		if o.at.Add(5 * time.Second).After(last[o.fact]) { // It may have waited.
			out[o.fact][o.value] = true
		}
	}
	return out
}

func (s *soak) timeOf(r journal.Record) time.Time {
	at, err := time.Parse(time.RFC3339Nano, r.Time)
	must(s.t, err)
	return at
}

// explained wants the journal to explain what the account holds.
func (s *soak) explained() {
	s.t.Helper()
	possible := s.possible()
	for fact, now := range s.held() {
		if !possible[fact][now] {
			s.t.Errorf("round %d: %s holds %q, and by the journal %v", s.rounds, fact, now, slices.Sorted(maps.Keys(possible[fact])))
		}
	}
}

// settle ends the faults: one apply, and everything is equal.
func (s *soak) settle(header string) {
	s.t.Helper()
	if s.t.Failed() {
		return
	}
	s.settled++
	s.a.faults()
	// What the last runs left is refreshed first; the review is of what is there now.
	s.w.write("main.tf", header+s.config("20m"))
	s.runs += 2
	s.exit(0, s.w.must(0, "apply", "-auto-approve", "-lock=false"))
	s.w.must(0, "plan", "-detailed-exitcode", "-lock=false")
	s.explained()
	held, state := s.held(), s.stateOf()
	for fact, w := range s.want {
		if held[fact] != w.value {
			s.t.Errorf("round %d: %s holds %q, wanted is %q", s.rounds, fact, held[fact], w.value)
		}
		if state[fact] != w.value {
			s.t.Errorf("round %d: %s is %q in the state, wanted is %q", s.rounds, fact, state[fact], w.value)
		}
	}
	for fact := range state {
		if _, wanted := s.want[fact]; !wanted {
			s.t.Errorf("round %d: %s is in the state, and not wanted", s.rounds, fact)
		}
	}
}

// stateOf is what Terraform's state says of the facts.
func (s *soak) stateOf() map[string]string {
	s.t.Helper()
	out := map[string]string{}
	for address, values := range s.w.instances() {
		member := fmt.Sprint(values["group_id"], "/", values["member_id"])
		switch {
		case strings.HasPrefix(address, "dbxidentity_external_id."):
			out[fmt.Sprint("user/", values["principal_id"])] = fmt.Sprint(values["external_id"])
		case strings.HasPrefix(address, "dbxidentity_principal_status."):
			out[fmt.Sprint("active/", values["principal_id"])] = fmt.Sprint(values["active"])
		case strings.HasPrefix(address, "dbxidentity_group_name."):
			out[fmt.Sprint("name/", values["group_id"])] = fmt.Sprint(values["name"])
		case strings.HasPrefix(address, "dbxidentity_account_access_identity_rule."):
			out[fmt.Sprint(values["id"])] = journal.Denied
		case strings.HasPrefix(address, "dbxidentity_group_member_removal."):
			out[member] = journal.Absent
		default:
			out[member] = journal.Member
		}
	}
	return out
}

func (s *soak) summary(took time.Duration) {
	writes, outcomes := 0, map[string]int{}
	for _, r := range s.w.journalOf(soakJournal) {
		if r.Event == journal.EventIntent {
			writes++
		} else {
			outcomes[r.Result]++
		}
	}
	line := fmt.Sprintf("soak: seed %d, %s, %d rounds, %d runs of the command line (%d failed, %d killed), %d writes %v, %d faults injected, "+
		"%d changes of a third party (%d answered), equal %d times; differences: %v",
		*soakSeed, took.Round(time.Second), s.rounds, s.runs, s.failed, s.kills, writes, outcomes, s.injected, len(s.others), s.changed, s.settled, s.t.Failed())
	s.t.Log(line)
	if *soakTime > 0 {
		fmt.Println(line)
	}
}

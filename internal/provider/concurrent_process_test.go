// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// scim is a request of someone else to account SCIM, "Users/1" for example.
func (a account) scim(method, object, body string) {
	a.t.Helper()
	url := a.URL + "/api/2.1/accounts/" + a.AccountID + "/scim/v2/" + object
	req, err := http.NewRequestWithContext(a.t.Context(), method, url, bytes.NewReader([]byte(body)))
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.Token)
	req.Header.Set("Content-Type", "application/scim+json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode > 299 {
		a.t.Fatalf("%s %s: status %d", method, object, resp.StatusCode)
	}
}

// link is what an IdP's sync sends when it sets an externalId.
func (a account) link(object, externalID string) {
	a.scim(http.MethodPatch, object, fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],`+
		`"Operations":[{"op":"replace","path":"externalId","value":%q}]}`, externalID))
}

// patchedBy lists the paths of PATCH requests so far, in order.
func (a account) patched() []string {
	var out []string
	for _, r := range a.Server.Requests().Log {
		if r.Method == http.MethodPatch {
			out = append(out, r.Path[strings.Index(r.Path, "/scim/v2/")+len("/scim/v2/"):])
		}
	}
	return out
}

// linksAndMembers writes an externalId to users and puts users into group 1.
func linksAndMembers(a account, settings string, links map[int]string, members []int) string {
	var b strings.Builder
	for id, want := range links {
		fmt.Fprintf(&b, "    %d = %q\n", id, want)
	}
	keys := make([]string, len(members))
	for i, id := range members {
		keys[i] = fmt.Sprintf("%q", fmt.Sprint(id))
	}
	return a.config(settings+"\n  automatic_identity_management = \"off\"", `
resource "dbxidentity_external_id" "fix" {
  for_each = {
`+b.String()+`  }
  principal_type               = "user"
  principal_id                 = each.key
  external_id                  = each.value
  expected_current_external_id = format("00000000-0000-4000-8000-%012d", 499000 + tonumber(each.key))
}

resource "dbxidentity_group_member" "member" {
  for_each  = toset([`+strings.Join(keys, ", ")+`])
  group_id  = "1"
  member_id = each.key
}
`)
}

// seen checks one run: what its state holds is in the account, or the next plan
// shows the difference; what its state does not hold, its errors name.
func (w *workspace) seen(a account, out string, links map[int]string) {
	w.t.Helper()
	instances, overwritten := w.instances(), []string{}
	for id, want := range links {
		address := fmt.Sprintf("dbxidentity_external_id.fix[\"%d\"]", id)
		now := a.userExternalID(fmt.Sprint(id))
		switch {
		case instances[address] == nil && !strings.Contains(out, "with "+address):
			w.t.Errorf("%s is not in the state, and no error names it:\n%s", address, out)
		case instances[address] != nil && now != want:
			overwritten = append(overwritten, address)
		}
	}
	if len(overwritten) == 0 {
		return
	}
	// As a change, or as a warning where it is another one's value, which is not written over.
	_, next := w.run("plan", "-json") // As text only the first of similar warnings is shown.
	next = strings.ReplaceAll(next, `\"`, `"`)
	for _, address := range overwritten {
		if !strings.Contains(next, address) {
			w.t.Errorf("%s was overwritten, and the next plan does not say so:\n%s", address, next)
		}
	}
}

// errorsIn are the errors of an output, without its warnings.
func errorsIn(out string) string {
	var all strings.Builder
	for _, part := range strings.Split(out, "Error: ")[1:] {
		text, _, _ := strings.Cut(part, "Warning: ")
		all.WriteString(text)
	}
	return all.String()
}

// Two applies at once on one account, each from a saved plan and a state of its
// own. Where they want the same, both end well. Where they differ, one of them
// gets its way and the other says so.
func TestProcess_twoApplies(t *testing.T) {
	t.Parallel()
	const users = 16
	st := manyStale(users)
	st.Groups = []simulator.Group{{ID: "1", DisplayName: "one"}}
	a := startAccount(t, st, simulator.Options{Latency: 15 * time.Millisecond})
	wants := [2]map[int]string{{}, {}}
	for i := range users {
		id := 1000 + i
		wants[0][id], wants[1][id] = entraID(id), entraID(id)
		if i%2 == 0 {
			wants[1][id] = entraID(700_000 + i)
		}
	}
	var spaces [2]*workspace
	var outs [2]string
	var codes [2]int
	for i, members := range [][]int{{1000, 1001, 1002, 1003}, {1002, 1003, 1004, 1005}} {
		spaces[i] = newWorkspace(t, linksAndMembers(a, `journal_path = "journal.jsonl"`, wants[i], members))
		spaces[i].must(0, "plan", "-out=saved")
	}
	var both sync.WaitGroup
	for i, w := range spaces {
		both.Go(func() { codes[i], outs[i] = w.run("apply", "saved") })
	}
	both.Wait()
	if codes[0] == 0 && codes[1] == 0 {
		t.Error("they want different things, and neither says so")
	}
	for i, w := range spaces {
		w.seen(a, outs[i], wants[i])
		for address := range w.instances() {
			if strings.Contains(errorsIn(outs[i]), "with "+address) {
				t.Errorf("%s is in the state, and there is an error about it", address)
			}
		}
	}
	for i := range users {
		id := 1000 + i
		if now := a.userExternalID(fmt.Sprint(id)); now != wants[0][id] && now != wants[1][id] {
			t.Errorf("user %d holds %q", id, now)
		}
	}
	if got := a.members("1"); !slices.Equal(got, []string{"1000", "1001", "1002", "1003", "1004", "1005"}) {
		t.Errorf("group 1 has %v; what the two applies said:\n%s\n%s", got, outs[0], outs[1])
	}
}

// An IdP's sync changes principals while an apply queues at its limit: links
// users, deletes one, takes over the group. The sync's word stands, each instance
// that is concerned says so, and the others are done.
func TestProcess_besideASync(t *testing.T) {
	t.Parallel()
	const users = 6
	st := manyStale(users)
	st.Groups = []simulator.Group{{ID: "1", DisplayName: "one"}}
	a := startAccount(t, st, simulator.Options{})
	wants := map[int]string{}
	for i := range users {
		wants[1000+i] = entraID(1000 + i)
	}
	// From the arrival of the first write on everyone else waits for the sync.
	var begun atomic.Bool
	written, goOn := make(chan struct{}), make(chan struct{})
	front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		first := r.Method == http.MethodPatch && begun.CompareAndSwap(false, true)
		if begun.Load() && !first {
			select {
			case <-goOn:
			case <-r.Context().Done():
				return
			}
		}
		a.Server.Handler().ServeHTTP(rw, r)
		if first {
			close(written)
		}
	}))
	t.Cleanup(front.Close)
	config := linksAndMembers(a, "writes_per_second = 0.4", wants, []int{1005})
	w := newWorkspace(t, strings.ReplaceAll(config, a.URL, front.URL))
	w.must(0, "plan", "-out=saved")
	a.Server.ResetRequests()
	cmd, out := w.command("apply", "saved")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.until(out, "the first write", func() bool { return isClosed(written) })
	first := a.patched()[0]
	synced := map[string]string{}
	for _, id := range []string{"1000", "1001", "1002"} {
		if object := "Users/" + id; object != first {
			synced[id] = "00000000-0000-4000-8000-000000777" + id[1:]
			a.link(object, synced[id])
		}
	}
	deleted, taken := first != "Users/1003", first != "Groups/1"
	if deleted {
		a.scim(http.MethodDelete, "Users/1003", "")
	}
	if taken {
		a.link("Groups/1", entraID(1))
	}
	close(goOn)
	err := cmd.Wait()
	if err == nil {
		t.Errorf("the apply does not say what it could not do:\n%s", out)
	}
	for id, value := range synced {
		if now := a.userExternalID(id); now != value {
			t.Errorf("user %s holds %q, and the sync wrote %q", id, now, value)
		}
		saysAll(t, out.String(), fmt.Sprintf("with dbxidentity_external_id.fix[%q]", id), value)
	}
	if deleted {
		saysAll(t, out.String(), `with dbxidentity_external_id.fix["1003"]`, "user/1003")
	}
	if taken {
		saysAll(t, out.String(), `with dbxidentity_group_member.member["1005"]`, "group/1")
		if got := a.members("1"); len(got) != 0 {
			t.Errorf("group 1 became the identity provider's, and has %v", got)
		}
	}
	for _, id := range []string{"1004", "1005"} {
		if now := a.userExternalID(id); now != wants[1000+int(id[3]-'0')] {
			t.Errorf("user %s, which the sync left alone, holds %q", id, now)
		}
	}
}

// A saved plan of memberships is applied after the account has changed: what is
// there already is taken over, what someone settled is left, and what became the
// identity provider's is refused.
func TestProcess_savedPlanOfMemberships(t *testing.T) {
	t.Parallel()
	a := startAccount(t, groupWorld(), simulator.Options{})
	a.setMembers("204", "101", "102")()
	membership := func(resource, name, group, member string) string {
		return fmt.Sprintf("\nresource %q %q {\n  group_id = %q\n  member_id = %q\n}\n", resource, name, group, member)
	}
	w := newWorkspace(t, a.config("", membership(memberResource, "found", "202", "101")+membership(memberResource, "free", "202", "301")+
		membership(removalResource, "gone", "204", "101")+membership(removalResource, "theirs", "204", "102")))
	w.must(0, "plan", "-out=saved")
	a.setMembers("202", "101")()
	a.change(func(st *simulator.State) {
		for i := range st.Groups {
			if st.Groups[i].ID == "204" {
				st.Groups[i].Members = []simulator.Member{{Value: "102", Source: "IDENTITY_PROVIDER"}}
			}
		}
	})
	saysAll(t, w.must(1, "apply", "saved"), "with "+removalResource+".theirs", "comes from the identity provider")
	got := w.instances()
	if got[memberResource+".found"]["added"] != false || got[memberResource+".free"]["added"] != true || got[removalResource+".gone"]["removed"] != false {
		t.Errorf("the state says %v", got)
	}
	if in := a.members("202"); !slices.Equal(in, []string{"101", "301"}) {
		t.Errorf("group 202 has %v", in)
	}
	// A destroy plans first, so what a plan refuses stops it too.
	w.must(1, "destroy", "-auto-approve")
	w.must(0, "destroy", "-auto-approve", "-refresh=false")
	if in := a.members("202"); !slices.Equal(in, []string{"101"}) {
		t.Errorf("after destroy group 202 has %v", in)
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

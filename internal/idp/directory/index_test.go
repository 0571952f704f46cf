// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/idptest"
)

const (
	guid1 = "aaaaaaaa-0000-4000-8000-000000000001"
	guid2 = "aaaaaaaa-0000-4000-8000-000000000002"
	guid3 = "aaaaaaaa-0000-4000-8000-000000000003"
)

func user(id, upn, mail string, guest bool) Entry {
	return UserEntry(UserNames{UPN: upn, Mail: mail, Guest: guest}, audit.Identity{ExternalID: id}, nil)
}

func group(id, name string) Entry {
	return Entry{Identity: audit.Identity{Type: audit.TypeGroup, ExternalID: id, Names: []string{name}}}
}

func ids(list []audit.Identity) []string {
	var out []string
	for _, id := range list {
		out = append(out, id.ExternalID)
	}
	return out
}

func TestDirectoryMatch_names(t *testing.T) {
	t.Parallel()
	const composed, decomposed = "caf\u00e9", "cafe\u0301"
	tests := map[string]struct {
		entries []Entry
		p       audit.Principal
		byName  []string
		near    []string
	}{
		"exact":                       {[]Entry{user("u1", "a@example.com", "", false)}, idptest.Principal(audit.TypeUser, "a@example.com", ""), []string{"u1"}, nil},
		"any case":                    {[]Entry{user("u1", "A@Example.com", "", false)}, idptest.Principal(audit.TypeUser, "a@example.com", ""), []string{"u1"}, nil},
		"two UPNs differing in case":  {[]Entry{user("u2", "A@example.com", "", false), user("u1", "a@example.com", "", false)}, idptest.Principal(audit.TypeUser, "a@example.com", ""), []string{"u1", "u2"}, nil},
		"mail of a member":            {[]Entry{user("u1", "x1@example.com", "a@example.com", false)}, idptest.Principal(audit.TypeUser, "a@example.com", ""), []string{"u1"}, nil},
		"UPN before mail of a member": {[]Entry{user("u1", "x1@example.com", "a@example.com", false), user("u2", "a@example.com", "", false)}, idptest.Principal(audit.TypeUser, "a@example.com", ""), []string{"u2"}, nil},
		"guest by mail":               {[]Entry{user("u1", "a_example.org#EXT#@example.com", "a@example.org", true)}, idptest.Principal(audit.TypeUser, "a@example.org", ""), []string{"u1"}, nil},
		"guest by UPN":                {[]Entry{user("u1", "a_example.org#EXT#@example.com", "a@example.org", true)}, idptest.Principal(audit.TypeUser, "a_example.org#EXT#@example.com", ""), []string{"u1"}, nil},
		"guest and member of a name":  {[]Entry{user("u1", "z#EXT#@example.com", "a@example.com", true), user("u2", "a@example.com", "", false)}, idptest.Principal(audit.TypeUser, "a@example.com", ""), []string{"u1", "u2"}, nil},
		"of another type":             {[]Entry{group("g1", "a@example.com")}, idptest.Principal(audit.TypeUser, "a@example.com", ""), nil, nil},
		"deleted": {[]Entry{{Identity: audit.Identity{Type: audit.TypeGroup, ExternalID: "g1", Names: []string{"team"}, Deleted: true}}},
			idptest.Principal(audit.TypeGroup, "team", ""), nil, nil},
		"blank name":                 {[]Entry{group("g1", "")}, idptest.Principal(audit.TypeGroup, "", ""), nil, nil},
		"surrounding space":          {[]Entry{group("g1", "team ")}, idptest.Principal(audit.TypeGroup, "Team", ""), nil, []string{"g1"}},
		"space in Databricks":        {[]Entry{group("g1", "team")}, idptest.Principal(audit.TypeGroup, " team", ""), nil, []string{"g1"}},
		"Unicode normal form":        {[]Entry{group("g1", decomposed)}, idptest.Principal(audit.TypeGroup, composed, ""), nil, []string{"g1"}},
		"near only without by name":  {[]Entry{group("g1", decomposed), group("g2", composed)}, idptest.Principal(audit.TypeGroup, composed, ""), []string{"g2"}, nil},
		"cases of one letter":        {[]Entry{group("g1", "\u039f\u0394\u039f\u03a3 \u212a")}, idptest.Principal(audit.TypeGroup, "\u03bf\u03b4\u03bf\u03c2 k", ""), []string{"g1"}, nil},
		"another letter":             {[]Entry{group("g1", "Istanbul")}, idptest.Principal(audit.TypeGroup, "\u0130stanbul", ""), nil, nil},
		"a letter of two":            {[]Entry{group("g1", "STRASSE")}, idptest.Principal(audit.TypeGroup, "stra\u00dfe", ""), nil, nil},
		"inner space is another one": {[]Entry{group("g1", "data team")}, idptest.Principal(audit.TypeGroup, "datateam", ""), nil, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := New()
			for _, e := range tt.entries {
				d.Add(e)
			}
			m := d.Match(tt.p)
			if diff := cmp.Diff(tt.byName, ids(m.ByName)); diff != "" {
				t.Error("ByName", diff)
			}
			if diff := cmp.Diff(tt.near, ids(m.NearName)); diff != "" {
				t.Error("NearName", diff)
			}
		})
	}
}

func TestDirectoryMatch_sevenGroupsOfOneName(t *testing.T) {
	t.Parallel()
	d := New()
	for _, i := range []int{3, 1, 7, 2, 6, 5, 4} {
		d.Add(group(fmt.Sprint("g", i), "test"))
	}
	m := d.Match(idptest.Principal(audit.TypeGroup, "test", ""))
	if diff := cmp.Diff([]string{"g1", "g2", "g3", "g4", "g5", "g6", "g7"}, ids(m.ByName)); diff != "" {
		t.Error(diff)
	}
}

func TestDirectoryMatch_ids(t *testing.T) {
	t.Parallel()
	d := New()
	d.Add(user(guid1, "a@example.com", "", false))
	d.Add(group(guid2, "team"))
	gone := user(guid3, "gone@example.com", "", false)
	gone.Identity.Deleted = true
	d.Add(gone)
	d.Add(user("00uABC", "o@example.com", "", false))
	tests := map[string]struct {
		stored           string
		own, other, dead string
	}{
		"exact":            {guid1, guid1, "", ""},
		"upper case":       {"AAAAAAAA-0000-4000-8000-000000000001", guid1, "", ""},
		"spaces":           {"  " + guid1 + "\t", guid1, "", ""},
		"of a group":       {guid2, "", guid2, ""},
		"deleted":          {guid3, "", "", guid3},
		"stale":            {"aaaaaaaa-0000-4000-8000-00000000ffff", "", "", ""},
		"blank":            {"", "", "", ""},
		"Okta":             {"00uABC", "00uABC", "", ""},
		"Okta, wrong case": {"00uabc", "", "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := d.Match(idptest.Principal(audit.TypeUser, "nobody", tt.stored))
			got := [3]string{}
			for i, id := range []*audit.Identity{m.ByExternalID, m.ByExternalIDOtherType, m.DeletedByExternalID} {
				if id != nil {
					got[i] = id.ExternalID
				}
			}
			if got != [3]string{tt.own, tt.other, tt.dead} {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestDirectoryMatch_unreadType(t *testing.T) {
	t.Parallel()
	d := New()
	d.Unread[audit.TypeUser] = "403: no"
	if m := d.Match(idptest.Principal(audit.TypeUser, "a", guid1)); m.Unknown != "403: no" {
		t.Errorf("%+v", m)
	}
	if m := d.Match(idptest.Principal(audit.TypeGroup, "a", guid1)); m.Unknown != "" {
		t.Errorf("%+v", m)
	}
}

// memberWorld builds nodes from "group: members" and answers rounds.
type memberWorld struct {
	d      *Index
	groups map[string][]string
	rounds [][]string
}

func newMemberWorld(groups map[string][]string) *memberWorld {
	w := &memberWorld{d: New(), groups: groups}
	for id := range groups {
		w.d.Add(group(id, id))
	}
	return w
}

func (w *memberWorld) fetch(_ context.Context, keys []string) error {
	w.rounds = append(w.rounds, keys)
	for _, key := range keys {
		node := NewNode(0)
		w.d.Nodes[key] = node
		for _, m := range w.groups[key] {
			if m == "hidden" {
				node.Unknown = "hidden membership"
				continue
			}
			_, isGroup := w.groups[m]
			node.Add(m, isGroup)
		}
	}
	return nil
}

func (w *memberWorld) audit(t *testing.T, mode idp.Membership, linked map[string][]string) (map[string]*audit.MemberMatch, []audit.Failure) {
	t.Helper()
	var principals []audit.Principal
	for id := range linked {
		principals = append(principals, audit.Principal{Ref: audit.Ref{Type: audit.TypeGroup, ID: id}, Name: id, ExternalID: id})
	}
	req := idp.Request{Principals: principals, Membership: mode, Members: func(_ context.Context, id string) ([]audit.Member, error) {
		var out []audit.Member
		for i, external := range linked[id] {
			if external == "broken" {
				return nil, errors.New("status 500")
			}
			out = append(out, audit.Member{Ref: audit.Ref{Type: audit.TypeUser, ID: fmt.Sprint(9 - i)}, ExternalID: external})
		}
		return out, nil
	}}
	matches, err := w.d.matchAll(t.Context(), principals)
	if err != nil {
		t.Fatal(err)
	}
	a := memberAudit{d: w.d, req: req, matches: matches, fetch: w.fetch}
	failures, err := a.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*audit.MemberMatch{}
	for _, m := range matches {
		out[m.Principal.ID] = m.Members
	}
	return out, idp.SortFailures(failures)
}

func TestMembers(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	external := func(id, externalID string, nested *bool) audit.MemberRef {
		return audit.MemberRef{Ref: audit.Ref{Type: audit.TypeUser, ID: id}, ExternalID: externalID, NestedInIDP: nested}
	}
	tests := map[string]struct {
		groups map[string][]string
		mode   idp.Membership
		linked map[string][]string
		want   map[string]*audit.MemberMatch
		rounds int
	}{
		"all confirmed directly: nesting is not read": {
			groups: map[string][]string{"g": {"u1", "u2", "n"}, "n": {"u3"}}, linked: map[string][]string{"g": {"u1", "u2"}},
			want: map[string]*audit.MemberMatch{"g": {}}, rounds: 1,
		},
		"no member has an id: nothing is read": {
			groups: map[string][]string{"g": {"u1"}}, linked: map[string][]string{"g": {"", ""}},
			want: map[string]*audit.MemberMatch{"g": {Local: []audit.MemberRef{external("8", "", &no), external("9", "", &no)}}},
		},
		"nested counts": {
			groups: map[string][]string{"g": {"n"}, "n": {"m"}, "m": {"u1"}}, linked: map[string][]string{"g": {"u1"}},
			want: map[string]*audit.MemberMatch{"g": {}}, rounds: 3,
		},
		"nested is told apart in direct mode": {
			groups: map[string][]string{"g": {"n"}, "n": {"u1"}}, linked: map[string][]string{"g": {"u1", "u2"}}, mode: idp.MembershipDirect,
			want:   map[string]*audit.MemberMatch{"g": {External: []audit.MemberRef{external("8", "u2", &no), external("9", "u1", &yes)}}},
			rounds: 2,
		},
		"cycle": {
			groups: map[string][]string{"g": {"n"}, "n": {"g", "u1"}}, linked: map[string][]string{"g": {"u1", "u2", "g"}},
			want:   map[string]*audit.MemberMatch{"g": {External: []audit.MemberRef{external("7", "g", &no), external("8", "u2", &no)}}},
			rounds: 2,
		},
		"a group does not confirm itself": {
			groups: map[string][]string{"g": {"g"}}, linked: map[string][]string{"g": {"g"}},
			want: map[string]*audit.MemberMatch{"g": {External: []audit.MemberRef{external("9", "g", &no)}}}, rounds: 1,
		},
		"a nested group is itself a member": {
			groups: map[string][]string{"g": {"n"}, "n": {}}, linked: map[string][]string{"g": {"n"}},
			want: map[string]*audit.MemberMatch{"g": {}}, rounds: 1,
		},
		"hidden membership": {
			groups: map[string][]string{"g": {"hidden"}}, linked: map[string][]string{"g": {"u1"}},
			want: map[string]*audit.MemberMatch{"g": {Unknown: "hidden membership"}}, rounds: 1,
		},
		"hidden below, transitive": {
			groups: map[string][]string{"g": {"n"}, "n": {"hidden"}}, linked: map[string][]string{"g": {"u1"}},
			want: map[string]*audit.MemberMatch{"g": {Unknown: "hidden membership"}}, rounds: 2,
		},
		"hidden below, direct": {
			groups: map[string][]string{"g": {"n"}, "n": {"hidden"}}, linked: map[string][]string{"g": {"u1"}}, mode: idp.MembershipDirect,
			want:   map[string]*audit.MemberMatch{"g": {External: []audit.MemberRef{external("9", "u1", nil)}}},
			rounds: 2,
		},
		"hidden below, but found elsewhere": {
			groups: map[string][]string{"g": {"h", "n"}, "h": {"hidden"}, "n": {"u1"}}, linked: map[string][]string{"g": {"u1"}},
			want: map[string]*audit.MemberMatch{"g": {}}, rounds: 2,
		},
		"Databricks members cannot be read": {
			groups: map[string][]string{"g": {"u1"}, "k": {"u1"}}, linked: map[string][]string{"g": {"broken"}, "k": {"u1"}},
			want:   map[string]*audit.MemberMatch{"g": {Unknown: "the members in Databricks could not be read: status 500"}, "k": {}},
			rounds: 1,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newMemberWorld(tt.groups)
			got, failures := w.audit(t, tt.mode, tt.linked)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			unknown := 0
			for _, m := range got {
				if m.Unknown != "" {
					unknown++
				}
			}
			if len(failures) != unknown {
				t.Errorf("%d unknown, failures %+v", unknown, failures)
			}
			if len(w.rounds) != tt.rounds {
				t.Errorf("rounds %v, want %d", w.rounds, tt.rounds)
			}
		})
	}
}

// So many lists are asked for at a time as the request says, neither fewer nor more:
// the account's client has requests to send while the answers to others are decoded.
func TestMembers_readers(t *testing.T) {
	t.Parallel()
	const readers = 40
	w := newMemberWorld(nil)
	req := idp.Request{Readers: readers}
	for i := range 3 * readers {
		id := fmt.Sprint("g", i)
		w.d.Add(group(id, id))
		req.Principals = append(req.Principals, idptest.Principal(audit.TypeGroup, id, id))
	}
	var (
		mu           sync.Mutex
		inside, most int
		full         = make(chan struct{})
		open         = sync.OnceFunc(func() { close(full) })
	)
	req.Members = func(ctx context.Context, _ string) ([]audit.Member, error) {
		mu.Lock()
		inside++
		if most = max(most, inside); most >= readers {
			open()
		}
		mu.Unlock()
		defer func() {
			mu.Lock()
			defer mu.Unlock()
			inside--
		}()
		select { // No one leaves before all of them were in.
		case <-full:
			return nil, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	matches, err := w.d.matchAll(ctx, req.Principals)
	if err != nil {
		t.Fatal(err)
	}
	a := memberAudit{d: w.d, req: req, matches: matches, fetch: w.fetch}
	_, err = a.run(ctx)
	if err != nil || most != readers {
		t.Errorf("%d at a time, %v; want %d", most, err, readers)
	}
}

func TestMembers_notAsked(t *testing.T) {
	t.Parallel()
	d := New()
	d.Add(group("g", "g"))
	got, err := d.Result(t.Context(), idp.Request{Principals: []audit.Principal{idptest.Principal(audit.TypeGroup, "g", "g")}}, nil)
	if err != nil || got.Matches[0].Members != nil {
		t.Errorf("%+v, %v", got, err)
	}
}

// A group of 100,000 members costs one set, however many groups nest it.
func TestMembers_large(t *testing.T) {
	t.Parallel()
	groups, linked := map[string][]string{"huge": nil}, map[string][]string{}
	for i := range 100_000 {
		groups["huge"] = append(groups["huge"], fmt.Sprint("u", i))
	}
	for i := range 500 {
		id := fmt.Sprint("g", i)
		groups[id] = []string{"huge"}
		linked[id] = []string{fmt.Sprint("u", i*7), "stale"}
	}
	got, _ := newMemberWorld(groups).audit(t, idp.MembershipTransitive, linked)
	for id, m := range got {
		if len(m.External) != 1 || m.External[0].ExternalID != "stale" {
			t.Fatalf("%s: %+v", id, m)
		}
	}
}

// A nested group that is not confirmed is told apart by whom it holds, at any depth:
// by the externalId, and by whatever a name leads to.
func TestMembers_nestedGroups(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	account := map[string][]audit.Member{
		"parent": {idptest.Member(audit.TypeGroup, "inner", "")},
		"inner":  {idptest.Member(audit.TypeGroup, "deeper", "")},
		"broken": nil,
	}
	cycle := []audit.Member{idptest.Member(audit.TypeGroup, "inner", ""), idptest.Member(audit.TypeUser, "2", "u9")}
	tests := map[string]struct {
		deeper []audit.Member
		mode   idp.Membership
		named  []audit.Identity // whom the name of user 1 leads to
		groups map[string][]string
		want   *bool
	}{
		"nobody":                    {want: &no},
		"a cycle":                   {deeper: cycle, want: &no},
		"somebody by id":            {deeper: []audit.Member{idptest.Member(audit.TypeUser, "1", "u1")}, want: &yes},
		"somebody by id, direct":    {deeper: []audit.Member{idptest.Member(audit.TypeUser, "1", "u1")}, mode: idp.MembershipDirect, want: &yes},
		"somebody below":            {deeper: []audit.Member{idptest.Member(audit.TypeUser, "1", "u2")}, want: &yes},
		"somebody by name":          {deeper: []audit.Member{idptest.Member(audit.TypeUser, "1", "")}, named: []audit.Identity{{ExternalID: "u2"}}, want: &yes},
		"somebody else by name":     {deeper: []audit.Member{idptest.Member(audit.TypeUser, "1", "")}, named: []audit.Identity{{ExternalID: "u8"}}, want: &no},
		"somebody outside of scope": {deeper: []audit.Member{idptest.Member(audit.TypeUser, "3", "u9")}},
		"somebody not matched":      {deeper: []audit.Member{idptest.Member(audit.TypeUser, "4", "u9")}},
		"a group that is not read":  {deeper: []audit.Member{idptest.Member(audit.TypeGroup, "broken", "")}},
		"a hole below": {
			deeper: []audit.Member{idptest.Member(audit.TypeUser, "2", "u9")}, groups: map[string][]string{"g": {"n"}, "n": {"hidden"}}, mode: idp.MembershipDirect,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newMemberWorld(map[string][]string{"g": {"u1", "n"}, "n": {"u2"}})
			if tt.groups != nil {
				w = newMemberWorld(tt.groups)
			}
			matches := []audit.Match{
				{Principal: audit.Principal{Ref: audit.Ref{Type: audit.TypeGroup, ID: "parent"}}, ByExternalID: &audit.Identity{ExternalID: "g"}},
				{Principal: audit.Principal{Ref: audit.Ref{Type: audit.TypeUser, ID: "1"}}, NearName: tt.named},
				{Principal: audit.Principal{Ref: audit.Ref{Type: audit.TypeUser, ID: "2"}}},
				{Principal: audit.Principal{Ref: audit.Ref{Type: audit.TypeUser, ID: "4"}}, Unknown: "500"},
			}
			for _, id := range []string{"inner", "deeper", "broken"} {
				matches = append(matches, audit.Match{Principal: audit.Principal{Ref: audit.Ref{Type: audit.TypeGroup, ID: id}}})
			}
			req := idp.Request{Membership: tt.mode, Members: func(_ context.Context, id string) ([]audit.Member, error) {
				switch id {
				case "broken":
					return nil, errors.New("status 500")
				case "deeper":
					return tt.deeper, nil
				}
				return account[id], nil
			}}
			a := memberAudit{d: w.d, req: req, matches: matches, fetch: w.fetch}
			failures, err := a.run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if broken := name == "a group that is not read"; broken != (len(failures) == 1) {
				t.Errorf("failures %+v", failures)
			}
			want := &audit.MemberMatch{Local: []audit.MemberRef{{Ref: audit.Ref{Type: audit.TypeGroup, ID: "inner"}, NestedInIDP: tt.want}}}
			if diff := cmp.Diff(want, matches[0].Members); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// A wrong mapping is one cause with one remedy, however many ids it made wrong, and
// nothing is offered that the connector would write over.
func TestConnectors_wrongMapping(t *testing.T) {
	t.Parallel()
	const people = 300
	feed := ConnectorFeed{Type: audit.TypeUser, Connector: "the connector c1 (SCIM)", Source: "the attribute mailNickname", Values: map[string]string{}}
	var matches []audit.Match
	for n := range people {
		name, id := fmt.Sprintf("user%d@example.com", n), fmt.Sprintf("id-%d", n)
		feed.Values[id] = fmt.Sprintf("user%d", n)
		matches = append(matches, audit.Match{Principal: user(fmt.Sprint(100+n), name, fmt.Sprintf("user%d", n)), ByName: []audit.Identity{identity(id, name)}})
	}
	// Not the connector's doing, but it would write over a fix all the same.
	matches = append(matches, audit.Match{Principal: user("900", "other@example.com", "gone"), ByName: []audit.Identity{identity("id-900", "other@example.com")}})
	// Of another type.
	matches = append(matches, audit.Match{Principal: servicePrincipal("901", "app", ""), ByName: []audit.Identity{identity("id-901", "app")}})
	in := scope(matches)
	in.Connectors = []ConnectorFeed{feed}
	in.Privileges = map[audit.Ref]audit.Privilege{}
	for _, m := range matches {
		in.Privileges[m.Principal.Ref] = audit.Privilege{}
	}
	r := Divergences(in, Options{})
	if diff := cmp.Diff(map[string]string{"service_principal/901": "id-901"}, fixes(r)); diff != "" {
		t.Errorf("fixes: %s", diff)
	}
	var rows []string
	for _, s := range Summarize(r) {
		rows = append(rows, fmt.Sprintf("%s %s %s %d", s.Type, s.Cause, s.Action, s.Count))
		if s.Cause == rules.CauseConnectorMapping && !strings.HasPrefix(s.Remedy, "In the app of the connector") {
			t.Errorf("remedy: %s", s.Remedy)
		}
	}
	want := []string{"user connector_mapping repair_connector_mapping 300", "user linkable_by_name repair_connector_mapping 1", "service_principal linkable_by_name set_external_id 1"}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("summary: %s", diff)
	}
	if a := r.ManualActions[0]; a.Switch != "ignore_connector" || a.Detail != "the connector c1 (SCIM) writes the attribute mailNickname into the external ids of users" {
		t.Errorf("%+v", a)
	}
	if !r.Complete {
		t.Errorf("failures: %v", r.Failures)
	}

	ignored := Divergences(in, Options{IgnoreConnector: true})
	if len(fixes(ignored)) != people+2 || divergences(ignored)["user/100"].Cause != rules.CauseConnectorMapping {
		t.Errorf("%d fixes, cause %s", len(fixes(ignored)), divergences(ignored)["user/100"].Cause)
	}
}

func TestConnectors_unknownMapping(t *testing.T) {
	t.Parallel()
	in := scope([]audit.Match{
		{Principal: user("1", "a", "x"), ByName: []audit.Identity{identity("y", "a")}}, {Principal: group("2", "g", "x2"), ByName: []audit.Identity{identity("y2", "g")}},
	})
	in.Privileges = map[audit.Ref]audit.Privilege{{Type: audit.TypeUser, ID: "1"}: {}, {Type: audit.TypeGroup, ID: "2"}: {}}
	in.Connectors = []ConnectorFeed{{Type: audit.TypeUser, Connector: "the connector c1", Unknown: "forbidden"}}
	r := Divergences(in, Options{})
	if diff := cmp.Diff(map[string]string{"group/2": "y2"}, fixes(r)); diff != "" {
		t.Error(diff)
	}
	if r.Complete || reasons(r)["user/1"] != rules.ReasonConnectorUnknown || divergences(r)["user/1"].Cause != rules.CauseLinkable {
		t.Errorf("complete %v, %v", r.Complete, reasons(r))
	}
}

// Two connectors for one type: the one whose mapping is known to be wrong decides what is said,
// whichever comes first, and one that cannot be read is a hole all the same.
func TestConnectors_two(t *testing.T) {
	t.Parallel()
	wrong := ConnectorFeed{Type: audit.TypeUser, Connector: "the connector c1", Source: "the attribute mail", Values: map[string]string{}}
	unread := ConnectorFeed{Type: audit.TypeUser, Connector: "the connector c2", Unknown: "forbidden"}
	for _, feeds := range [][]ConnectorFeed{{wrong, unread}, {unread, wrong}} {
		in := scope([]audit.Match{{Principal: user("1", "a", "x"), ByName: []audit.Identity{identity("y", "a")}}})
		in.Connectors = feeds
		r := Divergences(in, Options{})
		if reasons(r)["user/1"] != rules.ReasonConnector || r.Complete || !strings.HasPrefix(r.ManualActions[0].Detail, "the connector c1 ") {
			t.Errorf("%v, complete %v, %+v", reasons(r), r.Complete, r.ManualActions)
		}
	}
}

// A connector that writes nothing explains a blank id, and no other one.
func TestConnectors_blank(t *testing.T) {
	t.Parallel()
	in := scope([]audit.Match{
		{Principal: user("1", "a", ""), ByName: []audit.Identity{identity("x1", "a")}},
		{Principal: user("2", "b", "gone"), ByName: []audit.Identity{identity("x2", "b")}},
	})
	in.Connectors = []ConnectorFeed{{Type: audit.TypeUser, Connector: "the connector c1", Source: "nothing", Blank: true}}
	got := divergences(Divergences(in, Options{}))
	if got["user/1"].Cause != rules.CauseConnectorMapping || got["user/2"].Cause != rules.CauseLinkable {
		t.Errorf("causes %s, %s", got["user/1"].Cause, got["user/2"].Cause)
	}
}

// Whatever the account, a wrong feed of one type takes away that type's fixes and no
// other offer, and the categories stay.
func TestProperty_connectorFeeds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w, o := drawWorld(rt), drawOptions(rt)
		o.IgnoreConnector = false
		for i := range o.Waivers { // A waiver of one cause ends where the connector is the cause.
			o.Waivers[i].Cause = ""
		}
		in := w.input(drawPowers(rt, w))
		before := Divergences(in, o)
		feed := ConnectorFeed{Type: rapid.SampledFrom([]audit.PrincipalType{audit.TypeUser, audit.TypeGroup}).Draw(rt, "type"), Source: "it", Blank: rapid.Bool().Draw(rt, "blank"), Values: map[string]string{}}
		for _, id := range w.identities {
			feed.Values[audit.CanonicalExternalID(id.ExternalID)] = rapid.SampledFrom([]string{"", "stored", "x"}).Draw(rt, "value")
		}
		in.Connectors = []ConnectorFeed{feed}
		after := Divergences(in, o)
		want := map[string]string{}
		for ref, id := range fixes(before) {
			if !strings.HasPrefix(ref, string(feed.Type)+"/") {
				want[ref] = id
			}
		}
		if diff := cmp.Diff(want, fixes(after)); diff != "" {
			rt.Fatalf("fixes: %s", diff)
		}
		was, is := divergences(before), divergences(after)
		for ref, d := range was {
			if diff := cmp.Diff(d.ErrorCategories, is[ref].ErrorCategories); diff != "" || d.Cause != is[ref].Cause && is[ref].Cause != rules.CauseConnectorMapping {
				rt.Fatalf("%s: %s, cause %s, was %s", ref, diff, is[ref].Cause, d.Cause)
			}
		}
		if diff := cmp.Diff([]any{before.Complete, before.Deactivations, before.MemberRemovals}, []any{after.Complete, after.Deactivations, after.MemberRemovals}); diff != "" {
			rt.Fatal(diff)
		}
	})
}

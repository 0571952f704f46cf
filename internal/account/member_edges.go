// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package account

import (
	"fmt"
	"sync"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// edge is one membership.
type edge struct{ group, member string }

// edges are the memberships that this process writes or has written. Reads lag
// behind writes, and two writes at the same time do not see each other: what
// decides about a write looks here beside the account.
type edges struct {
	mu     sync.Mutex
	last   int64
	flying map[edge]*edgeWrite
	kept   map[edge]*edgeWrite
}

// edgeWrite is a membership that is being written, was written, or may have been.
type edgeWrite struct {
	edge
	add bool
	// turn orders the writes by their beginning.
	turn int64
	// at is when it was confirmed, and member what it was read as; zero before.
	at     time.Time
	member audit.Member
}

func newEdges() *edges {
	return &edges{flying: map[edge]*edgeWrite{}, kept: map[edge]*edgeWrite{}}
}

// begin reserves a membership. The error says that another write of the same one
// is under way.
func (es *edges) begin(e edge, add bool) (*edgeWrite, error) {
	es.mu.Lock()
	defer es.mu.Unlock()
	if other := es.flying[e]; other != nil {
		verb := "removed"
		if other.add {
			verb = "added"
		}
		return nil, fmt.Errorf("the member %s of group/%s is being %s by another resource at this moment; "+
			"keep one resource per membership", e.member, e.group, verb)
	}
	es.last++
	w := &edgeWrite{edge: e, add: add, turn: es.last}
	es.flying[e] = w
	return w, nil
}

// end gives a membership back. keep tells that the write happened, or may still.
func (es *edges) end(w *edgeWrite, keep bool) {
	es.mu.Lock()
	defer es.mu.Unlock()
	delete(es.flying, w.edge)
	if keep {
		es.kept[w.edge] = w
	}
}

// confirmed notes that the account was seen to hold the write.
func (es *edges) confirmed(w *edgeWrite, m audit.Member) {
	es.mu.Lock()
	defer es.mu.Unlock()
	w.at, w.member = time.Now(), m
}

// before are the additions, or the removals, that began before a turn; they may
// not be visible in the account yet.
func (es *edges) before(turn int64, add bool) map[edge]bool {
	es.mu.Lock()
	defer es.mu.Unlock()
	out := map[edge]bool{}
	for _, m := range []map[edge]*edgeWrite{es.kept, es.flying} {
		for e, w := range m {
			if w.add == add && w.turn < turn {
				out[e] = true
			}
		}
	}
	return out
}

// confirmedFor are the additions, or the removals, that the account was seen to
// hold, as far as a reading that began at the given time may not show them.
func (es *edges) confirmedFor(began time.Time, add bool) []edge {
	es.mu.Lock()
	defer es.mu.Unlock()
	var out []edge
	for e, w := range es.kept {
		if w.add == add && !w.at.IsZero() && w.at.Add(writeShows).After(began) {
			out = append(out, e)
		}
	}
	return out
}

// overlay brings confirmed writes into a list of members whose reading began at
// the given time; of a later one they are no better news.
func (es *edges) overlay(group string, members []audit.Member, began time.Time) []audit.Member {
	es.mu.Lock()
	defer es.mu.Unlock()
	changed := false
	for e, w := range es.kept {
		if e.group != group || w.at.IsZero() || !w.at.Add(writeShows).After(began) {
			continue
		}
		at := indexMember(members, e.member)
		switch {
		case w.add && at < 0:
			members, changed = append(members, w.member), true
		case !w.add && at >= 0:
			members, changed = append(members[:at], members[at+1:]...), true
		}
	}
	if changed {
		return sortMembers(members)
	}
	return members
}

func indexMember(members []audit.Member, id string) int {
	for i := range members {
		if members[i].ID == id {
			return i
		}
	}
	return -1
}

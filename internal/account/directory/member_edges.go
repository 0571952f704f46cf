// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"fmt"
	"sync"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Edge is one membership.
type Edge struct{ Group, Member string }

// Edges are the memberships that this process writes or has written. Reads lag
// behind writes, and two writes at the same time do not see each other: what
// decides about a write looks here beside the account.
type Edges struct {
	mu     sync.Mutex
	last   int64
	flying map[Edge]*EdgeWrite
	kept   map[Edge]*EdgeWrite
}

// EdgeWrite is a membership that is being written, was written, or may have been.
type EdgeWrite struct {
	Edge
	add bool
	// Turn orders the writes by their beginning.
	Turn int64
	// at is when it was confirmed, and member what it was read as; zero before.
	at     time.Time
	member audit.Member
}

func newEdges() *Edges {
	return &Edges{flying: map[Edge]*EdgeWrite{}, kept: map[Edge]*EdgeWrite{}}
}

// Begin reserves a membership. The error says that another write of the same one
// is under way.
func (es *Edges) Begin(e Edge, add bool) (*EdgeWrite, error) {
	es.mu.Lock()
	defer es.mu.Unlock()
	if other := es.flying[e]; other != nil {
		verb := "removed"
		if other.add {
			verb = "added"
		}
		return nil, fmt.Errorf("the member %s of group/%s is being %s by another resource at this moment; "+
			"keep one resource per membership", e.Member, e.Group, verb)
	}
	es.last++
	w := &EdgeWrite{Edge: e, add: add, Turn: es.last}
	es.flying[e] = w
	return w, nil
}

// End gives a membership back. keep says that the write happened, or may still.
func (es *Edges) End(w *EdgeWrite, keep bool) {
	es.mu.Lock()
	defer es.mu.Unlock()
	delete(es.flying, w.Edge)
	if keep {
		es.kept[w.Edge] = w
	}
}

// Confirmed notes that the account was seen to hold the write.
func (es *Edges) Confirmed(w *EdgeWrite, m audit.Member) {
	es.mu.Lock()
	defer es.mu.Unlock()
	w.at, w.member = time.Now(), m
}

// Before are the additions, or the removals, that began before a turn; they may
// not be visible in the account yet.
func (es *Edges) Before(turn int64, add bool) map[Edge]bool {
	es.mu.Lock()
	defer es.mu.Unlock()
	out := map[Edge]bool{}
	for _, m := range []map[Edge]*EdgeWrite{es.kept, es.flying} {
		for e, w := range m {
			if w.add == add && w.Turn < turn {
				out[e] = true
			}
		}
	}
	return out
}

// confirmedFor are the additions, or the removals, that the account was seen to
// hold, as far as a reading that began at the given time may not show them.
func (es *Edges) confirmedFor(began time.Time, add bool) []Edge {
	es.mu.Lock()
	defer es.mu.Unlock()
	var out []Edge
	for e, w := range es.kept {
		if w.add == add && !w.at.IsZero() && w.at.Add(writeShows).After(began) {
			out = append(out, e)
		}
	}
	return out
}

// overlay brings confirmed writes into a list of members whose reading began at
// the given time; of a later one they are no better news.
func (es *Edges) overlay(group string, members []audit.Member, began time.Time) []audit.Member {
	es.mu.Lock()
	defer es.mu.Unlock()
	changed := false
	for e, w := range es.kept {
		if e.Group != group || w.at.IsZero() || !w.at.Add(writeShows).After(began) {
			continue
		}
		at := IndexMember(members, e.Member)
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

// IndexMember is the position of a member in a list; -1 where it is not there.
func IndexMember(members []audit.Member, id string) int {
	for i := range members {
		if members[i].ID == id {
			return i
		}
	}
	return -1
}

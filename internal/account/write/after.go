// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package write

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// sharedCheck finds out, after externalIds were written, whether another principal
// holds one of them: two runs, or two aliases of the provider, do not see each other.
// It takes a listing of the account that began after the writes, and one listing is
// for all writes that end together.
//
// A write waits for it. But Terraform has ten instances at work at a time, and a
// listing for every ten of them would cost more than the writes: while other writes
// are under way, one whose run was checked less than [checkEvery] ago leaves its
// check to them.
type sharedCheck struct {
	mu      sync.Mutex
	active  int // writes that have begun and not ended
	waiting []*holderCheck
	latest  time.Time // when a listing for it began; zero: never
}

const (
	checkEvery = time.Minute
	// checkPatience is how long a write waits for others to share its listing with;
	// one of them may read back for a minute.
	checkPatience = 5 * time.Second
)

// holderCheck is one id that was written.
type holderCheck struct {
	ref  audit.Ref
	want string
	turn int64 // of the write
	left bool  // to others; its own write has ended

	done      chan struct{} // closed when err and unchecked are known
	err       error
	unchecked string
}

func (s *sharedCheck) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active++
}

// take ends a write, and gives the checks that it is to make. leave says that
// another write makes its own.
func (s *sharedCheck) take(own *holderCheck) (all []*holderCheck, leave bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active--
	if own != nil {
		own.done = make(chan struct{})
		own.left = s.active > 0 && time.Since(s.latest) < checkEvery
		s.waiting = append(s.waiting, own)
	}
	if s.active > 0 {
		return nil, own == nil || own.left
	}
	return s.takeAll(), true
}

// takeAll gives every check that waits; the caller holds the lock.
func (s *sharedCheck) takeAll() []*holderCheck {
	all := s.waiting
	s.waiting = nil
	if len(all) > 0 {
		s.latest = time.Now()
	}
	return all
}

// finish ends a write of an externalId, checked with the others. own is nil where
// nothing was written. The error is a [*BrokenError] for each id that is held twice:
// its own, and those of writes that have ended before.
func (w *Writer) finish(ctx context.Context, own *holderCheck) error {
	all, leave := w.after.take(own)
	if all == nil && !leave {
		patience := time.NewTimer(checkPatience)
		defer patience.Stop()
		select {
		case <-own.done:
			return own.err
		case <-ctx.Done():
		case <-patience.C:
		}
		w.after.mu.Lock()
		all = w.after.takeAll()
		w.after.mu.Unlock()
	}
	if len(all) == 0 {
		if own != nil && !leave {
			<-own.done // Another one has taken it, and is bound by the confirm time.
			return own.err
		}
		return nil
	}
	w.checkHolders(ctx, all)
	var broken []error
	for _, check := range all {
		if check.err != nil && (check == own || check.left) {
			broken = append(broken, check.err)
		}
		if check.left && check.unchecked != "" && own != nil {
			own.unchecked = check.unchecked
		}
		close(check.done)
	}
	return errors.Join(broken...)
}

// checkHolders lists the account until it shows the writes, or the confirm time is
// over, and looks for other holders of the ids.
func (w *Writer) checkHolders(ctx context.Context, checks []*holderCheck) {
	ctx, cancel := context.WithTimeout(ctx, w.api.Config.ConfirmTimeout)
	defer cancel()
	turn := int64(0)
	for _, check := range checks {
		turn = max(turn, check.turn)
	}
	for pause := w.api.Config.RetryPause; ; pause = min(2*pause, maxReadPause) {
		inv, err := w.dir.ListingSince(ctx, turn)
		behind := false
		for _, check := range checks {
			if err == nil {
				behind = w.dir.Behind(inv, check.ref) || behind
			}
			w.checkIn(inv, err, check)
		}
		if err != nil || !behind || transport.Sleep(ctx, pause) != nil {
			return
		}
		turn = w.dir.Turns.Next()
	}
}

func (w *Writer) checkIn(inv *directory.Listing, err error, check *holderCheck) {
	var holders []audit.Principal
	if err == nil {
		holders, err = w.dir.HoldersIn(inv, check.want, check.ref)
	}
	if check.unchecked = ""; err != nil {
		check.unchecked = err.Error()
		return
	}
	if len(holders) == 0 {
		return
	}
	broken := &BrokenError{Ref: check.ref, ExternalID: check.want}
	for _, h := range holders {
		broken.Holders = append(broken.Holders, h.Ref)
	}
	check.err = broken
}

// BrokenError is a write that was made and confirmed, after which something that a
// guard protects does not hold any more: another writer was at work at the same time.
type BrokenError struct {
	// Ref is what was written to: the principal, or the group of a membership.
	Ref audit.Ref
	// ExternalID is held by Ref and Holders.
	ExternalID string
	Holders    []audit.Ref
	// Cycle is the group that was added to Ref, and holds it.
	Cycle audit.Ref
	// NoAdmin says that the removal of Member, or its deactivation where it is Ref, left
	// no account admin.
	NoAdmin bool
	Member  audit.Ref
	// Denied is how the rule of the denylist for Ref denies Member, an account admin or
	// the caller.
	Denied string
	// Undone says that the write was taken back.
	Undone bool
}

func (e *BrokenError) Error() string {
	undone := "The write was taken back"
	switch {
	case e.NoAdmin:
		if !e.Undone {
			undone = "It could not be taken back: make a principal account admin at once, with the help of Databricks support if no one can log in as one"
		}
		did := fmt.Sprintf("removing %s from %s", e.Member, e.Ref)
		if e.Member == e.Ref {
			did = fmt.Sprintf("deactivating %s", e.Ref)
		}
		return fmt.Sprintf("%s left the account without an active account admin, because others lost that at the same time. %s. "+
			"Make sure that the account has an admin before you try again", did, undone)
	case e.Denied != "":
		if !e.Undone {
			undone = "It could not be taken back: remove the rule at once, in the account console or as another account admin"
		}
		return fmt.Sprintf("the rule for %s denies %s, an account admin or the caller: it %s, because others changed that at the same time. %s. "+
			"Look at who is account admin, and plan again", e.Ref.ID, e.Member, e.Denied, undone)
	case e.Cycle.ID != "":
		if !e.Undone {
			undone = fmt.Sprintf("It was not taken back: remove %s from %s, or the other way round, before anything else", e.Cycle, e.Ref)
		}
		return fmt.Sprintf("%s was added to %s, and now each of them holds the other: another writer nested them at the same time. %s. "+
			"Find out which way is right, and plan again", e.Cycle, e.Ref, undone)
	}
	names := make([]string, 0, len(e.Holders))
	for _, h := range e.Holders {
		names = append(names, h.String())
	}
	if !e.Undone {
		undone = fmt.Sprintf("Nothing was taken back. Look in the identity provider whose id it is, and give every other one of them the id of its own "+
			"identity; the external id that %s had before is in the journal, if journal_path is set", e.Ref)
	}
	return fmt.Sprintf("the externalId %q is held by %s and by %s now: another writer gave it away at the same time. One identity of the identity "+
		"provider can be linked to one principal only. %s. Do not run two applies on one account at the same time, and let no other tool write external ids meanwhile",
		e.ExternalID, e.Ref, strings.Join(names, ", "), undone)
}

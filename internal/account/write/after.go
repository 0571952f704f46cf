// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package write

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// sharedCheck looks, after writes, whether what their guards protect still holds: two
// runs, or two aliases of the provider, do not see each other. That takes a listing of
// the account that began after the writes, and one is for all writes that end together.
// P is what is looked at for one write.
//
// A write waits for it. But Terraform has ten instances at work at a time, and a
// listing for every ten of them would cost more than the writes: while other writes
// are under way, one whose run was checked less than [checkEvery] ago leaves its
// check to them. It is made in that time even if none of them ends.
type sharedCheck[P any] struct {
	look   func(ctx context.Context, checks []*pendingCheck[P])
	making chan struct{} // holds one while a check is made

	mu      sync.Mutex
	active  int           // writes that have begun and not ended
	several bool          // more than one was active once
	next    chan struct{} // closed when a write begins, for one that waits for that; else nil
	waiting []*pendingCheck[P]
	late    []*pendingCheck[P] // left to others, with news that no one has read
	latest  time.Time          // when a check began; zero: never
}

const (
	checkEvery = time.Minute
	// checkPatience is how long a write waits for others to share its listing with;
	// one of them may read back for a minute.
	checkPatience = 5 * time.Second
	// checkLull is how long the last of some writes waits for more of them: ten that began
	// together end together, and Terraform begins the next ones when it hears of that.
	checkLull = 200 * time.Millisecond
)

// pendingCheck is one write that is to be checked.
type pendingCheck[P any] struct {
	of   P
	left bool // to others; its own write has ended

	done      chan struct{} // closed when err and unchecked are known
	err       error         // a [*BrokenError]
	unchecked string
}

func newSharedCheck[P any](look func(context.Context, []*pendingCheck[P])) *sharedCheck[P] {
	return &sharedCheck[P]{look: look, making: make(chan struct{}, 1)}
}

func (s *sharedCheck[P]) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active++
	s.several = s.several || s.active > 1
	if s.next != nil {
		close(s.next)
		s.next = nil
	}
}

// lull waits for more writes where the only one left would make a check soon after the
// last one. One whose writes come one by one waits for none.
func (s *sharedCheck[P]) lull(ctx context.Context) {
	s.mu.Lock()
	if s.active > 1 || !s.several || time.Since(s.latest) >= checkEvery {
		s.mu.Unlock()
		return
	}
	next := make(chan struct{})
	s.next = next
	s.mu.Unlock()
	patience := time.NewTimer(checkLull)
	defer patience.Stop()
	select {
	case <-next:
	case <-patience.C:
	case <-ctx.Done():
	}
}

// take ends a write. The last one gets every check that waits.
func (s *sharedCheck[P]) take(own *pendingCheck[P]) (all []*pendingCheck[P], last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active--
	last = s.active == 0
	if own != nil {
		own.done = make(chan struct{})
		own.left = !last && time.Since(s.latest) < checkEvery
		s.waiting = append(s.waiting, own)
	}
	if last {
		all = s.takeAll()
	}
	return all, last
}

// takeAll gives every check that waits; the caller holds the lock.
func (s *sharedCheck[P]) takeAll() []*pendingCheck[P] {
	all := s.waiting
	s.waiting = nil
	if len(all) > 0 {
		s.latest = time.Now()
	}
	return all
}

// takeWith is takeAll while one of them waits; else it gives none.
func (s *sharedCheck[P]) takeWith(one *pendingCheck[P]) []*pendingCheck[P] {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.waiting, one) {
		return nil
	}
	return s.takeAll()
}

// checkedWrite is one write in a [sharedCheck], from its beginning to its end.
type checkedWrite[P any] struct {
	shared *sharedCheck[P]
	made   bool // the check of this write, or it was left to others
	// unchecked is what could not be looked at, of this write or of those that had ended.
	unchecked string
	others    error // what was found of writes that had ended before
}

func beginChecked[P any](shared *sharedCheck[P]) checkedWrite[P] {
	shared.begin()
	return checkedWrite[P]{shared: shared}
}

// check looks at what was written, or leaves that to others.
func (c *checkedWrite[P]) check(ctx context.Context, of P) error {
	c.made = true
	own := &pendingCheck[P]{of: of}
	if !c.shared.finish(ctx, own) {
		return nil
	}
	c.unchecked = own.unchecked
	c.report()
	return own.err
}

// end is for every write, also for one that wrote nothing.
func (c *checkedWrite[P]) end(ctx context.Context) {
	if !c.made && c.shared.finish(ctx, nil) {
		c.report()
	}
}

// finish ends a write; own is nil where nothing was written. It is false where the check
// is left to others. The last write waits for what others look at, too.
func (s *sharedCheck[P]) finish(ctx context.Context, own *pendingCheck[P]) bool {
	s.lull(ctx)
	all, last := s.take(own)
	switch {
	case last:
		s.make(ctx, all) // After one that is being made, of which it reports what was found.
	case own == nil:
		return false
	case own.left:
		time.AfterFunc(checkEvery, func() {
			if all := s.takeWith(own); len(all) > 0 {
				s.make(ctx, all)
			}
		})
		return false
	default:
		patience := time.NewTimer(checkPatience)
		defer patience.Stop()
		select {
		case <-own.done:
		case <-ctx.Done():
		case <-patience.C:
		}
		if all = s.takeWith(own); len(all) > 0 {
			s.make(ctx, all)
		}
	}
	if own != nil {
		<-own.done // Another one may have taken it, and is bound by its time.
	}
	return true
}

// make checks writes. Those that have ended rely on it: it is made for them even if who
// makes it is cancelled.
func (s *sharedCheck[P]) make(ctx context.Context, all []*pendingCheck[P]) {
	s.making <- struct{}{}
	defer func() { <-s.making }()
	if slices.ContainsFunc(all, func(c *pendingCheck[P]) bool { return c.left }) {
		ctx = context.WithoutCancel(ctx)
	}
	if len(all) > 0 {
		s.look(ctx, all)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conclude(all)
}

// settle checks what waits by a reading that was made for something else: looked reports
// whether that began after the write and could tell.
func (s *sharedCheck[P]) settle(looked func(*pendingCheck[P]) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var settled []*pendingCheck[P]
	s.waiting = slices.DeleteFunc(s.waiting, func(c *pendingCheck[P]) bool {
		if !looked(c) {
			return false
		}
		settled = append(settled, c)
		return true
	})
	if len(settled) > 0 {
		s.latest = time.Now()
		s.conclude(settled)
	}
}

// conclude lets the writes go on that were checked; the caller holds the lock.
func (s *sharedCheck[P]) conclude(all []*pendingCheck[P]) {
	for _, c := range all {
		if c.left && (c.err != nil || c.unchecked != "") {
			s.late = append(s.late, c)
		}
		close(c.done)
	}
}

// report takes what was found of writes that have ended, once.
func (c *checkedWrite[P]) report() {
	s := c.shared
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, late := range s.late {
		c.others = errors.Join(c.others, late.err)
		c.unchecked = cmp.Or(c.unchecked, late.unchecked)
	}
	s.late = nil
}

// holderCheck is one externalId that was written: does another principal hold it? names
// are those of an identity that was resolved: has another principal one of them?
type holderCheck struct {
	ref   audit.Ref
	want  string
	names []string
	turn  int64 // of the write
}

// checkHolders lists the account until it shows the writes, or the confirm time is
// over, and looks for other holders of the ids.
func (w *Writer) checkHolders(ctx context.Context, checks []*pendingCheck[holderCheck]) {
	ctx, cancel := context.WithTimeout(ctx, w.api.Config.ConfirmTimeout)
	defer cancel()
	turn := int64(0)
	for _, check := range checks {
		turn = max(turn, check.of.turn)
	}
	for pause := w.api.Config.RetryPause; ; pause = min(2*pause, maxReadPause) {
		inv, err := w.dir.ListingSince(ctx, turn)
		behind := false
		for _, check := range checks {
			w.checkIn(inv, err, check)
			behind = behind || check.unchecked == "" && w.dir.Behind(inv, check.of.ref) // A hole does not close by waiting.
		}
		if !behind || transport.Sleep(ctx, pause) != nil {
			return
		}
		turn = w.dir.Turns.Next()
	}
}

// listingSince is [directory.Directory.ListingSince]. What waits for a listing is checked by
// it as well.
func (w *Writer) listingSince(ctx context.Context, since int64) (*directory.Listing, error) {
	inv, err := w.dir.ListingSince(ctx, since)
	if err != nil {
		return nil, err
	}
	w.holders.settle(func(check *pendingCheck[holderCheck]) bool {
		if !inv.Since(check.of.turn) || w.dir.Behind(inv, check.of.ref) {
			return false
		}
		w.checkIn(inv, nil, check)
		return check.unchecked == ""
	})
	return inv, nil
}

// holdersSince is [directory.Directory.Holders] by [Writer.listingSince].
func (w *Writer) holdersSince(ctx context.Context, externalID string, except audit.Ref, since int64) ([]audit.Principal, error) {
	if externalID == "" {
		return nil, nil
	}
	inv, err := w.listingSince(ctx, since)
	if err != nil {
		return nil, err
	}
	return w.dir.HoldersIn(inv, externalID, except)
}

func (w *Writer) checkIn(inv *directory.Listing, err error, check *pendingCheck[holderCheck]) {
	of := check.of
	broken := &BrokenError{Ref: of.ref, ExternalID: of.want}
	var holders []audit.Principal
	if err == nil {
		holders, err = w.dir.HoldersIn(inv, of.want, of.ref)
	}
	if err == nil && of.names != nil {
		broken.Twins, err = w.twinsIn(inv, of, holders)
		holders = nil
	}
	if check.unchecked = ""; err != nil {
		check.unchecked = err.Error()
		return
	}
	for _, h := range holders {
		broken.Holders = append(broken.Holders, h.Ref)
	}
	if len(broken.Holders)+len(broken.Twins) > 0 {
		check.err = broken
	}
}

// twinsIn are the principals beside a resolved one that have its id, or a name of it.
func (w *Writer) twinsIn(inv *directory.Listing, of holderCheck, holders []audit.Principal) ([]audit.Principal, error) {
	twins := slices.DeleteFunc(holders, func(p audit.Principal) bool { return p.Type != of.ref.Type })
	named, err := w.dir.NamedIn(inv, of.ref.Type, of.names)
	for _, p := range named {
		if p.Ref != of.ref && !audit.SameExternalID(p.ExternalID, of.want) && IsTwin(p, of.names) {
			twins = append(twins, p)
		}
	}
	return twins, err
}

// BrokenError is a write that was made and confirmed, after which something that a
// guard protects does not hold any more: another writer was at work at the same time.
type BrokenError struct {
	// Ref is what was written to: the principal, or the group of a membership.
	Ref audit.Ref
	// ExternalID is held by Ref and Holders.
	ExternalID string
	Holders    []audit.Ref
	// Twins have ExternalID, or a name of its identity, as Ref, which was resolved.
	Twins []audit.Principal
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

// SplitBroken takes the [*BrokenError]s out of an error: a write that ends last reports those
// of others too, beside its own outcome.
func SplitBroken(err error) (broken []*BrokenError, rest error) {
	var one *BrokenError
	if !errors.As(err, &one) {
		return nil, err
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []*BrokenError{one}, nil
	}
	var others []error
	for _, part := range joined.Unwrap() {
		found, other := SplitBroken(part)
		broken, others = append(broken, found...), append(others, other)
	}
	return broken, errors.Join(others...)
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
			"Look at who is an account admin, and plan again", e.Ref.ID, e.Member, e.Denied, undone)
	case e.Cycle.ID != "":
		if !e.Undone {
			undone = fmt.Sprintf("It was not taken back: remove %s from %s, or the other way round, before anything else", e.Cycle, e.Ref)
		}
		return fmt.Sprintf("%s was added to %s, and now each of them holds the other: another writer nested them at the same time. %s. "+
			"Find out which way is right, and plan again", e.Cycle, e.Ref, undone)
	}
	if len(e.Twins) > 0 {
		return e.twins()
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

func (e *BrokenError) twins() string {
	all := make([]string, 0, len(e.Twins))
	for _, p := range e.Twins {
		id := "no externalId"
		if p.ExternalID != "" {
			id = fmt.Sprintf("the externalId %q", p.ExternalID)
		}
		all = append(all, fmt.Sprintf("%s (%s), with %s", p.Ref, p.Name, id))
	}
	return fmt.Sprintf("resolving the externalId %q made %s, and the account has another principal of the same identity or of its name: %s. It was made at the same time, "+
		"or could not be seen before. Nothing was taken back. If they are one identity, keep one of them: move grants and memberships to it, and remove the other. "+
		"Otherwise rename one of them. Then apply again: what was resolved is found", e.ExternalID, e.Ref, strings.Join(all, "; "))
}

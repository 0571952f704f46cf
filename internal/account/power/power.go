// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package power finds out who is privileged: by account roles, rule sets, workspace
// ADMIN and metastores, held directly or through groups.
package power

import (
	"sync"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/once"
)

// Power reports who can do what to the account: roles, rule sets, and what follows from
// them. What privileges are made of is each read once.
type Power struct {
	api *api.Conn
	dir *directory.Directory

	mu    sync.Mutex
	since time.Time // when RenewPower renewed the caches; zero before the first guard
	turn  int64     // of that time

	metastores once.Value[[]Metastore]
	singles    singles
	admins     once.Value[adminHolders]
	// allAdmins are all account admins, by the lists that name them or their groups.
	allAdmins once.Map[listsRead, []audit.Ref]
	// For who is privileged by rules; see powerByRules.
	rules   once.Map[string, []GrantRule]
	members once.Map[string, groupMembers]
	// byRules is what they come to, once everything could be read.
	byRules once.Value[rulePower]
}

// New is a reader with empty caches. It has what it derived forgotten whenever the
// directory forgets what that was derived from.
func New(a *api.Conn, d *directory.Directory) *Power {
	pw := &Power{api: a, dir: d}
	d.OnOutdate(pw.outdate)
	return pw
}

// outdate forgets what was read, but for the admins, which have their own age.
func (pw *Power) outdate() {
	pw.metastores.Outdate()
	pw.rules.OutdateAll()
	pw.members.OutdateAll()
	pw.byRules.Outdate()
}

// RenewPower forgets what is too old to decide about a write, and what is older than
// a turn: OpenTofu plans and applies in one process, and a human may take an hour
// between the two.
func (pw *Power) RenewPower(since int64) {
	pw.mu.Lock()
	defer pw.mu.Unlock()
	if !pw.since.IsZero() && time.Since(pw.since) <= pw.api.Config.MaxListingAge && pw.turn >= since {
		return
	}
	if !pw.since.IsZero() {
		pw.dir.OutdateLookups()
		pw.outdate()
		pw.dir.DropOldCrawl()
	}
	pw.since, pw.turn = time.Now(), pw.dir.Turns.Now()
}

// OutdateMemberships forgets what was derived from a membership that changed.
func (pw *Power) OutdateMemberships(group, member audit.Ref) {
	pw.dir.OutdateMemberships(group, member)
	pw.allAdmins.OutdateAll()
	if member.Type != audit.TypeUser {
		pw.members.Outdate(group.ID)
		pw.byRules.Outdate()
	}
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"
)

// Activity is what the audit log says of who acts. It proves what happened, never what
// did not.
type Activity struct {
	// Last is the last event of a principal, by its id.
	Last map[string]time.Time
	// Days is how many days before Now count as recent: who acted then is not offered to
	// be deactivated. 0: it does not matter.
	Days int
	Now  time.Time
	// Events is how many there are of anybody.
	Events int
	// Failures are why the log was not read in full.
	Failures []audit.Failure
}

// leavers finds the users who are to be deactivated, and what speaks against it.
type leavers struct {
	*auditor
	idpHole *string // see idpDoubt; nil until it is asked for
}

// atWork is why a user who seems to be gone may still be at work.
func (l *leavers) atWork(id string) (reason, detail string) {
	act := l.in.Activity
	if act == nil || act.Days == 0 {
		return "", ""
	}
	switch last, seen := act.Last[id]; {
	case seen && last.After(act.Now.AddDate(0, 0, -act.Days)):
		return rules.ReasonDeactivationRecent, fmt.Sprintf("according to the audit log the user acted in the last %d days", act.Days)
	case len(act.Failures) > 0:
		return rules.ReasonDeactivationUnproven, "whether the user acted lately is not known: " + act.Failures[0].Call + ": " + act.Failures[0].Reason
	case act.Events == 0:
		return rules.ReasonDeactivationUnproven, "whether the user acted lately is not known: the audit log shows no event of anybody"
	}
	return "", ""
}

// Deactivation is one active user of an own domain whom the IdP no longer lets in.
type Deactivation struct {
	audit.Ref
	PrincipalName string
	Cause         string // one of [DeactivationCauses]
}

// Key is the key of the deactivation in maps and in exclude.
func (d *Deactivation) Key() string { return "deactivate/" + d.Ref.String() }

// DeactivationCauses are the causes for which a user can be deactivated, the default
// ones first: the IdP does not have the user, has it in its recycle bin, has it
// disabled. Someone who is disabled may be back soon, so that has to be chosen.
func DeactivationCauses() (all []string, byDefault int) {
	return []string{rules.CauseStaleOwn, rules.CauseDeleted, rules.CauseDisabled}, 2
}

func (o *Options) deactivates(cause string) bool {
	all, byDefault := DeactivationCauses()
	if o.DeactivationCauses == nil {
		return slices.Contains(all[:byDefault], cause)
	}
	return slices.Contains(o.DeactivationCauses, cause)
}

// cause is why the user of a match is to be deactivated, as far as the match says;
// empty for everyone else. No one counts as gone whose name, or almost that name,
// the IdP still has, or whose stored id is that of anything else.
func (l *leavers) cause(i int) string {
	m, set := l.matches[i], l.categories[i]
	if !l.o.SuggestDeactivations || m.Principal.Type != audit.TypeUser || m.Unknown != "" || !l.isOwnDomain(m.Principal.Name) || l.isInactive(&m.Principal) ||
		set != 0 && set == l.waived[i] {
		return ""
	}
	cause := ""
	switch linked := linkedIdentity(m); {
	case l.open(i)&setNotInIDP != 0:
		if cause = l.staleCause(m); len(m.ByName) > 0 || len(m.NearName) > 0 {
			return ""
		}
	case linked != nil && linked.Enabled != nil && !*linked.Enabled:
		other := slices.ContainsFunc(candidatesOf(m), func(id *audit.Identity) bool { return !audit.SameExternalID(id.ExternalID, linked.ExternalID) })
		if other || (set&^l.harmless[i]|l.open(i))&setLink != 0 {
			return ""
		}
		cause = rules.CauseDisabled
	}
	if !l.o.deactivates(cause) {
		return ""
	}
	return cause
}

// doubt is why a user who seems to be gone is not offered, whatever its
// privileges; empty when it is.
func (l *leavers) doubt(m *audit.Match) (reason, detail string) {
	listed := l.listed(m.Principal.Ref)
	switch {
	case m.Principal.Ref == l.in.Caller:
		return rules.ReasonDeactivationPrivileged, "Terraform runs as this user"
	case l.in.CallerUnknown != "":
		return rules.ReasonDeactivationUnproven, "whether Terraform runs as this user is not known: " + l.in.CallerUnknown
	case l.idpDoubt() != "":
		return rules.ReasonDeactivationUnproven, l.idpDoubt()
	case m.Principal.Active == nil && (listed == nil || listed.Active == nil):
		return rules.ReasonDeactivationUnproven, "whether the user is active is not known"
	default:
		return l.atWork(m.Principal.ID)
	}
}

// privilege is why a user is not offered because of its privileges.
func (l *leavers) privilege(ref audit.Ref) (reason, detail string) {
	switch privilege, known := l.in.Privileges[ref]; {
	case !known:
		return rules.ReasonDeactivationUnproven, "the privileges of the user were not looked up"
	case len(privilege.Powers) > 0:
		return rules.ReasonDeactivationPrivileged, strings.Join(privilege.Powers, "; ")
	case privilege.Unknown != "":
		return rules.ReasonDeactivationUnproven, "the privileges of the user are not known: " + privilege.Unknown
	default:
		return "", ""
	}
}

// onlyPrivilegeDecides reports whether nothing but its privileges speaks against an
// offer for the principal at a position.
func (a *auditor) onlyPrivilegeDecides(i int, p *proposal) bool {
	m := a.matches[i]
	if a.leavers.cause(i) != "" {
		reason, _ := a.leavers.doubt(m)
		return reason == ""
	}
	fixable := p != nil && p.reason == ""
	return (fixable || a.occupies(p) && a.in.Inventory.Coverage.Groups) && !a.o.AllowPrivileged[m.Principal.ID]
}

// idpDoubt is why no one counts as gone; empty when the users of the IdP were read
// whole. A user who is missing in a reading with a hole may be in the hole, and a
// directory that knows no user of the account may be another company's.
func (l *leavers) idpDoubt() string {
	if l.idpHole != nil {
		return *l.idpHole
	}
	hole, knows := "", false
	for i := range l.in.Failures {
		if f := &l.in.Failures[i]; hole == "" && (f.Type == "" || f.Type == audit.TypeUser) {
			hole = "the identity provider was not read in full: " + f.Call + ": " + f.Reason
		}
	}
	for _, m := range l.matches {
		if m.Principal.Type != audit.TypeUser {
			continue
		}
		knows = knows || linkedIdentity(m) != nil || len(m.ByName) > 0
		if hole == "" && m.Unknown != "" {
			hole = "the identity provider was not read in full: " + m.Unknown
		}
	}
	if hole == "" && !knows {
		hole = "the identity provider knows none of the external ids and names of the users in scope"
	}
	l.idpHole = &hole
	return hole
}

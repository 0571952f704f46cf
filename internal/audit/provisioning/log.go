// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provisioning

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// LogEntry is one event of the provisioning log.
type LogEntry struct {
	At time.Time
	// Action is create, update, disable and so on; Status success, failure, skipped or warning.
	Action, Status string
	// SourceType is as it was sent: a word or a URN.
	SourceID, SourceName, SourceType string
	// TargetID is the Databricks id; empty where the connector has none yet.
	TargetID          string
	ErrorCode, Reason string
}

// objectType is the type of principals that the event is about; empty for others.
func (e *LogEntry) objectType() audit.PrincipalType {
	return ObjectOf(&ObjectMapping{Target: e.SourceType})
}

// Failing is an object that the connector fails to write.
type Failing struct {
	Type             audit.PrincipalType
	SourceID, Name   string
	DatabricksID     string
	Action           string
	ErrorCode, Error string
	// Since is the first failure after the last success in the log; Count the failures since.
	Since time.Time
	Count int
	// Holder has the name here, where the account's principals are known.
	Holder *audit.Principal
	Remedy string
}

// Contradiction is a pair of the connector that the account does not confirm: the
// connector writes the identity to a principal that stores another external id.
type Contradiction struct {
	Type           audit.PrincipalType
	SourceID, Name string
	Principal      audit.Principal
}

// logVerdict is what the log says of each object, sorted by type and id.
func logVerdict(c *Connector, account *Account, isThisAccount bool) (failing []Failing, wrong []Contradiction) {
	entries := slices.Clone(c.Log)
	slices.SortStableFunc(entries, func(a, b LogEntry) int { return a.At.Compare(b.At) })
	open, pairs := map[string]*Failing{}, map[string]LogEntry{}
	for _, e := range entries {
		if e.SourceID == "" {
			continue
		}
		if e.TargetID != "" {
			pairs[e.SourceID] = e
		}
		switch strings.ToLower(e.Status) {
		case "success", "warning":
			delete(open, e.SourceID)
		case "failure":
			f := open[e.SourceID]
			if f == nil {
				f = &Failing{SourceID: e.SourceID, Since: e.At}
				open[e.SourceID] = f
			}
			f.Type, f.Name, f.DatabricksID = e.objectType(), e.SourceName, cmp.Or(e.TargetID, f.DatabricksID)
			f.Action, f.ErrorCode, f.Error = e.Action, e.ErrorCode, e.Reason
			f.Count++
		}
	}
	var principals []audit.Principal
	if isThisAccount {
		principals = account.Principals
	}
	byID, byName := map[string]*audit.Principal{}, map[string]*audit.Principal{}
	for i := range principals {
		p := &principals[i]
		byID[p.ID], byName[nameKey(p.Type, p.Name)] = p, p
	}
	for _, f := range open {
		if holder := byName[nameKey(f.Type, f.Name)]; holder != nil && f.isConflict() {
			f.Holder = holder
		}
		f.Remedy = f.remedy()
		failing = append(failing, *f)
	}
	for id, e := range pairs {
		if p := byID[e.TargetID]; p != nil && !audit.SameExternalID(p.ExternalID, id) {
			wrong = append(wrong, Contradiction{Type: p.Type, SourceID: id, Name: e.SourceName, Principal: *p})
		}
	}
	slices.SortFunc(failing, func(a, b Failing) int {
		return cmp.Or(cmp.Compare(a.Type.Order(), b.Type.Order()), cmp.Compare(a.SourceID, b.SourceID))
	})
	slices.SortFunc(wrong, func(a, b Contradiction) int { return audit.CompareRefs(a.Principal.Ref, b.Principal.Ref) })
	return failing, wrong
}

func nameKey(t audit.PrincipalType, name string) string {
	return string(t) + "/" + audit.FoldName(name)
}

// isConflict: something in the account has the name already.
func (f *Failing) isConflict() bool {
	return strings.HasSuffix(f.ErrorCode, "EntryConflict") || strings.Contains(f.Error, "409")
}

func (f *Failing) remedy() string {
	switch {
	case f.Holder != nil && f.Holder.ExternalID == "":
		return fmt.Sprintf("The name is taken by %s, which has no external id. Link it with dbxidentity_external_id, external id %s; the next cycle finds it then.", f.Holder.Ref, f.SourceID)
	case f.Holder != nil:
		return fmt.Sprintf("The name is taken by %s, which has the external id %s. Decide which of the two is meant, and rename or relink the other.", f.Holder.Ref, f.Holder.ExternalID)
	case f.isConflict():
		return "The name is taken in Databricks. Find the principal with that name; link it, or rename it."
	case strings.Contains(f.Error, "401"), strings.Contains(f.Error, "403"):
		return "Databricks refuses the connector: check that its token is valid and that its owner may write there."
	}
	return "Look at the error; when its cause is gone, the next cycle or provisioning on demand writes the object."
}

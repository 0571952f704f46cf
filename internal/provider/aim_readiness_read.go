// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/catalog"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/events"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/power"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/assess"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/guard"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/judge"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/readiness"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/redact"
)

// readinessRun gathers the facts of one readiness report. Every source is read for
// itself: one that fails is unknown, and the others are facts all the same.
type readinessRun struct {
	session *session
	source  idp.Source
	audit   assess.Run

	// connectors is nil where none are to be read; connectorIDs are empty for all of them.
	connectors   idp.ConnectorSource
	connectorIDs []string
	// addresses are stated for connectors whose own cannot be read.
	addresses map[string]string

	// events is nil where the audit log is not to be read; misplaced is that it cannot be
	// read in the workspace that they name.
	events    *eventsRequest
	misplaced error

	// warehouses are those through which SQL definitions are read.
	warehouses []catalog.SQLWarehouse

	mu    sync.Mutex
	facts *readiness.Facts
	// missing are the ids of connectors that the identity provider does not have.
	missing []string
	// unreadParts are what could not be read of single connectors.
	unreadParts []audit.Failure
}

// unread notes why a source could not be read whole.
func (r *readinessRun) unread(need readiness.Need, why string) {
	why = redact.Text(why)
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Contains(r.facts.Unknown[need], why) {
		r.facts.Unknown[need] = append(r.facts.Unknown[need], why)
	}
}

// read fills the facts. The error is for accounts of which nothing can be read, and for
// the end of the time.
func (r *readinessRun) read(ctx context.Context) (*readiness.Facts, error) {
	r.facts.Unknown, r.facts.WorkspaceAdmins = map[readiness.Need][]string{}, map[string]readiness.WorkspaceAdmins{}
	inventory, err := r.session.account.Inventory(ctx)
	if err != nil {
		return nil, err
	}
	r.facts.Inventory = inventory
	for _, f := range inventory.Failures {
		for _, t := range typesOf(f) {
			r.unread(readiness.NeedOf(t), f.Reason)
		}
	}
	group, gctx := errgroup.WithContext(ctx)
	for _, part := range []func(context.Context){
		r.readIDP, r.readGroups, r.readCaller, r.readDenylist, r.readSettings, r.readWorkspaces, r.readMetastores, r.readConnectors, r.readEvents, r.readDefinitions,
	} {
		group.Go(func() error {
			part(gctx)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if r.misplaced != nil {
		return nil, r.misplaced
	}
	if len(r.missing) > 0 {
		return nil, &missingConnectorsError{r.missing}
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	r.readDenied(ctx)
	r.readGrants(ctx)
	r.readWorkspaceAdmins(ctx)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	r.facts.LocalGroups = described(r.facts.LocalGroups, r.facts.Inventory)
	for need := range r.facts.Unknown {
		slices.Sort(r.facts.Unknown[need])
	}
	return r.facts, nil
}

// typesOf are the types that a failure of the lists is about; all, where it names none.
func typesOf(f audit.Failure) []audit.PrincipalType {
	all := audit.PrincipalTypes()
	for _, t := range all {
		if f.Type == t || f.Call == "list "+directory.Plural(t) {
			return []audit.PrincipalType{t}
		}
	}
	return all
}

// readDefinitions reads the views and functions of Unity Catalog that ask for groups.
func (r *readinessRun) readDefinitions(ctx context.Context) {
	if len(r.warehouses) == 0 {
		r.unread(readiness.NeedSQL, "sql_definitions names no SQL warehouse")
		return
	}
	found, err := r.session.account.SQLDefinitions(ctx, r.warehouses)
	if err != nil {
		r.unread(readiness.NeedSQL, err.Error())
	}
	for _, why := range found.Unknown {
		r.unread(readiness.NeedSQL, why)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.facts.Definitions = found.List
}

// readGrants reads what the groups that someone gains may do in Unity Catalog. It comes
// when they are known.
func (r *readinessRun) readGrants(ctx context.Context) {
	gained := readiness.GainedGroups(r.facts)
	if len(gained) == 0 {
		return
	}
	if len(r.warehouses) == 0 {
		r.unread(readiness.NeedGrants, "sql_definitions names no SQL warehouse")
		return
	}
	grants, unknown, err := r.session.account.GroupGrants(ctx, r.warehouses, gained)
	if err != nil {
		r.unread(readiness.NeedGrants, err.Error())
	}
	for _, why := range unknown {
		r.unread(readiness.NeedGrants, why)
	}
	r.facts.Grants = grants
}

// readIDP is an audit without look-ups of privileges: nothing is offered here.
func (r *readinessRun) readIDP(ctx context.Context) {
	in, err := r.audit.Read(ctx, r.session.account, r.source)
	if err != nil && ctx.Err() == nil {
		// Members that no one answers for say nothing of who is who.
		apart := r.audit
		apart.Apart = true
		in, err = apart.Read(ctx, r.session.account, r.source)
	}
	if err != nil {
		for _, need := range []readiness.Need{readiness.NeedIDP, readiness.NeedMembers, readiness.NeedIDPMembers} {
			r.unread(need, err.Error())
		}
		return
	}
	report, err := judge.DivergencesUntil(assess.StopAt(ctx), in, r.audit.Options)
	if err != nil {
		r.unread(readiness.NeedIDP, err.Error())
		return
	}
	r.mu.Lock()
	r.facts.Matches, r.facts.Report = in.Matches, report
	r.mu.Unlock()
	for i := range in.Matches {
		m := &in.Matches[i]
		switch {
		case m.Unknown != "" && m.Principal.Type == audit.TypeGroup:
			r.unread(readiness.NeedMembers, m.Unknown)
			r.unread(readiness.NeedIDPMembers, m.Unknown)
			fallthrough
		case m.Unknown != "":
			r.unread(readiness.NeedIDP, m.Unknown)
		case m.Members != nil && m.Members.Unknown != "":
			r.unread(readiness.NeedMembers, m.Members.Unknown)
			r.unread(readiness.NeedIDPMembers, m.Members.Unknown)
		}
	}
	for _, f := range in.Failures {
		if f.Call == "list group members" { // matchWithIdp names members by id only.
			r.unread(readiness.NeedMembers, f.Reason)
		}
	}
}

// readGroups reads the members of every group and the account roles, and finds out who
// is an account admin.
func (r *readinessRun) readGroups(ctx context.Context) {
	var (
		client = r.session.account
		roles  map[audit.Ref][]string
	)
	members, group := map[string][]audit.Member{}, errgroup.Group{}
	group.SetLimit(client.Readers())
	group.Go(func() error {
		var err error
		if roles, err = client.AccountRoles(ctx); err != nil {
			r.unread(readiness.NeedRoles, err.Error())
		}
		return nil
	})
	if !r.facts.Inventory.Coverage.Groups {
		for _, need := range []readiness.Need{readiness.NeedGroupMembers, readiness.NeedMembers, readiness.NeedIDPMembers} {
			r.unread(need, "the groups of the account could not be listed")
		}
	}
	for _, p := range r.facts.Inventory.Principals {
		if p.Type != audit.TypeGroup {
			continue
		}
		group.Go(func() error {
			list, err := client.Members(ctx, p.ID)
			if err != nil {
				r.unread(readiness.NeedGroupMembers, err.Error())
				return nil
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			members[p.ID] = list
			return nil
		})
	}
	_ = group.Wait() // Every error is a reason of its own.
	r.mu.Lock()
	defer r.mu.Unlock()
	r.facts.Members = members
	r.facts.GroupRoles = map[string][]string{}
	for ref, held := range roles {
		if ref.Type == audit.TypeGroup {
			r.facts.GroupRoles[ref.ID] = held
		}
	}
	r.facts.Admins = adminsOf(r.facts.Inventory, roles, members)
}

// adminsOf are the active users and service principals that are account admin, by
// themselves or through groups, sorted.
func adminsOf(inventory audit.Inventory, roles map[audit.Ref][]string, members map[string][]audit.Member) []audit.Ref {
	active := map[audit.Ref]bool{}
	for _, p := range inventory.Principals {
		active[p.Ref] = p.Active == nil || *p.Active
	}
	seen, admins := map[audit.Ref]bool{}, map[audit.Ref]bool{}
	var queue []audit.Ref
	for ref, held := range roles {
		if slices.Contains(held, power.RoleAccountAdmin) {
			queue = append(queue, ref)
		}
	}
	for ; len(queue) > 0; queue = queue[1:] {
		ref := queue[0]
		if seen[ref] {
			continue
		}
		seen[ref] = true
		if ref.Type != audit.TypeGroup {
			if active[ref] {
				admins[ref] = true
			}
			continue
		}
		for _, m := range members[ref.ID] {
			queue = append(queue, m.Ref)
		}
	}
	return slices.SortedFunc(maps.Keys(admins), audit.CompareRefs)
}

// noConnectors is why no connector was read where no one asked for that.
const noConnectors = "connector_ids is not set"

// readConnectors reads their state, targets and mappings; whom they cover is no matter but
// for the owners of their tokens, whom only the audit log names.
func (r *readinessRun) readConnectors(ctx context.Context) {
	if r.connectors == nil {
		r.unread(readiness.NeedConnectors, noConnectors)
		return
	}
	found, err := r.session.connectors(ctx, r.connectors, connectorsAsked{
		ConnectorRequest: idp.ConnectorRequest{IDs: r.connectorIDs, Scope: r.events != nil}, addresses: r.addresses,
	})
	if err != nil {
		r.unread(readiness.NeedConnectors, err.Error())
		return
	}
	for _, f := range found.unfound {
		r.unread(readiness.NeedConnectors, f.Reason)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.missing = found.missing
	for i := range found.connectors {
		c := &found.connectors[i]
		r.facts.Connectors = append(r.facts.Connectors, readiness.Connector{ID: c.ID, Name: c.DisplayName, Verdict: found.verdicts[i]})
		r.unreadParts = append(r.unreadParts, connectorFailures(c, &found.verdicts[i])...)
	}
}

// readWorkspaceAdmins reads who is admin of the workspaces to which connectors wrote, where
// that was not read with the workspaces. It comes when the audit log was read.
func (r *readinessRun) readWorkspaceAdmins(ctx context.Context) {
	if r.facts.Events == nil {
		return
	}
	for _, w := range r.facts.Events.WorkspaceConnectors() {
		if _, read := r.facts.WorkspaceAdmins[w.Workspace]; !read {
			r.facts.WorkspaceAdmins[w.Workspace] = r.session.account.WorkspaceAdmins(ctx, w.Workspace)
		}
	}
}

// readEvents reads the audit log. One check depends on it; for others it finds more, and
// is evidence.
func (r *readinessRun) readEvents(ctx context.Context) {
	if r.events == nil {
		r.unread(readiness.NeedEvents, "events is not set")
		return
	}
	activity, report, err := r.session.activity(ctx, *r.events)
	var place *events.WorkspaceError
	switch {
	case errors.As(err, &place):
		r.misplaced = err
		return
	case err != nil:
		r.unread(readiness.NeedEvents, err.Error())
		return
	}
	for _, f := range activity.Failures {
		r.unread(readiness.NeedEvents, f.Reason)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.facts.Events = report
}

func (r *readinessRun) readCaller(ctx context.Context) {
	caller, err := r.session.account.Caller(ctx)
	if err != nil {
		r.unread(readiness.NeedCaller, err.Error())
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.facts.Caller = caller.Ref
}

func (r *readinessRun) readDenylist(ctx context.Context) {
	rules, err := r.session.account.Denylist(ctx)
	switch {
	case api.StatusOf(err) == http.StatusNotFound:
		r.unread(readiness.NeedDenylist, "the API of the denylist is not available in this account; look at it in the account console: "+err.Error())
	case err != nil:
		r.unread(readiness.NeedDenylist, err.Error())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.facts.Denylist = rules
}

// readDenied asks the identity provider whom the rules of the denylist are about, and
// which of those who must not be denied they cover. It comes when those are known.
func (r *readinessRun) readDenied(ctx context.Context) {
	if _, can := r.source.(idp.Lookup); !can || len(r.facts.Denylist) == 0 {
		return
	}
	wanted := map[audit.Ref]bool{r.facts.Caller: true}
	for _, ref := range r.facts.Admins {
		wanted[ref] = true
	}
	var watched []audit.Principal
	for _, p := range r.facts.Inventory.Principals {
		if wanted[p.Ref] {
			watched = append(watched, p)
		}
	}
	denied := make([]guard.DeniedIdentity, len(r.facts.Denylist))
	var group errgroup.Group
	group.SetLimit(r.session.account.Readers())
	for i, rule := range r.facts.Denylist {
		group.Go(func() error {
			denied[i] = r.session.deniedIdentity(ctx, rule.ExternalID, slices.Clone(watched))
			return nil
		})
	}
	_ = group.Wait() // What could not be read is in denied.
	r.facts.Denied = map[string]guard.DeniedIdentity{}
	for i, rule := range r.facts.Denylist {
		r.facts.Denied[audit.CanonicalExternalID(rule.ExternalID)] = denied[i]
	}
}

func (r *readinessRun) readSettings(ctx context.Context) {
	names, err := r.session.account.SettingNames(ctx)
	if err != nil {
		r.unread(readiness.NeedSettings, err.Error())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.facts.Settings = names
}

// readMetastores reads who owns them.
func (r *readinessRun) readMetastores(ctx context.Context) {
	list, err := r.session.account.ListMetastores(ctx)
	if err != nil {
		r.unread(readiness.NeedMetastores, "listing the metastores: "+err.Error())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range list {
		r.facts.Metastores = append(r.facts.Metastores, readiness.Metastore(m))
	}
}

// readWorkspaces reads the workspaces, and of those with identity federation who has
// access, who is admin and which groups they have of their own. The others are no matter of AIM.
func (r *readinessRun) readWorkspaces(ctx context.Context) {
	client := r.session.account
	all, err := client.Workspaces(ctx)
	if err != nil {
		for _, need := range []readiness.Need{readiness.NeedWorkspaces, readiness.NeedAccess, readiness.NeedWorkspaceAdmins, readiness.NeedLocalGroups} {
			r.unread(need, err.Error())
		}
		return
	}
	// A missing key counts as no federation where the account sends it at all.
	reported := slices.ContainsFunc(all, func(w audit.Workspace) bool { return w.Federation != nil })
	var federated []audit.Workspace
	group := errgroup.Group{}
	for _, w := range all {
		if reported && (w.Federation == nil || !*w.Federation) {
			continue
		}
		federated = append(federated, w)
		group.Go(func() error {
			access, err := client.WorkspaceAccess(ctx, w.ID)
			if err != nil {
				r.unread(readiness.NeedAccess, err.Error())
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			r.facts.Access = append(r.facts.Access, access...)
			return nil
		})
		group.Go(func() error {
			admins := client.WorkspaceAdmins(ctx, w.ID)
			if admins.Unknown != "" {
				r.unread(readiness.NeedWorkspaceAdmins, admins.Unknown)
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			r.facts.WorkspaceAdmins[w.ID] = admins
			return nil
		})
	}
	groups, failed := r.session.localGroups(ctx, federated)
	_ = group.Wait() // Every error is a reason of its own.
	for _, w := range federated {
		if err := failed[w.ID]; err != nil {
			r.unread(readiness.NeedLocalGroups, err.Error())
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.facts.Workspaces, r.facts.LocalGroups = all, groups
	r.facts.Cloud = cloudOf(all, client.Host())
}

// cloudOf is aws, azure or gcp: what the workspaces say, else by the account's host;
// empty where neither says.
func cloudOf(workspaces []audit.Workspace, host string) string {
	for _, w := range workspaces {
		if w.Cloud != "" {
			return w.Cloud
		}
	}
	for suffix, cloud := range map[string]string{".azuredatabricks.net": "azure", ".gcp.databricks.com": "gcp", ".cloud.databricks.com": "aws"} {
		if strings.HasSuffix(host, suffix) {
			return cloud
		}
	}
	return ""
}

// failures are the sources that could not be read, for state.
func (r *readinessRun) failures() []audit.Failure {
	out := slices.Clone(r.unreadParts)
	notRead := []readiness.Need{readiness.NeedPerson} // The checks say so.
	if len(r.warehouses) == 0 {
		notRead = append(notRead, readiness.NeedSQL, readiness.NeedGrants)
	}
	if r.events == nil {
		notRead = append(notRead, readiness.NeedEvents)
	}
	if r.connectors == nil {
		notRead = append(notRead, readiness.NeedConnectors)
	}
	for _, need := range readiness.Needs() {
		if slices.Contains(notRead, need) {
			continue
		}
		for _, why := range r.facts.Unknown[need] {
			out = append(out, audit.Failure{Call: "read the " + strings.TrimPrefix(string(need), "the "), Reason: why})
		}
	}
	return out
}

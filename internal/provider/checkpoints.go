// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/assess"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/judge"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/checkpoint"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/file"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/localfile"
)

// checkpoints are those of one run: one per audit with inputs of its own. Only
// audits use them; guards, writes, resources and the ledger read the account
// (docs/adr/007-checkpoints.md).
type checkpoints struct {
	dir   string // empty: none
	bound checkpoint.Binding

	mu   sync.Mutex
	open map[string]*openCheckpoint // by path
	// off is true once this run has written: nothing from before is true for sure.
	off    bool
	warned map[string]bool
}

// openCheckpoint is shared by the audits of a run that have the same inputs.
type openCheckpoint struct {
	store      *checkpoint.Store
	users      int
	unfinished bool
}

// bind says what all audits of this run have in common.
func (c *checkpoints) bind(ctx context.Context, s settings, client *account.Client) {
	if c.dir == "" {
		return
	}
	d := s.databricks
	c.bound = checkpoint.Binding{
		checkpoint.BoundHost: client.Host(), checkpoint.BoundAccount: client.AccountID(),
		"provider": s.version,
		"caller": strings.Join([]string{
			d.AuthType, d.ClientID, d.AzureClientID, d.AzureTenantID, d.GoogleServiceAccount, d.Username, d.Profile,
		}, "|"),
		"identity_api":                  s.identityAPI,
		"automatic_identity_management": string(s.aim),
		"idp":                           s.idp.kind,
	}
	for _, kind := range idpKinds() {
		if kind.name != s.idp.kind {
			continue
		}
		for _, setting := range kind.settings {
			if !setting.sensitive {
				c.bound["idp."+kind.name+"."+setting.name] = s.idp.values[setting.name] + strings.Join(s.idp.lists[setting.name], ",")
			}
		}
	}
	if s.idp.kind == file.Kind {
		c.bound["idp.file.sha256"] = fileSum(ctx, s.idp.values["path"])
	}
}

// fileSum is empty for a file that cannot be read, which the audit will report.
func fileSum(ctx context.Context, path string) string {
	raw, err := localfile.Read(ctx, path, file.MaxSize)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// bindingOf adds the inputs that decide what an audit reads. What only decides how
// it judges can change between two runs.
func (c *checkpoints) bindingOf(r assess.Run) checkpoint.Binding {
	out := maps.Clone(c.bound)
	types, targets := make([]string, 0, len(r.Types)), make([]string, 0, len(r.Targets))
	for _, t := range r.Types {
		types = append(types, string(t))
	}
	for _, ref := range r.Targets {
		targets = append(targets, ref.String())
	}
	slices.Sort(types)
	slices.Sort(targets)
	out["principal_types"], out["targets"] = strings.Join(types, ","), strings.Join(slices.Compact(targets), ",")
	out["membership"] = string(r.Membership)
	return out
}

// acquire opens the checkpoint of an audit, or gives nil and warns: an audit does
// without. release must be called; done says that the audit has its whole result.
func (c *checkpoints) acquire(r assess.Run, diags *diag.Diagnostics) (store *checkpoint.Store, release func(done bool)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dir == "" || c.off {
		return nil, func(bool) {}
	}
	binding := c.bindingOf(r)
	path := binding.Path(c.dir)
	shared := c.open[path]
	if shared == nil {
		opened, err := checkpoint.Open(c.dir, binding)
		if err != nil {
			c.warnOnce(diags, "Audit Without Checkpoint", fmt.Sprintf("checkpoint_dir is set, and %s. The audit goes on without one: if it is killed, the next run begins anew.", err))
			return nil, func(bool) {}
		}
		if notice := opened.Notice(); notice != "" {
			c.warnOnce(diags, "Checkpoint Not Used", strings.ToUpper(notice[:1])+notice[1:]+".")
		}
		shared = &openCheckpoint{store: opened}
		if c.open == nil {
			c.open = map[string]*openCheckpoint{}
		}
		c.open[path] = shared
	}
	shared.users++
	return shared.store, func(done bool) { c.release(path, shared, done) }
}

// release closes the file after its last user, and deletes it when all have come
// to their results.
func (c *checkpoints) release(path string, shared *openCheckpoint, done bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	shared.users--
	shared.unfinished = shared.unfinished || !done
	if shared.users > 0 {
		return
	}
	shared.store.Close(!shared.unfinished)
	if c.open[path] == shared {
		delete(c.open, path)
	}
}

// discard makes sure that no audit, of this run or a later one, takes what was read
// before a write for what is there.
func (c *checkpoints) discard() {
	if c.dir == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.off = true
	for path, shared := range c.open {
		shared.store.Drop()
		delete(c.open, path)
	}
	checkpoint.Discard(c.dir, c.bound[checkpoint.BoundHost], c.bound[checkpoint.BoundAccount])
}

// warnOnce says something once in a run. The caller holds the lock.
func (c *checkpoints) warnOnce(diags *diag.Diagnostics, summary, detail string) {
	if c.warned[detail] {
		return
	}
	if c.warned == nil {
		c.warned = map[string]bool{}
	}
	c.warned[detail] = true
	diags.AddWarning(summary, detail)
}

// warn says of an audit what came from a checkpoint, and whether it could
// keep what it has read itself.
func (c *checkpoints) warn(store *checkpoint.Store, diags *diag.Diagnostics) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := store.Trouble(); err != nil {
		c.warnOnce(diags, "Checkpoint Incomplete", fmt.Sprintf("The audit is not affected, but what it has read could not be kept: %s. "+
			"Had it been killed, the next run would have read more than the rest.", err))
	}
	used := store.Used()
	if len(used.Counts) == 0 {
		return
	}
	parts := make([]string, 0, len(used.Counts))
	for _, kind := range slices.Sorted(maps.Keys(used.Counts)) {
		parts = append(parts, fmt.Sprintf("%d %s", used.Counts[kind], kind))
	}
	diags.AddWarning("Part of the Audit Comes from a Checkpoint", fmt.Sprintf("An earlier run of this audit did not come to its end, and this one went on from there. "+
		"What it took from %s: %s. The oldest of these readings began at %s, %s ago; what has changed since then is not in the result. "+
		"Resources, guards and writes do not depend on it, and in this run the ledger does not treat anything as settled by others. To audit everything anew, delete that file if it is still there, and run again.",
		store.Path(), strings.Join(parts, ", "), used.Oldest.UTC().Format(time.RFC3339), time.Since(used.Oldest).Round(time.Second)))
}

// warnUnfinished says of an audit that ended with an error what is left of it.
func (c *checkpoints) warnUnfinished(store *checkpoint.Store, diags *diag.Diagnostics) {
	if n := store.Kept(); n > 0 {
		diags.AddWarning("Audit Not Finished", fmt.Sprintf("What it had read (%d readings) is kept in %s. Run again within an hour to go on from there.", n, store.Path()))
	}
}

// finished reports whether an audit has nothing left to read again.
func finished(report judge.Report) bool {
	return !slices.ContainsFunc(report.Failures, func(f audit.Failure) bool { return !idp.IsLasting(f) })
}

// checkCheckpointDir refuses what can be nothing but a mistake; everything else is
// a warning of the audit, which needs no checkpoint.
func checkCheckpointDir(path string) error {
	info, err := os.Stat(path)
	if err == nil && !info.IsDir() {
		return errors.New("it is no folder")
	}
	return nil
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package write

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/guard"
)

// FieldResult is what is true after [Writer.SetActive] and [Writer.SetGroupName].
type FieldResult struct {
	// Principal is the principal as it was read last.
	Principal audit.Principal
	// Previous is the value that the write replaced; empty where nothing was written.
	Previous string
	// Wrote says that a write of this instance made it so: in this call, or in an
	// interrupted run whose intent was adopted.
	Wrote bool
	// Unchecked is what a guard protects and could not be looked at after the write.
	Unchecked string
	// Doubted is that of [ExternalIDResult].
	Doubted string
}

// fieldWrite is the [writeKind] of one attribute of one principal.
type fieldWrite struct {
	w         *Writer
	ref       audit.Ref
	attribute string // of SCIM
	value     any    // to send
	want      string // as valueOf shows it
	valueOf   func(p *audit.Principal) string
	// reviewed is the name of the principal when the change was reviewed; "" is none.
	reviewed string
	adopts   bool
	// gather reads what the guards need and takes long, and may read the principal at the
	// end of that; refuse judges them on the principal, which was read last.
	gather func(ctx context.Context, since int64, read readNow)
	refuse func(ctx context.Context, shown *directory.SCIMResource, now audit.Principal) ([]guard.Refusal, error)
	// after looks at what the guards protect, after the write; nil: nothing.
	after func(ctx context.Context, f *fact) error

	before, now audit.Principal
	unchecked   string
}

// readNow reads the principal of a write past every cache.
type readNow func(ctx context.Context) (*directory.SCIMResource, error)

// write makes the write. One principal has one write of a kind at a time.
func (k *fieldWrite) write(ctx context.Context, kind string) (FieldResult, error) {
	if k.w.api.Config.ReadOnly {
		return FieldResult{}, fmt.Errorf("%s was not changed: %w", k.ref, ErrReadOnly)
	}
	unlock, err := k.w.resolving.lock(ctx, kind+" "+k.ref.String())
	if err != nil {
		return FieldResult{}, fmt.Errorf("%s was not changed: another write of it did not end: %w", k.ref, err)
	}
	defer unlock()
	return k.run(ctx, kind)
}

func (k *fieldWrite) run(ctx context.Context, kind string) (FieldResult, error) {
	f := &fact{change: Change{Kind: kind, Ref: k.ref, After: k.want}}
	k.w.run(ctx, k, []*fact{f}, func() {})
	out := FieldResult{Principal: k.now, Unchecked: k.unchecked, Doubted: f.doubted()}
	if f.confirmed || f.adopted {
		out.Previous, out.Wrote = f.change.Before, true
	}
	return out, f.err
}

// shows compares as Terraform does: a name in the other Unicode form is no other name.
func (k *fieldWrite) shows(p *audit.Principal) bool { return directory.SameShown(k.valueOf(p), k.want) }

func (k *fieldWrite) look(ctx context.Context, facts []*fact, since int64) {
	f := facts[0]
	if f.err = k.judge(ctx, f, since); f.err == nil && f.found && !f.maybe && k.adopts {
		f.err = k.w.adopt(f)
	}
}

func (k *fieldWrite) judge(ctx context.Context, f *fact, since int64) error {
	var (
		shown *directory.SCIMResource
		now   audit.Principal
		err   error
	)
	read := func(ctx context.Context) (*directory.SCIMResource, error) {
		shown, now, err = k.w.dir.ResourceNow(ctx, k.ref)
		return shown, err
	}
	// What takes long comes first: the principal is to be as new as can be.
	k.gather(ctx, since, read)
	if shown == nil && err == nil {
		_, _ = read(ctx)
	}
	if err == nil && k.shows(&now) {
		// Reads lag behind writes: what is not to be written is looked at twice.
		if _, _ = read(ctx); err == nil && !k.shows(&now) {
			k.gather(ctx, since, read) // It is judged as it is shown now.
		}
	}
	if err != nil {
		return err
	}
	k.now = now
	if k.shows(&now) {
		f.found = true
		k.w.dir.WroteField(now, k.attribute)
		return nil
	}
	if k.reviewed != "" && !directory.SameShown(now.Name, k.reviewed) {
		return &ConflictError{Ref: k.ref, Name: now.Name, Reviewed: k.reviewed}
	}
	refusals, err := k.refuse(ctx, shown, now)
	switch {
	case err != nil:
		return fmt.Errorf("%s was not changed: %w", k.ref, err)
	case len(refusals) > 0:
		return &RefusedError{Group: k.ref, Refusals: refusals}
	}
	k.before, f.change.Before = now, k.valueOf(&now)
	return nil
}

func (k *fieldWrite) request() (cl api.Call, answer any) {
	return api.Call{Method: http.MethodPatch, Path: k.w.api.SCIMPath(directory.SCIMKind(k.ref.Type), k.ref.ID)}, nil
}

func (k *fieldWrite) body([]*fact) any {
	return map[string]any{
		"schemas":    []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"},
		"Operations": []map[string]any{{"op": "replace", "path": k.attribute, "value": k.value}},
	}
}

func (k *fieldWrite) repeats() bool { return false }

func (k *fieldWrite) answered([]*fact) error { return nil }

func (k *fieldWrite) read(ctx context.Context, facts []*fact) error {
	p, err := k.w.dir.Principal(ctx, k.ref)
	switch {
	case errors.Is(err, api.ErrNotFound): // Reads go back and forth.
		facts[0].see("no such principal", false, true)
		return nil
	case err != nil:
		return err
	}
	k.now = p
	value := k.valueOf(&p)
	facts[0].see(fmt.Sprintf("%s %q", k.attribute, value), k.shows(&p), value == k.valueOf(&k.before))
	return nil
}

// failed says what the answer does not: with automatic identity management on, the
// identity provider decides about what it is linked to.
func (k *fieldWrite) failed(f *fact, err error) error {
	status := api.StatusOf(err)
	if k.before.ExternalID == "" || status < http.StatusBadRequest || status >= http.StatusInternalServerError ||
		status == http.StatusUnauthorized || status == http.StatusTooManyRequests {
		return fmt.Errorf("%s: %w", f.change, err)
	}
	return fmt.Errorf("%s: %w. It is linked to the identity provider (externalId %q): if automatic identity management is on, change it there",
		f.change, trimmed{err}, k.before.ExternalID)
}

// trimmed is an error without the full stop at its end.
type trimmed struct{ error }

func (e trimmed) Error() string { return strings.TrimSuffix(e.error.Error(), ".") }
func (e trimmed) Unwrap() error { return e.error }

func (k *fieldWrite) agree(*fact) int {
	if k.ref.Type == audit.TypeGroup {
		return 2 // docs/reference/databricks-account-api.md 4.5: group reads go back and forth.
	}
	return 1
}

func (k *fieldWrite) check(ctx context.Context, f *fact) error {
	k.w.dir.WroteField(k.now, k.attribute)
	if k.after == nil {
		return nil
	}
	return k.after(ctx, f)
}

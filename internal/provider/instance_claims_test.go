// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"golang.org/x/text/unicode/norm"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// privateValues are a private state in memory.
type privateValues map[string][]byte

func (p privateValues) SetKey(_ context.Context, key string, value []byte) diag.Diagnostics {
	p[key] = value
	return nil
}

func (p privateValues) GetKey(_ context.Context, key string) ([]byte, diag.Diagnostics) {
	return p[key], nil
}

func TestInstanceClaims(t *testing.T) {
	t.Parallel()
	const fact = "group/1/member/2"
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	h, older := newInstanceClaims(), privateValues{}
	newInstanceClaims().remember(t.Context(), older)

	done, free := h.give(t.Context(), fact, older)
	if !free {
		t.Fatal("nobody else is there, and the destroy is kept")
	}
	if err := h.take(ended, fact); !errors.Is(err, context.Canceled) {
		t.Errorf("a create does not wait for the destroy: %v", err)
	}
	if _, free := h.give(t.Context(), fact, older); free {
		t.Error("two destroys of one fact at the same time")
	}
	done()
	if err := h.take(ended, fact); err != nil {
		t.Errorf("a create waits for a destroy that has ended: %v", err)
	}
	if _, free := h.give(t.Context(), fact, older); free {
		t.Error("a destroy undoes what an instance of this run is for")
	}
	own := privateValues{}
	h.remember(t.Context(), own)
	if done, free = h.give(t.Context(), fact, own); !free {
		t.Fatal("an instance of this run stands in its own way")
	}
	done()
}

// A name in the other Unicode form, or in another case, is no other name.
func TestSession_renames(t *testing.T) {
	t.Parallel()
	var (
		s     session
		diags diag.Diagnostics
	)
	group := audit.Ref{Type: audit.TypeGroup, ID: "1"}
	s.wantGroupName(group, "équipe", true, &diags)
	for name, want := range map[string]bool{"équipe": false, "ÉQUIPE": false, norm.NFD.String("équipe"): false, "equipe": true} {
		if got := s.renames(audit.Principal{Ref: group, Name: name}); got != want {
			t.Errorf("%q is renamed: %t, want %t", name, got, want)
		}
	}
	if diags.HasError() {
		t.Error(diags)
	}
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/journal"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// journalOf reads the journal of a workspace; nil without one.
func (w *workspace) journalOf(name string) []journal.Record {
	w.t.Helper()
	file, err := os.Open(filepath.Join(w.dir, name))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	records, damaged, err := journal.Read(file)
	if err != nil || len(damaged) > 0 {
		w.t.Fatalf("damaged lines %v, %v", damaged, err)
	}
	return records
}

// A plan makes no journal; an apply adds to it; without it nothing is written.
func TestProcess_journal(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	w := newWorkspace(t, strings.Replace(a.audited(remediation), `idp =`, "journal_path = \"journal.jsonl\"\n  idp =", 1))
	w.must(0, "plan", "-out=saved")
	if got := w.journalOf("journal.jsonl"); got != nil {
		t.Errorf("a plan wrote %+v", got)
	}
	path := filepath.Join(w.dir, "journal.jsonl")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	saysAll(t, w.must(1, "apply", "saved"), "journal_path", "chmod 600")
	if err := a.wrote(0); err != nil {
		t.Error(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	w.must(0, "apply", "-auto-approve")
	records := w.journalOf("journal.jsonl")
	if fixes := strings.Count(w.must(0, "state", "list"), "dbxidentity_external_id."); fixes < 2 || len(records) != 2*fixes || a.writes() != fixes {
		t.Errorf("%d fixes, %d records, %d writes", fixes, len(records), a.writes())
	}
	for _, r := range records {
		if r.AccountID != a.AccountID || r.Event == journal.EventOutcome && r.Wrote != journal.WroteYes {
			t.Errorf("%+v", r)
		}
	}
	raw, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(raw), "@example.com") || strings.Contains(string(raw), a.ClientSecret) {
		t.Errorf("the journal holds a name or a secret: %s, %v", raw, err)
	}
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package write

import (
	"os"
	"regexp"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Each kind of change has an operation and a sentence of its own; a forgotten one would be
// recorded as an external id, which is what the default is.
func TestChange_everyKind(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("change.go")
	if err != nil {
		t.Fatal(err)
	}
	kinds := regexp.MustCompile(`(?m)^\tChange\w+ +=\s"(\w+)"$`).FindAllSubmatch(source, -1)
	operations, sentences := map[string]string{}, map[string]string{}
	for _, m := range kinds {
		kind := string(m[1])
		ch := Change{Kind: kind, Ref: audit.Ref{Type: audit.TypeUser, ID: "1"}, Member: audit.Ref{Type: audit.TypeUser, ID: "2"}, After: "x"}
		operations[ch.record().Operation], sentences[ch.String()] = kind, kind
	}
	if len(kinds) < 8 || len(operations) != len(kinds) || len(sentences) != len(kinds) {
		t.Errorf("%d kinds, operations %v, sentences %v", len(kinds), operations, sentences)
	}
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAssumptionKeys_documented: the table of docs/simulator.md has every switch
// with its words, and no other.
func TestAssumptionKeys_documented(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../docs/simulator.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z0-9_]+\\.[a-z0-9_]+)` \\| ([^|]+) \\| [^|]+ \\| [^|]+ \\|$").FindAllStringSubmatch(string(raw), -1) {
		documented = append(documented, row[1]+"="+strings.ReplaceAll(row[2], ", ", "|"))
	}
	slices.Sort(documented)
	if diff := cmp.Diff(AssumptionKeys(), documented); diff != "" {
		t.Errorf("the table of docs/simulator.md (-switches +documented):\n%s", diff)
	}
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// The results stand between these lines of the page.
const (
	reportBegin = "<!-- results of `make bench-report`: begin -->\n"
	reportEnd   = "<!-- results of `make bench-report`: end -->\n"
)

// report writes the results of a file of JSON lines into a page. Of a scenario
// that was measured more than once, the last result counts; those at another
// scale than 1 do not.
func report(lines, page string) error {
	raw, err := os.ReadFile(lines)
	if err != nil {
		return err
	}
	results, err := parseResults(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", lines, err)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	before, rest, begins := bytes.Cut(text, []byte(reportBegin))
	_, after, ends := bytes.Cut(rest, []byte(reportEnd))
	if !begins || !ends {
		return fmt.Errorf("%s has no place for results: a line %q and one %q", page, strings.TrimSpace(reportBegin), strings.TrimSpace(reportEnd))
	}
	out := slices.Concat(before, []byte(reportBegin+"\n"+markdown(results)+"\n"+reportEnd), after)
	return os.WriteFile(page, out, 0o644) //nolint:gosec // Documentation, for everyone to read.
}

func parseResults(raw []byte) ([]result, error) {
	var out []result
	scanner := bufio.NewScanner(bytes.NewReader(raw))
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		if len(bytes.TrimSpace(scanner.Bytes())) == 0 {
			continue
		}
		var r result
		if err := json.Unmarshal(scanner.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("%q is not a result: %w", scanner.Text(), err)
		}
		if r.Scale < 1 || r.Scale > 1 {
			continue
		}
		out = slices.DeleteFunc(out, func(o result) bool { return o.Scenario == r.Scenario })
		out = append(out, r)
	}
	if len(out) == 0 {
		return nil, errors.New("it has no result at scale 1")
	}
	return out, scanner.Err()
}

// markdown is the table, and below it how the least numbers come about.
func markdown(results []result) string {
	var b strings.Builder
	b.WriteString("| scenario | requests | least | seconds | CPU s | provider MiB | Terraform MiB | goal | reached |\n" +
		"| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- | --- |\n")
	number := func(v float64, digits int) string {
		if v <= 0 {
			return ""
		}
		return fmt.Sprintf("%.*f", digits, v)
	}
	for _, r := range results {
		verdict := r.Reached
		if !r.OK {
			verdict += " (**missed**)"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", r.Scenario, number(float64(r.Requests), 0), number(float64(r.Least), 0),
			number(r.Seconds, 2), number(r.CPUSeconds, 1), number(r.ProviderMiB, 0), number(r.TerraformMiB, 0), r.Goal, strings.TrimSpace(verdict))
	}
	b.WriteString("\nWhere the least possible numbers come from:\n\n")
	for _, r := range results {
		if r.How != "" {
			fmt.Fprintf(&b, "- %s: %s\n", r.Scenario, r.How)
		}
	}
	return b.String()
}

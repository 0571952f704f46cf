// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// scenario is one thing to measure.
type scenario struct {
	name string
	// goal is what the project wants of it, in words; what run judges.
	goal string
	// quick ones are run when no one asks for others: a few minutes in all.
	quick bool
	// limit ends one that hangs.
	limit time.Duration
	run   func(ctx context.Context, b *bench) ([]result, error)
}

// bench is what the scenarios of one run share.
type bench struct {
	config

	dir string
	// earlier are the seconds of scenarios that others compare themselves with.
	earlier map[string]float64
}

// result is a line of the table and of JSON.
type result struct {
	Scenario string `json:"scenario"`
	// Requests are all that reached the simulator, tokens included; Least is the
	// smallest possible number without them, and How where it comes from.
	Requests int    `json:"requests"`
	Least    int    `json:"least,omitempty"`
	How      string `json:"how,omitempty"`
	// Seconds are of the wall; CPUSeconds of Terraform and the provider together,
	// ProviderCPU of the provider alone.
	Seconds     float64 `json:"seconds"`
	CPUSeconds  float64 `json:"cpu_seconds"`
	ProviderCPU float64 `json:"provider_cpu_seconds,omitempty"`
	// Peaks of resident memory; 0 where the system does not report it.
	ProviderMiB  float64 `json:"provider_mib"`
	TerraformMiB float64 `json:"terraform_mib"`
	// TogetherMiB is the most that both were seen to hold at one moment.
	TogetherMiB float64 `json:"together_mib,omitempty"`
	// Goal is the goal, Reached the same figure as it was measured.
	Goal    string  `json:"goal,omitempty"`
	Reached string  `json:"reached,omitempty"`
	OK      bool    `json:"ok"`
	Scale   float64 `json:"scale"`
}

const tableHead = "scenario                  requests     least   seconds  cpu s  provider cpu s  provider MiB  terraform MiB  goal"

func (r result) write(out, sink io.Writer, scale float64) error {
	verdict := "reached"
	switch {
	case r.Goal == "":
		verdict = ""
	case scale != 1:
		verdict = "not judged at this scale"
	case !r.OK:
		verdict = "MISSED"
	}
	least := "-"
	if r.Least > 0 {
		least = fmt.Sprint(r.Least)
	}
	fmt.Fprintf(out, "%-24s %9d %9s %9.2f %6.1f %15.1f %13.0f %14.0f  %s\n", r.Scenario, r.Requests, least, r.Seconds, r.CPUSeconds, r.ProviderCPU,
		r.ProviderMiB, r.TerraformMiB, strings.Trim(r.Goal+"; "+r.Reached+"; "+verdict, "; "))
	r.Scale = scale
	line, err := json.Marshal(r)
	if err == nil {
		_, err = fmt.Fprintf(sink, "%s\n", line)
	}
	return err
}

// scenarios are all of them, in the order in which they run: what others
// compare themselves with comes first.
func scenarios() []scenario {
	return slices.Concat(startScenarios(), engineScenarios(), auditScenarios(), clientScenarios(),
		resourceScenarios(), accessScenarios(), readinessScenarios(), companyScenarios(), writeScenarios(), fewScenarios(), growthScenarios(), limitScenarios(), applyScenarios())
}

// choose picks scenarios by quick, all, or patterns.
func choose(wanted string) ([]scenario, error) {
	all := scenarios()
	var out []scenario
	for _, pattern := range strings.Split(wanted, ",") {
		pattern = strings.TrimSpace(pattern)
		found := false
		for _, s := range all {
			matches, err := path.Match(pattern, s.name)
			if err != nil {
				return nil, fmt.Errorf("scenario %q: %w", pattern, err)
			}
			if matches || pattern == "all" || pattern == "quick" && s.quick {
				found = true
				if !slices.ContainsFunc(out, func(o scenario) bool { return o.name == s.name }) {
					out = append(out, s)
				}
			}
		}
		if !found {
			return nil, fmt.Errorf("no scenario is named %q; -list shows them", pattern)
		}
	}
	slices.SortStableFunc(out, func(x, y scenario) int { return position(all, x) - position(all, y) })
	return out, nil
}

func position(all []scenario, s scenario) int {
	return slices.IndexFunc(all, func(o scenario) bool { return o.name == s.name })
}

func writeList(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	for _, s := range scenarios() {
		set := ""
		if s.quick {
			set = "quick"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", s.name, set, s.goal)
	}
	return w.Flush()
}

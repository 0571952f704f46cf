// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/judge"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/tfcli"
)

// groupSize is how many members each group of the engine's account has.
const groupSize = 20

// engineScenarios run the engine in a process of its own, so that its memory is
// its own: input, matches and report.
func engineScenarios() []scenario {
	const goal = "under 5 s and under 2 GiB"
	return []scenario{{
		name: "engine_1000000", goal: goal, quick: true, limit: 5 * time.Minute,
		run: func(ctx context.Context, b *bench) ([]result, error) {
			self, err := os.Executable()
			if err != nil {
				return nil, err
			}
			n := b.of(1_000_000)
			cmd := exec.CommandContext(ctx, self, "-engine", fmt.Sprint(n)) //nolint:gosec // This command.
			tfcli.Interruptible(cmd)
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, os.Stderr
			u, err := measured(ctx, cmd)
			if err != nil {
				return nil, err
			}
			var took engineResult
			if err := json.Unmarshal(out.Bytes(), &took); err != nil {
				return nil, err
			}
			res := result{Scenario: "engine_1000000", Seconds: took.Seconds, CPUSeconds: u.cpu, ProviderMiB: u.command, Goal: goal}
			res.OK = res.Seconds < 5 && res.ProviderMiB < 2048
			res.Reached = fmt.Sprintf("%.2f s, %.0f MiB with the input, %d divergent of %d", res.Seconds, res.ProviderMiB, took.Divergent, n)
			return []result{res}, nil
		},
	}}
}

type engineResult struct {
	Seconds   float64 `json:"seconds"`
	Divergent int     `json:"divergent"`
}

// engineProcess judges n principals against as many identities, a tenth of them
// groups of 20, and prints how long the verdict took.
func engineProcess(_ context.Context, n int, out io.Writer) error {
	in := engineInput(n)
	options := judge.Options{
		Now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), AIM: audit.AIMUnknown, IDP: audit.Capabilities{DisplayNames: true, EnabledState: true},
		TenantID: "00000000-0000-4000-8000-00000000000a", PrimaryDomains: []string{"example.com"},
	}
	begin := time.Now()
	report := judge.Divergences(in, options)
	took := time.Since(begin)
	divergent := len(report.Users) + len(report.Groups)
	if divergent < n/3 || !report.Complete {
		return fmt.Errorf("%d of %d principals diverge, complete %t: that is not the account that was made", divergent, n, report.Complete)
	}
	return json.NewEncoder(out).Encode(engineResult{Seconds: took.Seconds(), Divergent: divergent})
}

// engineInput has the shape of the published scan: of 100 users 40 are stale, 3
// linkable, 1 has drifted, the rest is linked and clean. Every tenth group has
// two members that the IdP does not confirm.
func engineInput(n int) judge.Input {
	groups := n / 10
	users := n - groups
	in := judge.Input{
		Privileges: map[audit.Ref]audit.Privilege{}, Members: make(map[string][]audit.Member, groups),
		Inventory: audit.Inventory{Coverage: audit.Coverage{Users: true, Groups: true, ServicePrincipals: true}},
	}
	in.Inventory.Principals = make([]audit.Principal, 0, n)
	in.Matches = make([]audit.Match, 0, n)
	for i := range users {
		m := engineUser(i)
		if m.Principal.ExternalID == "" {
			in.Privileges[m.Principal.Ref] = audit.Privilege{}
		}
		in.Inventory.Principals = append(in.Inventory.Principals, m.Principal)
		in.Matches = append(in.Matches, m)
	}
	for i := range groups {
		name, id := fmt.Sprintf("team-%07d", i), fmt.Sprintf("%08x-0001-4000-8000-%012x", i, i)
		p := audit.Principal{Ref: audit.Ref{Type: audit.TypeGroup, ID: fmt.Sprint(200_000_000_000 + int64(i))}, Name: name, DisplayName: name, ExternalID: id}
		members := make([]audit.Member, 0, groupSize)
		for k := range groupSize {
			u := &in.Inventory.Principals[(i*groupSize+k)%users]
			members = append(members, audit.Member{Ref: u.Ref, Name: u.Name, ExternalID: u.ExternalID, Source: audit.SourceInternal})
		}
		in.Members[p.ID] = members
		identity := audit.Identity{Type: audit.TypeGroup, ExternalID: id, Names: []string{name}}
		verdict := &audit.MemberMatch{}
		if i%10 == 0 {
			for _, m := range members[:2] {
				verdict.External = append(verdict.External, audit.MemberRef{Ref: m.Ref, Name: m.Name, ExternalID: m.ExternalID, Source: m.Source})
			}
		}
		in.Inventory.Principals = append(in.Inventory.Principals, p)
		in.Matches = append(in.Matches, audit.Match{Principal: p, ByExternalID: &identity, ByName: []audit.Identity{identity}, Members: verdict})
	}
	return in
}

func engineUser(i int) audit.Match {
	name, id := fmt.Sprintf("user%07d@example.com", i), fmt.Sprintf("%08x-0000-4000-8000-%012x", i, i)
	active := true
	p := audit.Principal{
		Ref: audit.Ref{Type: audit.TypeUser, ID: fmt.Sprint(100_000_000_000 + int64(i))}, Name: name, DisplayName: name, ExternalID: id, Active: &active,
	}
	identity := audit.Identity{Type: audit.TypeUser, ExternalID: id, Names: []string{name}}
	m := audit.Match{Principal: p}
	switch kind := i % 100; {
	case kind < 40:
	case kind < 43:
		m.Principal.ExternalID = ""
		m.ByName = []audit.Identity{identity}
	case kind < 44:
		identity.Names = []string{"new-" + name}
		m.ByExternalID = &identity
	default:
		m.ByExternalID, m.ByName = &identity, []audit.Identity{identity}
	}
	return m
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package access

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// A chain of groups, many groups of one principal, and a hole in everything that was
// read, as large as accounts get.
//
//nolint:paralleltest // It measures time.
func TestLarge(t *testing.T) {
	if os.Getenv("DBXIDENTITY_TEST_QUICK") != "" {
		t.Skip("it is about time, not about results")
	}
	const deep, wide, holes = 2_000, 2_000, 100_000
	group := func(i int) audit.Principal {
		id := fmt.Sprint(1000 + i)
		return audit.Principal{Ref: audit.Ref{Type: audit.TypeGroup, ID: id}, Name: "g" + id}
	}
	a := audit.Principal{Ref: audit.Ref{Type: audit.TypeUser, ID: "1"}, Name: "a", Active: boolean(true)}
	b := audit.Principal{Ref: audit.Ref{Type: audit.TypeUser, ID: "2"}, Name: "b", Active: boolean(true)}
	chain, fan := Graph{Listed: true}, Graph{Listed: true}
	below := a.Ref
	for i := range deep {
		chain.Groups = append(chain.Groups, Group{Principal: group(i), Members: []audit.Member{{Ref: below}}})
		below = group(i).Ref
	}
	facts := Facts{Depth: DepthAll, Holdings: map[audit.Ref]Holding{a.Ref: {}}}
	for i := range wide {
		fan.Groups = append(fan.Groups, Group{Principal: group(i), Members: []audit.Member{{Ref: a.Ref}}})
		facts.Holdings[group(i).Ref] = Holding{}
		facts.Workspaces = append(facts.Workspaces, WorkspaceAccess{
			Workspace: audit.Workspace{ID: fmt.Sprint(i), Status: "RUNNING"}, Levels: map[string][]string{group(i).ID: {LevelUser}},
		})
	}
	m := Metastore{ID: "m", Scanned: true, AdminProven: true}
	for i := range holes {
		m.Securables = append(m.Securables, Securable{Type: "table", FullName: fmt.Sprint("c.s.t", i), Unknown: fmt.Sprint("status 500 of ", i)})
	}
	facts.Metastores = []Metastore{m}
	for name, work := range map[string]func(stop audit.Stop) error{
		"compare, a chain": func(stop audit.Stop) error {
			d, err := CompareUntil(stop, chain, a, b, nil)
			if err == nil && len(d.OnlyInA) != deep {
				t.Errorf("%d rows", len(d.OnlyInA))
			}
			return err
		},
		"plan, many groups, workspaces and holes": func(stop audit.Stop) error {
			p, err := PlanUntil(stop, PlanInput{Graph: fan, Facts: facts, Source: a, Target: b})
			if err == nil && len(p.DatabricksActions) != wide {
				t.Errorf("%d actions", len(p.DatabricksActions))
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			if err := work(nil); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took > 15*time.Second {
				t.Errorf("took %s", took)
			}
			ended := errors.New("the time is over")
			asked := 0
			err := work(func() error {
				if asked++; asked > 3 {
					return ended
				}
				return nil
			})
			if !errors.Is(err, ended) || asked != 4 {
				t.Errorf("stopped: %v, asked %d times", err, asked)
			}
		})
	}
}

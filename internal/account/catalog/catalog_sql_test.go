// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package catalog_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/accounttest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/catalog"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

const warehouseID = "3f2a9c41d07be586"

// sqlEstate is estate with a warehouse in workspace two, and grants and bindings
// of every kind.
func sqlEstate() simulator.State {
	st := accounttest.Estate()
	st.Workspaces[1].Warehouses = []simulator.Warehouse{{ID: warehouseID, Name: "shared", State: "STOPPED"}}
	m := &st.UnityCatalog.Metastores[0]
	for i := range m.Securables {
		m.Securables[i].Grants = []simulator.Grant{accounttest.GrantTo(accounttest.Direct, "ALL_PRIVILEGES"), accounttest.GrantTo("source@example.com", "SELECT", "MODIFY"), accounttest.GrantTo(accounttest.Direct+"er", "SELECT")}
	}
	m.Grants = []simulator.Grant{accounttest.GrantTo(accounttest.Parent, "CREATE_CATALOG")}
	for i, workspace := range []int64{101, 102} {
		name := []string{"of_one", "of_two"}[i]
		m.Securables = append(m.Securables,
			simulator.Securable{Type: "catalog", FullName: name, Owner: accounttest.Owners, WorkspaceIDs: []int64{workspace}, Grants: []simulator.Grant{accounttest.GrantTo(accounttest.Direct, "USE_CATALOG")}},
			simulator.Securable{Type: "schema", FullName: name + ".s", Owner: accounttest.Parent, Grants: []simulator.Grant{accounttest.GrantTo(accounttest.Direct, "USE_SCHEMA")}},
			simulator.Securable{Type: "table", FullName: name + ".s.odd `name`. and dots", Owner: "source@example.com", Grants: []simulator.Grant{accounttest.GrantTo(accounttest.Parent, "SELECT")}},
			simulator.Securable{Type: "model", FullName: name + ".s.m", Grants: []simulator.Grant{accounttest.GrantTo(accounttest.Parent, "EXECUTE")}},
			simulator.Securable{Type: "external_location", FullName: name, Owner: accounttest.Owners, WorkspaceIDs: []int64{workspace}, Grants: []simulator.Grant{accounttest.GrantTo(accounttest.Parent, "READ_FILES")}},
		)
	}
	return st
}

// sortedGrants brings grants in an order that both ways have.
func sortedGrants(f access.Facts) []access.Metastore {
	for _, m := range f.Metastores {
		for _, s := range m.Securables {
			for _, g := range s.Grants {
				slices.Sort(g.Privileges)
			}
			slices.SortFunc(s.Grants, func(a, b access.Grant) int { return strings.Compare(a.Principal, b.Principal) })
		}
	}
	return f.Metastores
}

// The query returns the same as the walk, with fewer requests; shares, models and
// what other workspaces hold are walked.
func TestAccessFacts_sqlEqualsWalk(t *testing.T) {
	t.Parallel()
	for name, assumed := range map[string]simulator.Assumed{
		"plain": {},
		"null, models as routines, chunks of two rows, polls": {
			UnityCatalog: simulator.UnityCatalogAssumptions{NullInheritedFrom: true, ModelsAsRoutines: true, EmptyPages: true, PageSize: 1},
			Statements:   simulator.StatementAssumptions{ChunkRows: 2, Polls: 3},
		},
	} {
		for _, depth := range []access.Depth{access.DepthCatalog, access.DepthSchema, access.DepthAll} {
			t.Run(name+", "+string(depth), func(t *testing.T) {
				t.Parallel()
				st := sqlEstate()
				sim := accounttest.Start(t, st, simulator.Options{Assumed: assumed})
				req := requestFor(&st, depth)
				walk, walked := readFacts(t, accounttest.Connect(t, accounttest.AsCaller(accounttest.Config(sim))), req)
				req.WarehouseID = warehouseID
				before := accounttest.Count(sim, http.MethodGet, "/permissions/")
				sql, queried := readFacts(t, accounttest.Connect(t, accounttest.AsCaller(accounttest.Config(sim))), req)
				if diff := cmp.Diff(sortedGrants(walk), sortedGrants(sql)); diff != "" {
					t.Errorf("metastores (-walk +sql):\n%s", diff)
				}
				if diff := cmp.Diff(walked, queried); diff != "" {
					t.Errorf("plan (-walk +sql):\n%s", diff)
				}
				if len(sql.Failures) > 0 || !sql.Metastores[0].AdminProven {
					t.Errorf("failures %+v, admin proven %v", sql.Failures, sql.Metastores[0].AdminProven)
				}
				if after := accounttest.Count(sim, http.MethodGet, "/permissions/") - before; after >= before {
					t.Errorf("grants were read %d times beside SQL, and %d times without it", after, before)
				}
			})
		}
	}
}

func TestAccessFacts_sqlFailures(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		assumed simulator.StatementAssumptions
		faults  []simulator.Fault
		want    string
	}{
		"may not use it":     {assumed: simulator.StatementAssumptions{InsufficientPermissions: true}, want: "FAILED: BAD_REQUEST [INSUFFICIENT_PERMISSIONS]"},
		"never ends":         {assumed: simulator.StatementAssumptions{Polls: 1 << 30}, want: "did not end within"},
		"a chunk is missing": {assumed: simulator.StatementAssumptions{ChunkRows: 5}, faults: []simulator.Fault{{Kind: "status", Path: "**/result/chunks/*", Status: 404}}, want: "status 404"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st := sqlEstate()
				sim := accounttest.StartInside(t, st, simulator.Options{Assumed: simulator.Assumed{Statements: tt.assumed}})
				accounttest.SetFaults(t, sim, tt.faults...)
				cfg := accounttest.AsCaller(accounttest.Config(sim))
				if name == "never ends" {
					cfg.StatementTimeout = 2 * time.Second
				}
				req := requestFor(&st, access.DepthAll)
				req.WarehouseID = warehouseID
				facts, plan := readFacts(t, accounttest.Connect(t, cfg), req)
				if got := facts.Metastores[0].Unknown; !strings.Contains(got, tt.want) || !strings.Contains(got, warehouseID) {
					t.Errorf("the metastore is unknown because of %q", got)
				}
				if plan.Complete {
					t.Error("the plan is said to be complete")
				}
				if name == "never ends" && accounttest.Count(sim, http.MethodPost, "/cancel") == 0 {
					t.Error("the statement was not cancelled")
				}
			})
		})
	}
}

// A reader that gives up cancels its statement.
func TestAccessFacts_sqlCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := sqlEstate()
		sim := accounttest.StartInside(t, st, simulator.Options{Assumed: simulator.Assumed{Statements: simulator.StatementAssumptions{Polls: 1 << 30}}})
		req := requestFor(&st, access.DepthAll)
		req.WarehouseID = warehouseID
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			for accounttest.Count(sim, http.MethodGet, "/sql/statements/") == 0 { // From then on its id is known.
				time.Sleep(time.Millisecond)
			}
			cancel()
		}()
		_, err := accounttest.Connect(t, accounttest.AsCaller(accounttest.Config(sim))).AccessFacts(ctx, req)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		for end := time.Now().Add(20 * time.Second); accounttest.Count(sim, http.MethodPost, "/cancel") == 0; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("the statement was not cancelled")
			}
		}
	})
}

func TestAccessFacts_warehouseUnknown(t *testing.T) {
	t.Parallel()
	st := sqlEstate()
	sim := accounttest.Start(t, st, simulator.Options{})
	req := requestFor(&st, access.DepthAll)
	req.WarehouseID = "0000000000000000"
	_, err := accounttest.Connect(t, accounttest.AsCaller(accounttest.Config(sim))).AccessFacts(t.Context(), req)
	var unknown *catalog.WarehouseError
	if !errors.As(err, &unknown) || unknown.Asked != 2 {
		t.Errorf("error %v", err)
	}
}

// editedRows is a warehouse that returns other rows than asked for.
type editedRows struct {
	base http.RoundTripper
	edit func(rows []any) []any
}

func (e editedRows) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := e.base.RoundTrip(r)
	if err != nil || !strings.Contains(r.URL.Path, "/sql/statements") {
		return resp, err
	}
	defer func() { _ = resp.Body.Close() }()
	var reply map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&reply); err != nil {
		return nil, err
	}
	if result, ok := reply["result"].(map[string]any); ok {
		rows, _ := result["data_array"].([]any)
		rows = e.edit(rows)
		result["data_array"], reply["manifest"] = rows, map[string]any{"total_row_count": len(rows)}
	}
	raw, err := json.Marshal(reply)
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(raw)), int64(len(raw))
	resp.Header.Del("Content-Length")
	return resp, err
}

// What the views of privileges tell counts, also where those of objects do not
// show the object, and in whatever form the id of the metastore is written.
func TestAccessFacts_sqlOddViews(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		grant func(*simulator.State)
		edit  func(cells []any) bool // false leaves the row out
		want  string
	}{
		"a table without its row": {
			func(st *simulator.State) {
				accounttest.GrantOn(st, "c.s.t", accounttest.GrantTo(accounttest.Direct, "SELECT"))
			},
			func(cells []any) bool { return cells[0] != "owner" || cells[4] != "t" }, "SELECT on table c.s.t through " + accounttest.Direct,
		},
		"a schema without its row": {
			func(st *simulator.State) {
				accounttest.GrantOn(st, "c.s", accounttest.GrantTo(accounttest.Direct, "USE_SCHEMA"))
			},
			func(cells []any) bool { return cells[0] != "owner" || cells[3] != "s" }, "USE_SCHEMA on schema c.s through " + accounttest.Direct,
		},
		"another form of the metastore's id": {
			func(st *simulator.State) {
				st.UnityCatalog.Metastores[0].Grants = []simulator.Grant{accounttest.GrantTo(accounttest.Direct, "CREATE_CATALOG")}
			},
			func(cells []any) bool {
				if cells[1] == "metastore" {
					cells[2] = "aws:eu-west-1:" + fmt.Sprint(cells[2])
				}
				return true
			}, "CREATE_CATALOG on metastore " + accounttest.MetastoreID + " through " + accounttest.Direct,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := accounttest.Estate()
			st.Workspaces[1].Warehouses = []simulator.Warehouse{{ID: warehouseID, Name: "shared", State: "RUNNING"}}
			tt.grant(&st)
			cfg := accounttest.AsCaller(accounttest.Config(accounttest.Start(t, st, simulator.Options{})))
			cfg.SDK.HTTPTransport = editedRows{http.DefaultTransport, func(rows []any) []any {
				return slices.DeleteFunc(rows, func(row any) bool {
					cells, _ := row.([]any)
					return len(cells) == 7 && !tt.edit(cells)
				})
			}}
			req := requestFor(&st, access.DepthAll)
			req.WarehouseID = warehouseID
			_, plan := readFacts(t, accounttest.Connect(t, cfg), req)
			if list, row := verdict(t, plan); list != "databricks" || !slices.Contains(effects(row), tt.want) {
				t.Errorf("%s: %s; %v", list, row.Reason, effects(row))
			}
		})
	}
}

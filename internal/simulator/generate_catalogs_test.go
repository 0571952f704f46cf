// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"bytes"
	"strings"
	"testing"

	"github.com/databricks/databricks-sdk-go/service/catalog"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/presets"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

func TestGenerate_catalogs(t *testing.T) {
	t.Parallel()
	base, err := presets.New("empty")
	if err != nil {
		t.Fatal(err)
	}
	options := presets.GenerateOptions{Users: 50, Groups: 30, Workspaces: 6, Metastores: 2, Catalogs: 100, Seed: 7, Clean: true}
	encode := func() []byte {
		st, err := presets.Generate(base, options)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := world.EncodeState(st)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	raw := encode()
	if !bytes.Equal(raw, encode()) {
		t.Error("the same seed gave other bytes")
	}
	st, err := world.DecodeState(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	sim := startTest(t, st, Options{})
	perMetastore := map[string]int{}
	for _, ws := range st.Workspaces {
		perMetastore[ws.MetastoreID]++
		list, err := catalog.NewCatalogs(workspaceSDK(t, sim, ws.WorkspaceID, sim.Token)).ListAll(t.Context(), catalog.ListCatalogsRequest{})
		if err != nil || len(list) != 100 {
			t.Errorf("workspace %d: %d catalogs, %v", ws.WorkspaceID, len(list), err)
		}
	}
	if len(perMetastore) != 2 || perMetastore[st.UnityCatalog.Metastores[0].MetastoreID] != 3 {
		t.Errorf("workspaces per metastore: %v", perMetastore)
	}
	// Twice over the same account adds, and does not collide.
	again, err := presets.Generate(st, options)
	if err != nil || len(again.UnityCatalog.Metastores) != 4 {
		t.Errorf("a second time: %d metastores, %v", len(again.UnityCatalog.Metastores), err)
	}
	if _, err := presets.Generate(base, presets.GenerateOptions{Catalogs: 1}); err == nil || !strings.Contains(err.Error(), "without a metastore") {
		t.Errorf("catalogs without a metastore: %v", err)
	}
	if _, err := presets.Generate(base, presets.GenerateOptions{Metastores: -1}); err == nil || !strings.Contains(err.Error(), "metastores") {
		t.Errorf("negative: %v", err)
	}
}

// Without Clean, the oddities of real metastores are there and are valid.
func TestGenerate_oddCatalogs(t *testing.T) {
	t.Parallel()
	base, err := presets.New("demo")
	if err != nil {
		t.Fatal(err)
	}
	st, err := presets.Generate(base, presets.GenerateOptions{Workspaces: 20, Groups: 20, Metastores: 1, Catalogs: 300, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	var gone, bound, users int
	for _, sec := range st.UnityCatalog.Metastores[1].Securables {
		bound += len(sec.WorkspaceIDs)
		for _, g := range sec.Grants {
			if g.PrincipalID != "" {
				gone++
			}
			if strings.Contains(g.Principal, "@") {
				users++
			}
		}
	}
	if gone == 0 || bound == 0 || users == 0 {
		t.Errorf("%d grants of principals that are gone, %d bindings, %d grants to users", gone, bound, users)
	}
}

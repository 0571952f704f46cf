// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/presets"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// worldBytes is the state document of a world.
func worldBytes(tb testing.TB, w *world.World) []byte {
	tb.Helper()
	st, err := w.Dump()
	if err != nil {
		tb.Fatal(err)
	}
	raw, err := world.EncodeState(st)
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

// FuzzDecodeState: a state document is refused, or makes a world whose own
// document makes the same world, byte for byte; and that world can be read.
func FuzzDecodeState(f *testing.F) {
	for _, name := range []string{"demo", "empty"} {
		st, err := presets.New(name)
		if err != nil {
			f.Fatal(err)
		}
		raw, err := world.EncodeState(st)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	for _, seed := range []string{
		`{"users":[{"id":"2","userName":"b"},{"id":"1","userName":"a","externalId":" x"}],"groups":[{"id":"3","displayName":"g","members":[{"value":"2"},{"value":"3"}]}]}`,
		`{"idp":{"users":[{"id":"u","userPrincipalName":"a","accountEnabled":true}],"groups":[{"id":"g","displayName":"n","members":["g","u","gone"]}]}}`,
		`{"idp":{"groups":[{"id":"a","displayName":"n","members":["b"]},{"id":"b","displayName":"n","members":["a"]}]}}`,
		`{"account_roles":[{"name":"accounts/x/ruleSets/default","grant_rules":[{"role":"r","principals":["users/a"]}]}]}`,
		`{"workspaces":[{"workspace_id":1}]}`, `{"users":[{"id":"1"},{"id":"1"}]}`, `{} {}`, `null`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		st, err := world.DecodeState(bytes.NewReader(raw))
		if err != nil {
			return
		}
		w, err := world.New(st)
		if err != nil {
			return
		}
		once := worldBytes(t, w)
		st, err = world.DecodeState(bytes.NewReader(once))
		if err != nil {
			t.Fatalf("its own document is refused: %v\n%s", err, once)
		}
		if w, err = world.New(st); err != nil {
			t.Fatalf("its own document makes no world: %v\n%s", err, once)
		}
		if twice := worldBytes(t, w); !bytes.Equal(once, twice) {
			t.Fatalf("%s became %s", once, twice)
		}
		s, err := New(st, Options{})
		if err != nil {
			return // An account that needs what the document leaves out.
		}
		for _, path := range []string{"/okta/api/v1/users?limit=2", "/okta/api/v1/groups"} {
			rec := httptest.NewRecorder()
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Header.Set("Authorization", "SSWS "+"simulated-okta-api-token")
			s.Handler().ServeHTTP(rec, r)
			if rec.Code != http.StatusOK || !json.Valid(rec.Body.Bytes()) {
				t.Fatalf("%s answers %d %s", path, rec.Code, rec.Body)
			}
		}
	})
}

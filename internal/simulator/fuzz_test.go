// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
)

// worldBytes is the state document of a world.
func worldBytes(tb testing.TB, w *world) []byte {
	tb.Helper()
	st, err := w.dump()
	if err != nil {
		tb.Fatal(err)
	}
	raw, err := EncodeState(st)
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

// FuzzDecodeState: a state document is refused, or makes a world whose own
// document makes the same world, byte for byte; and that world can be read.
func FuzzDecodeState(f *testing.F) {
	for _, name := range []string{"demo", "empty"} {
		st, err := Preset(name)
		if err != nil {
			f.Fatal(err)
		}
		raw, err := EncodeState(st)
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
		st, err := DecodeState(bytes.NewReader(raw))
		if err != nil {
			return
		}
		w, err := newWorld(st)
		if err != nil {
			return
		}
		once := worldBytes(t, w)
		st, err = DecodeState(bytes.NewReader(once))
		if err != nil {
			t.Fatalf("its own document is refused: %v\n%s", err, once)
		}
		if w, err = newWorld(st); err != nil {
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
			r.Header.Set("Authorization", "SSWS "+defaultOktaAPIToken)
			s.Handler().ServeHTTP(rec, r)
			if rec.Code != http.StatusOK || !json.Valid(rec.Body.Bytes()) {
				t.Fatalf("%s answers %d %s", path, rec.Code, rec.Body)
			}
		}
	})
}

// FuzzFaults: a list of faults is refused, or means the same once it is written.
func FuzzFaults(f *testing.F) {
	for _, seed := range []string{
		`[{"kind":"status","status":503,"times":2,"path":"/a/*/**"}]`, `[{"kind":"delay","delay_ms":1}]`, `[{"kind":"none"}]`, `[]`, ` `, `[{"kind":"status","status":99}]`,
		`[{"kind":"status","status":429,"retry_after_seconds":1,"retry_after_form":"date","probability":0.5}]`, `{}`, `[] []`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		if len(spec) > 0 && spec[0] == '@' {
			return // The name of a file.
		}
		faults, err := ParseFaults(spec)
		if err != nil {
			return
		}
		once, err := json.Marshal(faults)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseFaults(string(once))
		if err != nil {
			t.Fatalf("%q became %s, which is refused: %v", spec, once, err)
		}
		if twice, err := json.Marshal(again); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%s became %s", once, twice)
		}
	})
}

// FuzzPageTokens: a token that is taken is a position that we could have given,
// for that path; every position reads back.
func FuzzPageTokens(f *testing.F) {
	for _, seed := range []string{"", "x", skipToken(3), pageToken("/users", 7), oktaCursor(9), base64.RawURLEncoding.EncodeToString([]byte("-1:/users"))} {
		f.Add(seed, 5)
	}
	f.Fuzz(func(t *testing.T, token string, position int) {
		const path = "/users"
		if n, err := readSkipToken(token); err == nil && n < 0 {
			t.Fatalf("skip token %q is the position %d", token, n)
		}
		if n, ok := parsePageToken(path, token); ok && n < 0 {
			t.Fatalf("page token %q is the position %d", token, n)
		}
		r := httptest.NewRequest(http.MethodGet, "/okta/api/v1/users", nil)
		query := r.URL.Query()
		query.Set("after", token)
		r.URL.RawQuery = query.Encode()
		if n, fail := (&oktaCall{r: r}).after(); fail == nil && n < 0 || fail != nil && fail.status != http.StatusBadRequest {
			t.Fatalf("cursor %q: %d, %+v", token, n, fail)
		}
		if position < 0 {
			return
		}
		skip, err := readSkipToken(skipToken(position))
		page, ok := parsePageToken(path, pageToken(path, position))
		if err != nil || !ok || skip != position || page != position {
			t.Fatal("a position does not read back: " + strconv.Itoa(position))
		}
		if _, ok := parsePageToken("/groups", pageToken(path, position)); ok {
			t.Fatal("a token of another list is taken")
		}
	})
}

// FuzzGraphBatchBody: a batch is refused as a whole, or every part has one
// answer under its own id.
func FuzzGraphBatchBody(f *testing.F) {
	for _, seed := range []string{
		`{"requests":[{"id":"1","method":"GET","url":"/users"},{"id":"2","method":"GET","url":"/groups/x/members","dependsOn":["1"]}]}`,
		`{"requests":[{"id":"1","method":"GET","url":"https://example.net/"}]}`, `{"requests":[{"id":"1","method":"POST","url":"/$batch","body":{}}]}`,
		`{"requests":[{"id":"a","method":"GET","url":"/users?$filter=displayName eq 'x'&$top=1"},{"id":"A","method":"GET","url":"/users"}]}`,
		`{"requests":[{"id":"1","method":"get","url":"//"},{"id":"2","method":"\u0000","url":"/\u0000"}]}`, `{"requests":[]}`, `[]`, `{`,
	} {
		f.Add([]byte(seed))
	}
	s, err := New(State{IDP: IDP{Users: []IDPUser{{ID: "10000000-0000-4000-8000-000000000000", UserPrincipalName: "a@example.com"}}}}, Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		rec := httptest.NewRecorder()
		c := &graphCall{
			s: s.entra, rw: rec, r: httptest.NewRequest(http.MethodPost, "/v1.0/$batch", bytes.NewReader(body)), d: s.store.directory(),
			root: "/v1.0", version: "v1.0", granted: allGraphPermissions,
		}
		if fail := c.batch(); fail != nil {
			if fail.status != http.StatusBadRequest || fail.message == "" {
				t.Fatalf("%s is refused with %+v", body, fail)
			}
			return
		}
		var sent struct {
			Requests []batchPart `json:"requests"`
		}
		var got struct {
			Responses []batchAnswer `json:"responses"`
		}
		if err := json.NewDecoder(bytes.NewReader(body)).Decode(&sent); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil || len(got.Responses) != len(sent.Requests) {
			t.Fatalf("%s has the answer %s: %v", body, rec.Body, err)
		}
		answered := map[string]bool{}
		for _, a := range got.Responses {
			if a.Status < 200 || a.Status > 599 || answered[a.ID] {
				t.Fatalf("%s has the answer %s", body, rec.Body)
			}
			answered[a.ID] = true
		}
	})
}

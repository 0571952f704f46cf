// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// peer is a simulator with a client that was written for nothing but tests.
type peer struct {
	t *testing.T
	*Running
	path string // of the account's identity API
}

func startPeer(t *testing.T, st State, opts Options) *peer {
	t.Helper()
	running, err := Start(st, opts)
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	t.Cleanup(func() {
		if err := running.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return &peer{t: t, Running: running, path: "/api/2.0/identity/accounts/" + running.AccountID}
}

// call sends a request and decodes the answer; it returns the status.
func (p *peer) call(method, path, body string, into any) int {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.URL+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+p.Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	if into != nil {
		if err := json.Unmarshal(raw, into); err != nil {
			p.t.Fatalf("%s %s: %s: %v", method, path, raw, err)
		}
	}
	return resp.StatusCode
}

// scriptRow is a row of the prep script's files, for all three types.
type scriptRow struct {
	ID, Name, ExternalID string
	NameMatches          []string
	Local, External      []string
	Categories           string
}

// anyID reads ids that are numbers or strings.
type anyID string

func (a *anyID) UnmarshalJSON(raw []byte) error {
	*a = anyID(strings.Trim(string(raw), `"`))
	return nil
}

type scriptReply struct {
	User  scriptOwn `json:"databricks_user"`
	Group scriptOwn `json:"databricks_group"`
	SP    scriptOwn `json:"databricks_service_principal"`
	ByID  *struct {
		Username      string `json:"username"`
		GroupName     string `json:"group_name"`
		ApplicationID string `json:"application_id"`
	} `json:"idp_match_by_external_id"`
	ByUsername *scriptMatch   `json:"idp_match_by_username"`
	ByName     []scriptMatch  `json:"idp_matches_by_group_name"`
	ByAppID    *scriptMatch   `json:"idp_match_by_app_id"`
	Local      []scriptMember `json:"local_members_not_in_idp"`
	External   []scriptMember `json:"external_members_not_in_idp"`
}

type scriptOwn struct {
	ID            anyID  `json:"internal_id"`
	ExternalID    string `json:"external_id"`
	Username      string `json:"username"`
	GroupName     string `json:"group_name"`
	ApplicationID string `json:"application_id"`
}

type scriptMatch struct {
	ExternalID string `json:"external_id"`
}

type scriptMember struct {
	ID anyID `json:"principal_id"`
}

// judge applies the rules of the prep script's contract, section 4.
func judge(reply scriptReply) scriptRow {
	own, theirs := reply.User, ""
	matches := slices.Clone(reply.ByName)
	for _, m := range []*scriptMatch{reply.ByUsername, reply.ByAppID} {
		if m != nil {
			matches = append(matches, *m)
		}
	}
	name := own.Username
	if reply.ByID != nil {
		theirs = reply.ByID.Username
	}
	if reply.Group.ID != "" {
		own, name = reply.Group, reply.Group.GroupName
		if reply.ByID != nil {
			theirs = reply.ByID.GroupName
		}
	}
	if reply.SP.ID != "" {
		own, name = reply.SP, reply.SP.ApplicationID
		if reply.ByID != nil {
			theirs = reply.ByID.ApplicationID
		}
	}
	row := scriptRow{ID: string(own.ID), Name: name, ExternalID: own.ExternalID}
	var categories []string
	if own.ExternalID != "" && reply.ByID == nil {
		categories = append(categories, "1")
	}
	if reply.ByID != nil && theirs != name {
		categories = append(categories, "2")
	}
	for _, m := range matches {
		if m.ExternalID != "" {
			row.NameMatches = append(row.NameMatches, m.ExternalID)
		}
	}
	if len(row.NameMatches) > 0 && !slices.Contains(row.NameMatches, own.ExternalID) {
		categories = append(categories, "3")
	}
	for _, m := range reply.Local {
		row.Local = append(row.Local, string(m.ID))
	}
	for _, m := range reply.External {
		row.External = append(row.External, string(m.ID))
	}
	if len(row.Local) > 0 {
		categories = append(categories, "4")
	}
	if len(row.External) > 0 {
		categories = append(categories, "5")
	}
	row.Categories = strings.Join(categories, "+")
	return row
}

// scan asks for every principal of the list, by eight callers, and returns the
// divergent rows in the order of the list.
func (p *peer) scan(collection string, ids []string) []scriptRow {
	p.t.Helper()
	rows := make([]scriptRow, len(ids))
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := worker; i < len(ids); i += 8 {
				rows[i] = p.match(collection, ids[i])
			}
		})
	}
	wg.Wait()
	return slices.DeleteFunc(rows, func(r scriptRow) bool { return r.Categories == "" })
}

func (p *peer) match(collection, id string) scriptRow {
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.URL+p.path+"/"+collection+"/"+id+"/matchWithIdp", nil)
	if err != nil {
		p.t.Error(err)
		return scriptRow{}
	}
	req.Header.Set("Authorization", "Bearer "+p.Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Error(err)
		return scriptRow{}
	}
	defer resp.Body.Close()
	var reply scriptReply
	if err := json.NewDecoder(resp.Body).Decode(&reply); err != nil || resp.StatusCode != http.StatusOK {
		p.t.Errorf("%s/%s: status %d, %v", collection, id, resp.StatusCode, err)
	}
	return judge(reply)
}

func principalIDs(st State) (users, groups, sps []string) {
	for _, u := range st.Users {
		users = append(users, u.ID)
	}
	for _, g := range st.Groups {
		groups = append(groups, g.ID)
	}
	for _, sp := range st.ServicePrincipals {
		sps = append(sps, sp.ID)
	}
	return users, groups, sps
}

// categoryCounts counts rows by "type category[ note]".
func categoryCounts(rows []scriptRow, note func(scriptRow) string) map[string]int {
	out := map[string]int{}
	for _, r := range rows {
		out[strings.TrimSpace(r.Categories+" "+note(r))]++
	}
	return out
}

func TestMatch_demoTellsItsStory(t *testing.T) {
	t.Parallel()
	st := mustPreset(t, "demo")
	p := startPeer(t, st, Options{})
	users, groups, sps := principalIDs(st)
	got := map[string]string{}
	for _, r := range slices.Concat(p.scan("users", users), p.scan("groups", groups), p.scan("servicePrincipals", sps)) {
		name := r.Name
		for _, sp := range st.ServicePrincipals {
			if sp.ApplicationID == name {
				name = sp.DisplayName
			}
		}
		got[name] = fmt.Sprintf("%s, %d candidates, members %d+%d", r.Categories, len(r.NameMatches), len(r.Local), len(r.External))
	}
	want := map[string]string{
		"user11@example.com": "3, 1 candidates, members 0+0",
		"user12@example.com": "3, 1 candidates, members 0+0",
		"user13@example.com": "1+3, 1 candidates, members 0+0",
		"user14@example.com": "1, 0 candidates, members 0+0",
		"user15@example.net": "1, 0 candidates, members 0+0",
		"User16@example.com": "2, 1 candidates, members 0+0",
		"user17@example.com": "2, 0 candidates, members 0+0",
		"user18@example.com": "2+3, 1 candidates, members 0+0",
		"month-end-close":    "4+5, 1 candidates, members 1+1",
		"marketing":          "2, 0 candidates, members 0+0",
		"old-reporting":      "1, 0 candidates, members 0+0",
		"data-science":       "3, 1 candidates, members 0+0",
		"test":               "3, 3 candidates, members 0+0",
		"etl-runner":         "3, 1 candidates, members 0+0",
		"ci-deployer":        "1+3, 1 candidates, members 0+0",
		"dashboards":         "2, 0 candidates, members 0+0",
		"old-job":            "1, 0 candidates, members 0+0",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("divergences of demo (-want +got):\n%s", diff)
	}
}

// The published totals, by rules that are written here a second time.
func TestMatch_fieldScanHasThePublishedCounts(t *testing.T) {
	t.Parallel()
	st := mustPreset(t, "field-scan")
	p := startPeer(t, st, Options{})
	users, groups, sps := principalIDs(st)
	if got := []int{len(users), len(groups), len(sps)}; !slices.Equal(got, []int{2504, 341, 173}) {
		t.Errorf("scanned %v", got)
	}
	rows := p.scan("users", users)
	if len(rows) != 1129 {
		t.Errorf("%d divergent users, want 1129", len(rows))
	}
	note := func(r scriptRow) string {
		switch {
		case r.Categories == "2" && slices.Contains(r.NameMatches, r.ExternalID):
			return "name finds the stored id"
		case r.Categories == "1" && !strings.HasSuffix(r.Name, "@example.com"):
			return "foreign"
		case r.ExternalID == "":
			return "blank"
		}
		return ""
	}
	want := map[string]int{"3 blank": 60, "1+3": 9, "2": 19, "2 name finds the stored id": 12, "1 foreign": 17, "1": 1012}
	if diff := cmp.Diff(want, categoryCounts(rows, note)); diff != "" {
		t.Errorf("divergent users (-want +got):\n%s", diff)
	}
	checkReady(t, st, rows)

	rows = p.scan("groups", groups)
	candidates := func(r scriptRow) string { return fmt.Sprintf("%s%d", note(r), len(r.NameMatches)) }
	if diff := cmp.Diff(map[string]int{"3 blank1": 6, "3 blank7": 1}, categoryCounts(rows, candidates)); diff != "" {
		t.Errorf("divergent groups (-want +got):\n%s", diff)
	}
	checkReady(t, st, slices.DeleteFunc(rows, func(r scriptRow) bool { return len(r.NameMatches) > 1 }))

	rows = p.scan("servicePrincipals", sps)
	want = map[string]int{"3 blank": 2, "1+3": 1, "2": 2, "1": 3}
	bare := func(r scriptRow) string {
		if r.ExternalID == "" {
			return "blank"
		}
		return ""
	}
	if diff := cmp.Diff(want, categoryCounts(rows, bare)); diff != "" {
		t.Errorf("divergent service principals (-want +got):\n%s", diff)
	}
	checkReady(t, st, rows)
}

// checkReady reports whether every row with category 3 can be fixed as it stands:
// one candidate, enabled and no guest, held by no one, for an unprivileged principal.
func checkReady(t *testing.T, st State, rows []scriptRow) {
	t.Helper()
	w, err := world.New(st)
	if err != nil {
		t.Fatal(err)
	}
	held := map[string]bool{}
	for _, p := range w.ByID {
		held[strings.ToLower(p.ExternalID())] = true
	}
	powerful := map[string]bool{}
	for _, ws := range st.Workspaces {
		for _, a := range ws.PermissionAssignments {
			powerful[a.PrincipalID] = powerful[a.PrincipalID] || slices.Contains(a.Permissions, "ADMIN")
		}
	}
	owner := w.ByName[world.KindGroup][strings.ToLower(st.UnityCatalog.Metastores[0].Owner)][0]
	powerful[owner] = true
	targets := map[string]bool{}
	for _, r := range rows {
		if !strings.HasSuffix(r.Categories, "3") {
			continue
		}
		if len(r.NameMatches) != 1 || held[strings.ToLower(r.NameMatches[0])] || targets[r.NameMatches[0]] {
			t.Errorf("%s %s: candidates %v are not one free identity", r.ID, r.Name, r.NameMatches)
			continue
		}
		targets[r.NameMatches[0]] = true
		if u := w.IDP.User(r.NameMatches[0]); u != nil && (!u.AccountEnabled || u.UserType != "Member") {
			t.Errorf("%s: the candidate is disabled or a guest", r.ID)
		}
		if sp := w.IDP.ServicePrincipal(r.NameMatches[0]); sp != nil && !sp.AccountEnabled {
			t.Errorf("%s: the candidate is disabled", r.ID)
		}
		for _, id := range append(w.TransitiveParents(r.ID), r.ID) {
			if w.IsAccountAdmin(id) || powerful[id] {
				t.Errorf("%s has power through %s", r.ID, id)
			}
		}
	}
}

func TestPreset_fieldScanWorkspaces(t *testing.T) {
	t.Parallel()
	st := mustPreset(t, "field-scan")
	got := map[string]int{}
	for _, ws := range st.Workspaces {
		switch {
		case ws.FederationInfo == nil:
			got["absent"]++
		case ws.FederationInfo.EnableIdentityFederation:
			got["on"]++
		default:
			got["off"]++
		}
	}
	if diff := cmp.Diff(map[string]int{"on": 24, "off": 10, "absent": 6}, got); diff != "" {
		t.Errorf("workspaces by federation (-want +got):\n%s", diff)
	}
}

func TestPreset_fieldScanOddities(t *testing.T) {
	t.Parallel()
	st := mustPreset(t, "field-scan")
	holders := map[string]int{}
	for _, u := range st.Users {
		if len(u.ID) < 12 || len(u.ID) > 15 {
			t.Errorf("user id %s has %d digits", u.ID, len(u.ID))
		}
		if u.ExternalID != "" {
			holders[u.ExternalID]++
		}
	}
	shared := 0
	for _, n := range holders {
		if n == 2 {
			shared++
		} else if n > 2 {
			t.Errorf("an externalId has %d holders", n)
		}
	}
	if shared != 3 {
		t.Errorf("%d shared externalIds, want 3", shared)
	}
	nested := 0
	for _, g := range st.Groups {
		if len(g.ID) < 14 || len(g.ID) > 16 {
			t.Errorf("group id %s has %d digits", g.ID, len(g.ID))
		}
		if g.ExternalID == "" {
			continue
		}
		for _, m := range g.Members {
			if slices.ContainsFunc(st.Groups, func(c Group) bool { return c.ID == m.Value }) {
				nested++
			}
		}
	}
	if nested < 20 {
		t.Errorf("only %d nested linked groups", nested)
	}
}

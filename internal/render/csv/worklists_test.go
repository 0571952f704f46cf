// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package csv

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func userRow(id, name, externalID, match string, categories ...string) Row {
	return Row{
		"id": {id}, "username": {name}, "external_id": cell(externalID), "external_id_with_username_match": cell(match),
		"error_categories": categories, "waived": {"false"},
	}
}

func servicePrincipalRow(id, name, externalID, match string, categories ...string) Row {
	return Row{
		"id": {id}, "application_id": {name}, "external_id": cell(externalID), "external_id_with_app_id_match": cell(match),
		"error_categories": categories, "waived": {"false"},
	}
}

func cell(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

const (
	notInIDP     = "EXTERNAL_ID_NOT_IN_IDP"
	nameMismatch = "EXTERNAL_ID_MATCH_NAME_MISMATCH"
	idMismatch   = "NAME_MATCH_EXTERNAL_ID_MISMATCH"
)

// Rows, headers and the order of the rules are those of
// docs/reference/prep-script-contract.md 8.2, written by hand.
func TestWorklistRows(t *testing.T) {
	t.Parallel()
	waived := userRow("9", "w@example.com", "gone", "", notInIDP)
	waived["waived"] = []string{"true"}
	d := Divergences{
		Users: []Row{
			userRow("1", "a@example.com", "", "i1", idMismatch),
			userRow("2", "b@example.com", "gone", "i2", notInIDP, idMismatch),
			userRow("3", "c@example.com", "other", "i3;i4", nameMismatch, idMismatch), // Held back: no fix is offered.
			userRow("4", "old@example.com", "i5", "i5", nameMismatch),
			userRow("5", "d@Example.COM", "gone", "", notInIDP),
			userRow("6", "e@example.net", "gone", "", notInIDP),
			userRow("7", "no domain", "gone", "", notInIDP),
			waived,
		},
		Groups: []Row{
			{"id": {"11"}, "group_name": {"g, h"}, "external_id": nil, "external_ids_with_groupname_match": {"x", "y"}, "error_categories": {idMismatch}},
			{"id": {"12"}, "group_name": {"=g"}, "external_id": {"gone"}, "external_ids_with_groupname_match": nil, "error_categories": {notInIDP}},
		},
		ServicePrincipals: []Row{
			servicePrincipalRow("21", "app1", "", "i1", idMismatch),
			servicePrincipalRow("22", "app2", "i2", "", nameMismatch),
			servicePrincipalRow("23", "app3", "gone", "", notInIDP),
		},
		Offered:        map[string]string{"user/1": "i1", "user/2": "i2", "service_principal/21": "i1"},
		PrimaryDomains: []string{"EXAMPLE.com"},
	}
	for kind, want := range map[string]string{
		WorklistUsersPatch: "id,username,currentExternalId,targetExternalId\r\n" +
			"1,a@example.com,,i1\r\n2,b@example.com,gone,i2\r\n3,c@example.com,other,\r\n",
		WorklistUsersTicket:            "id,username,externalId\r\n4,old@example.com,i5\r\n",
		WorklistUsersForeign:           "id,username,externalId\r\n6,e@example.net,gone\r\n7,no domain,gone\r\n",
		WorklistUsersStale:             "id,username,externalId\r\n5,d@Example.COM,gone\r\n",
		WorklistGroups:                 "id,groupName,currentExternalId,candidateCount,candidateExternalIds\r\n11,\"g, h\",,2,x;y\r\n12,=g,gone,0,\r\n",
		WorklistServicePrincipalsPatch: "id,applicationId,currentExternalId,targetExternalId\r\n21,app1,,i1\r\n",
		WorklistServicePrincipalTicket: "id,applicationId,externalId\r\n22,app2,i2\r\n",
		WorklistServicePrincipalsStale: "id,applicationId,externalId\r\n23,app3,gone\r\n",
	} {
		rows, err := WorklistRows(kind, d)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Render(kind, rows, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", kind, diff)
		}
	}
	d.PrimaryDomains = nil
	for _, kind := range Worklists() {
		_, err := WorklistRows(kind, d)
		if asks := kind == WorklistUsersForeign || kind == WorklistUsersStale; asks != (err != nil) {
			t.Errorf("%s without domains: %v", kind, err)
		}
	}
	delete(d.Groups[1], "error_categories")
	if _, err := WorklistRows(WorklistGroups, d); err == nil || !strings.Contains(err.Error(), "row 1 of remediation_3_groups_name_collision") {
		t.Errorf("a row without categories: %v", err)
	}
}

// The files of our own are for people: no cell is run, asked for or not.
func TestRender_ownFiles(t *testing.T) {
	t.Parallel()
	row := Row{
		"principal_type": {"group"}, "principal_id": {"7"}, "principal_name": {"=cmd|x"}, "category": {"C"}, "reason": {"r"}, "switch": nil, "detail": {"d, e"},
		"remedy": {"-1"}, "candidate_external_ids": {"x", "y"}, "member_ids": {"1", "2"}, "current_external_id": nil, "external_id": {"x"}, "reversible": {"false"},
		"group_id": {"7"}, "group_name": {"@g"}, "member_id": {"1"}, "member_type": {"user"}, "member_name": {"+m"}, "cause": {"c"},
		"display_name": nil, "active": {"true"}, "name_matches": nil, "group_count": {"3"}, "created": nil, "suggestion": {"keep"},
		"change": {"added"}, "actor": {"=a"}, "agent": nil, "writer": {"sdk"}, "endpoint": {"scim"}, "count": {"2"}, "last": {"2026-11-02T03:00:00Z"}, "name": {"@n"}, "action": {"updateUser"},
	}
	for kind, want := range map[string]string{
		Fixes: "principal_type,principal_id,principal_name,current_external_id,external_id,category,reversible\r\ngroup,7,'=cmd|x,,x,C,false\r\n",
		ManualActions: "principal_type,principal_id,principal_name,category,reason,switch,detail,remedy,candidate_external_ids,member_ids\r\n" +
			"group,7,'=cmd|x,C,r,,\"d, e\",'-1,x;y,1;2\r\n",
		MemberRemovals: "group_id,group_name,member_id,member_type,member_name,category,cause\r\n7,'@g,1,user,'+m,C,c\r\n",
		Duplicates: "principal_type,external_id,principal_id,principal_name,display_name,active,name_matches,group_count,created,suggestion,reason\r\n" +
			"group,x,7,'=cmd|x,,true,,3,,keep,r\r\n",
		Deactivations: "principal_type,principal_id,principal_name,cause\r\ngroup,7,'=cmd|x,c\r\n",
		MembershipEdits: "group_id,group_name,member_id,member_name,change,actor,agent,writer,endpoint,count,last\r\n" +
			"7,'@g,1,'+m,added,'=a,,sdk,scim,2,2026-11-02T03:00:00Z\r\n",
		ExternalIDChanges: "principal_type,principal_id,name,action,actor,agent,writer,endpoint,count,last\r\n" +
			"group,7,'@n,updateUser,'=a,,sdk,scim,2,2026-11-02T03:00:00Z\r\n",
	} {
		got, err := Render(kind, []Row{row}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", kind, diff)
		}
	}
}

func TestCompareKeys(t *testing.T) {
	t.Parallel()
	inOrder := []string{"", "user/9", "user/10", "group/1", "service_principal/1"}
	for i := range inOrder {
		for j := range inOrder {
			if got := CompareKeys(inOrder[i], inOrder[j]); got < 0 != (i < j) || got > 0 != (i > j) {
				t.Errorf("%q, %q: %d", inOrder[i], inOrder[j], got)
			}
		}
	}
}

// 10,000 rows take less than 1 s and 200 MiB in every kind; a busy machine is given more
// time.
func TestRender_large(t *testing.T) { //nolint:paralleltest // It measures what is allocated.
	d := Divergences{Offered: map[string]string{}, PrimaryDomains: []string{"example.com"}}
	all := make([]Row, 10_000)
	for i := range all {
		id := fmt.Sprint(i)
		all[i] = userRow(id, "user"+id+"@example.com", "gone", "i"+id, notInIDP, idMismatch)
		for _, kind := range Kinds() {
			for _, c := range columnsOf(kind) {
				for _, name := range c.from {
					if _, there := all[i][name]; !there {
						all[i][name] = []string{"=" + strings.Repeat("x", 60)}
					}
				}
			}
		}
		d.Offered["user/"+id] = "i" + id
	}
	d.Users, d.Groups, d.ServicePrincipals = all, all, all
	for _, kind := range Kinds() {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		rows := all
		if worklistColumns(kind) != nil {
			var err error
			if rows, err = WorklistRows(kind, d); err != nil {
				t.Fatal(err)
			}
		}
		text, err := Render(kind, rows, Options{DefuseFormulas: true})
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		if err != nil {
			t.Fatal(err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; took > 10*time.Second || used > 200<<20 {
			t.Errorf("%s: %v and %d MiB for %d bytes", kind, took, used>>20, len(text))
		} else {
			t.Logf("%s: %v and %d MiB for %d bytes", kind, took, used>>20, len(text))
		}
	}
}

// FuzzWorklists: whatever names, ids and categories are, every row that is not waived is in
// exactly one list of its type, and a target is one that is offered.
func FuzzWorklists(f *testing.F) {
	f.Add("a@example.com", "1", "x", "y", uint8(4), "example.com")
	f.Add("=a,\"b\"\r\n@@", "1", "", "", uint8(7), "")
	f.Add("a@\xff", "../1", "\x00", ";", uint8(1), "\xff")
	f.Fuzz(func(t *testing.T, name, id, externalID, match string, which uint8, domain string) {
		var categories []string
		for i, c := range []string{notInIDP, nameMismatch, idMismatch} {
			if which&(1<<i) != 0 {
				categories = append(categories, c)
			}
		}
		d := Divergences{
			Users:             []Row{userRow(id, name, externalID, match, categories...)},
			ServicePrincipals: []Row{servicePrincipalRow(id, name, externalID, match, categories...)},
			Groups: []Row{{
				"id": {id}, "group_name": {name}, "external_id": cell(externalID), "external_ids_with_groupname_match": cell(match), "error_categories": categories,
			}},
			Offered: map[string]string{"user/" + id: "offered"}, PrimaryDomains: []string{domain},
		}
		lines := map[byte]int{}
		for _, kind := range Worklists() {
			rows, err := WorklistRows(kind, d)
			if err != nil {
				t.Fatal(err)
			}
			text, err := Render(kind, rows, Options{})
			if err != nil {
				t.Fatal(err)
			}
			records := readCSV(text)
			lines[kind[len("remediation_1_")]] += len(records) - 1
			for _, record := range records[1:] {
				if record[0] != id || record[1] != name || record[2] != externalID {
					t.Fatalf("%s: %q", kind, record)
				}
				if kind == WorklistUsersPatch && record[3] != "offered" || kind == WorklistServicePrincipalsPatch && record[3] != "" {
					t.Fatalf("%s: the target is %q", kind, record[3])
				}
			}
		}
		fits := which&3 != 0 || which&4 != 0 && match != ""
		if lines['g'] != 1 || lines['u'] > 1 || lines['s'] > 1 || fits != (lines['u'] == 1) || fits != (lines['s'] == 1) {
			t.Fatalf("%v for %q with the match %q", lines, categories, match)
		}
	})
}

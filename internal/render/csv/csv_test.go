// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package csv

import (
	"encoding/csv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pgregory.net/rapid"
)

// Expectations are written by hand from section 5 of the prep script's contract;
// the quoting is what Python's csv module wrote for these cells.
func TestRender(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		kind string
		rows []Row
		want string
	}{
		"users, none": {"users", nil, "id,username,externalId,externalIdWithUsernameMatch,errorCategories\r\n"},
		"users": {"users", []Row{
			{
				"id": {"12"}, "username": {"a@example.com"}, "external_id": {}, "external_id_with_username_match": {"x"},
				"error_categories": {"NAME_MATCH_EXTERNAL_ID_MISMATCH"}, "cause": {"linkable_by_name"},
			},
			{
				"id": {"9"}, "username": {"b@example.com"}, "external_id": {"y"}, "external_id_with_username_match": nil,
				"error_categories": {"EXTERNAL_ID_NOT_IN_IDP", "NAME_MATCH_EXTERNAL_ID_MISMATCH"},
			},
		}, "id,username,externalId,externalIdWithUsernameMatch,errorCategories\r\n" +
			"12,a@example.com,,x,NAME_MATCH_EXTERNAL_ID_MISMATCH\r\n" +
			"9,b@example.com,y,,EXTERNAL_ID_NOT_IN_IDP;NAME_MATCH_EXTERNAL_ID_MISMATCH\r\n"},
		"groups": {"groups", []Row{{
			"id": {"7"}, "group_name": {`Sales, "EMEA"`}, "external_id": {"g"}, "external_ids_with_groupname_match": {"h", "g", "h"},
			"local_members_not_in_idp_internal_ids": {"3", "1"}, "external_members_not_in_idp_internal_ids": {},
			"error_categories": {"GROUP_HAS_LOCAL_MEMBERS_WITHOUT_EXTERNAL_ID"},
		}}, "id,groupName,externalId,externalIdsWithGroupnameMatch,localMembersNotInIdpInternalIds,externalMembersNotInIdpInternalIds,errorCategories\r\n" +
			`7,"Sales, ""EMEA""",g,h;g;h,3;1,,GROUP_HAS_LOCAL_MEMBERS_WITHOUT_EXTERNAL_ID` + "\r\n"},
		"service principals": {"service_principals", []Row{{
			"id": {"7"}, "application_id": {"app"}, "external_id": {"x"}, "external_id_with_app_id_match": {"y"}, "error_categories": {"A", "B"},
		}}, "id,applicationId,externalId,externalIdWithAppIdMatch,errorCategories\r\n7,app,x,y,A;B\r\n"},
		"workspaces": {"workspaces", []Row{
			{"id": {"1"}, "error_categories": {"IDENTITY_FEDERATION_DISABLED"}},
			{"workspace_id": {}, "error_categories": {"IDENTITY_FEDERATION_DISABLED"}},
		}, "workspaceId,errorCategories\r\n1,IDENTITY_FEDERATION_DISABLED\r\n,IDENTITY_FEDERATION_DISABLED\r\n"},
		"failures": {"failures", []Row{
			{"id": {"5"}, "type": {"SERVICE_PRINCIPAL"}, "error": {"404 Client Error: Not Found for url: x"}},
			{"principal_id": {"6"}, "principal_type": {"service_principal"}, "reason": {"two\nlines"}},
		}, "id,type,error\r\n5,SERVICE_PRINCIPAL,404 Client Error: Not Found for url: x\r\n6,SERVICE_PRINCIPAL,\"two\nlines\"\r\n"},
		"identities": {"identities_to_process", []Row{{"id": {"5"}}, {"id": {}}}, "id\r\n5\r\n\"\"\r\n"},
		"quoting":    {"failures", []Row{{"id": {"a b"}, "type": {" x"}, "error": {"a\rb"}}}, "id,type,error\r\na b, X,\"a\rb\"\r\n"},
		"readiness": {
			"readiness", []Row{{
				"id": {"guests"}, "decision": {"enable_aim"}, "severity": {"breaking"}, "status": {"met"}, "title": {"T"}, "summary": {"S, s"}, "remedy": {"R"}, "source": {"C26"},
			}},
			"id,decision,severity,status,title,summary,remedy,source\r\nguests,enable_aim,breaking,met,T,\"S, s\",R,C26\r\n",
		},
		"not defused":       {"identities_to_process", []Row{{"id": {"=1+1"}}}, "id\r\n=1+1\r\n"},
		"other scripts, ü;": {"identities_to_process", []Row{{"id": {"ü;日"}}}, "id\r\nü;日\r\n"},
	}
	for label, c := range cases {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			got, err := Render(c.kind, c.rows, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", "file", diff)
			}
		})
	}
}

func TestRender_defuse(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]string{
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@a": "'@a", "\tx": "'\tx", "\rx": "\"'\rx\"", "\nx": "\"'\nx\"",
		"\uff1d1": "'\uff1d1", "\uff0b1": "'\uff0b1", "\uff0d1": "'\uff0d1", "\uff20a": "'\uff20a", "\u00fc": "\u00fc",
		"a=1": "a=1", " =1": " =1", "12": "12", "=a,b": "\"'=a,b\"", "'=1": "'=1",
	} {
		got, err := Render(IdentitiesToProcess, []Row{{"id": {cell}}}, Options{DefuseFormulas: true})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff("id\r\n"+want+"\r\n", got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", cell, diff)
		}
	}
}

func TestRender_errors(t *testing.T) {
	t.Parallel()
	for label, c := range map[string]struct {
		kind string
		row  Row
		want string
	}{
		"kind": {"user", Row{}, `unknown kind "user"; use one of: clone, clone_result, compare, deactivations, duplicates, external_id_changes, failures, fixes, groups, identities_to_process, manual_actions, member_removals, membership_edits, readiness, ` +
			`remediation_1_users_PATCH_externalid, remediation_2_users_SUPPORT_ticket, remediation_3_groups_name_collision, remediation_4_users_CROSS_TENANT_escalate, ` +
			`remediation_5_users_STALE_deactivate, remediation_6_sps_PATCH_externalid, remediation_7_sps_SUPPORT_ticket, remediation_8_sps_STALE_review, ` +
			`service_principals, users, workspaces`},
		"attribute": {"failures", Row{"principal_id": {"1"}}, "row 0 of failures: attribute principal_type or type is missing"},
		"values":    {"identities_to_process", Row{"id": {"1", "2"}}, "row 0 of identities_to_process: attribute id has 2 values where the file has room for one"},
	} {
		_, err := Render(c.kind, []Row{c.row}, Options{})
		if err == nil {
			t.Errorf("%s: no error", label)
			continue
		}
		if diff := cmp.Diff(c.want, err.Error()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", label, diff)
		}
	}
}

// What is rendered reads back as it was, by a reader that is not ours.
func TestRender_readsBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		// encoding/csv turns CRLF inside of cells into LF, so CR is left out.
		cell := rapid.StringOfN(rapid.RuneFrom([]rune("ab,;\"\n =ü'")), 0, 6, -1)
		row := Row{"id": {cell.Draw(rt, "id")}, "type": {"USER"}, "error": {cell.Draw(rt, "error")}}
		text, err := Render(Failures, []Row{row}, Options{})
		if err != nil {
			rt.Fatal(err)
		}
		records, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil {
			rt.Fatal(err)
		}
		if r := records[1]; r[0] != row["id"][0] || r[2] != row["error"][0] {
			rt.Fatalf("%q read back as %q", text, r)
		}
	})
}

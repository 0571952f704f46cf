// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package pinned

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

// hostile are names that would be configuration if they were not quoted.
func hostile() *rapid.Generator[string] {
	return rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"ann@example.com", "${file(\"x\")}", "%{ if true }", "a\"\n}\nresource \"terraform_data\" \"x\" {", "\r\n# x", "*/", "\u202eevil", "\ufeffa", "a\u200b\U000e0041", "x, cannot be taken back", "caf\u00e9 <&>", "\\", "\x00",
	}))
}

func drawFixes(t *rapid.T) Fixes {
	id := rapid.StringMatching(`[1-9][0-9]{0,14}`)
	var f Fixes
	f.ExternalIDs = map[string]ExternalID{}
	for range rapid.IntRange(0, 6).Draw(t, "ids") {
		e := ExternalID{
			PrincipalType: rapid.SampledFrom([]string{"user", "group", "service_principal"}).Draw(t, "type"), PrincipalID: id.Draw(t, "id"),
			PrincipalName: hostile().Draw(t, "name"), CurrentExternalID: hostile().Draw(t, "current"), ExternalID: hostile().Draw(t, "external"),
			Category: hostile().Draw(t, "category"), Reversible: rapid.Bool().Draw(t, "reversible"),
		}
		f.ExternalIDs[e.PrincipalType+"/"+e.PrincipalID] = e
	}
	f.MemberRemovals = map[string]MemberRemoval{}
	for range rapid.IntRange(0, 4).Draw(t, "removals") {
		e := MemberRemoval{
			GroupID: id.Draw(t, "group"), MemberID: id.Draw(t, "member"), GroupName: hostile().Draw(t, "name"),
			MemberType: "user", MemberName: hostile().Draw(t, "member name"), Cause: hostile().Draw(t, "cause"),
		}
		f.MemberRemovals[e.GroupID+"/"+e.MemberID] = e
	}
	f.Memberships = map[string]Membership{}
	for range rapid.IntRange(0, 4).Draw(t, "memberships") {
		e := Membership{GroupID: id.Draw(t, "group"), MemberID: id.Draw(t, "member"), GroupName: hostile().Draw(t, "name"), MemberName: hostile().Draw(t, "member name"), Privileged: rapid.Bool().Draw(t, "privileged")}
		f.Memberships[e.GroupID] = e
	}
	return f
}

// The file of resources parses back to exactly what went in: as many blocks as
// things, each with its values, whatever the names are.
func TestHCL_readsBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := drawFixes(t)
		text := HCL(f)
		want := map[string]map[string]string{}
		for _, e := range f.ExternalIDs {
			want["dbxidentity_external_id."+e.PrincipalType+"_"+e.PrincipalID] = map[string]string{
				"principal_type": e.PrincipalType, "principal_id": e.PrincipalID,
				"external_id": e.ExternalID, "expected_current_external_id": e.CurrentExternalID,
			}
		}
		for _, e := range f.MemberRemovals {
			want["dbxidentity_group_member_removal.group_"+e.GroupID+"_member_"+e.MemberID] = map[string]string{"group_id": e.GroupID, "member_id": e.MemberID}
		}
		for _, e := range f.Memberships {
			values := map[string]string{"group_id": e.GroupID, "member_id": e.MemberID}
			if e.Privileged {
				values["allow_privileged"] = "true"
			}
			want["dbxidentity_group_member.group_"+e.GroupID+"_member_"+e.MemberID] = values
		}
		if diff := cmp.Diff(normalized(want), parse(t, text)); diff != "" {
			t.Fatalf("(-want +got) %s\n%s", diff, text)
		}
		if HCL(f) != text {
			t.Fatal("not deterministic")
		}
		showsAll(t, text)
	})
}

// normalized has the texts as Terraform reads them: composed, and without bytes
// that are no UTF-8.
func normalized(blocks map[string]map[string]string) map[string]map[string]string {
	for _, values := range blocks {
		for name, v := range values {
			values[name] = norm.NFC.String(v)
		}
	}
	return blocks
}

func parse(t *rapid.T, text string) map[string]map[string]string {
	file, diags := hclsyntax.ParseConfig([]byte(text), "fixes.tf", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatalf("%s\n%s", diags, text)
	}
	body, ok := file.Body.(*hclsyntax.Body)
	if !ok || len(body.Attributes) > 0 {
		t.Fatalf("attributes at the top:\n%s", text)
	}
	out := map[string]map[string]string{}
	for _, block := range body.Blocks {
		values := map[string]string{}
		for name, a := range block.Body.Attributes {
			v, diags := a.Expr.Value(nil)
			if diags.HasErrors() {
				t.Fatalf("%s\n%s", diags, text)
			}
			if v.Type().FriendlyName() == "bool" {
				values[name] = fmt.Sprint(v.True())
				continue
			}
			values[name] = v.AsString()
		}
		address := strings.Join(block.Labels, ".")
		if block.Type != "resource" || out[address] != nil || len(block.Body.Blocks) > 0 {
			t.Fatalf("block %s %s:\n%s", block.Type, address, text)
		}
		out[address] = values
	}
	return out
}

// The variables file is JSON with exactly what went in, one line per thing.
func TestTFVars_readsBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := drawFixes(t)
		text, err := TFVars(f)
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			ExternalIDs    map[string]ExternalID    `json:"external_id_fixes"`
			MemberRemovals map[string]MemberRemoval `json:"member_removals"`
			Memberships    map[string]Membership    `json:"memberships"`
		}
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if diff := cmp.Diff(f, Fixes(got)); diff != "" {
			t.Fatalf("(-want +got) %s\n%s", diff, text)
		}
		showsAll(t, text)
		things, empty := 0, 0
		for _, n := range []int{len(f.ExternalIDs), len(f.MemberRemovals), len(f.Memberships)} {
			things += n
			if n == 0 {
				empty++
			}
		}
		// Braces of the document, and of each part that is not empty on lines of their own.
		if want := things + 2 + 2*(3-empty) + empty; strings.Count(text, "\n") != want {
			t.Fatalf("%d lines, want %d:\n%s", strings.Count(text, "\n"), want, text)
		}
	})
}

// showsAll wants a text in which a reviewer sees what is there.
func showsAll(t *rapid.T, text string) {
	for _, r := range text {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Fatalf("%U is not escaped:\n%s", r, text)
		}
	}
}

func TestRender(t *testing.T) {
	t.Parallel()
	f := Fixes{
		ExternalIDs: map[string]ExternalID{
			"user/10": {PrincipalType: "user", PrincipalID: "10", PrincipalName: "bob@example.com", ExternalID: "x", Category: "EXTERNAL_ID_NOT_IN_IDP", CurrentExternalID: "old", Reversible: true},
			"user/9":  {PrincipalType: "user", PrincipalID: "9", PrincipalName: "ann@example.com", ExternalID: "y${z}", Category: "NAME_MATCH_EXTERNAL_ID_MISMATCH"},
		},
		MemberRemovals: map[string]MemberRemoval{},
	}
	const resources = `# "ann@example.com", NAME_MATCH_EXTERNAL_ID_MISMATCH, cannot be taken back because a blank value cannot be written back
resource "dbxidentity_external_id" "user_9" {
  principal_type               = "user"
  principal_id                 = "9"
  external_id                  = "y$${z}"
  expected_current_external_id = ""
}

# "bob@example.com", EXTERNAL_ID_NOT_IN_IDP
resource "dbxidentity_external_id" "user_10" {
  principal_type               = "user"
  principal_id                 = "10"
  external_id                  = "x"
  expected_current_external_id = "old"
}
`
	if diff := cmp.Diff(resources, HCL(f)); diff != "" {
		t.Error(diff)
	}
	const variables = `{
  "external_id_fixes": {
    "user/9": {"principal_type":"user","principal_id":"9","principal_name":"ann@example.com","current_external_id":"","external_id":"y${z}","category":"NAME_MATCH_EXTERNAL_ID_MISMATCH","reversible":false},
    "user/10": {"principal_type":"user","principal_id":"10","principal_name":"bob@example.com","current_external_id":"old","external_id":"x","category":"EXTERNAL_ID_NOT_IN_IDP","reversible":true}
  },
  "member_removals": {}
}
`
	text, err := TFVars(f)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(variables, text); diff != "" {
		t.Error(diff)
	}
	if text, _ := TFVars(Fixes{}); text != "{}\n" {
		t.Errorf("nothing asked for: %q", text)
	}
}

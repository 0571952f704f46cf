// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/provider"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// querying is the provider as terraform query talks to it, through the wrapper that
// [provider.Serve] serves.
type querying struct {
	protocol
	lists   tfprotov6.ListResourceServer
	configs map[string]tftypes.Type
}

func startQuery(t *testing.T, a account) querying {
	t.Helper()
	server, err := provider.NewServer("test", provider.WithShortLimits())
	if err != nil {
		t.Fatal(err)
	}
	lists, ok := server.(tfprotov6.ListResourceServer)
	if !ok {
		t.Fatalf("%T lists nothing", server)
	}
	q := querying{protocol: startProtocolOn(t, a, server), lists: lists, configs: map[string]tftypes.Type{}}
	schema, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range schema.ListResourceSchemas {
		q.configs[name] = s.ValueType()
	}
	return q
}

// list gives the display names, the resources as texts, and the diagnostics.
func (q querying) list(resource string, limit int64, config map[string]any) (titles []string, resources []map[string]string, said []string) {
	q.t.Helper()
	attributes := map[string]tftypes.Value{}
	object, _ := q.configs[resource].(tftypes.Object)
	for name, of := range object.AttributeTypes {
		switch v := config[name].(type) {
		case string:
			attributes[name] = tftypes.NewValue(of, v)
		case []string:
			all := []tftypes.Value{}
			for _, one := range v {
				all = append(all, tftypes.NewValue(tftypes.String, one))
			}
			attributes[name] = tftypes.NewValue(of, all)
		default:
			attributes[name] = tftypes.NewValue(of, nil)
		}
	}
	value := q.encode(object, tftypes.NewValue(object, attributes))
	checked, err := q.lists.ValidateListResourceConfig(q.t.Context(), &tfprotov6.ValidateListResourceConfigRequest{TypeName: resource, Config: value})
	if err != nil || len(checked.Diagnostics) > 0 {
		q.t.Fatal(err, checked)
	}
	stream, err := q.lists.ListResource(q.t.Context(), &tfprotov6.ListResourceRequest{TypeName: resource, Config: value, Limit: limit, IncludeResource: true})
	if err != nil {
		q.t.Fatal(err)
	}
	for result := range stream.Results {
		for _, d := range result.Diagnostics {
			if len(titles) > 0 {
				q.t.Errorf("%s: %q comes after a result", resource, d.Summary)
			}
			said = append(said, fmt.Sprintf("%s: %s: %s", d.Severity, d.Summary, d.Detail))
		}
		if result.Identity == nil {
			continue
		}
		titles = append(titles, result.DisplayName)
		resources = append(resources, q.texts(q.types[resource], result.Resource))
		// What is listed is what an import by its identity makes of it.
		imported, _, failed := q.imported(resource, "", q.texts(q.identities[resource], result.Identity.IdentityData))
		if diff := cmp.Diff(imported, resources[len(resources)-1]); failed != "" || diff != "" {
			q.t.Errorf("%s: %s is listed otherwise than imported: %s (-imported +listed):\n%s", resource, result.DisplayName, failed, diff)
		}
	}
	return titles, resources, said
}

func TestProtocol_lists(t *testing.T) {
	t.Parallel()
	st := groupWorld()
	st.Users[0].Active = false
	a := startAccount(t, st, simulator.Options{})
	a.setMembers("202", "101", "103")()
	q := startQuery(t, a)
	for _, tt := range []struct {
		name, resource string
		limit          int64
		config         map[string]any
		want           []string
		says           string
	}{
		{"ids", idResource, 100, nil, nil, ""},
		{"ids of an audit", idResource, 100, map[string]any{"keys": []string{"user/102", "user/101", "user/4711"}}, []string{"user/102 (user102@example.com)"},
			"WARNING: Nothing to List for Some Keys: 2 of 3 keys name nothing that can be adopted: user/101 (it has no externalId), user/4711 (not found)."},
		{"inactive", statusResource, 100, nil, []string{"user/101 (user101@example.com)", "user/104 (user104@example.com)"}, ""},
		{"leavers of an audit", statusResource, 100, map[string]any{"keys": []string{"deactivate/user/103", "deactivate/user/101"}}, []string{"user/101 (user101@example.com)"}, "user/103 (it is active)"},
		{"names", nameResource, 100, map[string]any{"keys": []string{"rename/group/202", "group/201"}}, []string{"group/202 (local-group)"}, "group/201 (it belongs to the identity provider)"},
		{"members of a group", memberResource, 100, map[string]any{"group_ids": []string{"202"}}, []string{"user/101 (user101@example.com) in group/202 (local-group)", "user/103 (user103@example.com) in group/202 (local-group)"}, ""},
		{"memberships of a user", memberResource, 100, map[string]any{"group_ids": []string{"202"}, "member_id": "103"}, []string{"user/103 (user103@example.com) in group/202 (local-group)"}, ""},
		{"memberships of an audit", memberResource, 100, map[string]any{"keys": []string{"202/101"}}, []string{"user/101 (user101@example.com) in group/202 (local-group)"}, ""},
		{"more than the limit", memberResource, 1, map[string]any{"group_ids": []string{"202"}}, []string{"user/101 (user101@example.com) in group/202 (local-group)"}, "WARNING: More Than the Limit: 2 were found, and 1 are listed."},
		{"nothing", memberResource, 100, map[string]any{"keys": []string{}}, nil, ""},
	} {
		titles, resources, said := q.list(tt.resource, tt.limit, tt.config)
		if tt.name == "ids" {
			for _, r := range resources {
				if r["external_id"] == "" {
					t.Errorf("%v has no external id", r)
				}
			}
			if len(titles) < 2 || len(said) > 0 {
				t.Errorf("ids: %v %v", titles, said)
			}
			continue
		}
		if diff := cmp.Diff(tt.want, titles); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
		if all := strings.Join(said, "\n"); tt.says == "" && all != "" || !strings.Contains(all, tt.says) {
			t.Errorf("%s: it says %q", tt.name, all)
		}
	}
	// All of it is from one listing.
	if n := a.requestsTo("GET " + strings.ReplaceAll(iamUsers, "*", a.AccountID)); n > 1 {
		t.Errorf("users were listed %d times", n)
	}
}

// What could not be read is a warning before the rest; nothing read is an error.
func TestProtocol_listsUnread(t *testing.T) {
	t.Parallel()
	a := startAccount(t, groupWorld(), simulator.Options{})
	a.setMembers("202", "101")()
	refused := func(path string) simulator.Fault {
		return simulator.Fault{Kind: simulator.FaultStatus, Method: http.MethodGet, Path: path, Status: 400, ErrorCode: "BAD_REQUEST", Message: "unreadable"}
	}
	a.faults(refused(iamGroups + "/201/direct-members"))
	q := startQuery(t, a)
	titles, _, said := q.list(memberResource, 100, map[string]any{"group_ids": []string{"201", "202"}})
	if want := []string{"user/101 (user101@example.com) in group/202 (local-group)"}; !slices.Equal(titles, want) || len(said) != 1 || !strings.Contains(said[0], "WARNING: Group Member Not Read") ||
		!strings.Contains(said[0], "group/201 (linked-group): reading the members of group/201") {
		t.Errorf("%v %v", titles, said)
	}
	a.faults(refused("/api/2.*/**"), simulator.Fault{Kind: simulator.FaultStatus, Path: "/api/**", Status: 400, ErrorCode: "BAD_REQUEST", Message: "unreadable"})
	q = startQuery(t, a)
	titles, _, said = q.list(idResource, 100, nil)
	if len(titles) > 0 || len(said) == 0 {
		t.Errorf("%v %v", titles, said)
	}
}

// queryWorkspace is a folder for a command line with query; the test is skipped where it
// has none.
func queryWorkspace(t *testing.T) *workspace {
	t.Helper()
	w := newWorkspace(t, "")
	version := w.must(0, "version")
	for _, without := range []string{"OpenTofu", "Terraform v1.11.", "Terraform v1.12.", "Terraform v1.13."} {
		if strings.HasPrefix(version, without) {
			t.Skip("it has no query: " + strings.SplitN(version, "\n", 2)[0])
		}
	}
	return w
}

// terraform query, where the command line knows it: what an audit has found is listed
// from the same reading, and the files that it generates plan nothing but imports.
func TestProcess_query(t *testing.T) {
	t.Parallel()
	st := groupWorld()
	st.Users[0].Active = false
	a := startAccount(t, st, simulator.Options{})
	a.setMembers("202", "101", "103")()
	w := queryWorkspace(t)
	config := a.config(a.file(), "")
	w.write("main.tf", requiredProviders+config+`
data "dbxidentity_divergences" "all" {}
`)
	content, err := os.ReadFile(filepath.Join(examplesRoot, "query", "adopt.tfquery.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	w.write("adopt.tfquery.hcl", strings.ReplaceAll(string(content), demoDevelopers, "202"))
	a.Server.ResetRequests()
	saysAll(t, w.must(0, "query", "-generate-config-out=generated.tf"), "user/101 (user101@example.com)", "in group/202 (local-group)", "Nothing to List for Some Keys")
	if n := a.requestsTo("GET " + strings.ReplaceAll(iamUsers, "*", a.AccountID)); n > 2 { // A page and the end.
		t.Errorf("the users were listed %d times", n)
	}
	if err := os.Remove(filepath.Join(w.dir, "adopt.tfquery.hcl")); err != nil {
		t.Fatal(err)
	}
	saysAll(t, w.must(0, "plan"), "to import, 0 to add, 0 to change, 0 to destroy")
	a.Server.ResetRequests()
	w.must(0, "apply", "-auto-approve")
	if n := a.writes(); n > 0 {
		t.Errorf("adoption has written %d times", n)
	}
	w.must(0, "plan", "-detailed-exitcode")
}

// The example of each list resource, as printed on its page, lists something, and what is
// generated from it plans nothing but imports.
func TestProcess_queryExamples(t *testing.T) {
	t.Parallel()
	for _, resource := range []string{idResource, statusResource, nameResource, memberResource} {
		t.Run(resource, func(t *testing.T) {
			t.Parallel()
			w := queryWorkspace(t)
			a := startPreset(t, "demo", simulator.Options{})
			w.write("main.tf", requiredProviders+a.config(`idp = { databricks = {} }`, `data "dbxidentity_divergences" "all" {}`))
			content, err := os.ReadFile(filepath.Join(examplesRoot, "list-resources", resource, "list-resource.tfquery.hcl"))
			if err != nil {
				t.Fatal(err)
			}
			w.write("this.tfquery.hcl", string(content))
			saysAll(t, w.must(0, "query", "-generate-config-out=generated.tf"), "list."+resource)
			if n := strings.Count(w.content("generated.tf"), "import {"); n == 0 {
				t.Fatal("nothing is listed")
			}
			saysAll(t, w.must(0, "plan"), "to import, 0 to add, 0 to change, 0 to destroy")
		})
	}
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/readiness"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/provider"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/presets"
)

// readSource is a source of facts, and what asks for it.
type readSource struct {
	name  string
	paths []string
	// workspace limits the paths to one.
	workspace int64
	needs     []readiness.Need
	// seenIn is a check that finds more through it, and is decided without.
	seenIn string
}

func readSources() []readSource {
	const iam, scim, graph, statements = "/api/2.0/identity/**/", "/api/2.1/**/scim/v2/", "/graph/v1.0/", "/api/2.0/sql/statements"
	ofWorkspaces := []readiness.Need{readiness.NeedWorkspaces, readiness.NeedAccess, readiness.NeedWorkspaceAdmins, readiness.NeedLocalGroups}
	// Roles are in the same lists; and who owns a metastore is known where a name is no one else's.
	names := []readiness.Need{readiness.NeedRoles, readiness.NeedSQL}
	inIDP := []readiness.Need{readiness.NeedIDP, readiness.NeedMembers, readiness.NeedIDPMembers}
	return []readSource{
		{name: "workspaces", paths: []string{"/api/2.0/accounts/*/workspaces"}, needs: ofWorkspaces},
		{name: "users", paths: []string{iam + "users", scim + "Users"}, needs: append(names[:2:2], readiness.NeedUsers)},
		{name: "groups", paths: []string{iam + "groups", scim + "Groups"}, needs: append(names[:2:2], readiness.NeedGroups, readiness.NeedGroupMembers, readiness.NeedMembers, readiness.NeedIDPMembers)},
		{name: "service principals", paths: []string{iam + "service-principals", scim + "ServicePrincipals"}, needs: append(names[:2:2], readiness.NeedServicePrincipals)},
		{name: "account roles", paths: []string{scim + "*"}, needs: []readiness.Need{readiness.NeedRoles}},
		{name: "members of groups", paths: []string{"**/direct-members", scim + "Groups/*"}, needs: []readiness.Need{readiness.NeedGroupMembers, readiness.NeedMembers, readiness.NeedIDPMembers}},
		{name: "access to workspaces", paths: []string{"**/workspace-access-details", "**/permissionassignments"}, needs: []readiness.Need{readiness.NeedAccess, readiness.NeedWorkspaceAdmins}},
		{name: "metastores", paths: []string{"/api/2.0/accounts/*/metastores"}, needs: []readiness.Need{readiness.NeedMetastores, readiness.NeedSQL}},
		{name: "groups of workspaces", paths: []string{"/api/2.0/preview/scim/v2/Groups**"}, needs: []readiness.Need{readiness.NeedLocalGroups}},
		{name: "denylist", paths: []string{"**/account-access-identity-rules**"}, needs: []readiness.Need{readiness.NeedDenylist}},
		{name: "settings", paths: []string{"**/settings-metadata"}, needs: []readiness.Need{readiness.NeedSettings}},
		{name: "SQL definitions and grants", paths: []string{statements}, workspace: 8000000000000001, needs: []readiness.Need{readiness.NeedSQL, readiness.NeedGrants}},
		{name: "audit log", paths: []string{statements}, workspace: 8000000000000002, needs: []readiness.Need{readiness.NeedEvents}, seenIn: "workspace_scim"},
		{name: "users of the tenant", paths: []string{graph + "users**", graph + "$batch"}, needs: inIDP},
		{name: "groups of the tenant", paths: []string{graph + "groups**"}, needs: inIDP},
		{name: "service principals of the tenant", paths: []string{graph + "servicePrincipals**"}, needs: append(inIDP[:3:3], readiness.NeedConnectors)},
		{name: "SCIM connectors", paths: []string{"/graph/**/synchronization/**"}, needs: []readiness.Need{readiness.NeedConnectors}},
	}
}

// A source that is forbidden, silent, empty or malformed makes the checks that need it
// unknown, and no others, in what the command line stores.
func TestAccReadiness_failedReads(t *testing.T) {
	t.Parallel()
	kinds := []struct {
		name  string
		fault simulator.Fault
	}{
		{"forbidden", simulator.Fault{Kind: simulator.FaultStatus, Status: 403}}, {"silent", simulator.Fault{Kind: simulator.FaultHang}},
		{"empty", simulator.Fault{Kind: simulator.FaultStatus, Status: 200, Body: "{}"}}, {"malformed", simulator.Fault{Kind: simulator.FaultStatus, Status: 200, Body: `{"x":[{"y":1}]}`}},
	}
	st, err := presets.New("migration")
	must(t, err)
	// Its definitions are right, so that a failed read shows.
	settled, err := presets.New("migration")
	must(t, err)
	presets.SettleMigration(&settled)
	st.UnityCatalog = settled.UnityCatalog
	var readings []reading
	limits := calm // What fails is asked again no longer than that.
	limits.RetryBudget = longer
	add := func(name string, limits provider.Limits, faults ...simulator.Fault) {
		a := startAccount(t, st, simulator.Options{Faults: faults})
		readings = append(readings, reading{
			name: name, of: a, idp: a, settings: a.entra() + aimOn, limits: limits,
			inputs: everyDecision + migrationSQL + strings.ReplaceAll(migrationEvents, "8000000000000001", "8000000000000002") + a.connectors(),
		})
	}
	add("whole", limits)
	sources := readSources()
	for i, source := range sources {
		for _, kind := range kinds {
			var faults []simulator.Fault
			for _, path := range source.paths {
				fault := kind.fault
				fault.Path, fault.WorkspaceID = path, source.workspace
				faults = append(faults, fault)
			}
			limits := limits
			if kind.fault.Kind == simulator.FaultHang {
				limits.FirstContact, limits.RequestTimeout = longer, longer
			}
			add(fmt.Sprint(kind.name, i), limits, faults...)
		}
	}
	stored := reports(t, readings)
	was := checksOf(stored["whole"])
	var b strings.Builder
	b.WriteString("\n| source | what becomes unknown |\n| --- | --- |\n")
	for i, source := range sources {
		whatever := "" // what became unknown, which is the same for each kind of failure
		for _, kind := range kinds {
			report := stored[fmt.Sprint(kind.name, i)]
			now, unknown := checksOf(report), []string{}
			for _, c := range readiness.Checks() {
				needed := slices.ContainsFunc(c.Needs, func(n readiness.Need) bool { return slices.Contains(source.needs, n) })
				switch is, before := now[c.ID], was[c.ID]; {
				case !needed && is.unanswered: // A busy machine makes of a silent source a silent host.
				case needed && is.status == "unknown" && before.status != "unknown":
					unknown = append(unknown, "`"+c.ID+"`")
				case is.status != before.status, !needed && c.ID != source.seenIn && !slices.Equal(is.subjects, before.subjects):
					t.Errorf("%s %s: %s is %s of %q, and it was %s of %q", source.name, kind.name, c.ID, is.status, is.subjects, before.status, before.subjects)
				}
			}
			text := strings.Join(unknown, ", ")
			if whatever == "" {
				whatever = text
			}
			if text != whatever || text == "" || report["complete"] != false {
				t.Errorf("%s %s: complete is %v, unknown %s, and otherwise %s", source.name, kind.name, report["complete"], text, whatever)
			}
		}
		fmt.Fprintf(&b, "| %s | %s |\n", source.name, whatever)
	}
	compareTable(t, "../../docs/reliability.md", "<!-- Begin of the sources: generated by TestAccReadiness_failedReads -update -->\n", "<!-- End of the sources -->", b.String())
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package presets

import "github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"

// localGroups are Databricks' own: their names are unknown to the IdP, so they
// do not diverge, no matter who is in them.
func (f *fieldScan) localGroups() {
	f.group("account-admins", "", f.members(0, 6)...)
	f.st.Groups[len(f.st.Groups)-1].Roles = []world.Role{{Value: world.RoleAccountAdmin}}
	f.group("workspace-admins", "", f.members(6, 5)...)
	f.group(presetMetastoreAdminName, "", f.members(11, 3)...)
	for n, name := range []string{
		"sandbox-users", "migration-wave-1", "migration-wave-2", "migration-wave-3", "pilot-users", "training-2024",
		"training-2025", "hackathon", "cluster-policy-small", "cluster-policy-large", "cluster-policy-gpu",
		"sql-warehouse-users", "notebook-guests", "external-auditors", "vendor-support", "legacy-readers", "legacy-writers",
	} {
		members := []string{}
		for k := range 8 {
			members = append(members, f.locals[(n*11+k)%len(f.locals)])
		}
		f.group(name, "", append(members, f.members(n*3, 4)...)...)
	}
}

// members are n users of the pool from a position on, by internal id.
func (f *fieldScan) members(from, n int) []string {
	var out []string
	for k := range n {
		out = append(out, f.pool[(from+k)%len(f.pool)].id)
	}
	return out
}

// divergentGroups: category 3 with a blank externalId; six with one candidate
// and one, of a generic name, with seven.
func (f *fieldScan) divergentGroups() {
	for n, name := range []string{
		"bi-readers", "Labs, \"North\"; Pilot", "datenqualität", "field-engineering", "procurement", "ml-experiments",
	} {
		from := 40 * n
		var objects []string
		for k := range 9 {
			objects = append(objects, f.pool[(from+k)%len(f.pool)].objectID)
		}
		f.idpGroup(name, objects...)
		f.group(name, "", f.members(from, 7)...)
	}
	for n, name := range []string{"test", "test", "Test", "test", "TEST", "test", "test"} {
		f.idpGroupNumber(name, n+1, f.pool[n].objectID)
	}
	f.group("test", "", f.members(500, 3)...)
}

// groupNames are plausible names, odd ones among them.
func (f *fieldScan) groupNames(n int) []string {
	out := []string{
		"Finance, Controlling; Reporting", "R&D \"Blue Sky\"", "Einkauf Süd", "Ventes – Île-de-France",
		"数据平台", "=planning", "ops'n'sites", "Legal / Compliance (EU)",
	}
	for _, area := range []string{
		"finance", "sales", "marketing", "supply-chain", "risk", "data-platform", "customer-care", "logistics",
		"manufacturing", "research", "pricing", "fraud",
	} {
		for _, role := range []string{"analysts", "engineers", "readers", "owners", "stewards", "scientists", "admins", "ops", "viewers"} {
			for _, region := range []string{"emea", "amer", "apac"} {
				out = append(out, area+"-"+role+"-"+region)
			}
		}
	}
	return out[:n]
}

// cleanGroups are linked, and the IdP confirms each of their members. Every
// tenth holds the one before it, on both sides, and lists one of its members
// flat, which the IdP has through the nested group only.
func (f *fieldScan) cleanGroups() {
	// One group more is to come: account users.
	names := f.groupNames(fieldGroups - 1 - len(f.st.Groups))
	var previousID, previousObject string
	var previousMember fieldMember
	for n, name := range names {
		size := 5 + (n*13)%41
		from := n * 17
		var ids, objects []string
		for k := range size {
			m := f.pool[(from+k*3)%len(f.pool)]
			ids, objects = append(ids, m.id), append(objects, m.objectID)
		}
		first := f.pool[from%len(f.pool)]
		if n%10 == 9 {
			ids, objects = append(ids, previousID), append(objects, previousObject)
			ids = append(ids, previousMember.id)
		}
		if n%4 == 0 { // Members who never logged in: the IdP has them only.
			objects = append(objects, f.st.IDP.Users[len(f.st.IDP.Users)-1-n].ID)
		}
		previousObject = f.idpGroup(name, objects...)
		previousID = f.group(name, previousObject, ids...)
		previousMember = first
		f.linkedGroups = append(f.linkedGroups, previousID)
	}
	for n := range 60 { // Known to the IdP only.
		f.idpGroup("mail-list-"+names[n+20], f.pool[n].objectID)
	}
}

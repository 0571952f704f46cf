// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package csv renders the files of the AIM enablement prep script and of
// databricks-access-audit, byte for byte, the worklists of the AIM remediation
// executor, and files of our own for people. Pure.
package csv

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Row is one row by attribute name, as the data sources spell it. A single
// value is a list of one, null and empty a list of none. Attributes that the
// file does not have are ignored.
type Row = map[string][]string

// Options change how a file is rendered. The zero value renders what the
// scripts write.
type Options struct {
	// DefuseFormulas puts a single quote before cells that a spreadsheet could
	// run: those that start with =, +, -, @, a tab or a carriage return. Files of our
	// own are always defused: no program is known to read them back.
	DefuseFormulas bool
}

// The kinds of files that [Render] knows.
const (
	Users               = "users"
	Groups              = "groups"
	ServicePrincipals   = "service_principals"
	Workspaces          = "workspaces"
	Failures            = "failures"
	IdentitiesToProcess = "identities_to_process"
	// Compare and Clone are files of databricks-access-audit
	// (docs/reference/clone-and-diff-contract.md 1.7), made of the rows of package access.
	Compare = "compare"
	Clone   = "clone"
	// CloneResult is Clone after an apply.
	CloneResult = "clone_result"
	// Files of our own, whose columns are named as the attributes: one line per check,
	// and what is to be applied or left to people.
	Readiness      = "readiness"
	Fixes          = "fixes"
	MemberRemovals = "member_removals"
	Deactivations  = "deactivations"
	ManualActions  = "manual_actions"
	Duplicates     = "duplicates"
	// What the audit log shows.
	MembershipEdits   = "membership_edits"
	ExternalIDChanges = "external_id_changes"
)

// arrow joins the groups of a path.
const arrow = " \u2192 "

// column is one column of a file.
type column struct {
	header string
	// from are the attributes that may hold it; the first that the row has counts.
	from []string
	// list allows several values, joined with join, or ";" when that is empty.
	list bool
	join string
	// convert changes each value; nil leaves it.
	convert func(string) string
}

// Kinds lists the kinds, sorted.
func Kinds() []string {
	kinds := append(Worklists(), Clone, CloneResult, Compare, Deactivations, Duplicates, ExternalIDChanges, Failures, Fixes, Groups, IdentitiesToProcess, ManualActions, MemberRemovals, MembershipEdits,
		Readiness, ServicePrincipals, Users, Workspaces)
	slices.Sort(kinds)
	return kinds
}

// ownColumns are the attributes that a file of our own has as columns, in its order;
// nil for every other kind.
func ownColumns(kind string) []string {
	switch kind {
	case Readiness:
		return []string{"id", "decision", "severity", "status", "title", "summary", "remedy", "source"}
	case Fixes:
		return []string{"principal_type", "principal_id", "principal_name", "current_external_id", "external_id", "category", "reversible"}
	case MemberRemovals:
		return []string{"group_id", "group_name", "member_id", "member_type", "member_name", "category", "cause"}
	case Deactivations:
		return []string{"principal_type", "principal_id", "principal_name", "cause"}
	case Duplicates:
		return []string{
			"principal_type", "external_id", "principal_id", "principal_name", "display_name", "active", "name_matches", "group_count", "created", "suggestion", "reason",
		}
	case MembershipEdits:
		return []string{"group_id", "group_name", "member_id", "member_name", "change", "actor", "agent", "writer", "endpoint", "count", "last"}
	case ExternalIDChanges:
		return []string{"principal_type", "principal_id", "name", "action", "actor", "agent", "writer", "endpoint", "count", "last"}
	case ManualActions:
		return []string{
			"principal_type", "principal_id", "principal_name", "category", "reason", "switch", "detail", "remedy", "candidate_external_ids", "member_ids",
		}
	default:
		return nil
	}
}

// columnsOf gives header and order of a file; nil for an unknown kind.
func columnsOf(kind string) []column {
	id := column{header: "id", from: []string{"id"}}
	externalID := column{header: "externalId", from: []string{"external_id"}}
	categories := column{header: "errorCategories", from: []string{"error_categories"}, list: true}
	one := func(header, from string) column { return column{header: header, from: []string{from}} }
	list := func(header, from string) column {
		return column{header: header, from: []string{from}, list: true}
	}
	switch kind {
	case Users:
		return []column{
			id, one("username", "username"), externalID,
			list("externalIdWithUsernameMatch", "external_id_with_username_match"), categories,
		}
	case Groups:
		return []column{
			id, one("groupName", "group_name"), externalID,
			list("externalIdsWithGroupnameMatch", "external_ids_with_groupname_match"),
			list("localMembersNotInIdpInternalIds", "local_members_not_in_idp_internal_ids"),
			list("externalMembersNotInIdpInternalIds", "external_members_not_in_idp_internal_ids"),
			categories,
		}
	case ServicePrincipals:
		return []column{
			id, one("applicationId", "application_id"), externalID,
			list("externalIdWithAppIdMatch", "external_id_with_app_id_match"), categories,
		}
	case Workspaces:
		return []column{{header: "workspaceId", from: []string{"workspace_id", "id"}}, categories}
	case Failures:
		return []column{
			{header: "id", from: []string{"principal_id", "id"}},
			{header: "type", from: []string{"principal_type", "type"}, convert: strings.ToUpper},
			{header: "error", from: []string{"error", "reason"}},
		}
	case IdentitiesToProcess:
		return []column{id}
	case Compare, Clone, CloneResult:
		return accessColumns(kind)
	default:
		if columns := worklistColumns(kind); columns != nil {
			return columns
		}
		var columns []column
		for _, name := range ownColumns(kind) {
			columns = append(columns, column{header: name, from: []string{name}, list: strings.HasSuffix(name, "_ids")})
		}
		return columns
	}
}

// accessColumns gives header and order of databricks-access-audit's files,
// whose columns are named as the attributes that hold them (1.7, R22).
func accessColumns(kind string) []column {
	one := func(name string) column { return column{header: name, from: []string{name}} }
	truth := func(name string) column {
		return column{header: name, from: []string{name}, convert: pythonBool}
	}
	list := func(name, join string) column {
		return column{header: name, from: []string{name}, list: true, join: join}
	}
	if kind == Compare {
		return []column{
			one("group_id"), one("group_name"), one("source"), truth("in_a"), truth("in_b"),
			truth("is_direct_in_a"), truth("is_direct_in_b"), list("path_in_a", arrow), list("path_in_b", arrow),
		}
	}
	return []column{
		one("action_type"), one("group_name"), one("group_id"), one("source"), list("path", arrow),
		list("workspace_accesses", ", "), list("uc_grants_summary", "; "), truth("applied"), one("error"),
	}
}

// pythonBool is a truth value as Python prints it.
func pythonBool(value string) string {
	switch value {
	case "true":
		return "True"
	case "false":
		return "False"
	default:
		return value
	}
}

// Render renders rows as the file of that kind, byte for byte as Python's csv
// module does: comma, minimal quoting, CRLF, a header always. Rows and list cells
// stay in the order given. The prep script lists only divergent workspaces; what
// is given here is rendered, divergent or not.
//
// The error names the row, counted from 0, and the attribute: an unknown kind, a
// row without an attribute that the file needs, several values for one cell.
func Render(kind string, rows []Row, o Options) (string, error) {
	columns := columnsOf(kind)
	if columns == nil {
		return "", fmt.Errorf("unknown kind %q; use one of: %s", kind, strings.Join(Kinds(), ", "))
	}
	var b strings.Builder
	defused := o.DefuseFormulas || ownColumns(kind) != nil
	cells := make([]string, len(columns))
	for i, c := range columns {
		cells[i] = c.header
	}
	writeRecord(&b, cells)
	for n, row := range rows {
		for i := range columns {
			cell, err := columns[i].cell(row)
			if err != nil {
				return "", fmt.Errorf("row %d of %s: %w", n, kind, err)
			}
			if defused {
				cell = defuse(cell)
			}
			cells[i] = cell
		}
		writeRecord(&b, cells)
	}
	return b.String(), nil
}

func (c *column) cell(row Row) (string, error) {
	at := slices.IndexFunc(c.from, func(name string) bool { _, found := row[name]; return found })
	if at < 0 {
		return "", fmt.Errorf("attribute %s is missing", strings.Join(c.from, " or "))
	}
	values := row[c.from[at]]
	if !c.list && len(values) > 1 {
		return "", fmt.Errorf("attribute %s has %d values where the file has room for one", c.from[at], len(values))
	}
	join := cmp.Or(c.join, ";")
	if c.convert == nil {
		return strings.Join(values, join), nil
	}
	converted := make([]string, len(values))
	for i, v := range values {
		converted[i] = c.convert(v)
	}
	return strings.Join(converted, join), nil
}

// formulaStarts are the characters after which a spreadsheet runs a cell, by
// OWASP's advice on CSV injection; the wide ones are taken for the narrow ones
// by spreadsheets of some languages.
const formulaStarts = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"

// defuse puts an apostrophe in front of what a spreadsheet would run.
func defuse(cell string) string {
	first, _ := utf8.DecodeRuneInString(cell)
	if cell != "" && strings.ContainsRune(formulaStarts, first) {
		return "'" + cell
	}
	return cell
}

// writeRecord quotes as Python's QUOTE_MINIMAL: cells with a comma, a quote,
// CR or LF, and a record of one empty cell, which would otherwise be no line.
func writeRecord(b *strings.Builder, cells []string) {
	for i, cell := range cells {
		if i > 0 {
			b.WriteByte(',')
		}
		if !strings.ContainsAny(cell, ",\"\r\n") && (cell != "" || len(cells) > 1) {
			b.WriteString(cell)
			continue
		}
		b.WriteByte('"')
		b.WriteString(strings.ReplaceAll(cell, `"`, `""`))
		b.WriteByte('"')
	}
	b.WriteString("\r\n")
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// CSVRow is one row by attribute name, as the data sources spell it. A single
// value is a list of one, null and empty a list of none. Attributes that the
// file does not have are ignored.
type CSVRow map[string][]string

// CSVOptions change how a file is rendered. The zero value renders what the
// scripts write.
type CSVOptions struct {
	// DefuseFormulas puts a single quote before cells that a spreadsheet could
	// run: those that start with =, +, -, @, a tab or a carriage return.
	DefuseFormulas bool
}

// The kinds of files that [RenderCSV] knows.
const (
	CSVUsers               = "users"
	CSVGroups              = "groups"
	CSVServicePrincipals   = "service_principals"
	CSVWorkspaces          = "workspaces"
	CSVFailures            = "failures"
	CSVIdentitiesToProcess = "identities_to_process"
	// CSVCompare and CSVClone are files of databricks-access-audit
	// (docs/reference/clone-and-diff-contract.md 1.7), made of the rows of package access.
	CSVCompare = "compare"
	CSVClone   = "clone"
)

// csvArrow joins the groups of a path.
const csvArrow = " \u2192 "

// csvColumn is one column of a file.
type csvColumn struct {
	header string
	// from are the attributes that may hold it; the first that the row has counts.
	from []string
	// list allows several values, joined with join, or ";" when that is empty.
	list bool
	join string
	// convert changes each value; nil leaves it.
	convert func(string) string
}

// CSVKinds lists the kinds, sorted.
func CSVKinds() []string {
	return []string{
		CSVClone, CSVCompare, CSVFailures, CSVGroups, CSVIdentitiesToProcess, CSVServicePrincipals, CSVUsers, CSVWorkspaces,
	}
}

// csvColumns gives header and order of the prep script's files; nil for an
// unknown kind.
func csvColumns(kind string) []csvColumn {
	id := csvColumn{header: "id", from: []string{"id"}}
	externalID := csvColumn{header: "externalId", from: []string{"external_id"}}
	categories := csvColumn{header: "errorCategories", from: []string{"error_categories"}, list: true}
	one := func(header, from string) csvColumn { return csvColumn{header: header, from: []string{from}} }
	list := func(header, from string) csvColumn {
		return csvColumn{header: header, from: []string{from}, list: true}
	}
	switch kind {
	case CSVUsers:
		return []csvColumn{
			id, one("username", "username"), externalID,
			list("externalIdWithUsernameMatch", "external_id_with_username_match"), categories,
		}
	case CSVGroups:
		return []csvColumn{
			id, one("groupName", "group_name"), externalID,
			list("externalIdsWithGroupnameMatch", "external_ids_with_groupname_match"),
			list("localMembersNotInIdpInternalIds", "local_members_not_in_idp_internal_ids"),
			list("externalMembersNotInIdpInternalIds", "external_members_not_in_idp_internal_ids"),
			categories,
		}
	case CSVServicePrincipals:
		return []csvColumn{
			id, one("applicationId", "application_id"), externalID,
			list("externalIdWithAppIdMatch", "external_id_with_app_id_match"), categories,
		}
	case CSVWorkspaces:
		return []csvColumn{{header: "workspaceId", from: []string{"workspace_id", "id"}}, categories}
	case CSVFailures:
		return []csvColumn{
			{header: "id", from: []string{"principal_id", "id"}},
			{header: "type", from: []string{"principal_type", "type"}, convert: strings.ToUpper},
			{header: "error", from: []string{"error", "reason"}},
		}
	case CSVIdentitiesToProcess:
		return []csvColumn{id}
	case CSVCompare, CSVClone:
		return csvAccessColumns(kind)
	default:
		return nil
	}
}

// csvAccessColumns gives header and order of databricks-access-audit's files,
// whose columns are named as the attributes that hold them (1.7, R22).
func csvAccessColumns(kind string) []csvColumn {
	one := func(name string) csvColumn { return csvColumn{header: name, from: []string{name}} }
	truth := func(name string) csvColumn {
		return csvColumn{header: name, from: []string{name}, convert: pythonBool}
	}
	list := func(name, join string) csvColumn {
		return csvColumn{header: name, from: []string{name}, list: true, join: join}
	}
	if kind == CSVCompare {
		return []csvColumn{
			one("group_id"), one("group_name"), one("source"), truth("in_a"), truth("in_b"),
			truth("is_direct_in_a"), truth("is_direct_in_b"), list("path_in_a", csvArrow), list("path_in_b", csvArrow),
		}
	}
	return []csvColumn{
		one("action_type"), one("group_name"), one("group_id"), one("source"), list("path", csvArrow),
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

// RenderCSV renders rows as the file of that kind, byte for byte as Python's csv
// module does: comma, minimal quoting, CRLF, a header always. Rows and list cells
// stay in the order given. The prep script lists only divergent workspaces; what
// is given here is rendered, divergent or not.
//
// The error names the row, counted from 0, and the attribute: an unknown kind, a
// row without an attribute that the file needs, several values for one cell.
func RenderCSV(kind string, rows []CSVRow, o CSVOptions) (string, error) {
	columns := csvColumns(kind)
	if columns == nil {
		return "", fmt.Errorf("%q is no kind of file; the kinds are %s", kind, strings.Join(CSVKinds(), ", "))
	}
	var b strings.Builder
	cells := make([]string, len(columns))
	for i, c := range columns {
		cells[i] = c.header
	}
	writeCSVRecord(&b, cells)
	for n, row := range rows {
		for i := range columns {
			cell, err := columns[i].cell(row)
			if err != nil {
				return "", fmt.Errorf("row %d of %s: %w", n, kind, err)
			}
			if o.DefuseFormulas {
				cell = defuse(cell)
			}
			cells[i] = cell
		}
		writeCSVRecord(&b, cells)
	}
	return b.String(), nil
}

func (c *csvColumn) cell(row CSVRow) (string, error) {
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

// writeCSVRecord quotes as Python's QUOTE_MINIMAL: cells with a comma, a quote,
// CR or LF, and a record of one empty cell, which would otherwise be no line.
func writeCSVRecord(b *strings.Builder, cells []string) {
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

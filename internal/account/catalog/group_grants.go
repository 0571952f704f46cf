// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/readiness"
)

// mostGrantees bounds the names of one statement, mostGrantRows what it answers.
const (
	mostGrantees  = 200
	mostGrantRows = 10_000
)

// GroupGrants reads what groups are granted or own in Unity Catalog, counted by privilege
// and type, in two statements for each warehouse. unknown are the reasons why there may
// be more, sorted. The error is for what makes everything else worthless.
func (c *Catalog) GroupGrants(ctx context.Context, through []SQLWarehouse, groups []string) (out []readiness.Grant, unknown []string, err error) {
	if more := len(groups) - mostGrantees; more > 0 {
		groups = groups[:mostGrantees]
		unknown = append(unknown, fmt.Sprintf("%d groups more than %d were not looked up", more, mostGrantees))
	}
	read := map[string]bool{}
	for _, w := range through {
		s, err := c.definitionScan(ctx, w)
		if err == nil && read[s.out.ID] {
			continue
		}
		var more []readiness.Grant
		if err == nil {
			more, err = s.groupGrants(ctx, groups)
		}
		switch {
		case err != nil && api.IsLost(ctx, err):
			return nil, nil, err
		case err != nil:
			unknown = append(unknown, fmt.Sprintf("grants could not be read through the workspace %s: %s", w.WorkspaceID, oneLine(err)))
			continue
		case !s.out.AdminProven:
			unknown = append(unknown, fmt.Sprintf("the caller is not known to be admin of the metastore %s, and system.information_schema shows only what the caller may use", s.out.ID))
		}
		read[s.out.ID] = true
		for _, h := range s.holes {
			unknown = append(unknown, "metastore "+s.out.ID+": "+h)
		}
		out = append(out, more...)
	}
	slices.Sort(unknown)
	return out, slices.Compact(unknown), nil
}

func (s *catalogScan) groupGrants(ctx context.Context, groups []string) ([]readiness.Grant, error) {
	if err := s.prove(ctx); err != nil {
		return nil, err
	}
	views, err := s.grantViews(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	var parameters []api.Parameter
	for i, group := range groups {
		name := "g" + strconv.Itoa(i)
		names = append(names, ":"+name)
		parameters = append(parameters, api.Parameter{Name: name, Value: strings.ToLower(group), Type: "STRING"})
	}
	in := " IN (" + strings.Join(names, ", ") + ")"
	var parts []string
	for _, v := range views {
		first := "min(concat(" + strings.Join(v.names, ", '.', ") + "))"
		if len(v.names) == 1 {
			first = "min(" + v.names[0] + ")"
		}
		parts = append(parts, fmt.Sprintf("SELECT '%s', grantee, privilege_type, CAST(count(*) AS STRING), %s FROM system.information_schema.%s "+
			"WHERE lower(grantee)%s AND (inherited_from IS NULL OR inherited_from = 'NONE') GROUP BY grantee, privilege_type", v.kind, first, v.grants, in))
		if v.objects != "" {
			parts = append(parts, fmt.Sprintf("SELECT '%s', %s, '%s', CAST(count(*) AS STRING), %s FROM system.information_schema.%s WHERE lower(%s)%s GROUP BY %s",
				v.kind, v.owner, readiness.Owner, first, v.objects, v.owner, in, v.owner))
		}
	}
	rows, err := s.c.api.Query(ctx, s.via, s.warehouse, strings.Join(parts, " UNION ALL ")+" ORDER BY 1, 2, 3 LIMIT "+strconv.Itoa(mostGrantRows+1), parameters...)
	if err == nil && len(rows) > mostGrantRows || errors.Is(err, api.ErrTruncated) {
		s.hole(fmt.Sprintf("the groups have more than %d kinds of grants, and the rest was not read", mostGrantRows))
		err = nil
	}
	if err != nil {
		return nil, err
	}
	var out []readiness.Grant
	for _, row := range rows {
		if len(row) != 5 || slices.Contains(row, nil) {
			return nil, errors.New("the answer of the query for grants has a row of another form than was asked for")
		}
		objects, err := strconv.Atoi(*row[3])
		if err != nil {
			return nil, errors.New("the answer of the query for grants has a number that is none")
		}
		out = append(out, readiness.Grant{Kind: *row[0], Group: *row[1], Privilege: strings.ReplaceAll(*row[2], " ", "_"), Objects: objects, First: *row[4]})
	}
	return out, nil
}

// grantViews are the views of grants that there are. One of nested objects that is not as
// expected is a hole.
func (s *catalogScan) grantViews(ctx context.Context) ([]sqlView, error) {
	columns, err := s.schemaColumns(ctx)
	if err != nil {
		return nil, err
	}
	var out []sqlView
	for _, v := range sqlViews {
		switch lack := v.lacks(columns); {
		case lack == "":
			out = append(out, v)
		case len(v.names) > 1:
			s.hole(lack)
		}
	}
	if len(out) == 0 {
		return nil, errors.New("system.information_schema shows none of the views that were expected")
	}
	return out, nil
}

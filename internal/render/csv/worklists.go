// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package csv

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"
)

// The worklists of the AIM remediation executor, by the names of their files
// (docs/reference/prep-script-contract.md 8.2).
const (
	WorklistUsersPatch             = "remediation_1_users_PATCH_externalid"
	WorklistUsersTicket            = "remediation_2_users_SUPPORT_ticket"
	WorklistGroups                 = "remediation_3_groups_name_collision"
	WorklistUsersForeign           = "remediation_4_users_CROSS_TENANT_escalate"
	WorklistUsersStale             = "remediation_5_users_STALE_deactivate"
	WorklistServicePrincipalsPatch = "remediation_6_sps_PATCH_externalid"
	WorklistServicePrincipalTicket = "remediation_7_sps_SUPPORT_ticket"
	WorklistServicePrincipalsStale = "remediation_8_sps_STALE_review"
)

// Worklists lists the executor's worklists in the order of its buckets.
func Worklists() []string {
	return []string{
		WorklistUsersPatch, WorklistUsersTicket, WorklistGroups, WorklistUsersForeign, WorklistUsersStale,
		WorklistServicePrincipalsPatch, WorklistServicePrincipalTicket, WorklistServicePrincipalsStale,
	}
}

// worklistColumns gives header and order of a worklist; nil for every other kind.
func worklistColumns(kind string) []column {
	one := func(header, from string) column { return column{header: header, from: []string{from}} }
	id, name := one("id", "id"), one("username", "username")
	switch kind {
	case WorklistServicePrincipalsPatch, WorklistServicePrincipalTicket, WorklistServicePrincipalsStale:
		name = one("applicationId", "application_id")
	}
	switch kind {
	case WorklistUsersPatch, WorklistServicePrincipalsPatch:
		return []column{id, name, one("currentExternalId", "external_id"), one("targetExternalId", "target_external_id")}
	case WorklistUsersTicket, WorklistUsersForeign, WorklistUsersStale, WorklistServicePrincipalTicket, WorklistServicePrincipalsStale:
		return []column{id, name, one("externalId", "external_id")}
	case WorklistGroups:
		return []column{
			id, one("groupName", "group_name"), one("currentExternalId", "external_id"), one("candidateCount", "candidate_count"),
			{header: "candidateExternalIds", from: []string{"external_ids_with_groupname_match"}, list: true},
		}
	default:
		return nil
	}
}

// Divergences is the part of dbxidentity_divergences that the worklists are made of.
type Divergences struct {
	Users, Groups, ServicePrincipals []Row
	// Offered are the external ids that are safe to write, by the principal
	// ("user/1").
	Offered map[string]string
	// PrimaryDomains are the own mail domains, in any case.
	PrimaryDomains []string
}

// WorklistRows are the rows of a worklist, in the order given: each divergent principal is in
// the bucket in which the executor puts it, but for waived ones, which are in none. The
// executor writes whatever a PATCH list holds as the target, so the target is blank where
// no fix is offered; it then skips the row and says so (SKIP_no_target).
func WorklistRows(kind string, d Divergences) ([]Row, error) {
	list, one := d.Users, audit.TypeUser
	bucket := strconv.Itoa(slices.Index(Worklists(), kind) + 1)
	switch kind {
	case WorklistGroups:
		list, one = d.Groups, audit.TypeGroup
	case WorklistServicePrincipalsPatch, WorklistServicePrincipalTicket, WorklistServicePrincipalsStale:
		list, one = d.ServicePrincipals, audit.TypeServicePrincipal
	case WorklistUsersForeign, WorklistUsersStale:
		if len(d.PrimaryDomains) == 0 {
			return nil, errors.New("primary_domains of the data source is empty, and without your own mail domains your own stale users cannot be " +
				"separated from foreign ones; set it")
		}
	}
	own := make(map[string]bool, len(d.PrimaryDomains))
	for _, domain := range d.PrimaryDomains {
		own[strings.ToLower(domain)] = true
	}
	columns, out := worklistColumns(kind), []Row{}
	for n, row := range list {
		if slices.Equal(row["waived"], []string{"true"}) {
			continue
		}
		if _, given := row["error_categories"]; !given {
			return nil, fmt.Errorf("row %d of %s: attribute error_categories is missing", n, kind)
		}
		if bucketOf(one, row, own) != bucket {
			continue
		}
		made := Row{
			"target_external_id": {d.Offered[string(one)+"/"+first(row["id"])]},
			"candidate_count":    {strconv.Itoa(len(row["external_ids_with_groupname_match"]))},
		}
		for i := range columns {
			if values, there := row[columns[i].from[0]]; there {
				made[columns[i].from[0]] = values
			}
		}
		out = append(out, made)
	}
	return out, nil
}

// bucketOf is the executor's bucket of a row.
func bucketOf(one audit.PrincipalType, row Row, own map[string]bool) string {
	match := row["external_id_with_username_match"]
	if one == audit.TypeServicePrincipal {
		match = row["external_id_with_app_id_match"]
	}
	return rules.BucketOf(one, row["error_categories"], first(match) != "", own[audit.MailDomain(first(row["username"]))])
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// CompareKeys orders the keys of maps such as external_id_fixes, part by part, ids as
// numbers.
func CompareKeys(a, b string) int {
	left, right := strings.Split(a, "/"), strings.Split(b, "/")
	return cmp.Or(slices.CompareFunc(left, right, audit.CompareIDs), strings.Compare(a, b))
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package entra

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/faults"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

func (c *graphCall) renderEvent(e *world.ProvisioningEvent, at string) map[string]any {
	app := map[string]any{"id": e.ServicePrincipalID, "displayName": nil}
	var principal any = app
	if c.s.Assumed.LogServicePrincipals {
		principal = []any{app}
	}
	var failure any
	if e.ErrorCode != "" || e.Reason != "" {
		failure = map[string]any{"errorCode": e.ErrorCode, "reason": e.Reason, "additionalDetails": nil, "errorCategory": "nonServiceFailure", "recommendedAction": nil}
	}
	changed := []any{}
	if e.ExternalID != "" {
		changed = append(changed, map[string]any{"displayName": "externalId", "oldValue": nil, "newValue": e.ExternalID})
	}
	kind := cmp.Or(e.IdentityType, "User")
	return map[string]any{
		"id": e.ID, "activityDateTime": at, "tenantId": c.d.TenantID(), "jobId": e.JobID, "cycleId": "", "changeId": "",
		"provisioningAction": e.Action, "durationInMilliseconds": 900, "servicePrincipal": principal,
		"initiatedBy":            map[string]any{"id": "", "displayName": "Azure AD Provisioning Service", "initiatorType": "system"},
		"sourceSystem":           map[string]any{"id": "", "displayName": "Azure Active Directory", "details": map[string]any{}},
		"targetSystem":           map[string]any{"id": "", "displayName": nil, "details": map[string]any{"ServicePrincipalId": e.ServicePrincipalID}},
		"sourceIdentity":         map[string]any{"id": e.SourceID, "displayName": e.SourceName, "identityType": kind, "details": map[string]any{}},
		"targetIdentity":         map[string]any{"id": e.TargetID, "displayName": "", "identityType": kind, "details": map[string]any{}},
		"provisioningStatusInfo": map[string]any{"status": e.Status, "errorInformation": failure},
		"provisioningSteps":      []any{}, "modifiedProperties": changed,
	}
}

// provisioningLog lists events, the newest first. Which paths a filter may have is not
// known: by default the time only.
func (c *graphCall) provisioningLog() *graphError {
	if q := c.s.Limiter.Take(graphLogLimit, 1); !q.OK {
		c.rw.Header().Set("Retry-After", faults.RetryAfterSeconds(q.RetryAfter))
		return &graphError{429, "TooManyRequests", "Too many requests."}
	}
	keep, fail := logFilter(c.r.URL.Query().Get("$filter"), c.s.Assumed.LogFilterPaths)
	if fail != nil {
		return fail
	}
	type event struct {
		*world.ProvisioningEvent
		at string
	}
	var found []event
	for i := range c.d.Doc.ProvisioningLog {
		e := event{&c.d.Doc.ProvisioningLog[i], timeOf(c.d.Doc.ProvisioningLog[i].ActivityDateTime, c.s.Started)}
		if keep(e.ProvisioningEvent, e.at) {
			found = append(found, e)
		}
	}
	slices.SortStableFunc(found, func(a, b event) int { return cmp.Compare(b.at, a.at) })
	rows := make([]map[string]any, 0, len(found))
	for _, e := range found {
		rows = append(rows, c.renderEvent(e.ProvisioningEvent, e.at))
	}
	return c.plainPage(rows)
}

// logFilter knows comparisons that are joined by and. Texts are compared as they are.
func logFilter(text string, anyPath bool) (func(e *world.ProvisioningEvent, at string) bool, *graphError) {
	type clause struct{ path, op, value string }
	var clauses []clause
	for part := range strings.SplitSeq(text, " and ") {
		if part == "" {
			continue
		}
		fields := strings.SplitN(strings.TrimSpace(part), " ", 3)
		if len(fields) != 3 || !slices.Contains([]string{"eq", "gt", "ge", "lt", "le"}, fields[1]) {
			return nil, graphBadRequest("BadRequest", "Invalid filter clause: '%s'.", part)
		}
		k := clause{fields[0], fields[1], strings.Trim(fields[2], "'")}
		switch {
		case k.path == "activityDateTime":
			at, err := time.Parse(time.RFC3339, k.value)
			if err != nil {
				return nil, graphBadRequest("BadRequest", "Invalid filter clause: '%s' is no time.", k.value)
			}
			k.value = at.UTC().Format("2006-01-02T15:04:05Z")
		case !anyPath || k.path != "servicePrincipal/id" && k.path != "jobId" || k.op != "eq":
			return nil, graphBadRequest("BadRequest", "Filter on '%s' is not supported.", k.path)
		}
		clauses = append(clauses, k)
	}
	return func(e *world.ProvisioningEvent, at string) bool {
		for _, k := range clauses {
			have := map[string]string{"activityDateTime": at, "servicePrincipal/id": e.ServicePrincipalID, "jobId": e.JobID}[k.path]
			order := cmp.Compare(have, k.value)
			if holds := map[string]bool{"eq": order == 0, "gt": order > 0, "ge": order >= 0, "lt": order < 0, "le": order <= 0}[k.op]; !holds {
				return false
			}
		}
		return true
	}, nil
}

// graphLogLimit: 5 requests in 10 seconds for an app and a tenant.
const graphLogLimit = "Graph audit logs"

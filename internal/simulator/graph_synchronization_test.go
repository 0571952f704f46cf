// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// connectedDirectory is smallDirectory with a connector.
func connectedDirectory() simulator.IDP {
	idp := smallDirectory()
	idp.ServicePrincipals[0].ApplicationTemplateID = "9c9818d2-2900-49e8-8ba4-22688be7c675"
	idp.ServicePrincipals[0].AppRoleAssignedTo = []simulator.AppRoleAssignment{{PrincipalID: gid(1, 1)}, {PrincipalID: gid(2, 1)}, {PrincipalID: gid(3, 2)}}
	idp.ServicePrincipals[0].Synchronization = &world.Synchronization{
		Jobs: []world.SyncJob{{
			ID: "dataBricks.1", Schedule: world.SyncSchedule{Interval: "PT40M", State: "Active"},
			Status: world.SyncStatus{Code: "Active", LastExecution: &world.SyncExecution{State: "Succeeded", TimeEnded: "-PT1H20M"}},
			Schema: world.SyncSchema{SynchronizationRules: []world.SyncRule{{Name: "rule"}}},
		}},
		Secrets:   []world.SyncSecret{{Key: "BaseAddress", Value: "https://adb-1.1.azuredatabricks.net/api/2.0/preview/scim"}, {Key: "SecretToken", Value: "dapi-of-the-connector"}},
		Templates: []world.SyncTemplate{{ID: "dataBricks"}},
	}
	idp.ProvisioningLog = []world.ProvisioningEvent{
		{ID: "1", ActivityDateTime: "-PT30M", ServicePrincipalID: gid(3, 1), SourceID: gid(1, 1), Status: "failure", ErrorCode: "DatabricksEntryConflict"},
		{ID: "2", ActivityDateTime: "-PT10M", ServicePrincipalID: gid(3, 1), SourceID: gid(1, 1), Status: "success"},
		{ID: "3", ActivityDateTime: "-P2D", ServicePrincipalID: gid(3, 2), SourceID: gid(1, 1), Status: "success"},
	}
	return idp
}

func TestGraph_synchronization(t *testing.T) {
	t.Parallel()
	clock := time.Date(2026, 11, 28, 9, 30, 0, 0, time.UTC)
	sim := startIDP(t, connectedDirectory(), simulator.Options{Now: func() time.Time { return clock }})
	sp := "/servicePrincipals/" + gid(3, 1)
	sim.Server.SetGraphPermissions("Synchronization.ReadWrite.All", "Application.Read.All", "ProvisioningLog.Read.All")
	token := graphToken(t, sim)

	status, body := graphGet(t, sim, token, "/v1.0"+sp+"/synchronization/jobs")
	if got := fmt.Sprint(list(body, "value")); status != 200 || got == "[]" {
		t.Fatalf("jobs: %d %v", status, body)
	}
	job := list(body, "value")[0]
	if ended := fmt.Sprint(job); !strings.Contains(ended, "timeEnded:2026-11-28T08:10:00Z") || strings.Contains(ended, "synchronizationRules") {
		t.Errorf("job: %s", ended)
	}
	for path, want := range map[string]string{
		"/v1.0" + sp + "/synchronization/jobs/dataBricks.1":                                                                      "PT40M",
		"/v1.0" + sp + "/synchronization/jobs/dataBricks.1/schema":                                                               "name:rule",
		"/v1.0" + sp + "/synchronization/templates":                                                                              "id:dataBricks",
		"/v1.0" + sp + "/synchronization/templates/dataBricks/schema":                                                            "synchronizationRules:[]",
		"/beta" + sp + "/synchronization/secrets":                                                                                "key:SecretToken value:*",
		"/v1.0/servicePrincipals/" + gid(3, 2) + "/synchronization/jobs":                                                         "value:[]",
		"/v1.0" + sp + "/appRoleAssignedTo":                                                                                      "principalType:ServicePrincipal",
		"/v1.0" + sp + "/appRoleAssignedTo?$top=1":                                                                               "@odata.nextLink",
		"/v1.0/applicationTemplates?$filter=" + url.QueryEscape("displayName eq 'Azure Databricks SCIM Provisioning Connector'"): "id:9c9818d2-2900-49e8-8ba4-22688be7c675",
		"/v1.0/servicePrincipals?$filter=" + url.QueryEscape("applicationTemplateId eq '9c9818d2-2900-49e8-8ba4-22688be7c675'"):  "id:" + gid(3, 1),
		"/v1.0/auditLogs/provisioning?$filter=" + url.QueryEscape("activityDateTime gt 2026-11-28T09:10:00Z"):                    "id:2",
		"/v1.0/auditLogs/provisioning?$filter=" + url.QueryEscape("activityDateTime gt 2026-11-28T08:00:00Z") + "&$top=1":        "@odata.nextLink",
	} {
		status, body := graphGet(t, sim, token, path)
		if got := fmt.Sprint(body); status != 200 || !strings.Contains(got, want) || strings.Contains(got, "dapi-of-the-connector") {
			t.Errorf("%s: %d %s, want %s", path, status, got, want)
		}
	}
	for path, want := range map[string]int{
		"/v1.0" + sp + "/synchronization/secrets":                                               400,
		"/v1.0" + sp + "/synchronization/jobs/other":                                            404,
		"/v1.0" + sp + "/synchronization/jobs/other/schema":                                     404,
		"/v1.0/auditLogs/provisioning?$filter=" + url.QueryEscape("servicePrincipal/id eq 'x'"): 400,
		"/v1.0/auditLogs/provisioning?$filter=" + url.QueryEscape("activityDateTime gt now"):    400,
	} {
		if status, body := graphGet(t, sim, token, path); status != want {
			t.Errorf("%s: %d %v, want %d", path, status, body, want)
		}
	}
	sim.Server.SetGraphPermissions("Synchronization.Read.All", "Application.Read.All")
	reader := graphToken(t, sim)
	for path, want := range map[string]int{"/v1.0" + sp + "/synchronization/jobs": 200, "/beta" + sp + "/synchronization/secrets": 403, "/v1.0/auditLogs/provisioning": 403} {
		if status, body := graphGet(t, sim, reader, path); status != want {
			t.Errorf("%s: %d %v, want %d", path, status, body, want)
		}
	}
}

func TestGraph_synchronizationSwitches(t *testing.T) {
	t.Parallel()
	idp := connectedDirectory()
	idp.ServicePrincipals[1].Synchronization = &world.Synchronization{Fresh: true}
	sim := startIDP(t, idp, simulator.Options{Assumed: simulator.Assumed{Graph: simulator.GraphAssumptions{
		TemplateFilterRefused: true, JobsNotFound: true, SecretsReadable: true, LogFilterPaths: true, LogServicePrincipals: true,
	}}})
	token := graphToken(t, sim)
	for path, want := range map[string]int{
		"/v1.0/servicePrincipals?$filter=" + url.QueryEscape("applicationTemplateId eq 'x'"): 400,
		"/v1.0/servicePrincipals/" + gid(3, 2) + "/synchronization/jobs":                     401,
		"/beta/servicePrincipals/" + gid(3, 1) + "/synchronization/secrets":                  200,
	} {
		if status, body := graphGet(t, sim, token, path); status != want {
			t.Errorf("%s: %d %v, want %d", path, status, body, want)
		}
	}
	_, body := graphGet(t, sim, token, "/v1.0/auditLogs/provisioning?$filter="+url.QueryEscape("servicePrincipal/id eq '"+gid(3, 1)+"' and activityDateTime gt 2020-01-01T00:00:00Z"))
	if rows := list(body, "value"); len(rows) != 2 || rows[0]["id"] != "2" || !strings.Contains(fmt.Sprint(rows[0]["servicePrincipal"]), "[map[") {
		t.Errorf("log: %v", body)
	}
}

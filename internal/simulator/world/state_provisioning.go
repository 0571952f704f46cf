// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package world

import "encoding/json"

// Synchronization is what an app provisions (docs/reference/entra-provisioning.md 2 to 6).
// Its times may be written as a duration before the start of the server ("-PT20M"), so
// that a state document stays the same while time passes.
type Synchronization struct {
	Jobs []SyncJob `json:"jobs,omitempty"`
	// Secrets are keys and values; sensitive ones are answered as "*".
	Secrets []SyncSecret `json:"secrets,omitempty"`
	// Templates are the default schemas.
	Templates []SyncTemplate `json:"templates,omitempty"`
	// Fresh is a service principal that was just made: 401 UnknownError until it has spread.
	Fresh bool `json:"fresh,omitempty"`
}

// SyncJob is a provisioning job in the shape of Graph, and its schema beside it.
type SyncJob struct {
	ID         string       `json:"id"`
	TemplateID string       `json:"templateId,omitempty"`
	Schedule   SyncSchedule `json:"schedule"`
	Status     SyncStatus   `json:"status"`
	Schema     SyncSchema   `json:"schema"`
}

// SyncSchedule is when a job runs.
type SyncSchedule struct {
	Interval string `json:"interval"`
	State    string `json:"state"` // Active, Disabled, Paused
}

// SyncStatus is how it went.
type SyncStatus struct {
	Code                            string           `json:"code"` // NotConfigured, NotRun, Active, Paused, Quarantine
	CountSuccessiveCompleteFailures int              `json:"countSuccessiveCompleteFailures"`
	EscrowsPruned                   bool             `json:"escrowsPruned"`
	Quarantine                      *SyncQuarantine  `json:"quarantine"`
	LastExecution                   *SyncExecution   `json:"lastExecution"`
	LastSuccessfulExecution         *SyncExecution   `json:"lastSuccessfulExecution"`
	SteadyStateFirstAchievedTime    string           `json:"steadyStateFirstAchievedTime"`
	SynchronizedEntryCountByType    []SyncEntryCount `json:"synchronizedEntryCountByType"`
}

// SyncQuarantine is why a job is held back.
type SyncQuarantine struct {
	Reason       string     `json:"reason"`
	CurrentBegan string     `json:"currentBegan"`
	NextAttempt  string     `json:"nextAttempt"`
	SeriesBegan  string     `json:"seriesBegan"`
	SeriesCount  int        `json:"seriesCount"`
	Error        *SyncError `json:"error"`
}

// SyncError is an error of a cycle.
type SyncError struct {
	Code             string `json:"code"`
	Message          string `json:"message"`
	TenantActionable bool   `json:"tenantActionable"`
}

// SyncExecution is one cycle.
type SyncExecution struct {
	State          string     `json:"state"` // Succeeded, Failed, EntryLevelErrors
	TimeBegan      string     `json:"timeBegan"`
	TimeEnded      string     `json:"timeEnded"`
	CountEntitled  int        `json:"countEntitled"`
	CountEscrowed  int        `json:"countEscrowed"`
	CountExported  int        `json:"countExported"`
	CountImported  int        `json:"countImported"`
	Error          *SyncError `json:"error"`
	ActivityID     string     `json:"activityIdentifier,omitempty"`
	CountEscrowRaw int        `json:"countEscrowedRaw"`
}

// SyncEntryCount counts objects of a kind.
type SyncEntryCount struct {
	Key   string `json:"key"`
	Value int    `json:"value"`
}

// SyncSecret is one setting of a connector.
type SyncSecret struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// SyncTemplate is the schema that a job begins with.
type SyncTemplate struct {
	ID     string     `json:"id"`
	Schema SyncSchema `json:"schema"`
}

// SyncSchema is a synchronizationSchema.
type SyncSchema struct {
	SynchronizationRules []SyncRule `json:"synchronizationRules"`
}

// SyncRule goes from one directory to the other.
type SyncRule struct {
	Name                string              `json:"name"`
	SourceDirectoryName string              `json:"sourceDirectoryName"`
	TargetDirectoryName string              `json:"targetDirectoryName"`
	ObjectMappings      []SyncObjectMapping `json:"objectMappings"`
}

// SyncObjectMapping is the mapping of one kind of objects. Scope is the filter as Graph
// has it, null for none.
type SyncObjectMapping struct {
	Name              string                 `json:"name"`
	Enabled           bool                   `json:"enabled"`
	FlowTypes         string                 `json:"flowTypes"`
	SourceObjectName  string                 `json:"sourceObjectName"`
	TargetObjectName  string                 `json:"targetObjectName"`
	Scope             json.RawMessage        `json:"scope,omitempty"`
	AttributeMappings []SyncAttributeMapping `json:"attributeMappings"`
}

// SyncAttributeMapping feeds one attribute. Source is null for constants.
type SyncAttributeMapping struct {
	TargetAttributeName string      `json:"targetAttributeName"`
	MatchingPriority    int         `json:"matchingPriority"`
	DefaultValue        *string     `json:"defaultValue"`
	FlowType            string      `json:"flowType"`
	FlowBehavior        string      `json:"flowBehavior"`
	Source              *SyncSource `json:"source"`
}

// SyncSource is what an attribute is fed from.
type SyncSource struct {
	Type       string `json:"type"` // Attribute, Function, Constant
	Name       string `json:"name"`
	Expression string `json:"expression"`
}

// AppRoleAssignment is someone who is assigned to an app.
type AppRoleAssignment struct {
	PrincipalID string `json:"principalId"`
	// AppRoleID is all zeros by default.
	AppRoleID string `json:"appRoleId,omitempty"`
}

// AppTemplate is an app of the gallery.
type AppTemplate struct {
	ID          string `json:"id"`
	DisplayName string `json:"displayName"`
}

// ProvisioningEvent is one entry of the provisioning log
// (docs/reference/entra-provisioning.md 7).
type ProvisioningEvent struct {
	ID string `json:"id"`
	// ActivityDateTime may be a duration before the start, "-PT20M".
	ActivityDateTime   string `json:"activityDateTime"`
	ServicePrincipalID string `json:"servicePrincipalId"`
	JobID              string `json:"jobId,omitempty"`
	Action             string `json:"provisioningAction"`
	Status             string `json:"status"` // success, failure, skipped, warning
	ErrorCode          string `json:"errorCode,omitempty"`
	Reason             string `json:"reason,omitempty"`
	SourceID           string `json:"sourceId"`
	SourceName         string `json:"sourceName,omitempty"`
	// IdentityType is User, Group or a URN.
	IdentityType string `json:"identityType,omitempty"`
	TargetID     string `json:"targetId,omitempty"`
	// ExternalID is what was sent, where it was changed.
	ExternalID string `json:"externalId,omitempty"`
}

// OktaApp is what an app provisions (docs/reference/entra-provisioning.md 8). A service
// principal without it is shown as a service app.
type OktaApp struct {
	// Name is the key of the catalog.
	Name string `json:"name"`
	// Features are those of provisioning that are switched on.
	Features []string `json:"features,omitempty"`
	// Connection is ENABLED or DISABLED; empty for an app without one. BaseURL is returned by
	// some apps only.
	Connection string `json:"connection,omitempty"`
	BaseURL    string `json:"baseUrl,omitempty"`
	// Users are assigned by themselves, or have something to tell: who is in an assigned
	// group is assigned, too.
	Users []OktaAppUser `json:"users,omitempty"`
	// Groups are the ids of assigned groups.
	Groups []string        `json:"groups,omitempty"`
	Pushes []OktaGroupPush `json:"groupPush,omitempty"`
}

// OktaAppUser is a user who is assigned to an app.
type OktaAppUser struct {
	ID string `json:"id"`
	// Scope is USER or GROUP.
	Scope string `json:"scope,omitempty"`
	// Status is that of the assignment, such as PROVISIONED; SyncState is SYNCHRONIZED,
	// ERROR and so on.
	Status    string `json:"status,omitempty"`
	SyncState string `json:"syncState,omitempty"`
	// ExternalID is the id in the app.
	ExternalID string `json:"externalId,omitempty"`
}

// OktaGroupPush is a group that is written as a group.
type OktaGroupPush struct {
	ID            string `json:"id"`
	Status        string `json:"status"` // ACTIVE, ERROR, INACTIVE
	SourceGroupID string `json:"sourceGroupId"`
	TargetGroupID string `json:"targetGroupId,omitempty"`
	ErrorSummary  string `json:"errorSummary,omitempty"`
}

// Provision makes an app one of the gallery that writes to an address by SCIM, and whose
// last cycle went well (docs/reference/entra-provisioning.md 1).
func (sp *IDPServicePrincipal) Provision(address string) {
	source := &SyncSource{Type: "Attribute", Name: "objectId", Expression: "[objectId]"}
	var mappings []SyncObjectMapping
	for _, target := range []string{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "urn:ietf:params:scim:schemas:core:2.0:Group"} {
		mappings = append(mappings, SyncObjectMapping{
			Enabled: true, FlowTypes: "Add, Update, Delete", TargetObjectName: target,
			AttributeMappings: []SyncAttributeMapping{{TargetAttributeName: "externalId", FlowType: "Always", Source: source}},
		})
	}
	last := SyncExecution{State: "Succeeded", TimeEnded: "-PT20M"}
	sp.ApplicationTemplateID, sp.NotificationEmailAddresses = "9c9818d2-2900-49e8-8ba4-22688be7c675", []string{"admin@example.com"}
	sp.Synchronization = &Synchronization{
		Jobs: []SyncJob{{
			ID: "dataBricks.1", TemplateID: "dataBricks", Schedule: SyncSchedule{Interval: "PT40M", State: "Active"},
			Status: SyncStatus{Code: "Active", LastExecution: &last, LastSuccessfulExecution: &last, SteadyStateFirstAchievedTime: "2025-03-02T10:11:12Z"},
			Schema: SyncSchema{SynchronizationRules: []SyncRule{{Name: "USER_OUTBOUND_USER", ObjectMappings: mappings}}},
		}},
		Secrets: []SyncSecret{{Key: "BaseAddress", Value: address}, {Key: "SyncAll", Value: "false"}},
	}
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package entra

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/provisioning"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/directory"
)

// graphJob is a synchronizationJob (docs/reference/entra-provisioning.md 4).
type graphJob struct {
	ID       string `json:"id"`
	Schedule struct {
		Interval string `json:"interval"`
		State    string `json:"state"`
	} `json:"schedule"`
	Status struct {
		Code          string `json:"code"`
		EscrowsPruned bool   `json:"escrowsPruned"`
		Quarantine    *struct {
			Reason       string      `json:"reason"`
			CurrentBegan string      `json:"currentBegan"`
			NextAttempt  string      `json:"nextAttempt"`
			SeriesBegan  string      `json:"seriesBegan"`
			Error        *cycleError `json:"error"`
		} `json:"quarantine"`
		Last        *graphExecution `json:"lastExecution"`
		LastSuccess *graphExecution `json:"lastSuccessfulExecution"`
		SteadyState string          `json:"steadyStateFirstAchievedTime"`
		Entries     []struct {
			Key   string `json:"key"`
			Value int64  `json:"value"`
		} `json:"synchronizedEntryCountByType"`
	} `json:"status"`
}

type cycleError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

type graphExecution struct {
	State    string      `json:"state"`
	Ended    string      `json:"timeEnded"`
	Escrowed int64       `json:"countEscrowed"`
	Entitled int64       `json:"countEntitled"`
	Error    *cycleError `json:"error"`
}

// timeOf is zero for a time that is empty or none.
func timeOf(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

func (e *graphExecution) execution() *provisioning.Execution {
	if e == nil {
		return nil
	}
	out := &provisioning.Execution{State: e.State, Ended: timeOf(e.Ended), Escrowed: e.Escrowed, Entitled: e.Entitled}
	if e.Error != nil {
		out.ErrorCode, out.ErrorMessage = cleaned(e.Error.Code), cleaned(e.Error.Message)
	}
	return out
}

// cleaned is what may be shown of words of the other side.
func cleaned(text string) string {
	e := directory.APIError{Message: text}
	e.Clean()
	return e.Message
}

func (j *graphJob) job() provisioning.Job {
	out := provisioning.Job{
		ID: j.ID, ScheduleState: j.Schedule.State, Interval: j.Schedule.Interval, Code: j.Status.Code, EscrowsPruned: j.Status.EscrowsPruned,
		Last: j.Status.Last.execution(), LastSuccessful: j.Status.LastSuccess.execution(), SteadyState: j.Status.SteadyState, Entries: map[string]int64{},
	}
	if q := j.Status.Quarantine; q != nil {
		out.Quarantine = &provisioning.Quarantine{Reason: q.Reason, Began: timeOf(q.CurrentBegan), SeriesBegan: timeOf(q.SeriesBegan), NextAttempt: timeOf(q.NextAttempt)}
		if q.Error != nil {
			out.Quarantine.ErrorCode, out.Quarantine.ErrorMessage = cleaned(q.Error.Code), cleaned(q.Error.Message)
		}
	}
	for _, e := range j.Status.Entries {
		out.Entries[e.Key] = e.Value
	}
	return out
}

// readJobs takes an empty list and 404 for an app without jobs: which of them is
// answered is not known.
func (r *connectorReader) readJobs(ctx context.Context, out *provisioning.Connector) error {
	found, err := r.list(ctx, r.graph.base+"/v1.0"+syncPath(out.ID, "jobs"), 10)
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	jobs, err := decodeAll[graphJob]("provisioning jobs", found.Entries)
	if err != nil {
		return err
	}
	for i := range jobs {
		if jobs[i].ID == "" || jobs[i].Schedule.State == "" || jobs[i].Status.Code == "" {
			return errors.New("the list of provisioning jobs has an entry without id, schedule or status")
		}
		out.Jobs = append(out.Jobs, jobs[i].job())
	}
	out.Now = found.Date
	return nil
}

// graphSchema is a synchronizationSchema (docs/reference/entra-provisioning.md 6).
type graphSchema struct {
	Rules []struct {
		ObjectMappings []struct {
			Enabled    bool            `json:"enabled"`
			Source     string          `json:"sourceObjectName"`
			Target     string          `json:"targetObjectName"`
			Scope      json.RawMessage `json:"scope"`
			Attributes []struct {
				Target       string  `json:"targetAttributeName"`
				Priority     int     `json:"matchingPriority"`
				DefaultValue *string `json:"defaultValue"`
				FlowType     string  `json:"flowType"`
				Source       *struct {
					Type       string `json:"type"`
					Name       string `json:"name"`
					Expression string `json:"expression"`
				} `json:"source"`
			} `json:"attributeMappings"`
		} `json:"objectMappings"`
	} `json:"synchronizationRules"`
}

func (r *connectorReader) readSchemas(ctx context.Context, out *provisioning.Connector) error {
	for i := range out.Jobs {
		place := syncPath(out.ID, "jobs", out.Jobs[i].ID, "schema")
		found, err := r.get(ctx, r.graph.base+"/v1.0"+place)
		if err != nil {
			return err
		}
		var schema graphSchema
		if err := json.Unmarshal(found.Document, &schema); err != nil {
			return fmt.Errorf("GET %s: the answer is no schema: %w", place, err)
		}
		if schema.Rules == nil {
			return fmt.Errorf("GET %s: the answer has no list \"synchronizationRules\", but %s", place, directory.KeysOf(found.Document))
		}
		out.Mappings = append(out.Mappings, schema.mappings()...)
	}
	return nil
}

func (s *graphSchema) mappings() []provisioning.ObjectMapping {
	var out []provisioning.ObjectMapping
	for _, rule := range s.Rules {
		for _, m := range rule.ObjectMappings {
			one := provisioning.ObjectMapping{Enabled: m.Enabled, Source: m.Source, Target: m.Target}
			for _, a := range m.Attributes {
				mapping := provisioning.AttributeMapping{Target: a.Target, FlowType: a.FlowType, Priority: a.Priority}
				switch {
				case a.Source == nil && a.DefaultValue != nil: // A constant.
					mapping.SourceType, mapping.Source = "Constant", *a.DefaultValue
				case a.Source == nil:
				case strings.EqualFold(a.Source.Type, "Attribute"):
					mapping.SourceType, mapping.Source = a.Source.Type, a.Source.Name
				default:
					mapping.SourceType, mapping.Source = a.Source.Type, a.Source.Expression
				}
				one.Attributes = append(one.Attributes, mapping)
			}
			one.Filters = filtersIn(provisioning.ObjectOf(&one), m.Scope)
			out = append(out, one)
		}
	}
	return out
}

// filtersIn writes the groups of a scoping filter as texts. One that is not understood
// is still a filter.
func filtersIn(object audit.PrincipalType, raw json.RawMessage) []provisioning.Filter {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	var scope struct {
		Groups []struct {
			Name    string `json:"name"`
			Clauses []struct {
				Operator string `json:"operatorName"`
				Operand  string `json:"sourceOperandName"`
				Target   struct {
					Values []string `json:"values"`
				} `json:"targetOperand"`
			} `json:"clauses"`
		} `json:"groups"`
	}
	if json.Unmarshal(raw, &scope) != nil {
		return []provisioning.Filter{{Object: object, Text: "a filter that is not understood"}}
	}
	var out []provisioning.Filter
	for _, g := range scope.Groups {
		var clauses []string
		for _, c := range g.Clauses {
			clauses = append(clauses, strings.TrimSpace(c.Operand+" "+c.Operator+" "+strings.Join(c.Target.Values, ", ")))
		}
		if len(clauses) > 0 {
			out = append(out, provisioning.Filter{Object: object, Text: strings.Join(clauses, " and ")})
		}
	}
	return out
}

// graphLogEntry is one of the provisioning log (docs/reference/entra-provisioning.md 7).
type graphLogEntry struct {
	At        string          `json:"activityDateTime"`
	Action    string          `json:"provisioningAction"`
	JobID     string          `json:"jobId"`
	Principal json.RawMessage `json:"servicePrincipal"`
	Source    logIdentity     `json:"sourceIdentity"`
	Target    logIdentity     `json:"targetIdentity"`
	Status    struct {
		Status string `json:"status"`
		Error  *struct {
			Code   string `json:"errorCode"`
			Reason string `json:"reason"`
		} `json:"errorInformation"`
	} `json:"provisioningStatusInfo"`
}

type logIdentity struct {
	ID   string `json:"id"`
	Name string `json:"displayName"`
	Type string `json:"identityType"`
}

// principals are the apps that the entry is of: an object or a list of them.
func (e *graphLogEntry) principals() []string {
	type named struct {
		ID string `json:"id"`
	}
	var one named
	if json.Unmarshal(e.Principal, &one) == nil && one.ID != "" {
		return []string{one.ID}
	}
	var several []named
	_ = json.Unmarshal(e.Principal, &several) // Neither form names none.
	var out []string
	for _, p := range several {
		out = append(out, p.ID)
	}
	return out
}

// readLog reads the events of the connector. Which paths a filter may have is not
// documented: where Graph refuses the app's, all apps' events are read once, and
// sorted out here.
func (r *connectorReader) readLog(ctx context.Context, out *provisioning.Connector) error {
	if r.req.LogSince.IsZero() {
		return nil
	}
	since := "activityDateTime gt " + r.req.LogSince.UTC().Format("2006-01-02T15:04:05Z")
	link := func(filter string) string {
		return r.graph.base + "/v1.0/auditLogs/provisioning" + query("$filter", filter, "$top", strconv.Itoa(graphPage))
	}
	found, err := r.list(ctx, link("servicePrincipal/id eq '"+strings.ReplaceAll(out.ID, "'", "''")+"' and "+since), logPages)
	if directory.IsBadRequest(err) {
		found, err = r.list(ctx, link(since), logPages)
	}
	if err != nil {
		return err
	}
	entries, err := decodeAll[graphLogEntry]("the provisioning log", found.Entries)
	if err != nil {
		return err
	}
	out.Log = []provisioning.LogEntry{}
	for i := range entries {
		e := &entries[i]
		of := e.principals()
		switch {
		case timeOf(e.At).IsZero() || e.Status.Status == "" || len(of) == 0:
			return errors.New("the provisioning log has an entry without time, status or app")
		case !slices.ContainsFunc(of, func(id string) bool { return strings.EqualFold(id, out.ID) }):
			continue
		}
		one := provisioning.LogEntry{
			At: timeOf(e.At), Action: e.Action, Status: e.Status.Status, SourceID: audit.CanonicalExternalID(e.Source.ID), SourceName: e.Source.Name,
			SourceType: e.Source.Type, TargetID: e.Target.ID,
		}
		if e.Status.Error != nil {
			one.ErrorCode, one.Reason = cleaned(e.Status.Error.Code), cleaned(e.Status.Error.Reason)
		}
		out.Log = append(out.Log, one)
	}
	return nil
}

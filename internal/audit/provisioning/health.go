// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provisioning

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Status is the health of a connector.
type Status string

// The statuses, the one that matters most first: of several jobs, the first one counts.
const (
	Quarantined       Status = "quarantined"
	Unknown           Status = "unknown"
	Stale             Status = "stale"
	HealthyWithErrors Status = "healthy_with_errors"
	FirstRun          Status = "first_run"
	Healthy           Status = "healthy"
	Paused            Status = "paused"
	Off               Status = "off"
)

// Statuses lists all statuses.
func Statuses() []Status {
	return []Status{Quarantined, Unknown, Stale, HealthyWithErrors, FirstRun, Healthy, Paused, Off}
}

// Job is a provisioning job with the words of the API.
type Job struct {
	ID string
	// ScheduleState is Active, Disabled or Paused; Interval an ISO 8601 duration.
	ScheduleState, Interval string
	// Code is Active, NotConfigured, NotRun, Paused or Quarantine.
	Code           string
	EscrowsPruned  bool
	Quarantine     *Quarantine
	Last           *Execution
	LastSuccessful *Execution
	// SteadyState is when a first cycle was completed, as it was sent.
	SteadyState string
	// Entries are the numbers of objects by kind; the kinds are opaque.
	Entries map[string]int64
}

// Quarantine is why and since when a job is held back.
type Quarantine struct {
	Reason, ErrorCode, ErrorMessage string
	// The times are zero where they were not sent.
	Began, SeriesBegan, NextAttempt time.Time
}

// Execution is one cycle.
type Execution struct {
	// State is Succeeded, Failed or EntryLevelErrors.
	State    string
	Ended    time.Time
	Escrowed int64
	Entitled int64
	// ErrorCode and ErrorMessage are empty where there was none.
	ErrorCode, ErrorMessage string
}

// Health is the verdict on the jobs of a connector.
type Health struct {
	Status Status
	// Reason is a sentence.
	Reason string
	// Cause is the API's word for a quarantine or a failed cycle; empty for none.
	Cause string
	// Interval is that of the job, as it was sent.
	Interval string

	Since, NextAttempt, DisabledOn, LastSuccess time.Time
	Counts                                      map[string]int64
}

// Facts of quarantine (docs/reference/entra-provisioning.md 4).
const (
	quarantineDays = 28 * 24 * time.Hour
	freshIntervals = 3
)

const noSteadyState = "0001-01-01T00:00:00Z"

// healthOf is the health of the job that matters most.
func healthOf(c *Connector) Health {
	if c.Push != nil {
		return c.Push.health(c)
	}
	if why := c.Unread[PartJobs]; why != "" {
		return Health{Status: Unknown, Reason: "The provisioning jobs could not be read: " + why + "."}
	}
	if len(c.Jobs) == 0 {
		return Health{Status: Off, Reason: "Provisioning is not set up: the app has no job."}
	}
	var all []Health
	for i := range c.Jobs {
		all = append(all, jobHealth(&c.Jobs[i], c.Now))
	}
	rank := func(h Health) int { return slices.Index(Statuses(), h.Status) }
	return slices.MinFunc(all, func(a, b Health) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Reason, b.Reason)) })
}

func jobHealth(j *Job, now time.Time) Health {
	out := Health{Interval: j.Interval, Counts: j.counts()}
	if j.LastSuccessful != nil {
		out.LastSuccess = j.LastSuccessful.Ended
	}
	settle := func(s Status, format string, args ...any) Health {
		out.Status, out.Reason = s, fmt.Sprintf(format, args...)
		return out
	}
	if q := j.Quarantine; q != nil || j.Code == "Quarantine" {
		return j.quarantined(out)
	}
	switch {
	case j.ScheduleState == "Disabled":
		return settle(Off, "Provisioning is switched off.")
	case j.Code == "NotConfigured":
		return settle(Off, "Provisioning is not configured.")
	case (j.Code == "Paused" || j.ScheduleState == "Paused") && j.EscrowsPruned:
		return settle(Paused, "Provisioning was paused after the first cycle, and what had failed was dropped.")
	case j.Code == "Paused" || j.ScheduleState == "Paused":
		return settle(Paused, "Provisioning is paused.")
	case j.ScheduleState != "Active":
		return settle(Unknown, "The job has the schedule %q, which is not known.", j.ScheduleState)
	case j.Code == "NotRun" || j.Code == "Active" && j.SteadyState == noSteadyState:
		return settle(FirstRun, "The first cycle is not over yet.")
	case j.Code != "Active":
		return settle(Unknown, "The job has the state %q, which is not known.", j.Code)
	case j.Last == nil:
		return settle(Unknown, "The job does not say how the last cycle ended.")
	}
	if j.Last.State == "Failed" {
		out.Cause = j.Last.ErrorCode
		return settle(Stale, "The last cycle failed%s.", saying(j.Last.ErrorCode, j.Last.ErrorMessage))
	}
	interval, ok := parseInterval(j.Interval)
	switch {
	case !ok:
		return settle(Unknown, "The job runs every %q, which is no duration.", j.Interval)
	case now.IsZero():
		return settle(Unknown, "Whether the last success is recent is not known: the answer had no date.")
	case out.LastSuccess.IsZero():
		return settle(Unknown, "The job does not say when a cycle last succeeded.")
	case now.Sub(out.LastSuccess) > freshIntervals*interval:
		return settle(Stale, "No cycle has succeeded for more than %d intervals of %s.", freshIntervals, j.Interval)
	case j.Last.State == "EntryLevelErrors", j.Last.State == "Succeeded" && j.Last.Escrowed > 0:
		return settle(HealthyWithErrors, "Cycles end, and some objects fail each time.")
	case j.Last.State == "Succeeded":
		return settle(Healthy, "The last cycle succeeded.")
	}
	return settle(Unknown, "The last cycle ended as %q, which is not known.", j.Last.State)
}

// quarantined: an unknown reason is a quarantine, too.
func (j *Job) quarantined(out Health) Health {
	out.Status, out.Reason = Quarantined, "The job is in quarantine"
	q := j.Quarantine
	if q == nil {
		out.Reason += "."
		return out
	}
	out.Cause, out.Since, out.NextAttempt = q.Reason, q.SeriesBegan, q.NextAttempt
	if out.Since.IsZero() {
		out.Since = q.Began
	}
	if !out.Since.IsZero() {
		out.DisabledOn = out.Since.Add(quarantineDays)
	}
	out.Reason += saying(q.Reason, cmp.Or(q.ErrorMessage, q.ErrorCode))
	if j.ScheduleState == "Disabled" {
		out.Reason += ", and it was disabled"
	}
	out.Reason += "."
	return out
}

// saying adds what the API said.
func saying(code, message string) string {
	text := ""
	if code != "" {
		text = " (" + code + ")"
	}
	if message != "" {
		text += ": " + strings.TrimRight(message, ".")
	}
	return text
}

func (j *Job) counts() map[string]int64 {
	out := map[string]int64{}
	for kind, n := range j.Entries {
		out[kind] = n
	}
	if j.Last != nil {
		out["escrowed"], out["entitled"] = j.Last.Escrowed, j.Last.Entitled
	}
	return out
}

// remedy is empty for a connector that needs none.
func (h *Health) remedy(level Level) string {
	switch h.Status {
	case Quarantined:
		return h.quarantineRemedy(level)
	case Stale:
		return "Look at the provisioning log of the app for what fails; set log_since to have the failures listed here. Then restart provisioning."
	case HealthyWithErrors:
		return "Set log_since to have the failures listed with what to do about each. An object that was repaired goes through at the next cycle."
	case FirstRun:
		return "Wait for the first cycle to end: it takes from 20 minutes to several hours."
	case Paused:
		return "Start provisioning if the connector is still needed. What happened meanwhile is caught up."
	case Off:
		return "Nothing, if SCIM was switched off on purpose. Otherwise set provisioning to automatic and start it."
	case Unknown:
		return "Look at the provisioning page of the app, or give the caller the permission that the reason names."
	case Healthy:
	}
	return ""
}

func (h *Health) quarantineRemedy(level Level) string {
	const restart = " Then restart provisioning and clear its state, so that what failed is tried again."
	switch {
	case h.Cause == "EncounteredQuarantineException" && level == LevelWorkspace:
		return "Databricks does not accept the token: its owner is no longer admin of the workspace, or it has expired. Make a new one for a user who stays admin, outside of the app's scope." + restart
	case h.Cause == "EncounteredQuarantineException":
		return "Databricks does not accept the token: the account's SCIM token was replaced, or has expired. Make a new one in the account console under Settings, User provisioning, and enter it in the app." + restart
	case h.Cause == "EncounteredEscrowProportionThreshold":
		return "Too many objects fail. Set log_since to have the failures listed, and repair the most frequent one." + restart
	case h.Cause == "QuarantinedOnDemand" || h.Cause == "QuarantineOnDemand":
		return "Someone put the job into quarantine on purpose. Find out why, then restart provisioning."
	case h.Cause == "TooManyDeletes":
		return "The cycle would delete more than the threshold allows. Check the scope of the app, then accept the deletions there."
	}
	return "Look at the reason under Provisioning of the app." + restart
}

// parseInterval reads the ISO 8601 durations of schedules: days, hours, minutes, seconds.
func parseInterval(text string) (time.Duration, bool) {
	rest, isDuration := strings.CutPrefix(text, "P")
	date, clock, _ := strings.Cut(rest, "T")
	var total time.Duration
	for _, part := range []struct {
		text  string
		units map[byte]time.Duration
	}{
		{date, map[byte]time.Duration{'D': 24 * time.Hour, 'W': 7 * 24 * time.Hour}},
		{clock, map[byte]time.Duration{'H': time.Hour, 'M': time.Minute, 'S': time.Second}},
	} {
		for at, digits := 0, part.text; at < len(digits); {
			end := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' })
			if end < 1 || end > 6 {
				return 0, false
			}
			n, err := strconv.Atoi(digits[:end])
			unit, known := part.units[digits[end]]
			if err != nil || !known {
				return 0, false
			}
			total, digits = total+time.Duration(n)*unit, digits[end+1:]
		}
	}
	return total, isDuration && total > 0
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provisioning

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseInterval(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"PT40M": 40 * time.Minute, "PT1H30M": 90 * time.Minute, "PT10S": 10 * time.Second, "P1D": 24 * time.Hour, "P2W": 14 * 24 * time.Hour, "P1DT2H": 26 * time.Hour,
		"PT999999S": 999999 * time.Second,
		"":          0, "P": 0, "PT": 0, "T40M": 0, "40M": 0, "PT40": 0, "PTM": 0, "PT0M": 0, "PT1M2": 0, "P40M": 0, "PT1D": 0, "PT1000000S": 0, "PT1.5H": 0, "PT-1H": 0, "PT1X": 0, "PT:M": 0, "PT/M": 0,
	} {
		if got, ok := parseInterval(text); ok != (want > 0) || ok && got != want {
			t.Errorf("%q: %s, %t", text, got, ok)
		}
	}
}

func TestSaying(t *testing.T) {
	t.Parallel()
	for want, c := range map[string][2]string{"": {}, " (code)": {"code", ""}, ": text": {"", "text."}, " (code): text": {"code", "text"}} {
		if got := saying(c[0], c[1]); got != want {
			t.Errorf("%q: %q, want %q", c, got, want)
		}
	}
}

// A quarantine counts from its series, else from itself, and disables the job 28 days later.
func TestQuarantined(t *testing.T) {
	t.Parallel()
	series, began, next := time.Unix(1000, 0), time.Unix(2000, 0), time.Unix(3000, 0)
	for name, c := range map[string]struct {
		job    Job
		want   Health
		reason string
	}{
		"by its code alone": {Job{Code: "Quarantine"}, Health{}, "The job is in quarantine."},
		"with all": {
			Job{Quarantine: &Quarantine{Reason: "R", ErrorCode: "C", ErrorMessage: "it hurts.", Began: began, SeriesBegan: series, NextAttempt: next}, ScheduleState: "Disabled"},
			Health{Cause: "R", Since: series, NextAttempt: next, DisabledOn: series.Add(28 * 24 * time.Hour)}, "The job is in quarantine (R): it hurts, and it was disabled.",
		},
		"without a series":  {Job{Quarantine: &Quarantine{ErrorCode: "C", Began: began}}, Health{Since: began, DisabledOn: began.Add(28 * 24 * time.Hour)}, "The job is in quarantine: C."},
		"without any times": {Job{Quarantine: &Quarantine{Reason: "R"}, ScheduleState: "Active"}, Health{Cause: "R"}, "The job is in quarantine (R)."},
	} {
		c.want.Status, c.want.Reason, c.want.Counts = Quarantined, c.reason, map[string]int64{}
		if diff := cmp.Diff(c.want, jobHealth(&c.job, time.Unix(4000, 0))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// What a job says beside its status.
func TestJobHealth_facts(t *testing.T) {
	t.Parallel()
	now := time.Unix(100000, 0)
	ended := now.Add(-time.Minute)
	job := Job{
		ScheduleState: "Active", Interval: "PT40M", Code: "Active", Entries: map[string]int64{"User": 3},
		Last: &Execution{State: "Failed", ErrorCode: "Timeout", ErrorMessage: "too slow.", Escrowed: 2, Entitled: 5}, LastSuccessful: &Execution{Ended: ended},
	}
	want := Health{
		Status: Stale, Reason: "The last cycle failed (Timeout): too slow.", Cause: "Timeout", Interval: "PT40M", LastSuccess: ended, Counts: map[string]int64{"User": 3, "escrowed": 2, "entitled": 5},
	}
	if diff := cmp.Diff(want, jobHealth(&job, now)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	job.Last = &Execution{State: "EntryLevelErrors"}
	for edit, status := range map[string]Status{"Paused": Paused, "Resting": Unknown, "Disabled": Off, "Active": HealthyWithErrors} {
		job.ScheduleState = edit
		if got := jobHealth(&job, now); got.Status != status {
			t.Errorf("%s: %+v", edit, got)
		}
	}
	job.ScheduleState, job.Code, job.SteadyState = "Active", "NotRun", "2025-01-01T00:00:00Z"
	if got := jobHealth(&job, now).Status; got != FirstRun {
		t.Errorf("not run: %s", got)
	}
	job.Code, job.SteadyState = "Asleep", noSteadyState
	if got := jobHealth(&job, now).Status; got != Unknown {
		t.Errorf("asleep: %s", got)
	}
	job.Code, job.SteadyState, job.Last = "Active", "", &Execution{State: "Failed", Escrowed: 1}
	if got := jobHealth(&job, now).Status; got != Stale {
		t.Errorf("failed with escrows: %s", got)
	}
	job.Last.State = "Halfway"
	if got := jobHealth(&job, now).Status; got != Unknown {
		t.Errorf("halfway with escrows: %s", got)
	}
}

// Of several jobs the one that matters most counts, and of equal ones always the same.
func TestHealthOf_several(t *testing.T) {
	t.Parallel()
	jobs := map[string]Job{"off": {ScheduleState: "Disabled"}, "unset": {ScheduleState: "Active", Code: "NotConfigured"}, "b": {ScheduleState: "B"}, "a": {ScheduleState: "A"}, "held": {Code: "Quarantine"}}
	for names, want := range map[string]string{
		"off unset": "Provisioning is not configured.", "unset off": "Provisioning is not configured.", "off b a": `The job has the schedule "A", which is not known.`,
		"a off held": "The job is in quarantine.", "off": "Provisioning is switched off.",
	} {
		var c Connector
		for name := range strings.FieldsSeq(names) {
			c.Jobs = append(c.Jobs, jobs[name])
		}
		if got := healthOf(&c).Reason; got != want {
			t.Errorf("%s: %q, want %q", names, got, want)
		}
	}
}

// Each status has its remedy, but for what needs none; a quarantine has one for each cause.
func TestRemedies(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	once := func(of, remedy, part string) {
		if other, twice := seen[remedy]; twice || !strings.Contains(remedy, part) {
			t.Errorf("%s: %q, which is that of %q, or lacks %q", of, remedy, other, part)
		}
		seen[remedy] = of
	}
	for status, part := range map[Status]string{
		Stale: "restart provisioning", HealthyWithErrors: "next cycle", FirstRun: "Wait", Paused: "Start provisioning", Off: "on purpose", Unknown: "permission", Healthy: "", Quarantined: "under Provisioning of the app",
	} {
		h := Health{Status: status}
		once(string(status), h.remedy(LevelAccount), part)
	}
	causes := map[string]string{
		"EncounteredQuarantineException": "the account's SCIM token was replaced", "EncounteredEscrowProportionThreshold": "Too many objects fail", "QuarantinedOnDemand": "on purpose. Find out why",
		"TooManyDeletes": "accept the deletions",
	}
	for cause := range maps.Keys(causes) {
		h := Health{Status: Quarantined, Cause: cause}
		once(cause, h.remedy(LevelAccount), causes[cause])
	}
	workspace := Health{Status: Quarantined, Cause: "EncounteredQuarantineException"}
	once("of a workspace", workspace.remedy(LevelWorkspace), "no longer admin of the workspace")
	either := Health{Status: Quarantined, Cause: "QuarantineOnDemand"}
	if got := either.remedy(LevelAccount); seen[got] != "QuarantinedOnDemand" {
		t.Errorf("the other spelling: %q", got)
	}
	other := Health{Status: Quarantined, Cause: "SomethingNew"}
	if got := other.remedy(LevelWorkspace); seen[got] != "quarantined" {
		t.Errorf("another cause: %q", got)
	}
	if len(seen) != 13 {
		t.Errorf("%d remedies", len(seen))
	}
}

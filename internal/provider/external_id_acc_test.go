// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// externalIDOf is one instance with more settings in it.
func externalIDOf(kind, id, externalID, settings string) string {
	return `
resource "dbxidentity_external_id" "this" {
  principal_type = "` + kind + `"
  principal_id   = "` + id + `"
  external_id    = "` + externalID + `"
  ` + settings + `
}`
}

const externalIDAddress = "dbxidentity_external_id.this"

func TestAccExternalID_lifecycle(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	acceptance(t,
		applies(a.config("", externalIDOf("user", "101", entraID(101), "")), planned{externalIDAddress: "create"},
			a.holds("101", entraID(101)),
			text(externalIDAddress, "id", "user/101"),
			text(externalIDAddress, "principal_name", "user101@example.com"),
			text(externalIDAddress, "previous_external_id", ""),
			text(externalIDAddress, "on_destroy", "keep")),
		resource.TestStep{
			ResourceName: externalIDAddress, ImportState: true, ImportStateId: "user/101", ImportStateVerify: true,
			// An import did not write the value, so it does not know the one before.
			ImportStateVerifyIgnore: []string{"previous_external_id"},
		},
		// Another wanted value is an update that expects what the state holds.
		applies(a.config("", externalIDOf("user", "101", entraID(1), "")), planned{externalIDAddress: "update"},
			a.holds("101", entraID(1)), text(externalIDAddress, "previous_external_id", "")),
		// What someone else wrote is kept, unless the configuration says otherwise.
		before(applies(a.config("", externalIDOf("user", "101", entraID(1), "")), planned{}, a.holds("101", entraID(2))),
			a.setUserExternalID("101", entraID(2))),
		applies(a.config("", externalIDOf("user", "101", entraID(1), `expected_current_external_id = "`+entraID(2)+`"`)),
			planned{externalIDAddress: "update"}, a.holds("101", entraID(1))),
		// A setting that concerns Terraform alone sends no write.
		before(applies(a.config("", externalIDOf("user", "101", entraID(1), `on_destroy = "restore"`)), planned{externalIDAddress: "update"},
			accountCheck(func() error { return a.wrote(0) })), a.Server.ResetRequests),
	)
	// The test framework destroyed the instance: restore cannot clear a user.
	if got := a.userExternalID("101"); got != entraID(1) {
		t.Errorf("after destroy user 101 holds %q, want the value kept", got)
	}
}

func TestAccExternalID_restore(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	acceptance(t, applies(a.config("", externalIDOf("user", "103", entraID(3),
		`expected_current_external_id = "`+entraID(999)+`"
  on_destroy = "restore"`)), planned{externalIDAddress: "create"},
		text(externalIDAddress, "previous_external_id", entraID(999))))
	if got := a.userExternalID("103"); got != entraID(999) {
		t.Errorf("after destroy user 103 holds %q, want the value before restored", got)
	}
}

func TestAccExternalID_clearsGroup(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	acceptance(t, applies(a.config("", externalIDOf("group", "201", "", `expected_current_external_id = "`+entraID(201)+`"
  on_destroy = "restore"`)), planned{externalIDAddress: "create"},
		text(externalIDAddress, "previous_external_id", entraID(201))))
	if got := a.state().Groups[0].ExternalID; got != entraID(201) {
		t.Errorf("after destroy group 201 holds %q, want the value before restored", got)
	}
}

// The account already holds the wanted value, as after an apply that was killed
// between the write and the state: nothing is written, and the value before is
// the expected one.
func TestAccExternalID_adopts(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	a.setUserExternalID("103", entraID(3))()
	acceptance(t, applies(a.config("", externalIDOf("user", "103", entraID(3), `expected_current_external_id = "`+entraID(999)+`"`)),
		planned{externalIDAddress: "create"},
		text(externalIDAddress, "previous_external_id", entraID(999)),
		accountCheck(func() error { return a.wrote(0) })))
}

func TestAccExternalID_refusals(t *testing.T) {
	t.Parallel()
	// Each is refused while planning; the plan is not applied, and nothing is written.
	tests := map[string]struct{ settings, config, want string }{
		"unknown type": {"", externalIDOf("robot", "101", entraID(1), ""),
			`(?s)principal_type.*must be one of.*"user".*"group".*"service_principal".*"robot"`},
		"id is a name": {"", externalIDOf("user", "user101@example.com", entraID(1), ""),
			`(?s)principal_id.*internal Databricks id`},
		"no such id": {"", externalIDOf("user", "4711", entraID(1), ""),
			`(?s)Principal Not Found.*The account has no user/4711`},
		"spaces": {"", externalIDOf("user", "101", " "+entraID(1), ""),
			`(?s)Invalid External ID.*space.*Write\s+the\s+id\s+exactly`},
		"clearing a user": {"", externalIDOf("user", "102", "", ""),
			`(?s)External ID Cannot Be Cleared.*groups only`},
		"clearing a service principal": {"", externalIDOf("service_principal", "301", "", ""),
			`(?s)External ID Cannot Be Cleared.*groups only`},
		"a value that was not reviewed": {"", externalIDOf("user", "103", entraID(1), ""),
			`(?s)Refusing to Plan External ID.*` + entraID(999) + `.*` + entraID(1) + `.*configuration\s+does\s+not\s+say.*expected_current_external_id\s+=\s+"` + entraID(999)},
		"another value than the reviewed one": {"", externalIDOf("user", "103", entraID(1), `expected_current_external_id = "`+entraID(7)+`"`),
			`(?s)Refusing to Plan External ID.*` + entraID(999) + `.*` + entraID(7) + `.*` + entraID(1)},
		"held by another principal": {"", externalIDOf("user", "101", entraID(102), ""),
			`(?s)Refusing to Plan External ID.*belongs to.*user/102`},
		"held by a principal of another type": {"", externalIDOf("user", "101", entraID(201), ""),
			`(?s)Refusing to Plan External ID.*belongs to.*group/201`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := startAccount(t, smallWorld(), simulator.Options{})
			acceptance(t, resource.TestStep{
				Config: a.config(tt.settings, tt.config), PlanOnly: true, ExpectError: regexp.MustCompile(tt.want),
			})
			if err := a.wrote(0); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAccExternalID_readOnly(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	config := a.config("read_only = true", externalIDOf("user", "101", entraID(101), ""))
	acceptance(t,
		resource.TestStep{Config: config, PlanOnly: true, ExpectNonEmptyPlan: true},
		resource.TestStep{Config: config, ExpectError: regexp.MustCompile(`(?s)Refusing to Create External ID.*read_only`)},
	)
	if err := a.wrote(0); err != nil {
		t.Error(err)
	}
}

// A PATCH that answers 200 and changes nothing is an error, not a success, and
// the next apply tries again.
func TestAccExternalID_writeWithoutEffect(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	config := a.config("", externalIDOf("user", "101", entraID(101), ""))
	acceptanceWith(t, impatient(),
		resource.TestStep{
			PreConfig: func() {
				a.faults(simulator.Fault{Kind: simulator.FaultNoop, Method: "PATCH", Path: "/api/**/Users/101"})
			},
			Config: config, ExpectError: regexp.MustCompile(`(?s)Unable to Confirm External ID.*still`),
		},
		before(applies(config, planned{externalIDAddress: "create"}, a.holds("101", entraID(101))), func() { a.faults() }),
	)
}

// The answer of the PATCH is lost: the write is settled by reading, not repeated.
func TestAccExternalID_lostAnswer(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	a.faults(simulator.Fault{Kind: simulator.FaultLost, Method: "PATCH", Path: "/api/**/Users/101", Times: 1})
	acceptance(t, applies(a.config("", externalIDOf("user", "101", entraID(101), "")), planned{externalIDAddress: "create"},
		a.holds("101", entraID(101)), text(externalIDAddress, "previous_external_id", "")))
}

// The principal is deleted behind Terraform's back: the instance stays in the state,
// and nothing is planned for it. What is newly wanted of it is refused.
func TestAccExternalID_disappears(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	config := a.config("", externalIDOf("user", "101", entraID(101), ""))
	acceptance(t,
		applies(config, planned{externalIDAddress: "create"}),
		resource.TestStep{
			PreConfig: func() { a.change(func(st *simulator.State) { st.Users = st.Users[1:] }) },
			Config:    a.config("", externalIDOf("user", "101", entraID(1), "")), ExpectError: regexp.MustCompile(`(?s)Principal Not Found.*user/101`),
		},
		applies(config, planned{}),
	)
}

func TestAccExternalID_importRefusals(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	config := a.config("", externalIDOf("user", "101", entraID(101), ""))
	importing := func(id, want string) resource.TestStep {
		return resource.TestStep{
			Config: config, ResourceName: externalIDAddress, ImportState: true, ImportStateId: id, ExpectError: regexp.MustCompile(want),
		}
	}
	acceptance(t,
		importing("101", `(?s)Invalid Import ID.*user/<id>`),
		importing("user/user101@example.com", `(?s)Invalid Import ID.*user/user101@example.com.*decimal\s+number`),
		importing("user/4711", `(?s)External ID Not Found.*user/4711`),
	)
}

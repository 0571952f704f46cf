// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// destroysInstead runs the way out that every refusal of a plan names.
func (w *workspace) destroysInstead(refusal string) {
	w.t.Helper()
	saysAll(w.t, refusal, "To destroy instead: terraform destroy -refresh=false")
	w.must(0, "destroy", "-auto-approve", "-refresh=false")
	if left := w.instances(); len(left) != 0 {
		w.t.Errorf("the destroy left %v", left)
	}
}

// Someone else writes another value over ours. As long as the configuration stays as
// it is, plans warn and nothing is written; a new configuration is refused, or says
// that the value may be overwritten.
func TestProcess_foreignValue(t *testing.T) {
	t.Parallel()
	for kind, id := range map[string]string{"user": "101", "group": "202", "service_principal": "301"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			a := startAccount(t, smallWorld(), simulator.Options{})
			config := func(externalID, settings string) string {
				return requiredProviders + a.config("", externalIDOf(kind, id, externalID, settings))
			}
			foreign := func(value string) { a.change(func(st *simulator.State) { setExternalID(st, kind, id, value) }) }
			holds := func(want string) {
				t.Helper()
				if got := externalIDIn(a.state(), kind, id); got != want {
					t.Errorf("the account holds %q, want %q", got, want)
				}
			}
			w := newWorkspace(t, "")
			w.write("main.tf", config(entraID(1), ""))
			w.must(0, "apply", "-auto-approve")
			foreign(entraID(71))
			const warning = "External ID Written by Someone Else"
			out := w.must(0, "apply", "-auto-approve")
			saysAll(t, out, warning, entraID(71), `Applied here last was "`+entraID(1), "It is not overwritten", `expected_current_external_id = "`+entraID(71))
			holds(entraID(71))
			saysAll(t, w.must(0, "plan", "-detailed-exitcode"), warning, "No changes")
			saysAll(t, w.must(0, "plan", "-detailed-exitcode", "-refresh=false"), warning)

			// A setting is applied, and the value stays.
			w.write("main.tf", config(entraID(1), `on_destroy = "restore"`))
			saysAll(t, w.must(0, "apply", "-auto-approve"), warning, "0 added, 1 changed")
			holds(entraID(71))

			// The value is accepted, and changed once more.
			w.write("main.tf", config(entraID(71), ""))
			w.must(0, "apply", "-auto-approve")
			foreign(entraID(72))
			saysAll(t, w.must(0, "apply", "-auto-approve"), warning, entraID(72))

			// Something new is asked for, over a value that no one reviewed.
			w.write("main.tf", config(entraID(2), ""))
			refusal := w.must(1, "plan")
			saysAll(t, refusal, "Refusing to Plan External ID", entraID(72), `Applied here last was "`+entraID(71), entraID(2))
			w.write("main.tf", config(entraID(2), `expected_current_external_id = "`+entraID(72)+`"`))
			w.must(0, "apply", "-auto-approve")
			holds(entraID(2))
			w.must(0, "plan", "-detailed-exitcode")

			foreign(entraID(73))
			w.write("main.tf", config(entraID(3), ""))
			refusal = w.must(1, "destroy", "-auto-approve")
			w.destroysInstead(refusal)
			holds(entraID(73))
		})
	}
}

// What makes an instance replace a value: its own last one, also after an import, and
// a blank one.
func TestProcess_ownValueIsReplaced(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	w := newWorkspace(t, a.config("", externalIDOf("user", "103", entraID(999), "")))
	w.must(0, "import", externalIDAddress, "user/103")
	for _, next := range []int{3, 4} {
		w.write("main.tf", requiredProviders+a.config("", externalIDOf("user", "103", entraID(next), "")))
		w.must(0, "apply", "-auto-approve")
		if got := a.userExternalID("103"); got != entraID(next) {
			t.Fatalf("user 103 holds %q", got)
		}
	}
	a.setUserExternalID("103", "")()
	w.must(0, "apply", "-auto-approve")
	if got := a.userExternalID("103"); got != entraID(4) {
		t.Errorf("user 103 holds %q", got)
	}
}

// The most common mistake with service principals.
func TestProcess_ownApplicationID(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	w := newWorkspace(t, a.config("", externalIDOf("service_principal", "301", strings.ToUpper("aaaaaaaa-0000-4000-8000-000000000301"), "")))
	refusal := w.must(1, "plan")
	saysAll(t, refusal, "Refusing to Plan External ID", "is the application id", "enterprise application")
	w.destroysInstead(refusal)
}

// setExternalID changes the externalId of a principal behind Terraform's back.
func setExternalID(st *simulator.State, kind, id, value string) {
	switch kind {
	case "user":
		for i := range st.Users {
			if st.Users[i].ID == id {
				st.Users[i].ExternalID = value
			}
		}
	case "group":
		for i := range st.Groups {
			if st.Groups[i].ID == id {
				st.Groups[i].ExternalID = value
			}
		}
	default:
		for i := range st.ServicePrincipals {
			if st.ServicePrincipals[i].ID == id {
				st.ServicePrincipals[i].ExternalID = value
			}
		}
	}
}

func externalIDIn(st simulator.State, kind, id string) string {
	for _, u := range st.Users {
		if kind == "user" && u.ID == id {
			return u.ExternalID
		}
	}
	for _, g := range st.Groups {
		if kind == "group" && g.ID == id {
			return g.ExternalID
		}
	}
	for _, p := range st.ServicePrincipals {
		if kind == "service_principal" && p.ID == id {
			return p.ExternalID
		}
	}
	return ""
}

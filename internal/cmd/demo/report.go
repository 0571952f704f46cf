// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// report is what the two data sources of the demo said in one plan.
type report struct {
	federation struct {
		Workspaces []struct{ Name, Federation string }
	}
	divergences struct {
		Users []struct {
			Row
			Username string
		}
		Groups []struct {
			Row
			Name string `json:"group_name"`
		}
		ServicePrincipals []struct {
			Row
			ApplicationID string `json:"application_id"`
		} `json:"service_principals"`
		Fixes    map[string]fix `json:"external_id_fixes"`
		Removals map[string]struct {
			Group string `json:"group_name"`
		} `json:"member_removals"`
		Scanned struct {
			Users, Groups     int
			ServicePrincipals int `json:"service_principals"`
		}
		Complete bool
	}
}

// Row is what the rows of the three types have in common.
type Row struct{ Cause, Action string }

type fix struct {
	Name       string `json:"principal_name"`
	Current    string `json:"current_external_id"`
	ExternalID string `json:"external_id"`
}

// parseReport reads the two data sources of the demo out of the JSON form of a
// plan.
func parseReport(plan []byte) (report, error) {
	var r report
	return r, readPlan(plan, map[string]any{
		"data.dbxidentity_workspace_federation.this": &r.federation,
		"data.dbxidentity_divergences.this":          &r.divergences,
	})
}

// readPlan reads data sources out of the JSON form of a plan: those that are read
// while planning stand in the prior state.
func readPlan(plan []byte, into map[string]any) error {
	var doc struct {
		PriorState struct {
			Values struct {
				Root struct {
					Resources []struct {
						Address string
						Values  json.RawMessage
					}
				} `json:"root_module"`
			}
		} `json:"prior_state"`
	}
	if err := json.Unmarshal(plan, &doc); err != nil {
		return fmt.Errorf("reading the plan's JSON: %w", err)
	}
	for _, resource := range doc.PriorState.Values.Root.Resources {
		target, ok := into[resource.Address]
		if !ok {
			continue
		}
		if err := json.Unmarshal(resource.Values, target); err != nil {
			return fmt.Errorf("reading %s: %w", resource.Address, err)
		}
		delete(into, resource.Address)
	}
	for address := range into {
		return fmt.Errorf("the plan does not hold %s", address)
	}
	return nil
}

// finding is one divergent principal, in the words of the summary.
type finding struct {
	kind, name, cause, action string
	// offered reports that member_removals has what mends it; the demo's
	// configuration does not take it.
	offered bool
}

func (r report) findings() []finding {
	var out []finding
	add := func(kind, name string, row Row) {
		out = append(out, finding{kind: kind, name: name, cause: row.Cause, action: row.Action})
	}
	shrinking := map[string]bool{}
	for _, removal := range r.divergences.Removals {
		shrinking[removal.Group] = true
	}
	for _, u := range r.divergences.Users {
		add("user", u.Username, u.Row)
	}
	for _, g := range r.divergences.Groups {
		add("group", g.Name, g.Row)
		out[len(out)-1].offered = shrinking[g.Name]
	}
	for _, s := range r.divergences.ServicePrincipals {
		add("service principal", s.ApplicationID, s.Row)
	}
	return out
}

func (r report) unfederated() []string {
	var out []string
	for _, w := range r.federation.Workspaces {
		if w.Federation != "enabled" {
			out = append(out, w.Name)
		}
	}
	return out
}

// summary tells the story of the two plans.
type summary struct{ before, after report }

func (s summary) write(out io.Writer) error {
	if !s.before.divergences.Complete || !s.after.divergences.Complete {
		return errors.New("the audit of the simulated account was incomplete (this is a bug)")
	}
	found, left, fixes := s.before.findings(), s.after.findings(), s.before.divergences.Fixes
	if len(fixes) == 0 || len(found)-len(left) != len(fixes) {
		return fmt.Errorf("%d identities diverged, %d still do, and %d fixes were applied: this does not add up (this is a bug)",
			len(found), len(left), len(fixes))
	}
	scanned := s.before.divergences.Scanned
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintf(w, "Looked at\t%d users, %d groups, %d service principals, %d workspaces\n",
		scanned.Users, scanned.Groups, scanned.ServicePrincipals, len(s.before.federation.Workspaces))
	fmt.Fprintf(w, "Found\t%d identities that diverge from the identity provider; workspaces without identity federation: %s\n",
		len(found), cmp.Or(strings.Join(s.before.unfederated(), ", "), "none"))
	fmt.Fprintf(w, "Fixed\t%d external ids, and the plan after that is empty\n", len(fixes))
	offered, idle := 0, 0
	for _, f := range left {
		switch {
		case f.offered:
			offered++
		case f.action == "none":
			idle++
		}
	}
	fmt.Fprintf(w, "Left\t%d identities, listed below: %d for people, %d whose repair member_removals offers, %d that need nothing\n",
		len(left), len(left)-offered-idle, offered, idle)
	if err := w.Flush(); err != nil {
		return err
	}
	writeFixes(w, fixes)
	fmt.Fprint(w, "\nLeft\n")
	for _, f := range left {
		action := f.action
		if f.offered {
			action += " (in member_removals; this configuration does not take it)"
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t-> %s\n", f.kind, f.name, f.cause, action)
	}
	fmt.Fprint(w, nextSteps)
	return w.Flush()
}

func writeFixes(w io.Writer, fixes map[string]fix) {
	fmt.Fprint(w, "\nFixed\n")
	keys := make([]string, 0, len(fixes))
	for key := range fixes {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		f := fixes[key]
		was := f.Current
		if was == "" {
			was = "(blank)"
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t-> %s\n", key, f.Name, was, f.ExternalID)
	}
}

const nextSteps = `
Next steps
  The configurations that just ran       examples/demo/main.tf, examples/clone/main.tf
  What each cause and action means       docs/guides/rules.md
  Members that may be removed            docs/guides/remediation.md
  On your own account                    README.md, "On your own account"
`

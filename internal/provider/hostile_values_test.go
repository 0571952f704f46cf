// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// providerFaults are the words with which Terraform, OpenTofu and the framework blame
// a provider. No value that a person can write may lead to them.
var providerFaults = []string{
	"This is always an error in the provider", "always an issue in the provider", "is a bug in the provider", "Provider produced", "Value Conversion Error",
	"Provider returned invalid", "report this issue to the provider", "report the following to the provider", "panic", "crashed", "Request cancelled",
	"target type cannot handle", "Plugin did not respond",
}

func saysProviderFault(text string) bool {
	return slices.ContainsFunc(providerFaults, func(words string) bool { return strings.Contains(strings.Join(strings.Fields(text), " "), words) })
}

// unknownValue is known after the apply only, and fits every type.
const unknownValue = "jsondecode(terraform_data.later.output)"

// hostileValues are expressions of a type that people write by mistake.
func hostileValues(as tftypes.Type) []string {
	scalars := func(element tftypes.Type) []string {
		if object, is := element.(tftypes.Object); is {
			var nulls, unknowns []string
			for name := range object.AttributeTypes {
				nulls, unknowns = append(nulls, name+" = null"), append(unknowns, name+" = "+unknownValue)
			}
			slices.Sort(nulls)
			slices.Sort(unknowns)
			return []string{"null", unknownValue, "{ " + strings.Join(nulls, ", ") + " }", "{ " + strings.Join(unknowns, ", ") + " }"}
		}
		return hostileValues(element)
	}
	var out []string
	switch as := as.(type) {
	case tftypes.List, tftypes.Set:
		element := tftypes.Type(tftypes.String)
		if list, is := as.(tftypes.List); is {
			element = list.ElementType
		} else if set, is := as.(tftypes.Set); is {
			element = set.ElementType
		}
		for _, value := range scalars(element) {
			out = append(out, "["+value+"]")
		}
		return append(out, "null", "[]", unknownValue)
	case tftypes.Map:
		for _, value := range scalars(as.ElementType) {
			out = append(out, "{ k = "+value+" }", `{ "" = `+value+" }", `{ "user/101" = `+value+" }")
		}
		return append(out, "null", "{}", unknownValue)
	case tftypes.Object:
		out = scalars(as)
		for _, name := range slices.Sorted(maps.Keys(as.AttributeTypes)) {
			for _, value := range hostileValues(as.AttributeTypes[name]) {
				rest := make([]string, 0, len(as.AttributeTypes))
				for _, other := range slices.Sorted(maps.Keys(as.AttributeTypes)) {
					if other != name {
						rest = append(rest, other+" = null")
					}
				}
				out = append(out, "{ "+strings.Join(append(rest, name+" = "+value), ", ")+" }")
			}
		}
		return out
	}
	switch {
	case as.Is(tftypes.Number):
		return []string{"null", "1e30", "-1e30", "0.5", "-1", unknownValue}
	case as.Is(tftypes.Bool):
		return []string{"null", unknownValue}
	case as.Is(tftypes.String):
		return []string{"null", `""`, `" "`, `"\u0000"`, `"é"`, unknownValue}
	default:
		return []string{"null", "1e30", "[null]", "{ k = null }", unknownValue}
	}
}

// hostileBlock is one block with one hostile value in it.
type hostileBlock struct{ kind, resource, attribute, value string }

func (b hostileBlock) hcl(i int, base map[string]string) string {
	attributes := maps.Clone(base)
	if b.kind == "function" {
		return fmt.Sprintf("output \"v%d\" {\n  value = provider::dbxidentity::%s(%s)\n}\n", i, b.resource, b.value)
	}
	if attributes == nil {
		attributes = map[string]string{}
	}
	attributes[b.attribute] = b.value
	var out strings.Builder
	fmt.Fprintf(&out, "%s %q \"v%d\" {", b.kind, b.resource, i)
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		fmt.Fprintf(&out, "\n  %s = %s", name, attributes[name])
	}
	return out.String() + "\n}\n"
}

// hostileBases are the settings that a resource or data source needs.
var hostileBases = map[string]map[string]string{
	"dbxidentity_external_id":          {"principal_type": `"user"`, "principal_id": `"101"`, "external_id": `"` + entraID(101) + `"`},
	"dbxidentity_group_member":         {"group_id": `"202"`, "member_id": `"102"`},
	"dbxidentity_group_member_removal": {"group_id": `"203"`, "member_id": `"102"`},
	"dbxidentity_resolved_principal":   {"principal_type": `"user"`, "external_id": `"` + entraID(102) + `"`},
	// Who is linked would not do: with automatic identity management on, the account ignores the change, and each write of
	// one principal waits for the one before it, for the whole of the confirm time.
	"dbxidentity_principal_status":             {"principal_type": `"user"`, "principal_id": `"101"`, "active": "false"},
	"dbxidentity_group_name":                   {"group_id": `"203"`, "name": `"other"`, "expected_current_name": `"third"`},
	"dbxidentity_account_access_identity_rule": {"external_principal_id": `"` + entraID(101) + `"`},
	"dbxidentity_audit_events":                 {"workspace_id": `"1"`, "sql_warehouse_id": `"w"`, "since": `"2026-11-01T00:00:00Z"`},
	"dbxidentity_principal":                    {"principal": `{ id = "101" }`},
	"dbxidentity_principal_diff":               {"principal_a": `{ id = "101" }`, "principal_b": `{ id = "102" }`},
	"dbxidentity_principal_access":             {"principal": `{ id = "101" }`},
	"dbxidentity_clone_plan":                   {"source": `{ id = "101" }`, "target": `{ id = "102" }`},
}

func hostileBlocks() []hostileBlock {
	var out []hostileBlock
	take := func(kind string, schemas map[string]*tfprotov6.Schema) {
		for _, name := range slices.Sorted(maps.Keys(schemas)) {
			for _, a := range schemas[name].Block.Attributes {
				if !a.Optional && !a.Required {
					continue
				}
				for _, value := range hostileValues(a.ValueType()) {
					out = append(out, hostileBlock{kind, name, a.Name, value})
				}
			}
		}
	}
	take("resource", providerSchema().ResourceSchemas)
	take("data", providerSchema().DataSourceSchemas)
	return append(out, hostileCalls()...)
}

// hostileCalls are calls of every function with one hostile argument in each, variadic
// ones included. The others are right.
func hostileCalls() []hostileBlock {
	var out []hostileBlock
	for _, name := range slices.Sorted(maps.Keys(providerSchema().Functions)) {
		f := providerSchema().Functions[name]
		var base []string
		for _, p := range f.Parameters {
			switch {
			case p.Type.Is(tftypes.String):
				base = append(base, `"users"`)
			case p.Type.Is(tftypes.DynamicPseudoType):
				base = append(base, "{}")
			default:
				base = append(base, "null")
			}
		}
		params := slices.Clone(f.Parameters)
		if f.VariadicParameter != nil {
			params = append(params, f.VariadicParameter)
			base = append(base, "null")
		}
		for at, p := range params {
			for _, value := range hostileValues(p.Type) {
				args := slices.Clone(base)
				if args[at] = value; f.VariadicParameter != nil && at < len(f.Parameters) {
					args = args[:len(args)-1]
				}
				out = append(out, hostileBlock{"function", name, p.Name, strings.Join(args, ", ")})
			}
		}
	}
	return out
}

// messages are the diagnostics of a run with -json, with the block that each is about;
// -1 for none.
func (w *workspace) messages(args ...string) (code int, blocks []int, texts []string) {
	w.t.Helper()
	type diagnostic struct {
		Severity, Summary, Detail, Address string
		Range                              *struct{ Filename string }
	}
	code, out := w.run(args...)
	var all []diagnostic
	var whole struct{ Diagnostics []diagnostic }
	if json.Unmarshal([]byte(out), &whole) == nil {
		all = whole.Diagnostics
	}
	lines := bufio.NewScanner(strings.NewReader(out))
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		var line struct{ Diagnostic *diagnostic }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Diagnostic != nil {
			all = append(all, *line.Diagnostic)
		}
	}
	for _, d := range all {
		block := -1
		if d.Range != nil {
			_, _ = fmt.Sscanf(d.Range.Filename, "block%d.tf", &block)
		}
		if block < 0 {
			if at := strings.LastIndex(d.Address, ".v"); at >= 0 {
				_, _ = fmt.Sscanf(d.Address[at:], ".v%d", &block)
			}
		}
		texts = append(texts, d.Severity+": "+d.Summary+"\n"+d.Detail)
		if d.Severity != "error" {
			block = -1
		}
		blocks = append(blocks, block)
	}
	return code, blocks, texts
}

// Every attribute of every resource and data source, and every argument of every function, with every kind of value that a
// person can write: null, unknown, huge, halves, blanks, in lists, maps and objects.
// Whatever is not accepted is refused in the provider's own words.
func TestProcess_hostileValues(t *testing.T) {
	t.Parallel()
	ownRun := func(b hostileBlock) bool { return slices.Contains(hostileOwnRun, b.resource) }
	hostileRun(t, slices.DeleteFunc(hostileBlocks(), ownRun))
}

// hostileOwnRun are the kinds that have a run of their own, since one command line is given
// five minutes.
var hostileOwnRun = []string{"dbxidentity_principal_status", "dbxidentity_group_name", "dbxidentity_account_access_identity_rule", "dbxidentity_audit_events"}

// The same for the others, which reach the apply: one instance of each kind is made.
func TestProcess_hostileWrites(t *testing.T) {
	t.Parallel()
	a := hostileRun(t, slices.DeleteFunc(hostileBlocks(), func(b hostileBlock) bool { return !slices.Contains(hostileOwnRun, b.resource) }))
	// Of the instances that want one group, whichever comes first gives it its name.
	if st := a.state(); st.Users[0].Active || st.Groups[2].DisplayName == "third" {
		t.Errorf("nothing was written: %t, %q", st.Users[0].Active, st.Groups[2].DisplayName)
	}
}

func hostileRun(t *testing.T, all []hostileBlock) account {
	t.Helper()
	st := smallWorld()
	st.Groups = append(st.Groups, simulator.Group{ID: "203", DisplayName: "third"})
	a := startAccount(t, st, simulator.Options{AIM: true})
	w := newWorkspace(t, a.config("idp = { databricks = {} }", `
resource "terraform_data" "later" {
  input = "null"
}
`))
	left := map[int]bool{}
	for i, b := range all {
		w.write(fmt.Sprintf("block%d.tf", i), b.hcl(i, hostileBases[b.resource]))
		left[i] = true
	}
	report := func(when string, blocks []int, texts []string) {
		t.Helper()
		for i, text := range texts {
			if saysProviderFault(text) {
				about := "no block"
				if blocks[i] >= 0 {
					about = all[blocks[i]].hcl(blocks[i], hostileBases[all[blocks[i]].resource])
				}
				t.Errorf("%s: the provider is blamed for\n%s\n%s", when, about, text)
			}
		}
		for _, i := range blocks {
			if left[i] {
				delete(left, i)
				w.write(fmt.Sprintf("block%d.tf", i), "")
			}
		}
	}
	for _, args := range [][]string{{"validate", "-json"}, {"plan", "-json"}} {
		for {
			before := len(left)
			code, blocks, texts := w.messages(args...)
			report(args[0], blocks, texts)
			if code == 0 || args[0] == "validate" {
				break // The plan validates what is left once more.
			}
			if len(left) == before {
				t.Fatalf("%v fails, and no block is at fault: %q", args, texts)
			}
		}
		t.Logf("%d of %d blocks pass %s", len(left), len(all), args[0])
	}
	_, blocks, texts := w.messages("apply", "-json", "-auto-approve")
	report("apply", blocks, texts)
	_, blocks, texts = w.messages("plan", "-json")
	report("plan after apply", blocks, texts)
	return a
}

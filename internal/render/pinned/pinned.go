// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package pinned writes what an audit or a clone plan wants as text for git: as
// variables, or as resources. The text is a pure function of its input, sorted,
// with one thing per line or block, so that a pull request shows what changes.
package pinned

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Fixes are the three kinds of things that can be pinned, each by its key. A nil
// map was not asked for; an empty one has nothing to pin.
type Fixes struct {
	// ExternalIDs has the keys of external_id_fixes.
	ExternalIDs map[string]ExternalID
	// MemberRemovals has the keys "<group id>/<member id>".
	MemberRemovals map[string]MemberRemoval
	// Memberships has the keys of a clone plan, or "<group id>/<member id>".
	Memberships map[string]Membership
}

// ExternalID is one fix. The JSON names are the attributes of the data source.
type ExternalID struct {
	PrincipalType     string `json:"principal_type"`
	PrincipalID       string `json:"principal_id"`
	PrincipalName     string `json:"principal_name"`
	CurrentExternalID string `json:"current_external_id"`
	ExternalID        string `json:"external_id"`
	Category          string `json:"category"`
	Reversible        bool   `json:"reversible"`
}

// MemberRemoval is one membership to end.
type MemberRemoval struct {
	GroupID    string `json:"group_id"`
	GroupName  string `json:"group_name"`
	MemberID   string `json:"member_id"`
	MemberType string `json:"member_type"`
	MemberName string `json:"member_name"`
	Category   string `json:"category"`
	Cause      string `json:"cause"`
}

// Membership is one membership to give.
type Membership struct {
	GroupID    string `json:"group_id"`
	GroupName  string `json:"group_name"`
	MemberID   string `json:"member_id"`
	MemberName string `json:"member_name"`
	Privileged bool   `json:"privileged"`
}

// TFVars is a *.auto.tfvars.json: one variable per kind that was asked for, one
// line per thing, ending in a line feed.
func TFVars(f Fixes) (string, error) {
	var variables []string
	add := func(name string, body string, err error) error {
		if err == nil && body != "" {
			variables = append(variables, fmt.Sprintf("  %q: %s", name, body))
		}
		return err
	}
	ids, err := lines(f.ExternalIDs)
	if err := add("external_id_fixes", ids, err); err != nil {
		return "", err
	}
	removals, err := lines(f.MemberRemovals)
	if err := add("member_removals", removals, err); err != nil {
		return "", err
	}
	memberships, err := lines(f.Memberships)
	if err := add("memberships", memberships, err); err != nil {
		return "", err
	}
	if len(variables) == 0 {
		return "{}\n", nil
	}
	return "{\n" + strings.Join(variables, ",\n") + "\n}\n", nil
}

// lines is one kind as a JSON object; empty for nil.
func lines[V any](entries map[string]V) (string, error) {
	if entries == nil {
		return "", nil
	}
	if len(entries) == 0 {
		return "{}", nil
	}
	var out []string
	for _, key := range sortedKeys(entries) {
		name, err := marshal(key)
		if err != nil {
			return "", err
		}
		value, err := marshal(entries[key])
		if err != nil {
			return "", err
		}
		out = append(out, "    "+name+": "+value)
	}
	return "{\n" + strings.Join(out, ",\n") + "\n  }", nil
}

// marshal is JSON as people write it, without escapes for HTML, but with escapes
// for what does not show: a review sees text, and characters that turn its
// direction, or have no width, would show another one than is there.
func marshal(v any) (string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "", fmt.Errorf("writing %T: %w", v, err)
	}
	return printable(strings.TrimSuffix(b.String(), "\n")), nil
}

// printable escapes what cannot be seen, as JSON does. All of it is within strings.
func printable(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}

// sortedKeys are keys with their numbers in numeric order.
func sortedKeys[V any](entries map[string]V) []string {
	return slices.SortedFunc(maps.Keys(entries), func(a, b string) int {
		x, y := strings.Split(a, "/"), strings.Split(b, "/")
		for i := range min(len(x), len(y)) {
			if d := audit.CompareIDs(x[i], y[i]); d != 0 {
				return d
			}
		}
		return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(a, b))
	})
}

// HCL is a file of resources, formatted, without a provider block.
func HCL(f Fixes) string {
	file := hclwrite.NewEmptyFile()
	body := file.Body()
	for _, key := range sortedKeys(f.ExternalIDs) {
		e := f.ExternalIDs[key]
		block(body, comment([]string{e.PrincipalName}, e.Category, irreversible(e)), "dbxidentity_external_id", e.PrincipalType+"_"+e.PrincipalID,
			attribute{"principal_type", cty.StringVal(e.PrincipalType)}, attribute{"principal_id", cty.StringVal(e.PrincipalID)},
			attribute{"external_id", cty.StringVal(e.ExternalID)}, attribute{"expected_current_external_id", cty.StringVal(e.CurrentExternalID)})
	}
	for _, key := range sortedKeys(f.MemberRemovals) {
		e := f.MemberRemovals[key]
		block(body, comment([]string{e.MemberName, e.GroupName}, e.Cause), "dbxidentity_group_member_removal", "group_"+e.GroupID+"_member_"+e.MemberID,
			attribute{"group_id", cty.StringVal(e.GroupID)}, attribute{"member_id", cty.StringVal(e.MemberID)})
	}
	for _, key := range sortedKeys(f.Memberships) {
		e := f.Memberships[key]
		attributes := []attribute{{"group_id", cty.StringVal(e.GroupID)}, {"member_id", cty.StringVal(e.MemberID)}}
		note := ""
		if e.Privileged {
			attributes = append(attributes, attribute{"allow_privileged", cty.True})
			note = "privileged"
		}
		block(body, comment([]string{e.MemberName, e.GroupName}, note), "dbxidentity_group_member", "group_"+e.GroupID+"_member_"+e.MemberID, attributes...)
	}
	return string(hclwrite.Format(file.Bytes()))
}

func irreversible(e ExternalID) string {
	why := audit.Irreversible(audit.PrincipalType(e.PrincipalType), e.CurrentExternalID, e.Reversible)
	if why == "" {
		return ""
	}
	return "cannot be taken back because " + why
}

type attribute struct {
	name  string
	value cty.Value
}

func block(body *hclwrite.Body, above, kind, name string, attributes ...attribute) {
	if len(body.Blocks()) > 0 {
		body.AppendNewline()
	}
	body.AppendUnstructuredTokens(hclwrite.Tokens{{Type: hclsyntax.TokenComment, Bytes: []byte(above + "\n")}})
	inner := body.AppendNewBlock("resource", []string{kind, name}).Body()
	for _, a := range attributes {
		inner.SetAttributeValue(a.name, a.value)
	}
}

// comment is one line. Names are quoted, because someone who names an object of the
// directory must not write configuration: line feeds, control characters and
// those that turn the direction of text are escaped. What stands outside of quotes
// is no name.
func comment(names []string, codes ...string) string {
	var parts []string
	for _, name := range names {
		parts = append(parts, strconv.Quote(name))
	}
	for _, code := range codes {
		if code == "" {
			continue
		}
		if quoted := strconv.Quote(code); strings.ContainsFunc(code, notOfCode) {
			parts = append(parts, quoted)
		} else {
			parts = append(parts, code)
		}
	}
	return "# " + strings.Join(parts, ", ")
}

// notOfCode reports what no category, cause or note of ours has.
func notOfCode(r rune) bool {
	return r != ' ' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
}

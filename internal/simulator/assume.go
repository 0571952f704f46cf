// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// AssumptionKeys are the keys that [Assumed.Set] takes, with their kinds, sorted:
// "scim.field_name=bool" and so on.
func AssumptionKeys() []string {
	var out []string
	var a Assumed
	a.each(func(key string, field reflect.Value) bool {
		out = append(out, key+"="+field.Kind().String())
		return false
	})
	slices.Sort(out)
	return out
}

// Set sets one switch by a text such as "workspaces.permission_page_size=2". The
// error lists the keys.
func (a *Assumed) Set(text string) error {
	key, value, ok := strings.Cut(text, "=")
	if !ok {
		return fmt.Errorf("assumption %q: want key=value", text)
	}
	var err error
	found := a.each(func(name string, field reflect.Value) bool {
		if !strings.EqualFold(name, strings.TrimSpace(key)) {
			return false
		}
		err = setField(field, value)
		return true
	})
	if !found {
		return fmt.Errorf("unknown assumption %q; there are %s", key, strings.Join(AssumptionKeys(), ", "))
	}
	if err != nil {
		return fmt.Errorf("assumption %s: %w", key, err)
	}
	return nil
}

// each visits the switches until visit returns true.
func (a *Assumed) each(visit func(key string, field reflect.Value) bool) bool {
	areas := reflect.ValueOf(a).Elem()
	for i := range areas.NumField() {
		area := areas.Field(i)
		for j := range area.NumField() {
			key := snakeCase(areas.Type().Field(i).Name) + "." + snakeCase(area.Type().Field(j).Name)
			if area.Field(j).CanSet() && isSwitch(area.Field(j).Kind()) && visit(key, area.Field(j)) {
				return true
			}
		}
	}
	return false
}

// check refuses a switch with a word that it does not know.
func (a IdentityAssumptions) check() error {
	for _, f := range []struct {
		key, value string
		words      []string
	}{
		{"disabled", a.Disabled, []string{"404", "403", "501"}},
		{"filter", a.Filter, []string{"ignore", "reject"}},
		{"clear_external_id", a.ClearExternalID, []string{"ignore", "reject", "clear"}},
		{"collision", a.Collision, []string{"accept", "reject"}},
		{"external_group_members", a.ExternalGroupMembers, []string{"reject", "ignore", "accept"}},
	} {
		if f.value != "" && !slices.Contains(f.words, f.value) {
			return fmt.Errorf("assumption identity.%s: %q is none of its words: %s", f.key, f.value, strings.Join(f.words, ", "))
		}
	}
	return nil
}

func isSwitch(k reflect.Kind) bool {
	return k == reflect.Bool || k == reflect.Int || k == reflect.String
}

func setField(field reflect.Value, value string) error {
	switch field.Kind() {
	case reflect.Bool:
		b, err := strconv.ParseBool(value)
		if err != nil {
			return fmt.Errorf("want true or false, not %q", value)
		}
		field.SetBool(b)
	case reflect.Int:
		n, err := strconv.Atoi(value)
		if err != nil {
			return fmt.Errorf("want a number, not %q", value)
		}
		field.SetInt(int64(n))
	default:
		field.SetString(value)
	}
	return nil
}

// snakeCase turns a Go name into the form of the keys: PageSize -> page_size,
// SCIM -> scim, StringIDs -> string_ids.
func snakeCase(name string) string {
	var b strings.Builder
	runes := []rune(name)
	isUpper := func(i int) bool { return i >= 0 && i < len(runes) && runes[i] >= 'A' && runes[i] <= 'Z' }
	// The plural of an abbreviation is one word: IDs.
	isPlural := func(i int) bool { return i < len(runes) && runes[i] == 's' && (i+1 == len(runes) || isUpper(i+1)) }
	for i, r := range runes {
		if isUpper(i) && i > 0 && (!isUpper(i-1) || i+1 < len(runes) && !isUpper(i+1) && !isPlural(i+1)) {
			b.WriteByte('_')
		}
		b.WriteString(strings.ToLower(string(r)))
	}
	return b.String()
}

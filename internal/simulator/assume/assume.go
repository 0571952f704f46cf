// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package assume reads switches for behaviour that no source settles: fields of a
// struct of structs, one per area. The tag words of a text has its words, the default
// first. It knows no switch by name.
package assume

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Keys are the keys that [Set] takes, with what each takes,
// sorted: "scim.member_type=omitted|returned", "workspaces.permission_page_size=int".
// The first word is the default.
func Keys(areas any) []string {
	var out []string
	_ = each(areas, func(s assumption) error {
		takes := strings.Replace(s.value.Kind().String(), "string", "text", 1)
		if len(s.words) > 0 {
			takes = strings.Join(s.words, "|")
		}
		out = append(out, s.key+"="+takes)
		return nil
	})
	slices.Sort(out)
	return out
}

// Set sets one switch by a text such as "workspaces.permission_page_size=2". The
// error lists the keys, or the words of the key.
func Set(areas any, text string) error {
	key, value, ok := strings.Cut(text, "=")
	if !ok {
		return fmt.Errorf("assumption %q: want key=value", text)
	}
	found := false
	err := each(areas, func(s assumption) error {
		if !strings.EqualFold(s.key, strings.TrimSpace(key)) {
			return nil
		}
		found = true
		if err := setField(s.value, value); err != nil {
			return fmt.Errorf("assumption %s: %w", s.key, err)
		}
		return s.check()
	})
	if err == nil && !found {
		return fmt.Errorf("unknown assumption %q; there are %s", key, strings.Join(Keys(areas), ", "))
	}
	return err
}

// Settle puts the default word into every text switch that is empty. The error
// names the switches that have a word or number that they do not take.
func Settle(areas any) error {
	var errs []error
	_ = each(areas, func(s assumption) error {
		if len(s.words) > 0 && s.value.String() == "" {
			s.value.SetString(s.words[0])
		}
		errs = append(errs, s.check())
		return nil
	})
	return errors.Join(errs...)
}

// assumption is one switch. A text switch without words takes any text.
type assumption struct {
	key   string
	value reflect.Value
	words []string
}

func (s assumption) check() error {
	switch {
	case s.value.Kind() == reflect.Int && s.value.Int() < 0:
		return fmt.Errorf("assumption %s: %d is negative", s.key, s.value.Int())
	case len(s.words) > 0 && !slices.Contains(s.words, s.value.String()):
		return fmt.Errorf("assumption %s: %q is none of its words: %s", s.key, s.value, strings.Join(s.words, ", "))
	}
	return nil
}

// each visits the switches until visit fails. areas points to a struct of
// structs, one per area.
func each(areas any, visit func(assumption) error) error {
	all := reflect.ValueOf(areas).Elem()
	for i := range all.NumField() {
		area := all.Field(i)
		for j := range area.NumField() {
			field := area.Type().Field(j)
			if !isSwitch(area.Field(j).Kind()) {
				continue
			}
			if err := visit(assumption{
				key:   snakeCase(all.Type().Field(i).Name) + "." + snakeCase(field.Name),
				value: area.Field(j), words: strings.Fields(field.Tag.Get("words")),
			}); err != nil {
				return err
			}
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

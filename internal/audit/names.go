// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package audit

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// FoldName is a name without its case: two names have one key exactly where
// [strings.EqualFold] holds, so that looking a name up and comparing it agree.
// Lower-casing is no such key: it makes a plain i of the dotted capital of
// Turkish, which no case of an i is, and two letters of the Greek sigma.
func FoldName(name string) string {
	for i := range len(name) {
		if name[i] >= utf8.RuneSelf {
			return strings.Map(foldRune, name)
		}
	}
	return strings.ToLower(name)
}

// foldRune is the smallest of the cases of a letter, in lower case if that is one
// of ASCII.
func foldRune(r rune) rune {
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	if least < utf8.RuneSelf {
		return unicode.ToLower(least)
	}
	return least
}

// MaxGroupName is the longest name of a group, in characters.
const MaxGroupName = 255

// ValidateGroupName refuses what cannot be the name of a group.
func ValidateGroupName(name string) error {
	switch n := utf8.RuneCountInString(name); {
	case strings.TrimSpace(name) != name || name == "":
		return fmt.Errorf("a name is not blank, and has no spaces around it")
	case n > MaxGroupName:
		return fmt.Errorf("the name has %d characters; at most %d are accepted", n, MaxGroupName)
	case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return fmt.Errorf("the name has a control character")
	case IsSystemGroup(Principal{Ref: Ref{Type: TypeGroup}, Name: name}):
		return fmt.Errorf("%q is the name of a group that Databricks keeps itself", name)
	default:
		return nil
	}
}

// MailDomain is what follows the last "@" of a user name, in lower case; empty where
// there is none.
func MailDomain(userName string) string {
	at := strings.LastIndexByte(userName, '@')
	if at < 0 {
		return ""
	}
	return strings.ToLower(userName[at+1:])
}

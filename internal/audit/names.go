// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package audit

import (
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

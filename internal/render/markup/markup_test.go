// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package markup

import (
	"regexp"
	"strings"
	"testing"
)

func TestSentence(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Find out (soon) why, then ask: who?": "Find out (soon) why, then ask: who?",
		"set link_groups = true.":             "set link&#95;groups &#61; true.",
		"a|b <b> `c` *d* @team #1 GH-12":      "a&#124;b &#60;b&#62; &#96;c&#96; &#42;d&#42; &#64;team &#35;1 GH&#45;12",
		"www.example.com http://example.com":  "www&#46;example&#46;com http&#58;&#47;&#47;example&#46;com",
		"- 1. x\ny":                           "&#45; 1. x&#65533;y",
		"its ${x}":                            "its &#36;&#123;x&#125;",
		"":                                    "",
	} {
		if got := Sentence(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

// FuzzSentence: nothing is left that Markdown or HTML could take for more than words.
func FuzzSentence(f *testing.F) {
	for _, seed := range []string{"a b.", "[x](y)", "<script>", "a|b", "\\|", "**x**", "\u202e", "\xff", "&lt;", "1) x"} {
		f.Add(seed)
	}
	reference := regexp.MustCompile(`&#[0-9]+;`)
	f.Fuzz(func(t *testing.T, text string) {
		left := reference.ReplaceAllString(Sentence(text), "")
		if strings.ContainsAny(left, "`*_[]<>|\\#@~!/&$={}\r\n\t") {
			t.Fatalf("%q becomes %q", text, Sentence(text))
		}
	})
}

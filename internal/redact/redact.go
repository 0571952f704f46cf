// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package redact keeps secrets, and control characters, out of everything that a
// person, a state file or a log gets to see.
//
// Secrets are added when they become known: settings when they are read, tokens and
// headers when a request carries them. There is one set for the whole process,
// because a text of one provider configuration may hold what another one sent.
// Standard library only.
package redact

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// mark stands where a secret was.
const mark = "(redacted)"

const (
	// minSecret is the length in bytes below which a value is not looked for: it
	// would be found in every text.
	minSecret = 4
	// minUnique is the length from which a value is looked for within words too, and
	// in answers.
	minUnique = 16
	// maxSecrets bounds the set; a run has a dozen, and a new token each hour.
	maxSecrets = 256
	// maxNeedle is how much of a secret is looked for in answers: enough to be
	// unique.
	maxNeedle = 48
)

// known are the secrets of this process, the latest last.
var known struct {
	sync.RWMutex
	secrets []secret
	seen    map[string]bool
	// needles are the pieces that Found looks for, by each of their windows.
	needles map[uint64][]needle
}

// secret is one value with the forms in which it may be met.
type secret struct {
	value string
	forms []form // longest first
}

type form struct {
	text string
	// word is true when the form counts only as a word of its own: a short password
	// may be a part of ordinary words.
	word bool
}

// Add makes secrets known. Lines of a private key and the key within a JSON
// document are secrets as well.
func Add(secrets ...string) {
	for _, s := range secrets {
		if len(s) < minSecret || isKnown(s) {
			continue
		}
		add(s)
		Add(partsOf(s)...)
	}
}

func isKnown(s string) bool {
	known.RLock()
	defer known.RUnlock()
	return known.seen[s]
}

func add(s string) {
	forms := formsOf(s)
	known.Lock()
	defer known.Unlock()
	if known.seen == nil {
		known.seen, known.needles = map[string]bool{}, map[uint64][]needle{}
	}
	if known.seen[s] {
		return
	}
	known.seen[s] = true
	latest := secret{s, forms}
	known.secrets = append(known.secrets, latest)
	latest.seek(func(key uint64, n needle) { known.needles[key] = append(known.needles[key], n) })
	if len(known.secrets) > maxSecrets {
		oldest := known.secrets[0]
		oldest.seek(func(key uint64, old needle) {
			known.needles[key] = slices.DeleteFunc(known.needles[key], func(n needle) bool { return n.at == old.at && bytes.Equal(n.text, old.text) })
		})
		delete(known.seen, oldest.value)
		known.secrets = slices.Delete(known.secrets, 0, 1)
	}
}

// Text is a text without secrets and with control characters escaped. Line breaks
// and tabs stay. It must be called before a text is cut: half a secret is not found.
func Text(s string) string {
	if s == "" {
		return s
	}
	known.RLock()
	for _, k := range known.secrets {
		for _, f := range k.forms {
			s = f.replace(s)
		}
	}
	known.RUnlock()
	return escape(patterns(s))
}

// Found reports whether an answer repeats a secret that is long enough to be no
// coincidence. It reads the answer once, however many secrets there are: every eighth
// place is the begin of one of the windows of what is looked for, or none is there.
func Found(body []byte) bool {
	known.RLock()
	defer known.RUnlock()
	for at := 0; at+window <= len(body); at += window {
		for _, n := range known.needles[binary.LittleEndian.Uint64(body[at:])] {
			if begin := at - n.at; begin >= 0 && bytes.HasPrefix(body[begin:], n.text) {
				return true
			}
		}
	}
	return false
}

// window is how many bytes of an answer are compared at once.
const window = 8

// needle is a piece of a secret with the place of one of its windows.
type needle struct {
	text []byte
	at   int
}

// seek calls visit with each window of what Found looks for of a secret.
func (s secret) seek(visit func(key uint64, n needle)) {
	if len(s.value) < minUnique {
		return
	}
	for _, f := range s.forms {
		text := []byte(f.text[max(0, len(f.text)-maxNeedle):])
		if len(text) < minUnique {
			continue
		}
		for at := range window {
			visit(binary.LittleEndian.Uint64(text[at:]), needle{text, at})
		}
	}
}

func (f form) replace(s string) string {
	if !strings.Contains(s, f.text) {
		return s
	}
	if !f.word {
		return strings.ReplaceAll(s, f.text, mark)
	}
	var b strings.Builder
	for {
		at := strings.Index(s, f.text)
		if at < 0 {
			b.WriteString(s)
			return b.String()
		}
		end := at + len(f.text)
		b.WriteString(s[:at])
		if at > 0 && isWord(s[at-1]) || end < len(s) && isWord(s[end]) {
			b.WriteString(f.text)
		} else {
			b.WriteString(mark)
		}
		s = s[end:]
	}
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= utf8.RuneSelf
}

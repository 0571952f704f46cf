// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package redact

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// formsOf are the ways in which a value is written: as it is, escaped for URLs,
// JSON and HTML, and within any base64 text, which is how a user and password are
// sent to a token endpoint.
func formsOf(s string) []form {
	var out []form
	take := func(text string, word bool) {
		if len(text) >= minSecret && !slices.ContainsFunc(out, func(f form) bool { return f.text == text }) {
			out = append(out, form{text, word})
		}
	}
	query := url.QueryEscape(s)
	for _, text := range []string{s, query, lowerEscapes(query), url.PathEscape(s), inJSON(s), strings.ReplaceAll(s, "/", `\/`), html.EscapeString(s)} {
		take(text, len(s) < minUnique)
	}
	take(hex.EncodeToString([]byte(s)), false)
	for _, text := range []string{s, query} {
		for _, fragment := range base64Fragments(text) {
			if len(fragment) >= minSecret*2 {
				take(fragment, false)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b form) int { return cmp.Compare(len(b.text), len(a.text)) })
	return out
}

// base64Fragments are what a text looks like within the base64 form of a longer
// one, for the three places where it can begin, in both alphabets. The characters
// that its neighbours take part in are left out.
func base64Fragments(s string) []string {
	var out []string
	for lead := range 3 {
		padded := append(make([]byte, lead), s...)
		begin := []int{0, 2, 3}[lead]
		for _, alphabet := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			encoded := alphabet.EncodeToString(padded)
			end := len(padded) / 3 * 4
			if rest := len(padded) % 3; rest > 0 {
				end += rest // The last character holds bits of what follows.
			}
			if begin < end {
				out = append(out, encoded[begin:end])
			}
		}
	}
	return out
}

func inJSON(s string) string {
	raw, err := json.Marshal(s)
	if err != nil {
		return s
	}
	return string(raw[1 : len(raw)-1])
}

// lowerEscapes writes %2F as %2f.
func lowerEscapes(s string) string {
	out := []byte(s)
	for i := 0; i+2 < len(out); i++ {
		if out[i] == '%' {
			copy(out[i:], strings.ToLower(string(out[i:i+3])))
		}
	}
	return string(out)
}

// partsOf are the secrets within a secret: the lines of a key in PEM form, and the
// private key of a document in JSON.
func partsOf(s string) []string {
	var out []string
	var document map[string]any
	if strings.HasPrefix(strings.TrimSpace(s), "{") && json.Unmarshal([]byte(s), &document) == nil {
		for name, value := range document {
			if text, ok := value.(string); ok && isSecretName(name) {
				out = append(out, text)
			}
		}
	}
	if strings.Contains(s, "-----BEGIN") {
		for _, line := range strings.Split(strings.ReplaceAll(s, `\n`, "\n"), "\n") {
			if line = strings.TrimSpace(line); len(line) >= minUnique && !strings.HasPrefix(line, "-----") {
				out = append(out, line)
			}
		}
	}
	return out
}

func isSecretName(name string) bool {
	name = strings.ToLower(name)
	return name == "private_key" || strings.Contains(name, "secret") || strings.HasSuffix(name, "token") ||
		strings.HasSuffix(name, "assertion") || strings.Contains(name, "password")
}

// secretHeaders are those in which credentials are sent.
var secretHeaders = []string{
	"Authorization", "Proxy-Authorization", "X-Databricks-Azure-Sp-Management-Token", "X-Identity-Header", "Cookie",
}

// AddHeaders makes the credentials of a request known.
func AddHeaders(h http.Header) {
	for _, name := range secretHeaders {
		for _, value := range h[name] {
			addHeader(value)
		}
	}
}

func addHeader(value string) {
	if isKnown(value) {
		return
	}
	Add(value)
	scheme, credential, found := strings.Cut(value, " ")
	if !found {
		return
	}
	Add(credential)
	if !strings.EqualFold(scheme, "Basic") {
		return
	}
	raw, err := base64.StdEncoding.DecodeString(credential)
	if err != nil {
		return
	}
	_, password, _ := strings.Cut(string(raw), ":")
	Add(password)
	if plain, err := url.QueryUnescape(password); err == nil {
		Add(plain)
	}
}

// AddForm makes the secrets of a token request known.
func AddForm(body []byte) {
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return
	}
	for name := range values {
		if isSecretName(name) && !strings.HasSuffix(name, "_type") {
			Add(values[name]...)
		}
	}
}

// AddTokens makes the tokens known that a token endpoint has answered.
func AddTokens(body []byte) {
	var tokens map[string]any
	if json.Unmarshal(body, &tokens) != nil {
		return
	}
	for name, value := range tokens {
		if text, ok := value.(string); ok && isSecretName(name) {
			Add(text)
		}
	}
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package redact_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/redact"
)

// However a known secret is written, no text keeps it.
func TestText_everyForm(t *testing.T) {
	t.Parallel()
	const secret = `p~4w/8Q+zz=="x<&>7`
	redact.Add(secret)
	quoted, err := json.Marshal(secret)
	if err != nil {
		t.Fatal(err)
	}
	for name, written := range map[string]string{
		"plain": secret, "query": url.QueryEscape(secret),
		"lower query": strings.NewReplacer("%2F", "%2f", "%2B", "%2b", "%3D", "%3d", "%3C", "%3c", "%3E", "%3e").Replace(url.QueryEscape(secret)),
		"path":        url.PathEscape(secret), "JSON": string(quoted), "HTML": html.EscapeString(secret),
		"base64":     base64.StdEncoding.EncodeToString([]byte(secret)),
		"base64 URL": base64.RawURLEncoding.EncodeToString([]byte(secret)),
		"Basic":      base64.StdEncoding.EncodeToString([]byte("me:" + secret)),
		"Basic 2":    base64.StdEncoding.EncodeToString([]byte("user1:" + secret)),
		"Basic 3":    base64.StdEncoding.EncodeToString([]byte("user1:" + secret + "\n")),
		"Basic 4":    base64.URLEncoding.EncodeToString([]byte("id:" + url.QueryEscape(secret))),
	} {
		said := redact.Text("debug: " + written + " end")
		if !strings.HasPrefix(said, "debug: ") || !strings.HasSuffix(said, " end") || !strings.Contains(said, "(redacted)") {
			t.Errorf("%s: %q became %q", name, written, said)
		}
		if strings.Contains(said, "p~4w") || strings.Contains(said, secret[len(secret)-6:]) {
			t.Errorf("%s: %q still shows a part", name, said)
		}
	}
}

// A short password is taken out as a word, and leaves words that hold it.
func TestText_shortSecret(t *testing.T) {
	t.Parallel()
	redact.Add("hunter2")
	if got, want := redact.Text("wrong hunter2, not hunter22 or a_hunter2"), "wrong (redacted), not hunter22 or a_hunter2"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	redact.Add("", "a", "abc")
	if got := redact.Text("a abc"); got != "a abc" {
		t.Errorf("what is too short to be told from a word was taken out: %q", got)
	}
}

// What has the form of a credential goes, no matter whose it is; sentences stay.
func TestText_patterns(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`authorization: Bearer abcdef end`:                            `authorization: (redacted) end`,
		`{"Authorization":"Basic eDp5"}`:                              `{"Authorization":"(redacted)"}`,
		`{\"Authorization\":[\"SSWS 00abc\"]}`:                        `{\"Authorization\":[\"(redacted)\"]}`,
		`sent Bearer dGhpc2lzYXRva2VuMTIz. then`:                      `sent Bearer (redacted) then`,
		`Basic dXNlcjpwdzE= was refused`:                              `Basic (redacted) was refused`,
		`proxyconnect http://me:pw@proxy.example:8080/x`:              `proxyconnect http://(redacted)@proxy.example:8080/x`,
		`proxyconnect http://me:p@ss@proxy.example:8080/x`:            `proxyconnect http://(redacted)@proxy.example:8080/x`,
		`GET https://host/users/a@b.example`:                          `GET https://host/users/a@b.example`,
		`token eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln in the log`:   `token (redacted) in the log`,
		`dapi0123456789abcdef0123456789abcdef is expired`:             `(redacted) is expired`,
		`grant_type=x&client_secret=abcdefgh12&scope=y`:               `grant_type=x&client_secret=(redacted)&scope=y`,
		`Bearer authentication is required, Basic authentication too`: `Bearer authentication is required, Basic authentication too`,
		`Check client_id and client_secret (DATABRICKS_TOKEN)`:        `Check client_id and client_secret (DATABRICKS_TOKEN)`,
	} {
		if got := redact.Text(text); got != want {
			t.Errorf("%s\nbecame %s\nwant   %s", text, got, want)
		}
	}
}

// A terminal obeys nothing that a server has sent.
func TestText_controlCharacters(t *testing.T) {
	t.Parallel()
	in := "a\x1b[2J\x07\u009bb\u202ec\u2066d\r\ne\tf\u200bg\x00\u2028\U000e0041\xff Zoë 名 \u200d"
	want := `a\u001b[2J\u0007\u009bb\u202ec\u2066d\u000d` + "\ne\tf" + `\u200bg\u0000\u2028\U000e0041` + "\ufffd Zoë 名 \u200d"
	if got := redact.Text(in); got != want {
		t.Errorf("%q\nwant %q", got, want)
	}
}

// The parts of a key and of a document are secrets too, and so is what a request
// carries and a token endpoint answers.
func TestAdd_sources(t *testing.T) {
	t.Parallel()
	line := strings.Repeat("MIIEvQIBADAN7x", 4)
	redact.Add(`{"client_email":"sa@example.iam","private_key":"-----BEGIN PRIVATE KEY-----\n` + line + `\n-----END PRIVATE KEY-----\n"}`)
	h := http.Header{}
	h.Set("X-Databricks-Azure-SP-Management-Token", "management-token-of-a-request")
	h.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("me:proxy%20password")))
	redact.AddHeaders(h)
	redact.AddForm([]byte("grant_type=jwt&client_assertion_type=urn%3Ajwt-bearer&client_assertion=signed%2Bassertion"))
	redact.AddTokens([]byte(`{"access_token":"opaque-access-token","token_type":"Bearer","expires_in":3600}`))
	text := line + " sa@example.iam management-token-of-a-request, proxy%20password, proxy password, signed+assertion, urn:jwt-bearer, opaque-access-token, Bearer"
	want := "(redacted) sa@example.iam (redacted), (redacted), (redacted), (redacted), urn:jwt-bearer, (redacted), Bearer"
	if got := redact.Text(text); got != want {
		t.Errorf("%q\nwant %q", got, want)
	}
	if !redact.Found([]byte(`{"displayName":"opaque-access-token"}`)) || redact.Found([]byte(`{"displayName":"analysts"}`)) {
		t.Error("an answer that repeats a token is not told from one that does not")
	}
}

func BenchmarkText(b *testing.B) {
	for i := range 12 {
		redact.Add(strings.Repeat(string(rune('a'+i)), 30))
	}
	text := strings.Repeat("status 503 TEMPORARILY_UNAVAILABLE: ", 8)
	for b.Loop() {
		redact.Text(text)
	}
}

// An answer that repeats a secret is found wherever it stands, in each of its forms,
// also when many secrets are known; a part of one is no secret, and a forgotten one is
// found no more.
//
//nolint:paralleltest // It fills the set that all tests share.
func TestFound(t *testing.T) {
	secretOf := func(i int) string { return fmt.Sprintf("found-%04d/%s+k", i, strings.Repeat("q", i%40)) }
	for i := range 256 + 20 {
		redact.Add(secretOf(i) + "0123456789")
	}
	for i := 20; i < 256+20; i += 7 {
		value := secretOf(i) + "0123456789"
		for lead := range 16 {
			text := strings.Repeat(" ", lead) + `{"echo":"` + value + `"}`
			if !redact.Found([]byte(text)) || !redact.Found([]byte(strings.Repeat("x", lead)+base64.StdEncoding.EncodeToString([]byte("user:"+value)))) {
				t.Fatalf("secret %d is not found behind %d characters", i, lead)
			}
			if redact.Found([]byte(text[:len(text)-3])) {
				t.Fatalf("a part of secret %d is taken for it", i)
			}
		}
	}
	if redact.Found([]byte(secretOf(0)+"0123456789")) || redact.Found(nil) || redact.Found([]byte("short")) {
		t.Error("found what is not known")
	}
}

func BenchmarkFound(b *testing.B) {
	for i := range 12 {
		redact.Add(fmt.Sprintf("benchmark-secret-%02d-0123456789", i))
	}
	body := []byte(strings.Repeat(`{"id":"1234567890","userName":"someone@example.com","active":true},`, 15000))
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if redact.Found(body) {
			b.Fatal("found")
		}
	}
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package okta

import (
	"net/http"
	"testing"
)

type answerWith struct {
	status int
	header http.Header
}

func (a answerWith) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: a.status, Header: a.header, Body: http.NoBody}, nil
}

// Reset is a point in time on Okta's clock, which the Date header shows.
func TestOktaPace(t *testing.T) {
	t.Parallel()
	const date = "Fri, 01 Jan 2021 00:00:00 GMT" // 1609459200
	tests := map[string]struct {
		status int
		header http.Header
		want   string
	}{
		"reset":          {429, http.Header{"X-Rate-Limit-Reset": {"1609459230"}, "Date": {date}}, "31"},
		"reset is past":  {429, http.Header{"X-Rate-Limit-Reset": {"1609459100"}, "Date": {date}}, "0"},
		"no header":      {429, http.Header{"Date": {date}}, ""},
		"not a number":   {429, http.Header{"X-Rate-Limit-Reset": {"soon"}, "Date": {date}}, ""},
		"retry after":    {429, http.Header{"X-Rate-Limit-Reset": {"1609459230"}, "Date": {date}, "Retry-After": {"2"}}, "2"},
		"not throttled":  {200, http.Header{"X-Rate-Limit-Reset": {"1609459230"}, "Date": {date}}, ""},
		"server failure": {503, http.Header{"X-Rate-Limit-Reset": {"1609459230"}, "Date": {date}}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1/", nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := pace{answerWith{tt.status, tt.header}}.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if got := resp.Header.Get("Retry-After"); got != tt.want {
				t.Errorf("Retry-After %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNextLink(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		links []string
		want  string
	}{
		"none":           {nil, ""},
		"self only":      {[]string{`<https://o/a?limit=2>; rel="self"`}, ""},
		"two headers":    {[]string{`<https://o/a>; rel="self"`, `<https://o/a?after=1,2>; rel="next"`}, "https://o/a?after=1,2"},
		"one header":     {[]string{`<https://o/a>; rel="self", <https://o/b>; rel="next"`}, "https://o/b"},
		"more params":    {[]string{`<https://o/b>; title="x"; rel=next`}, "https://o/b"},
		"next is first":  {[]string{`<https://o/b>; rel="next", <https://o/a>; rel="self"`}, "https://o/b"},
		"two relations":  {[]string{`<https://o/b>; rel="prev Next"`}, "https://o/b"},
		"another word":   {[]string{`<https://o/b>; rel="next-archive"`}, ""},
		"cut off":        {[]string{`<https://o/b`}, ""},
		"without target": {[]string{`rel="next"`}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := nextLink(http.Header{"Link": tt.links}); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package transport

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// RoundTripper gives libraries that bring their own requests (token exchanges
// of SDKs) the discipline of the client. repeatable reports whether a request
// other than GET may be sent again although it may have reached the server;
// token requests may.
//
// It also has the method Do of an http.Client that follows no redirects, which
// is the Transporter of the Azure SDK.
func (c *Client) RoundTripper(class Class, repeatable bool) *RoundTripper {
	return &RoundTripper{client: c, class: class, repeatable: repeatable}
}

// RoundTripper is made by [Client.RoundTripper].
type RoundTripper struct {
	client     *Client
	class      Class
	repeatable bool
}

// RoundTrip answers with the final answer, its body read whole.
func (t *RoundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil && r.Body != http.NoBody {
		var err error
		body, err = io.ReadAll(r.Body)
		_ = r.Body.Close()
		if err != nil {
			return nil, fmt.Errorf("reading the body of a request: %w", err)
		}
	}
	resp, err := t.client.Do(r.Context(), &Request{
		Method: r.Method, URL: r.URL.String(), Header: r.Header.Clone(), Body: body,
		Class: t.class, Repeatable: t.repeatable,
	})
	if err != nil {
		return nil, err
	}
	header := resp.Header.Clone()
	header.Set("Content-Length", strconv.Itoa(len(resp.Body)))
	return &http.Response{
		Status:     strconv.Itoa(resp.Status) + " " + http.StatusText(resp.Status),
		StatusCode: resp.Status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(bytes.NewReader(resp.Body)),
		ContentLength: int64(len(resp.Body)), Request: r,
	}, nil
}

// Do is RoundTrip under the name that the Azure SDK asks for.
func (t *RoundTripper) Do(r *http.Request) (*http.Response, error) { return t.RoundTrip(r) }

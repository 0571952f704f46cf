// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package idptest is what the tests of several kinds of IdP share.
package idptest

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// Answering is a network that answers every request alike and keeps the hosts.
type Answering struct {
	Header http.Header
	Body   []byte
	Hosts  map[string]bool
	calls  int
}

// RoundTrip is that of [http.RoundTripper].
func (a *Answering) RoundTrip(r *http.Request) (*http.Response, error) {
	a.Hosts[r.URL.Scheme+"://"+strings.ToLower(r.URL.Host)] = true
	a.calls++
	if a.calls > 50 {
		return nil, io.ErrUnexpectedEOF // A list that goes on for ever is someone else's test.
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: a.Header.Clone(), Body: io.NopCloser(bytes.NewReader(a.Body)),
		ContentLength: int64(len(a.Body)), Request: r, ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}

// Options make a client of the network that gives up at once.
func (a *Answering) Options() transport.Options {
	return transport.Options{Base: a, RetryBudget: time.Millisecond, RetryPause: time.Microsecond, FirstContact: time.Second, RequestTimeout: time.Second}
}

// OnlyTo checks that nothing was sent to another host.
func (a *Answering) OnlyTo(t *testing.T, host string) {
	t.Helper()
	for sent := range a.Hosts {
		if sent != host {
			t.Fatalf("a request went to %s: %s %v", sent, a.Body, a.Header)
		}
	}
}

// Principal is a principal with the id 1.
func Principal(t audit.PrincipalType, name, externalID string) audit.Principal {
	return audit.Principal{Ref: audit.Ref{Type: t, ID: "1"}, Name: name, ExternalID: externalID}
}

// Member is a member of a group of the account.
func Member(t audit.PrincipalType, id, externalID string) audit.Member {
	return audit.Member{Ref: audit.Ref{Type: t, ID: id}, ExternalID: externalID}
}

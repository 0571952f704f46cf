// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp

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

// answering is a network that answers every request alike and keeps the hosts.
type answering struct {
	header http.Header
	body   []byte
	hosts  map[string]bool
	calls  int
}

func (a *answering) RoundTrip(r *http.Request) (*http.Response, error) {
	a.hosts[r.URL.Scheme+"://"+strings.ToLower(r.URL.Host)] = true
	a.calls++
	if a.calls > 50 {
		return nil, io.ErrUnexpectedEOF // A list that goes on for ever is somebody else's test.
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: a.header.Clone(), Body: io.NopCloser(bytes.NewReader(a.body)),
		ContentLength: int64(len(a.body)), Request: r, ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}

func (a *answering) options() transport.Options {
	return transport.Options{Base: a, RetryBudget: time.Millisecond, RetryPause: time.Microsecond, FirstContact: time.Second, RequestTimeout: time.Second}
}

// onlyTo checks that nothing was sent to another host.
func (a *answering) onlyTo(t *testing.T, host string) {
	t.Helper()
	for sent := range a.hosts {
		if sent != host {
			t.Fatalf("a request went to %s: %s %v", sent, a.body, a.header)
		}
	}
}

func principal(t audit.PrincipalType, name, externalID string) audit.Principal {
	return audit.Principal{Ref: audit.Ref{Type: t, ID: "1"}, Name: name, ExternalID: externalID}
}

func member(t audit.PrincipalType, id, externalID string) audit.Member {
	return audit.Member{Ref: audit.Ref{Type: t, ID: id}, ExternalID: externalID}
}

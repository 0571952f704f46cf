// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package entra

import (
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// keptTokens is how many verified tokens are kept.
const keptTokens = 1000

// signedTokens are tokens whose signature was found good. A client sends the same
// one with thousands of requests, and each part of a batch carries it: verifying it
// anew was a quarter of the simulator's time in an audit. Its zero value is empty.
type signedTokens struct {
	mu     sync.Mutex
	tokens map[string]*graphClaims
}

// claims are those of a token with a good signature, within its times. They must
// not be changed.
func (t *signedTokens) claims(raw string, now func() time.Time, key jwt.Keyfunc) (*graphClaims, error) {
	options := []jwt.ParserOption{jwt.WithValidMethods([]string{"ES256"}), jwt.WithTimeFunc(now), jwt.WithExpirationRequired()}
	t.mu.Lock()
	known := t.tokens[raw]
	t.mu.Unlock()
	if known != nil {
		return known, jwt.NewValidator(options...).Validate(known)
	}
	claims := &graphClaims{}
	if _, err := jwt.NewParser(options...).ParseWithClaims(raw, claims, key); err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.tokens == nil || len(t.tokens) >= keptTokens {
		t.tokens = map[string]*graphClaims{} // Those in use come back with one verification each.
	}
	t.tokens[raw] = claims
	return claims, nil
}

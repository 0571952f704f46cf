// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Lookup gets each user or group by its id.
func (o *okta) Lookup(ctx context.Context, t audit.PrincipalType, ids []string) map[string]Found {
	if t == audit.TypeServicePrincipal {
		return allUnknown(ids, "Okta has no service principals")
	}
	var (
		mu  sync.Mutex
		out = make(map[string]Found, len(ids))
		get errgroup.Group
	)
	get.SetLimit(oktaConcurrency)
	for _, id := range ids {
		get.Go(func() error {
			found := o.lookup(ctx, t, id)
			mu.Lock()
			defer mu.Unlock()
			out[id] = found
			return nil
		})
	}
	_ = get.Wait() // None of them fails.
	return out
}

// oktaID is what ids of Okta may be made of; another text could be another path.
var oktaID = regexp.MustCompile(`^[0-9A-Za-z_-]+$`)

func (o *okta) lookup(ctx context.Context, t audit.PrincipalType, id string) Found {
	if !oktaID.MatchString(id) {
		return Found{}
	}
	var (
		e   entry
		err error
	)
	switch t {
	case audit.TypeGroup:
		var g oktaGroup
		err = o.get(ctx, "groups", id, &g)
		e = g.toEntry()
	default:
		var u oktaUser
		err = o.get(ctx, "users", id, &u)
		e = u.toEntry()
	}
	var missing *apiError
	switch {
	case errors.As(err, &missing) && missing.Status == http.StatusNotFound && missing.Code == oktaNotFound:
		return Found{}
	case err != nil:
		return Found{Unknown: explainOkta(err, "okta."+string(t)+"s.read")}
	case e.identity.ExternalID == "":
		return Found{Unknown: "the answer for the id " + id + " names no id"}
	case e.identity.ExternalID != id:
		return Found{} // Found by a login, or by "me".
	}
	e.identity.Type = t
	return e.found()
}

// oktaNotFound is the code of "Resource not found".
const oktaNotFound = "E0000007"

func (o *okta) get(ctx context.Context, collection, id string, into any) error {
	resp, err := o.send(ctx, o.base+"/api/v1/"+collection+"/"+url.PathEscape(id), collection)
	if err != nil {
		return err
	}
	return decodeObject(resp.Body, into)
}

// decodeObject refuses what is no object.
func decodeObject(body []byte, into any) error {
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("the answer is not the object that was asked for: %w", err)
	}
	return nil
}

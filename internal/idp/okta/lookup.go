// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package okta

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
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/directory"
)

// Lookup gets each user or group by its id.
func (o *source) Lookup(ctx context.Context, t audit.PrincipalType, ids []string) map[string]idp.Found {
	if t == audit.TypeServicePrincipal {
		return idp.AllUnknown(ids, "Okta has no service principals")
	}
	var (
		mu  sync.Mutex
		out = make(map[string]idp.Found, len(ids))
		get errgroup.Group
	)
	get.SetLimit(concurrency)
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

// validID is what ids of Okta may be made of; another text could be another path.
var validID = regexp.MustCompile(`^[0-9A-Za-z_-]+$`)

func (o *source) lookup(ctx context.Context, t audit.PrincipalType, id string) idp.Found {
	if !validID.MatchString(id) {
		return idp.Found{}
	}
	var (
		e   directory.Entry
		err error
	)
	switch t {
	case audit.TypeGroup:
		var g group
		err = o.get(ctx, "groups", id, &g)
		e = g.toEntry()
	default:
		var u user
		err = o.get(ctx, "users", id, &u)
		e = u.toEntry()
	}
	var missing *directory.APIError
	switch {
	case errors.As(err, &missing) && missing.Status == http.StatusNotFound && missing.Code == codeNotFound:
		return idp.Found{}
	case err != nil:
		return idp.Found{Unknown: explain(err, "okta."+string(t)+"s.read")}
	case e.Identity.ExternalID == "":
		return idp.Found{Unknown: "the answer for the id " + id + " names no id"}
	case e.Identity.ExternalID != id:
		return idp.Found{} // Found by a login, or by "me".
	}
	e.Identity.Type = t
	return e.Found()
}

// codeNotFound is the code of "Resource not found".
const codeNotFound = "E0000007"

func (o *source) get(ctx context.Context, collection, id string, into any) error {
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

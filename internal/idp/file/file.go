// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package file reads an exported directory, so that any IdP can be used.
package file

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/localfile"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/once"
)

// Kind is the name of the kind in provider configuration.
const Kind = "file"

// MaxSize is the size in bytes from which on a directory file is refused; a
// Index of a million objects is about half of it.
const MaxSize = 512 << 20

type source struct {
	path   string
	parsed once.Batch[*directory.Index]
}

var _ idp.Lookup = (*source)(nil)

// New reads a directory from one JSON document (UTF-8, at most 512 MiB), so
// that any IdP can be used:
//
//	{
//	  "version": 1,
//	  "users": [
//	    {"id": "8f1c..", "user_name": "user1@example.com", "mail": "user1@example.com",
//	     "display_name": "..", "enabled": true, "guest": false, "deleted": false}
//	  ],
//	  "groups": [
//	    {"id": "77aa..", "display_name": "analysts", "members": ["8f1c..", "<id of a group>"], "deleted": false}
//	  ],
//	  "service_principals": [
//	    {"id": "90b2..", "application_id": "1c2d..", "display_name": "..", "enabled": true,
//	     "home_tenant": "..", "deleted": false}
//	  ]
//	}
//
// Required are version, and of a user id and user_name, of a group id and
// display_name, of a service principal id and application_id; ids are what
// belongs into externalId (Entra: the object id). Left out or null, enabled,
// Guest and home_tenant are not known, and deleted is false.
//
// A guest with a mail address is known to Databricks by it, everyone else by
// user_name (idp-apis, section 1). members are the direct ones, of any type. One
// that the file does not describe may be a group that was not exported: then
// no one is known to be missing from the group. Left out or null, the group's
// members are unknown, [] is a group without members. A list that is
// left out altogether was not exported: its type cannot be judged, which makes
// the audit incomplete, while [] says that there are none.
//
// A key that is not listed here is an error that names key, line and column,
// and so are a key that is there twice, values of the wrong type, blank required
// values and members, two objects with one id, and anything after the document.
func New(path string) idp.Source { return &source{path: path} }

func (f *source) Kind() string { return Kind }

// Capabilities are those of the kind: a file need not say whether an identity is enabled.
func (f *source) Capabilities() idp.Capabilities {
	return idp.Capabilities{Capabilities: audit.Capabilities{DisplayNames: true}}
}

// Match reads the file, once in a run; its errors name the path. It makes no
// request but for the Databricks members of linked groups.
func (f *source) Match(ctx context.Context, req idp.Request) (idp.Result, error) {
	whole, err := f.read(ctx)
	if err != nil {
		return idp.Result{}, err
	}
	d := whole.ForAudit()
	return d.Result(ctx, req, func(context.Context, []string) error { return nil })
}

// Read reads the file, once in a run.
func (f *source) read(ctx context.Context) (*directory.Index, error) {
	found, err := f.parsed.Read(ctx, nil, "", []string{f.path}, func(ctx context.Context, _ []string, take func(string, time.Time, *directory.Index)) error {
		began := time.Now()
		d, err := read(ctx, f.path)
		if err == nil {
			take(f.path, began, d)
		}
		return err
	})
	return found[f.path], err
}

func read(ctx context.Context, path string) (*directory.Index, error) {
	raw, err := localfile.Read(ctx, path, MaxSize)
	if err != nil {
		return nil, fmt.Errorf("reading the directory file (path of idp.file): %w", err)
	}
	d, err := parse(ctx, raw)
	if err != nil {
		return nil, fmt.Errorf("the directory file %s cannot be used: %w", path, err)
	}
	return d, nil
}

// fileUser, fileGroup and fileServicePrincipal are the objects of the file.
type user struct {
	ID          string `json:"id"`
	UserName    string `json:"user_name"`
	Mail        string `json:"mail"`
	DisplayName string `json:"display_name"`
	Enabled     *bool  `json:"enabled"`
	Guest       *bool  `json:"guest"`
	Deleted     bool   `json:"deleted"`
}

type group struct {
	ID          string    `json:"id"`
	DisplayName string    `json:"display_name"`
	Members     *[]string `json:"members"`
	Deleted     bool      `json:"deleted"`
}

type servicePrincipal struct {
	ID            string `json:"id"`
	ApplicationID string `json:"application_id"`
	DisplayName   string `json:"display_name"`
	Enabled       *bool  `json:"enabled"`
	HomeTenant    string `json:"home_tenant"`
	Deleted       bool   `json:"deleted"`
}

func (u *user) toEntry() (directory.Entry, error) {
	if u.UserName == "" {
		return directory.Entry{}, errors.New("user_name is missing or blank")
	}
	guest := u.Guest != nil && *u.Guest
	return directory.UserEntry(directory.UserNames{UPN: u.UserName, Mail: u.Mail, Guest: guest}, audit.Identity{
		ExternalID: u.ID, DisplayName: u.DisplayName, Enabled: u.Enabled, Guest: u.Guest, Deleted: u.Deleted,
	}, nil), nil
}

func (g *group) toEntry() (directory.Entry, error) {
	if g.DisplayName == "" {
		return directory.Entry{}, errors.New("display_name is missing or blank")
	}
	if g.Members != nil {
		// Who a blank member is no one can know, so that the list is not whole.
		if i := slices.IndexFunc(*g.Members, func(id string) bool { return strings.TrimSpace(id) == "" }); i >= 0 {
			return directory.Entry{}, fmt.Errorf("members[%d] is blank; export the member's id, or leave members out", i)
		}
	}
	return directory.Entry{Identity: audit.Identity{
		Type: audit.TypeGroup, ExternalID: g.ID, Names: []string{g.DisplayName}, DisplayName: g.DisplayName, Deleted: g.Deleted,
	}}, nil
}

func (s *servicePrincipal) toEntry() (directory.Entry, error) {
	if s.ApplicationID == "" {
		return directory.Entry{}, errors.New("application_id is missing or blank")
	}
	return directory.Entry{Identity: audit.Identity{
		Type: audit.TypeServicePrincipal, ExternalID: s.ID, Names: []string{s.ApplicationID}, DisplayName: s.DisplayName,
		Enabled: s.Enabled, HomeTenant: s.HomeTenant, Deleted: s.Deleted,
	}}, nil
}

// fileNodes are the members of the groups. One that lies in the recycle bin is no
// member. What one is that the file does not describe is not known: a user who is
// gone, or a group with members of its own that was not exported.
func fileNodes(d *directory.Index, groups []group) {
	d.NodesWhole = true
	for i := range groups {
		g := &groups[i]
		key := audit.CanonicalExternalID(g.ID)
		if g.Members == nil {
			d.Nodes[key] = &directory.Node{Unknown: fmt.Sprintf("the file has no members for group %s; export them as members, [] for none", g.ID)}
			continue
		}
		node := directory.NewNode(len(*g.Members))
		d.Nodes[key] = node
		for _, id := range *g.Members {
			switch e := d.Find(id); {
			case e == nil:
				node.Add(id, false)
				node.Below = directory.Smaller(node.Below, fmt.Sprintf(
					"group %s of the file has the member %s, which the file does not describe, so that it is not known what it is and whom it holds; export it too", g.ID, id))
			case !e.Identity.Deleted:
				node.Add(id, e.Identity.Type == audit.TypeGroup)
			}
		}
	}
}

// Lookup reads the file, once in a run.
func (f *source) Lookup(ctx context.Context, t audit.PrincipalType, ids []string) map[string]idp.Found {
	d, err := f.read(ctx)
	if err != nil {
		return idp.AllUnknown(ids, err.Error())
	}
	out := make(map[string]idp.Found, len(ids))
	for _, id := range ids {
		if e := d.Find(id); e != nil {
			out[id] = e.Found()
		} else {
			out[id] = idp.Found{Unknown: d.Unread[t]}
		}
	}
	return out
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/localfile"
)

// KindFile is the name of the kind in provider configuration.
const KindFile = "file"

// MaxFile is the size in bytes from which on a directory file is refused; a
// directory of a million objects is about half of it.
const MaxFile = 512 << 20

type file struct {
	path   string
	parsed shared[*directory]
}

var _ Lookup = (*file)(nil)

// NewFile reads a directory from one JSON document (UTF-8, at most 512 MiB), so
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
// guest and home_tenant are not known, and deleted is false.
//
// A guest with a mail address is known to Databricks by it, everybody else by
// user_name (idp-apis, section 1). members are the direct ones, of any type. One
// that the file does not describe may be a group that was not exported: then
// nobody is known to be missing from the group. Left out or null, the group's
// members are unknown, [] is a group without members. A list that is
// left out altogether was not exported: its type cannot be judged, which makes
// the audit incomplete, while [] says that there are none.
//
// A key that is not listed here is an error that names key, line and column,
// and so are a key that is there twice, values of the wrong type, blank required
// values and members, two objects with one id, and anything after the document.
func NewFile(path string) Source { return &file{path: path} }

func (f *file) Kind() string { return KindFile }

// Capabilities are those of the kind: a file need not say whether an identity is enabled.
func (f *file) Capabilities() Capabilities {
	return Capabilities{Capabilities: audit.Capabilities{DisplayNames: true}}
}

// Match reads the file, once in a run; its errors name the path. It makes no
// request but for the Databricks members of linked groups.
func (f *file) Match(ctx context.Context, req Request) (Result, error) {
	whole, err := f.read(ctx)
	if err != nil {
		return Result{}, err
	}
	d := whole.forAudit()
	return d.result(ctx, req, func(context.Context, []string) error { return nil })
}

// read reads the file, once in a run.
func (f *file) read(ctx context.Context) (*directory, error) {
	found, err := f.parsed.read(ctx, nil, "", []string{f.path}, func(ctx context.Context, _ []string, take func(string, time.Time, *directory)) error {
		began := time.Now()
		d, err := readFile(ctx, f.path)
		if err == nil {
			take(f.path, began, d)
		}
		return err
	})
	return found[f.path], err
}

func readFile(ctx context.Context, path string) (*directory, error) {
	raw, err := localfile.Read(ctx, path, MaxFile)
	if err != nil {
		return nil, fmt.Errorf("reading the directory file (path of idp.file): %w", err)
	}
	d, err := parseFile(ctx, raw)
	if err != nil {
		return nil, fmt.Errorf("the directory file %s cannot be used: %w", path, err)
	}
	return d, nil
}

// fileUser, fileGroup and fileServicePrincipal are the objects of the file.
type fileUser struct {
	ID          string `json:"id"`
	UserName    string `json:"user_name"`
	Mail        string `json:"mail"`
	DisplayName string `json:"display_name"`
	Enabled     *bool  `json:"enabled"`
	Guest       *bool  `json:"guest"`
	Deleted     bool   `json:"deleted"`
}

type fileGroup struct {
	ID          string    `json:"id"`
	DisplayName string    `json:"display_name"`
	Members     *[]string `json:"members"`
	Deleted     bool      `json:"deleted"`
}

type fileServicePrincipal struct {
	ID            string `json:"id"`
	ApplicationID string `json:"application_id"`
	DisplayName   string `json:"display_name"`
	Enabled       *bool  `json:"enabled"`
	HomeTenant    string `json:"home_tenant"`
	Deleted       bool   `json:"deleted"`
}

func (u *fileUser) toEntry() (entry, error) {
	if u.UserName == "" {
		return entry{}, errors.New("user_name is missing or blank")
	}
	guest := u.Guest != nil && *u.Guest
	return userEntry(userNames{upn: u.UserName, mail: u.Mail, guest: guest}, audit.Identity{
		ExternalID: u.ID, DisplayName: u.DisplayName, Enabled: u.Enabled, Guest: u.Guest, Deleted: u.Deleted,
	}, nil), nil
}

func (g *fileGroup) toEntry() (entry, error) {
	if g.DisplayName == "" {
		return entry{}, errors.New("display_name is missing or blank")
	}
	if g.Members != nil {
		// Who a blank member is nobody can tell, so that the list is not whole.
		if i := slices.IndexFunc(*g.Members, func(id string) bool { return strings.TrimSpace(id) == "" }); i >= 0 {
			return entry{}, fmt.Errorf("members[%d] is blank; export the member's id, or leave members out", i)
		}
	}
	return entry{identity: audit.Identity{
		Type: audit.TypeGroup, ExternalID: g.ID, Names: []string{g.DisplayName}, DisplayName: g.DisplayName, Deleted: g.Deleted,
	}}, nil
}

func (s *fileServicePrincipal) toEntry() (entry, error) {
	if s.ApplicationID == "" {
		return entry{}, errors.New("application_id is missing or blank")
	}
	return entry{identity: audit.Identity{
		Type: audit.TypeServicePrincipal, ExternalID: s.ID, Names: []string{s.ApplicationID}, DisplayName: s.DisplayName,
		Enabled: s.Enabled, HomeTenant: s.HomeTenant, Deleted: s.Deleted,
	}}, nil
}

// fileNodes are the members of the groups. One that lies in the recycle bin is no
// member. What one is that the file does not describe is not known: a user who is
// gone, or a group with members of its own that was not exported.
func fileNodes(d *directory, groups []fileGroup) {
	d.nodesWhole = true
	for i := range groups {
		g := &groups[i]
		key := audit.CanonicalExternalID(g.ID)
		if g.Members == nil {
			d.nodes[key] = &groupNode{unknown: fmt.Sprintf("the file has no members for group %s; export them as members, [] for none", g.ID)}
			continue
		}
		node := newGroupNode(len(*g.Members))
		d.nodes[key] = node
		for _, id := range *g.Members {
			switch e := d.find(id); {
			case e == nil:
				node.add(id, false)
				node.below = smaller(node.below, fmt.Sprintf(
					"group %s of the file has the member %s, which the file does not describe, so that it is not known what it is and whom it holds; export it too", g.ID, id))
			case !e.identity.Deleted:
				node.add(id, e.identity.Type == audit.TypeGroup)
			}
		}
	}
}

// Lookup reads the file, once in a run.
func (f *file) Lookup(ctx context.Context, t audit.PrincipalType, ids []string) map[string]Found {
	d, err := f.read(ctx)
	if err != nil {
		return allUnknown(ids, err.Error())
	}
	out := make(map[string]Found, len(ids))
	for _, id := range ids {
		if e := d.find(id); e != nil {
			out[id] = e.found()
		} else {
			out[id] = Found{Unknown: d.unread[t]}
		}
	}
	return out
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provisioning_test

import (
	"slices"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/provisioning"
)

// A person's word counts where the connector's own address cannot be read, and is marked;
// it never wins over one that can.
func TestTarget_stated(t *testing.T) {
	t.Parallel()
	const account, workspace, other = provisioning.LevelAccount, provisioning.LevelWorkspace, provisioning.LevelOther
	for name, tt := range map[string]struct {
		read, unread, stated string
		push                 bool
		level                provisioning.Level
		ours, isStated       bool
		differs              bool
	}{
		"hidden, not stated":       {read: "*", level: provisioning.LevelUnknown},
		"hidden":                   {read: "*", stated: atAccount, level: account, ours: true, isStated: true},
		"no address":               {stated: " " + atAccount + "/ ", level: account, ours: true, isStated: true},
		"forbidden":                {unread: "403", stated: inWorkspace, level: workspace, ours: true, isStated: true},
		"another account":          {read: "*", stated: atOther, level: account, isStated: true},
		"no SCIM address":          {read: "*", stated: "https://scim.example.com/x", level: other, isStated: true},
		"of Okta":                  {push: true, stated: atAccount, level: account, ours: true, isStated: true},
		"can be read":              {read: atAccount, stated: atOther, level: account, ours: true, differs: true},
		"can be read, and is same": {read: atAccount, stated: atAccount + "/", level: account, ours: true},
	} {
		c := provisioning.Connector{ID: "c-1", Settings: map[string]string{"BaseAddress": tt.read}, Unread: map[provisioning.Part]string{}}
		if tt.unread != "" {
			c.Unread[provisioning.PartSettings] = tt.unread
		}
		if tt.push {
			c.Push = &provisioning.Push{}
		}
		of := provisioning.Account{ID: thisAccount, Workspaces: []audit.Workspace{{ID: "7007"}}, Addresses: map[string]string{"c-1": tt.stated, "c-2": atOther}}
		v := provisioning.Judge(&c, &of)
		got := v.Target
		if got.Level != tt.level || got.Stated != tt.isStated || (got.IsThisAccount != nil && *got.IsThisAccount) != tt.ours {
			t.Errorf("%s: %+v", name, got)
		}
		if differs := slices.ContainsFunc(v.Findings, func(f provisioning.Finding) bool { return f.Code == provisioning.FindingStatedAddress }); differs != tt.differs {
			t.Errorf("%s: %+v", name, v.Findings)
		}
	}
}

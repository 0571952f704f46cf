// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/entra"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/file"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/matchwithidp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/okta"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/redact"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// idpSetting is one attribute of one kind of IdP. It may also be given as
// DBXIDENTITY_<KIND>_<ATTRIBUTE>, once the kind is chosen.
type idpSetting struct {
	name, description string
	sensitive, list   bool
}

// idpKind is one kind of IdP that the provider block can name.
type idpKind struct {
	name, description string
	choice            string // what an error says about it
	settings          []idpSetting
}

// idpKinds are the kinds, in the order in which errors name them.
func idpKinds() []idpKind {
	return []idpKind{
		{
			name:   matchwithidp.Kind,
			choice: "`databricks = {}` (the account's own matchWithIdp: one call per identity, and on accounts with automatic identity management each call also syncs the identity)",
			description: "Ask the account itself: one `matchWithIdp` call per identity, as the AIM enablement prep script does. " +
				"On accounts with automatic identity management the call also **syncs** the identity with the IdP, " +
				"which is why this kind must be written down. Where `automatic_identity_management` is `unknown` a warning says so; " +
				"with `on` and `read_only` the audit is refused.",
		},
		{
			name:        entra.Kind,
			choice:      "`entra = { tenant_id = .. }` (Microsoft Graph)",
			description: "Read Microsoft Entra ID through Microsoft Graph. Credentials that are left out come from the default chain of azidentity: environment, workload identity, managed identity, Azure CLI.",
			settings: []idpSetting{
				{name: "tenant_id", description: "Id of the tenant."},
				{name: "client_id", description: "Application id of the app registration, workload identity or managed identity."},
				{name: "client_secret", description: "Secret of the app registration.", sensitive: true},
				{name: "client_certificate_path", description: "PEM or PKCS#12 file with the certificate and key of the app registration, instead of a secret."},
				{name: "client_certificate_password", description: "Password of that file.", sensitive: true},
				{name: "authority_host", description: "Login host of the cloud, an https URL. Default `https://login.microsoftonline.com`."},
				{name: "graph_endpoint", description: "URL of Microsoft Graph without the version. Default: that of the authority's cloud."},
				{name: "username_attributes", list: true, description: "Attributes by which Databricks may know a user, the preferred one first: `userPrincipalName`, `mail`. " +
					"Default: the user principal name of members and the mail address of guests."},
			},
		},
		{
			name:        okta.Kind,
			choice:      "`okta = { org_url = .. }` (the Okta API)",
			description: "Read an Okta org, with an API token or as a service app (`client_id` and `private_key`). Okta has no service principals.",
			settings: []idpSetting{
				{name: "org_url", description: "URL of the org, for example `https://example.okta.com`."},
				{name: "api_token", description: "API token (SSWS).", sensitive: true},
				{name: "client_id", description: "Client id of a service app with the scopes `okta.users.read` and `okta.groups.read`."},
				{name: "private_key", description: "Private key of the service app, as PEM (RSA, or ECDSA on P-256).", sensitive: true},
				{name: "private_key_id", description: "Id (`kid`) of that key, where the app has several."},
			},
		},
		{
			name:        file.Kind,
			choice:      "`file = { path = .. }` (an exported directory)",
			description: "Read a directory from a JSON file: any IdP, or the output of the azuread or okta provider through `jsonencode`.",
			settings:    []idpSetting{{name: "path", description: "Path of the file."}},
		},
	}
}

func idpKindNames() []string {
	var out []string
	for _, k := range idpKinds() {
		out = append(out, k.name)
	}
	return out
}

// otherKinds are the kinds that do not ask the account, each in a format, for texts.
func otherKinds(format string) string {
	var out []string
	for _, name := range idpKindNames() {
		if name != matchwithidp.Kind {
			out = append(out, fmt.Sprintf(format, name))
		}
	}
	return enumerated(out)
}

// idpSettingNames are the attributes of a kind.
func idpSettingNames(kind string) []string {
	var out []string
	for _, k := range idpKinds() {
		for _, s := range k.settings {
			if k.name == kind {
				out = append(out, s.name)
			}
		}
	}
	return out
}

// idpChoices says what may be written, for errors.
func idpChoices() string {
	var out []string
	for _, k := range idpKinds() {
		out = append(out, k.choice)
	}
	return strings.Join(out, ", ")
}

func idpSchema() schema.Attribute {
	kinds := map[string]schema.Attribute{}
	for _, k := range idpKinds() {
		attributes := map[string]schema.Attribute{}
		for _, s := range k.settings {
			text := s.description + " Environment variable `" + idpEnv(k.name, s.name) + "`"
			if s.list {
				attributes[s.name] = schema.ListAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: text + " (separated by commas)."}
				continue
			}
			attributes[s.name] = schema.StringAttribute{Optional: true, Sensitive: s.sensitive, MarkdownDescription: text + "."}
		}
		kinds[k.name] = schema.SingleNestedAttribute{Optional: true, MarkdownDescription: k.description, Attributes: attributes}
	}
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "The identity provider to compare with: exactly one kind. There is no default. " +
			"Environment variable `DBXIDENTITY_IDP` (the name of the kind).",
		Attributes: kinds,
	}
}

func idpEnv(kind, attribute string) string { return envName(kind + "_" + attribute) }

// idpSettings is the chosen kind with its values; kind is empty for none.
type idpSettings struct {
	kind   string
	values map[string]string
	lists  map[string][]string
}

// idp reads the one kind that the idp block names, or that DBXIDENTITY_IDP
// names when there is no block. The environment fills what the kind leaves out.
func (r *settingsReader) idp() idpSettings {
	var block types.Object
	kind, inner := "", types.Object{}
	if r.get("idp", &block, func() attr.Value { return block }) {
		kind, inner = r.chosenKind(block)
	} else if !block.IsUnknown() {
		kind = r.getenv("DBXIDENTITY_IDP")
		if kind != "" && !slices.Contains(idpKindNames(), kind) {
			r.invalid("idp", "DBXIDENTITY_IDP", fmt.Sprintf("is %q. It must be one of %s.", kind, strings.Join(idpKindNames(), ", ")))
			return idpSettings{}
		}
	}
	if kind == "" {
		return idpSettings{}
	}
	out := idpSettings{kind: kind, values: map[string]string{}, lists: map[string][]string{}}
	for _, k := range idpKinds() {
		if k.name != kind {
			continue
		}
		for _, s := range k.settings {
			r.idpSetting(kind, s, inner.Attributes()[s.name], out)
			if s.sensitive {
				redact.Add(out.values[s.name])
			}
		}
	}
	return out
}

// chosenKind is the one kind that is not null in the block.
func (r *settingsReader) chosenKind(block types.Object) (string, types.Object) {
	var chosen []string
	var inner types.Object
	for _, kind := range idpKindNames() {
		value, ok := block.Attributes()[kind].(types.Object)
		if !ok || value.IsNull() {
			continue
		}
		if value.IsUnknown() {
			r.unknown(path.Root("idp").AtName(kind))
			return "", types.Object{}
		}
		chosen, inner = append(chosen, kind), value
	}
	if len(chosen) != 1 {
		text := fmt.Sprintf("idp must name exactly one kind of identity provider, and it names %d. The choices are: %s.", len(chosen), idpChoices())
		if len(chosen) == 0 {
			text += " " + misspeltText
		}
		r.diags.AddAttributeError(path.Root("idp"), "Invalid Provider Setting", text)
		return "", types.Object{}
	}
	return chosen[0], inner
}

func (r *settingsReader) idpSetting(kind string, s idpSetting, value attr.Value, out idpSettings) {
	at := path.Root("idp").AtName(kind).AtName(s.name)
	switch v := value.(type) {
	case types.String:
		if v.IsUnknown() {
			r.unknown(at)
			return
		}
		if !v.IsNull() {
			out.values[s.name] = v.ValueString()
			return
		}
	case types.List:
		if v.IsUnknown() {
			r.unknown(at)
			return
		}
		if !v.IsNull() {
			for i, element := range v.Elements() {
				text, ok := element.(types.String)
				if !ok || text.IsUnknown() {
					r.unknown(at.AtListIndex(i))
					return
				}
				out.lists[s.name] = append(out.lists[s.name], text.ValueString())
			}
			return
		}
	}
	raw := r.getenv(idpEnv(kind, s.name))
	switch {
	case raw == "":
	case s.list:
		for _, part := range strings.Split(raw, ",") {
			out.lists[s.name] = append(out.lists[s.name], strings.TrimSpace(part))
		}
	default:
		out.values[s.name] = raw
	}
}

// newIDP builds the source of the chosen kind; nil for none. Errors are on the
// attribute that they are about.
func newIDP(s settings, client *account.Client, diags *diag.Diagnostics) idp.Source {
	var (
		source  idp.Source
		err     error
		v       = s.idp.values
		options = transport.Options{
			Base:         s.idpTransport,
			FirstContact: s.limits.FirstContact, RequestTimeout: s.limits.RequestTimeout, RetryBudget: s.limits.RetryBudget, RetryPause: s.limits.RetryPause,
			Side:      map[string]string{entra.Kind: "Microsoft Graph", okta.Kind: "Okta"}[s.idp.kind],
			UserAgent: "terraform-provider-dbxidentity/" + s.version,
			Log: func(ctx context.Context, message string, fields map[string]any) {
				tflog.Debug(ctx, message, fields)
			},
		}
	)
	switch s.idp.kind {
	case matchwithidp.Kind:
		source = matchwithidp.New(client, client.Readers())
	case entra.Kind:
		source, err = entra.New(entra.Config{
			TenantID: v["tenant_id"], ClientID: v["client_id"], ClientSecret: v["client_secret"],
			ClientCertificatePath: v["client_certificate_path"], ClientCertificatePassword: v["client_certificate_password"],
			AuthorityHost: v["authority_host"], GraphEndpoint: v["graph_endpoint"],
			UsernameAttributes: s.idp.lists["username_attributes"], Transport: options,
		})
	case okta.Kind:
		source, err = okta.New(okta.Config{
			OrgURL: v["org_url"], APIToken: v["api_token"], ClientID: v["client_id"], PrivateKey: v["private_key"], KeyID: v["private_key_id"],
			Transport: options,
		})
	case file.Kind:
		if v["path"] == "" {
			err = &idp.ConfigError{Attribute: "file.path", Detail: "it is missing: write the path of the exported directory, or set " + idpEnv("file", "path") + "."}
			break
		}
		source = file.New(v["path"])
	}
	if err == nil {
		return source
	}
	var wrong *idp.ConfigError
	if !errors.As(err, &wrong) {
		diags.AddAttributeError(path.Root("idp"), "Invalid Provider Setting", err.Error())
		return nil
	}
	at := path.Root("idp")
	for _, step := range strings.Split(wrong.Attribute, ".") {
		at = at.AtName(step)
	}
	text := fmt.Sprintf("%s: %s", at, wrong.Detail)
	if kind, name, ok := strings.Cut(wrong.Attribute, "."); ok && v[name] == "" {
		text = strings.TrimSuffix(text, ".") + ". " + misspeltText + " The names are " + strings.Join(idpSettingNames(kind), ", ") + "."
	}
	// On the block: of a path into it the command line shows no line at all.
	diags.AddAttributeError(path.Root("idp"), "Invalid Provider Setting", text)
	return nil
}

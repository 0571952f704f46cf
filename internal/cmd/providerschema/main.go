// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Command providerschema prints the provider's schema in the JSON form of
// `terraform providers schema -json`, for the documentation generator.
//
// It asks the provider itself and no command line: an older Terraform leaves out
// the kinds that it does not know (identities, list resources, actions), and the
// pages of those would vanish or change with the version at hand.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/provider"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "providerschema:", err)
		os.Exit(1)
	}
}

// run writes the document of the provider "dbxidentity" to out.
func run(ctx context.Context, out io.Writer) error {
	server := providerserver.NewProtocol6(provider.New("docs")())()
	doc, err := document(ctx, server)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	return enc.Encode(doc)
}

// document reads every schema that the server has.
func document(ctx context.Context, server tfprotov6.ProviderServer) (map[string]any, error) {
	schemas, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return nil, fmt.Errorf("reading the provider's schema: %w", err)
	}
	if err := firstError(schemas.Diagnostics); err != nil {
		return nil, err
	}
	identities, err := server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		return nil, fmt.Errorf("reading the identity schemas: %w", err)
	}
	if err := firstError(identities.Diagnostics); err != nil {
		return nil, err
	}
	actions := map[string]any{}
	for name, action := range schemas.ActionSchemas {
		actions[name] = map[string]any{"block": schemaJSON(action.Schema)["block"]}
	}
	return map[string]any{
		"format_version": "1.0",
		"provider_schemas": map[string]any{"dbxidentity": map[string]any{
			"provider":                   schemaJSON(schemas.Provider),
			"resource_schemas":           each(schemas.ResourceSchemas, schemaJSON),
			"data_source_schemas":        each(schemas.DataSourceSchemas, schemaJSON),
			"ephemeral_resource_schemas": each(schemas.EphemeralResourceSchemas, schemaJSON),
			"list_resource_schemas":      each(schemas.ListResourceSchemas, schemaJSON),
			"action_schemas":             actions,
			"functions":                  each(schemas.Functions, functionJSON),
			"resource_identity_schemas":  each(identities.IdentitySchemas, identityJSON),
		}},
	}, nil
}

// firstError is the first diagnostic that is an error.
func firstError(diags []*tfprotov6.Diagnostic) error {
	for _, d := range diags {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			return fmt.Errorf("%s: %s", d.Summary, d.Detail)
		}
	}
	return nil
}

// each converts the values of a map.
func each[V any](in map[string]V, convert func(V) map[string]any) map[string]any {
	out := make(map[string]any, len(in))
	for name, v := range in {
		out[name] = convert(v)
	}
	return out
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// Every resource goes through the skeleton, which does what each of them must do.
func TestResources_skeleton(t *testing.T) {
	t.Parallel()
	for _, create := range (&dbxidentityProvider{}).Resources(t.Context()) {
		r := create()
		if _, ok := r.(interface{ throughSkeleton() }); !ok {
			var resp resource.MetadataResponse
			r.Metadata(t.Context(), resource.MetadataRequest{ProviderTypeName: "dbxidentity"}, &resp)
			t.Errorf("%s is not made by newManaged or newImportable (resource_skeleton.go)", resp.TypeName)
		}
	}
}

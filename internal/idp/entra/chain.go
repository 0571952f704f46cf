// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package entra

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/managedidentity"
)

// identityChain is for a client id without a secret. The workload identity
// takes part where its environment is there.
func identityChain(cfg Config, options azcore.ClientOptions, noDiscovery bool) (azcore.TokenCredential, error) {
	var chain []azcore.TokenCredential
	workload, err := azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
		ClientOptions: options, ClientID: cfg.ClientID, TenantID: cfg.TenantID, DisableInstanceDiscovery: noDiscovery,
	})
	if err == nil {
		chain = append(chain, workload)
	}
	managed, err := newManagedIdentity(cfg.ClientID, options)
	if err != nil {
		return nil, err
	}
	cli, err := azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: cfg.TenantID})
	if err != nil {
		return nil, err
	}
	return azidentity.NewChainedTokenCredential(append(chain, managed, cli), nil)
}

const (
	// metadataEndpoint is where virtual machines of Azure find their managed
	// identities (Azure Instance Metadata Service).
	metadataEndpoint = "http://169.254.169.254/metadata/identity/oauth2/token"
	// metadataProbe is how long it may take to answer at all; azidentity's
	// default chain waits as long.
	metadataProbe = time.Second
)

// managedIdentity is a managed identity as a link of a chain. azidentity ends a
// chain of ours at a metadata endpoint that does not answer, and would never
// try the Azure CLI of a machine outside Azure; so the endpoint is probed
// first, as azidentity's own default chain does.
type managedIdentity struct {
	cred azcore.TokenCredential
	http policy.Transporter
	// there is true once something answered, or where the environment names
	// another source of managed identities.
	there atomic.Bool
}

func newManagedIdentity(clientID string, options azcore.ClientOptions) (*managedIdentity, error) {
	source, err := managedidentity.GetSource()
	if err != nil {
		return nil, err
	}
	cred, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{
		ClientOptions: options, ID: azidentity.ClientID(clientID),
	})
	if err != nil {
		return nil, err
	}
	// Within a chain the answer of a proxy at that address is no failure.
	link, err := azidentity.NewChainedTokenCredential([]azcore.TokenCredential{cred}, nil)
	if err != nil {
		return nil, err
	}
	m := &managedIdentity{cred: link, http: options.Transport}
	m.there.Store(source != managedidentity.DefaultToIMDS)
	return m, nil
}

// GetToken is that of azcore.TokenCredential.
func (m *managedIdentity) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if !m.there.Load() {
		if err := m.probe(ctx); err != nil {
			return azcore.AccessToken{}, azidentity.NewCredentialUnavailableError(
				"ManagedIdentityCredential: no managed identity endpoint answered: " + err.Error())
		}
		m.there.Store(true)
	}
	return m.cred.GetToken(ctx, o)
}

// probe asks without the header that the endpoint insists on, so that no token
// is made; any answer will do.
func (m *managedIdentity) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, metadataProbe)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, metadataEndpoint, nil)
	if err != nil {
		return err
	}
	resp, err := m.http.Do(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

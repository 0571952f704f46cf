// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"os"
	"reflect"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/redact"
)

const address = "registry.terraform.io/dbxidentity/dbxidentity"

// Serve serves the provider to Terraform and OpenTofu until they end it; with
// debug to whoever attaches.
func Serve(version string, debug bool) error {
	var (
		options []tf6server.ServeOpt
		changes []Option
	)
	if debug {
		options = append(options, tf6server.WithManagedDebug())
	} else {
		parent := os.Getppid()
		if appliesSavedPlan(parentArguments(parent)) {
			changes = append(changes, withSavedPlan)
		}
		go endWithParent(parent)
	}
	return tf6server.Serve(address, func() tfprotov6.ProviderServer {
		return briefServer{providerserver.NewProtocol6(New(version, changes...)())()}
	}, options...)
}

// endWithParent ends the process soon after the command line that started it is gone,
// for it may have been killed: no one gets the results any more. What is being written
// has a moment to finish. A parent that is the first process of the machine cannot be
// outlived; with a debugger, Terraform is not the parent.
func endWithParent(parent int) {
	const moment = 10 * time.Second
	for parent > 1 && os.Getppid() == parent {
		time.Sleep(time.Second)
	}
	if parent > 1 {
		time.Sleep(moment)
		os.Exit(1)
	}
}

// briefServer lets go of the context of each request that comes once per
// instance. The framework (1.19) keeps a cancel function of every request until
// the provider is stopped, and with it the request's context, its loggers and
// its gRPC stream: 50 KB for each instance of a plan.
type briefServer struct{ tfprotov6.ProviderServer }

// brief makes a call with a context that ends with it.
func brief[Q, A any](ctx context.Context, request Q, call func(context.Context, Q) (A, error)) (A, error) {
	b := &briefContext{}
	b.inner.Store(&ctx)
	defer b.inner.Store(nil)         //nolint:contextcheck // It is the request's own, and ends with it.
	return cleaned(call(b, request)) //nolint:contextcheck // As above.
}

// cleaned is the last place before Terraform: no diagnostic leaves it with a
// secret, or with a character that a terminal would obey, wherever its text came
// from. Every answer with diagnostics has them in a field of one name.
func cleaned[A any](answer A, err error) (A, error) {
	if v := reflect.Indirect(reflect.ValueOf(answer)); v.IsValid() {
		if diags, ok := v.FieldByName("Diagnostics").Interface().([]*tfprotov6.Diagnostic); ok {
			for _, d := range diags {
				d.Summary, d.Detail = redact.Text(d.Summary), redact.Text(d.Detail)
			}
		}
	}
	return answer, err
}

// ValidateProviderConfig and the next are those of the framework.
func (s briefServer) ValidateProviderConfig(ctx context.Context, r *tfprotov6.ValidateProviderConfigRequest) (*tfprotov6.ValidateProviderConfigResponse, error) {
	return cleaned(s.ProviderServer.ValidateProviderConfig(ctx, r))
}

func (s briefServer) ConfigureProvider(ctx context.Context, r *tfprotov6.ConfigureProviderRequest) (*tfprotov6.ConfigureProviderResponse, error) {
	return cleaned(s.ProviderServer.ConfigureProvider(ctx, r))
}

func (s briefServer) ValidateDataResourceConfig(ctx context.Context, r *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	return cleaned(s.ProviderServer.ValidateDataResourceConfig(ctx, r))
}

func (s briefServer) ReadDataSource(ctx context.Context, r *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	return cleaned(s.ProviderServer.ReadDataSource(ctx, r))
}

// ValidateResourceConfig and the others are those of the framework.
func (s briefServer) ValidateResourceConfig(ctx context.Context, r *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return brief(ctx, r, s.ProviderServer.ValidateResourceConfig)
}

func (s briefServer) UpgradeResourceState(ctx context.Context, r *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	return brief(ctx, r, s.ProviderServer.UpgradeResourceState)
}

func (s briefServer) UpgradeResourceIdentity(ctx context.Context, r *tfprotov6.UpgradeResourceIdentityRequest) (*tfprotov6.UpgradeResourceIdentityResponse, error) {
	return brief(ctx, r, s.ProviderServer.UpgradeResourceIdentity)
}

func (s briefServer) ReadResource(ctx context.Context, r *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	return brief(ctx, r, s.ProviderServer.ReadResource)
}

func (s briefServer) PlanResourceChange(ctx context.Context, r *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	return brief(ctx, r, s.ProviderServer.PlanResourceChange)
}

func (s briefServer) ApplyResourceChange(ctx context.Context, r *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	return brief(ctx, r, s.ProviderServer.ApplyResourceChange)
}

func (s briefServer) ImportResourceState(ctx context.Context, r *tfprotov6.ImportResourceStateRequest) (*tfprotov6.ImportResourceStateResponse, error) {
	return brief(ctx, r, s.ProviderServer.ImportResourceState)
}

// briefContext is another context while its request runs, and an ended one
// without values afterwards.
type briefContext struct {
	inner atomic.Pointer[context.Context]
}

var ended = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Deadline is the request's.
func (b *briefContext) Deadline() (time.Time, bool) {
	if ctx := b.inner.Load(); ctx != nil {
		return (*ctx).Deadline()
	}
	return time.Time{}, false
}

// Done is closed when the request ends, as gRPC does.
func (b *briefContext) Done() <-chan struct{} {
	if ctx := b.inner.Load(); ctx != nil {
		return (*ctx).Done()
	}
	return ended
}

// Err is context.Canceled once the request has ended.
func (b *briefContext) Err() error {
	if ctx := b.inner.Load(); ctx != nil {
		return (*ctx).Err()
	}
	return context.Canceled
}

// Value is the request's; nil once it has ended.
func (b *briefContext) Value(key any) any {
	if ctx := b.inner.Load(); ctx != nil {
		return (*ctx).Value(key)
	}
	return nil
}

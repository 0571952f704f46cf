// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
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
// debug for a debugger that attaches.
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
	server, err := newRequestScopedServer(version, changes...)
	if err != nil {
		return err
	}
	return tf6server.Serve(address, func() tfprotov6.ProviderServer { return server }, options...)
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

// frameworkServer is what the framework serves: the optional interfaces too, which
// the protocol looks for in the server that it is given.
type frameworkServer interface {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer
	tfprotov6.ActionServer
}

// requestScopedServer frees the context of each request that comes once per
// instance. The framework (1.19) keeps a cancel function of every request until
// the provider is stopped, and with it the request's context, its loggers and
// its gRPC stream: 50 KB for each instance of a plan. Every diagnostic passes through
// [cleaned].
type requestScopedServer struct {
	frameworkServer
	types map[string]resourceType // those whose new instances are not left to the framework
}

var (
	_ tfprotov6.ListResourceServer = requestScopedServer{}
	_ tfprotov6.ActionServer       = requestScopedServer{}
)

func newRequestScopedServer(version string, options ...Option) (requestScopedServer, error) {
	p := &dbxidentityProvider{version: version, options: options}
	start, err := providerserver.NewProtocol6WithError(p)()
	if err != nil {
		return requestScopedServer{}, err
	}
	whole, ok := start.(frameworkServer)
	if !ok {
		return requestScopedServer{}, fmt.Errorf("the framework's server, %T, lacks list resources or actions", start)
	}
	known, err := resourceTypes(context.Background(), p)
	return requestScopedServer{whole, known}, err
}

// NewServer is the server that [Serve] serves, for tests that speak its protocol.
func NewServer(version string, options ...Option) (tfprotov6.ProviderServer, error) {
	return newRequestScopedServer(version, options...)
}

// scoped makes a call with a context that ends with it.
func scoped[Q, A any](ctx context.Context, request Q, call func(context.Context, Q) (A, error)) (A, error) {
	b := &requestContext{}
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
			clean(diags)
		}
	}
	return answer, err
}

func clean(diags []*tfprotov6.Diagnostic) {
	for _, d := range diags {
		d.Summary, d.Detail = redact.Text(d.Summary), redact.Text(d.Detail)
	}
}

// ValidateProviderConfig and the next are those of the framework.
func (s requestScopedServer) ValidateProviderConfig(ctx context.Context, r *tfprotov6.ValidateProviderConfigRequest) (*tfprotov6.ValidateProviderConfigResponse, error) {
	return cleaned(s.frameworkServer.ValidateProviderConfig(ctx, r))
}

func (s requestScopedServer) ConfigureProvider(ctx context.Context, r *tfprotov6.ConfigureProviderRequest) (*tfprotov6.ConfigureProviderResponse, error) {
	return cleaned(s.frameworkServer.ConfigureProvider(ctx, r))
}

func (s requestScopedServer) ValidateDataResourceConfig(ctx context.Context, r *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	return cleaned(s.frameworkServer.ValidateDataResourceConfig(ctx, r))
}

// UpgradeResourceState and the others are those of the framework.
func (s requestScopedServer) UpgradeResourceState(ctx context.Context, r *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	return scoped(ctx, r, s.frameworkServer.UpgradeResourceState)
}

func (s requestScopedServer) UpgradeResourceIdentity(ctx context.Context, r *tfprotov6.UpgradeResourceIdentityRequest) (*tfprotov6.UpgradeResourceIdentityResponse, error) {
	return scoped(ctx, r, s.frameworkServer.UpgradeResourceIdentity)
}

func (s requestScopedServer) ReadResource(ctx context.Context, r *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	return scoped(ctx, r, s.frameworkServer.ReadResource)
}

func (s requestScopedServer) ApplyResourceChange(ctx context.Context, r *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	return scoped(ctx, r, s.frameworkServer.ApplyResourceChange)
}

func (s requestScopedServer) ImportResourceState(ctx context.Context, r *tfprotov6.ImportResourceStateRequest) (*tfprotov6.ImportResourceStateResponse, error) {
	return scoped(ctx, r, s.frameworkServer.ImportResourceState)
}

// ValidateListResourceConfig and the next are those of the framework. What streams
// keeps its context for as long as it does.
func (s requestScopedServer) ValidateListResourceConfig(ctx context.Context, r *tfprotov6.ValidateListResourceConfigRequest) (*tfprotov6.ValidateListResourceConfigResponse, error) {
	return cleaned(s.frameworkServer.ValidateListResourceConfig(ctx, r))
}

func (s requestScopedServer) ListResource(ctx context.Context, r *tfprotov6.ListResourceRequest) (*tfprotov6.ListResourceServerStream, error) {
	stream, err := s.frameworkServer.ListResource(ctx, r)
	if err != nil || stream == nil || stream.Results == nil {
		return stream, err
	}
	return &tfprotov6.ListResourceServerStream{Results: func(push func(tfprotov6.ListResourceResult) bool) {
		stream.Results(func(result tfprotov6.ListResourceResult) bool {
			clean(result.Diagnostics)
			return push(result)
		})
	}}, nil
}

func (s requestScopedServer) ValidateActionConfig(ctx context.Context, r *tfprotov6.ValidateActionConfigRequest) (*tfprotov6.ValidateActionConfigResponse, error) {
	return cleaned(s.frameworkServer.ValidateActionConfig(ctx, r))
}

func (s requestScopedServer) PlanAction(ctx context.Context, r *tfprotov6.PlanActionRequest) (*tfprotov6.PlanActionResponse, error) {
	return cleaned(s.frameworkServer.PlanAction(ctx, r))
}

func (s requestScopedServer) InvokeAction(ctx context.Context, r *tfprotov6.InvokeActionRequest) (*tfprotov6.InvokeActionServerStream, error) {
	stream, err := s.frameworkServer.InvokeAction(ctx, r)
	if err != nil || stream == nil || stream.Events == nil {
		return stream, err
	}
	return &tfprotov6.InvokeActionServerStream{Events: func(push func(tfprotov6.InvokeActionEvent) bool) {
		stream.Events(func(event tfprotov6.InvokeActionEvent) bool {
			switch e := event.Type.(type) {
			case tfprotov6.ProgressInvokeActionEventType:
				e.Message = redact.Text(e.Message)
				event.Type = e
			case tfprotov6.CompletedInvokeActionEventType:
				clean(e.Diagnostics)
			}
			return push(event)
		})
	}}, nil
}

// requestContext is another context while its request runs, and an ended one
// without values afterwards.
type requestContext struct {
	inner atomic.Pointer[context.Context]
}

var ended = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Deadline is the request's.
func (b *requestContext) Deadline() (time.Time, bool) {
	if ctx := b.inner.Load(); ctx != nil {
		return (*ctx).Deadline()
	}
	return time.Time{}, false
}

// Done is closed when the request ends, as gRPC does.
func (b *requestContext) Done() <-chan struct{} {
	if ctx := b.inner.Load(); ctx != nil {
		return (*ctx).Done()
	}
	return ended
}

// Err is context.Canceled once the request has ended.
func (b *requestContext) Err() error {
	if ctx := b.inner.Load(); ctx != nil {
		return (*ctx).Err()
	}
	return context.Canceled
}

// Value is the request's; nil once it has ended.
func (b *requestContext) Value(key any) any {
	if ctx := b.inner.Load(); ctx != nil {
		return (*ctx).Value(key)
	}
	return nil
}

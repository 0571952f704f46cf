// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

type heavyKey struct{}

// What a request's context holds is free once the request has been answered.
func TestRequestScopedServer_frees(t *testing.T) {
	t.Parallel()
	const kind, requests = "dbxidentity_external_id", 20
	start, err := newRequestScopedServer("test")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{tb: t, ProviderServer: start}
	if s.schema, err = s.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{}); err != nil {
		t.Fatal(err)
	}
	text := func(v string) tftypes.Value { return tftypes.NewValue(tftypes.String, v) }
	config := s.object(s.schema.ResourceSchemas[kind], map[string]tftypes.Value{
		"principal_type": text("user"), "principal_id": text("1"), "external_id": text("00000000-0000-4000-8000-000000000001"),
	})
	freed := make(chan struct{}, requests)
	for range requests {
		heavy := &[64 << 10]byte{}
		runtime.AddCleanup(heavy, func(struct{}) { freed <- struct{}{} }, struct{}{})
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), heavyKey{}, heavy))
		resp, err := s.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{TypeName: kind, Config: config, ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: true}})
		s.must(err, resp.Diagnostics)
		cancel() // As gRPC does when it has answered.
	}
	deadline := time.After(time.Minute)
	runtime.GC()
	for free := 0; free < requests-1; { // The last one may be in a register still.
		select {
		case <-freed:
			free++
		case <-time.After(10 * time.Millisecond):
			runtime.GC() // What let go of it had not run.
		case <-deadline:
			t.Fatalf("%d of %d contexts are held after their requests", requests-free, requests)
		}
	}
	runtime.KeepAlive(s)
}

func TestRequestContext(t *testing.T) {
	t.Parallel()
	outer, cancel := context.WithCancel(context.WithValue(t.Context(), heavyKey{}, 1))
	defer cancel()
	var kept, child context.Context
	_, err := scoped(outer, 2, func(ctx context.Context, n int) (*tfprotov6.ReadResourceResponse, error) {
		kept = ctx
		var stop context.CancelFunc
		child, stop = context.WithCancel(ctx)
		t.Cleanup(stop)
		if ctx.Value(heavyKey{}) != 1 || ctx.Err() != nil || n != 2 {
			t.Errorf("within the request: %v, %v", ctx.Value(heavyKey{}), ctx.Err())
		}
		return nil, nil //nolint:nilnil // No one looks at the answer.
	})
	if err != nil {
		t.Fatal(err)
	}
	<-kept.Done()
	if _, limited := kept.Deadline(); kept.Value(heavyKey{}) != nil || !errors.Is(kept.Err(), context.Canceled) || limited {
		t.Errorf("after the request: %v, %v", kept.Value(heavyKey{}), kept.Err())
	}
	cancel()
	<-child.Done() // Derived contexts end with the outer one still.
}

// streams is a server whose streams hold a character that a terminal would obey.
type streams struct{ frameworkServer }

func (streams) ListResource(context.Context, *tfprotov6.ListResourceRequest) (*tfprotov6.ListResourceServerStream, error) {
	return &tfprotov6.ListResourceServerStream{Results: func(push func(tfprotov6.ListResourceResult) bool) {
		_ = push(tfprotov6.ListResourceResult{DisplayName: "one", Diagnostics: []*tfprotov6.Diagnostic{{Detail: "a\x1bb"}}}) && push(tfprotov6.ListResourceResult{DisplayName: "two"})
	}}, nil
}

func (streams) InvokeAction(context.Context, *tfprotov6.InvokeActionRequest) (*tfprotov6.InvokeActionServerStream, error) {
	return &tfprotov6.InvokeActionServerStream{Events: func(push func(tfprotov6.InvokeActionEvent) bool) {
		_ = push(tfprotov6.InvokeActionEvent{Type: tfprotov6.ProgressInvokeActionEventType{Message: "a\x1bb"}}) &&
			push(tfprotov6.InvokeActionEvent{Type: tfprotov6.CompletedInvokeActionEventType{Diagnostics: []*tfprotov6.Diagnostic{{Detail: "a\x1bb"}}}})
	}}, nil
}

// List resources and actions pass through the server, and what they say is cleaned.
func TestRequestScopedServer_streams(t *testing.T) {
	t.Parallel()
	whole, err := newRequestScopedServer("test")
	if err != nil {
		t.Fatal(err)
	}
	s := requestScopedServer{frameworkServer: streams{whole.frameworkServer}}
	list, err := s.ListResource(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var names, texts []string
	for result := range list.Results {
		names = append(names, result.DisplayName)
		for _, d := range result.Diagnostics {
			texts = append(texts, d.Detail)
		}
	}
	if !slices.Equal(names, []string{"one", "two"}) {
		t.Errorf("listed %v", names)
	}
	events, err := s.InvokeAction(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for event := range events.Events {
		switch e := event.Type.(type) {
		case tfprotov6.ProgressInvokeActionEventType:
			texts = append(texts, e.Message)
		case tfprotov6.CompletedInvokeActionEventType:
			texts = append(texts, e.Diagnostics[0].Detail)
		}
	}
	if len(texts) != 3 || strings.Contains(strings.Join(texts, ""), "\x1b") {
		t.Errorf("said %q", texts)
	}
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator_test

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// graphClient is Node with Microsoft's client: DBXIDENTITY_TEST_NODE names a folder in
// which `npm install @microsoft/microsoft-graph-client` ran.
func graphClient(t *testing.T) (node, modules string) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("no node on PATH")
	}
	modules = filepath.Join(os.Getenv("DBXIDENTITY_TEST_NODE"), "node_modules")
	if _, err := os.Stat(filepath.Join(modules, "@microsoft", "microsoft-graph-client")); err != nil {
		t.Skip("DBXIDENTITY_TEST_NODE names no folder with the npm package @microsoft/microsoft-graph-client")
	}
	return node, modules
}

// overTLS serves the simulator's Graph under https, as the client demands: it sends its
// token nowhere else, and follows no other page links.
func overTLS(t *testing.T, sim *simulator.Running) (base, caFile string) {
	t.Helper()
	target, err := url.Parse(sim.IDP.GraphEndpoint)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = target.Scheme, target.Host, r.In.Host
			r.Out.Header.Del("Accept-Encoding")
		},
		ModifyResponse: func(resp *http.Response) error {
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				return err
			}
			host := resp.Request.Host
			body = bytes.ReplaceAll(body, []byte("http://"+host), []byte("https://"+host))
			resp.Body = io.NopCloser(bytes.NewReader(body))
			resp.ContentLength = int64(len(body))
			resp.Header.Set("Content-Length", strconv.Itoa(len(body)))
			return nil
		},
	}
	server := httptest.NewTLSServer(proxy)
	t.Cleanup(server.Close)
	caFile = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return server.URL + target.Path, caFile
}

// Microsoft's own Graph client reads what a connector is, page by page.
func TestGraph_microsoftClient(t *testing.T) {
	t.Parallel()
	node, modules := graphClient(t)
	sim := startIDP(t, connectedDirectory(), simulator.Options{})
	sim.Server.SetGraphPermissions("Synchronization.ReadWrite.All", "Application.Read.All", "ProvisioningLog.Read.All")
	base, caFile := overTLS(t, sim)
	cmd := exec.CommandContext(t.Context(), node, filepath.Join("testdata", "graph_client.js"), base, graphToken(t, sim), gid(3, 1))
	cmd.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+caFile, "NODE_PATH="+modules)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, errOut.String())
	}
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	want := map[string]any{
		"job":      []any{"dataBricks.1", "Active", "PT40M", "Active", "Succeeded", nil},
		"rules":    []any{"rule"},
		"secrets":  []any{"BaseAddress=https://adb-1.1.azuredatabricks.net/api/2.0/preview/scim", "SecretToken=*"},
		"found":    []any{gid(3, 1)},
		"assigned": []any{"User " + gid(1, 1), "Group " + gid(2, 1), "ServicePrincipal " + gid(3, 2)},
		"log":      []any{"2 success " + gid(1, 1) + " " + gid(3, 1), "1 failure " + gid(1, 1) + " " + gid(3, 1), "3 success " + gid(1, 1) + " " + gid(3, 2)},
		"missing":  "404 Request_ResourceNotFound",
		"version":  "400 BadRequest",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

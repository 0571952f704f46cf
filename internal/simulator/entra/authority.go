// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package entra

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Authority is the token authority behind TLS. Its clients insist on
// https; CAFile has the certificate of the CA, in PEM, that signed the server's.
type Authority struct {
	// URL is the authority host, for example https://127.0.0.1:4711.
	URL string
	// CAFile is removed by Close.
	CAFile string

	close func() error
	once  sync.Once
	err   error
}

// Close stops the listener and removes the CA file. It may be called twice.
func (a *Authority) Close() error {
	a.once.Do(func() { a.err = a.close() })
	return a.err
}

// StartAuthority serves the authority on listenAddr (host:port; port 0 picks one)
// with a certificate for localhost and the loopback addresses, of a CA that is
// made now. Requests pass the same log, latency and faults as all others; there
// their path begins with /entra. What the account host serves is there too, with
// the same paths.
func StartAuthority(listenAddr string, inner http.Handler) (*Authority, error) {
	ca, cert, err := loopbackCertificate()
	if err != nil {
		return nil, fmt.Errorf("making the certificate of the Entra authority: %w", err)
	}
	listener, err := net.Listen("tcp", listenAddr) //nolint:noctx // Binding a port ends by itself.
	if err != nil {
		return nil, fmt.Errorf("serving the Entra authority on %s: %w", listenAddr, err)
	}
	dir, err := os.MkdirTemp("", "dbxidentity-simulator-")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("making a folder for the CA file: %w", err), listener.Close())
	}
	file := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(file, ca, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("writing the CA file: %w", err), listener.Close(), os.RemoveAll(dir))
	}
	server := &http.Server{
		Handler:           authorityHandler(inner),
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12},
		ReadHeaderTimeout: 30 * time.Second,
		// Handshakes of clients that do not trust the CA are no news.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.ServeTLS(listener, "", "")
	}()
	return &Authority{URL: "https://" + listener.Addr().String(), CAFile: file, close: func() error {
		err := server.Close()
		<-done
		return errors.Join(err, os.RemoveAll(dir))
	}}, nil
}

// behindTLS are the roots that the authority's listener serves beside itself, for
// clients that send credentials over https only, as the Graph client for
// JavaScript and Okta's SDKs do: everything that begins with no tenant.
var behindTLS = []string{
	"/graph/", "/v1.0/", "/beta/", "/okta/", "/oauth2/v1/", "/api/", "/oidc/", "/.well-known/databricks-config",
}

// entraHandler puts /entra in front of the path and hands over to everything
// that all requests pass.
func authorityHandler(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if slices.ContainsFunc(behindTLS, func(root string) bool { return strings.HasPrefix(r.URL.Path, root) }) {
			inner.ServeHTTP(rw, r)
			return
		}
		c := r.Clone(r.Context())
		c.URL.Path = "/entra" + r.URL.Path
		if r.URL.RawPath != "" {
			c.URL.RawPath = "/entra" + r.URL.RawPath
		}
		inner.ServeHTTP(rw, c)
	})
}

// loopbackCertificate makes a CA and a server certificate signed by it. The
// clock is the real one: clients judge certificates by theirs.
func loopbackCertificate() (caPEM []byte, cert tls.Certificate, err error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, cert, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, cert, err
	}
	from := time.Now().Add(-time.Hour)
	template := func(serial int64, name string) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name},
			NotBefore: from, NotAfter: from.AddDate(1, 0, 0), BasicConstraintsValid: true,
		}
	}
	root := template(from.UnixNano(), "dbxidentity simulator CA")
	root.IsCA, root.KeyUsage = true, x509.KeyUsageCertSign|x509.KeyUsageDigitalSignature
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, &caKey.PublicKey, caKey)
	if err != nil {
		return nil, cert, err
	}
	leaf := template(from.UnixNano()+1, "localhost")
	leaf.KeyUsage = x509.KeyUsageDigitalSignature
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	leaf.DNSNames = []string{"localhost"}
	leaf.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, root, &key.PublicKey, caKey)
	if err != nil {
		return nil, cert, err
	}
	caPEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootDER})
	return caPEM, tls.Certificate{Certificate: [][]byte{leafDER}, PrivateKey: key}, nil
}

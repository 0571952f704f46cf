// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package transport

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"strings"
)

// Advice is what to do about an error on the way to a host, which credentials and
// roles do not mend; empty where the error does not say.
func Advice(err error) string {
	var (
		unknown      x509.UnknownAuthorityError
		verification *tls.CertificateVerificationError
		record       tls.RecordHeaderError
		name         *net.DNSError
		dial         *net.OpError
	)
	switch {
	case errors.As(err, &unknown):
		return "The certificate is not signed by an authority that this machine trusts. Where a company's proxy opens TLS connections, " +
			"add its CA certificate to the system's store, or name a PEM file that holds it in SSL_CERT_FILE (a file that cannot be read, or is not PEM, counts as empty)"
	case errors.As(err, &verification):
		return "The certificate does not fit: check the host, the clock of this machine and the proxies on the way"
	case errors.As(err, &record):
		return "The other side does not speak TLS: check the port and the scheme of the host, and HTTPS_PROXY"
	case strings.Contains(err.Error(), http.StatusText(http.StatusProxyAuthRequired)):
		return "A proxy on the way wants credentials: set them in HTTPS_PROXY (http://user:password@proxy)"
	case errors.As(err, &dial) && dial.Op == "proxyconnect":
		return "The proxy of HTTPS_PROXY or HTTP_PROXY cannot be reached: check it, and NO_PROXY"
	case errors.As(err, &name) && name.IsNotFound:
		return "The host " + name.Name + " does not resolve: check its name, and the DNS of this machine"
	}
	return ""
}

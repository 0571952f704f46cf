// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"net/http"
	"slices"
	"strings"
)

// graphCodes and oktaCodes are the error codes that go with a status
// (docs/reference/idp-apis.md 3.5 and 5.4).
var (
	graphCodes = map[int]string{
		400: "Request_BadRequest", 401: "InvalidAuthenticationToken", 403: "Authorization_RequestDenied", 404: "Request_ResourceNotFound",
		429: "TooManyRequests", 500: "InternalServerError", 502: "BadGateway", 503: "ServiceUnavailable", 504: "GatewayTimeout",
	}
	oktaCodes = map[int]string{
		400: "E0000001", 401: "E0000011", 403: "E0000006", 404: "E0000007", 405: "E0000022", 429: "E0000047", 500: "E0000009",
	}
	oauthNames = map[int]string{400: "invalid_request", 401: "invalid_client", 503: "temporarily_unavailable"}
)

// isGraphPath tells whether a path belongs to Graph.
func isGraphPath(path string) bool {
	path = strings.TrimPrefix(path, "/graph")
	return strings.HasPrefix(path, "/v1.0/") || strings.HasPrefix(path, "/beta/")
}

// idpErrorBody is an error in the shape of the IdP that the path belongs to; ok
// is false for paths of the account. An empty code is the one of the status.
func (s *Server) idpErrorBody(path string, status int, code, message string) (body any, ok bool) {
	either := func(codes map[int]string, fallback string) string {
		if code != "" {
			return code
		}
		if known := codes[status]; known != "" {
			return known
		}
		return fallback
	}
	switch {
	case isGraphPath(path):
		id := s.requestID()
		return map[string]any{"error": map[string]any{
			"code": either(graphCodes, "UnknownError"), "message": message,
			"innerError": map[string]any{
				"date": s.now().UTC().Format("2006-01-02T15:04:05"), "request-id": id, "client-request-id": id,
			},
		}}, true
	case strings.HasPrefix(path, "/okta/oauth2/"), strings.HasPrefix(path, "/entra/"):
		return map[string]any{"error": either(oauthNames, "server_error"), "error_description": message}, true
	case strings.HasPrefix(path, "/okta/"):
		name := either(oktaCodes, "E0000009")
		return map[string]any{
			"errorCode": name, "errorSummary": message, "errorLink": name, "errorId": "oae" + s.requestID(), "errorCauses": []any{},
		}, true
	}
	return nil, false
}

// idpNotRouted answers for a path that no route of an IdP has; it tells whether
// the path is an IdP's.
func (s *Server) idpNotRouted(rw http.ResponseWriter, r *http.Request, status int) bool {
	message := "The endpoint does not exist: " + r.Method + " " + r.URL.Path
	code := ""
	switch {
	case isGraphPath(r.URL.Path):
		status, code, message = s.graphNotRouted(r, status)
	case strings.HasPrefix(r.URL.Path, "/okta/"):
		code = "E0000022"
		if status == http.StatusMethodNotAllowed {
			message = "The endpoint does not support the provided HTTP method"
		}
	}
	body, ok := s.idpErrorBody(r.URL.Path, status, code, message)
	if ok {
		writeJSON(rw, status, body)
	}
	return ok
}

// graphNotRouted is what Graph says of a path that it does not know (400, which
// names the first segment that leads nowhere) or of a method that the path does
// not have. Nothing of that is told without a token, and what would write is
// refused for the lack of a permission: the granted ones only read.
func (s *Server) graphNotRouted(r *http.Request, status int) (int, string, string) {
	if _, err := s.checkGraphToken(r); err != nil {
		return http.StatusUnauthorized, "InvalidAuthenticationToken", err.Error()
	}
	switch {
	case status != http.StatusMethodNotAllowed:
		return http.StatusBadRequest, "BadRequest", "Resource not found for the segment '" + unknownSegment(r.URL.Path) + "'."
	case r.Method == http.MethodPost || r.Method == http.MethodPatch || r.Method == http.MethodDelete:
		return graphForbidden.status, graphForbidden.code, graphForbidden.message
	default:
		return status, "Request_BadRequest", "Specified HTTP method is not allowed for the request target."
	}
}

// unknownSegment is the first segment below the version that no operation has
// at this place, or the last one.
func unknownSegment(path string) string {
	_, below, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(path, "/graph"), "/"), "/")
	segments := strings.Split(strings.Trim(below, "/"), "/")
	var open [][]string
	for _, op := range graphOperations() {
		if _, pattern, _ := strings.Cut(op.pattern, " /"); pattern != "{resource}" {
			open = append(open, strings.Split(pattern, "/"))
		}
	}
	for i, segment := range segments {
		open = slices.DeleteFunc(open, func(pattern []string) bool {
			return len(pattern) <= i || pattern[i] != segment && !strings.HasPrefix(pattern[i], "{")
		})
		if len(open) == 0 {
			return segment
		}
	}
	return segments[len(segments)-1]
}

// idpTokenExpired is the 401 of an IdP for an expired token; nil for the account.
func (s *Server) idpTokenExpired(r *http.Request) *answer {
	message := "Lifetime validation failed, the token is expired."
	if strings.HasPrefix(r.URL.Path, "/okta/") {
		message = "Invalid token provided"
	}
	body, ok := s.idpErrorBody(r.URL.Path, http.StatusUnauthorized, "", message)
	if !ok {
		return nil
	}
	a := newAnswer()
	writeJSON(a, http.StatusUnauthorized, body)
	return a
}

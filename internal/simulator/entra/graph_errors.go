// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package entra

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
)

// graphCodes are the error codes that go with a status (docs/reference/idp-apis.md 3.5).
var graphCodes = map[int]string{
	400: "Request_BadRequest", 401: "InvalidAuthenticationToken", 403: "Authorization_RequestDenied", 404: "Request_ResourceNotFound",
	429: "TooManyRequests", 500: "InternalServerError", 502: "BadGateway", 503: "ServiceUnavailable", 504: "GatewayTimeout",
}

// ErrorBody is the error of a path of this face, in the words of its API: with the
// usual code of the status where none is given. It returns nil for other paths.
func (s *Face) ErrorBody(path string, status int, code, message string) any {
	switch {
	case isGraphPath(path):
		id := s.IDs.Next()
		return map[string]any{"error": map[string]any{
			"code": cmp.Or(code, graphCodes[status], "UnknownError"), "message": message,
			"innerError": map[string]any{
				"date": s.Now().UTC().Format("2006-01-02T15:04:05"), "request-id": id, "client-request-id": id,
			},
		}}
	case strings.HasPrefix(path, "/entra/"):
		return wire.OauthErrorBody(status, code, message)
	}
	return nil
}

// isGraphPath reports whether a path belongs to Graph.
func isGraphPath(path string) bool {
	path = strings.TrimPrefix(path, "/graph")
	return strings.HasPrefix(path, "/v1.0/") || strings.HasPrefix(path, "/beta/")
}

// graphNotRouted is what Graph says of a path that it does not know (400, which
// names the first segment that leads nowhere) or of a method that the path does
// not have. Nothing of that is said without a token, and what would write is
// refused for the lack of a permission: the granted ones only read.
func (s *Face) graphNotRouted(r *http.Request, status int) (int, string, string) {
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

// NotRouted is the answer to a path of this face that has no route; a nil body
// for other paths.
func (s *Face) NotRouted(r *http.Request, status int) (int, any) {
	code, message := "", "The endpoint does not exist: "+r.Method+" "+r.URL.Path
	if isGraphPath(r.URL.Path) {
		status, code, message = s.graphNotRouted(r, status)
	}
	return status, s.ErrorBody(r.URL.Path, status, code, message)
}

// TokenExpired is the 401 for an expired token; nil for paths of others.
func (s *Face) TokenExpired(path string) any {
	return s.ErrorBody(path, http.StatusUnauthorized, "", "Lifetime validation failed, the token is expired.")
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package okta

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
)

// oktaCodes are the error codes that go with a status (docs/reference/idp-apis.md 5.4).
var oktaCodes = map[int]string{
	400: "E0000001", 401: "E0000011", 403: "E0000006", 404: "E0000007", 405: "E0000022", 429: "E0000047", 500: "E0000009",
}

// ErrorBody is an error of a path of this face, in the words of its API: with the
// usual code of the status where none is given. It is nil for other paths.
func (s *Face) ErrorBody(path string, status int, code, message string) any {
	switch {
	case strings.HasPrefix(path, oktaPrefix+"/oauth2/"):
		return wire.OauthErrorBody(status, code, message)
	case strings.HasPrefix(path, oktaPrefix+"/"):
		name := cmp.Or(code, oktaCodes[status], "E0000009")
		return map[string]any{
			"errorCode": name, "errorSummary": message, "errorLink": name, "errorId": "oae" + s.IDs.Next(), "errorCauses": []any{},
		}
	}
	return nil
}

// NotRouted is the answer to a path of this face that has no route; a nil body
// for other paths.
func (s *Face) NotRouted(r *http.Request, status int) (int, any) {
	message := "The endpoint does not exist: " + r.Method + " " + r.URL.Path
	if status == http.StatusMethodNotAllowed {
		message = "The endpoint does not support the provided HTTP method"
	}
	return status, s.ErrorBody(r.URL.Path, status, "E0000022", message)
}

// TokenExpired is the 401 for an expired token; nil for paths of others.
func (s *Face) TokenExpired(path string) any {
	return s.ErrorBody(path, http.StatusUnauthorized, "", "Invalid token provided")
}

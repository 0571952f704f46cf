// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package faults

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
)

// defaultCodes are the error codes that the real APIs use with a status.
var defaultCodes = map[int]string{
	400: "BAD_REQUEST", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "RESOURCE_DOES_NOT_EXIST",
	409: "RESOURCE_CONFLICT", 429: "REQUEST_LIMIT_EXCEEDED", 500: "INTERNAL_ERROR", 501: "NOT_IMPLEMENTED",
	502: "BAD_GATEWAY", 503: "TEMPORARILY_UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}

// Render is the answer of a fault of kind status, and its content type.
func (f *Fault) Render() (contentType, body string) {
	code, message := f.ErrorCode, f.Text()
	if code == "" {
		code = defaultCodes[f.Status]
	}
	var shape any = &wire.Error{Code: code, Message: message}
	contentType = "application/json; charset=utf-8"
	switch f.BodyForm {
	case "empty":
		return "", f.Body
	case "text":
		contentType, body = "text/plain; charset=utf-8", message
	case "html":
		contentType = "text/html; charset=utf-8"
		body = "<html><head><title>Error</title></head><body><pre>" + htmlText.Replace(message) + "</pre></body></html>"
	case "scim":
		contentType = "application/scim+json; charset=utf-8"
		shape = map[string]any{
			"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:Error"},
			"status":  strconv.Itoa(f.Status), "detail": message,
		}
	}
	if f.Body != "" {
		return contentType, f.Body
	}
	if body == "" {
		body = wire.Marshal(shape)
	}
	return contentType, body
}

// Text is what the answer says.
func (f *Fault) Text() string {
	if f.Message != "" {
		return f.Message
	}
	return "Injected fault: " + strconv.Itoa(f.Status) + " " + http.StatusText(f.Status)
}

var htmlText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

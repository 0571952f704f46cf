// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package wire is what every simulated API has in common: answers that are not sent
// yet, errors, and what the server passes to a handler with its request.
package wire

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
)

// Error is an answer in the normal Databricks shape.
type Error struct {
	Status  int    `json:"-"`
	Code    string `json:"error_code"`
	Message string `json:"message"`
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// WriteJSON answers with status and a JSON body.
func WriteJSON(rw http.ResponseWriter, status int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		http.Error(rw, err.Error(), http.StatusInternalServerError)
		return
	}
	rw.Header().Set("Content-Type", "application/json; charset=utf-8")
	rw.WriteHeader(status)
	_, _ = rw.Write(raw)
}

// WriteError answers in the normal Databricks shape.
func WriteError(rw http.ResponseWriter, status int, code, message string) {
	WriteJSON(rw, status, &Error{Status: status, Code: code, Message: message})
}

// Answer is a response that has not been sent.
type Answer struct {
	header http.Header
	Status int
	Body   bytes.Buffer
}

// NewAnswer is an empty one.
func NewAnswer() *Answer { return &Answer{header: http.Header{}} }

// Header implements [http.ResponseWriter].
func (a *Answer) Header() http.Header { return a.header }

// WriteHeader implements [http.ResponseWriter].
func (a *Answer) WriteHeader(status int) {
	if a.Status == 0 {
		a.Status = status
	}
}

// Write implements [http.ResponseWriter].
func (a *Answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.Body.Write(p)
}

// SendTo sends it, with its length.
func (a *Answer) SendTo(rw http.ResponseWriter) {
	maps.Copy(rw.Header(), a.header)
	if a.Status == 0 {
		a.Status = http.StatusOK
	}
	if a.Status != http.StatusNoContent && a.Status != http.StatusNotModified {
		rw.Header().Set("Content-Length", strconv.Itoa(a.Body.Len()))
	}
	rw.WriteHeader(a.Status)
	_, _ = rw.Write(a.Body.Bytes())
}

// Marshal is the JSON text of shapes that always have one.
func Marshal(shape any) string {
	raw, err := json.Marshal(shape)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

var oauthNames = map[int]string{400: "invalid_request", 401: "invalid_client", 503: "temporarily_unavailable"}

// OauthErrorBody is the error of a token endpoint, with the usual name of the
// status where none is given.
func OauthErrorBody(status int, name, description string) any {
	return map[string]any{"error": cmp.Or(name, oauthNames[status], "server_error"), "error_description": description}
}

// OrNull is the text, or null in JSON for an empty one.
func OrNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// SetText puts a text into an object, unless it is empty.
func SetText(m map[string]any, key, value string) {
	if value != "" {
		m[key] = value
	}
}

// JwtBearerAssertion is the type of an assertion with which a client signs in.
const JwtBearerAssertion = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

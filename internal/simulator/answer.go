// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
)

// apiError is an answer in the normal Databricks shape.
type apiError struct {
	Status  int    `json:"-"`
	Code    string `json:"error_code"`
	Message string `json:"message"`
}

func (e *apiError) Error() string { return e.Code + ": " + e.Message }

// writeJSON answers with status and a JSON body.
func writeJSON(rw http.ResponseWriter, status int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		http.Error(rw, err.Error(), http.StatusInternalServerError)
		return
	}
	rw.Header().Set("Content-Type", "application/json; charset=utf-8")
	rw.WriteHeader(status)
	_, _ = rw.Write(raw)
}

// writeError answers in the normal Databricks shape.
func writeError(rw http.ResponseWriter, status int, code, message string) {
	writeJSON(rw, status, &apiError{Status: status, Code: code, Message: message})
}

// answer is a response that has not been sent.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newAnswer() *answer { return &answer{header: http.Header{}} }

// Header implements [http.ResponseWriter].
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements [http.ResponseWriter].
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

// Write implements [http.ResponseWriter].
func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}

func (a *answer) sendTo(rw http.ResponseWriter) {
	maps.Copy(rw.Header(), a.header)
	if a.status == 0 {
		a.status = http.StatusOK
	}
	if a.status != http.StatusNoContent && a.status != http.StatusNotModified {
		rw.Header().Set("Content-Length", strconv.Itoa(a.body.Len()))
	}
	rw.WriteHeader(a.status)
	_, _ = rw.Write(a.body.Bytes())
}

// marshal is the JSON text of shapes that always have one.
func marshal(shape any) string {
	raw, err := json.Marshal(shape)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

var oauthNames = map[int]string{400: "invalid_request", 401: "invalid_client", 503: "temporarily_unavailable"}

// oauthErrorBody is the error of a token endpoint, with the usual name of the
// status where none is given.
func oauthErrorBody(status int, name, description string) any {
	return map[string]any{"error": cmp.Or(name, oauthNames[status], "server_error"), "error_description": description}
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// jwtBearerAssertion is the type of an assertion with which a client signs in.
const jwtBearerAssertion = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

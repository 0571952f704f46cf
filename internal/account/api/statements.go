// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/redact"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

const statementsPath = "/api/2.0/sql/statements"

// Paces of a statement.
const (
	defaultStatementTimeout = 10 * time.Minute // A serverless warehouse starts in seconds, others in minutes.
	maxPollPause            = 5 * time.Second
	cancelTimeout           = 5 * time.Second
)

// statementReply is the answer to a submission and to a poll
// (docs/reference/databricks-account-api.md 10).
type statementReply struct {
	ID     string `json:"statement_id"`
	Status struct {
		State string `json:"state"`
		Error struct {
			Code    Text   `json:"error_code"`
			Message string `json:"message"`
		} `json:"error"`
	} `json:"status"`
	Manifest struct {
		Rows      *int `json:"total_row_count"`
		Truncated bool `json:"truncated"`
	} `json:"manifest"`
	Result *statementChunk `json:"result"`
}

// statementChunk is a part of the rows. A cell is null or a text: an empty one is
// not null.
type statementChunk struct {
	Rows [][]*string `json:"data_array"`
	Next *int        `json:"next_chunk_index"`
}

// Parameter is the value of :Name in a statement; Type is one of SQL.
type Parameter struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Type  string `json:"type"`
}

// StatementError is a statement that the warehouse did not run to its end.
type StatementError struct {
	State string
	// Message is the warehouse's own, with its code.
	Message string
}

func (e *StatementError) Error() string {
	return "the statement ended as " + e.State + ": " + e.Message
}

// ErrTruncated is returned together with the rows that came.
var ErrTruncated = errors.New("the result was cut short by the warehouse")

// Query runs one SQL statement on a warehouse and gives all rows. A statement that
// takes longer than Config.StatementTimeout, and one whose reader has gone, is
// cancelled. A statement that fails comes with status 200, and is a [*StatementError].
func (a *Conn) Query(ctx context.Context, at *Site, warehouse, sql string, parameters ...Parameter) ([][]*string, error) {
	ctx, stop := context.WithTimeoutCause(ctx, a.Config.StatementTimeout,
		fmt.Errorf("the statement did not end within %s", a.Config.StatementTimeout))
	defer stop()
	body := map[string]any{
		"statement": sql, "warehouse_id": warehouse, "wait_timeout": a.waitTimeout(), "on_wait_timeout": "CONTINUE",
		"disposition": "INLINE", "format": "JSON_ARRAY",
	}
	if len(parameters) > 0 {
		body["parameters"] = parameters
	}
	var reply statementReply
	err := a.Do(ctx, Call{
		Method: http.MethodPost, Path: statementsPath, Limit: at.Limit(), At: at, Read: true,
		body: body,
	}, &reply)
	for pause := a.Config.RetryPause; err == nil && (reply.Status.State == "PENDING" || reply.Status.State == "RUNNING"); pause = min(2*pause, maxPollPause) {
		if err = transport.Sleep(ctx, pause); err == nil {
			id := reply.ID
			reply = statementReply{}
			err = a.Do(ctx, Call{Method: http.MethodGet, Path: statementPath(id), Limit: at.Limit(), At: at}, &reply)
			reply.ID = id
		}
	}
	if err != nil {
		a.cancelStatement(ctx, at, reply.ID)
		return nil, err
	}
	if reply.Status.State != "SUCCEEDED" {
		return nil, &StatementError{reply.Status.State, redact.Text(strings.TrimSpace(string(reply.Status.Error.Code) + " " + reply.Status.Error.Message))}
	}
	return a.statementRows(ctx, at, &reply)
}

// waitTimeout is how long the submission waits for the end: less than it takes a
// request to be given up. The API knows 0s and 5s to 50s.
func (a *Conn) waitTimeout() string {
	switch {
	case a.Config.RequestTimeout >= 40*time.Second:
		return "30s"
	case a.Config.RequestTimeout >= 10*time.Second:
		return "5s"
	default:
		return "0s"
	}
}

func statementPath(id string, rest ...string) string {
	return statementsPath + "/" + url.PathEscape(id) + strings.Join(rest, "")
}

// cancelStatement ends what would run on for no one. Whether it works is of no
// account: the warehouse ends it by itself some day.
func (a *Conn) cancelStatement(ctx context.Context, at *Site, id string) {
	if id == "" {
		return // It never began.
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), cancelTimeout)
	defer stop()
	err := a.Do(ctx, Call{Method: http.MethodPost, Path: statementPath(id, "/cancel"), Limit: at.Limit(), At: at, Read: true}, nil)
	a.Log(ctx, "cancelled a SQL statement", map[string]any{"workspace": at.Workspace, "statement": id, "failed": err != nil})
}

// statementRows reads the chunks one after the other, by their numbers: the links
// in the answer are not followed.
func (a *Conn) statementRows(ctx context.Context, at *Site, reply *statementReply) ([][]*string, error) {
	var rows [][]*string
	last := 0
	for chunk := reply.Result; chunk != nil; {
		rows = append(rows, chunk.Rows...)
		if chunk.Next == nil {
			break
		}
		if *chunk.Next <= last {
			return nil, fmt.Errorf("the chunk after %d is said to be %d", last, *chunk.Next)
		}
		last = *chunk.Next
		chunk = &statementChunk{}
		path := statementPath(reply.ID, "/result/chunks/", strconv.Itoa(last))
		if err := a.Do(ctx, Call{Method: http.MethodGet, Path: path, Limit: at.Limit(), At: at}, chunk); err != nil {
			return nil, err
		}
	}
	switch {
	case reply.Manifest.Truncated:
		return rows, ErrTruncated
	case reply.Manifest.Rows == nil:
		return nil, errors.New("the answer does not say how many rows there are")
	case *reply.Manifest.Rows != len(rows):
		return nil, fmt.Errorf("%d rows came, %d were announced", len(rows), *reply.Manifest.Rows)
	}
	return rows, nil
}

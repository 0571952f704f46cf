// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package catalog

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/minisql"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// StatementAssumptions are the switches of the statement API.
type StatementAssumptions struct {
	// Polls is how many more answers say PENDING or RUNNING before a statement
	// ends. A stopped warehouse and wait_timeout 0s have two of their own.
	Polls int
	// ChunkRows is the size of a chunk; 0 is 500 rows.
	ChunkRows int
	// InsufficientPermissions fails every statement, as for a caller who may not
	// use information_schema.
	InsufficientPermissions bool
	// OmitEmptyResult leaves result out where no row came back; the default is a
	// result without data_array.
	OmitEmptyResult bool
}

// Limits of the statement API. The first is documented.
const (
	maxInline       = 25 << 20
	defaultChunk    = 500
	keptStatements  = 1000
	statementsBase  = "/api/2.0/sql/statements"
	warehousesBase  = "/api/2.0/sql/warehouses"
	stateSucceeded  = "SUCCEEDED"
	stateFailed     = "FAILED"
	stateCanceled   = "CANCELED"
	warehouseOnline = "RUNNING"
)

// statement is one that was submitted. The result is made at once and shown
// after pending more answers.
type statement struct {
	id          string
	principalID string
	workspaceID int64
	pending     int
	polled      int
	state       string
	failure     *statementError
	sqlState    string
	table       minisql.Table
	truncated   bool
}

type statementError struct {
	ErrorCode string `json:"error_code"`
	Message   string `json:"message"`
}

// statementStore holds the last statements, the oldest of which are forgotten.
type statementStore struct {
	mu    sync.Mutex
	count int
	byID  map[string]*statement
	order []string
}

func (st *statementStore) add(s *statement) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.count++
	s.id = fmt.Sprintf("51000000-0000-4000-8000-%012x", st.count)
	if st.byID == nil {
		st.byID = map[string]*statement{}
	}
	st.byID[s.id] = s
	if st.order = append(st.order, s.id); len(st.order) > keptStatements {
		delete(st.byID, st.order[0])
		st.order = st.order[1:]
	}
}

// use runs f on the caller's own statement; false when there is none of that id.
func (st *statementStore) use(id string, v api.Visitor, f func(s *statement)) bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	s := st.byID[id]
	if s == nil || s.principalID != v.PrincipalID || s.workspaceID != v.WorkspaceID {
		return false
	}
	f(s)
	return true
}

func (s *sqlAPI) statementRoutes() {
	s.HandleWorkspace("POST "+statementsBase, s.submitStatement)
	s.HandleWorkspace("GET "+statementsBase+"/{id}", s.getStatement)
	s.HandleWorkspace("POST "+statementsBase+"/{id}/cancel", s.cancelStatement)
	s.HandleWorkspace("GET "+statementsBase+"/{id}/result/chunks/{chunk}", s.getChunk)
	s.HandleWorkspace("GET "+warehousesBase, s.listWarehouses)
	s.HandleWorkspace("GET "+warehousesBase+"/{id}", s.getWarehouse)
	s.HandleWorkspace("POST "+warehousesBase+"/{id}/start", s.startWarehouse)
}

// statementRequest is the part of a submission that has a meaning here.
type statementRequest struct {
	Statement     string `json:"statement"`
	WarehouseID   string `json:"warehouse_id"`
	WaitTimeout   string `json:"wait_timeout"`
	OnWaitTimeout string `json:"on_wait_timeout"`
	Disposition   string `json:"disposition"`
	Format        string `json:"format"`
	Catalog       string `json:"catalog"`
	Schema        string `json:"schema"`
	RowLimit      *int   `json:"row_limit"`
	Parameters    []struct {
		Name  string  `json:"name"`
		Value *string `json:"value"`
	} `json:"parameters"`
}

func (q statementRequest) check() *wire.Error {
	wait, err := strconv.Atoi(strings.TrimSuffix(q.WaitTimeout, "s"))
	switch {
	case q.Statement == "":
		return api.Invalid("statement is required.")
	case q.WarehouseID == "":
		return api.Invalid("warehouse_id is required.")
	case q.WaitTimeout != "" && (err != nil || !strings.HasSuffix(q.WaitTimeout, "s") || wait != 0 && (wait < 5 || wait > 50)):
		return api.Invalid("wait_timeout must be 0s or between 5s and 50s, not \"" + q.WaitTimeout + "\".")
	case !slices.Contains([]string{"", "CONTINUE", "CANCEL"}, q.OnWaitTimeout):
		return api.Invalid("on_wait_timeout must be CONTINUE or CANCEL, not \"" + q.OnWaitTimeout + "\".")
	case q.Disposition != "" && q.Disposition != "INLINE" || q.Format != "" && q.Format != "JSON_ARRAY":
		return api.Invalid("This simulator has disposition INLINE with format JSON_ARRAY only.")
	case q.RowLimit != nil && *q.RowLimit < 1:
		return api.Invalid("row_limit must be positive.")
	}
	return nil
}

// submitStatement runs a query. Time does not pass here: a warehouse that has to
// start, and wait_timeout 0s, cost answers that say PENDING and RUNNING.
func (s *sqlAPI) submitStatement(rw http.ResponseWriter, r *http.Request, v api.Visitor) {
	var q statementRequest
	failed := api.ReadJSON(r, &q)
	if failed == nil {
		failed = q.check()
	}
	st := &statement{principalID: v.PrincipalID, workspaceID: v.WorkspaceID, pending: s.assumed.Statements.Polls}
	started := false
	if failed == nil {
		s.Update(func(w *world.World) {
			if started, failed = useWarehouse(w, v.WorkspaceID, q.WarehouseID); failed == nil {
				s.evaluate(w, v, q, st)
			}
		})
	}
	if failed != nil {
		wire.WriteJSON(rw, failed.Status, failed)
		return
	}
	if started || q.WaitTimeout == "0s" {
		st.pending += 2
	}
	if st.pending > 0 && q.OnWaitTimeout == "CANCEL" && q.WaitTimeout != "0s" {
		st.state, st.pending = stateCanceled, 0
	}
	s.statements.add(st)
	s.answerStatement(rw, v, st.id)
}

// useWarehouse starts a warehouse that is stopped. What other states do is assumed.
func useWarehouse(w *world.World, workspaceID int64, id string) (started bool, failed *wire.Error) {
	wh := w.Warehouse(workspaceID, id)
	switch {
	case wh == nil:
		return false, noWarehouse(id)
	case wh.State == "" || wh.State == warehouseOnline:
		return false, nil
	case wh.State == "STOPPED" || wh.State == "STARTING":
		wh.State = warehouseOnline
		return true, nil
	}
	return false, &wire.Error{Status: http.StatusBadRequest, Code: "INVALID_STATE", Message: "SQL warehouse " + id + " is " + wh.State + "."}
}

// evaluate makes the result, or the failure: both are a success of the request.
func (s *sqlAPI) evaluate(w *world.World, v api.Visitor, q statementRequest, st *statement) {
	st.state = stateFailed
	fail := func(sqlState, message string) {
		st.failure, st.sqlState = &statementError{"BAD_REQUEST", message}, sqlState
	}
	if s.assumed.Statements.InsufficientPermissions {
		fail("42501", "[INSUFFICIENT_PERMISSIONS] Insufficient privileges: User does not have USE SCHEMA on Schema 'system.information_schema'.")
		return
	}
	query, err := minisql.Parse(q.Statement)
	if err != nil {
		fail("42601", "[PARSE_SYNTAX_ERROR] "+err.Error()+" SQLSTATE: 42601")
		return
	}
	c, failed := s.catalogView(w, v)
	if failed != nil {
		fail("42000", failed.Message)
		return
	}
	x := &informationSchema{catalogView: c, assumed: s.assumed.UnityCatalog, catalog: q.Catalog, schema: q.Schema}
	x.audit = s.assumed.AuditLog
	x.auditLog = func() (minisql.Table, error) {
		who := ""
		if p := w.ByID[v.PrincipalID]; p.Kind != "" {
			who = p.Name()
		}
		return x.audit.auditLog(w, who)
	}
	params := map[string]minisql.Value{}
	for _, p := range q.Parameters {
		params[p.Name] = minisql.Null
		if p.Value != nil {
			params[p.Name] = minisql.Text(*p.Value)
		}
	}
	table, err := query.Run(x.table, params)
	if err != nil {
		fail("42000", err.Error())
		return
	}
	if q.RowLimit != nil && len(table.Rows) > *q.RowLimit {
		table.Rows, st.truncated = table.Rows[:*q.RowLimit], true
	}
	size := 0
	for _, row := range table.Rows {
		for _, value := range row {
			size += len(value.Text) + 3
		}
	}
	if size > maxInline {
		fail("", "Inline byte limit exceeded. Statements executed with disposition=INLINE can have a result size of at most "+strconv.Itoa(maxInline)+" bytes.")
		return
	}
	st.state, st.table = stateSucceeded, table
}

func (s *sqlAPI) getStatement(rw http.ResponseWriter, r *http.Request, v api.Visitor) {
	s.answerStatement(rw, v, r.PathValue("id"))
}

func (s *sqlAPI) answerStatement(rw http.ResponseWriter, v api.Visitor, id string) {
	var body map[string]any
	if !s.statements.use(id, v, func(st *statement) { body = s.statementJSON(st) }) {
		noStatement(rw, id)
		return
	}
	wire.WriteJSON(rw, http.StatusOK, body)
}

func noStatement(rw http.ResponseWriter, id string) {
	wire.WriteError(rw, http.StatusNotFound, "RESOURCE_DOES_NOT_EXIST", "The statement "+id+" was not found.")
}

func (s *sqlAPI) statementJSON(st *statement) map[string]any {
	out := map[string]any{"statement_id": st.id}
	if st.pending > 0 {
		state := "PENDING"
		if st.polled > 0 {
			state = "RUNNING"
		}
		st.pending--
		st.polled++
		out["status"] = map[string]any{"state": state}
		return out
	}
	status := map[string]any{"state": st.state}
	out["status"] = status
	if st.failure != nil {
		status["error"] = st.failure
		wire.SetText(status, "sql_state", st.sqlState)
	}
	if st.state != stateSucceeded {
		return out
	}
	var columns []any
	for i, name := range st.table.Columns {
		columns = append(columns, map[string]any{"name": name, "position": i, "type_name": "STRING", "type_text": "STRING"})
	}
	chunks := []any{}
	for i := range s.chunkCount(st) {
		from, to := s.chunkBounds(st, i)
		chunks = append(chunks, map[string]any{"chunk_index": i, "row_offset": from, "row_count": to - from})
	}
	out["manifest"] = map[string]any{
		"format": "JSON_ARRAY", "schema": map[string]any{"column_count": len(columns), "columns": columns},
		"total_chunk_count": len(chunks), "total_row_count": len(st.table.Rows), "truncated": st.truncated, "chunks": chunks,
	}
	switch {
	case len(st.table.Rows) > 0:
		out["result"] = s.chunkJSON(st, 0)
	case !s.assumed.Statements.OmitEmptyResult:
		out["result"] = map[string]any{"chunk_index": 0, "row_offset": 0, "row_count": 0}
	}
	return out
}

func (s *sqlAPI) chunkSize() int {
	if n := s.assumed.Statements.ChunkRows; n > 0 {
		return n
	}
	return defaultChunk
}

func (s *sqlAPI) chunkCount(st *statement) int {
	return (len(st.table.Rows) + s.chunkSize() - 1) / s.chunkSize()
}

func (s *sqlAPI) chunkBounds(st *statement, chunk int) (from, to int) {
	return chunk * s.chunkSize(), min((chunk+1)*s.chunkSize(), len(st.table.Rows))
}

func (s *sqlAPI) chunkJSON(st *statement, chunk int) map[string]any {
	from, to := s.chunkBounds(st, chunk)
	rows := [][]any{}
	for _, row := range st.table.Rows[from:to] {
		var cells []any
		for _, value := range row {
			if value.Null {
				cells = append(cells, nil)
				continue
			}
			cells = append(cells, value.Text)
		}
		rows = append(rows, cells)
	}
	out := map[string]any{"chunk_index": chunk, "row_offset": from, "row_count": len(rows), "data_array": rows}
	if to < len(st.table.Rows) {
		out["next_chunk_index"] = chunk + 1
		out["next_chunk_internal_link"] = fmt.Sprintf("%s/%s/result/chunks/%d?row_offset=%d", statementsBase, st.id, chunk+1, to)
	}
	return out
}

func (s *sqlAPI) getChunk(rw http.ResponseWriter, r *http.Request, v api.Visitor) {
	chunk, err := strconv.Atoi(r.PathValue("chunk"))
	var body map[string]any
	var failed *wire.Error
	found := s.statements.use(r.PathValue("id"), v, func(st *statement) {
		switch {
		case st.pending > 0 || st.state != stateSucceeded:
			failed = &wire.Error{Status: http.StatusBadRequest, Code: "INVALID_STATE", Message: "Statement " + st.id + " has no result to fetch."}
		case err != nil || chunk < 0 || chunk >= s.chunkCount(st):
			failed = api.Refuse(http.StatusNotFound, "RESOURCE_DOES_NOT_EXIST", "Chunk "+r.PathValue("chunk")+" of statement "+st.id+" was not found.")
		default:
			body = s.chunkJSON(st, chunk)
		}
	})
	switch {
	case !found:
		noStatement(rw, r.PathValue("id"))
	case failed != nil:
		wire.WriteJSON(rw, failed.Status, failed)
	default:
		wire.WriteJSON(rw, http.StatusOK, body)
	}
}

// cancelStatement stops one that has not ended; one that has stays as it is.
func (s *sqlAPI) cancelStatement(rw http.ResponseWriter, r *http.Request, v api.Visitor) {
	found := s.statements.use(r.PathValue("id"), v, func(st *statement) {
		if st.pending > 0 {
			st.pending, st.state, st.failure = 0, stateCanceled, nil
		}
	})
	if !found {
		noStatement(rw, r.PathValue("id"))
		return
	}
	wire.WriteJSON(rw, http.StatusOK, map[string]any{})
}

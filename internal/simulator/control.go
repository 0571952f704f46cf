// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/faults"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// defaultLog is how many entries of the request log GET requests shows unless
// the parameter log says otherwise.
const defaultLog = 1000

// controlRoutes are the endpoints under /_simulator/: neither counted nor
// delayed nor faulted, and open to everyone who reaches the simulator.
func (s *Server) controlRoutes() {
	s.controlMux.HandleFunc("GET /_simulator/requests", s.controlRequests)
	s.controlMux.HandleFunc("POST /_simulator/requests/reset", func(rw http.ResponseWriter, _ *http.Request) {
		s.ResetRequests()
		rw.WriteHeader(http.StatusNoContent)
	})
	s.controlMux.HandleFunc("GET /_simulator/state", s.controlGetState)
	s.controlMux.HandleFunc("PUT /_simulator/state", s.controlPutState)
	s.controlMux.HandleFunc("GET /_simulator/faults", func(rw http.ResponseWriter, _ *http.Request) {
		wire.WriteJSON(rw, http.StatusOK, s.Faults())
	})
	s.controlMux.HandleFunc("POST /_simulator/faults", s.controlPostFaults)
	s.controlMux.HandleFunc("DELETE /_simulator/faults", func(rw http.ResponseWriter, _ *http.Request) {
		_ = s.SetFaults(nil) // Nothing to refuse in an empty list.
		rw.WriteHeader(http.StatusNoContent)
	})
	s.controlMux.HandleFunc("GET /_simulator/workspace_hosts", s.controlHosts)
	s.controlMux.HandleFunc("/_simulator/", func(rw http.ResponseWriter, r *http.Request) {
		wire.WriteError(rw, http.StatusNotFound, "ENDPOINT_NOT_FOUND", "No control endpoint "+r.Method+" "+r.URL.Path+
			"; there are GET requests, POST requests/reset, GET and PUT state, GET, POST and DELETE faults, GET workspace_hosts.")
	})
}

func (s *Server) controlRequests(rw http.ResponseWriter, r *http.Request) {
	limit := defaultLog
	if text := r.URL.Query().Get("log"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			wire.WriteError(rw, http.StatusBadRequest, "INVALID_PARAMETER_VALUE", "log: want a number of entries, not "+strconv.Quote(text))
			return
		}
		limit = n
	}
	counts := s.Requests()
	counts.Log = counts.Log[max(0, len(counts.Log)-limit):]
	wire.WriteJSON(rw, http.StatusOK, counts)
}

func (s *Server) controlGetState(rw http.ResponseWriter, _ *http.Request) {
	st, err := s.State()
	if err != nil {
		wire.WriteError(rw, http.StatusInternalServerError, "INTERNAL_ERROR", err.Error())
		return
	}
	raw, err := world.EncodeState(st)
	if err != nil {
		wire.WriteError(rw, http.StatusInternalServerError, "INTERNAL_ERROR", err.Error())
		return
	}
	rw.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = rw.Write(raw)
}

func (s *Server) controlPutState(rw http.ResponseWriter, r *http.Request) {
	st, err := world.DecodeState(r.Body)
	if err == nil {
		err = s.SetState(st)
	}
	if err != nil {
		wire.WriteError(rw, http.StatusBadRequest, "INVALID_STATE", err.Error())
		return
	}
	rw.WriteHeader(http.StatusNoContent)
}

func (s *Server) controlPostFaults(rw http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxBody))
	var list []faults.Fault
	if err == nil && bytes.HasPrefix(bytes.TrimSpace(raw), []byte("@")) {
		err = errors.New("faults: a file can be named on the command line only")
	}
	if err == nil {
		list, err = faults.Parse(string(raw))
	}
	if err == nil {
		err = s.SetFaults(list)
	}
	if err != nil {
		wire.WriteError(rw, http.StatusBadRequest, "INVALID_FAULTS", err.Error())
		return
	}
	wire.WriteJSON(rw, http.StatusOK, s.Faults())
}

// Faults are the faults in force, in order.
func (s *Server) Faults() []faults.State { return s.faults.States() }

// SetFaults replaces the faults in force; their counters start at 0. The error
// names the fault that cannot be, and then nothing has changed.
func (s *Server) SetFaults(faults []faults.Fault) error {
	stale, err := s.faults.Replace(faults)
	if err == nil {
		s.store.KeepForFaults(stale)
	}
	return err
}

// State is the world as a document: a deep copy, sorted.
func (s *Server) State() (world.State, error) { return s.store.State() }

// SetState replaces the world. The error names the entry that cannot be, and
// then nothing has changed. What was written before is not shown stale any more.
func (s *Server) SetState(st world.State) error { return s.store.Replace(withAccountID(st)) }

func withAccountID(st world.State) world.State {
	if st.Account.AccountID == "" {
		st.Account.AccountID = api.BuiltInAccountID
	}
	return st
}

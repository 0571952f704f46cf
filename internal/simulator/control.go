// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

// Fault is one injected failure.
type Fault struct{}

type control struct{}

func (s *Server) startControl() error { return nil }

func (s *Server) controlRoutes() {}

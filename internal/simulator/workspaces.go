// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

// WorkspaceAssumptions are the switches of this area.
type WorkspaceAssumptions struct{}

func (s *Server) workspaceRoutes() {}

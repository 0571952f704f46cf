// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

// GraphAssumptions are the switches of this area.
type GraphAssumptions struct{}

func (s *Server) graphRoutes() {}

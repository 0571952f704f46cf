// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

// SCIMAssumptions are the switches of this area.
type SCIMAssumptions struct{}

func (s *Server) scimRoutes() {}

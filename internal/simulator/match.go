// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

// MatchAssumptions are the switches of this area.
type MatchAssumptions struct{}

func (s *Server) matchRoutes() {}

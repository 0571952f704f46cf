// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

// OktaAssumptions are the switches of this area.
type OktaAssumptions struct{}

func (s *Server) oktaRoutes() {}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

// IdentityAssumptions are the switches of this area.
type IdentityAssumptions struct{}

func (s *Server) identityRoutes() {}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package audit

// Stop is asked now and then by what takes long on a large account. Its error ends
// the work and is what the work returns; a nil Stop never ends anything. Callers give
// it the end of their context, of which this package knows nothing.
type Stop func() error

// Stopper asks a [Stop] every so many steps, and keeps its error: once work has been
// stopped it stays so. The zero value never stops.
type Stopper struct {
	Ask Stop
	// Err is why the work was stopped; nil while it goes on.
	Err   error
	steps int
}

// Stopped counts one step and reports whether to end.
func (s *Stopper) Stopped() bool {
	const every = 256
	if s.Ask != nil && s.Err == nil && s.steps%every == 0 {
		s.Err = s.Ask()
	}
	s.steps++
	return s.Err != nil
}

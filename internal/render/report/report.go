// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package report

import "slices"

// Options change what a report shows.
type Options struct {
	// Redact leaves out names, mail addresses and free text that may hold them;
	// ids stay.
	Redact bool
}

// build makes the document of the sections that are there.
func build(s Sections, o Options) document {
	if o.Redact {
		s = s.redacted()
	}
	d := document{Title: "Identity report"}
	before := Sections{}
	if s.Before != nil {
		before = *s.Before
	}
	if f := s.WorkspaceFederation; f != nil {
		d.include(f.verdict(), f.section())
	}
	if v := s.Readiness; v != nil {
		d.include(v.verdict(), v.section())
	}
	if v := s.Divergences; v != nil {
		d.include(v.verdict(), v.section(before.Divergences))
	}
	if v := s.LocalGroups; v != nil {
		d.include(v.verdict(), v.section())
	}
	if v := s.Provisioning; v != nil {
		d.include(v.verdict(), v.section())
	}
	if v := s.Events; v != nil {
		d.include(v.verdict(), v.section())
	}
	if v := s.Diff; v != nil {
		d.include(v.verdict(), v.section())
	}
	if v := s.Clone; v != nil {
		d.include(v.verdict(), v.section())
	}
	if v := s.Access; v != nil {
		d.include(v.verdict(), v.section())
	}
	return d
}

func (d *document) include(v verdict, s section) {
	s.Blocks = slices.DeleteFunc(s.Blocks, empty)
	d.Verdicts = append(d.Verdicts, v)
	d.Sections = append(d.Sections, s)
}

// empty reports whether a block has nothing to show.
func empty(b block) bool {
	switch b := b.(type) {
	case table:
		return len(b.Rows) == 0
	case bars:
		return len(b.List) == 0
	case paths:
		return len(b.List) == 0
	default:
		return false
	}
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package okta

import (
	"slices"
	"strings"
)

// Attributes that filter and search know (docs/reference/idp-apis.md 5.2; the rest of the
// lists is assumed).
var (
	userFilterAttributes = []string{"id", "status", "lastUpdated", "profile.login", "profile.email", "profile.firstName", "profile.lastName"}
	userSearchAttributes = []string{
		"id", "status", "created", "activated", "lastUpdated", "statusChanged", "profile.login", "profile.email",
		"profile.firstName", "profile.lastName", "profile.displayName",
	}
	groupFilterAttributes = []string{"id", "type", "lastUpdated", "lastMembershipUpdated"}
	groupSearchAttributes = []string{"id", "type", "created", "lastUpdated", "lastMembershipUpdated", "profile.name", "profile.description"}
	appFilterAttributes   = []string{"id", "status", "name"}
)

// oktaValue walks a rendered object along a path such as profile.login.
func oktaValue(body map[string]any, path string) any {
	head, rest, nested := strings.Cut(path, ".")
	if !nested {
		return body[head]
	}
	inner, _ := body[head].(map[string]any)
	return oktaValue(inner, rest)
}

type oktaMatch func(body map[string]any) bool

// filter reads the parameters filter and search; without either all match.
func (c *oktaCall) filter(filterable, searchable []string) (oktaMatch, *oktaError) {
	all := []oktaMatch{}
	for _, parameter := range []struct {
		name       string
		attributes []string
		operators  []string
	}{
		{"filter", filterable, []string{"eq", "gt", "ge", "lt", "le", "sw"}},
		{"search", searchable, []string{"eq", "gt", "ge", "lt", "le", "sw", "ne", "co", "pr"}},
	} {
		expr := c.r.URL.Query().Get(parameter.name)
		if expr == "" {
			continue
		}
		if parameter.attributes == nil {
			return nil, oktaInvalid(parameter.name, "The parameter is not supported here.")
		}
		p := &oktaParser{attributes: parameter.attributes, operators: parameter.operators}
		match, why := p.parse(expr)
		if why != "" {
			e := oktaInvalid(parameter.name, why)
			e.code, e.summary = "E0000031", "Invalid search criteria."
			return nil, e
		}
		all = append(all, match)
	}
	return func(body map[string]any) bool {
		return !slices.ContainsFunc(all, func(m oktaMatch) bool { return !m(body) })
	}, nil
}

// oktaWord is a word, a "text" or a parenthesis of an expression.
type oktaWord struct {
	text    string
	literal bool
}

// maxOktaDepth bounds the recursion; no source has the real limit.
const maxOktaDepth = 50

// oktaParser reads SCIM-like expressions: attribute operator "value", and, or,
// parentheses.
type oktaParser struct {
	attributes, operators []string
	tokens                []oktaWord
	depth                 int
}

func (p *oktaParser) parse(expr string) (oktaMatch, string) {
	var why string
	if p.tokens, why = lexOkta(expr); why != "" {
		return nil, why
	}
	match, why := p.either()
	if why == "" && len(p.tokens) > 0 {
		why = "Unexpected '" + p.tokens[0].text + "'."
	}
	if why != "" {
		return nil, why
	}
	return match, ""
}

func lexOkta(expr string) ([]oktaWord, string) {
	var out []oktaWord
	for i := 0; i < len(expr); {
		switch ch := expr[i]; ch {
		case ' ', '\t':
			i++
		case '(', ')':
			out = append(out, oktaWord{text: string(ch)})
			i++
		case '"':
			var b strings.Builder
			for i++; i < len(expr) && expr[i] != '"'; i++ {
				if expr[i] == '\\' && i+1 < len(expr) {
					i++
				}
				b.WriteByte(expr[i])
			}
			if i == len(expr) {
				return nil, "Unterminated string."
			}
			i++
			out = append(out, oktaWord{text: b.String(), literal: true})
		default:
			end := i
			for end < len(expr) && !strings.ContainsRune(" \t()\"", rune(expr[end])) {
				end++
			}
			out = append(out, oktaWord{text: expr[i:end]})
			i = end
		}
	}
	return out, ""
}

func (p *oktaParser) next() oktaWord {
	if len(p.tokens) == 0 {
		return oktaWord{}
	}
	t := p.tokens[0]
	p.tokens = p.tokens[1:]
	return t
}

func (p *oktaParser) take(word string) bool {
	if len(p.tokens) == 0 || p.tokens[0].literal || !strings.EqualFold(p.tokens[0].text, word) {
		return false
	}
	p.tokens = p.tokens[1:]
	return true
}

func (p *oktaParser) either() (oktaMatch, string) {
	left, why := p.both()
	for why == "" && p.take("or") {
		first := left
		var second oktaMatch
		second, why = p.both()
		left = func(body map[string]any) bool { return first(body) || second(body) }
	}
	return left, why
}

func (p *oktaParser) both() (oktaMatch, string) {
	left, why := p.single()
	for why == "" && p.take("and") {
		first := left
		var second oktaMatch
		second, why = p.single()
		left = func(body map[string]any) bool { return first(body) && second(body) }
	}
	return left, why
}

func (p *oktaParser) single() (oktaMatch, string) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxOktaDepth {
		return nil, "The expression is nested too deep."
	}
	if p.take("(") {
		inner, why := p.either()
		if why == "" && !p.take(")") {
			why = "Missing ')'."
		}
		return inner, why
	}
	name := p.next()
	if name.literal || !slices.Contains(p.attributes, name.text) {
		return nil, "Unknown or unsupported attribute '" + name.text + "'."
	}
	op := strings.ToLower(p.next().text)
	if !slices.Contains(p.operators, op) {
		return nil, "Unsupported operator '" + op + "'."
	}
	if op == "pr" {
		return func(body map[string]any) bool { return oktaValue(body, name.text) != nil }, ""
	}
	value := p.next()
	if !value.literal {
		return nil, "A quoted value is expected after '" + op + "'."
	}
	return func(body map[string]any) bool {
		have, ok := oktaValue(body, name.text).(string)
		return ok && oktaCompare(op, have, value.text)
	}, ""
}

// oktaCompare compares text in any case; dates are in one form, so that their
// order is that of the text.
func oktaCompare(op, have, want string) bool {
	have, want = strings.ToLower(have), strings.ToLower(want)
	switch op {
	case "eq":
		return have == want
	case "ne":
		return have != want
	case "sw":
		return strings.HasPrefix(have, want)
	case "co":
		return strings.Contains(have, want)
	case "gt":
		return have > want
	case "ge":
		return have >= want
	case "lt":
		return have < want
	default:
		return have <= want
	}
}

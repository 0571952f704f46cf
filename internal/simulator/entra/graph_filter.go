// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package entra

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Limits of $filter without advanced query parameters (docs/reference/idp-apis.md 3.1).
const (
	maxFilterClauses = 15
	maxFilterLiteral = 120
)

// graphFilter is a parsed $filter: and, or, not with kids; eq, ne, in,
// startsWith, endsWith with a property and values; any with a property (a
// collection) and a value.
type graphFilter struct {
	op     string
	prop   string
	get    func(o graphObject) any
	values []any // string, bool or nil
	kids   []*graphFilter
}

// match compares text in any case, as the directory does.
func (f *graphFilter) match(o graphObject) bool {
	switch f.op {
	case "and":
		return !slices.ContainsFunc(f.kids, func(k *graphFilter) bool { return !k.match(o) })
	case "or":
		return slices.ContainsFunc(f.kids, func(k *graphFilter) bool { return k.match(o) })
	case "not":
		return !f.kids[0].match(o)
	}
	value := f.get(o)
	switch f.op {
	case "ne":
		return !sameValue(value, f.values[0])
	case "any":
		list, _ := value.([]string)
		return slices.ContainsFunc(list, func(item string) bool { return sameValue(item, f.values[0]) })
	case "startsWith", "endsWith":
		have, _ := value.(string)
		want, _ := f.values[0].(string)
		have, want = strings.ToLower(have), strings.ToLower(want)
		if f.op == "endsWith" {
			return strings.HasSuffix(have, want)
		}
		return strings.HasPrefix(have, want)
	default: // eq, in
		return slices.ContainsFunc(f.values, func(want any) bool { return sameValue(value, want) })
	}
}

func sameValue(have, want any) bool {
	a, isText := have.(string)
	b, wantText := want.(string)
	if isText && wantText {
		return strings.EqualFold(a, b)
	}
	return have == want
}

// oDataToken is a name, 'text', or one of ( ) , :.
type oDataToken struct {
	text    string
	literal bool
}

// graphFilterParser is a recursive descent over the tokens.
type graphFilterParser struct {
	q       *graphQuery
	tokens  []oDataToken
	clauses int
	depth   int
}

func invalidFilter(why string) *graphError {
	return graphBadRequest("Request_BadRequest", "Invalid filter clause: %s", why)
}

// advancedOnly is the refusal of an operator that needs an advanced query.
func advancedOnly(operator string) *graphError {
	return graphBadRequest("Request_UnsupportedQuery", "Operator '%s' is not supported because the 'ConsistencyLevel:eventual' header is missing "+
		"or $count=true is not set. Refer to https://aka.ms/graph-docs-advanced-queries for more information", operator)
}

func parseGraphFilter(q *graphQuery, expr string) (*graphFilter, *graphError) {
	if q.kind == nil {
		return nil, graphBadRequest("Request_UnsupportedQuery", "Unsupported Query: $filter needs one resource type.")
	}
	tokens, fail := lexGraphFilter(expr)
	if fail != nil {
		return nil, fail
	}
	p := &graphFilterParser{q: q, tokens: tokens}
	node, fail := p.either()
	switch {
	case fail != nil:
		return nil, fail
	case len(p.tokens) > 0:
		return nil, invalidFilter("'" + p.tokens[0].text + "' was not expected.")
	case p.clauses > maxFilterClauses && !q.advanced:
		return nil, graphBadRequest("Request_UnsupportedQuery", "Too many child clauses specified in search filter expression containing 'OR' operators: %d. Max allowed: %d.",
			p.clauses, maxFilterClauses)
	}
	return node, nil
}

func lexGraphFilter(expr string) ([]oDataToken, *graphError) {
	var out []oDataToken
	for i := 0; i < len(expr); {
		switch ch := expr[i]; {
		case ch == ' ' || ch == '\t':
			i++
		case strings.IndexByte("(),:", ch) >= 0:
			out = append(out, oDataToken{text: string(ch)})
			i++
		case ch == '\'':
			value, end, ok := quoted(expr, i)
			if !ok {
				return nil, invalidFilter("There is an unterminated string literal at position " + strconv.Itoa(i) + ".")
			}
			out = append(out, oDataToken{text: value, literal: true})
			i = end
		default:
			end := i
			for end < len(expr) && isNameByte(rune(expr[end])) {
				end++
			}
			if end == i {
				return nil, invalidFilter("Syntax error: character '" + string(ch) + "' is not valid at position " + strconv.Itoa(i) + ".")
			}
			out = append(out, oDataToken{text: expr[i:end]})
			i = end
		}
	}
	return out, nil
}

// quoted reads a literal that begins at i; ” inside stands for one quote.
func quoted(expr string, i int) (value string, end int, ok bool) {
	var b strings.Builder
	for i++; i < len(expr); i++ {
		if expr[i] != '\'' {
			b.WriteByte(expr[i])
			continue
		}
		if i+1 < len(expr) && expr[i+1] == '\'' {
			b.WriteByte('\'')
			i++
			continue
		}
		return b.String(), i + 1, true
	}
	return "", 0, false
}

func isNameByte(r rune) bool {
	return r < 128 && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_/.-@", r))
}

func (p *graphFilterParser) peek() oDataToken {
	if len(p.tokens) == 0 {
		return oDataToken{}
	}
	return p.tokens[0]
}

func (p *graphFilterParser) next() oDataToken {
	t := p.peek()
	if len(p.tokens) > 0 {
		p.tokens = p.tokens[1:]
	}
	return t
}

// take consumes a word or sign if it is next.
func (p *graphFilterParser) take(word string) bool {
	t := p.peek()
	if t.literal || !strings.EqualFold(t.text, word) {
		return false
	}
	p.next()
	return true
}

func (p *graphFilterParser) expect(sign string) *graphError {
	if !p.take(sign) {
		return invalidFilter("'" + sign + "' expected, found '" + p.peek().text + "'.")
	}
	return nil
}

func (p *graphFilterParser) either() (*graphFilter, *graphError) { return p.chain("or", p.both) }

func (p *graphFilterParser) both() (*graphFilter, *graphError) { return p.chain("and", p.single) }

func (p *graphFilterParser) chain(word string, operand func() (*graphFilter, *graphError)) (*graphFilter, *graphError) {
	first, fail := operand()
	if fail != nil {
		return nil, fail
	}
	kids := []*graphFilter{first}
	for p.take(word) {
		kid, fail := operand()
		if fail != nil {
			return nil, fail
		}
		kids = append(kids, kid)
	}
	if len(kids) == 1 {
		return first, nil
	}
	return &graphFilter{op: word, kids: kids}, nil
}

// maxFilterDepth bounds the recursion; no source has the real limit.
const maxFilterDepth = 50

func (p *graphFilterParser) single() (*graphFilter, *graphError) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxFilterDepth {
		return nil, invalidFilter("The expression is nested too deep.")
	}
	switch {
	case p.take("not"):
		if !p.q.advanced {
			return nil, advancedOnly("Not")
		}
		kid, fail := p.single()
		if fail != nil {
			return nil, fail
		}
		return &graphFilter{op: "not", kids: []*graphFilter{kid}}, nil
	case p.take("("):
		inner, fail := p.either()
		if fail != nil {
			return nil, fail
		}
		return inner, p.expect(")")
	case p.take("startsWith"):
		return p.call("startsWith")
	case p.take("endsWith"):
		if !p.q.advanced {
			return nil, advancedOnly("EndsWith")
		}
		return p.call("endsWith")
	}
	return p.comparison()
}

// node starts a clause on a property of the resource.
func (p *graphFilterParser) node(op, name string) (*graphFilter, *graphError) {
	p.clauses++
	prop, ok := p.q.kind.prop(name)
	if !ok {
		return nil, graphBadRequest("BadRequest", "Invalid filter clause: Could not find a property named '%s' on type 'microsoft.graph.%s'.", name, p.q.kind.odata)
	}
	if !slices.Contains(p.q.kind.filters, prop) {
		return nil, graphBadRequest("Request_UnsupportedQuery", "Unsupported or invalid query filter clause specified for property '%s' of resource '%s'.",
			prop, p.q.kind.odata)
	}
	return &graphFilter{op: op, prop: prop, get: p.q.kind.props[prop]}, nil
}

func (p *graphFilterParser) call(op string) (*graphFilter, *graphError) {
	if fail := p.expect("("); fail != nil {
		return nil, fail
	}
	n, fail := p.node(op, p.next().text)
	if fail != nil {
		return nil, fail
	}
	if fail := p.expect(","); fail != nil {
		return nil, fail
	}
	if fail := p.value(n); fail != nil {
		return nil, fail
	}
	return n, p.expect(")")
}

func (p *graphFilterParser) comparison() (*graphFilter, *graphError) {
	name := p.next()
	if name.literal || name.text == "" {
		return nil, invalidFilter("A property name is expected, found '" + name.text + "'.")
	}
	if collection, ok := strings.CutSuffix(name.text, "/any"); ok {
		return p.lambda(collection)
	}
	op := strings.ToLower(p.next().text)
	if !slices.Contains([]string{"eq", "ne", "in"}, op) {
		return nil, graphBadRequest("Request_UnsupportedQuery", "Unsupported operator '%s' for property '%s'.", op, name.text)
	}
	if op == "ne" && !p.q.advanced {
		return nil, advancedOnly("NotEqualsMatch")
	}
	n, fail := p.node(op, name.text)
	if fail != nil {
		return nil, fail
	}
	if op != "in" {
		return n, p.value(n)
	}
	if fail := p.expect("("); fail != nil {
		return nil, fail
	}
	p.clauses--
	for {
		p.clauses++
		if fail := p.value(n); fail != nil {
			return nil, fail
		}
		if !p.take(",") {
			return n, p.expect(")")
		}
	}
}

// lambda reads any(x:x eq 'value').
func (p *graphFilterParser) lambda(collection string) (*graphFilter, *graphError) {
	n, fail := p.node("any", collection)
	if fail != nil {
		return nil, fail
	}
	if fail := p.expect("("); fail != nil {
		return nil, fail
	}
	variable := p.next().text
	for _, word := range []string{":", variable, "eq"} {
		if fail := p.expect(word); fail != nil {
			return nil, fail
		}
	}
	if fail := p.value(n); fail != nil {
		return nil, fail
	}
	return n, p.expect(")")
}

// value adds a literal to a clause and checks it.
func (p *graphFilterParser) value(n *graphFilter) *graphError {
	t := p.next()
	if !t.literal {
		switch strings.ToLower(t.text) {
		case "true", "false":
			n.values = append(n.values, strings.EqualFold(t.text, "true"))
			return nil
		case "null":
			if !p.q.advanced {
				return advancedOnly("EqualsNull")
			}
			n.values = append(n.values, nil)
			return nil
		}
		return invalidFilter("A literal is expected, found '" + t.text + "'.")
	}
	if len([]rune(t.text)) > maxFilterLiteral && !p.q.advanced {
		return graphBadRequest("Request_UnsupportedQuery", "The value of property '%s' in the filter clause is longer than %d characters.", n.prop, maxFilterLiteral)
	}
	if n.prop == "id" && !guidPattern.MatchString(t.text) {
		return graphBadRequest("Request_BadRequest", "Invalid object identifier '%s'.", t.text)
	}
	n.values = append(n.values, t.text)
	return nil
}

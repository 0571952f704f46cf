// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package file

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/directory"
)

// keys are the keys of the document.
const keys = "version, users, groups, service_principals"

// parser walks through the document. The standard decoder names no
// position for an unknown key, so the objects are decoded one by one.
type parser struct {
	ctx    context.Context
	raw    []byte
	dec    *json.Decoder
	d      *directory.Index
	where  map[string]int64 // canonical id -> offset of its object
	groups []group
	seen   map[string]bool
	inside [][]byte // keys of the object at hand
}

func parse(ctx context.Context, raw []byte) (*directory.Index, error) {
	if !utf8.Valid(raw) {
		return nil, errors.New("it is not UTF-8")
	}
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	p := &parser{
		ctx: ctx, raw: raw, dec: json.NewDecoder(bytes.NewReader(raw)), d: directory.New(),
		where: map[string]int64{}, seen: map[string]bool{},
	}
	if err := p.document(); err != nil {
		return nil, err
	}
	for key, t := range map[string]audit.PrincipalType{
		"users": audit.TypeUser, "groups": audit.TypeGroup, "service_principals": audit.TypeServicePrincipal,
	} {
		if !p.seen[key] {
			p.d.Unread[t] = fmt.Sprintf("the file has no list %q; write [] if there are none", key)
		}
	}
	fileNodes(p.d, p.groups)
	return p.d, nil
}

func (p *parser) document() error {
	if err := p.delim('{', "the document is an object with the keys "+keys); err != nil {
		return err
	}
	for p.dec.More() {
		token, err := p.dec.Token()
		if err != nil {
			return p.syntax(err)
		}
		key, _ := token.(string)
		at := p.dec.InputOffset() - int64(len(key)) - 1
		if p.seen[key] {
			return p.at(at, fmt.Errorf("the key %q is there twice", key))
		}
		p.seen[key] = true
		if err := p.value(key, at); err != nil {
			return err
		}
	}
	if _, err := p.dec.Token(); err != nil {
		return p.syntax(err)
	}
	if _, err := p.dec.Token(); !errors.Is(err, io.EOF) {
		return p.at(p.dec.InputOffset(), errors.New("there is something after the end of the document"))
	}
	if !p.seen["version"] {
		return errors.New(`the key "version" is missing; this provider reads version 1`)
	}
	return nil
}

func (p *parser) value(key string, at int64) error {
	switch key {
	case "version":
		var version json.RawMessage
		if err := p.dec.Decode(&version); err != nil {
			return p.syntax(err)
		}
		if string(version) != "1" {
			return p.at(at, fmt.Errorf("version is %s; this provider reads version 1", directory.Clip(string(version))))
		}
		return nil
	case "users":
		return parseList(p, key, func(*user) {})
	case "groups":
		return parseList(p, key, func(g *group) { p.groups = append(p.groups, *g) })
	case "service_principals":
		return parseList(p, key, func(*servicePrincipal) {})
	default:
		return p.at(at, fmt.Errorf("the key %q is not known; the keys are %s", directory.Clip(key), keys))
	}
}

// fileObject is one of the three kinds of objects.
type fileObject[T any] interface {
	*T
	toEntry() (directory.Entry, error)
}

func parseList[T any, P fileObject[T]](p *parser, list string, keep func(*T)) error {
	if err := p.delim('[', list+" is a list"); err != nil {
		return err
	}
	for i := 0; p.dec.More(); i++ {
		if err := directory.Interrupted(p.ctx, i); err != nil {
			return err
		}
		var raw json.RawMessage
		if err := p.dec.Decode(&raw); err != nil {
			return p.syntax(err)
		}
		start := p.dec.InputOffset() - int64(len(raw))
		name := fmt.Sprintf("%s[%d]", list, i)
		var object T
		if err := p.object(raw, start, name, &object); err != nil {
			return err
		}
		e, err := P(&object).toEntry()
		if err == nil {
			err = p.checkID(e.Identity.ExternalID, start)
		}
		if err != nil {
			return p.at(start, fmt.Errorf("%s: %w", name, err))
		}
		p.d.Add(e)
		keep(&object)
	}
	if _, err := p.dec.Token(); err != nil {
		return p.syntax(err)
	}
	return nil
}

// checkID refuses blank ids and those that another object has.
func (p *parser) checkID(id string, start int64) error {
	key := audit.CanonicalExternalID(id)
	if strings.TrimSpace(id) == "" {
		return errors.New("id is missing or blank")
	}
	if before, there := p.where[key]; there {
		return fmt.Errorf("the id %q is that of the object at %s too", directory.Clip(id), p.position(before))
	}
	p.where[key] = start
	return nil
}

// object decodes one object strictly; raw begins at start of the document.
func (p *parser) object(raw []byte, start int64, name string, into any) error {
	if raw[0] != '{' {
		return p.at(start, fmt.Errorf("%s is not an object", name))
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	if err == nil {
		return p.keys(raw, start, name)
	}
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return p.at(start+wrong.Offset, fmt.Errorf("%s: %s is a %s, but must be %s", name, wrong.Field, wrong.Value, describeType(wrong.Type.String())))
	}
	// The decoder has no typed error for this; its text ends with the key.
	if _, quoted, found := strings.Cut(err.Error(), "unknown field "); found {
		offset := bytes.Index(raw, []byte(quoted))
		return p.at(start+int64(max(offset, 0)), fmt.Errorf("%s: the key %s is not known", name, directory.Clip(quoted)))
	}
	return p.at(start, fmt.Errorf("%s: %w", name, err))
}

// keys refuses what the decoder lets pass: a key in other letters than ours (it
// ignores their case) and one that is there twice (it takes the last). raw is an
// object that it has taken.
func (p *parser) keys(raw []byte, start int64, name string) error {
	p.inside = p.inside[:0]
	depth, next := 0, false // next: a text at this place is a key
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '{', '[':
			depth++
			next = depth == 1
		case '}', ']':
			depth--
		case ',':
			next = depth == 1
		case '"':
			end := endOfText(raw, i)
			if next {
				key := plainText(raw[i : end+1])
				switch same := func(k []byte) bool { return bytes.Equal(k, key) }; {
				case bytes.ContainsFunc(key, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') }):
					return p.at(start+int64(i), fmt.Errorf("%s: the key %q is not known", name, directory.Clip(string(key))))
				case slices.ContainsFunc(p.inside, same):
					return p.at(start+int64(i), fmt.Errorf("%s: the key %q is there twice", name, key))
				}
				p.inside = append(p.inside, key)
			}
			i, next = end, false
		}
	}
	return nil
}

// endOfText is the position of the quote that ends the text which begins at one.
func endOfText(raw []byte, begin int) int {
	for i := begin + 1; ; i++ {
		switch raw[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
}

// plainText is what a text in quotes says.
func plainText(quoted []byte) []byte {
	if !bytes.ContainsRune(quoted, '\\') {
		return quoted[1 : len(quoted)-1]
	}
	var text string
	if json.Unmarshal(quoted, &text) != nil {
		return quoted // Which the decoder has taken: it does not happen.
	}
	return []byte(text)
}

func describeType(goType string) string {
	switch strings.TrimPrefix(goType, "*") {
	case "bool":
		return "true or false"
	case "[]string":
		return "a list of ids"
	default:
		return "a string"
	}
}

func (p *parser) delim(want json.Delim, otherwise string) error {
	token, err := p.dec.Token()
	if err != nil {
		return p.syntax(err)
	}
	if token != want {
		return p.at(p.dec.InputOffset(), errors.New(otherwise))
	}
	return nil
}

func (p *parser) syntax(err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return p.at(syntax.Offset, fmt.Errorf("it is not JSON: %w", err))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return p.at(int64(len(p.raw)), errors.New("it ends too early"))
	default:
		return p.at(p.dec.InputOffset(), err)
	}
}

func (p *parser) at(offset int64, err error) error {
	return fmt.Errorf("%s: %w", p.position(offset), err)
}

// position counts lines and columns from 1; columns are characters.
func (p *parser) position(offset int64) string {
	before := p.raw[:min(max(offset, 0), int64(len(p.raw)))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
	return fmt.Sprintf("line %d, column %d", line, column)
}

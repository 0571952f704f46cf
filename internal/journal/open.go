// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// maxRead bounds what [Journal.Open] reads: the end of the file, which is what it is
// about.
const maxRead = 64 << 20

// openWrites are the latest intents of a file, as far as it was read.
type openWrites struct {
	read   int64 // bytes
	latest map[aboutKey]*Record
	byID   map[string]aboutKey
}

// aboutKey names a fact of an account.
type aboutKey struct{ account, group, principal, resolved, attribute string }

func (r *Record) about() aboutKey {
	key := aboutKey{account: r.AccountID, group: r.Group, principal: r.Principal}
	if r.Operation == OpResolvePrincipal && r.After != nil {
		key.principal, key.resolved = "", *r.After // Which principal it is, is known afterwards only.
	}
	if r.Operation == OpSetActive || r.Operation == OpSetGroupName {
		key.attribute = r.Operation
	}
	return key
}

// Open is the intent of a write of which it is not known what became of it: no
// outcome, or one that says so. It is of the same account, operation, principal,
// group and wanted value as the given record, and no later intent is about the same
// fact; nil when there is none. A file that could not be written to is not read
// either.
func (j *Journal) Open(wanted Record) (*Record, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := os.Lstat(j.path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // No file has no intents.
	}
	err := j.openFile()
	if err == nil {
		err = j.open.readOn(j.file)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the journal %s: %w", j.path, err)
	}
	last := j.open.latest[wanted.about()]
	if last == nil || last.Operation != wanted.Operation || last.After == nil || wanted.After == nil || *last.After != *wanted.After {
		return nil, nil //nolint:nilnil // As above.
	}
	found := *last
	return &found, nil
}

// readOn takes in the whole lines that were added since.
func (o *openWrites) readOn(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	from := max(o.read, info.Size()-maxRead)
	if info.Size() < o.read {
		*o, from = openWrites{}, max(0, info.Size()-maxRead) // It was cut.
	}
	text := make([]byte, info.Size()-from)
	if _, err := file.ReadAt(text, from); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	text = text[:bytes.LastIndexByte(text, '\n')+1]
	records, _, err := Read(bytes.NewReader(text))
	if err != nil {
		return err
	}
	if o.latest == nil {
		o.latest, o.byID = map[aboutKey]*Record{}, map[string]aboutKey{}
	}
	for i := range records {
		o.take(&records[i])
	}
	o.read = from + int64(len(text))
	return nil
}

func (o *openWrites) take(r *Record) {
	if r.Event == EventIntent {
		key := r.about()
		if before := o.latest[key]; before != nil {
			delete(o.byID, before.Write)
		}
		o.latest[key], o.byID[r.Write] = r, key
		return
	}
	if key, ok := o.byID[r.Write]; ok && r.Wrote != WroteUnknown {
		delete(o.latest, key) // It is known what became of it.
		delete(o.byID, r.Write)
	}
}

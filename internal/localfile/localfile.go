// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package localfile reads the files that settings name: regular files within a size
// bound, and no longer than the caller waits. A pipe, a device or a file on a dead
// network share would otherwise hold a run for ever. Standard library only.
package localfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// ErrNotRegular is wrapped when a path is a pipe, a device, a socket or a folder.
var ErrNotRegular = errors.New("it is no regular file")

// Check looks at a file without reading it: it must be a regular one of at most so
// many bytes, links followed. The file for no content, such as /dev/null, is one.
// The context ends the wait.
func Check(ctx context.Context, path string, most int64) error {
	_, err := beside(ctx, func() (struct{}, error) { return struct{}{}, check(path, most) })
	return err
}

// Read reads a whole file under the conditions of [Check].
func Read(ctx context.Context, path string, most int64) ([]byte, error) {
	return beside(ctx, func() ([]byte, error) {
		if err := check(path, most); err != nil {
			return nil, err
		}
		file, err := os.OpenFile(path, os.O_RDONLY|nonblock, 0) // It may be another one by now.
		if err != nil {
			return nil, err
		}
		defer func() { _ = file.Close() }()
		info, err := file.Stat()
		if err == nil {
			err = checkInfo(path, info, most)
		}
		if err != nil {
			return nil, err
		}
		raw, err := io.ReadAll(io.LimitReader(file, most+1))
		if err == nil && int64(len(raw)) > most {
			err = tooLarge(path, most)
		}
		return raw, err
	})
}

func check(path string, most int64) error {
	if path == os.DevNull {
		return nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return checkInfo(path, info, most)
}

func checkInfo(path string, info fs.FileInfo, most int64) error {
	switch {
	case path == os.DevNull:
		return nil
	case info.IsDir():
		return fmt.Errorf("%s is a folder: %w", path, ErrNotRegular)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is a pipe, a device or a socket: %w. Write its content to a file, and name that", path, ErrNotRegular)
	case info.Size() > most:
		return tooLarge(path, most)
	}
	return nil
}

func tooLarge(path string, most int64) error {
	if most < 1<<20 {
		return fmt.Errorf("%s is larger than %d bytes", path, most)
	}
	return fmt.Errorf("%s is larger than %d MiB", path, most>>20)
}

// beside does something that nothing can interrupt, and stops waiting for it when
// the context ends.
func beside[T any](ctx context.Context, do func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	var none T
	if ctx.Err() != nil {
		return none, context.Cause(ctx)
	}
	done := make(chan outcome, 1)
	go func() {
		value, err := do()
		done <- outcome{value, err}
	}()
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		return none, context.Cause(ctx)
	}
}

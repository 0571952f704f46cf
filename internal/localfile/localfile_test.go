// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package localfile_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/localfile"
)

// What is no file ends at once; what is too large is not read.
func TestRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pipe, small, link := filepath.Join(dir, "pipe"), filepath.Join(dir, "small"), filepath.Join(dir, "link")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(small, []byte("0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(small, link); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	for _, tt := range []struct {
		path string
		most int64
		want string // content, or a part of the error
		is   error
	}{
		{path: small, most: 10, want: "0123456789"},
		{path: link, most: 10, want: "0123456789"},
		{path: os.DevNull, most: 10},
		{path: small, most: 9, want: "larger than 9 bytes"},
		{path: pipe, most: 10, want: "pipe", is: localfile.ErrNotRegular},
		{path: "/dev/zero", most: 10, want: "device", is: localfile.ErrNotRegular},
		{path: dir, most: 10, want: "folder", is: localfile.ErrNotRegular},
		{path: filepath.Join(dir, "none"), most: 10, want: "no such file", is: os.ErrNotExist},
	} {
		raw, err := localfile.Read(ctx, tt.path, tt.most)
		if checked := localfile.Check(ctx, tt.path, tt.most); (checked == nil) != (err == nil) {
			t.Errorf("%s: Check says %v, Read %v", tt.path, checked, err)
		}
		switch {
		case err == nil:
			if string(raw) != tt.want || tt.is != nil {
				t.Errorf("%s: %q", tt.path, raw)
			}
		case !strings.Contains(err.Error(), tt.want) || tt.is != nil && !errors.Is(err, tt.is):
			t.Errorf("%s: %v", tt.path, err)
		}
	}
}

// An ended context ends the wait.
func TestRead_ended(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := localfile.Read(ctx, os.DevNull, 1); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

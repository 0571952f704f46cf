// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package localfile

import "syscall"

// nonblock opens a pipe without waiting for someone who writes to it.
const nonblock = syscall.O_NONBLOCK

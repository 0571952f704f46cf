// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package localfile

// nonblock is for systems on which a path can be a pipe.
const nonblock = 0

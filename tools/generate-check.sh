#!/bin/sh
# Copyright (c) The terraform-provider-dbxidentity authors
# SPDX-License-Identifier: MPL-2.0

# Fails when `make generate` changes, adds or removes a file, and names it.
# Compares with the work tree as it is, so it is useful before a commit too.
set -eu

root=$(CDPATH='' cd "$(dirname "$0")/.." && pwd)
cd "$root"

# snapshot: the tree object of the work tree, ignored files left out, made in an
# index of its own, so that what the developer has staged stays as it is.
index=$(mktemp -d)
trap 'rm -rf "$index"' EXIT
snapshot() {
	GIT_INDEX_FILE="$index/index" git add --all
	GIT_INDEX_FILE="$index/index" git write-tree
}

before=$(snapshot)
"${MAKE:-make}" --no-print-directory generate
after=$(snapshot)
if [ "$before" != "$after" ]; then
	echo "Generated files are stale. Run \`make generate\` and commit what it changes:" >&2
	git --no-pager diff --stat "$before" "$after" >&2
	git --no-pager diff "$before" "$after" | head -n 100 >&2
	exit 1
fi
echo "Generated files are up to date."

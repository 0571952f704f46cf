#!/bin/sh
# Copyright (c) The terraform-provider-dbxidentity authors
# SPDX-License-Identifier: MPL-2.0

# usage: build-tool.sh MODULE_DIR PACKAGE OUTPUT   (paths relative to the repository)
#
# Builds one pinned tool from its Go module. The result appears under its name
# only when it is whole, so that a build that was cut off leaves nothing behind
# and two builds at once do not meet.
set -eu

module=$1 package=$2 output=$3
root=$(CDPATH='' cd "$(dirname "$0")/.." && pwd)
go=${GO:-go}
name=$(basename "$output")
mkdir -p "$root/$(dirname "$output")"
tmp="$root/$(dirname "$output")/.$name.$$"
trap 'rm -f "$tmp"' EXIT INT TERM

ldflags="-s -w"
if [ "$name" = tofu ]; then
	# OpenTofu calls itself a development build unless told otherwise.
	ldflags="$ldflags -X github.com/opentofu/opentofu/version.dev=no"
	echo "Building OpenTofu from its Go module, once; this takes some minutes." >&2
fi
# A go.work or GOFLAGS=-mod=mod of the developer must not reach a pinned module.
GOWORK=off GOFLAGS=-mod=readonly CGO_ENABLED=0 \
	"$go" build -C "$root/$module" -buildvcs=false -trimpath -ldflags "$ldflags" -o "$tmp" "$package"
mv "$tmp" "$root/$output"

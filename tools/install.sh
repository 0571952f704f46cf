#!/bin/sh
# Copyright (c) The terraform-provider-dbxidentity authors
# SPDX-License-Identifier: MPL-2.0

# usage: install.sh FOLDER [VERSION]
#
# Puts bin/terraform-provider-dbxidentity into FOLDER, a filesystem mirror in
# which Terraform and OpenTofu look before they ask their registries, and takes
# away what this script installed before. Without a VERSION that is all.
#
# A version is installed once: what it is made of is pinned in lock files.
set -eu

root=$(CDPATH='' cd "$(dirname "$0")/.." && pwd)
folder=$1 version=${2:-}
name=terraform-provider-dbxidentity
platform=$("${GO:-go}" env GOOS)_$("${GO:-go}" env GOARCH)

# OpenTofu resolves a short source to its own registry.
for registry in registry.terraform.io registry.opentofu.org; do
	provider="$folder/$registry/dbxidentity/dbxidentity"
	rm -rf "$provider"/0.0.*
	[ -n "$version" ] || continue
	mkdir -p "$provider/$version/$platform"
	cp "$root/bin/$name" "$provider/$version/$platform/${name}_v$version"
done
if [ -n "$version" ]; then
	echo "installed as version $version in $folder; in folders that used another build: terraform init -upgrade"
fi

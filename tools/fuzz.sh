#!/bin/sh
# Copyright (c) The terraform-provider-dbxidentity authors
# SPDX-License-Identifier: MPL-2.0

# usage: fuzz.sh TIME [PACKAGE]...
#
# Runs every fuzz target of the packages in turn, TIME each: `go test -fuzz`
# takes one target of one package at a time. Stops at the first that fails.
set -eu

root=$(CDPATH='' cd "$(dirname "$0")/.." && pwd)
cd "$root"
go=${GO:-go}
time=$1
shift
count=0
for package in $("$go" list "${@:-./...}"); do
	for target in $("$go" test -run '^$' -list '^Fuzz' "$package" | sed -n 's/^\(Fuzz[A-Za-z0-9_]*\)$/\1/p'); do
		echo "== $package $target"
		"$go" test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$package"
		count=$((count + 1))
	done
done
echo "$count fuzz targets, $time each: nothing found"

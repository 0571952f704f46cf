#!/bin/sh
# Copyright (c) The terraform-provider-dbxidentity authors
# SPDX-License-Identifier: MPL-2.0

# usage: with-cli.sh COMMAND [ARG]...
#
# Runs a command in the environment that acceptance tests, demo and generation
# expect: a Terraform or OpenTofu command line, this checkout's provider in
# place of the registries', and nothing of the developer's own accounts.
#
# The command line is, in this order: $TERRAFORM (a path or a name), terraform
# from PATH, tofu from PATH, OpenTofu built from its Go module into .cache/bin.
# TERRAFORM=build asks for the last one.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)

# usable CLI: succeeds when it answers and is at least 1.8, which brought the
# provider functions.
usable() {
	version=$("$1" version 2>/dev/null | sed -n '1s/^[A-Za-z]* v//p')
	major=${version%%.*}
	rest=${version#*.}
	minor=${rest%%.*}
	case "$major.$minor" in
	*[!0-9.]* | .* | *.) return 1 ;;
	esac
	[ "$major" -gt 1 ] || { [ "$major" -eq 1 ] && [ "$minor" -ge 8 ]; }
}

# A configuration file that names a missing or foreign setup would make the
# version question fail or warn.
export CHECKPOINT_DISABLE=1
unset TF_CLI_CONFIG_FILE TF_CLI_ARGS TF_WORKSPACE TF_DATA_DIR TF_REATTACH_PROVIDERS TF_PLUGIN_CACHE_DIR TF_LOG TF_LOG_PROVIDER

TF_CLI_CONFIG_FILE=$("$root/tools/cli-config.sh")
export TF_CLI_CONFIG_FILE

cli=
if [ -n "${TERRAFORM:-}" ] && [ "$TERRAFORM" != build ]; then
	cli=$(command -v "$TERRAFORM") || {
		echo "TERRAFORM=$TERRAFORM is neither a file nor a command on PATH" >&2
		exit 1
	}
	usable "$cli" || {
		echo "TERRAFORM=$TERRAFORM does not answer \`version\` with 1.8 or newer" >&2
		exit 1
	}
elif [ -z "${TERRAFORM:-}" ]; then
	for name in terraform tofu; do
		if found=$(command -v "$name") && usable "$found"; then
			cli=$found
			break
		fi
	done
fi
if [ -z "$cli" ]; then
	"${MAKE:-make}" -s -C "$root" .cache/bin/tofu >&2
	cli="$root/.cache/bin/tofu"
fi
case "$cli" in
/*) ;;
*) cli=$(cd "$(dirname "$cli")" && pwd)/$(basename "$cli") ;;
esac

# Nothing of the person's own accounts reaches a test: the provider, the
# Databricks SDK and azidentity read these.
for name in $(env | sed -nE 's/^((DATABRICKS|DBXIDENTITY|ARM|AZURE|OKTA|TF_VAR)_[A-Za-z0-9_]*)=.*/\1/p'); do
	unset "$name"
done

export DBXIDENTITY_TEST_CLI="$cli"
export TF_ACC=1
export TF_ACC_TERRAFORM_PATH="$cli"
case "$("$cli" version | sed -n 1p)" in
OpenTofu*) export TF_ACC_PROVIDER_HOST=registry.opentofu.org ;;
*) export TF_ACC_PROVIDER_HOST=registry.terraform.io ;;
esac

exec "$@"

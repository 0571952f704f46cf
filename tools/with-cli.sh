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
# TERRAFORM=build asks for the last one. What is on PATH and older than what the
# tests are written for is passed over, with a word about it.
set -eu

root=$(CDPATH='' cd "$(dirname "$0")/.." && pwd)

# Nothing of the person's own accounts reaches a test: the provider, the
# Databricks SDK and azidentity read these, and CI systems set some of them.
# Nothing of the person's own Terraform either: a data directory, a workspace, a
# plugin cache or a trace in the output change what the command line does. The
# switches of the test library, TF_ACC_*, stay.
for name in $(env | sed -nE \
	-e '/^TF_ACC_/d' \
	-e 's/^((TF|TOFU|DATABRICKS|DBXIDENTITY|ARM|AZURE|OKTA)_[A-Za-z0-9_]*)=.*/\1/p' \
	-e 's/^((IDENTITY|IMDS|MSI|ACTIONS_ID_TOKEN_REQUEST)_[A-Z]*|SYSTEM_ACCESSTOKEN|GOOGLE_CREDENTIALS)=.*/\1/p'); do
	unset "$name"
done

# A configuration file that names a missing or foreign setup would make the
# version question fail or warn.
TF_CLI_CONFIG_FILE=$("$root/tools/cli-config.sh")
export TF_CLI_CONFIG_FILE CHECKPOINT_DISABLE=1

# answer CLI: what it calls itself, like "Terraform v1.11.4", or nothing.
answer() {
	"$1" version 2>/dev/null | sed -n '1s/^\([A-Za-z]* v[0-9].*\)$/\1/p'
}

# suits ANSWER TERRAFORM OPENTOFU: succeeds when ANSWER is that of a Terraform
# 1.TERRAFORM or an OpenTofu 1.OPENTOFU, or of a newer one.
suits() {
	major=${1#* v}
	rest=${major#*.}
	major=${major%%.*} minor=${rest%%.*}
	case "$1" in
	OpenTofu*) least=$3 ;;
	*) least=$2 ;;
	esac
	case ":$major:$minor:" in
	*[!0-9:]* | *::*) return 1 ;;
	esac
	[ "$major" -gt 1 ] || { [ "$major" -eq 1 ] && [ "$minor" -ge "$least" ]; }
}

cli=
if [ -n "${TERRAFORM:-}" ] && [ "$TERRAFORM" != build ]; then
	cli=$(command -v "$TERRAFORM") || {
		echo "TERRAFORM=$TERRAFORM is neither a file nor a command on PATH" >&2
		exit 1
	}
	# 1.11 brought the write-only attributes. Who names a command line may try one
	# that is older than the tests.
	suits "$(answer "$cli")" 11 11 || {
		echo "TERRAFORM=$TERRAFORM does not answer \`version\` with 1.11 or newer" >&2
		exit 1
	}
elif [ -z "${TERRAFORM:-}" ]; then
	for name in terraform tofu; do
		found=$(command -v "$name") || continue
		said=$(answer "$found")
		if suits "$said" 11 12; then
			cli=$found
			break
		fi
		echo "$found is passed over: it calls itself \"$said\"; Terraform 1.11 or OpenTofu 1.12 is needed, or newer" >&2
	done
fi
if [ -z "$cli" ]; then
	# Without the flags of a make that runs this: its jobs are not ours.
	MAKEFLAGS='' MFLAGS='' "${MAKE:-make}" -s -C "$root" .cache/bin/tofu >&2
	cli="$root/.cache/bin/tofu"
fi
case "$cli" in
/*) ;;
*) cli=$(CDPATH='' cd "$(dirname "$cli")" && pwd)/$(basename "$cli") ;;
esac

export DBXIDENTITY_TEST_CLI="$cli"
export TF_ACC=1
export TF_ACC_TERRAFORM_PATH="$cli"
case "$(answer "$cli")" in
OpenTofu*) export TF_ACC_PROVIDER_HOST=registry.opentofu.org ;;
*) export TF_ACC_PROVIDER_HOST=registry.terraform.io ;;
esac

exec "$@"

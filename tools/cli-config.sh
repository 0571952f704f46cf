#!/bin/sh
# Copyright (c) The terraform-provider-dbxidentity authors
# SPDX-License-Identifier: MPL-2.0

# Writes a CLI configuration file that makes Terraform and OpenTofu use this
# checkout's provider, and prints its path:
#
#	export TF_CLI_CONFIG_FILE="$(tools/cli-config.sh)"
#
# Development overrides for both registries: OpenTofu resolves a short source to
# its own. The direct block keeps every other provider where it comes from. The
# name is stable, so that cached test results stay valid.
set -eu

root=$(CDPATH='' cd "$(dirname "$0")/.." && pwd)
mkdir -p "$root/.cache"
rc="$root/.cache/cli.tfrc"
dir=$(printf '%s/bin' "$root" | sed 's/[\\"]/\\&/g')
cat >"$rc.$$" <<RC
disable_checkpoint = true
provider_installation {
  dev_overrides {
    "registry.terraform.io/dbxidentity/dbxidentity" = "$dir"
    "registry.opentofu.org/dbxidentity/dbxidentity" = "$dir"
  }
  direct {}
}
RC
mv "$rc.$$" "$rc"
printf '%s\n' "$rc"

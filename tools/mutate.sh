#!/bin/sh
# Copyright (c) The terraform-provider-dbxidentity authors
# SPDX-License-Identifier: MPL-2.0

# usage: mutate.sh GREMLINS PACKAGES [FLAGS...]   (from the root of the repository)
#
# Changes the engine in one place at a time and runs its tests: a change that no test
# notices lives. Gremlins asks `go` on PATH for coverage, whose profile lacks the
# conditions of cases; the `go` that it finds here puts them in (tools/casecover).
set -eu

gremlins=$1 packages=$2
shift 2
root=$(pwd)
real=$(command -v "${GO:-go}")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT INT TERM
"$real" build -C tools -o "$dir/casecover" ./casecover
cat >"$dir/go" <<END
#!/bin/sh
"$real" "\$@" || exit \$?
next=
for arg; do
	case "\$next\$arg" in
	-coverprofile) next=profile: ;;
	profile:*) "$dir/casecover" -root "$root" -module github.com/dbxidentity/terraform-provider-dbxidentity "\$arg"; next= ;;
	-coverprofile=*) "$dir/casecover" -root "$root" -module github.com/dbxidentity/terraform-provider-dbxidentity "\${arg#*=}" ;;
	esac
done
END
chmod +x "$dir/go"
PATH="$dir:$PATH" DBXIDENTITY_TEST_QUICK=1 "$gremlins" unleash --workers 1 "$@" "$packages"

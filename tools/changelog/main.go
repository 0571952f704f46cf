// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Command changelog keeps CHANGELOG.md from fragments: every change that a user
// notices brings one file .changes/unreleased/<name>.yaml with two lines,
//
//	kind: FEATURES
//	body: 'data-source/dbxidentity_divergences: what is new, in a sentence'
//
// so that two changes never meet in one file.
//
//	changelog new KIND "what changes for the user"   writes a fragment
//	changelog check                                  fails on a malformed fragment
//	changelog next                                   prints the version that the fragments ask for
//	changelog release VERSION DATE                   moves the fragments into CHANGELOG.md
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	root := flag.String("root", ".", "root of the repository")
	flag.Parse()
	if err := run(*root, flag.Args(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "changelog:", err)
		os.Exit(1)
	}
}

// errUsage is what a command line that cannot be understood gets.
var errUsage = errors.New(`usage: changelog [-root DIR] new KIND "BODY" | check | next | release VERSION DATE`)

func run(root string, args []string, out io.Writer) error {
	log := changelog{root: root}
	switch {
	case len(args) == 3 && args[0] == "new":
		name, err := log.add(fragment{Kind: args[1], Body: args[2]})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(out, "wrote", name)
		return err
	case len(args) == 1 && args[0] == "check":
		_, err := log.fragments()
		return err
	case len(args) == 1 && args[0] == "next":
		next, err := log.next()
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(out, next)
		return err
	case len(args) == 3 && args[0] == "release":
		return log.release(args[1], args[2])
	}
	return errUsage
}

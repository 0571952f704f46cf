// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package provider

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const parentEnv = "DBXIDENTITY_TEST_ENDS_WITH_PARENT"

// A provider whose Terraform was killed ends by itself. The shell stands for
// Terraform: it starts the test binary, which says its process id, and is killed.
func TestEndWithParent(t *testing.T) {
	t.Parallel()
	if os.Getenv(parentEnv) != "" {
		go endWithParent(os.Getppid())
		time.Sleep(time.Minute)
		return
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	shell := exec.Command("sh", "-c", `"$0" -test.run '^TestEndWithParent$' >/dev/null 2>&1 & echo $!; wait`, exe)
	shell.Env = append(os.Environ(), parentEnv+"=1")
	out, err := shell.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 32)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(string(line[:n])))
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Second) // It must have looked at its parent once.
	if err := syscall.Kill(child, 0); err != nil {
		t.Fatalf("it ended before its parent: %v", err)
	}
	if err := shell.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = shell.Wait()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if errors.Is(syscall.Kill(child, 0), syscall.ESRCH) || isZombie(child) {
			return
		}
	}
	_ = syscall.Kill(child, syscall.SIGKILL)
	t.Error("the provider goes on although its parent is gone")
}

// isZombie reports whether a process has ended and no one has waited for it.
func isZombie(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && strings.Contains(string(stat), ") Z ")
}

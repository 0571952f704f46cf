// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// providerName is the file name of the provider, by which it is told from
// Terraform; the system keeps 15 bytes of it.
const providerName = "terraform-provider-dbxidentity"

// usage is what one run of a process cost, its children included.
type usage struct {
	seconds, cpu float64
	providerCPU  float64 // the providers' part of cpu
	// Peaks of resident memory in MiB, of one process each; 0 when unknown.
	provider, command float64
	// together is the most that all of them were seen to hold at one moment: their
	// peaks may lie far apart. A peak between two looks is missed.
	together float64
}

// sampleEvery is how often the peaks are read. The kernel keeps them, so only
// growth in the last moments of a process can be missed.
const sampleEvery = 10 * time.Millisecond

// measured runs a command. CPU time is the kernel's account of the process and
// of the children that it has waited for; memory is VmHWM of /proc, and where
// there is none unknown.
func measured(ctx context.Context, cmd *exec.Cmd) (usage, error) {
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return usage{}, err
	}
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	peaks := make(chan usage, 1)
	go func() { peaks <- watch(watching, cmd.Process.Pid) }()
	err := cmd.Wait()
	took := time.Since(begin)
	stop()
	u := <-peaks
	u.seconds = took.Seconds()
	if cmd.ProcessState != nil {
		u.cpu = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	}
	return u, err
}

// watch reads the peaks of a process and of the providers below it until ctx
// ends.
func watch(ctx context.Context, pid int) usage {
	var u usage
	used := map[int]float64{}
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		u.command = max(u.command, residentMiB(pid, "VmHWM"))
		now := residentMiB(pid, "VmRSS")
		for _, child := range descendants(pid) {
			if comm(child) == providerName[:15] {
				u.provider = max(u.provider, residentMiB(child, "VmHWM"))
				now += residentMiB(child, "VmRSS")
				used[child] = max(used[child], cpuSeconds(child))
			}
		}
		u.together = max(u.together, now)
		select {
		case <-ctx.Done():
			for _, seconds := range used {
				u.providerCPU += seconds
			}
			return u
		case <-tick.C:
		}
	}
}

// residentMiB is VmRSS or VmHWM, its peak; 0 when the process or /proc is not there.
func residentMiB(pid int, which string) float64 {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0
	}
	_, rest, found := bytes.Cut(raw, []byte(which+":"))
	if !found {
		return 0
	}
	fields := strings.Fields(string(rest[:min(len(rest), 64)]))
	if len(fields) == 0 {
		return 0
	}
	kib, err := strconv.ParseFloat(fields[0], 64)
	if err != nil {
		return 0
	}
	return kib / 1024
}

// cpuSeconds is what a process has used; 0 when it or /proc is not there.
func cpuSeconds(pid int) float64 {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0
	}
	// The name, in parentheses, may hold spaces; utime and stime are the 12th and
	// 13th field after it, in ticks of 10 ms.
	fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	return (user + system) / 100
}

func comm(pid int) string {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "comm"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(raw))
}

// descendants are the processes below one, by the kernel's lists of children.
func descendants(pid int) []int {
	tasks, err := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task", "*", "children"))
	if err != nil {
		return nil
	}
	var out []int
	for _, task := range tasks {
		raw, err := os.ReadFile(task)
		if err != nil {
			continue
		}
		for _, field := range strings.Fields(string(raw)) {
			if child, err := strconv.Atoi(field); err == nil {
				out = append(out, child)
				out = append(out, descendants(child)...)
			}
		}
	}
	return out
}

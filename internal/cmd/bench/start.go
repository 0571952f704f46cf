// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"
)

// startScenarios measure what every command of Terraform pays before anything
// else: the provider's process, its handshake, and the schema.
func startScenarios() []scenario {
	const goal = "schema read under 150 ms, binary under 30 MiB"
	return []scenario{{
		name: "start", goal: goal, quick: true, limit: 2 * time.Minute,
		run: func(ctx context.Context, b *bench) ([]result, error) {
			path := filepath.Join(b.bin, providerName)
			info, err := os.Stat(path)
			if err != nil {
				return nil, err
			}
			var runs []usage
			for range 11 {
				u, err := startOnce(ctx, path)
				if err != nil {
					return nil, err
				}
				runs = append(runs, u)
			}
			slices.SortFunc(runs, func(x, y usage) int { return int(1e6 * (x.seconds - y.seconds)) })
			median, size := runs[len(runs)/2], float64(info.Size())/(1<<20)
			res := median.result("start", counts{})
			res.Goal, res.OK = goal, median.seconds < 0.15 && size < 30
			res.Reached = fmt.Sprintf("%.0f ms (median of %d), %.1f MiB", 1000*median.seconds, len(runs), size)
			return []result{res}, nil
		},
	}}
}

// startOnce runs the provider as Terraform does (the handshake of go-plugin on
// stdout), asks for the schema, and ends it.
func startOnce(ctx context.Context, path string) (usage, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path)
	cmd.Env = append(os.Environ(), "PLUGIN_MIN_PORT=10000", "PLUGIN_MAX_PORT=25000", "PLUGIN_PROTOCOL_VERSIONS=6",
		"TF_PLUGIN_MAGIC_COOKIE=d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return usage{}, err
	}
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return usage{}, err
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return usage{}, fmt.Errorf("reading the provider's handshake: %w", err)
	}
	// "1|6|unix|/path|grpc|"
	parts := strings.Split(strings.TrimSpace(line), "|")
	if len(parts) < 5 || parts[1] != "6" {
		return usage{}, fmt.Errorf("the provider's handshake is %q", line)
	}
	target := parts[3]
	if parts[2] == "unix" {
		target = "unix:" + target
	}
	conn, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)))
	if err != nil {
		return usage{}, err
	}
	defer func() { _ = conn.Close() }()
	// The request has no fields, and of the answer only the time is of interest.
	if err := conn.Invoke(ctx, "/tfplugin6.Provider/GetProviderSchema", &emptypb.Empty{}, &emptypb.Empty{}); err != nil {
		return usage{}, fmt.Errorf("reading the schema: %w", err)
	}
	return usage{seconds: time.Since(begin).Seconds(), provider: residentMiB(cmd.Process.Pid, "VmHWM")}, nil
}

// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package recipes

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// scripts are the shell texts of a workflow file, wherever they stand.
func scripts(node any) (out []string) {
	switch v := node.(type) {
	case map[string]any:
		for key, value := range v {
			if key != "run" && key != "script" {
				out = append(out, scripts(value)...)
				continue
			}
			switch text := value.(type) {
			case string:
				out = append(out, text)
			case []any: // GitLab runs the items as one script.
				var all []string
				for _, item := range text {
					all = append(all, fmt.Sprint(item))
				}
				out = append(out, strings.Join(all, "\n"))
			}
		}
	case []any:
		for _, item := range v {
			out = append(out, scripts(item)...)
		}
	}
	return out
}

// stub is a terraform that notes its arguments, exits with a code on plan, and
// writes a report on test.
const stub = `#!/bin/sh
echo "$@" >> "$STUB_LOG"
case " $* " in
*" plan "*) exit "$STUB_CODE" ;;
*" test "*) mkdir gate && echo "$STUB_REPORT" > gate/report.xml ;;
esac
`

// Every step with a detailed exit code goes on at 0 and at 2, tells the two
// apart, and stops at 1, in a shell that ends at the first failure.
func TestWorkflows(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"github-actions.yml", "gitlab-ci.yml", "azure-pipelines.yml"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(filepath.Join("../../examples/ci/workflows", name))
			if err != nil {
				t.Fatal(err)
			}
			var document map[string]any
			if err := yaml.Unmarshal(raw, &document); err != nil {
				t.Fatal(err)
			}
			plans := 0
			all := strings.Join(scripts(document), "\n")
			for _, script := range scripts(document) {
				if strings.Contains(script, "-chdir=gate test") {
					for report, want := range map[string]bool{`<testsuites><testcase name="clean"></testcase></testsuites>`: true, `<testsuites></testsuites>`: false} {
						if out, exit := runScript(t, script, 0, report); (exit == 0) != want {
							t.Errorf("the gate with the report %s: exit %d, %s", report, exit, out)
						}
					}
				}
				if !strings.Contains(script, "-detailed-exitcode") {
					continue
				}
				plans++
				for code, want := range map[int]string{0: "false", 2: "true", 1: ""} {
					out, exit := runScript(t, script, code, "")
					flag := regexp.MustCompile(`changes(?:;isOutput=true\])?=?(true|false)`).FindStringSubmatch(out)
					switch {
					case want == "" && (exit == 0 || flag != nil):
						t.Errorf("an error of the plan: exit %d, %s", exit, out)
					case want != "" && (exit != 0 || flag == nil || flag[1] != want):
						t.Errorf("exit code %d of the plan: exit %d, %s, want %s", code, exit, out, want)
					}
				}
			}
			if plans != 1 {
				t.Errorf("%d plans with a detailed exit code, want 1", plans)
			}
			for _, command := range []string{"-chdir=report plan", "-chdir=gate test -junit-xml=", "-chdir=enforce apply"} {
				if !strings.Contains(all, command) {
					t.Errorf("no step runs terraform %s", command)
				}
			}
			if strings.Contains(all, "-auto-approve") {
				t.Error("a step applies what nobody has seen")
			}
		})
	}
}

func runScript(t *testing.T, script string, code int, report string) (out string, exit int) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "terraform"), []byte(stub), 0o700); err != nil { //nolint:gosec // It is run.
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-e", "-c", script)
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=" + dir + ":" + os.Getenv("PATH"), "STUB_LOG=" + filepath.Join(dir, "log"), fmt.Sprintf("STUB_CODE=%d", code),
		"GITHUB_OUTPUT=" + filepath.Join(dir, "output"), "STUB_REPORT=" + report,
	}
	printed, err := cmd.CombinedOutput()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	for _, file := range []string{"output", "plan.env"} {
		if more, err := os.ReadFile(filepath.Join(dir, file)); err == nil {
			printed = append(printed, more...)
		}
	}
	return string(printed), cmd.ProcessState.ExitCode()
}

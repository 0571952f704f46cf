// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/provider"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/tfcli"
)

// stepper runs the steps of terraform-plugin-testing in one folder: the same
// commands, each on a new provider in this process, and the same checks. What tells
// nothing is left out (versions, an init that has nothing to install, plans as text
// that no one reads), and the state is read from its file: a step of theirs takes 12
// processes, one of these 2 to 5, and a run of all of them is mostly processes.
type stepper struct {
	*workspace
	options []provider.Option
	config  string // the one that was applied last
}

func newStepper(t *testing.T, options []provider.Option) *stepper {
	t.Helper()
	cli := needCLI(t)
	w := &workspace{t: t, cli: cli.path, dir: t.TempDir(), tofu: cli.tofu}
	w.write("cli.tfrc", "")
	w.write("required.tf", requiredProviders)
	w.env = tfcli.Environment("TF_CLI_CONFIG_FILE="+filepath.Join(w.dir, "cli.tfrc"), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_CLI_ARGS=-no-color")
	return &stepper{workspace: w, options: options}
}

// served runs the CLI on a provider of its own. changes reports whether a plan with
// -detailed-exitcode has some; an error is what the CLI said.
func (s *stepper) served(args ...string) (printed string, changes bool, failed error) {
	s.t.Helper()
	return s.servedBy(map[string][]provider.Option{"dbxidentity": s.options}, args...)
}

// servedBy is served for several providers, each by its name below dbxidentity/.
func (s *stepper) servedBy(providers map[string][]provider.Option, args ...string) (printed string, changes bool, failed error) {
	s.t.Helper()
	ctx, end := context.WithCancel(s.t.Context())
	defer end()
	host := "registry.terraform.io"
	if s.tofu {
		host = "registry.opentofu.org"
	}
	where, closed := map[string]any{}, map[string]chan struct{}{}
	for name, options := range providers {
		reattach, served := make(chan *plugin.ReattachConfig), make(chan error, 1)
		ended := make(chan struct{})
		closed[name] = ended
		server, err := provider.NewServer("test", options...)
		must(s.t, err)
		go func() {
			served <- tf6server.Serve("registry.terraform.io/dbxidentity/dbxidentity", func() tfprotov6.ProviderServer { return server },
				tf6server.WithDebug(ctx, reattach, ended), tf6server.WithGoPluginLogger(hclog.NewNullLogger()), tf6server.WithLoggingSink(s.t), tf6server.WithoutLogStderrOverride())
		}()
		select {
		case at := <-reattach:
			where[host+"/dbxidentity/"+name] = map[string]any{
				"Protocol": at.Protocol, "ProtocolVersion": at.ProtocolVersion, "Pid": at.Pid, "Test": true,
				"Addr": map[string]string{"Network": at.Addr.Network(), "String": at.Addr.String()},
			}
		case err := <-served:
			s.t.Fatalf("serving the provider: %v", err)
		}
	}
	raw, err := json.Marshal(where)
	must(s.t, err)
	cmd, out := s.command(args...)
	var said bytes.Buffer
	cmd.Env, cmd.Stderr = append(slices.Clone(s.env), "TF_REATTACH_PROVIDERS="+string(raw)), &said
	err = cmd.Run()
	end()
	hung := time.After(cliHangs)
	for name, ended := range closed {
		select {
		case <-ended:
		case <-hung:
			s.t.Fatalf("%s: the provider %s does not end; the command line printed\n%s", strings.Join(args, " "), name, &said)
		}
	}
	changes = slices.Contains(args, "-detailed-exitcode") && cmd.ProcessState.ExitCode() == 2
	if err != nil && !changes {
		if slices.Contains(args, "-json") {
			said.Write(out.Bytes()) // Its errors are among the events.
		}
		failed = fmt.Errorf("%s: %w\n\n%s", strings.Join(args, " "), err, &said)
	}
	return out.String(), changes, failed
}

// steps runs steps, and destroys what they have left.
func (s *stepper) steps(steps []resource.TestStep) {
	s.t.Helper()
	for i, step := range steps {
		if step.PreConfig != nil {
			step.PreConfig()
		}
		for _, address := range step.Taint {
			if _, _, err := s.served("taint", address); err != nil {
				s.t.Fatalf("step %d of %d: %v", i+1, len(steps), err)
			}
		}
		run := s.applied
		if step.ImportState {
			run = s.imported
		}
		err := run(step)
		switch {
		case step.ExpectError == nil && err != nil:
			s.t.Fatalf("step %d of %d: %v", i+1, len(steps), err)
		case step.ExpectError != nil && err == nil:
			s.t.Fatalf("step %d of %d: no error, want one that says %q", i+1, len(steps), step.ExpectError)
		case step.ExpectError != nil && !step.ExpectError.MatchString(err.Error()):
			s.t.Fatalf("step %d of %d: want an error that says %q: %v", i+1, len(steps), step.ExpectError, err)
		}
	}
	// What only data sources have left, Terraform forgets without a provider.
	if len(s.managed()) > 0 {
		if _, _, err := s.served("destroy", "-auto-approve", "-input=false", "-refresh=false"); err != nil {
			s.t.Fatalf("destroying what the steps have left: %v", err)
		}
	}
}

// understood fails the test for a setting of a step that is not obeyed here.
func (s *stepper) understood(step resource.TestStep) {
	s.t.Helper()
	step.Config, step.PreConfig, step.Taint, step.ExpectError, step.PlanOnly, step.ExpectNonEmptyPlan = "", nil, nil, nil, false, false
	step.ConfigPlanChecks.PreApply, step.ConfigStateChecks = nil, nil
	step.ImportState, step.ImportStateId, step.ImportStatePersist, step.ImportStateVerify, step.ResourceName, step.ImportStateVerifyIgnore = false, "", false, false, "", nil
	if !reflect.ValueOf(step).IsZero() {
		s.t.Fatalf("a setting of this step means nothing here: %+v", step)
	}
}

var resourceBlock = regexp.MustCompile(`(?m)^\s*resource\s`)

// applied plans and applies, checks the plan and the state, and wants the plans after
// it to be empty: one that reads nothing again and one that does.
func (s *stepper) applied(step resource.TestStep) error {
	s.t.Helper()
	s.understood(step)
	s.config = step.Config
	s.write("main.tf", step.Config)
	// Without resources both plans are one: data sources are read in each.
	dataOnly := !resourceBlock.MatchString(step.Config) && len(s.managed()) == 0
	if !step.PlanOnly {
		if err := s.apply(step, dataOnly); err != nil {
			return err
		}
	}
	if !dataOnly {
		plan, changes, err := s.served("plan", "-input=false", "-detailed-exitcode", "-refresh=false")
		if err != nil {
			return err
		}
		if changes && !step.ExpectNonEmptyPlan {
			return fmt.Errorf("the plan without refresh is not empty:\n%s", plan)
		}
	}
	plan, changes, err := s.served("plan", "-input=false", "-detailed-exitcode")
	switch {
	case err != nil:
		return err
	case changes && !step.ExpectNonEmptyPlan:
		return fmt.Errorf("the plan is not empty:\n%s", plan)
	case !changes && step.ExpectNonEmptyPlan:
		return errors.New("the plan is empty")
	}
	return nil
}

func (s *stepper) apply(step resource.TestStep, dataOnly bool) error {
	s.t.Helper()
	if dataOnly && step.ExpectError == nil && len(step.ConfigPlanChecks.PreApply) == 0 {
		if _, _, err := s.served("apply", "-auto-approve", "-input=false"); err != nil {
			return err
		}
	} else {
		args := []string{"plan", "-input=false", "-out=tfplan"}
		checks := step.ConfigPlanChecks.PreApply
		if len(checks) > 0 {
			args = append(args, "-json")
		}
		printed, _, err := s.served(args...)
		if err != nil {
			return err
		}
		if len(checks) > 0 {
			if err := s.checkPlan(printed, checks); err != nil {
				return err
			}
		}
		if _, _, err := s.served("apply", "-input=false", "tfplan"); err != nil {
			return err
		}
	}
	state := s.state()
	for _, check := range step.ConfigStateChecks {
		var resp statecheck.CheckStateResponse
		if check.CheckState(s.t.Context(), statecheck.CheckStateRequest{State: state}, &resp); resp.Error != nil {
			return fmt.Errorf("the state after the apply: %w", resp.Error)
		}
	}
	return nil
}

// checkPlan checks the changes that a plan with -json announces.
func (s *stepper) checkPlan(printed string, checks []plancheck.PlanCheck) error {
	s.t.Helper()
	var plan tfjson.Plan
	for line := range strings.Lines(printed) {
		var event struct {
			Type   string
			Change struct {
				Action   string
				Resource struct{ Addr string }
			}
		}
		must(s.t, json.Unmarshal([]byte(line), &event))
		if event.Type != "planned_change" {
			continue
		}
		change := &tfjson.ResourceChange{Address: event.Change.Resource.Addr, Mode: tfjson.ManagedResourceMode}
		if strings.HasPrefix(change.Address, "data.") {
			change.Mode = tfjson.DataResourceMode
		}
		actions := tfjson.Actions{tfjson.Action(event.Change.Action)}
		if event.Change.Action == "replace" {
			actions = tfjson.Actions{tfjson.ActionDelete, tfjson.ActionCreate}
		}
		change.Change = &tfjson.Change{Actions: actions}
		plan.ResourceChanges = append(plan.ResourceChanges, change)
	}
	for _, check := range checks {
		var resp plancheck.CheckPlanResponse
		if check.CheckPlan(s.t.Context(), plancheck.CheckPlanRequest{Plan: &plan}, &resp); resp.Error != nil {
			return fmt.Errorf("the plan before the apply: %w", resp.Error)
		}
	}
	return nil
}

// imported imports in a folder of its own, unless it is to be kept, and compares the
// instance with the one that the steps before have made.
func (s *stepper) imported(step resource.TestStep) error {
	s.t.Helper()
	s.understood(step)
	in, config := s, step.Config
	if config == "" {
		config = s.config
	}
	if !step.ImportStatePersist {
		in = newStepper(s.t, s.options)
	}
	in.write("main.tf", config)
	if _, _, err := in.served("import", "-input=false", step.ResourceName, step.ImportStateId); err != nil || !step.ImportStateVerify {
		return err
	}
	want, got := s.managed()[step.ResourceName], in.managed()[step.ResourceName]
	if want == nil || got == nil {
		return fmt.Errorf("%s: it was %v, and the import gives %v", step.ResourceName, want, got)
	}
	for _, name := range append([]string{"timeouts"}, step.ImportStateVerifyIgnore...) {
		delete(want, name)
		delete(got, name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		return fmt.Errorf("the import of %s differs (-before +imported):\n%s", step.ResourceName, diff)
	}
	return nil
}

// managed are the values of resources in the state by address.
func (s *stepper) managed() map[string]map[string]any {
	s.t.Helper()
	out := map[string]map[string]any{}
	for _, r := range s.state().Values.RootModule.Resources {
		if r.Mode == tfjson.ManagedResourceMode {
			out[r.Address] = r.AttributeValues
		}
	}
	return out
}

// What a step has to notice, it notices.
func TestStepper(t *testing.T) {
	t.Parallel()
	const again = "output \"again\" {\n  value = timestamp()\n}\n"
	later := "resource \"terraform_data\" \"later\" {\n  input = timestamp()\n}\n"
	for name, tt := range map[string]struct {
		step resource.TestStep
		want string
	}{
		"another plan":    {applies(later, planned{"terraform_data.later": "update"}), "want update of terraform_data.later"},
		"another state":   {resource.TestStep{Config: "output \"it\" {\n  value = 1\n}\n", ConfigStateChecks: []statecheck.StateCheck{output("it", knownvalue.Int64Exact(2))}}, "the state after the apply"},
		"never at rest":   {resource.TestStep{Config: later}, "the plan without refresh is not empty"},
		"another output":  {resource.TestStep{Config: again}, "the plan is not empty"},
		"nothing planned": {resource.TestStep{PlanOnly: true, ExpectNonEmptyPlan: true}, "the plan is empty"},
		"a bad address":   {resource.TestStep{Config: later, ResourceName: "x", ImportState: true}, "import"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStepper(t, nil)
			run := s.applied
			if tt.step.ImportState {
				run = s.imported
			}
			if err := run(tt.step); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("want an error that says %q, got %v", tt.want, err)
			}
		})
	}
}

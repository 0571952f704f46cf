// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/presets"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/tfcli"
)

// readinessOutputs are what the chapter shows of the data source.
type readinessOutputs struct {
	Ready struct {
		Value *bool `json:"value"`
	} `json:"ready_to_enable_aim"`
	Reason struct {
		Value string `json:"value"`
	} `json:"reason"`
	ToDo struct {
		Value map[string]struct{ Summary, Remedy string } `json:"value"`
	} `json:"to_do"`
}

// migration asks of a company of its own whether it is ready for automatic identity
// management, lets Terraform and people fix what keeps it from that, and asks again.
func migration(ctx context.Context, cfg config, terraform command, page text) (err error) {
	sim, err := tfcli.StartSimulator(ctx, cfg.simulator, terraform.errOut, "-preset", "migration")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sim.Stop()) }()
	terraform.Env = append(os.Environ(), sim.Environment()...)
	if terraform.Dir, err = workFolder(cfg.migration); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(terraform.Dir)) }()

	before, err := terraform.readiness(ctx)
	if err != nil {
		return err
	}
	writeReadiness(terraform.out, before)
	if err := terraform.keepOutput(ctx, page); err != nil {
		return err
	}
	if before.Ready.Value == nil || *before.Ready.Value {
		return errors.New("the company of the preset migration was ready from the start, or its state is not known (this is a bug)")
	}
	fmt.Fprint(terraform.out, "\nTerraform fixes what is safe to fix. What people decided is in waivers, with a reason and a date.\n")
	if _, err := terraform.readiness(ctx, "-var=fix=true"); err != nil {
		return err
	}
	fmt.Fprint(terraform.out, "Elsewhere, Databricks support renames a user, the team of the identity provider renames an application and takes a second person\n"+
		"out of the owners, an account admin takes back a rule of the denylist that denies an admin, and the owners of two views correct\n"+
		"the groups that they ask for.\n")
	if err := settle(ctx, sim.Host); err != nil {
		return fmt.Errorf("changing the simulated account: %w", err)
	}
	after, err := terraform.readiness(ctx, "-var=fix=true")
	if err != nil {
		return err
	}
	writeReadiness(terraform.out, after)
	if after.Ready.Value == nil || !*after.Ready.Value {
		return errors.New("it is still not ready (this is a bug)")
	}
	return nil
}

// readiness applies the configuration and returns its outputs.
func (c command) readiness(ctx context.Context, more ...string) (readinessOutputs, error) {
	var out readinessOutputs
	if err := c.quietly(ctx, append([]string{"apply", "-input=false", "-auto-approve"}, more...)...); err != nil {
		return out, err
	}
	cmd := c.Command(ctx, "output", "-json")
	cmd.Stderr = c.errOut
	raw, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	return out, err
}

func writeReadiness(out io.Writer, r readinessOutputs) {
	fmt.Fprintf(out, "\n  Ready to enable AIM? %s\n", r.Reason.Value)
	for _, id := range slices.Sorted(maps.Keys(r.ToDo.Value)) {
		check := r.ToDo.Value[id]
		fmt.Fprintf(out, "\n  %s: %s\n    %s\n", id, check.Summary, check.Remedy)
	}
}

// settle does in the simulated account what people do outside of Terraform.
func settle(ctx context.Context, host string) error {
	url := host + "/_simulator/state"
	raw, err := control(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	st, err := world.DecodeState(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	presets.SettleMigration(&st)
	if raw, err = json.Marshal(st); err != nil {
		return err
	}
	_, err = control(ctx, http.MethodPut, url, raw)
	return err
}

// control asks the simulator itself, not the account that it plays.
func control(ctx context.Context, method, url string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	out, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %s: %s", method, url, resp.Status, out)
	}
	return out, err
}

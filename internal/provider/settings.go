// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/databricks/databricks-sdk-go/config"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/journal"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/redact"
)

// settings is the resolved provider configuration: the provider block, with the
// environment filling what the block leaves out.
type settings struct {
	version         string
	databricks      *config.Config
	idp             idpSettings
	aim             audit.AIMState
	identityAPI     string
	readOnly        bool
	journalPath     string // empty: none
	checkpointDir   string // empty: none
	workspaceHosts  map[string]string
	maxConcurrency  int     // zero: the default, which a server may widen
	readsPerSecond  float64 // zero: adaptive
	writesPerSecond float64
	limits          Limits
	// savedPlan is true where the run applies a plan that was saved.
	savedPlan bool

	getenv func(string) string
	// idpTransport carries the requests to Entra and Okta; nil is usual.
	idpTransport http.RoundTripper
}

func newSettings(version string) settings {
	return settings{version: version, databricks: &config.Config{}, getenv: os.Getenv}
}

// read fills the settings. Each problem is a diagnostic on its attribute; an
// unknown value is one, because a provider cannot wait for it.
func (s *settings) read(ctx context.Context, cfg tfsdk.Config, diags *diag.Diagnostics) {
	r := settingsReader{ctx: ctx, config: cfg, getenv: s.getenv, diags: diags}
	for _, setting := range databricksSettings() {
		r.databricks(setting, s.databricks)
	}
	s.idp = r.idp()
	s.aim = audit.AIMState(r.oneOf("automatic_identity_management", "unknown", "on", "off", "unknown"))
	s.identityAPI = r.oneOf("identity_api", "auto", "auto", "iam_v2", "scim")
	s.readOnly = r.boolean("read_only")
	s.journalPath = r.journalPath("journal_path")
	s.checkpointDir = r.checkpointDir("checkpoint_dir")
	s.workspaceHosts = r.stringMap("workspace_hosts")
	s.maxConcurrency = r.count("max_concurrency", 1, 256)
	s.readsPerSecond = r.rate("reads_per_second")
	s.writesPerSecond = r.rate("writes_per_second")
}

// settingsReader reads one attribute after the other, from configuration or
// else from DBXIDENTITY_<ATTRIBUTE>.
type settingsReader struct {
	ctx    context.Context
	config tfsdk.Config
	getenv func(string) string
	diags  *diag.Diagnostics
}

// get reads an attribute into target and reports whether it is set.
func (r *settingsReader) get(name string, target attr.Value, read func() attr.Value) (set bool) {
	r.diags.Append(r.config.GetAttribute(r.ctx, path.Root(name), target)...)
	value := read()
	if value.IsUnknown() {
		r.unknown(path.Root(name))
		return false
	}
	return !value.IsNull()
}

func (r *settingsReader) unknown(at path.Path) {
	// Of a path into an attribute the command line shows no line: see located.
	r.diags.AddAttributeError(topOf(at), "Unknown Provider Setting",
		fmt.Sprintf("%s depends on something that is known only after apply, and a provider must be configured before that. "+
			"Write the value down, pass it as a variable or an environment variable, or create the resource that it comes from "+
			"in an apply of its own (-target) first.", at))
}

func (r *settingsReader) invalid(name, origin, problem string) {
	r.diags.AddAttributeError(path.Root(name), "Invalid Provider Setting", fmt.Sprintf("%s, taken from %s, %s", name, origin, problem))
}

func envName(attribute string) string { return "DBXIDENTITY_" + strings.ToUpper(attribute) }

// databricks hands a setting of the official provider to the SDK, which fills
// what is missing from DATABRICKS_* variables and the configuration file.
func (r *settingsReader) databricks(s databricksSetting, cfg *config.Config) {
	var value any
	if s.boolean {
		var v types.Bool
		if !r.get(s.name, &v, func() attr.Value { return v }) {
			return
		}
		value = v.ValueBool()
	} else {
		var v types.String
		if !r.get(s.name, &v, func() attr.Value { return v }) {
			return
		}
		value = v.ValueString()
		if s.sensitive {
			redact.Add(v.ValueString())
		}
	}
	i := slices.IndexFunc(config.ConfigAttributes, func(a config.ConfigAttribute) bool { return a.Name == s.name })
	if i < 0 {
		r.invalid(s.name, "the provider block", "is not a setting of databricks-sdk-go any more.")
		return
	}
	if err := config.ConfigAttributes[i].Set(cfg, value); err != nil {
		r.invalid(s.name, "the provider block", "cannot be used: "+err.Error())
	}
}

func (r *settingsReader) text(name string) (value, origin string) {
	var v types.String
	if r.get(name, &v, func() attr.Value { return v }) {
		return v.ValueString(), "the provider block"
	}
	return r.getenv(envName(name)), envName(name)
}

// journalPath reads the path of a journal. One that cannot be used is an error
// in the plan already: its apply would be refused.
func (r *settingsReader) journalPath(name string) string {
	value, origin := r.text(name)
	if value == "" {
		return ""
	}
	if err := journal.Check(value); err != nil {
		r.invalid(name, origin, "cannot be used: "+err.Error()+".")
	}
	return value
}

// checkpointDir reads the folder of checkpoints.
func (r *settingsReader) checkpointDir(name string) string {
	value, origin := r.text(name)
	if err := checkCheckpointDir(value); value != "" && err != nil {
		r.invalid(name, origin, "cannot be used: "+err.Error()+".")
	}
	return value
}

func (r *settingsReader) oneOf(name, fallback string, choices ...string) string {
	value, origin := r.text(name)
	if value == "" {
		return fallback
	}
	if !slices.Contains(choices, value) {
		r.invalid(name, origin, fmt.Sprintf("is %q. It must be one of %s.", value, strings.Join(choices, ", ")))
		return fallback
	}
	return value
}

func (r *settingsReader) boolean(name string) bool {
	var v types.Bool
	if r.get(name, &v, func() attr.Value { return v }) {
		return v.ValueBool()
	}
	raw := r.getenv(envName(name))
	if raw == "" {
		return false
	}
	value, err := strconv.ParseBool(raw)
	if err != nil {
		r.invalid(name, envName(name), fmt.Sprintf("is %q. It must be true or false.", raw))
	}
	return value
}

// rate reads a number per second; zero when it is not set.
func (r *settingsReader) rate(name string) float64 {
	var v types.Float64
	if r.get(name, &v, func() attr.Value { return v }) {
		return r.between(name, "the provider block", v.ValueFloat64(), 0.01, 1e6)
	}
	return r.numberFromEnv(name, 0.01, 1e6)
}

// count reads a whole number; zero when it is not set.
func (r *settingsReader) count(name string, least, most int64) int {
	var v types.Number
	if r.get(name, &v, func() attr.Value { return v }) {
		return int(r.between(name, "the provider block", float64(wholeNumberOf(v)), float64(least), float64(most)))
	}
	return int(r.numberFromEnv(name, float64(least), float64(most)))
}

func (r *settingsReader) numberFromEnv(name string, least, most float64) float64 {
	raw := r.getenv(envName(name))
	if raw == "" {
		return 0
	}
	value, err := strconv.ParseFloat(raw, 64)
	if err != nil {
		r.invalid(name, envName(name), fmt.Sprintf("is %q. It must be a number.", raw))
		return 0
	}
	return r.between(name, envName(name), value, least, most)
}

func (r *settingsReader) between(name, origin string, value, least, most float64) float64 {
	if value >= least && value <= most { // Not a number is outside.
		return value
	}
	r.invalid(name, origin, fmt.Sprintf("is %v. It must be between %v and %v.", value, least, most))
	return 0
}

func (r *settingsReader) stringMap(name string) map[string]string {
	var v types.Map
	if r.get(name, &v, func() attr.Value { return v }) {
		out := map[string]string{}
		for key, element := range v.Elements() {
			text, ok := element.(types.String)
			if !ok || element.IsUnknown() {
				r.unknown(path.Root(name).AtMapKey(key))
				continue
			}
			out[key] = text.ValueString()
		}
		return out
	}
	raw := r.getenv(envName(name))
	if raw == "" {
		return nil
	}
	out := map[string]string{}
	if err := json.Unmarshal([]byte(raw), &out); err != nil {
		r.invalid(name, envName(name), "is not a JSON object of strings: "+err.Error())
	}
	return out
}

// Limits are the time limits of the clients; zero means their defaults. Their
// meaning is that of api.Config. ReadLag is for how long after a write an absence is
// not believed.
type Limits struct{ FirstContact, RequestTimeout, RetryBudget, RetryPause, ConfirmTimeout, ReadLag time.Duration }

// maxReadLag is how long reads lag behind writes at most, as far as it is documented
// (docs/reference/databricks-account-api.md 4.5).
const maxReadLag = time.Minute

// WithLimits sets the time limits, for tests in which a failure lasts.
func WithLimits(l Limits) Option {
	return func(s *settings) { s.limits = l }
}

// WithShortLimits are limits for tests: repetitions come soon, and what hangs is
// given up after a minute.
func WithShortLimits() Option {
	return WithLimits(Limits{
		FirstContact: time.Minute, RequestTimeout: time.Minute, RetryBudget: time.Minute, RetryPause: 20 * time.Millisecond, ConfirmTimeout: time.Minute,
		ReadLag: 200 * time.Millisecond,
	})
}

// WithIDPTransport carries the requests to Entra and Okta, for tests whose
// servers have certificates of their own.
func WithIDPTransport(base http.RoundTripper) Option {
	return func(s *settings) { s.idpTransport = base }
}

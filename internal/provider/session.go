// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-log/tflog"
	"golang.org/x/text/unicode/norm"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/assess"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/judge"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/journal"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/localfile"
)

// session is one configured provider: what data sources and resources share.
// Its client holds the snapshot of the account, so several data sources of one
// run read the account once.
type session struct {
	settings settings
	account  *account.Client
	idp      idp.Source    // nil: none configured
	lookups  *idp.Gathered // nil: the IdP cannot be asked for ids
	now      func() time.Time
	claims   *instanceClaims
	wants    instanceWants
	// applying is true once this run has begun to apply what was planned. Terraform plans
	// each instance once more then, just before its write: what the write judges by what it
	// reads anew is not asked for that plan too.
	applying atomic.Bool
	// checkpoints are for audits that may be killed.
	checkpoints *checkpoints

	// callerWarned is true once the run was warned that no one knows who it is.
	callerWarned atomic.Bool
	// newLedger is true once the plan of this run makes a ledger.
	newLedger atomic.Bool
	// syncWarned is true once the run was warned that its audits may sync.
	syncWarned atomic.Bool

	findings findings
	// matches are shared by the audits of this run.
	matches assess.Matches
}

// membershipKey names a membership: "<group id>/<member id>".
func membershipKey(groupID, memberID string) string { return groupID + "/" + memberID }

// auditOptions are the options of an audit that the provider block decides.
func (s *session) auditOptions() judge.Options {
	out := judge.Options{Now: s.now(), AIM: s.settings.aim, TenantID: s.settings.idp.values["tenant_id"], Form: norm.NFC.String}
	if s.idp != nil {
		out.IDP = s.idp.Capabilities().Capabilities
	}
	return out
}

func newSession(ctx context.Context, s settings, diags *diag.Diagnostics) *session {
	var trace *journal.Journal
	if s.journalPath != "" {
		trace = journal.New(s.journalPath)
	}
	kept := &checkpoints{dir: s.checkpointDir}
	checkTrust(ctx, diags)
	if diags.HasError() {
		return nil
	}
	client, err := account.New(ctx, api.Config{
		SDK:             s.databricks,
		IdentityAPI:     s.identityAPI,
		WorkspaceHosts:  s.workspaceHosts,
		MaxConcurrency:  s.maxConcurrency,
		ReadsPerSecond:  s.readsPerSecond,
		WritesPerSecond: s.writesPerSecond,
		ReadOnly:        s.readOnly,
		Journal:         trace,
		BeforeWrite:     kept.discard,

		HiddenMemberships:      s.aim == audit.AIMOn,
		MaybeHiddenMemberships: s.aim != audit.AIMOff,

		Version:        s.version,
		FirstContact:   s.limits.FirstContact,
		RequestTimeout: s.limits.RequestTimeout,
		RetryBudget:    s.limits.RetryBudget,
		RetryPause:     s.limits.RetryPause,
		ConfirmTimeout: s.limits.ConfirmTimeout,
		Log: func(ctx context.Context, message string, fields map[string]any) {
			tflog.Debug(ctx, message, fields)
		},
	})
	var wrong *api.ConfigError
	switch {
	case errors.As(err, &wrong) && wrong.Attribute != "":
		diags.AddAttributeError(path.Root(wrong.Attribute), wrong.Summary, wrong.Detail)
		return nil
	case errors.As(err, &wrong):
		diags.AddError(wrong.Summary, wrong.Detail)
		return nil
	case err != nil:
		diags.AddError("Unable to Configure the Databricks Client", err.Error())
		return nil
	}
	kept.bind(ctx, s, client)
	source := newIDP(s, client, diags) //nolint:contextcheck // The files that it reads have a time limit of their own.
	out := &session{
		settings: s, account: client, idp: source, lookups: gathered(source), now: time.Now, claims: newInstanceClaims(), checkpoints: kept,
	}
	out.applying.Store(s.savedPlan)
	return out
}

// checkTrust refuses a file of CA certificates that would be read for ever, at the
// first connection.
func checkTrust(ctx context.Context, diags *diag.Diagnostics) {
	const variable, most = "SSL_CERT_FILE", 64 << 20
	file := os.Getenv(variable)
	if file == "" {
		return
	}
	if err := localfile.Check(ctx, file, most); err != nil {
		diags.AddError("Certificates Cannot Be Read", fmt.Sprintf("The environment variable %s names the file of the CA certificates to trust, and it cannot be used: %s. "+
			"Name a PEM file, or remove the variable to trust what the system trusts.", variable, err))
	}
}

// warnJournal says that a write was made whose outcome the journal lacks. Every
// resource calls it after it may have written.
func (s *session) warnJournal(diags *diag.Diagnostics) {
	if err := s.account.JournalTrouble(); err != nil {
		diags.AddWarning("Outcome Not in the Journal", fmt.Sprintf("A write to the account was made, and its intent is in the journal, but what became of it "+
			"could not be added: %s. Further writes are refused while that is so. State holds what was confirmed.", err))
	}
}

// warnSyncs is about the one read that writes: on accounts with automatic identity
// management matchWithIdp syncs the identity that it is asked about.
func (s *session) warnSyncs(need string, diags *diag.Diagnostics) {
	if !s.idp.Capabilities().SyncsOnMatch {
		return
	}
	instead := "The kinds " + otherKinds("%s") + " of the provider's idp change nothing in the account."
	switch {
	case s.settings.aim == audit.AIMOn && s.settings.readOnly:
		diags.AddError("Refusing to Audit with read_only", fmt.Sprintf("%s asks matchWithIdp (idp = { databricks = {} }), which on an account with automatic identity management "+
			"(automatic_identity_management = \"on\") syncs every identity that it is asked about: it can rename, add and deactivate. With read_only = true that is refused, and nothing "+
			"was asked. %s Use one of them, or remove read_only.%s", need, instead, destroyInstead))
	case s.settings.aim == audit.AIMUnknown && s.syncWarned.CompareAndSwap(false, true):
		diags.AddWarning("Audit May Sync Identities", "idp = { databricks = {} } asks matchWithIdp, which on an account with automatic identity management syncs every identity that it "+
			"is asked about, also while planning. Whether it is on is not known: no API says it. If it is off, automatic_identity_management = \"off\" in the provider block ends "+
			"this warning. "+instead)
	}
}

// requireIDP returns the configured IdP, or adds the error that says how to
// choose one, or why it must not be asked.
func (s *session) requireIDP(need string, diags *diag.Diagnostics) idp.Source {
	if s.idp == nil {
		diags.AddError("No Identity Provider Configured",
			fmt.Sprintf("%s compares the account with an identity provider, and the provider block names none. "+
				"There is no default, because some choices change the account while they look. "+
				"Set the provider's idp attribute (or DBXIDENTITY_IDP) to exactly one of: %s.", need, idpChoices()))
		return nil
	}
	s.warnSyncs(need, diags)
	return s.idp
}

// sessionFrom takes the session out of what the framework hands to Configure;
// nil before the provider is configured (validation).
func sessionFrom(data any, diags *diag.Diagnostics) *session {
	if data == nil {
		return nil
	}
	s, ok := data.(*session)
	if !ok {
		diags.AddError("Unexpected Provider Data", fmt.Sprintf("Got %T. This is a bug in the provider; please report it.", data))
	}
	return s
}

// sessionDataSource is the part that all data sources share.
type sessionDataSource struct{ session *session }

func (d *sessionDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.session = sessionFrom(req.ProviderData, &resp.Diagnostics)
}

// ValidateConfig is for data sources whose schema refuses everything already.
func (d *sessionDataSource) ValidateConfig(context.Context, datasource.ValidateConfigRequest, *datasource.ValidateConfigResponse) {
}

// principalTitle names a principal in errors: its key, and its name when known.
func principalTitle(p audit.Principal) string {
	if p.Name == "" {
		return p.String()
	}
	return fmt.Sprintf("%s (%s)", p.Ref, p.Name)
}

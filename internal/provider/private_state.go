// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Private state holds what Terraform's state has no attribute for: what the
// instance wrote last and what its first write replaced, what it applied last
// (written, found or imported), what its state showed before someone else changed it,
// in which account it lives, and when it was written or imported last.
const (
	keyWritten  = "written"
	keyReplaced = "replaced"
	keyApplied  = "applied"
	keyShown    = "shown"
	keyAccount  = "account"
	keyTouched  = "touched"
)

// privateWriter and privateReader are the private state of the framework, whose
// type is internal.
type (
	privateWriter interface {
		SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
	}
	privateReader interface {
		GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	}
)

func remember(ctx context.Context, private privateWriter, key, value string) diag.Diagnostics {
	raw, err := json.Marshal(value)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Unable to Save Private State", err.Error())}
	}
	return private.SetKey(ctx, key, raw)
}

// privateStore is private state in operations that read and write it.
type privateStore interface {
	privateReader
	privateWriter
}

// remembered is false when nothing was remembered under that key.
func remembered(ctx context.Context, private privateReader, key string) (string, bool, diag.Diagnostics) {
	raw, diags := private.GetKey(ctx, key)
	var value string
	if len(raw) == 0 || json.Unmarshal(raw, &value) != nil {
		return "", false, diags
	}
	return value, true, diags
}

// rememberWritten notes what the instance wrote: the value in state follows the
// account, and a destroy must know the one from the other.
func rememberWritten(ctx context.Context, private privateWriter, externalID string) diag.Diagnostics {
	return remember(ctx, private, keyWritten, externalID)
}

// rememberReplaced notes what the first write of the instance replaced. The attribute
// may hold what was only expected, and that is never written back.
func rememberReplaced(ctx context.Context, private privateWriter, externalID string) diag.Diagnostics {
	return remember(ctx, private, keyReplaced, externalID)
}

// replaced is what the first write of the instance replaced; false when it wrote nothing.
func replaced(ctx context.Context, private privateReader) (string, bool, diag.Diagnostics) {
	return remembered(ctx, private, keyReplaced)
}

// written is what the instance wrote last; false when it wrote nothing.
func written(ctx context.Context, private privateReader) (string, bool, diag.Diagnostics) {
	return remembered(ctx, private, keyWritten)
}

// attributeAccountID is where a plan says which account it was made for.
const attributeAccountID = "account_id"

// accountIDAttribute is part of every resource. Nothing else in a plan that creates
// says where: private state is for what exists, and the provider block may take the
// account from the environment. Terraform plans again before it applies, and stops
// where the answer is another one.
func accountIDAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Computed: true, PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
		MarkdownDescription: "Databricks account that the instance belongs to. A plan that was made for one account is not applied to another.",
	}
}

// accountID is the value of that attribute.
func (s *session) accountID() types.String { return types.StringValue(s.account.AccountID()) }

// rememberAccount notes the account that the instance lives in.
func (s *session) rememberAccount(ctx context.Context, private privateWriter) diag.Diagnostics {
	return remember(ctx, private, keyAccount, s.account.AccountID())
}

// firstLagPause is the first pause between two reads of something that seems to be gone.
const firstLagPause = time.Second

// rememberNow notes when the instance was written or imported.
func rememberNow(ctx context.Context, private privateWriter) diag.Diagnostics {
	return remember(ctx, private, keyTouched, time.Now().UTC().Format(time.RFC3339Nano))
}

// lagEnds is when reads show what this instance wrote or imported last. It is in the
// past where nothing is known of that, and never further away than reads can lag: clocks
// are set back.
func (s *session) lagEnds(ctx context.Context, private privateReader) time.Time {
	value, _, _ := remembered(ctx, private, keyTouched)
	at, err := time.Parse(time.RFC3339Nano, value)
	if err != nil || time.Until(at) > 0 {
		return time.Time{}
	}
	return at.Add(cmp.Or(s.settings.limits.ReadLag, maxReadLag))
}

// checkAccount refuses state of another account: its ids are other principals
// here, or none, and what state knows of them would be lost. Terraform has
// identities for that from 1.12 on only, and then blames the provider.
func (s *session) checkAccount(ctx context.Context, private privateReader, thing string) diag.Diagnostics {
	own, known, diags := remembered(ctx, private, keyAccount)
	if now := s.account.AccountID(); known && own != now {
		diags.AddError("State of Another Account", fmt.Sprintf("This %s was made in the Databricks account %s, and the provider is configured for "+
			"account %s (account_id, DATABRICKS_ACCOUNT_ID). The same ids are other principals there, so nothing was read or changed. "+
			"Configure the account that the state belongs to, or use a state (or workspace) per account; "+
			"`terraform state rm` forgets an instance without touching any account.", thing, own, now))
	}
	return diags
}

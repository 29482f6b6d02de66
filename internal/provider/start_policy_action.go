package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

var _ action.ActionWithConfigure = (*startPolicyAction)(nil)

func newStartPolicyAction() action.Action {
	return &startPolicyAction{actionBase{suffix: "_start_policy"}}
}

type startPolicyAction struct{ actionBase }

// startKeeper says what becomes of a run that no state remembers.
var startKeeper = keeper{
	timeout: "timeout",
	again:   "start it again",
	anew:    "start it again",
	kept:    "It may go on in CCR, and nothing here remembers it",
	follow: func(e client.Execution) string {
		return fmt.Sprintf("follow it with the data source ccr_executions (policy_id = %q), or end it with the action ccr_stop_execution (policy_id = %q, execution_id = %q)", e.PolicyID, e.PolicyID, e.ID)
	},
	adopt: func(client.ID) string { return "that is this run" },
}

type startPolicyModel struct {
	PolicyID          types.String `tfsdk:"policy_id"`
	WaitForCompletion types.Bool   `tfsdk:"wait_for_completion"`
	OnFailure         types.String `tfsdk:"on_failure"`
	OnEmpty           types.String `tfsdk:"on_empty"`
	Timeout           types.String `tfsdk:"timeout"`
}

func (a *startPolicyAction) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Runs a migration policy once, now, and tells how far it has come. It keeps no record: use `ccr_policy_execution` for a run that is part of the declared state.",
		Attributes: map[string]schema.Attribute{
			"policy_id": schema.StringAttribute{
				MarkdownDescription: "Id of the `ccr_migration_policy` to run.",
				Required:            true,
				Validators:          []validator.String{idValidator()},
			},
			"wait_for_completion": schema.BoolAttribute{
				MarkdownDescription: "Whether the action waits until the run has ended and judges it. Default: `true`.",
				Optional:            true,
			},
			"on_failure": schema.StringAttribute{
				MarkdownDescription: onFailureText + " Default: `fail`.",
				Optional:            true,
				Validators:          []validator.String{oneOfValidator(onFailureValues)},
			},
			"on_empty": schema.StringAttribute{
				MarkdownDescription: onEmptyText + " Default: `continue`.",
				Optional:            true,
				Validators:          []validator.String{oneOfValidator(onFailureValues)},
			},
			"timeout": schema.StringAttribute{
				MarkdownDescription: "How long to wait for other runs of the policy and then for this one, as a duration such as `30m` or `2h`. Default: `60m`.",
				Optional:            true,
				Validators:          []validator.String{durationValidator()},
			},
		},
	}
}

func (a *startPolicyAction) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var config startPolicyModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	policy := parseIDArgument("policy_id", config.PolicyID, &resp.Diagnostics)
	ctx, cancel := withTimeout(ctx, config.Timeout, defaultExecutionCreate, &resp.Diagnostics)
	defer cancel()
	if resp.Diagnostics.HasError() {
		return
	}
	say := func(text string) { resp.SendProgress(action.InvokeProgressEvent{Message: text}) }
	wait := config.WaitForCompletion.IsNull() || config.WaitForCompletion.ValueBool()
	e, err := a.runner.run(ctx, run{
		policy:  policy,
		wait:    wait,
		blocked: reportProgress(a.world, resp.SendProgress, "Waiting until execution %s has finished: "),
		started: func(e client.Execution) error {
			say(fmt.Sprintf("Execution %s of policy %s began; it goes on in CCR if this command is interrupted", e.ID, a.runner.namer(ctx)(policy)))
			return nil
		},
		progress: reportProgress(a.world, resp.SendProgress, "Execution %s: "),
	})
	if err != nil {
		resp.Diagnostics.Append(startKeeper.diagnose(policy, a.runner.namer(ctx), err))
		return
	}
	if !wait && !e.Finished() {
		say(fmt.Sprintf("Execution %s goes on in CCR; nobody waits for it", e.ID))
		return
	}
	say(fmt.Sprintf("Execution %s ended: %s", e.ID, describeStatus(e)))
	resp.Diagnostics.Append(startKeeper.outcome(e, a.runner.namer(ctx), orElse(config.OnFailure, policyFail), orElse(config.OnEmpty, policyContinue))...)
}

// orElse is an optional argument with its default.
func orElse(value types.String, fallback string) string {
	if value.IsNull() {
		return fallback
	}
	return value.ValueString()
}

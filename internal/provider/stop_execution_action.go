package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var _ action.ActionWithConfigure = (*stopExecutionAction)(nil)

func newStopExecutionAction() action.Action {
	return &stopExecutionAction{actionBase{suffix: "_stop_execution"}}
}

type stopExecutionAction struct{ actionBase }

var stopKeeper = keeper{timeout: "timeout", again: "stop it again"}

type stopExecutionModel struct {
	PolicyID    types.String `tfsdk:"policy_id"`
	ExecutionID types.String `tfsdk:"execution_id"`
	Timeout     types.String `tfsdk:"timeout"`
}

func (a *stopExecutionAction) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Stops an execution and waits until it has settled. One that has already ended is left as it is.",
		Attributes: map[string]schema.Attribute{
			"policy_id": schema.StringAttribute{
				MarkdownDescription: "Id of the policy that the execution is a run of.",
				Required:            true,
				Validators:          []validator.String{idValidator()},
			},
			"execution_id": schema.StringAttribute{
				MarkdownDescription: "Id of the execution; the data source `ccr_executions` lists a policy's.",
				Required:            true,
				Validators:          []validator.String{idValidator()},
			},
			"timeout": schema.StringAttribute{
				MarkdownDescription: "How long to wait until it has stopped, as a duration such as `30s` or `10m`. Default: `10m`.",
				Optional:            true,
				Validators:          []validator.String{durationValidator()},
			},
		},
	}
}

func (a *stopExecutionAction) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var config stopExecutionModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	policy, id := parseIDArgument("policy_id", config.PolicyID, &resp.Diagnostics), parseIDArgument("execution_id", config.ExecutionID, &resp.Diagnostics)
	ctx, cancel := withTimeout(ctx, config.Timeout, defaultExecutionDelete, &resp.Diagnostics)
	defer cancel()
	if resp.Diagnostics.HasError() {
		return
	}
	e, err := a.runner.stop(ctx, policy, id, reportProgress(a.world, resp.SendProgress, "Stopping execution %s: "))
	switch {
	case errors.Is(err, errVanished) && e.Status == "":
		resp.Diagnostics.AddAttributeError(path.Root("execution_id"), "Execution does not exist", fmt.Sprintf(
			"Policy %s has no execution with the id %s.\n\nNext step: the data source ccr_executions (policy_id = %q) lists the policy's executions.", a.runner.namer(ctx)(policy), id, policy))
	case errors.Is(err, errVanished):
		resp.Diagnostics.AddWarning("Execution is gone", fmt.Sprintf(
			"%s. CCR was asked to stop it, and then its record was gone, so how it ended cannot be told.", describeExecution(e, a.runner.namer(ctx))))
	case err != nil:
		resp.Diagnostics.Append(stopKeeper.stopFailed(policy, id, a.runner.namer(ctx), err))
	default:
		resp.SendProgress(action.InvokeProgressEvent{Message: fmt.Sprintf("Execution %s has ended: %s", e.ID, describeStatus(e))})
	}
}

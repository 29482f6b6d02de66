package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

var _ datasource.DataSourceWithConfigure = (*executionsDataSource)(nil)

func newExecutionsDataSource() datasource.DataSource {
	return &executionsDataSource{dataSourceBase{suffix: "_executions"}}
}

type executionsDataSource struct{ dataSourceBase }

type executionsModel struct {
	PolicyID   types.String         `tfsdk:"policy_id"`
	Status     types.String         `tfsdk:"status"`
	Executions []executionReadModel `tfsdk:"executions"`
	IDs        []types.String       `tfsdk:"ids"`
}

// executionStatuses are those that a user can ask for.
var executionStatuses = []string{"InProgress", "Succeed", "Failed", "Stopped"}

func (d *executionsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The executions of a migration policy that CCR still has a record of. None is an empty list and no error; a policy that does not exist is an error.",
		Attributes: map[string]schema.Attribute{
			"policy_id": schema.StringAttribute{
				MarkdownDescription: "Id of the `ccr_migration_policy` whose executions to list.",
				Required:            true,
				Validators:          []validator.String{idValidator()},
			},
			"status": schema.StringAttribute{
				MarkdownDescription: "Status the executions must have, one of " + quotedList(executionStatuses) + ", in any case. It is compared by meaning: an execution that lost an image did not succeed, and whatever has not ended is in progress. Default: every status.",
				Optional:            true,
				Validators:          []validator.String{executionStatusValidator()},
			},
			"executions": givenObjects("The executions found, the newest first.", executionReadAttributes()),
			"ids":        givenTexts("Ids of `executions`, in the same order."),
		},
	}
}

func (d *executionsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model executionsModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	policy := parseIDArgument("policy_id", model.PolicyID, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	executions, err := d.client.Executions(ctx, policy)
	if err == nil && len(executions) == 0 {
		// The list does not tell a policy that never ran from none at all.
		_, err = d.client.Policy(ctx, policy)
	}
	if errors.Is(err, client.ErrNotFound) {
		resp.Diagnostics.AddAttributeError(path.Root("policy_id"), "Policy does not exist", fmt.Sprintf(
			"CCR has no policy with the id %s.\n\nNext step: refer to a ccr_migration_policy, or look up the id with the data source ccr_policies.", policy))
		return
	}
	if err != nil {
		resp.Diagnostics.Append(apiError("Reading the executions failed", fmt.Sprintf("Could not list the executions of the policy with the id %s", policy), err))
		return
	}
	wanted := executionOfStatus(model.Status)
	model.Executions = []executionReadModel{}
	for _, e := range executions {
		if wanted(e) {
			model.Executions = append(model.Executions, newExecutionReadModel(e))
		}
	}
	model.IDs = texts(model.Executions, func(e executionReadModel) types.String { return e.ID })
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

// executionReadModel is an execution as data sources give it.
type executionReadModel struct {
	ID         types.String `tfsdk:"id"`
	PolicyID   types.String `tfsdk:"policy_id"`
	Status     types.String `tfsdk:"status"`
	StatusText types.String `tfsdk:"status_text"`
	Trigger    types.String `tfsdk:"trigger"`
	Total      types.Int64  `tfsdk:"total"`
	Succeed    types.Int64  `tfsdk:"succeed"`
	Failed     types.Int64  `tfsdk:"failed"`
	Stopped    types.Int64  `tfsdk:"stopped"`
	InProgress types.Int64  `tfsdk:"in_progress"`
	StartTime  types.String `tfsdk:"start_time"`
	EndTime    types.String `tfsdk:"end_time"`
}

func newExecutionReadModel(e client.Execution) executionReadModel {
	return executionReadModel{
		ID:         types.StringValue(e.ID.String()),
		PolicyID:   types.StringValue(e.PolicyID.String()),
		Status:     types.StringValue(e.Status),
		StatusText: types.StringValue(e.StatusText),
		Trigger:    types.StringValue(e.Trigger),
		Total:      types.Int64Value(e.Total),
		Succeed:    types.Int64Value(e.Succeed),
		Failed:     types.Int64Value(e.Failed),
		Stopped:    types.Int64Value(e.Stopped),
		InProgress: types.Int64Value(e.InProgress),
		StartTime:  textOrNull(e.StartTime.String()),
		EndTime:    textOrNull(e.EndTime.String()),
	}
}

// executionReadAttributes is the schema of [executionReadModel].
func executionReadAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"id":          givenText("Id that CCR gave the execution."),
		"policy_id":   givenText("Id of the policy that was run."),
		"status":      givenText("Status as CCR tells it, as a rule one of " + quotedList(executionStatuses) + "."),
		"status_text": givenText("What CCR says about the status, such as the reason of a failure."),
		"trigger":     givenText("What started the execution: `manual`."),
		"total":       givenCount("Number of images, by tag, that the run is to copy."),
		"succeed":     givenCount("Number of images copied, or found to be there already."),
		"failed":      givenCount("Number of images that could not be copied."),
		"stopped":     givenCount("Number of images that were not copied because the run was stopped."),
		"in_progress": givenCount("Number of images still being copied."),
		"start_time":  givenText("When the run began, RFC 3339 in UTC."),
		"end_time":    givenText("When the run ended, RFC 3339 in UTC; null when it has not or CCR does not say."),
	}
}

// executionStatusValidator wants a status whose meaning is known: with a
// misspelled one, no execution would ever seem to have failed.
func executionStatusValidator() validator.String {
	return stringCheck{"must be one of " + quotedList(executionStatuses), func(text string) error {
		if (client.Execution{Status: text}).Phase() == client.PhaseUnknown {
			return noneOf(text, executionStatuses)
		}
		return nil
	}}
}

// executionOfStatus compares by meaning, so that the API's spellings of success
// are one. What is not known to have ended is in progress.
func executionOfStatus(status types.String) func(client.Execution) bool {
	if status.IsNull() {
		return func(client.Execution) bool { return true }
	}
	wanted := client.Execution{Status: status.ValueString()}.Phase()
	if wanted == client.PhaseRunning {
		return func(e client.Execution) bool { return !e.Finished() }
	}
	return func(e client.Execution) bool { return e.Phase() == wanted }
}

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/mapplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var (
	onFailureValues = []string{policyFail, policyContinue}
	timeoutTypes    = map[string]attr.Type{"create": types.StringType, "delete": types.StringType}
)

const (
	onFailureText = "What a run that failed, or that somebody else stopped, does to the apply: `fail` makes it an error, `continue` a warning."
	onEmptyText   = "What a run that matched no image does to the apply: `fail` makes it an error, `continue` a warning."
)

func (r *executionResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "One run of a migration policy and its result. It runs when the resource is created, and again whenever `triggers` changes or the last run failed; an unchanged plan never runs it. Destroying it stops a run that is still going and otherwise only forgets the record: images that were copied stay.",
		Attributes: map[string]schema.Attribute{
			"policy_id": schema.StringAttribute{
				MarkdownDescription: "Id of the `ccr_migration_policy` to run. A change runs the new one.",
				Required:            true,
				Validators:          []validator.String{idValidator()},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"triggers": schema.MapAttribute{
				MarkdownDescription: "Any values; a change of one runs the policy again. Put here what the run depends on, such as the policy's filters. On an imported execution, triggers added for the first time are only recorded.",
				ElementType:         types.StringType,
				Optional:            true,
				PlanModifiers: []planmodifier.Map{mapplanmodifier.RequiresReplaceIf(unlessImported,
					"A change runs the policy again.", "A change runs the policy again.")},
			},
			"wait_for_completion": schema.BoolAttribute{
				MarkdownDescription: "Whether the apply waits until the run has ended and judges it, and so does a later apply that finds it still going. When not, the run goes on by itself; the refresh that sees its end judges it, and the plan runs it again if `on_failure` or `on_empty` calls that a failure. Default: `true`. A change runs nothing.",
				Optional:            true,
				Computed:            true,
				Default:             booldefault.StaticBool(true),
			},
			"on_failure": schema.StringAttribute{
				MarkdownDescription: onFailureText + " After an error the next apply runs the policy again, and so does a change to `fail` after a run that failed. Default: `fail`.",
				Optional:            true,
				Computed:            true,
				Default:             stringdefault.StaticString(policyFail),
				Validators:          []validator.String{oneOfValidator(onFailureValues)},
			},
			"on_empty": schema.StringAttribute{
				MarkdownDescription: onEmptyText + " A change to `fail` after such a run runs the policy again. Default: `continue`.",
				Optional:            true,
				Computed:            true,
				Default:             stringdefault.StaticString(policyContinue),
				Validators:          []validator.String{oneOfValidator(onFailureValues)},
			},
			"timeouts": timeoutsSchema(ctx, timeouts.Opts{
				Create:            true,
				CreateDescription: "How long to wait for other runs of the policy and then for this one, as a duration such as `30m` or `2h`. Default: `60m`.",
				Delete:            true,
				DeleteDescription: "How long to wait until a run that is still going has stopped. Default: `10m`.",
			}),
			"id":          computedText("Id that CCR gave the execution."),
			"status":      computedText("Status as CCR tells it: `Succeed`, `Failed`, `Stopped` or, while it goes on, `InProgress`."),
			"status_text": computedText("What CCR says about the status, such as the reason of a failure."),
			"trigger":     computedText("What started the execution: `manual`."),
			"total":       computedCount("Number of images, by tag, that the run was to copy."),
			"succeed":     computedCount("Number of images copied, or left alone because the destination has the tag: without `override` CCR counts that as success whatever the tag holds."),
			"failed":      computedCount("Number of images that could not be copied."),
			"stopped":     computedCount("Number of images that were not copied because the run was stopped."),
			"in_progress": computedCount("Number of images still being copied; 0 once the run has ended."),
			"start_time":  computedText("When the run began, RFC 3339 in UTC."),
			"end_time":    computedText("When the run ended, RFC 3339 in UTC; null when CCR does not say."),
		},
	}
}

func (r *executionResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = idIdentitySchema("execution")
	resp.IdentitySchema.Attributes["policy_id"] = identityschema.StringAttribute{
		Description:       "Id of the policy that was run.",
		RequiredForImport: true,
	}
}

// computedText and computedCount keep their value across updates; see
// executionModel.forgetResult for those of a run that still goes on.
func computedText(description string) schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: description,
		Computed:            true,
		PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
	}
}

func computedCount(description string) schema.Int64Attribute {
	return schema.Int64Attribute{
		MarkdownDescription: description,
		Computed:            true,
		PlanModifiers:       []planmodifier.Int64{int64planmodifier.UseStateForUnknown()},
	}
}

// unlessImported lets the first apply after an import add triggers without
// running the policy again.
func unlessImported(ctx context.Context, req planmodifier.MapRequest, resp *mapplanmodifier.RequiresReplaceIfFuncResponse) {
	imported, diags := req.Private.GetKey(ctx, importedKey)
	resp.Diagnostics.Append(diags...)
	resp.RequiresReplace = !req.StateValue.IsNull() || imported == nil
}

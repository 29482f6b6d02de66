package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/boolplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

func (r *policyResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A migration policy: which images of a source registry CCR copies into which of its namespaces. It copies nothing by itself; `ccr_policy_execution` runs it. Everything about it is updated in place.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				MarkdownDescription: "Id that CCR gave the policy. Never changes.",
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseNonNullStateForUnknown()},
			},
			"name": schema.StringAttribute{
				MarkdownDescription: "Name of the policy, unique in the account. A change renames it in place.",
				Required:            true,
				Validators:          []validator.String{nameValidator()},
			},
			"description": schema.StringAttribute{
				MarkdownDescription: "Free text. A change is made in place; without it CCR holds an empty one.",
				Optional:            true,
				Validators:          []validator.String{textValidator()},
			},
			"src_registry_id": schema.StringAttribute{
				MarkdownDescription: "Id of the `ccr_registry` that images are read from. A change is made in place.",
				Required:            true,
				Validators:          []validator.String{idValidator()},
			},
			"dest_project_name": schema.StringAttribute{
				MarkdownDescription: "Namespace of CCR that images are written to; it must already exist. An image keeps only the last element of its name: `cce/web` arrives as `<dest_project_name>/web`, so two sources with the same last element overwrite each other. A change is made in place, and what was migrated stays where it is.",
				Required:            true,
				Validators:          []validator.String{nameValidator()},
			},
			"override": schema.BoolAttribute{
				MarkdownDescription: "Whether a tag that exists in the destination with another digest is overwritten; when not, it is skipped and the run still succeeds. Default: `false`. A change is made in place.",
				Optional:            true,
				Computed:            true,
				Default:             booldefault.StaticBool(false),
			},
			"filters": filtersSchema(),
			"trigger_type": schema.StringAttribute{
				MarkdownDescription: "What starts the policy: only " + quotedList(client.TriggerTypes) + " for now, which is the default.",
				Optional:            true,
				Computed:            true,
				Default:             stringdefault.StaticString(client.TriggerTypes[0]),
				Validators:          []validator.String{oneOfValidator(client.TriggerTypes)},
			},
			"timeouts": timeoutsSchema(ctx, timeouts.Opts{
				Delete:            true,
				DeleteDescription: "How long a delete waits for a running execution, as a duration such as `30s` or `10m`. Default: `10m`.",
			}),
			"enabled": schema.BoolAttribute{
				MarkdownDescription: "Whether the policy can be run. Only the CCR console changes it.",
				Computed:            true,
				PlanModifiers:       []planmodifier.Bool{boolplanmodifier.UseNonNullStateForUnknown()},
			},
			"pull_base": schema.BoolAttribute{
				MarkdownDescription: "Direction: `true` is a migration to CCR, `false` one from it.",
				Computed:            true,
				PlanModifiers:       []planmodifier.Bool{boolplanmodifier.UseNonNullStateForUnknown()},
			},
			"creation_time": schema.StringAttribute{
				MarkdownDescription: "When the policy was created, RFC 3339 in UTC.",
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseNonNullStateForUnknown()},
			},
			"update_time": schema.StringAttribute{
				MarkdownDescription: "When the policy was last changed, RFC 3339 in UTC.",
				Computed:            true,
			},
		},
	}
}

func (r *policyResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = idIdentitySchema("policy")
}

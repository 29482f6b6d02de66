package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

var (
	_ datasource.DataSourceWithConfigure        = (*policyDataSource)(nil)
	_ datasource.DataSourceWithConfigValidators = (*policyDataSource)(nil)
)

func newPolicyDataSource() datasource.DataSource {
	return &policyDataSource{dataSourceBase{suffix: policySuffix}}
}

type policyDataSource struct{ dataSourceBase }

func (d *policyDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := policyReadAttributes()
	attributes["id"] = schema.StringAttribute{
		MarkdownDescription: "Id of the policy to look up. Exactly one of `id` and `name` must be set.",
		Optional:            true,
		Computed:            true,
		Validators:          []validator.String{idValidator()},
	}
	attributes["name"] = schema.StringAttribute{
		MarkdownDescription: "Name of the policy to look up, compared exactly, case included. Exactly one of `id` and `name` must be set.",
		Optional:            true,
		Computed:            true,
		Validators:          []validator.String{nameValidator()},
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "One migration policy, by its id or its exact name. It is an error when none has it, or when several have the name.",
		Attributes:          attributes,
	}
}

func (d *policyDataSource) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return idOrName()
}

func (d *policyDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var config policyReadModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	policy, diags := lookup[client.Policy]{
		noun:  "policy",
		byID:  d.client.Policy,
		named: d.client.PolicyNamed,
		all:   d.client.Policies,
		name:  policyName,
	}.find(ctx, config.ID, config.Name)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	source, err := d.client.SourceID(ctx, policy)
	if err != nil {
		resp.Diagnostics.Append(apiError("Looking up the policy failed",
			fmt.Sprintf("Could not look for the source registry of the policy %q (id %s)", policy.Name, policy.ID), err))
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, newPolicyReadModel(policy, source))...)
}

// policyReadModel is a policy as data sources give it.
type policyReadModel struct {
	ID              types.String `tfsdk:"id"`
	Name            types.String `tfsdk:"name"`
	Description     types.String `tfsdk:"description"`
	SrcRegistryID   types.String `tfsdk:"src_registry_id"`
	SrcRegistryName types.String `tfsdk:"src_registry_name"`
	DestProjectName types.String `tfsdk:"dest_project_name"`
	Override        types.Bool   `tfsdk:"override"`
	Filters         types.Set    `tfsdk:"filters"`
	TriggerType     types.String `tfsdk:"trigger_type"`
	Enabled         types.Bool   `tfsdk:"enabled"`
	PullBase        types.Bool   `tfsdk:"pull_base"`
	ExecutionTimes  types.Int64  `tfsdk:"execution_times"`
	CreationTime    types.String `tfsdk:"creation_time"`
	UpdateTime      types.String `tfsdk:"update_time"`
}

// newPolicyReadModel converts p; source is the id of its source registry, 0
// when it cannot be told.
func newPolicyReadModel(p client.Policy, source client.ID) policyReadModel {
	m := policyReadModel{
		ID:              types.StringValue(p.ID.String()),
		Name:            types.StringValue(p.Name),
		Description:     textOrNull(p.Description),
		SrcRegistryName: textOrNull(p.SrcRegistry.Name),
		DestProjectName: types.StringValue(p.DestProjectName),
		Override:        types.BoolValue(p.Override),
		Filters:         types.SetNull(filterType),
		TriggerType:     types.StringValue(p.TriggerType),
		Enabled:         types.BoolValue(p.Enabled),
		PullBase:        types.BoolValue(p.PullBase),
		ExecutionTimes:  types.Int64Value(p.ExecutionTimes),
		CreationTime:    textOrNull(p.CreationTime.String()),
		UpdateTime:      textOrNull(p.UpdateTime.String()),
	}
	if source != 0 {
		m.SrcRegistryID = types.StringValue(source.String())
	}
	if len(p.Filters) > 0 { // every policy has one, so none is not told
		m.Filters = filterSet(p.Filters)
	}
	return m
}

// policyReadAttributes is the schema of [policyReadModel].
func policyReadAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"id":                givenText("Id that CCR gave the policy."),
		"name":              givenText("Name of the policy, unique in the account."),
		"description":       givenText("Free text; null when there is none."),
		"src_registry_id":   givenText("Id of the registry that images are read from. CCR tells only its name, so this is null when no registry has that name any more."),
		"src_registry_name": givenText("Name of the registry that images are read from."),
		"dest_project_name": givenText("Namespace of CCR that images are written to."),
		"override":          givenFlag("Whether a tag that exists in the destination with another digest is overwritten."),
		"filters": schema.SetNestedAttribute{
			MarkdownDescription: "Which images the policy migrates; null when CCR does not tell, and its document says that it never does.",
			Computed:            true,
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"type":  givenText("What the filter looks at, one of " + quotedList(client.FilterTypes) + "."),
				"value": givenText("What it must be: a literal or a pattern."),
			}},
		},
		"trigger_type":    givenText("What starts the policy: " + quotedList(client.TriggerTypes) + "."),
		"enabled":         givenFlag("Whether the policy can be run."),
		"pull_base":       givenFlag("Direction: `true` is a migration to CCR, `false` one from it."),
		"execution_times": givenCount("Number of times the policy was run."),
		"creation_time":   givenText("When the policy was created, RFC 3339 in UTC."),
		"update_time":     givenText("When the policy was last changed, RFC 3339 in UTC."),
	}
}

func policyID(p client.Policy) client.ID { return p.ID }
func policyName(p client.Policy) string  { return p.Name }

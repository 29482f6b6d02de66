package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

var _ datasource.DataSourceWithConfigure = (*policiesDataSource)(nil)

func newPoliciesDataSource() datasource.DataSource {
	return &policiesDataSource{dataSourceBase{suffix: "_policies"}}
}

type policiesDataSource struct{ dataSourceBase }

type policiesModel struct {
	NameRegex       types.String      `tfsdk:"name_regex"`
	DestProjectName types.String      `tfsdk:"dest_project_name"`
	SrcRegistryID   types.String      `tfsdk:"src_registry_id"`
	Policies        []policyReadModel `tfsdk:"policies"`
	IDs             []types.String    `tfsdk:"ids"`
	Names           []types.String    `tfsdk:"names"`
}

func (d *policiesDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The migration policies of the account, all of them or those that satisfy every argument. Nothing found is an empty list and no error.",
		Attributes: map[string]schema.Attribute{
			"name_regex": schema.StringAttribute{
				MarkdownDescription: nameRegexText,
				Optional:            true,
				Validators:          []validator.String{regexValidator()},
			},
			"dest_project_name": schema.StringAttribute{
				MarkdownDescription: "Namespace of CCR that the policies write to, compared exactly. Default: every namespace.",
				Optional:            true,
				Validators:          []validator.String{nameValidator()},
			},
			"src_registry_id": schema.StringAttribute{
				MarkdownDescription: "Id of the registry that the policies read from. A policy whose source registry cannot be told has none. Default: every registry.",
				Optional:            true,
				Validators:          []validator.String{idValidator()},
			},
			"policies": givenObjects("The policies found, in the order of their ids.", policyReadAttributes()),
			"ids":      givenTexts("Ids of `policies`, in the same order."),
			"names":    givenTexts("Names of `policies`, in the same order."),
		},
	}
}

func (d *policiesDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model policiesModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	pattern := nameRegex(model.NameRegex, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	policies, err := d.client.Policies(ctx)
	if err != nil {
		resp.Diagnostics.Append(apiError("Reading the policies failed", "Could not list the policies", err))
		return
	}
	found := sortedByID(policies, policyID, func(p client.Policy) bool {
		return pattern.MatchString(p.Name) &&
			(model.DestProjectName.IsNull() || p.DestProjectName == model.DestProjectName.ValueString())
	})
	model.Policies = make([]policyReadModel, 0, len(found))
	for _, p := range found {
		source, err := d.client.SourceID(ctx, p)
		if err != nil {
			resp.Diagnostics.Append(apiError("Reading the policies failed", "Could not look for the policies' source registries", err))
			return
		}
		read := newPolicyReadModel(p, source)
		if model.SrcRegistryID.IsNull() || read.SrcRegistryID.Equal(model.SrcRegistryID) {
			model.Policies = append(model.Policies, read)
		}
	}
	model.IDs = texts(model.Policies, func(p policyReadModel) types.String { return p.ID })
	model.Names = texts(model.Policies, func(p policyReadModel) types.String { return p.Name })
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

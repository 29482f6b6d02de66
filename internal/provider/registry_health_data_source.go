package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

var _ datasource.DataSourceWithConfigure = (*registryHealthDataSource)(nil)

func newRegistryHealthDataSource() datasource.DataSource {
	return &registryHealthDataSource{dataSourceBase{suffix: "_registry_health"}}
}

type registryHealthDataSource struct{ dataSourceBase }

type registryHealthModel struct {
	RegistryID types.String `tfsdk:"registry_id"`
	Healthy    types.Bool   `tfsdk:"healthy"`
}

func (d *registryHealthDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Asks CCR, at every read, to reach a source registry with the credential it holds. Made for a `check` block: a registry that CCR cannot reach is `healthy = false` and no error, one that does not exist is an error.",
		Attributes: map[string]schema.Attribute{
			"registry_id": schema.StringAttribute{
				MarkdownDescription: "Id of the `ccr_registry` to check.",
				Required:            true,
				Validators:          []validator.String{idValidator()},
			},
			"healthy": givenFlag("Whether CCR could reach the registry and log in to it now. CCR notes the answer as the registry's `status`."),
		},
	}
}

func (d *registryHealthDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model registryHealthModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	id := parseIDArgument("registry_id", model.RegistryID, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	healthy, err := d.client.CheckRegistry(ctx, id)
	if err != nil {
		if _, lookErr := d.client.Registry(ctx, id); errors.Is(lookErr, client.ErrNotFound) {
			resp.Diagnostics.AddAttributeError(path.Root("registry_id"), "Registry does not exist", fmt.Sprintf(
				"CCR has no registry with the id %s.\n\nNext step: refer to a ccr_registry, or look up the id with the data source ccr_registries.", id))
			return
		}
		resp.Diagnostics.Append(diag.WithPath(path.Root("registry_id"), apiError("Checking the registry failed",
			fmt.Sprintf("Could not ask CCR whether it reaches the registry with the id %s", id), err)))
		return
	}
	model.Healthy = types.BoolValue(healthy)
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

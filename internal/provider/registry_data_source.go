package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

var (
	_ datasource.DataSourceWithConfigure        = (*registryDataSource)(nil)
	_ datasource.DataSourceWithConfigValidators = (*registryDataSource)(nil)
)

func newRegistryDataSource() datasource.DataSource {
	return &registryDataSource{dataSourceBase{suffix: registrySuffix}}
}

type registryDataSource struct{ dataSourceBase }

func (d *registryDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := registryReadAttributes()
	attributes["id"] = schema.StringAttribute{
		MarkdownDescription: "Id of the registry to look up. Exactly one of `id` and `name` must be set.",
		Optional:            true,
		Computed:            true,
		Validators:          []validator.String{idValidator()},
	}
	attributes["name"] = schema.StringAttribute{
		MarkdownDescription: "Name of the registry to look up, compared exactly, case included. Exactly one of `id` and `name` must be set.",
		Optional:            true,
		Computed:            true,
		Validators:          []validator.String{nameValidator()},
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "One source registry, by its id or its exact name. It is an error when none has it, or when several have the name.",
		Attributes:          attributes,
	}
}

func (d *registryDataSource) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return idOrName()
}

func (d *registryDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var config registryReadModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	registry, diags := lookup[client.Registry]{
		noun:  "registry",
		byID:  d.client.Registry,
		named: d.client.RegistryNamed,
		all: func(ctx context.Context) ([]client.Registry, error) {
			return d.client.Registries(ctx, client.RegistryQuery{})
		},
		name: registryName,
	}.find(ctx, config.ID, config.Name)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, newRegistryReadModel(registry))...)
}

// registryReadModel is a registry as data sources give it: without its
// credential, of which the API shows nothing.
type registryReadModel struct {
	ID           types.String `tfsdk:"id"`
	Name         types.String `tfsdk:"name"`
	Type         types.String `tfsdk:"type"`
	URL          types.String `tfsdk:"url"`
	Description  types.String `tfsdk:"description"`
	Insecure     types.Bool   `tfsdk:"insecure"`
	Status       types.String `tfsdk:"status"`
	CreationTime types.String `tfsdk:"creation_time"`
	UpdateTime   types.String `tfsdk:"update_time"`
}

func newRegistryReadModel(r client.Registry) registryReadModel {
	return registryReadModel{
		ID:           types.StringValue(r.ID.String()),
		Name:         types.StringValue(r.Name),
		Type:         types.StringValue(r.Type),
		URL:          types.StringValue(r.URL),
		Description:  textOrNull(r.Description),
		Insecure:     types.BoolValue(r.Insecure),
		Status:       textOrNull(r.Status),
		CreationTime: textOrNull(r.CreationTime.String()),
		UpdateTime:   textOrNull(r.UpdateTime.String()),
	}
}

// registryReadAttributes is the schema of [registryReadModel].
func registryReadAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"id":            givenText("Id that CCR gave the registry."),
		"name":          givenText("Name of the registry, unique in the account."),
		"type":          givenText("Kind of registry, one of " + quotedList(client.RegistryTypes) + "; a CCE image hub is a `docker-registry`."),
		"url":           givenText("URL of the registry, with `http://` or `https://`."),
		"description":   givenText("Free text; null when there is none."),
		"insecure":      givenFlag("Setting for the verification of the registry's TLS certificate, as CCR tells it. The resource `ccr_registry` says why its meaning is in doubt."),
		"status":        givenText("What CCR last found when it checked the registry: `healthy` or `normal`, `unhealthy` or `abnormal`; null until it was checked."),
		"creation_time": givenText("When the registry was created, RFC 3339 in UTC."),
		"update_time":   givenText("When the registry was last changed, RFC 3339 in UTC."),
	}
}

func registryID(r client.Registry) client.ID { return r.ID }
func registryName(r client.Registry) string  { return r.Name }

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

var _ datasource.DataSourceWithConfigure = (*registriesDataSource)(nil)

func newRegistriesDataSource() datasource.DataSource {
	return &registriesDataSource{dataSourceBase{suffix: "_registries"}}
}

type registriesDataSource struct{ dataSourceBase }

type registriesModel struct {
	Keyword    types.String        `tfsdk:"keyword"`
	Type       types.String        `tfsdk:"type"`
	NameRegex  types.String        `tfsdk:"name_regex"`
	Registries []registryReadModel `tfsdk:"registries"`
	IDs        []types.String      `tfsdk:"ids"`
	Names      []types.String      `tfsdk:"names"`
}

const (
	keywordText      = "Text that CCR looks for in the names. What exactly it matches is CCR's own, undocumented rule; use `name_regex` to be exact. Default: every name."
	keywordQueryText = "Text that CCR looks for in the names. What exactly it matches is CCR's own, undocumented rule. Default: every name."
)

func registryTypeText() string {
	return "Kind of registry, one of " + quotedList(client.RegistryTypes) + ". Default: every kind."
}

func (d *registriesDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The source registries of the account, all of them or those that satisfy every argument. Nothing found is an empty list and no error.",
		Attributes: map[string]schema.Attribute{
			"keyword": schema.StringAttribute{
				MarkdownDescription: keywordText,
				Optional:            true,
				Validators:          []validator.String{textValidator()},
			},
			"type": schema.StringAttribute{
				MarkdownDescription: registryTypeText(),
				Optional:            true,
				Validators:          []validator.String{oneOfValidator(client.RegistryTypes)},
			},
			"name_regex": schema.StringAttribute{
				MarkdownDescription: nameRegexText,
				Optional:            true,
				Validators:          []validator.String{regexValidator()},
			},
			"registries": givenObjects("The registries found, in the order of their ids.", registryReadAttributes()),
			"ids":        givenTexts("Ids of `registries`, in the same order."),
			"names":      givenTexts("Names of `registries`, in the same order."),
		},
	}
}

func (d *registriesDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model registriesModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	pattern := nameRegex(model.NameRegex, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	registries, err := d.client.Registries(ctx, registryQuery(model.Keyword, model.Type))
	if err != nil {
		resp.Diagnostics.Append(apiError("Reading the registries failed", "Could not list the registries", err))
		return
	}
	ofType := registryOfType(model.Type)
	found := sortedByID(registries, registryID, func(r client.Registry) bool {
		return ofType(r) && pattern.MatchString(r.Name)
	})
	model.Registries = make([]registryReadModel, len(found))
	for i, r := range found {
		model.Registries[i] = newRegistryReadModel(r)
	}
	model.IDs = texts(model.Registries, func(r registryReadModel) types.String { return r.ID })
	model.Names = texts(model.Registries, func(r registryReadModel) types.String { return r.Name })
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

// registryQuery narrows the list on the server.
func registryQuery(keyword, kind types.String) client.RegistryQuery {
	return client.RegistryQuery{Keyword: keyword.ValueString(), Type: kind.ValueString()}
}

// registryOfType narrows it again by what is certain, should the server not
// have done so. What a keyword matches is not.
func registryOfType(kind types.String) func(client.Registry) bool {
	return func(r client.Registry) bool { return kind.IsNull() || r.Type == kind.ValueString() }
}

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

var _ list.ListResourceWithConfigure = (*registryListResource)(nil)

func newRegistryListResource() list.ListResource {
	return &registryListResource{resourceBase{suffix: registrySuffix}}
}

type registryListResource struct{ resourceBase }

type registryListModel struct {
	Keyword types.String `tfsdk:"keyword"`
	Type    types.String `tfsdk:"type"`
}

func (r *registryListResource) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the source registries of the account. CCR shows no user name and no password: configuration generated from a result needs both filled in.",
		Attributes: map[string]schema.Attribute{
			"keyword": schema.StringAttribute{
				MarkdownDescription: keywordQueryText,
				Optional:            true,
				Validators:          []validator.String{textValidator()},
			},
			"type": schema.StringAttribute{
				MarkdownDescription: registryTypeText(),
				Optional:            true,
				Validators:          []validator.String{oneOfValidator(client.RegistryTypes)},
			},
		},
	}
}

func (r *registryListResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var config registryListModel
	if diags := req.Config.Get(ctx, &config); diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	stream.Results = listing[client.Registry]{
		summary: "Listing the registries failed",
		tried:   "Could not list the registries",
		items:   r.client.EachRegistry(ctx, registryQuery(config.Keyword, config.Type)),
		keep:    registryOfType(config.Type),
		id:      registryID,
		name:    registryName,
		resource: func(_ context.Context, registry client.Registry) (any, error) {
			var m registryModel
			m.read(registry)
			return &m, nil
		},
	}.results(ctx, req)
}

package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// The bases below are embedded for what every resource, data source and action
// needs: its name and what Configure made.

// resourceBase is embedded by resources, and by list resources, whose methods
// for these have the same shape.
type resourceBase struct {
	suffix string
	*configured
}

func (b *resourceBase) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + b.suffix
}

func (b *resourceBase) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	b.configured = take(req.ProviderData, &resp.Diagnostics)
}

// dataSourceBase is embedded by data sources.
type dataSourceBase struct {
	suffix string
	*configured
}

func (b *dataSourceBase) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + b.suffix
}

func (b *dataSourceBase) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	b.configured = take(req.ProviderData, &resp.Diagnostics)
}

// actionBase is embedded by actions.
type actionBase struct {
	suffix string
	*configured
}

func (b *actionBase) Metadata(_ context.Context, req action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + b.suffix
}

func (b *actionBase) Configure(_ context.Context, req action.ConfigureRequest, resp *action.ConfigureResponse) {
	b.configured = take(req.ProviderData, &resp.Diagnostics)
}

// take reads what the provider's Configure handed on; nil before it ran, as
// during validation.
func take(data any, diags *diag.Diagnostics) *configured {
	if data == nil {
		return nil
	}
	c, ok := data.(*configured)
	if !ok {
		diags.AddError("Provider bug: unexpected provider data", fmt.Sprintf("Expected *configured, got %T.", data))
	}
	return c
}

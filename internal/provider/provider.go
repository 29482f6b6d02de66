// Package provider is the Terraform surface of the Cloud Container Registry
// (CCR) of Baidu AI Cloud.
package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

var (
	_ provider.Provider                  = (*ccrProvider)(nil)
	_ provider.ProviderWithActions       = (*ccrProvider)(nil)
	_ provider.ProviderWithFunctions     = (*ccrProvider)(nil)
	_ provider.ProviderWithListResources = (*ccrProvider)(nil)
)

// New returns the provider; version goes into its user agent.
func New(version string) func() provider.Provider {
	return newProvider(version, realWorld())
}

func newProvider(version string, w world) func() provider.Provider {
	return func() provider.Provider { return &ccrProvider{version: version, world: w} }
}

type ccrProvider struct {
	version string
	world   world
}

// configured is what Configure hands to everything the provider offers.
type configured struct {
	client *client.Client
	runner *executionRunner
	world  world
}

func (p *ccrProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "ccr"
	resp.Version = p.version
}

func (p *ccrProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = configSchema()
}

func (p *ccrProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var model configModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	cfg, diags := model.resolve(p.world.getenv)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	cfg.UserAgent = "terraform-provider-ccr/" + p.version + " terraform/" + req.TerraformVersion
	cfg.Transport, cfg.Sleep = p.world.transport, p.world.sleep

	c := client.New(cfg)
	data := &configured{client: c, runner: newExecutionRunner(c, p.world), world: p.world}
	resp.ResourceData = data
	resp.DataSourceData = data
	resp.ListResourceData = data
	resp.ActionData = data
}

func (p *ccrProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		newRegistryResource,
		newPolicyResource,
		newExecutionResource,
	}
}

func (p *ccrProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{
		newRegistryDataSource,
		newRegistriesDataSource,
		newRegistryHealthDataSource,
		newPolicyDataSource,
		newPoliciesDataSource,
		newExecutionsDataSource,
	}
}

func (p *ccrProvider) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{
		newRegistryListResource,
		newPolicyListResource,
	}
}

func (p *ccrProvider) Actions(context.Context) []func() action.Action {
	return []func() action.Action{
		newStartPolicyAction,
		newStopExecutionAction,
		newCheckRegistryAction,
	}
}

func (p *ccrProvider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{newParseImageFunction}
}

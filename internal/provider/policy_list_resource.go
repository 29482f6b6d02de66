package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

var _ list.ListResourceWithConfigure = (*policyListResource)(nil)

func newPolicyListResource() list.ListResource {
	return &policyListResource{resourceBase{suffix: policySuffix}}
}

type policyListResource struct{ resourceBase }

type policyListModel struct {
	NameRegex types.String `tfsdk:"name_regex"`
}

func (r *policyListResource) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the migration policies of the account. CCR does not tell a policy's filters: configuration generated from a result needs them filled in.",
		Attributes: map[string]schema.Attribute{
			"name_regex": schema.StringAttribute{
				MarkdownDescription: nameRegexText,
				Optional:            true,
				Validators:          []validator.String{regexValidator()},
			},
		},
	}
}

func (r *policyListResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var (
		config policyListModel
		diags  diag.Diagnostics
	)
	diags.Append(req.Config.Get(ctx, &config)...)
	pattern := nameRegex(config.NameRegex, &diags)
	if diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	stream.Results = listing[client.Policy]{
		summary: "Listing the policies failed",
		tried:   "Could not list the policies",
		items:   r.client.EachPolicy(ctx),
		keep:    func(p client.Policy) bool { return pattern.MatchString(p.Name) },
		id:      policyID,
		name:    policyName,
		resource: func(ctx context.Context, policy client.Policy) (any, error) {
			source, err := r.client.SourceID(ctx, policy)
			if err != nil {
				return nil, err
			}
			m := policyModel{
				Filters:  types.SetNull(filterType),
				Timeouts: timeouts.Value{Object: types.ObjectNull(map[string]attr.Type{"delete": types.StringType})},
			}
			m.read(policy, source)
			return &m, nil
		},
	}.results(ctx, req)
}

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

// policyModel is the ccr_migration_policy resource.
type policyModel struct {
	ID              types.String   `tfsdk:"id"`
	Name            types.String   `tfsdk:"name"`
	Description     types.String   `tfsdk:"description"`
	SrcRegistryID   types.String   `tfsdk:"src_registry_id"`
	DestProjectName types.String   `tfsdk:"dest_project_name"`
	Override        types.Bool     `tfsdk:"override"`
	Filters         types.Set      `tfsdk:"filters"`
	TriggerType     types.String   `tfsdk:"trigger_type"`
	Timeouts        timeouts.Value `tfsdk:"timeouts"`
	Enabled         types.Bool     `tfsdk:"enabled"`
	PullBase        types.Bool     `tfsdk:"pull_base"`
	CreationTime    types.String   `tfsdk:"creation_time"`
	UpdateTime      types.String   `tfsdk:"update_time"`
}

type filterModel struct {
	Type  types.String `tfsdk:"type"`
	Value types.String `tfsdk:"value"`
}

var filterType = types.ObjectType{AttrTypes: map[string]attr.Type{
	"type": types.StringType, "value": types.StringType,
}}

// input is the whole policy as the API takes it.
func (m *policyModel) input(ctx context.Context) (client.PolicyInput, diag.Diagnostics) {
	var filters []filterModel
	diags := m.Filters.ElementsAs(ctx, &filters, false)
	in := client.PolicyInput{
		Trigger:         client.Trigger{Type: m.TriggerType.ValueString()},
		Name:            m.Name.ValueString(),
		Description:     m.Description.ValueString(),
		SrcRegistry:     client.Source{ID: parseIDArgument("src_registry_id", m.SrcRegistryID, &diags)},
		DestProjectName: m.DestProjectName.ValueString(),
		Override:        m.Override.ValueBool(),
	}
	// A set has no order; name first is how the API's document shows it.
	for _, kind := range client.FilterTypes {
		for _, f := range filters {
			if f.Type.ValueString() == kind {
				in.Filters = append(in.Filters, client.Filter{Type: kind, Value: f.Value.ValueString()})
			}
		}
	}
	return in, diags
}

// read takes over what the API lists. source is the id of the source registry,
// 0 when it cannot be told; filters that do not come back stay as they are.
func (m *policyModel) read(p client.Policy, source client.ID) {
	m.ID = types.StringValue(p.ID.String())
	m.Name = types.StringValue(p.Name)
	m.Description = optionalText(m.Description, p.Description)
	if source != 0 {
		m.SrcRegistryID = types.StringValue(source.String())
	}
	m.DestProjectName = types.StringValue(p.DestProjectName)
	m.Override = types.BoolValue(p.Override)
	m.TriggerType = types.StringValue(p.TriggerType)
	if len(p.Filters) > 0 { // every policy has one, so none is not told
		m.Filters = filterSet(p.Filters)
	}
	m.computed(p)
}

// computed takes over only what the server decides.
func (m *policyModel) computed(p client.Policy) {
	m.Enabled = types.BoolValue(p.Enabled)
	m.PullBase = types.BoolValue(p.PullBase)
	m.CreationTime = textOrNull(p.CreationTime.String())
	m.UpdateTime = textOrNull(p.UpdateTime.String())
}

// settle takes over what the server decides and the plan left open.
func (m *policyModel) settle(p client.Policy) {
	settle(&m.Enabled, types.BoolValue(p.Enabled))
	settle(&m.PullBase, types.BoolValue(p.PullBase))
	settle(&m.CreationTime, textOrNull(p.CreationTime.String()))
	settle(&m.UpdateTime, textOrNull(p.UpdateTime.String()))
}

// unsettle leaves unset what the plan left open.
func (m *policyModel) unsettle() {
	settle(&m.Enabled, types.BoolNull())
	settle(&m.PullBase, types.BoolNull())
	settle(&m.CreationTime, types.StringNull())
	settle(&m.UpdateTime, types.StringNull())
}

func filterSet(filters []client.Filter) types.Set {
	elements := make([]attr.Value, len(filters))
	for i, f := range filters {
		elements[i] = types.ObjectValueMust(filterType.AttrTypes, map[string]attr.Value{
			"type": types.StringValue(f.Type), "value": types.StringValue(f.Value),
		})
	}
	return types.SetValueMust(filterType, elements)
}

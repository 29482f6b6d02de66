package provider

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

func TestPolicyModelInput(t *testing.T) {
	t.Parallel()
	filters := []client.Filter{{Type: "name", Value: "cce/*"}, {Type: "tag", Value: "v1"}}
	full := policyModel{
		ID: types.StringValue("7"), Name: types.StringValue("web"), Description: types.StringValue("images"), SrcRegistryID: types.StringValue("9007199254740993"),
		DestProjectName: types.StringValue("public"), Override: types.BoolValue(true), TriggerType: types.StringValue("manual"),
		Filters: filterSet([]client.Filter{filters[1], filters[0]}), // a set has no order
	}
	in, diags := full.input(t.Context())
	want := client.PolicyInput{
		Trigger: client.Trigger{Type: "manual"}, Name: "web", Description: "images", SrcRegistry: client.Source{ID: 1<<53 + 1},
		DestProjectName: "public", Override: true, Filters: filters,
	}
	if diff := cmp.Diff(want, in); diff != "" || len(diags) > 0 {
		t.Error(diff, diags)
	}
	full.Description, full.Override, full.Filters = types.StringNull(), types.BoolNull(), filterSet(filters[:1])
	in, diags = full.input(t.Context())
	want.Description, want.Override, want.Filters = "", false, filters[:1]
	if diff := cmp.Diff(want, in); diff != "" || len(diags) > 0 {
		t.Error(diff, diags)
	}
	for _, id := range []types.String{types.StringNull(), types.StringUnknown(), types.StringValue("0"), types.StringValue("cce")} {
		full.SrcRegistryID = id
		if _, diags := full.input(t.Context()); !diags.HasError() {
			t.Errorf("the source %s passes", id)
		}
	}
	full.SrcRegistryID, full.Filters = types.StringValue("1"), types.SetUnknown(filterType)
	if _, diags := full.input(t.Context()); !diags.HasError() {
		t.Error("unknown filters pass")
	}
}

func TestPolicyModelRead(t *testing.T) {
	t.Parallel()
	full := client.Policy{
		ID: 1<<53 + 1, Name: "web", Description: "images", PullBase: true, SrcRegistry: client.RegistryRef{Name: "cce"}, DestProjectName: "public",
		TriggerType: "manual", Override: true, Enabled: true, ExecutionTimes: 4, CreationTime: registryTime, UpdateTime: registryTime,
	}
	fresh := policyModel{Filters: types.SetNull(filterType)}
	fresh.read(full, 0)
	want := policyModel{
		ID: types.StringValue("9007199254740993"), Name: types.StringValue("web"), Description: types.StringValue("images"), DestProjectName: types.StringValue("public"),
		Override: types.BoolValue(true), Filters: types.SetNull(filterType), TriggerType: types.StringValue("manual"),
		Enabled: types.BoolValue(true), PullBase: types.BoolValue(true),
		CreationTime: types.StringValue("2026-01-02T03:04:05.0000006Z"), UpdateTime: types.StringValue("2026-01-02T03:04:05.0000006Z"),
	}
	if !reflect.DeepEqual(fresh, want) {
		t.Errorf("after an import whose source cannot be told: %+v", fresh)
	}
	mine := func() policyModel {
		m := want
		m.SrcRegistryID, m.Filters = types.StringValue("3"), filterSet([]client.Filter{{Type: "name", Value: "cce/web"}})
		return m
	}
	for name, c := range map[string]struct {
		change func(*client.Policy)
		source client.ID
		want   func(*policyModel)
	}{
		"source gone":  {func(*client.Policy) {}, 0, func(*policyModel) {}},
		"source moved": {func(*client.Policy) {}, 4, func(m *policyModel) { m.SrcRegistryID = types.StringValue("4") }},
		"cleared":      {func(p *client.Policy) { p.Description = "" }, 3, func(m *policyModel) { m.Description = types.StringNull() }},
		"disabled":     {func(p *client.Policy) { p.Enabled = false }, 3, func(m *policyModel) { m.Enabled = types.BoolValue(false) }},
		"trigger":      {func(p *client.Policy) { p.TriggerType = "scheduled" }, 3, func(m *policyModel) { m.TriggerType = types.StringValue("scheduled") }},
		"filters": {func(p *client.Policy) { p.Filters = []client.Filter{{Type: "name", Value: "a/b"}} }, 3, func(m *policyModel) {
			m.Filters = filterSet([]client.Filter{{Type: "name", Value: "a/b"}})
		}},
		"no filters": {func(p *client.Policy) { p.Filters = []client.Filter{} }, 3, func(*policyModel) {}},
	} {
		p, got, want := full, mine(), mine()
		c.change(&p)
		got.read(p, c.source)
		c.want(&want)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

func TestPolicyModelSettle(t *testing.T) {
	t.Parallel()
	m := policyModel{Enabled: types.BoolValue(true), PullBase: types.BoolUnknown(), CreationTime: types.StringValue("then"), UpdateTime: types.StringUnknown()}
	m.unsettle()
	if !m.Enabled.ValueBool() || !m.PullBase.IsNull() || m.CreationTime.ValueString() != "then" || !m.UpdateTime.IsNull() {
		t.Errorf("without an answer: %+v", m)
	}
	m.settle(client.Policy{PullBase: true, CreationTime: registryTime, UpdateTime: registryTime})
	if !m.Enabled.ValueBool() || !m.PullBase.ValueBool() || m.CreationTime.ValueString() != "then" || m.UpdateTime.ValueString() != registryTime.String() {
		t.Errorf("with the answer after it: %+v", m)
	}
}

func TestNameFilter(t *testing.T) {
	t.Parallel()
	for want, filters := range map[string]types.Set{
		"a/b": filterSet([]client.Filter{{Type: "tag", Value: "v1"}, {Type: "name", Value: "a/b"}}),
		"":    filterSet([]client.Filter{{Type: "tag", Value: "v1"}}),
	} {
		if got := (&policyModel{Filters: filters}).nameFilter(t.Context()); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for _, filters := range []types.Set{types.SetNull(filterType), types.SetUnknown(filterType)} {
		if got := (&policyModel{Filters: filters}).nameFilter(t.Context()); got != "" {
			t.Errorf("%s: got %q", filters, got)
		}
	}
}

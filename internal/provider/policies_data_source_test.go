package provider

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

func TestPolicyReadModel(t *testing.T) {
	t.Parallel()
	least := newPolicyReadModel(client.Policy{ID: 1}, 0)
	if !least.SrcRegistryID.IsNull() || !least.SrcRegistryName.IsNull() || !least.Filters.IsNull() || !least.Description.IsNull() || !least.UpdateTime.IsNull() {
		t.Errorf("what the API leaves empty is not null: %v", least)
	}
	full := newPolicyReadModel(client.Policy{
		ID: 2, Name: "p", SrcRegistry: client.RegistryRef{Name: "cce"}, ExecutionTimes: 3, PullBase: true, Enabled: true, Override: true,
		Filters: []client.Filter{{Type: "name", Value: "cce/web"}},
	}, 7)
	if full.SrcRegistryID.ValueString() != "7" || full.SrcRegistryName.ValueString() != "cce" || full.ExecutionTimes.ValueInt64() != 3 ||
		!full.PullBase.ValueBool() || !full.Enabled.ValueBool() || !full.Override.ValueBool() || len(full.Filters.Elements()) != 1 {
		t.Errorf("got %v", full)
	}
	if none := newPolicyReadModel(client.Policy{ID: 2, Filters: []client.Filter{}}, 0); !none.Filters.IsNull() {
		t.Error("a policy has filters, so an empty list tells none, and yet it is not null")
	}
}

// seedPolicies declares two registries and three policies.
func seedPolicies(m *testMock) (cce, harbor int64) {
	cce = m.CreateRegistry(ccrmock.Registry{Name: "cce-hub", URL: "http://127.0.0.1"})
	harbor = m.CreateRegistry(ccrmock.Registry{Name: "harbor", URL: "http://127.0.0.1", Type: "harbor"})
	filters := []ccrmock.Filter{{Type: ccrmock.FilterName, Value: "cce/web"}}
	for _, p := range []ccrmock.Policy{
		{Name: "web", SrcRegistryID: cce, DestProjectName: "public", ExecutionTimes: 4, Description: "d", Override: true},
		{Name: "api", SrcRegistryID: cce, DestProjectName: "private"},
		{Name: "web-2", SrcRegistryID: harbor, DestProjectName: "public"},
	} {
		p.Filters, p.CreationTime, p.UpdateTime = filters, someTime, someTime
		m.CreatePolicy(p)
	}
	return cce, harbor
}

func TestPolicyDataSource(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	cce, _ := seedPolicies(m)
	s := m.startProvider(t)
	want := object{
		"id": "1", "name": "web", "description": "d", "src_registry_id": idText(cce), "src_registry_name": "cce-hub", "dest_project_name": "public",
		"override": true, "filters": nil, "trigger_type": "manual", "enabled": true, "pull_base": true, "execution_times": int64(4),
		"creation_time": someTimeText, "update_time": someTimeText,
	}
	for _, by := range []arguments{{"id": "1"}, {"name": "web"}} {
		if diff := cmp.Diff(want, s.mustRead(t, "ccr_migration_policy", by)); diff != "" {
			t.Errorf("%v: %s", by, diff)
		}
	}
	if n := m.Count("GET", "/v1/ccr/policies") + m.Count("GET", "/v1/ccr/registries"); n != 2 {
		t.Errorf("two lookups took %d requests, not one listing of policies and one of registries", n)
	}
	_, diags := s.read(t, "ccr_migration_policy", arguments{"name": "Web"})
	wantError(t, diags, `No policy is named "Web"`, `Similar names: "web", "web-2".`)
	_, diags = s.read(t, "ccr_migration_policy", arguments{"id": "4711"})
	wantError(t, diags, "CCR has no policy with the id 4711")
}

func TestPolicyDataSourceTakesFiltersThatCome(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	seedPolicies(m)
	m.ReturnFilters(true)
	m.SrcRegistryAsObject(true)
	state := m.startProvider(t).mustRead(t, "ccr_migration_policy", arguments{"id": "1"})
	if diff := cmp.Diff([]any{object{"type": "name", "value": "cce/web"}}, state["filters"]); diff != "" {
		t.Error(diff)
	}
	if n := m.Count("GET", "/v1/ccr/registries"); n != 0 || state["src_registry_id"] != "1" {
		t.Errorf("the source is %v after %d listings of registries; the policy names its id", state["src_registry_id"], n)
	}
}

func TestPoliciesDataSource(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	cce, harbor := seedPolicies(m)
	s := m.startProvider(t)
	for _, c := range []struct {
		given arguments
		want  []any
	}{
		{arguments{}, []any{"web", "api", "web-2"}},
		{arguments{"name_regex": "^web"}, []any{"web", "web-2"}},
		{arguments{"dest_project_name": "public"}, []any{"web", "web-2"}},
		{arguments{"dest_project_name": "publi"}, []any{}},
		{arguments{"src_registry_id": idText(cce)}, []any{"web", "api"}},
		{arguments{"src_registry_id": idText(harbor), "dest_project_name": "public", "name_regex": "2$"}, []any{"web-2"}},
		{arguments{"src_registry_id": "4711"}, []any{}},
	} {
		state := s.mustRead(t, "ccr_policies", c.given)
		if diff := cmp.Diff(c.want, state["names"]); diff != "" {
			t.Errorf("%v: %s", c.given, diff)
		}
		if len(state["policies"].([]any)) != len(c.want) || len(state["ids"].([]any)) != len(c.want) {
			t.Errorf("%v: names, ids and policies are not of one length", c.given)
		}
	}
	web := s.mustRead(t, "ccr_policies", arguments{})["policies"].([]any)[0].(object)
	if web["execution_times"] != int64(4) || web["src_registry_id"] != idText(cce) || web["src_registry_name"] != "cce-hub" || web["filters"] != nil {
		t.Errorf("got %v", web)
	}
}

func TestPoliciesDataSourceReadsEveryPage(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	cce := m.CreateRegistry(ccrmock.Registry{Name: "cce-hub", URL: "http://127.0.0.1"})
	m.SeedPolicies(250, "p", cce)
	state := m.startProvider(t).mustRead(t, "ccr_policies", arguments{})
	ids := state["ids"].([]any)
	if len(ids) != 250 || ids[0] != "1" || ids[249] != "250" {
		t.Errorf("%d ids: %v", len(ids), ids)
	}
	if policies, registries := m.Count("GET", "/v1/ccr/policies"), m.Count("GET", "/v1/ccr/registries"); policies != 6 || registries != 1 {
		t.Errorf("%d requests for policies and %d for registries, not two listings of 3 pages and 1", policies, registries)
	}
}

// A policy outlives its source registry only where somebody removed it.
func TestPoliciesDataSourceWithoutSource(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	cce, _ := seedPolicies(m)
	m.DeleteRegistry(cce)
	state := m.startProvider(t).mustRead(t, "ccr_policies", arguments{})
	if web := state["policies"].([]any)[0].(object); web["src_registry_id"] != nil {
		t.Errorf("the source of %v", web)
	}
}

func TestPoliciesDataSourceErrors(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	cce := m.CreateRegistry(ccrmock.Registry{Name: "cce-hub", URL: "http://127.0.0.1"})
	m.SeedPolicies(150, "p", cce)
	s := m.startProvider(t)
	_, diags := s.read(t, "ccr_policies", arguments{"name_regex": "[z-a]"})
	wantError(t, diags, "invalid character class range at byte 1")

	fault := m.AddFault(ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "AccessDenied", Path: "/v1/ccr/policies", QueryContains: "pageNo=2", Times: -1})
	state, diags := s.read(t, "ccr_policies", arguments{})
	wantError(t, diags, "Reading the policies failed", "AccessDenied")
	if state["ids"] != nil {
		t.Errorf("a list that failed on its second page gives %v", state["ids"])
	}
	m.RemoveFault(fault)
	m.AddFault(ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "AccessDenied", Path: "/v1/ccr/registries", Times: -1})
	for _, name := range []string{"ccr_policies", "ccr_migration_policy"} {
		given := arguments{}
		if name == "ccr_migration_policy" {
			given["name"] = "p-1"
		}
		_, diags = s.read(t, name, given)
		wantError(t, diags, "source regist", "AccessDenied", "/v1/ccr/registries")
	}
}

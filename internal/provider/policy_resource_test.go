package provider

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

func policyValue(attribute string, value knownvalue.Check) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(policyAddress, tfjsonpath.New(attribute), value)
}

// noPolicies wants no policy to be left; the seeded source stays.
func (m *testMock) noPolicies(*terraform.State) error {
	if n := len(m.Policies()); n != 0 {
		return fmt.Errorf("CCR still holds %d policies", n)
	}
	return nil
}

func TestPolicyMinimal(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	m.seedSource(t)
	acceptance(t, resource.TestCase{
		CheckDestroy: m.noPolicies,
		Steps: []resource.TestStep{{
			Config:           m.policy(nil),
			ConfigPlanChecks: creates(policyAddress),
			Check:            m.holdsPolicy(heldPolicy),
			ConfigStateChecks: []statecheck.StateCheck{
				policyValue("id", knownvalue.StringExact("1")),
				policyValue("description", knownvalue.Null()),
				policyValue("override", knownvalue.Bool(false)),
				policyValue("trigger_type", knownvalue.StringExact("manual")),
				policyValue("enabled", knownvalue.Bool(true)),
				policyValue("pull_base", knownvalue.Bool(true)),
				policyValue("creation_time", knownvalue.NotNull()),
				policyValue("update_time", knownvalue.NotNull()),
			},
		}},
	})
}

func TestPolicyFull(t *testing.T) {
	t.Parallel()
	m := startMock(t, ccrmock.WithFirstID(1<<53+1))
	acceptance(t, resource.TestCase{
		CheckDestroy: m.holdsNothing,
		Steps: []resource.TestStep{{
			Config: m.registry(nil) + declaredPolicy.with(hcl{
				"src_registry_id": "ccr_registry.test.id",
				"description":     `"äöü"`,
				"override":        "true",
				"trigger_type":    `"manual"`,
				"filters":         `[{ type = "tag", value = "v1" }, { type = "name", value = "cce/{web,api}" }]`,
				"timeouts":        `{ delete = "1m" }`,
			}).block(`resource "ccr_migration_policy" "test"`),
			Check: m.holdsPolicy(ccrmock.Policy{
				Name: "web", Description: "äöü", SrcRegistryID: 1<<53 + 1, DestProjectName: "public", Override: true, TriggerType: "manual",
				Filters: []ccrmock.Filter{{Type: "name", Value: "cce/{web,api}"}, {Type: "tag", Value: "v1"}},
			}),
		}},
	})
}

// Each attribute changes alone: the plan is an update in place, CCR then holds
// the change and all else, and the next plan is empty.
func TestPolicyUpdatesInPlace(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	m.seedSource(t)
	m.CreateRegistry(ccrmock.Registry{Name: "source-2", URL: "http://hub-2.example"})
	declared, held := hcl{}, heldPolicy
	steps := []resource.TestStep{{Config: m.policy(nil), Check: m.holdsPolicy(held)}}
	for _, change := range []struct {
		hcl  hcl
		held func(*ccrmock.Policy)
	}{
		{hcl{"name": `"web-2"`}, func(p *ccrmock.Policy) { p.Name = "web-2" }},
		{hcl{"src_registry_id": `"2"`}, func(p *ccrmock.Policy) { p.SrcRegistryID = 2 }},
		{hcl{"dest_project_name": `"private"`}, func(p *ccrmock.Policy) { p.DestProjectName = "private" }},
		{hcl{"override": "true"}, func(p *ccrmock.Policy) { p.Override = true }},
		{hcl{"description": `""`}, func(*ccrmock.Policy) {}},
		{hcl{"description": `"images"`}, func(p *ccrmock.Policy) { p.Description = "images" }},
		{hcl{"description": ""}, func(p *ccrmock.Policy) { p.Description = "" }},
		{hcl{"filters": `[{ type = "name", value = "cce/api" }]`}, func(p *ccrmock.Policy) {
			p.Filters = []ccrmock.Filter{{Type: "name", Value: "cce/api"}}
		}},
		{hcl{"filters": `[{ type = "tag", value = "v*" }, { type = "name", value = "cce/api" }]`}, func(p *ccrmock.Policy) {
			p.Filters = []ccrmock.Filter{{Type: "name", Value: "cce/api"}, {Type: "tag", Value: "v*"}}
		}},
		{hcl{"timeouts": `{ delete = "1m" }`}, func(*ccrmock.Policy) {}},
	} {
		declared, held = declared.with(change.hcl), but(held, change.held)
		steps = append(steps, resource.TestStep{Config: m.policy(declared), ConfigPlanChecks: updates(policyAddress), Check: m.holdsPolicy(held)})
	}
	// Filters are a set: their order is nobody's business.
	steps = append(steps, resource.TestStep{
		Config:           m.policy(declared.with(hcl{"filters": `[{ type = "name", value = "cce/api" }, { type = "tag", value = "v*" }]`})),
		ConfigPlanChecks: plansNothing(),
	})
	acceptance(t, resource.TestCase{CheckDestroy: m.noPolicies, Steps: steps})
	if creates := m.Count("POST", "/v1/ccr/policies"); creates != 1 {
		t.Errorf("%d policies were created", creates)
	}
}

func TestPolicyUnknownInputs(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	m.seedSource(t)
	m.CreateRegistry(ccrmock.Registry{Name: "source-2", URL: "http://hub-2.example"})
	late := func(text string) string {
		return hcl{"input": text}.block(`resource "terraform_data" "late"`) + m.policy(hcl{
			"name":            "terraform_data.late.output.name",
			"src_registry_id": "terraform_data.late.output.source",
			"filters":         "terraform_data.late.output.filters",
		})
	}
	acceptance(t, resource.TestCase{CheckDestroy: m.noPolicies, Steps: []resource.TestStep{
		{
			Config: late(`{ name = "web", source = "1", filters = [{ type = "name", value = "cce/web" }] }`),
			ConfigPlanChecks: plans(policyAddress, plancheck.ResourceActionCreate,
				plancheck.ExpectUnknownValue(policyAddress, tfjsonpath.New("filters")),
				plancheck.ExpectUnknownValue(policyAddress, tfjsonpath.New("src_registry_id"))),
			Check: m.holdsPolicy(heldPolicy),
		},
		{
			Config:           late(`{ name = "web", source = "2", filters = [{ type = "name", value = "cce/web" }, { type = "tag", value = "v1" }] }`),
			ConfigPlanChecks: updates(policyAddress),
			Check: m.holdsPolicy(but(heldPolicy, func(p *ccrmock.Policy) {
				p.SrcRegistryID, p.Filters = 2, append(p.Filters[:1:1], ccrmock.Filter{Type: "tag", Value: "v1"})
			})),
		},
	}})
}

// policyDrifts are what anybody may change outside Terraform and CCR tells.
var policyDrifts = []func(*ccrmock.Policy){
	func(p *ccrmock.Policy) { p.Name = "renamed" },
	func(p *ccrmock.Policy) { p.Description = "by hand" },
	func(p *ccrmock.Policy) { p.SrcRegistryID = 2 },
	func(p *ccrmock.Policy) { p.DestProjectName = "elsewhere" },
	func(p *ccrmock.Policy) { p.Override = true },
}

// What was changed outside Terraform shows as an update, which undoes it.
func TestPolicyDrift(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	m.seedSource(t)
	m.CreateRegistry(ccrmock.Registry{Name: "source-2", URL: "http://hub-2.example"})
	acceptance(t, resource.TestCase{Steps: []resource.TestStep{
		{Config: m.policy(nil)},
		{
			PreConfig: func() {
				for _, drift := range policyDrifts {
					m.UpdatePolicy(1, drift)
				}
			},
			Config:           m.policy(nil),
			ConfigPlanChecks: updates(policyAddress),
			Check:            m.holdsPolicy(heldPolicy),
		},
	}})
}

func TestPolicyDriftOfEachAttribute(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	m.seedSource(t)
	m.CreateRegistry(ccrmock.Registry{Name: "source-2", URL: "http://hub-2.example"})
	p := m.core(t, "ccr_migration_policy", nil)
	wantQuiet(t, p.apply(plainPolicy))
	undone := func(what any) {
		t.Helper()
		wantQuiet(t, p.refresh())
		planned, _ := p.plan(plainPolicy)
		if planned.action != "update" {
			t.Errorf("change %v: the plan is to %q", what, planned.action)
		}
		wantQuiet(t, p.applyPlan(planned))
		if err := m.holdsPolicy(heldPolicy)(nil); err != nil {
			t.Errorf("change %v: %v", what, err)
		}
	}
	for i, drift := range policyDrifts {
		m.UpdatePolicy(1, drift)
		undone(i)
	}
	// CCR does not tell filters; should it begin to, a change of them shows too.
	m.ReturnFilters(true)
	m.UpdatePolicy(1, func(p *ccrmock.Policy) { p.Filters = []ccrmock.Filter{{Type: "name", Value: "by/hand"}} })
	undone("filters")
}

// What the console decides is no drift, and an update leaves it alone.
func TestPolicyDisabledInTheConsole(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	m.seedSource(t)
	acceptance(t, resource.TestCase{Steps: []resource.TestStep{
		{Config: m.policy(nil)},
		{
			PreConfig:         func() { m.UpdatePolicy(1, func(p *ccrmock.Policy) { p.Disabled = true }) },
			Config:            m.policy(nil),
			ConfigPlanChecks:  plansNothing(),
			ConfigStateChecks: []statecheck.StateCheck{policyValue("enabled", knownvalue.Bool(false))},
		},
		{ // and back, between plan and apply
			Config: m.policy(hcl{"override": "true"}),
			ConfigPlanChecks: plans(policyAddress, plancheck.ResourceActionUpdate, beforeApply(func() {
				m.UpdatePolicy(1, func(p *ccrmock.Policy) { p.Disabled = false })
			})),
			Check: m.holdsPolicy(but(heldPolicy, func(p *ccrmock.Policy) { p.Override = true })),
		},
	}})
}

func TestPolicyGoneIsCreatedAnew(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	m.seedSource(t)
	acceptance(t, resource.TestCase{CheckDestroy: m.noPolicies, Steps: []resource.TestStep{
		{Config: m.policy(nil)},
		{
			PreConfig:         func() { m.DeletePolicy(1) },
			Config:            m.policy(nil),
			ConfigPlanChecks:  creates(policyAddress),
			Check:             m.holdsPolicy(heldPolicy),
			ConfigStateChecks: []statecheck.StateCheck{policyValue("id", knownvalue.StringExact("2"))},
		},
		{
			PreConfig: func() { m.DeletePolicy(2) },
			Config:    m.policy(nil),
			Destroy:   true,
		},
	}})
}

// A source registry that was deleted behind Terraform's back cannot be told
// from the list; the policy stays as it is in the state.
func TestPolicyWithSourceGone(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	m.seedSource(t)
	p := m.core(t, "ccr_migration_policy", nil)
	wantQuiet(t, p.apply(plainPolicy))
	before := p.fields()
	m.DeleteRegistry(1)
	wantQuiet(t, p.refresh())
	if diff := cmp.Diff(before, p.fields()); diff != "" {
		t.Error(diff)
	}
}

func TestPolicyRefreshErrorStopsThePlan(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	m.seedSource(t)
	fail := func() {
		m.AddFault(ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "InternalError", Path: "/v1/ccr/policies", Method: "GET", Times: -1})
	}
	acceptance(t, resource.TestCase{CheckDestroy: m.noPolicies, Steps: []resource.TestStep{
		{Config: m.policy(nil)},
		{PreConfig: fail, Config: m.policy(nil), PlanOnly: true, ExpectError: says(
			"Reading the policy failed", `Could not read the policy "web" (id 1)`, "HTTP status: 500", "Next step:")},
		{PreConfig: m.ClearFaults, Config: m.policy(nil), ConfigPlanChecks: plansNothing()},
	}})
}

func TestPolicyRefreshErrorsRemoveNothing(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/v1/ccr/policies", "/v1/ccr/registries"} { // the source is known by its name
		for _, failure := range refreshFailures {
			t.Run(path+" "+failure.name, func(t *testing.T) {
				t.Parallel()
				m := startMock(t)
				m.seedSource(t)
				p := m.core(t, "ccr_migration_policy", fields{"max_retries": 1})
				wantQuiet(t, p.apply(plainPolicy))
				before := p.fields()
				failure.fault.Method, failure.fault.Path, failure.fault.Times = "GET", path, -1
				m.AddFault(failure.fault)
				if failure.fault.Kind == ccrmock.FaultHangBefore {
					p.settings["request_timeout"] = "200ms"
				}
				wantFailure(t, p.refresh(), "Reading the policy failed", `Could not read the policy "web" (id 1)`, failure.says)
				m.ClearFaults()
				delete(p.settings, "request_timeout")
				wantQuiet(t, p.refresh())
				if diff := cmp.Diff(before, p.fields()); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

package provider

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

func registryValue(attribute string, value knownvalue.Check) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(registryAddress, tfjsonpath.New(attribute), value)
}

func TestRegistryMinimal(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	acceptance(t, resource.TestCase{
		CheckDestroy: m.holdsNothing,
		Steps: []resource.TestStep{{
			Config:           m.registry(nil),
			ConfigPlanChecks: creates(registryAddress),
			Check:            m.holds(heldRegistry),
			ConfigStateChecks: []statecheck.StateCheck{
				registryValue("id", knownvalue.StringExact("1")),
				registryValue("name", knownvalue.StringExact("cce")),
				registryValue("description", knownvalue.Null()),
				registryValue("insecure", knownvalue.Bool(false)),
				registryValue("require_healthy", knownvalue.Bool(false)),
				registryValue("status", knownvalue.Null()),
				registryValue("creation_time", knownvalue.NotNull()),
				registryValue("update_time", knownvalue.NotNull()),
			},
		}},
	})
}

func TestRegistryFull(t *testing.T) {
	t.Parallel()
	m, src := startMock(t, ccrmock.WithFirstID(1<<53+1)), startSource(t)
	want := heldRegistry
	want.URL, want.Type, want.Description, want.Insecure, want.AccessSecret = src.URL, "harbor", "äöü\nsecond line", true, sourcePassword
	acceptance(t, resource.TestCase{
		CheckDestroy: m.holdsNothing,
		Steps: []resource.TestStep{{
			Config: m.registry(hcl{
				"type": `"harbor"`, "url": `"` + src.URL + `"`, "description": `"äöü\nsecond line"`, "insecure": "true", "require_healthy": "true",
				"credential": `{ type = "basic", access_key = "puller", access_secret_wo = "pull-s3cr3t", access_secret_wo_version = 1 }`,
			}),
			Check: m.holds(want),
			ConfigStateChecks: []statecheck.StateCheck{
				registryValue("id", knownvalue.StringExact("9007199254740993")), // beyond what a float holds
				registryValue("status", knownvalue.StringExact("healthy")),
			},
		}},
	})
}

// Each attribute changes alone: the plan is an update in place, CCR then holds
// the change and all else, the secret included, and the next plan is empty.
func TestRegistryUpdatesInPlace(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	declared, held := hcl{}, heldRegistry
	steps := []resource.TestStep{{Config: m.registry(nil), Check: m.holds(held)}}
	for _, change := range []struct {
		hcl  hcl
		held func(*ccrmock.Registry)
	}{
		{hcl{"name": `"cce-2"`}, func(r *ccrmock.Registry) { r.Name = "cce-2" }},
		{hcl{"type": `"harbor"`}, func(r *ccrmock.Registry) { r.Type = "harbor" }},
		{hcl{"url": `"https://hub.example:8443/"`}, func(r *ccrmock.Registry) { r.URL = "https://hub.example:8443/" }},
		{hcl{"insecure": "true"}, func(r *ccrmock.Registry) { r.Insecure = true }},
		{hcl{"description": `""`}, func(*ccrmock.Registry) {}},
		{hcl{"description": `"a hub"`}, func(r *ccrmock.Registry) { r.Description = "a hub" }},
		{hcl{"description": `""`}, func(r *ccrmock.Registry) { r.Description = "" }},
		{hcl{"description": `"a hub"`}, func(r *ccrmock.Registry) { r.Description = "a hub" }},
		{hcl{"description": ""}, func(r *ccrmock.Registry) { r.Description = "" }},
		{hcl{"credential": `{ access_key = "other", access_secret = "pull-s3cr3t" }`}, func(r *ccrmock.Registry) { r.AccessKey = "other" }},
		{hcl{"credential": `{ access_key = "other", access_secret = "s3cr3t-2" }`}, func(r *ccrmock.Registry) { r.AccessSecret = "s3cr3t-2" }},
	} {
		declared = declared.with(change.hcl)
		held = but(held, change.held)
		steps = append(steps, resource.TestStep{Config: m.registry(declared), ConfigPlanChecks: updates(registryAddress), Check: m.holds(held)})
	}
	acceptance(t, resource.TestCase{CheckDestroy: m.holdsNothing, Steps: steps})
	if creates := m.Count("POST", "/v1/ccr/registries"); creates != 1 {
		t.Errorf("%d registries were created", creates)
	}
}

// A server may trim the slash that closes a URL.
func TestRegistryURLWithClosingSlash(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	trim := func() { m.UpdateRegistry(1, func(r *ccrmock.Registry) { r.URL = "http://hub.example" }) }
	acceptance(t, resource.TestCase{Steps: []resource.TestStep{
		{Config: m.registry(hcl{"url": `"http://hub.example/"`})},
		{PreConfig: trim, Config: m.registry(hcl{"url": `"http://hub.example/"`}), ConfigPlanChecks: plansNothing()},
		{Config: m.registry(hcl{"url": `"http://hub.example/other"`}), ConfigPlanChecks: updates(registryAddress)},
	}})
}

func TestRegistryUnknownInputs(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	late := func(text string) string {
		return hcl{"input": text}.block(`resource "terraform_data" "late"`) + m.registry(hcl{
			"url":         "terraform_data.late.output.url",
			"description": "terraform_data.late.output.description",
			"credential":  "{ access_key = terraform_data.late.output.user, access_secret = terraform_data.late.output.password }",
		})
	}
	want := heldRegistry
	want.URL, want.Description = "http://late.example", "late"
	acceptance(t, resource.TestCase{CheckDestroy: m.holdsNothing, Steps: []resource.TestStep{
		{
			Config: late(`{ url = "http://late.example", description = "late", user = "puller", password = "pull-s3cr3t" }`),
			ConfigPlanChecks: plans(registryAddress, plancheck.ResourceActionCreate,
				plancheck.ExpectUnknownValue(registryAddress, tfjsonpath.New("url"))),
			Check: m.holds(want),
		},
		{
			Config:           late(`{ url = "http://later.example", description = null, user = "puller", password = "pull-s3cr3t-2" }`),
			ConfigPlanChecks: updates(registryAddress),
			Check: m.holds(but(want, func(r *ccrmock.Registry) {
				r.URL, r.Description, r.AccessSecret = "http://later.example", "", "pull-s3cr3t-2"
			})),
		},
		{ // write-only, and not known before the apply
			Config: hcl{"input": `"pull-s3cr3t-3"`}.block(`resource "terraform_data" "password"`) + m.registry(hcl{
				"credential": `{ access_key = "puller", access_secret_wo = terraform_data.password.output, access_secret_wo_version = 1 }`,
			}),
			ConfigPlanChecks: updates(registryAddress),
			Check:            m.holds(but(heldRegistry, func(r *ccrmock.Registry) { r.AccessSecret = "pull-s3cr3t-3" })),
		},
	}})
}

// registryDrifts are what anybody may change outside Terraform.
var registryDrifts = []func(*ccrmock.Registry){
	func(r *ccrmock.Registry) { r.Name = "renamed" },
	func(r *ccrmock.Registry) { r.Type = "harbor" },
	func(r *ccrmock.Registry) { r.URL = "http://elsewhere.example" },
	func(r *ccrmock.Registry) { r.Description = "by hand" },
	func(r *ccrmock.Registry) { r.Insecure = true },
}

// What was changed outside Terraform shows as an update, which undoes it.
func TestRegistryDrift(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	acceptance(t, resource.TestCase{Steps: []resource.TestStep{
		{Config: m.registry(nil)},
		{
			PreConfig: func() {
				for _, drift := range registryDrifts {
					m.UpdateRegistry(1, drift)
				}
			},
			Config:           m.registry(nil),
			ConfigPlanChecks: updates(registryAddress),
			Check:            m.holds(heldRegistry),
		},
	}})
}

func TestRegistryDriftOfEachAttribute(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	r := m.core(t, "ccr_registry", nil)
	wantNoError(t, r.apply(plainRegistry))
	for i, drift := range registryDrifts {
		m.UpdateRegistry(1, drift)
		wantQuiet(t, r.refresh())
		planned, _ := r.plan(plainRegistry)
		if planned.action != "update" {
			t.Errorf("change %d: the plan is to %q", i, planned.action)
		}
		wantNoError(t, r.applyPlan(planned))
		if err := m.holds(heldRegistry)(nil); err != nil {
			t.Errorf("change %d: %v", i, err)
		}
	}
}

// What only the server decides is no drift.
func TestRegistryStatusIsNoDrift(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	acceptance(t, resource.TestCase{Steps: []resource.TestStep{
		{Config: m.registry(nil)},
		{
			PreConfig:        func() { m.RunHealthChecks(t.Context()) },
			Config:           m.registry(nil),
			ConfigPlanChecks: plansNothing(),
			ConfigStateChecks: []statecheck.StateCheck{
				registryValue("status", knownvalue.StringExact("unhealthy")),
			},
		},
	}})
}

func TestRegistryGoneIsCreatedAnew(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	acceptance(t, resource.TestCase{CheckDestroy: m.holdsNothing, Steps: []resource.TestStep{
		{Config: m.registry(nil)},
		{
			PreConfig:        func() { m.DeleteRegistry(1) },
			Config:           m.registry(nil),
			ConfigPlanChecks: creates(registryAddress),
			Check:            m.holds(heldRegistry),
			ConfigStateChecks: []statecheck.StateCheck{
				registryValue("id", knownvalue.StringExact("2")),
			},
		},
		// Gone between plan and destroy: that is what a destroy wants.
		{
			PreConfig: func() { m.DeleteRegistry(2) },
			Config:    m.registry(nil),
			Destroy:   true,
		},
	}})
}

// A refresh that fails stops the plan, and what is in the state stays there.
func TestRegistryRefreshErrorStopsThePlan(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	fail := func() {
		m.AddFault(ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "InternalError", Method: "GET", Times: -1})
	}
	acceptance(t, resource.TestCase{CheckDestroy: m.holdsNothing, Steps: []resource.TestStep{
		{Config: m.registry(nil)},
		{PreConfig: fail, Config: m.registry(nil), PlanOnly: true, ExpectError: says(
			"Reading the registry failed", `Could not read the registry "cce" (id 1)`, "HTTP status: 500", "Next step:")},
		{PreConfig: m.ClearFaults, Config: m.registry(nil), ConfigPlanChecks: plansNothing()},
	}})
}

// refreshFailures are answers to a list that do not say that anything is gone.
var refreshFailures = []struct {
	name  string
	fault ccrmock.Fault
	says  string
}{
	{"500", ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "InternalError"}, "HTTP status: 500"},
	{"401", ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "Unauthorized"}, "Code: Unauthorized"},
	{"403", ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "AccessDenied"}, "Code: AccessDenied"},
	{"404", ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "NotFound"}, "HTTP status: 404"},
	{"404 in HTML", ccrmock.Fault{Kind: ccrmock.FaultBody, Status: 404, Body: "<html>Not here</html>"}, "HTTP status: 404"},
	{"502 in HTML", ccrmock.Fault{Kind: ccrmock.FaultBody, Status: 502, Body: "<html>Bad gateway</html>"}, "HTTP status: 502"},
	{"a page to log in", ccrmock.Fault{Kind: ccrmock.FaultBody, Status: 200, Body: "<html>Log in</html>"}, "not what the API documents"},
	{"no list", ccrmock.Fault{Kind: ccrmock.FaultBody, Status: 200, Body: "{}"}, "the answer is no list"},
	{"a redirect", ccrmock.Fault{Kind: ccrmock.FaultBody, Status: 302}, "HTTP status: 302"},
	{"time-out", ccrmock.Fault{Kind: ccrmock.FaultHangBefore}, "no whole answer within the request timeout of 200ms"},
	{"half an answer", ccrmock.Fault{Kind: ccrmock.FaultTruncateAfter}, "the connection was closed in the middle of the answer"},
	{"no answer", ccrmock.Fault{Kind: ccrmock.FaultDropBefore}, "the connection was closed without an answer"},
}

func TestRegistryRefreshErrorsRemoveNothing(t *testing.T) {
	t.Parallel()
	for _, failure := range refreshFailures {
		t.Run(failure.name, func(t *testing.T) {
			t.Parallel()
			m := startMock(t)
			r := m.core(t, "ccr_registry", fields{"max_retries": 1})
			wantNoError(t, r.apply(plainRegistry))
			before := r.fields()
			failure.fault.Method, failure.fault.Times = "GET", -1
			m.AddFault(failure.fault)
			if failure.fault.Kind == ccrmock.FaultHangBefore {
				r.settings["request_timeout"] = "200ms"
			}
			wantFailure(t, r.refresh(), "Reading the registry failed", `Could not read the registry "cce" (id 1)`, failure.says)
			m.ClearFaults()
			delete(r.settings, "request_timeout")
			wantNoError(t, r.refresh())
			if diff := cmp.Diff(before, r.fields()); diff != "" {
				t.Errorf("the state changed:\n%s", diff)
			}
		})
	}
}

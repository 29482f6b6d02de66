package provider

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

// deadURL is where nobody listens any more.
func deadURL(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(nil)
	server.Close()
	return server.URL
}

// healthy is the registry of a source, with require_healthy.
func healthy(url, password string) hcl {
	return hcl{
		"url":             fmt.Sprintf("%q", url),
		"require_healthy": "true",
		"credential":      fmt.Sprintf(`{ access_key = %q, access_secret = %q }`, sourceUser, password),
	}
}

// A registry that CCR cannot use fails the apply and is not there afterwards.
func TestRegistryUnhealthyIsNotCreated(t *testing.T) {
	t.Parallel()
	m, src := startMock(t), startSource(t)
	nothing := func() {
		if n := len(m.Registries()); n != 0 {
			t.Errorf("CCR holds %d registries", n)
		}
	}
	dead := deadURL(t)
	acceptance(t, resource.TestCase{CheckDestroy: m.holdsNothing, Steps: []resource.TestStep{
		{Config: m.registry(healthy(dead, sourcePassword)), ExpectError: says(
			"Registry is not healthy", `registry "cce" (id 1), which was removed again`, dead, `user "puller"`, `"unhealthy"`, "Next step:")},
		{PreConfig: nothing, Config: m.registry(healthy(src.URL, "wrong")), ExpectError: says("Registry is not healthy", "(id 2)")},
		{
			PreConfig: nothing, Config: m.registry(healthy(src.URL, sourcePassword)),
			ConfigPlanChecks:  creates(registryAddress), // nothing is in the state either
			Check:             m.holds(but(heldRegistry, func(r *ccrmock.Registry) { r.URL = src.URL })),
			ConfigStateChecks: []statecheck.StateCheck{registryValue("status", knownvalue.StringExact("healthy"))},
		},
	}})
}

// An update that makes a registry unusable fails, and goes on failing until it
// is mended: an apply that finds nothing to do would look like one that worked.
func TestRegistryUpdateToUnhealthyKeepsFailing(t *testing.T) {
	t.Parallel()
	m, src := startMock(t), startSource(t)
	broken := m.registry(healthy(src.URL, "wrong"))
	unhealthy := says("Registry is not healthy", `registry "cce" (id 1), which was updated as declared`, "Next step:")
	acceptance(t, resource.TestCase{CheckDestroy: m.holdsNothing, Steps: []resource.TestStep{
		{Config: m.registry(healthy(src.URL, sourcePassword))},
		{Config: broken, ConfigPlanChecks: updates(registryAddress), ExpectError: unhealthy},
		{Config: broken, ConfigPlanChecks: updates(registryAddress), ExpectError: unhealthy},
		{ // not asked for any more
			Config:            m.registry(healthy(src.URL, "wrong").with(hcl{"require_healthy": "false"})),
			ConfigPlanChecks:  updates(registryAddress),
			ConfigStateChecks: []statecheck.StateCheck{registryValue("status", knownvalue.StringExact("unhealthy"))},
		},
		{Config: broken, ConfigPlanChecks: updates(registryAddress), ExpectError: unhealthy},
		{
			Config:            m.registry(healthy(src.URL, sourcePassword)),
			ConfigPlanChecks:  updates(registryAddress),
			Check:             m.holds(but(heldRegistry, func(r *ccrmock.Registry) { r.URL = src.URL })),
			ConfigStateChecks: []statecheck.StateCheck{registryValue("status", knownvalue.StringExact("healthy"))},
		},
	}})
}

// When the unhealthy registry cannot be removed again, it is not forgotten: the
// next apply replaces it.
func TestRegistryUnhealthyThatCannotBeRemoved(t *testing.T) {
	t.Parallel()
	m, src := startMock(t), startSource(t)
	refuse := func() {
		m.AddFault(ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "AccessDenied", Method: "DELETE", Times: -1})
	}
	acceptance(t, resource.TestCase{CheckDestroy: m.holdsNothing, Steps: []resource.TestStep{
		{PreConfig: refuse, Config: m.registry(healthy(src.URL, "wrong")), ExpectError: says(
			"Removing the unhealthy registry failed", `The registry "cce" (id 1) stays in CCR and in the state`, "Code: AccessDenied")},
		{
			PreConfig: m.ClearFaults, Config: m.registry(healthy(src.URL, sourcePassword)),
			ConfigPlanChecks: plans(registryAddress, plancheck.ResourceActionReplace),
			Check: func(s *terraform.State) error {
				if id := s.RootModule().Resources[registryAddress].Primary.ID; id != "2" {
					return fmt.Errorf("the id is %s", id)
				}
				return m.holds(but(heldRegistry, func(r *ccrmock.Registry) { r.URL = src.URL }))(s)
			},
		},
	}})
}

// CCR not answering whether a registry is healthy is no yes.
func TestRegistryHealthThatCannotBeAsked(t *testing.T) {
	t.Parallel()
	m, src := startMock(t), startSource(t)
	r := m.core(t, "ccr_registry", fields{"max_retries": 0})
	config := changed(plainRegistry, fields{"url": src.URL, "require_healthy": true})
	fail := func() {
		m.AddFault(ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "InternalError", Method: "POST", BodyContains: `{"id":`})
	}
	fail()
	diags := told(r.apply(config))
	for _, part := range []string{"Checking the registry failed", `Could not ask CCR whether it reaches the registry "cce" (id 1)`, "HTTP status: 500", "removed again"} {
		if !strings.Contains(diags, part) {
			t.Errorf("the error lacks %q:\n%s", part, diags)
		}
	}
	if r.instance != nil || len(m.Registries()) != 0 {
		t.Errorf("state %v, CCR holds %d registries", r.instance, len(m.Registries()))
	}
	wantNoError(t, r.apply(config))
	fail()
	if !r.apply(changed(config, fields{"description": "a hub"})).failed() {
		t.Error("the update passed without an answer")
	}
	m.ResetJournal()
	wantNoError(t, r.apply(changed(config, fields{"description": "a hub"})))
	if n := len(m.bodies("POST", "registries")); n != 1 {
		t.Errorf("the next apply asked %d times", n)
	}
}

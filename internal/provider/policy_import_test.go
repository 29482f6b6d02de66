package provider

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

// seedPolicy puts a source and a policy that has everything into CCR, and
// returns the policy's configuration.
func (m *testMock) seedPolicy(t *testing.T) (config string, held ccrmock.Policy) {
	t.Helper()
	m.seedSource(t)
	held = but(heldPolicy, func(p *ccrmock.Policy) { p.Description, p.Override = "by hand", true })
	m.CreatePolicy(held)
	return m.policy(hcl{"description": `"by hand"`, "override": "true"}), held
}

// filtersOnce applies once what an import left open, the filters, in place.
func (m *testMock) filtersOnce(config string, held ccrmock.Policy) resource.TestStep {
	return resource.TestStep{Config: config, ConfigPlanChecks: updates(policyAddress), Check: m.holdsPolicy(held)}
}

func TestPolicyImportCommand(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"1", "name=web"} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			m := startMock(t)
			config, held := m.seedPolicy(t)
			acceptance(t, resource.TestCase{CheckDestroy: m.noPolicies, Steps: []resource.TestStep{
				{
					Config: config, ResourceName: policyAddress,
					ImportState: true, ImportStateId: id, ImportStatePersist: true,
				},
				m.filtersOnce(config, held),
			}})
			if n := len(m.bodies("PUT", "policies")); n != 1 {
				t.Errorf("%d updates were sent", n)
			}
		})
	}
}

func TestPolicyImportBlock(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		block string
		since []tfversion.TerraformVersionCheck
	}{
		"id":       {`id = "1"`, nil},
		"name":     {`id = "name=web"`, nil},
		"identity": {`identity = { id = "1" }`, []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_12_0)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := startMock(t)
			config, held := m.seedPolicy(t)
			step := m.filtersOnce(fmt.Sprintf("import {\n  to = %s\n  %s\n}\n%s", policyAddress, c.block, config), held)
			step.ConfigStateChecks = []statecheck.StateCheck{policyValue("id", knownvalue.StringExact("1"))}
			acceptance(t, resource.TestCase{TerraformVersionChecks: c.since, CheckDestroy: m.noPolicies, Steps: []resource.TestStep{step}})
			if posts, puts := len(m.bodies("POST", "policies")), len(m.bodies("PUT", "policies")); posts != 0 || puts != 1 {
				t.Errorf("%d creates and %d updates were sent", posts, puts)
			}
		})
	}
}

// Where CCR tells the filters, an import leaves nothing to do.
func TestPolicyImportWithFilters(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	m.ReturnFilters(true)
	config, held := m.seedPolicy(t)
	acceptance(t, resource.TestCase{Steps: []resource.TestStep{
		{
			Config: config, ResourceName: policyAddress,
			ImportState: true, ImportStateId: "1", ImportStatePersist: true,
		},
		{Config: config, ConfigPlanChecks: plansNothing(), Check: m.holdsPolicy(held)},
	}})
}

func TestPolicyIdentity(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	m.seedSource(t)
	identity := []statecheck.StateCheck{
		statecheck.ExpectIdentity(policyAddress, map[string]knownvalue.Check{"id": knownvalue.StringExact("1")}),
	}
	acceptance(t, resource.TestCase{
		TerraformVersionChecks: []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_12_0)},
		Steps: []resource.TestStep{
			{Config: m.policy(nil), ConfigStateChecks: identity},
			{Config: m.policy(hcl{"name": `"renamed"`}), ConfigStateChecks: identity},
		},
	})
}

func TestPolicyIdentityThatChanged(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	m.seedSource(t)
	p := m.core(t, "ccr_migration_policy", nil)
	m.CreatePolicy(ccrmock.Policy{Name: "first", SrcRegistryID: 1})
	wantQuiet(t, p.apply(plainPolicy))
	p.wantIdentity("2")
	p.identity = identityOf(fields{"id": "1"})
	wantFailure(t, p.refresh(), "Unexpected Identity Change")
}

// What an import must leave unset is the filters alone, whether the source
// comes as a name or as an object.
func TestPolicyImportedState(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		id       string
		identity fields
		asObject bool
	}{"id": {id: "1"}, "name": {id: "name=web"}, "identity": {identity: fields{"id": "1"}}, "source as an object": {id: "1", asObject: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := startMock(t)
			m.seedPolicy(t)
			m.SrcRegistryAsObject(c.asObject)
			p := m.core(t, "ccr_migration_policy", nil)
			wantQuiet(t, p.imports(c.id, c.identity))
			got := p.fields()
			delete(got, "creation_time")
			delete(got, "update_time")
			want := fields{
				"id": "1", "name": "web", "description": "by hand", "src_registry_id": "1", "dest_project_name": "public", "override": true,
				"filters": nil, "trigger_type": "manual", "timeouts": nil, "enabled": true, "pull_base": true,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPolicyImportErrors(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	m.seedSource(t)
	for _, name := range []string{"one", "twin", "twin"} {
		m.CreatePolicy(ccrmock.Policy{Name: name, SrcRegistryID: 1})
	}
	p := m.core(t, "ccr_migration_policy", nil)
	for id, want := range importErrors("ccr_migration_policy", "policy") {
		if got := told(p.imports(id, fields{"id": id})); got != want {
			t.Errorf("import %q: got:\n%s\nwant:\n%s", id, got, want)
		}
	}
	wantQuiet(t, p.imports("4711", nil))
	if p.instance != nil {
		t.Errorf("the state is %v", p.instance)
	}
}

func TestPolicyImportOfMissingID(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	step := func(id string, parts ...string) resource.TestStep {
		return resource.TestStep{
			Config: m.policy(nil), ResourceName: policyAddress,
			ImportState: true, ImportStateId: id, ExpectError: says(parts...),
		}
	}
	acceptance(t, resource.TestCase{Steps: []resource.TestStep{
		step("4711", "Cannot import non-existent remote object"),
		step("web", "Invalid import id", `"web" is neither the id of a policy`),
		step("name=nobody", "Importing by name failed", `No policy is named "nobody"`),
	}})
}

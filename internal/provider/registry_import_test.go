package provider

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

// seededRegistry puts a registry into CCR that has everything, and returns
// its configuration.
func (m *testMock) seedRegistry() (config string, held ccrmock.Registry) {
	held = but(heldRegistry, func(r *ccrmock.Registry) { r.Description, r.Insecure = "by hand", true })
	m.CreateRegistry(held)
	return m.registry(hcl{"description": `"by hand"`, "insecure": "true"}), held
}

// importedOnce applies once what an import left open, the secret, in place,
// and finds nothing more to do.
func (m *testMock) importedOnce(t *testing.T, config string, held ccrmock.Registry) resource.TestStep {
	t.Helper()
	return resource.TestStep{
		Config:           config,
		ConfigPlanChecks: updates(registryAddress),
		Check:            m.holds(held),
	}
}

func TestRegistryImportCommand(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"1", "name=cce"} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			m := startMock(t)
			config, held := m.seedRegistry()
			acceptance(t, resource.TestCase{CheckDestroy: m.holdsNothing, Steps: []resource.TestStep{
				{
					Config: config, ResourceName: registryAddress,
					ImportState: true, ImportStateId: id, ImportStatePersist: true,
				},
				m.importedOnce(t, config, held),
			}})
			if n := len(m.bodies("PUT", "registries")); n != 1 {
				t.Errorf("%d updates were sent", n)
			}
		})
	}
}

func TestRegistryImportBlock(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		block string
		since []tfversion.TerraformVersionCheck
	}{
		"id":       {`id = "1"`, nil},
		"name":     {`id = "name=cce"`, nil},
		"identity": {`identity = { id = "1" }`, []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_12_0)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := startMock(t)
			config, held := m.seedRegistry()
			step := m.importedOnce(t, fmt.Sprintf("import {\n  to = %s\n  %s\n}\n%s", registryAddress, c.block, config), held)
			step.ConfigStateChecks = []statecheck.StateCheck{registryValue("id", knownvalue.StringExact("1"))}
			acceptance(t, resource.TestCase{TerraformVersionChecks: c.since, CheckDestroy: m.holdsNothing, Steps: []resource.TestStep{step}})
			if posts, puts := len(m.bodies("POST", "registries")), len(m.bodies("PUT", "registries")); posts != 0 || puts != 1 {
				t.Errorf("%d creates and %d updates were sent", posts, puts)
			}
		})
	}
}

// The identity is in the state from the create on, and stays there.
func TestRegistryIdentity(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	identity := []statecheck.StateCheck{
		statecheck.ExpectIdentity(registryAddress, map[string]knownvalue.Check{"id": knownvalue.StringExact("1")}),
	}
	acceptance(t, resource.TestCase{
		TerraformVersionChecks: []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_12_0)},
		Steps: []resource.TestStep{
			{Config: m.registry(nil), ConfigStateChecks: identity},
			{Config: m.registry(hcl{"name": `"renamed"`}), ConfigStateChecks: identity},
			{
				ResourceName: registryAddress, ImportState: true, ImportStateKind: resource.ImportBlockWithResourceIdentity,
				ExpectNonEmptyPlan: true, // the secret
				ImportPlanChecks: resource.ImportPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(registryAddress, plancheck.ResourceActionUpdate),
				}},
			},
		},
	})
}

// An id under an address that was another object's must not pass for it.
func TestRegistryIdentityThatChanged(t *testing.T) {
	t.Parallel()
	m := startMock(t, ccrmock.WithFirstID(17))
	r := m.core(t, "ccr_registry", nil)
	wantNoError(t, r.apply(plainRegistry))
	before := r.fields()
	r.wantIdentity("17")
	r.identity = identityOf(fields{"id": "18"})
	wantFailure(t, r.refresh(), "Unexpected Identity Change")
	if diff := cmp.Diff(before, r.fields()); diff != "" {
		t.Error(diff)
	}
}

// What an import must leave unset is the secret alone.
func TestRegistryImportedState(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	m.CreateRegistry(but(heldRegistry, func(r *ccrmock.Registry) { r.Description = "by hand" }))
	for name, c := range map[string]struct {
		id       string
		identity fields
	}{"id": {id: "1"}, "name": {id: "name=cce"}, "identity": {identity: fields{"id": "1"}}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := m.core(t, "ccr_registry", nil)
			wantQuiet(t, r.imports(c.id, c.identity))
			got := r.fields()
			delete(got, "creation_time")
			delete(got, "update_time")
			want := fields{
				"id": "1", "name": "cce", "type": "docker-registry", "url": "http://hub.example", "description": "by hand",
				"insecure": false, "require_healthy": false, "status": nil,
				"credential": fields{"type": "basic", "access_key": nil, "access_secret": nil, "access_secret_wo": nil, "access_secret_wo_version": nil},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// importErrors are what imports of a kind must refuse, by id.
func importErrors(kind, noun string) map[string]string {
	malformed := func(id string) string {
		return fmt.Sprintf("ERROR : Invalid import id\n%q is neither the id of a %s, a positive whole number, nor name=<its name>.\n\n"+
			"Next step: write `terraform import %s.<label> 17` or `terraform import %s.<label> 'name=example'`.\n", id, noun, kind, kind)
	}
	unnamed := func(name string) string {
		return fmt.Sprintf("ERROR : Importing by name failed\nNo %s is named %q; names are compared exactly, case included.\n\n"+
			"Next step: check the name, and that the provider's keys belong to the account that holds it.\n", noun, name)
	}
	errs := map[string]string{
		"name=nobody": unnamed("nobody"), "name=ONE": unnamed("ONE"), "name=": unnamed(""), "name= one": unnamed(" one"), "name=on": unnamed("on"),
		"name=twin": fmt.Sprintf("ERROR : Importing by name failed\n2 have the name %q, with the ids 2, 3.\n\n"+
			"Next step: use one of these ids instead of the name.\n", "twin"),
	}
	for _, id := range []string{"", "cce", "0", "-1", "+1", "01", " 1", "1 ", "1.0", "1e3", "0x1", "1/2", "NAME=one", "9223372036854775808"} {
		errs[id] = malformed(id)
	}
	return errs
}

func TestRegistryImportErrors(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	for _, name := range []string{"one", "twin", "twin"} {
		m.CreateRegistry(ccrmock.Registry{Name: name, URL: "http://hub.example"})
	}
	r := m.core(t, "ccr_registry", nil)
	for id, want := range importErrors("ccr_registry", "registry") {
		if got := told(r.imports(id, fields{"id": id})); got != want {
			t.Errorf("import %q: got:\n%s\nwant:\n%s", id, got, want)
		}
	}
	// Terraform itself says that the fields does not exist.
	wantQuiet(t, r.imports("4711", nil))
	if r.instance != nil {
		t.Errorf("the state is %v", r.instance)
	}
}

// The CLI's own word on what the provider finds missing.
func TestRegistryImportOfMissingID(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	step := func(id string, parts ...string) resource.TestStep {
		return resource.TestStep{
			Config: m.registry(nil), ResourceName: registryAddress,
			ImportState: true, ImportStateId: id, ExpectError: says(parts...),
		}
	}
	acceptance(t, resource.TestCase{Steps: []resource.TestStep{
		step("4711", "Cannot import non-existent remote object"),
		step("cce", "Invalid import id", `"cce" is neither the id of a registry`),
		step("name=nobody", "Importing by name failed", `No registry is named "nobody"`),
	}})
}

func TestRegistryImportThatFails(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	m.seedRegistry()
	r := m.core(t, "ccr_registry", fields{"max_retries": 0})
	fail := func() { m.AddFault(ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "InternalError", Method: "GET"}) }
	fail()
	wantFailure(t, r.imports("name=cce", nil), "Importing by name failed", `Could not look for the registry named "cce"`, "HTTP status: 500")
	fail()
	wantFailure(t, r.imports("1", nil), "Reading the registry failed", "Could not read the registry with the id 1.", "HTTP status: 500")
}

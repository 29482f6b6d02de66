package provider

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

// declared is what the data sources below look at.
func declared(m *testMock, src *testSource) string {
	return m.providerConfig() + fmt.Sprintf(`
locals {
  image = provider::ccr::parse_image("hub.baidubce.com/cce/web:v1")
}

resource "ccr_registry" "cce" {
  name       = "cce-hub"
  type       = "docker-registry"
  url        = %q
  credential = { access_key = %q, access_secret = %q }
}

resource "ccr_migration_policy" "web" {
  name              = "web"
  src_registry_id   = ccr_registry.cce.id
  dest_project_name = "public"
  filters = [
    { type = "name", value = local.image.repository },
    { type = "tag", value = local.image.tag },
  ]
}

resource "ccr_policy_execution" "web" {
  policy_id = ccr_migration_policy.web.id
}
`, src.URL, sourceUser, sourcePassword)
}

const lookedUp = `
data "ccr_registry" "cce" {
  name       = "cce-hub"
  depends_on = [ccr_registry.cce]
}

data "ccr_registries" "docker" {
  type       = "docker-registry"
  depends_on = [ccr_registry.cce]
}

data "ccr_migration_policy" "web" {
  id = ccr_migration_policy.web.id
}

data "ccr_policies" "web" {
  src_registry_id = data.ccr_registry.cce.id
  depends_on      = [ccr_policy_execution.web]
}

data "ccr_executions" "web" {
  policy_id  = ccr_migration_policy.web.id
  status     = "succeeded"
  depends_on = [ccr_policy_execution.web]
}

data "ccr_registry_health" "cce" {
  registry_id = ccr_registry.cce.id
}
`

func TestDataSourcesOfWhatIsDeclared(t *testing.T) {
	t.Parallel()
	m, src := startMock(t), startSource(t, "cce/web:v1", "cce/web:v2")
	first := func(list, attribute string) tfjsonpath.Path {
		return tfjsonpath.New(list).AtSliceIndex(0).AtMapKey(attribute)
	}
	acceptance(t, resource.TestCase{Steps: []resource.TestStep{
		{
			Config: declared(m, src) + lookedUp,
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue("data.ccr_registry.cce", tfjsonpath.New("id"), knownvalue.StringExact("1")),
				statecheck.ExpectKnownValue("data.ccr_registries.docker", tfjsonpath.New("names"), knownvalue.ListExact([]knownvalue.Check{knownvalue.StringExact("cce-hub")})),
				statecheck.ExpectKnownValue("data.ccr_migration_policy.web", tfjsonpath.New("src_registry_name"), knownvalue.StringExact("cce-hub")),
				statecheck.ExpectKnownValue("data.ccr_policies.web", first("policies", "execution_times"), knownvalue.Int64Exact(1)),
				statecheck.ExpectKnownValue("data.ccr_registry_health.cce", tfjsonpath.New("healthy"), knownvalue.Bool(true)),
				statecheck.ExpectKnownValue("data.ccr_executions.web", first("executions", "succeed"), knownvalue.Int64Exact(1)),
			},
		},
		{
			Config:           declared(m, src) + lookedUp,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
		},
	}})
}

// What is wrong with an argument is said before anything is asked.
func TestDataSourcesRefuseBadArgumentsAtPlan(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	acceptance(t, resource.TestCase{Steps: []resource.TestStep{
		{
			Config:      m.providerConfig() + `data "ccr_policies" "all" { name_regex = "web(" }`,
			PlanOnly:    true,
			ExpectError: regexp.MustCompile(`missing\s+closing\s+\)\s+at\s+byte\s+3`),
		},
		{
			Config:      m.providerConfig() + `output "image" { value = provider::ccr::parse_image("hub.baidubce.com/cce/Web") }`,
			PlanOnly:    true,
			ExpectError: regexp.MustCompile(`"W"\s+at\s+byte\s+21\s+must\s+be\s+lower\s+case`),
		},
	}})
	if n := m.Count("", ""); n != 0 {
		t.Errorf("%d requests", n)
	}
}

// A registry out of reach is a failed check and no failed plan.
func TestRegistryHealthInACheckBlock(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	id := m.CreateRegistry(ccrmock.Registry{Name: "gone", URL: "http://127.0.0.1:1"})
	acceptance(t, resource.TestCase{Steps: []resource.TestStep{{
		Config: m.providerConfig() + fmt.Sprintf(`
check "registry" {
  data "ccr_registry_health" "gone" {
    registry_id = %q
  }
  assert {
    condition     = data.ccr_registry_health.gone.healthy
    error_message = "out of reach"
  }
}

data "ccr_registry_health" "again" {
  registry_id = %q
}

output "healthy" {
  value = data.ccr_registry_health.again.healthy
}
`, idText(id), idText(id)),
		ConfigStateChecks:  []statecheck.StateCheck{statecheck.ExpectKnownOutputValue("healthy", knownvalue.Bool(false))},
		ExpectNonEmptyPlan: true, // a data source in a check block is read in every apply
	}}})
}

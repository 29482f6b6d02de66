package provider

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
)

func TestMigration(t *testing.T) {
	t.Parallel()
	m, src := startMock(t), startSource(t, "cce/web:v1", "cce/web:v2", "cce/api:v1@index")
	config := m.providerConfig() + fmt.Sprintf(`
resource "ccr_registry" "cce" {
  name = "cce-hub"
  type = "docker-registry"
  url  = %q
  credential = {
    access_key    = %q
    access_secret = %q
  }
}

resource "ccr_migration_policy" "web" {
  name              = "web"
  src_registry_id   = ccr_registry.cce.id
  dest_project_name = "public"
  filters = [{ type = "name", value = "cce/web" }]
}

resource "ccr_policy_execution" "web" {
  policy_id = ccr_migration_policy.web.id
  triggers  = { filters = jsonencode(ccr_migration_policy.web.filters) }
}
`, src.URL, sourceUser, sourcePassword)
	acceptance(t, resource.TestCase{Steps: []resource.TestStep{
		{
			Config: config,
			Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckResourceAttr("ccr_policy_execution.web", "status", "Succeed"),
				resource.TestCheckResourceAttr("ccr_policy_execution.web", "succeed", "2"),
			),
		},
		{Config: config, ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}},
	}})
	if n := len(m.Registries()) + len(m.Policies()); n != 0 {
		t.Errorf("%d objects are left", n)
	}
}

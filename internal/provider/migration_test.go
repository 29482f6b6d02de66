package provider

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
)

func TestMigration(t *testing.T) {
	t.Parallel()
	m, src := startMock(t), startSource(t, "cce/web:v1", "cce/web:v2", "cce/api:v1@index")
	config := migrationHCL(m, src.URL, sourcePassword, onlyWeb, "  triggers  = { filters = jsonencode(ccr_migration_policy.web.filters) }")
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

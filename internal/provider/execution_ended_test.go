package provider

import (
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

// A run that nobody waits for may have ended before it is first seen. It is
// judged all the same: no refresh would look at it again.
func TestExecutionEndedWhenFirstSeen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings string
		step     ccrmock.ExecutionStep
		want     string
	}{
		"failed": {"", ccrmock.ExecutionStep{
			Status: ccrmock.ExecutionFailed, StatusText: "login refused", Ended: true,
		}, `Migration failed`},
		"empty": {`on_empty = "fail"`, ccrmock.ExecutionStep{
			Status: ccrmock.ExecutionSucceed, Ended: true,
		}, `Migration matched no image`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := startMock(t)
			policy := m.SeedPolicies(1, "web", m.SeedRegistries(1, "cce")[0])[0]
			m.ScriptExecutions(policy, c.step)
			acceptance(t, resource.TestCase{Steps: []resource.TestStep{{
				Config: m.providerConfig() + `
resource "ccr_policy_execution" "web" {
  policy_id           = "1"
  wait_for_completion = false
  ` + c.settings + `
}`,
				ExpectError: regexp.MustCompile(c.want),
			}}})
		})
	}
}

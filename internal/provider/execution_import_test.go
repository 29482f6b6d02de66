package provider

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

const importedRun = `
resource "ccr_policy_execution" "web" {
  policy_id = "1"
}
`

// recorded returns a policy with one execution of each kind that ends.
func recorded(t *testing.T) *runTest {
	t.Helper()
	r := startRunTest(t, nil)
	for _, e := range []ccrmock.Execution{
		{Status: ccrmock.ExecutionSucceed, Counters: ccrmock.Counters{Total: 2, Succeed: 2}},
		{Status: ccrmock.ExecutionFailed, Counters: ccrmock.Counters{Total: 2, Failed: 2}},
		{Status: ccrmock.ExecutionStopped, Counters: ccrmock.Counters{Total: 2, Stopped: 2}},
	} {
		r.CreateExecution(r.policy, e)
	}
	return r
}

// Whatever an imported run came to, nothing is run again for it, not even when
// the first apply adds triggers.
func TestExecutionImport(t *testing.T) {
	t.Parallel()
	r := recorded(t)
	for i, status := range []string{"Succeed", "Failed", "Stopped"} {
		id := strconv.Itoa(i + 1)
		said := func(diags diagnostics) {
			if i == 0 {
				wantsNone(t, diags)
			} else {
				wantsWarning(t, diags, []string{"", "Migration failed", "Migration was stopped"}[i], "apply with -replace to run the policy again")
			}
		}
		now, diags := r.imported(r.ctx, kindExecution, "1/"+id, nil)
		said(diags)
		wantsState(t, now, fields{"policy_id": "1", "id": id, "status": status, "total": int64(2), "wait_for_completion": true, "on_failure": "fail", "on_empty": "continue", "triggers": nil})
		same, diags := r.imported(r.ctx, kindExecution, "", fields{"policy_id": "1", "id": id})
		said(diags)
		if !same.value.Equal(now.value) {
			t.Errorf("by identity: %v, by id: %v", same.fields(), now.fields())
		}

		wantsNone(t, r.plans(now, nil, ""))
		now, diags = r.read(r.ctx, now)
		wantsNone(t, diags)
		triggers := fields{"triggers": fields{"v": "1"}}
		wantsNone(t, r.plans(now, triggers, "update"))
		now, diags = r.applied(r.ctx, kindExecution, now, r.config(triggers))
		wantsNone(t, diags)
		wantsNone(t, r.plans(now, triggers, ""))
		// From then on it is like any other.
		wantsNone(t, r.plans(now, fields{"triggers": fields{"v": "2"}}, "replace"))
		wantsNone(t, r.plans(now, nil, "replace"))
	}
	if n := r.Count(http.MethodPost, ""); n != 0 {
		t.Errorf("%d writes were sent", n)
	}
}

// Only the first apply after an import is spared a run.
func TestExecutionImportIsForgotten(t *testing.T) {
	t.Parallel()
	r := recorded(t)
	now, diags := r.imported(r.ctx, kindExecution, "1/1", nil)
	wantsNone(t, diags)
	now, diags = r.applied(r.ctx, kindExecution, now, r.config(fields{"on_failure": "continue"}))
	wantsNone(t, diags)
	wantsNone(t, r.plans(now, fields{"on_failure": "continue", "triggers": fields{"v": "1"}}, "replace"))
}

// One that is imported while it runs is judged by the refresh that sees its end.
func TestExecutionImportOfARunningOne(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, nil)
	id := r.CreateExecution(r.policy, ccrmock.Execution{})
	now, diags := r.imported(r.ctx, kindExecution, "1/1", nil)
	wantsNone(t, diags)
	wantsState(t, now, fields{"status": "InProgress"})
	wantsNone(t, r.plans(now, nil, "update")) // the apply waits for it
	r.FinishExecution(id, ccrmock.ExecutionFailed, "disk full", ccrmock.Counters{Total: 1, Failed: 1})
	now, diags = r.read(r.ctx, now)
	wantsWarning(t, diags, "Migration failed", "1 failed: disk full")
	// Where a failure may pass, the first apply still only records triggers.
	wantsNone(t, r.plans(now, fields{"on_failure": "continue", "triggers": fields{"v": "1"}}, "update"))
	wantsWarning(t, r.plans(now, nil, "replace"), "Migration failed, and will be run again", "1 failed: disk full")
}

// One that fails while the first apply waits for it is no record to be kept.
func TestExecutionImportOfOneThatFails(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, nil)
	going := ccrmock.ExecutionStep{Counters: ccrmock.Counters{Total: 1, InProgress: 1}}
	failed := ccrmock.ExecutionStep{Status: "Failed", Counters: ccrmock.Counters{Total: 1, Failed: 1}}
	r.ScriptExecutions(r.policy, going, going, going, failed, failed)
	_, diags := r.create(fields{"wait_for_completion": false})
	wantsNone(t, diags)
	now, diags := r.imported(r.ctx, kindExecution, "1/1", nil)
	wantsNone(t, diags)
	lenient := fields{"on_failure": "continue"}
	now, diags = r.applied(r.ctx, kindExecution, now, r.config(lenient))
	wantsWarning(t, diags, "Migration failed")
	wantsState(t, now, fields{"status": "Failed"})
	wantsNone(t, r.plans(now, lenient, ""))
	wantsWarning(t, r.plans(now, nil, "replace"), "Migration failed, and will be run again")
}

func TestExecutionImportOfNothing(t *testing.T) {
	t.Parallel()
	r := recorded(t)
	for _, id := range []string{"1", "/", "1/", "/1", "a/1", "1/b", "0/1", "1/0", "-1/1", "01/1", "1/1/1", "1/ 1", "1 /1", "9223372036854775808/1"} {
		now, diags := r.imported(r.ctx, kindExecution, id, nil)
		wantsError(t, diags, "Invalid import id", strconv.Quote(id)+" is not <policy id>/<execution id>", "terraform import ccr_policy_execution.<label> 3/17")
		wantsGone(t, now)
	}
	for _, id := range []string{"1/99", "99/1", "1/9223372036854775807"} {
		now, diags := r.imported(r.ctx, kindExecution, id, nil)
		wantsNone(t, diags)
		wantsGone(t, now) // which Terraform reports
	}
	_, diags := r.imported(r.ctx, kindExecution, "", fields{"policy_id": "web", "id": "1"})
	wantsError(t, diags, "Invalid import id", `"web/1" is not <policy id>/<execution id>`)

	r.AddFault(ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "AccessDenied", Path: executionsPath})
	_, diags = r.imported(r.ctx, kindExecution, "1/1", nil)
	wantsError(t, diags, "Reading the execution failed", "Could not read execution 1 of policy \"web\" (id 1).", "Code: AccessDenied")
}

func TestAccExecutionImport(t *testing.T) {
	t.Parallel()
	r := recorded(t)
	config := r.providerConfig() + importedRun
	acceptance(t, resource.TestCase{Steps: []resource.TestStep{
		{
			Config: config, ResourceName: runOfWeb, ImportState: true, ImportStateId: "1", ExpectError: says("Invalid import id", `"1" is not <policy id>/<execution id>`),
		},
		{
			Config: config, ResourceName: runOfWeb, ImportState: true, ImportStateId: "1/9", ExpectError: says("non-existent remote object"),
		},
		{
			Config: config, ResourceName: runOfWeb, ImportState: true, ImportStateId: "1/2", ImportStatePersist: true,
		},
		{
			Config: config, ConfigPlanChecks: plansNothing(),
			Check: attributes(runOfWeb, map[string]string{"id": "2", "status": "Failed", "failed": "2"}),
		},
		{
			Config:           r.providerConfig() + "resource \"ccr_policy_execution\" \"web\" {\n  policy_id = \"1\"\n  triggers = { v = 1 }\n}\n",
			ConfigPlanChecks: planAction(runOfWeb, plancheck.ResourceActionUpdate),
			Check:            attributes(runOfWeb, map[string]string{"id": "2", "triggers.v": "1"}),
		},
	}})
	r.wantsStarts(0)
}

func TestAccExecutionImportBlock(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		to     string
		checks []tfversion.TerraformVersionCheck
	}{
		"by id":       {to: `id = "1/1"`},
		"by identity": {`identity = { policy_id = "1", id = "1" }`, []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_12_0)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := recorded(t)
			config := r.providerConfig() + importedRun
			acceptance(t, resource.TestCase{
				TerraformVersionChecks: test.checks,
				Steps: []resource.TestStep{
					{
						Config: config + "import {\n  to = ccr_policy_execution.web\n  " + test.to + "\n}\n",
						Check:  attributes(runOfWeb, map[string]string{"id": "1", "policy_id": "1", "status": "Succeed", "succeed": "2"}),
					},
					{Config: config, ConfigPlanChecks: plansNothing()},
				},
			})
			r.wantsStarts(0)
		})
	}
}

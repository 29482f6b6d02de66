package provider

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

// migrationHCL declares a source, a policy for the images that the filters
// match, and one run of it.
func migrationHCL(m *testMock, url, password, filters, run string) string {
	return m.providerConfig() + fmt.Sprintf(`
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
  filters           = %s
}

resource "ccr_policy_execution" "web" {
  policy_id = ccr_migration_policy.web.id
%s
}
`, url, sourceUser, password, filters, run)
}

const (
	onlyWeb   = `[{ type = "name", value = "cce/web" }]`
	onlyWebV1 = `[{ type = "name", value = "cce/web" }, { type = "tag", value = "v1" }]`
	runOfWeb  = "ccr_policy_execution.web"
)

func attributes(address string, want map[string]string) resource.TestCheckFunc {
	var checks []resource.TestCheckFunc
	for name, value := range want {
		checks = append(checks, resource.TestCheckResourceAttr(address, name, value))
	}
	return resource.ComposeAggregateTestCheckFunc(checks...)
}

func planAction(address string, action plancheck.ResourceActionType) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, action)}}
}

func TestAccExecutionMigrates(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		filters string
		images  map[string]string // destination to source
	}{
		"a single image":     {onlyWebV1, map[string]string{"public/web:v1": "cce/web:v1"}},
		"a pattern":          {`[{ type = "name", value = "cce/{web,api}" }]`, map[string]string{"public/web:v1": "cce/web:v1", "public/web:v2": "cce/web:v2", "public/api:v1": "cce/api:v1"}},
		"a multi-arch image": {`[{ type = "name", value = "cce/multi" }]`, map[string]string{"public/multi:v1": "cce/multi:v1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, src := startMock(t), startSource(t, "cce/web:v1", "cce/web:v2", "cce/api:v1", "cce/multi:v1@index")
			config := migrationHCL(m, src.URL, sourcePassword, test.filters, `triggers = { filters = jsonencode(ccr_migration_policy.web.filters) }`)
			count := strconv.Itoa(len(test.images))
			acceptance(t, resource.TestCase{Steps: []resource.TestStep{
				{
					Config: config,
					Check: resource.ComposeAggregateTestCheckFunc(
						attributes(runOfWeb, map[string]string{"id": "1", "policy_id": "1", "status": "Succeed", "trigger": "manual", "total": count, "succeed": count, "failed": "0", "stopped": "0", "in_progress": "0"}),
						func(*terraform.State) error {
							have := m.Images()
							for to, from := range test.images {
								if have[to] != src.Digest(from) {
									return fmt.Errorf("%s is %s, want %s", to, have[to], src.Digest(from))
								}
							}
							if len(have) != len(test.images) {
								return fmt.Errorf("the destination holds %v", have)
							}
							return nil
						},
					),
				},
				{
					// Purged by CCR, it is neither missed nor run again.
					PreConfig:        func() { m.PurgeExecutions(0); m.ResetJournal() },
					Config:           config,
					ConfigPlanChecks: plansNothing(),
				},
			}})
			if n := m.Count("", executionsPath) + m.Count("", startPath) + m.Count("", stopPath); n != 0 {
				t.Errorf("refresh, plan and destroy of a finished run sent %d requests for it", n)
			}
		})
	}
}

func TestAccExecutionTwoRunsInOneApply(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, nil, "cce/web:v1")
	acceptance(t, resource.TestCase{Steps: []resource.TestStep{{
		Config: r.providerConfig() + `
resource "ccr_policy_execution" "run" {
  count     = 3
  policy_id = 1
}
output "ids" {
  value = join(",", sort(ccr_policy_execution.run[*].id))
}
`,
		Check: resource.TestCheckOutput("ids", "1,2,3"),
	}}})
	executions := r.Executions(r.policy) // newest first
	for i := range len(executions) - 1 {
		if executions[i].StartTime.Before(executions[i+1].EndTime) {
			t.Errorf("execution %d began before %d had ended", executions[i].ID, executions[i+1].ID)
		}
	}
	r.wantsStarts(3)
}

// What made a run fail is told; mended, the next apply runs it again.
func TestAccExecutionFailsAndIsMended(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		url, password, filters string // empty for what is right
		says                   string
	}{
		"wrong password":   {password: "wrong", says: "UNAUTHORIZED"},
		"image not there":  {filters: `[{ type = "name", value = "cce/none" }]`, says: "cce/none"},
		"host unreachable": {url: "http://127.0.0.1:1", says: "connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, src := startMock(t), startSource(t, "cce/web:v1")
			acceptance(t, resource.TestCase{Steps: []resource.TestStep{
				{
					Config:      migrationHCL(m, cmp.Or(test.url, src.URL), cmp.Or(test.password, sourcePassword), cmp.Or(test.filters, onlyWeb), ""),
					ExpectError: says("Migration failed", "Execution 1 of policy \"web\" (id 1): Failed, no image migrated:", test.says),
				},
				{
					Config:           migrationHCL(m, src.URL, sourcePassword, onlyWeb, ""),
					ConfigPlanChecks: planAction(runOfWeb, plancheck.ResourceActionReplace),
					Check:            attributes(runOfWeb, map[string]string{"id": "2", "status": "Succeed", "succeed": "1"}),
				},
			}})
		})
	}
}

func TestAccExecutionContinues(t *testing.T) {
	t.Parallel()
	m, src := startMock(t), startSource(t, "cce/web:v1", "cce/web:v2")
	src.Break("cce/web:v2")
	config := migrationHCL(m, src.URL, sourcePassword, onlyWeb, `on_failure = "continue"`)
	acceptance(t, resource.TestCase{Steps: []resource.TestStep{
		{Config: config, Check: attributes(runOfWeb, map[string]string{"status": "Failed", "total": "2", "succeed": "1", "failed": "1"})},
		{Config: config, ConfigPlanChecks: plansNothing()},
		{
			Config:      migrationHCL(m, src.URL, sourcePassword, `[{ type = "name", value = "cce/no*" }]`, "on_empty = \"fail\"\ntriggers = { again = 1 }"),
			ExpectError: says("Migration matched no image", "no resources need to be replicated"),
		},
	}})
}

func TestAccExecutionRunsAgainOnlyWhenAsked(t *testing.T) {
	t.Parallel()
	m, src := startMock(t), startSource(t, "cce/web:v1", "cce/web:v2")
	steps := []resource.TestStep{}
	for _, step := range []struct {
		run    string
		action plancheck.ResourceActionType
		id     string
	}{
		{`triggers = { v = 1 }`, plancheck.ResourceActionCreate, "1"},
		{`triggers = { v = 2 }`, plancheck.ResourceActionReplace, "2"},
		{"triggers = { v = 2 }\n wait_for_completion = false\n on_failure = \"continue\"\n on_empty = \"fail\"\n timeouts = { create = \"5m\" }", plancheck.ResourceActionUpdate, "2"},
		{"", plancheck.ResourceActionReplace, "3"},
		{`triggers = { v = 2 }`, plancheck.ResourceActionReplace, "4"},
		{`triggers = { v = 2 }`, plancheck.ResourceActionNoop, "4"},
	} {
		steps = append(steps, resource.TestStep{
			Config:           migrationHCL(m, src.URL, sourcePassword, onlyWeb, step.run),
			ConfigPlanChecks: planAction(runOfWeb, step.action),
			Check:            attributes(runOfWeb, map[string]string{"id": step.id, "status": "Succeed"}),
		})
	}
	acceptance(t, resource.TestCase{Steps: steps})
	if n := m.Count(http.MethodPost, startPath); n != 4 {
		t.Errorf("the policy was started %d times, want 4", n)
	}
}

func TestAccExecutionNotWaitedFor(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, nil, "cce/web:v1")
	r.HoldExecutions()
	config := r.providerConfig() + `
resource "ccr_policy_execution" "web" {
  policy_id           = "1"
  wait_for_completion = false
}
`
	acceptance(t, resource.TestCase{Steps: []resource.TestStep{
		{
			Config: config,
			Check:  attributes(runOfWeb, map[string]string{"id": "1", "status": "InProgress"}),
		},
		{
			PreConfig: func() {
				r.FinishExecution(1, "Failed", "disk full", ccrmock.Counters{Total: 2, Succeed: 1, Failed: 1})
			},
			Config:           config,
			ConfigPlanChecks: planAction(runOfWeb, plancheck.ResourceActionReplace),
			Check:            attributes(runOfWeb, map[string]string{"id": "2", "status": "InProgress"}),
		},
		{
			PreConfig: func() {
				r.ReleaseExecutions()
				r.wait(r.WaitExecution(r.ctx, 2))
			},
			RefreshState: true,
			Check:        attributes(runOfWeb, map[string]string{"id": "2", "status": "Succeed", "succeed": "1"}),
		},
		{Config: config, ConfigPlanChecks: plansNothing()},
	}})
	r.wantsStarts(2)
}

func TestAccExecutionTimesOut(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, nil, "cce/web:v1", "cce/web:v2")
	r.HoldAfter(1)
	config := r.providerConfig() + `
resource "ccr_policy_execution" "web" {
  policy_id = "1"
  timeouts  = { create = %q }
}
`
	acceptance(t, resource.TestCase{
		ProtoV6ProviderFactories: protoFactories(slowWorld()),
		Steps: []resource.TestStep{
			{
				Config:      fmt.Sprintf(config, "3s"),
				ExpectError: says("Migration did not finish in time", "Execution 1 of policy \"web\" (id 1), when last seen: InProgress, 1 of 2 images migrated", "its id is kept in the state"),
			},
			{
				PreConfig:        func() { r.HoldAfter(9) },
				Config:           fmt.Sprintf(config, "1h"),
				ConfigPlanChecks: planAction(runOfWeb, plancheck.ResourceActionReplace),
				Check:            attributes(runOfWeb, map[string]string{"id": "2", "status": "Succeed", "succeed": "2"}),
			},
		},
	})
	// The next apply stopped what took too long.
	r.wantsStatus(1, ccrmock.ExecutionStopped)
}

// slowWorld waits for a tenth of the time between two looks.
func slowWorld() world {
	w := quickWorld()
	w.poll = func(int) time.Duration { return 100 * time.Millisecond }
	w.sleep = realWorld().sleep
	return w
}

func TestAccExecutionDestroyStopsIt(t *testing.T) {
	t.Parallel()
	m, src := startMock(t), startSource(t, "cce/web:v1", "cce/web:v2")
	m.HoldAfter(1)
	acceptance(t, resource.TestCase{Steps: []resource.TestStep{{
		Config: migrationHCL(m, src.URL, sourcePassword, onlyWeb, `wait_for_completion = false`),
		Check:  attributes(runOfWeb, map[string]string{"status": "InProgress"}),
	}}})
	// The policy is only deleted once its execution has settled.
	if n := len(m.Registries()) + len(m.Policies()) + len(m.Executions(0)); n != 0 {
		t.Errorf("%d objects are left", n)
	}
	if n := m.Count(http.MethodPost, stopPath); n != 1 {
		t.Errorf("%d stops were sent", n)
	}
}

func TestAccExecutionArguments(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	step := func(run string, parts ...string) resource.TestStep {
		return resource.TestStep{
			Config:      m.providerConfig() + "resource \"ccr_policy_execution\" \"web\" {\n" + run + "\n}\n",
			ExpectError: says(parts...),
		}
	}
	acceptance(t, resource.TestCase{Steps: []resource.TestStep{
		step(`policy_id = "web"`, `"web" is not an id`),
		step(`policy_id = "0"`, `"0" is not an id`),
		step("policy_id = \"1\"\n on_failure = \"ignore\"", "on_failure", `"fail"`, `"continue"`),
		step("policy_id = \"1\"\n on_empty = \"ignore\"", "on_empty", `"fail"`, `"continue"`),
		step("policy_id = \"1\"\n timeouts = { create = \"soon\" }", `"soon" is not a positive duration`),
		step("policy_id = \"1\"\n timeouts = { delete = \"0s\" }", `"0s" is not a positive duration`),
		step(`policy_id = "7"`, "Policy does not exist", "CCR has no policy with the id 7"),
	}})
	if n := m.Count(http.MethodPost, ""); n != 1 {
		t.Errorf("%d writes were sent, want the one start of what looked right", n)
	}
}

// The CLI's first Ctrl-C: the id is in the state, the message says what goes on,
// and the next apply does the right thing.
func TestAccExecutionInterrupted(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, nil, "cce/web:v1", "cce/web:v2")
	r.HoldAfter(1)
	c := newCommandLine(t, r.providerConfig()+importedRun)
	apply := exec.CommandContext(t.Context(), cli, "apply", "-auto-approve", "-no-color")
	apply.Dir, apply.Env = c.dir, c.env
	var out bytes.Buffer
	apply.Stdout, apply.Stderr = &out, &out
	if err := apply.Start(); err != nil {
		t.Fatal(err)
	}
	r.wait(r.WaitPaused(r.ctx, 1))
	r.ResetJournal()
	r.wait(r.WaitCount(r.ctx, http.MethodGet, executionsPath, 2))
	if err := apply.Process.Signal(os.Interrupt); err != nil {
		t.Skip("this system cannot interrupt a process: ", err)
	}
	if err := apply.Wait(); err == nil || !says("Waiting for the migration was interrupted", "Execution 1 of policy \"web\" (id 1), when last seen: InProgress,", "its id is kept in the state.").Match(out.Bytes()) {
		t.Fatalf("%v\n%s", err, &out)
	}
	r.HoldAfter(9)
	if said := c.run(nil, "", "apply", "-auto-approve", "-no-color"); !strings.Contains(said, "1 added, 0 changed, 1 destroyed") {
		t.Errorf("the next apply said\n%s", said)
	}
	r.wantsStatus(1, ccrmock.ExecutionStopped)
	r.wantsStatus(2, ccrmock.ExecutionSucceed)
	c.run(nil, "", "plan", "-detailed-exitcode")
}

// What a plan cannot know is waited for in the apply, or run again.
func TestAccExecutionSettingsKnownInTheApply(t *testing.T) {
	t.Parallel()
	config := func(r *runTest, late, settings string) string {
		return r.providerConfig() + fmt.Sprintf(`
resource "terraform_data" "late" {
  input = %q
}

resource "ccr_policy_execution" "web" {
  policy_id = "1"
  %s
}
`, late, settings)
	}
	going := ccrmock.ExecutionStep{Counters: ccrmock.Counters{Total: 1, InProgress: 1}}
	done := ccrmock.ExecutionStep{Status: "Succeed", Counters: ccrmock.Counters{Total: 1, Succeed: 1}}
	failed := ccrmock.ExecutionStep{Status: "Failed", Counters: ccrmock.Counters{Total: 1, Failed: 1}}

	for late, status := range map[string]string{"true": "Succeed", "false": "InProgress"} {
		t.Run("wait is "+late, func(t *testing.T) {
			t.Parallel()
			r := startRunTest(t, nil)
			r.ScriptExecutions(r.policy, going, going, going, done)
			acceptance(t, resource.TestCase{Steps: []resource.TestStep{
				{Config: config(r, "early", "wait_for_completion = false")},
				{
					Config: config(r, late, "wait_for_completion = tobool(terraform_data.late.output)"),
					Check:  resource.TestCheckResourceAttr(runOfWeb, "status", status),
				},
			}})
			r.wantsStarts(1)
		})
	}
	t.Run("on_failure", func(t *testing.T) {
		t.Parallel()
		r := startRunTest(t, nil)
		r.ScriptExecutions(r.policy, failed, failed)
		r.ScriptExecutions(r.policy, done)
		acceptance(t, resource.TestCase{Steps: []resource.TestStep{
			{Config: config(r, "early", `on_failure = "continue"`)},
			{Config: config(r, "fail", "on_failure = terraform_data.late.output"), Check: resource.TestCheckResourceAttr(runOfWeb, "status", "Succeed")},
		}})
		r.wantsStarts(2) // a failure that the apply may find to be one is run again
	})
}

package provider

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

const kindStartPolicy = "ccr_start_policy"

// start invokes the action for the policy.
func (r *runTest) start(more fields) ([]string, diagnostics) {
	return r.invoked(r.ctx, kindStartPolicy, r.config(more), nil)
}

func wantsSaid(t *testing.T, said []string, want ...string) {
	t.Helper()
	if !slices.Equal(said, want) {
		t.Errorf("said\n  %s\nwant\n  %s", strings.Join(said, "\n  "), strings.Join(want, "\n  "))
	}
}

// Counts are told when they change, and at most every three seconds.
func TestStartPolicySaysHowFarItIs(t *testing.T) {
	t.Parallel()
	runInBubble(t, nil, func(t *testing.T, r *runTest) {
		at := func(succeed, failed, inProgress int) ccrmock.ExecutionStep {
			return ccrmock.ExecutionStep{Counters: ccrmock.Counters{Total: 40, Succeed: succeed, Failed: failed, InProgress: inProgress}}
		}
		r.ScriptExecutions(r.policy,
			ccrmock.ExecutionStep{}, // at once
			at(0, 0, 40),            // after 1 s: too soon after the last message
			at(12, 0, 28),           // after 3 s
			at(12, 0, 28),           // after 7 s: nothing new
			at(30, 1, 9),            // after 15 s
			ccrmock.ExecutionStep{Status: "Succeed", Counters: ccrmock.Counters{Total: 40, Succeed: 40}},
		)
		said, diags := r.start(nil)
		wantsNone(t, diags)
		wantsSaid(t, said,
			"Execution 1 of policy \"web\" (id 1) began; it goes on in CCR if this command is interrupted",
			"Execution 1: looking for images",
			"Execution 1: 12 of 40 images migrated, 28 in progress",
			"Execution 1: 30 of 40 images migrated, 1 failed, 9 in progress",
			"Execution 1 ended: Succeed, 40 of 40 images migrated",
		)
		r.wantsStarts(1)
	})
}

func TestStartPolicyMigrates(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, nil, "cce/web:v1", "cce/web:v2")
	said, diags := r.start(nil)
	wantsNone(t, diags)
	if last := said[len(said)-1]; last != "Execution 1 ended: Succeed, 2 of 2 images migrated" {
		t.Errorf("the last message is %q", last)
	}
	if images := r.Images(); images["public/web:v1"] != r.source.Digest("cce/web:v1") || images["public/web:v2"] != r.source.Digest("cce/web:v2") {
		t.Errorf("the destination holds %v", images)
	}
}

func TestStartPolicyWaitsForAnother(t *testing.T) {
	t.Parallel()
	runInBubble(t, nil, func(t *testing.T, r *runTest) {
		r.CreateExecution(r.policy, ccrmock.Execution{Counters: ccrmock.Counters{Total: 4, Succeed: 1, InProgress: 3}})
		r.ScriptExecutions(r.policy, ccrmock.ExecutionStep{Status: "Succeed", Counters: ccrmock.Counters{Total: 4, Succeed: 4}})
		go func() {
			if r.WaitCount(r.ctx, http.MethodGet, executionsPath, 3) == nil {
				r.FinishExecution(1, ccrmock.ExecutionSucceed, "", ccrmock.Counters{Total: 4, Succeed: 4})
			}
		}()
		said, diags := r.start(nil)
		wantsNone(t, diags)
		wantsSaid(t, said,
			"Waiting until execution 1 has finished: 1 of 4 images migrated, 3 in progress",
			"Execution 2 of policy \"web\" (id 1) began; it goes on in CCR if this command is interrupted",
			"Execution 2 ended: Succeed, 4 of 4 images migrated",
		)
	})
}

// A run of the resource and one of the action go one after the other.
func TestStartPolicyTakesItsTurn(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, nil, "cce/web:v1")
	r.HoldExecutions()
	wait := r.begin(nil)
	r.wait(r.WaitPaused(r.ctx, 1))
	ctx, cancel := context.WithCancel(r.ctx)
	cancel()
	said, diags := r.invoked(ctx, kindStartPolicy, r.config(nil), nil)
	wantsError(t, diags, "Migration was not started", "Policy \"web\" (id 1) was not run: another run of it in this apply had not finished: the wait was interrupted.", "Next step: start it again.")
	wantsSaid(t, said)
	r.wantsStarts(1)
	r.ReleaseExecutions()
	_, diags = wait()
	wantsNone(t, diags)
}

func TestStartPolicyDoesNotWait(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, nil, "cce/web:v1")
	r.HoldExecutions()
	said, diags := r.start(fields{"wait_for_completion": false})
	wantsNone(t, diags)
	wantsSaid(t, said, "Execution 1 of policy \"web\" (id 1) began; it goes on in CCR if this command is interrupted", "Execution 1 goes on in CCR; nobody waits for it")
	r.wantsStatus(1, ccrmock.ExecutionInProgress)
}

// What has ended before it is first seen is judged all the same.
func TestStartPolicyThatEndsAtOnce(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, nil)
	r.ScriptExecutions(r.policy, ccrmock.ExecutionStep{Status: "Failed", StatusText: "login refused"})
	said, diags := r.start(fields{"wait_for_completion": false})
	wantsError(t, diags, "Migration failed", "Failed, no image migrated: login refused.")
	wantsSaid(t, said, "Execution 1 of policy \"web\" (id 1) began; it goes on in CCR if this command is interrupted", "Execution 1 ended: Failed, no image migrated: login refused")
}

func TestStartPolicyJudges(t *testing.T) {
	t.Parallel()
	failed := ccrmock.ExecutionStep{Status: "Failed", StatusText: "disk full", Counters: ccrmock.Counters{Total: 3, Succeed: 1, Failed: 2}}
	stopped := ccrmock.ExecutionStep{Status: "Stopped", Counters: ccrmock.Counters{Total: 3, Succeed: 1, Stopped: 2}}
	empty := ccrmock.ExecutionStep{Status: "Succeed", StatusText: "no resources need to be replicated"}
	for name, test := range map[string]struct {
		step    ccrmock.ExecutionStep
		config  fields
		warning bool
		summary string
		says    string
	}{
		"failed":             {step: failed, summary: "Migration failed", says: "Execution 1 of policy \"web\" (id 1): Failed, 1 of 3 images migrated, 2 failed: disk full."},
		"failed, continue":   {step: failed, config: fields{"on_failure": "continue"}, warning: true, summary: "Migration failed"},
		"stopped":            {step: stopped, summary: "Migration was stopped", says: "2 stopped. It was stopped by somebody or something else"},
		"stopped, continue":  {step: stopped, config: fields{"on_failure": "continue"}, warning: true, summary: "Migration was stopped"},
		"no image":           {step: empty, warning: true, summary: "Migration matched no image", says: "no resources need to be replicated"},
		"no image, fail":     {step: empty, config: fields{"on_empty": "fail"}, summary: "Migration matched no image"},
		"no image, continue": {step: empty, config: fields{"on_empty": "continue", "on_failure": "fail"}, warning: true, summary: "Migration matched no image"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := startRunTest(t, nil)
			r.ScriptExecutions(r.policy, test.step)
			said, diags := r.start(test.config)
			if test.warning {
				wantsWarning(t, diags, test.summary, test.says)
			} else {
				wantsError(t, diags, test.summary, test.says)
			}
			if !strings.HasPrefix(said[len(said)-1], "Execution 1 ended: "+test.step.Status) {
				t.Errorf("said %q", said)
			}
		})
	}
}

// However it ends, the user learns what goes on remotely and how to end that.
func TestStartPolicyThatIsNotSeenToEnd(t *testing.T) {
	t.Parallel()
	const (
		seen = "Execution 1 of policy \"web\" (id 1), when last seen: InProgress, 4 of 9 images migrated, 5 in progress."
		goes = "It may go on in CCR, and nothing here remembers it."
		end  = `or end it with the action ccr_stop_execution (policy_id = "1", execution_id = "1").`
	)
	going := ccrmock.ExecutionStep{Counters: ccrmock.Counters{Total: 9, Succeed: 4, InProgress: 5}}
	for name, test := range map[string]struct {
		steps     []ccrmock.ExecutionStep
		fault     *ccrmock.Fault
		interrupt bool
		config    fields
		summary   string
		says      []string
	}{
		"interrupted": {interrupt: true, summary: "Waiting for the migration was interrupted", says: []string{seen, goes, end}},
		"timed out":   {config: fields{"timeout": "30s"}, summary: "Migration did not finish in time", says: []string{seen, "The time set by timeout was up.", goes, end, "Raise timeout if"}},
		"by default":  {summary: "Migration did not finish in time", says: []string{seen, goes, end}},
		"refused": {
			fault:   &ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "AccessDenied", Path: executionsPath, Skip: 3, Times: -1},
			summary: "Waiting for the migration failed", says: []string{seen, "Code: AccessDenied", goes, "give the owner of the access key permission for CCR, or use another key. Then follow it", end},
		},
		"vanished": {
			steps:   []ccrmock.ExecutionStep{going, {Gone: true}},
			summary: "Migration vanished", says: []string{seen, "Then its record was gone from CCR", "then start it again."},
		},
		"never seen": {
			steps:   []ccrmock.ExecutionStep{{Hidden: true}},
			summary: "Migration has begun and cannot be found", says: []string{"If a new one is there, that is this run; if not, start it again."},
		},
		"answer lost": {
			fault:   &ccrmock.Fault{Kind: ccrmock.FaultDropBefore, Path: startPath},
			summary: "Migration may have begun", says: []string{"If a new one is there, that is this run; if not, start it again."},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runInBubble(t, nil, func(t *testing.T, r *runTest) {
				steps := test.steps
				if steps == nil {
					steps = []ccrmock.ExecutionStep{going}
				}
				r.ScriptExecutions(r.policy, steps...)
				if test.fault != nil {
					r.AddFault(*test.fault)
				}
				tell := func(message string) {
					if test.interrupt && message == "Execution 1: 4 of 9 images migrated, 5 in progress" {
						r.interrupt(r.ctx)
					}
				}
				_, diags := r.invoked(r.ctx, kindStartPolicy, r.config(test.config), tell)
				wantsError(t, diags, test.summary, test.says...)
				r.wantsStarts(1)
			})
		})
	}
}

func TestStartPolicyRefusesBadArguments(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, nil)
	for _, test := range []struct {
		config fields
		says   string
	}{
		{fields{"policy_id": "web"}, `"web" is not an id`},
		{fields{"on_failure": "ignore"}, `"fail"`},
		{fields{"on_empty": "ignore"}, `"fail"`},
		{fields{"timeout": "soon"}, `"soon" is not a positive duration`},
		{fields{"timeout": "-5m"}, `"-5m" is not a positive duration`},
	} {
		_, diags := r.start(test.config)
		if len(diags) != 1 || !strings.Contains(diags[0].detail, test.says) {
			t.Errorf("%v: %s", test.config, diags)
		}
	}
	if n := len(r.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
	_, diags := r.start(fields{"policy_id": "99"})
	wantsError(t, diags, "Policy does not exist", "CCR has no policy with the id 99, so nothing was run.")
}

// newActionLine skips the test when the CLI has no actions.
func newActionLine(t *testing.T, config string) *commandLine {
	t.Helper()
	c := newCommandLine(t, config)
	if reason := lacks(config); reason != "" {
		t.Skip(reason)
	}
	return c
}

func (c *commandLine) invoke(failure, action string) string {
	c.t.Helper()
	return c.run(nil, failure, "apply", "-auto-approve", "-no-color", "-invoke=action."+action)
}

func TestAccStartPolicyInvoked(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, nil, "cce/web:v1", "cce/web:v2")
	c := newActionLine(t, r.providerConfig()+`
action "ccr_start_policy" "web" {
  config {
    policy_id = "1"
  }
}
`)
	out := c.invoke("", "ccr_start_policy.web")
	for _, part := range []string{"Execution 1 of policy \"web\" (id 1) began; it goes on in CCR if this command is interrupted", "Execution 1 ended: Succeed, 2 of 2 images migrated"} {
		if !strings.Contains(out, part) {
			t.Errorf("the CLI did not say %q:\n%s", part, out)
		}
	}
	if images := r.Images(); images["public/web:v2"] != r.source.Digest("cce/web:v2") || len(images) != 2 {
		t.Errorf("the destination holds %v", images)
	}

	r.source.Break("cce/web:v2")
	r.UpdatePolicy(r.policy, func(p *ccrmock.Policy) { p.DestProjectName = "other" })
	out = c.invoke("Error: Migration failed", "ccr_start_policy.web")
	if part := "Execution 2 ended: Failed, 1 of 2 images migrated, 1 failed: "; !strings.Contains(out, part) {
		t.Errorf("the CLI did not say %q:\n%s", part, out)
	}
	c.wantWithout("what the CLI said", c.said.String(), sourcePassword, ccrmock.DefaultSecretAccessKey)
	r.wantsStarts(2)
}

func TestAccStartPolicyTriggered(t *testing.T) {
	t.Parallel()
	m, src := startMock(t), startSource(t, "cce/web:v1", "cce/web:v2")
	config := migrationHCL(m, src.URL, sourcePassword, onlyWeb, `
  lifecycle {
    action_trigger {
      events  = [after_create]
      actions = [action.ccr_start_policy.again]
    }
  }`) + `
action "ccr_start_policy" "again" {
  config {
    policy_id = ccr_migration_policy.web.id
    on_empty  = "fail"
  }
}
`
	acceptance(t, resource.TestCase{
		TerraformVersionChecks: []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_14_0)},
		Steps: []resource.TestStep{
			{Config: config, Check: attributes(runOfWeb, map[string]string{"id": "1", "status": "Succeed"})},
			{Config: config, ConfigPlanChecks: plansNothing()},
		},
	})
	if n := m.Count(http.MethodPost, startPath); n != 2 {
		t.Errorf("the policy was started %d times, want 2: by the resource and by the action it triggers", n)
	}
}

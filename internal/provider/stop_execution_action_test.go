package provider

import (
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

const kindStopExecution = "ccr_stop_execution"

// end invokes the action for the first execution of the policy.
func (r *runTest) end(more fields) ([]string, diagnostics) {
	config := r.config(fields{"execution_id": "1"})
	maps.Copy(config, more)
	return r.invoked(r.ctx, kindStopExecution, config, nil)
}

func TestStopExecutionThatRuns(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, nil, "cce/web:v1", "cce/web:v2", "cce/web:v3")
	r.HoldAfter(1)
	r.running()
	r.wait(r.WaitPaused(r.ctx, 1))
	said, diags := r.end(nil)
	wantsNone(t, diags)
	if last := said[len(said)-1]; last != "Execution 1 has ended: Stopped, 1 of 3 images migrated, 2 stopped" {
		t.Errorf("said %q", said)
	}
	if e := r.Executions(r.policy)[0]; e.Status != ccrmock.ExecutionStopped || e.Stopped != 2 || len(r.Images()) != 1 {
		t.Errorf("the execution is %+v, %d images arrived", e, len(r.Images()))
	}
}

func TestStopExecutionSaysHowFarItIs(t *testing.T) {
	t.Parallel()
	runInBubble(t, nil, func(t *testing.T, r *runTest) {
		at := func(succeed, stopped, inProgress int) ccrmock.ExecutionStep {
			return ccrmock.ExecutionStep{Counters: ccrmock.Counters{Total: 9, Succeed: succeed, Stopped: stopped, InProgress: inProgress}}
		}
		running := at(4, 0, 5)
		running.UntilStop = true
		r.ScriptExecutions(r.policy, running, at(4, 0, 5), at(5, 2, 2), at(6, 2, 1), at(6, 2, 1),
			ccrmock.ExecutionStep{Status: "Stopped", Counters: ccrmock.Counters{Total: 9, Succeed: 6, Stopped: 3}})
		r.running()
		said, diags := r.end(nil)
		wantsNone(t, diags)
		wantsSaid(t, said,
			"Stopping execution 1: 4 of 9 images migrated, 5 in progress",
			"Stopping execution 1: 6 of 9 images migrated, 2 stopped, 1 in progress",
			"Execution 1 has ended: Stopped, 6 of 9 images migrated, 3 stopped",
		)
	})
}

// One that has ended is left as it is.
func TestStopExecutionThatHasEnded(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, nil)
	r.CreateExecution(r.policy, ccrmock.Execution{Status: ccrmock.ExecutionSucceed, Counters: ccrmock.Counters{Total: 3, Succeed: 3}})
	said, diags := r.end(nil)
	wantsNone(t, diags)
	wantsSaid(t, said, "Execution 1 has ended: Succeed, 3 of 3 images migrated")
	if n := r.Count(http.MethodPost, ""); n != 0 {
		t.Errorf("%d writes were sent", n)
	}
}

func TestStopExecutionThatIsNotThere(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, nil)
	r.CreateExecution(r.policy, ccrmock.Execution{})
	for _, config := range []fields{{"execution_id": "99"}, {"policy_id": "99"}} {
		said, diags := r.end(config)
		wantsError(t, diags, "Execution does not exist", "has no execution with the id", "ccr_executions (policy_id = ")
		wantsSaid(t, said)
	}
	if n := r.Count(http.MethodPost, ""); n != 0 {
		t.Errorf("%d writes were sent", n)
	}
	r.wantsStatus(1, ccrmock.ExecutionInProgress)
}

// It was there when it was asked to stop, and then its record was purged.
func TestStopExecutionThatVanishes(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, nil)
	r.CreateExecution(r.policy, ccrmock.Execution{Counters: ccrmock.Counters{Total: 3, Succeed: 1, InProgress: 2}})
	r.OnList(func(string, int) { r.PurgeExecution(1) })
	said, diags := r.end(nil)
	wantsWarning(t, diags, "Execution is gone", "Execution 1 of policy \"web\" (id 1): InProgress, 1 of 3 images migrated, 2 in progress. CCR was asked to stop it, and then its record was gone")
	wantsSaid(t, said)
}

func TestStopExecutionThatDoesNotSettle(t *testing.T) {
	t.Parallel()
	const still = "When last seen it was still going (InProgress, 1 of 3 images migrated, 2 in progress)."
	for name, test := range map[string]struct {
		fault     *ccrmock.Fault
		interrupt bool
		summary   string
		says      []string
	}{
		"in time":     {summary: "Execution did not stop in time", says: []string{"CCR was asked to stop execution 1 of policy \"web\" (id 1).", still, "Next step: stop it again, or raise timeout."}},
		"interrupted": {interrupt: true, summary: "Stopping the execution was interrupted", says: []string{"CCR was asked to stop execution 1 of policy \"web\" (id 1).", still, "Next step: stop it again."}},
		"lost": {
			fault:   &ccrmock.Fault{Kind: ccrmock.FaultBody, Status: 502, Body: "<html>Bad Gateway</html>", Path: stopPath, Times: -1},
			summary: "Execution did not stop in time", says: []string{"and the answer was lost.", still, "HTTP status: 502"},
		},
		"forbidden": {
			fault:   &ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "AccessDenied", Path: stopPath},
			summary: "Stopping the execution failed", says: []string{"Could not stop execution 1 of policy \"web\" (id 1).", "Code: AccessDenied"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runInBubble(t, nil, func(t *testing.T, r *runTest) {
				r.ScriptExecutions(r.policy, ccrmock.ExecutionStep{Counters: ccrmock.Counters{Total: 3, Succeed: 1, InProgress: 2}})
				r.running()
				if test.fault != nil {
					r.AddFault(*test.fault)
				}
				tell := func(string) {
					if test.interrupt {
						r.interrupt(r.ctx)
					}
				}
				_, diags := r.invoked(r.ctx, kindStopExecution, r.config(fields{"execution_id": "1", "timeout": "5m"}), tell)
				wantsError(t, diags, test.summary, test.says...)
			})
		})
	}
}

func TestStopExecutionRefusesBadArguments(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, nil)
	for _, config := range []fields{{"policy_id": "web"}, {"execution_id": "0"}, {"timeout": "0s"}} {
		_, diags := r.end(config)
		if len(diags) != 1 || diags[0].summary != "Invalid value" {
			t.Errorf("%v: %s", config, diags)
		}
	}
	if n := len(r.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestAccStopExecutionInvoked(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, nil, "cce/web:v1", "cce/web:v2")
	c := newActionLine(t, r.providerConfig()+`
action "ccr_stop_execution" "first" {
  config {
    policy_id    = "1"
    execution_id = "1"
  }
}
`)
	r.HoldAfter(1)
	r.running()
	r.wait(r.WaitPaused(r.ctx, 1))
	out := c.invoke("", "ccr_stop_execution.first")
	if !strings.Contains(out, "Execution 1 has ended: Stopped, 1 of 2 images migrated, 1 stopped") {
		t.Errorf("the CLI said\n%s", out)
	}
	r.wantsStatus(1, ccrmock.ExecutionStopped)
}

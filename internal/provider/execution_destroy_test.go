package provider

import (
	"net/http"
	"testing"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

// running returns an execution in the state that goes on in CCR.
func (r *runTest) running() *instance {
	r.t.Helper()
	now, diags := r.create(fields{"wait_for_completion": false})
	wantsNone(r.t, diags)
	wantsState(r.t, now, fields{"id": "1", "status": "InProgress"})
	r.ResetJournal()
	return now
}

func (r *runTest) wantsStatus(id int, want string) {
	r.t.Helper()
	for _, e := range r.Executions(r.policy) {
		if e.ID == int64(id) && e.Status != want {
			r.t.Errorf("execution %d is %s, want %s", id, e.Status, want)
		}
	}
}

func TestDestroyStopsWhatRuns(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, nil, "cce/web:v1")
	r.HoldExecutions()
	now := r.running()
	now, diags := r.destroyed(r.ctx, now)
	wantsNone(t, diags)
	wantsGone(t, now)
	if n := r.Count(http.MethodPost, ""); n != 1 || r.Count(http.MethodPost, stopPath) != 1 {
		t.Errorf("%d writes, want one stop", n)
	}
	r.wantsStatus(1, ccrmock.ExecutionStopped)
}

func TestDestroyWaitsUntilItHasSettled(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, nil)
	going := ccrmock.ExecutionStep{Counters: ccrmock.Counters{Total: 3, Succeed: 1, InProgress: 2}}
	untilStop := going
	untilStop.UntilStop = true
	r.ScriptExecutions(r.policy, untilStop, going, going, going, ccrmock.ExecutionStep{Status: "Stopped", Counters: ccrmock.Counters{Total: 3, Succeed: 1, Stopped: 2}})
	now, diags := r.destroyed(r.ctx, r.running())
	wantsNone(t, diags)
	wantsGone(t, now)
	// One look before the stop, and four until it has settled.
	if n := r.Count(http.MethodGet, executionsPath); n != 5 {
		t.Errorf("%d looks, want 5", n)
	}
}

func TestDestroyOfWhatHasEnded(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, nil, "cce/web:v1")
	r.HoldExecutions()
	now := r.running()
	r.ReleaseExecutions()
	r.wait(r.WaitExecution(r.ctx, 1))
	now, diags := r.destroyed(r.ctx, now)
	wantsNone(t, diags)
	if now != nil || r.Count(http.MethodPost, "") != 0 {
		t.Error("something was sent, or is left")
	}

	now, diags = r.create(nil)
	wantsNone(t, diags)
	r.ResetJournal()
	_, diags = r.destroyed(r.ctx, now)
	wantsNone(t, diags)
	if n := len(r.Requests()); n != 0 {
		t.Errorf("forgetting a finished run sent %d requests", n)
	}
}

func TestDestroyOfWhatIsGone(t *testing.T) {
	t.Parallel()
	for name, remove := range map[string]func(*runTest){
		"record": func(r *runTest) { r.PurgeExecution(1) },
		"policy": func(r *runTest) { r.DeletePolicy(r.policy) },
		"record, between look and stop": func(r *runTest) {
			r.OnList(func(string, int) { r.PurgeExecution(1) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := startRunTest(t, nil, "cce/web:v1")
			r.HoldExecutions()
			now := r.running()
			remove(r)
			now, diags := r.destroyed(r.ctx, now)
			wantsNone(t, diags)
			wantsGone(t, now)
		})
	}
}

func TestDestroyWhenTheAnswerToStopIsLost(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault ccrmock.Fault
		stops int
	}{
		"dropped after":  {ccrmock.Fault{Kind: ccrmock.FaultDropAfter}, 1},
		"dropped before": {ccrmock.Fault{Kind: ccrmock.FaultDropBefore}, 2},
		"500 before":     {ccrmock.Fault{Kind: ccrmock.FaultStatus, Status: 500}, 2},
		"502 with HTML":  {ccrmock.Fault{Kind: ccrmock.FaultBodyAfter, Status: 502, Body: "<html>Bad Gateway</html>"}, 1},
		"200 cut short":  {ccrmock.Fault{Kind: ccrmock.FaultTruncateAfter}, 1},
		"404":            {ccrmock.Fault{Kind: ccrmock.FaultBodyAfter, Status: 404}, 1},
		"429":            {ccrmock.Fault{Kind: ccrmock.FaultStatus, Status: 429}, 2},
		"503":            {ccrmock.Fault{Kind: ccrmock.FaultStatus, Status: 503, Header: http.Header{"Retry-After": {"1"}}}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := startRunTest(t, nil, "cce/web:v1")
			r.HoldExecutions()
			now := r.running()
			test.fault.Path = stopPath
			r.AddFault(test.fault)
			now, diags := r.destroyed(r.ctx, now)
			wantsNone(t, diags)
			wantsGone(t, now)
			if n := r.Count(http.MethodPost, stopPath); n != test.stops {
				t.Errorf("%d stops were sent, want %d", n, test.stops)
			}
			r.wantsStatus(1, ccrmock.ExecutionStopped)
		})
	}
}

func TestDestroyThatDoesNotSettle(t *testing.T) {
	t.Parallel()
	const still = " When last seen it was still going (InProgress, 1 of 3 images migrated, 2 in progress)."
	for name, test := range map[string]struct {
		fault   *ccrmock.Fault
		until   int // how many looks there are before an interrupt, 0 for none
		summary string
		says    []string
	}{
		"in time": {
			summary: "Execution did not stop in time",
			says:    []string{"CCR was asked to stop execution 1 of policy \"web\" (id 1)." + still, "Next step: run the command again, or raise timeouts.delete (a destroy takes it from the state"},
		},
		"and each answer is lost": {
			fault:   &ccrmock.Fault{Kind: ccrmock.FaultStatus, Status: 500, Path: stopPath, Times: -1},
			summary: "Execution did not stop in time",
			says:    []string{"CCR was asked to stop execution 1 of policy \"web\" (id 1), and the answer was lost." + still, "HTTP status: 500"},
		},
		"as it is forbidden": {
			fault:   &ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "AccessDenied", Path: stopPath},
			summary: "Stopping the execution failed",
			says:    []string{"Could not stop execution 1 of policy \"web\" (id 1).", "Code: AccessDenied", "Request: POST /v1/ccr/executions/1/stop"},
		},
		"as looking is forbidden": {
			fault:   &ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "AccessDenied", Path: executionsPath},
			summary: "Stopping the execution failed",
			says:    []string{"Could not stop execution 1 of policy \"web\" (id 1).", "Code: AccessDenied"},
		},
		"as looking on is forbidden": {
			fault:   &ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "AccessDenied", Path: executionsPath, Skip: 1},
			summary: "Stopping the execution failed",
			says:    []string{"Could not stop execution 1 of policy \"web\" (id 1).", "Code: AccessDenied"},
		},
		"when interrupted": {
			until: 3, summary: "Stopping the execution was interrupted",
			says: []string{"CCR was asked to stop execution 1 of policy \"web\" (id 1)." + still, "Next step: run the command again."},
		},
		"when interrupted at the first look": {
			fault: &ccrmock.Fault{Kind: ccrmock.FaultHangBefore, Path: executionsPath},
			until: 1, summary: "Stopping the execution was interrupted",
			says: []string{"CCR was not yet asked to stop execution 1 of policy \"web\" (id 1).", "Next step: run the command again."},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runInBubble(t, nil, func(t *testing.T, r *runTest) {
				r.ScriptExecutions(r.policy, ccrmock.ExecutionStep{Counters: ccrmock.Counters{Total: 3, Succeed: 1, InProgress: 2}})
				now := r.running()
				if test.fault != nil {
					r.AddFault(*test.fault)
				}
				if test.until > 0 {
					go func() {
						if r.WaitCount(r.ctx, http.MethodGet, executionsPath, test.until) == nil {
							r.interrupt(r.ctx)
						}
					}()
				}
				now, diags := r.destroyed(r.ctx, now)
				wantsError(t, diags, test.summary, test.says...)
				wantsState(t, now, fields{"id": "1", "status": "InProgress"})
			})
		})
	}
}

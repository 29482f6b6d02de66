package provider

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

// left is a run that an apply has left while it goes on: it did not wait.
func left(t *testing.T, steps ...ccrmock.ExecutionStep) (*runTest, *instance) {
	t.Helper()
	r := startRunTest(t, nil)
	r.ScriptExecutions(r.policy, append([]ccrmock.ExecutionStep{{Counters: ccrmock.Counters{Total: 3, Succeed: 1, InProgress: 2}}}, steps...)...)
	now, diags := r.create(fields{"wait_for_completion": false})
	wantsNone(t, diags)
	wantsState(t, now, fields{"id": "1", "status": "InProgress"})
	return r, now
}

// An apply that is to wait does not succeed while a run goes on, whoever left
// it, and starts no other.
func TestExecutionIsWaitedForLater(t *testing.T) {
	t.Parallel()
	done := ccrmock.Counters{Total: 3, Succeed: 3}
	r, now := left(t, ccrmock.ExecutionStep{Status: "Succeed", Counters: done})
	wantsNone(t, r.plans(now, fields{"wait_for_completion": false}, ""))
	wantsNone(t, r.plans(now, nil, "update"))
	now, diags := r.applied(r.ctx, kindExecution, now, r.config(nil))
	wantsNone(t, diags)
	wantsState(t, now, fields{"id": "1", "status": "Succeed", "total": int64(3), "succeed": int64(3), "in_progress": int64(0)})
	wantsNone(t, r.plans(now, nil, ""))
	r.wantsStarts(1)
}

func TestExecutionThatFailsWhileWaitedForLater(t *testing.T) {
	t.Parallel()
	failed := ccrmock.ExecutionStep{Status: "Failed", StatusText: "disk full", Counters: ccrmock.Counters{Total: 3, Succeed: 1, Failed: 2}}
	r, now := left(t, failed, failed)
	now, diags := r.applied(r.ctx, kindExecution, now, r.config(nil))
	wantsError(t, diags, "Migration failed", "Execution 1 of policy \"web\" (id 1): Failed, 1 of 3 images migrated, 2 failed: disk full.", "then apply again")
	wantsState(t, now, fields{"id": "1", "status": "Failed"})
	wantsWarning(t, r.plans(now, nil, "replace"), "Migration failed, and will be run again", "2 failed: disk full")
	wantsNone(t, r.plans(now, fields{"on_failure": "continue"}, "update"))
	r.wantsStarts(1)
}

// The state keeps a run whose wait ends early, without a taint.
func TestExecutionWaitedForLaterGoesOn(t *testing.T) {
	t.Parallel()
	r, now := left(t)
	for name, test := range map[string]struct {
		config  fields
		summary string
		stop    bool
	}{
		"interrupted": {nil, "Waiting for the migration was interrupted", true},
		"timed out":   {fields{"timeouts": fields{"create": "50ms"}}, "Migration did not finish in time", false},
	} {
		ctx, cancel := context.WithCancel(r.ctx)
		looked := r.Count(http.MethodGet, executionsPath)
		if test.stop {
			go func() {
				_ = r.WaitCount(r.ctx, http.MethodGet, executionsPath, looked+3)
				cancel()
			}()
		}
		after, diags := r.applied(ctx, kindExecution, now, r.config(test.config))
		cancel()
		wantsError(t, diags, test.summary, "Execution 1 of policy \"web\" (id 1), when last seen: InProgress, 1 of 3 images migrated, 2 in progress.",
			"It may go on in CCR; its id is kept in the state.", "Next step: apply again, which goes on waiting for it.")
		wantsState(t, after, fields{"id": "1", "status": "InProgress"})
		if after.tainted {
			t.Errorf("%s: it is tainted", name)
		}
		wantsNone(t, r.plans(after, nil, "update"))
	}
	r.wantsStarts(1)
	if n := r.Count(http.MethodPost, stopPath); n > 0 {
		t.Errorf("%d stops were sent", n)
	}
}

func TestExecutionThatVanishesWhileWaitedForLater(t *testing.T) {
	t.Parallel()
	r, now := left(t)
	r.PurgeExecution(1)
	now, diags := r.applied(r.ctx, kindExecution, now, r.config(nil))
	wantsError(t, diags, "Migration vanished", "check that the policy exists, then apply again")
	now, diags = r.read(r.ctx, now)
	wantsWarning(t, diags, "Execution is gone before its end was seen")
	if now != nil {
		t.Error("it is still in the state")
	}
}

// The guide's way on after an interrupt: the run is kept, and waited for.
func TestExecutionUntainted(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, nil, "cce/web:v1")
	r.HoldExecutions()
	ctx, cancel := context.WithTimeout(r.ctx, time.Minute)
	defer cancel()
	go func() {
		_ = r.WaitCount(r.ctx, http.MethodGet, executionsPath, 3)
		cancel()
	}()
	now, diags := r.applied(ctx, kindExecution, nil, r.config(nil))
	wantsError(t, diags, "Waiting for the migration was interrupted", "`terraform untaint`")
	if !now.tainted {
		t.Error("it is not tainted")
	}
	now.tainted = false
	now, diags = r.read(r.ctx, now)
	wantsNone(t, diags)
	wantsNone(t, r.plans(now, nil, "update"))
	r.ReleaseExecutions()
	now, diags = r.applied(r.ctx, kindExecution, now, r.config(nil))
	wantsNone(t, diags)
	wantsState(t, now, fields{"id": "1", "status": "Succeed", "succeed": int64(1)})
	wantsNone(t, r.plans(now, nil, ""))
	r.wantsStarts(1)
}

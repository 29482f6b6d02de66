package provider

import (
	"maps"
	"strings"
	"testing"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

// plans ends the test unless the configuration plans to this action.
func (r *runTest) plans(now *instance, more fields, action string) diagnostics {
	r.t.Helper()
	plan, diags := r.planned(r.ctx, kindExecution, now, r.config(more))
	if plan.action != action {
		r.t.Fatalf("the plan is to %q, want %q\n%s", plan.action, action, diags)
	}
	return diags
}

func TestExecutionOutcomes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		prepare  func(*runTest)
		config   fields
		severity string // "" for none
		summary  string
		says     []string
		want     fields
	}{
		"succeeds": {
			want: fields{"status": "Succeed", "total": int64(2), "succeed": int64(2), "failed": int64(0), "in_progress": int64(0), "trigger": "manual"},
		},
		"a part fails": {
			prepare:  func(r *runTest) { r.source.Break("cce/web:v2") },
			severity: "error", summary: "Migration failed",
			says: []string{"Failed, 1 of 2 images migrated, 1 failed: cce/web:v2"},
			want: fields{"status": "Failed", "total": int64(2), "succeed": int64(1), "failed": int64(1)},
		},
		"a part fails, and on": {
			prepare:  func(r *runTest) { r.source.Break("cce/web:v2") },
			config:   fields{"on_failure": "continue"},
			severity: "warning", summary: "Migration failed",
			says: []string{"1 of 2 images migrated, 1 failed"},
			want: fields{"status": "Failed", "succeed": int64(1), "failed": int64(1)},
		},
		"wrong password": {
			prepare: func(r *runTest) {
				r.UpdateRegistry(1, func(reg *ccrmock.Registry) { reg.AccessSecret = "wr0ng-s3cr3t" })
			},
			severity: "error", summary: "Migration failed",
			says: []string{"Failed, no image migrated: ", "UNAUTHORIZED", "the source's URL and password are in ccr_registry"},
			want: fields{"status": "Failed", "total": int64(0), "end_time": nil},
		},
		"host unreachable": {
			prepare: func(r *runTest) {
				r.UpdateRegistry(1, func(reg *ccrmock.Registry) { reg.URL = "http://127.0.0.1:1" })
			},
			severity: "error", summary: "Migration failed",
			says: []string{"connection refused"},
		},
		"nothing matched": {
			prepare:  func(r *runTest) { r.matches("cce/none-*") },
			severity: "warning", summary: "Migration matched no image",
			says: []string{"Succeed, no image migrated: no resources need to be replicated", "compare the policy's filters"},
			want: fields{"status": "Succeed", "total": int64(0)},
		},
		"nothing matched, and that fails": {
			prepare:  func(r *runTest) { r.matches("cce/none-*") },
			config:   fields{"on_empty": "fail"},
			severity: "error", summary: "Migration matched no image",
		},
		"nothing matched, on_failure is not for it": {
			prepare:  func(r *runTest) { r.matches("cce/none-*") },
			config:   fields{"on_empty": "fail", "on_failure": "continue"},
			severity: "error", summary: "Migration matched no image",
		},
		"stopped, and on": {
			prepare: func(r *runTest) {
				r.ScriptExecutions(r.policy, ccrmock.ExecutionStep{Status: "Stopped", Counters: ccrmock.Counters{Total: 2, Succeed: 1, Stopped: 1}})
			},
			config:   fields{"on_failure": "continue"},
			severity: "warning", summary: "Migration was stopped",
			want: fields{"status": "Stopped", "stopped": int64(1)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := startRunTest(t, nil, "cce/web:v1", "cce/web:v2")
			if test.prepare != nil {
				test.prepare(r)
			}
			now, diags := r.create(test.config)
			switch test.severity {
			case "":
				wantsNone(t, diags)
			case "warning":
				wantsWarning(t, diags, test.summary, test.says...)
			default:
				wantsError(t, diags, test.summary, test.says...)
			}
			wantsState(t, now, test.want)
			if now.tainted != (test.severity == "error") {
				t.Errorf("tainted is %t", now.tainted)
			}
			if strings.Contains(diags.String(), "s3cr3t") {
				t.Errorf("a secret is told: %s", diags)
			}
			if !now.tainted {
				wantsNone(t, r.plans(now, test.config, ""))
			} else {
				r.plans(now, test.config, "replace")
			}
			r.wantsStarts(1)
		})
	}
}

// A finished run is never run again by an unchanged plan, and costs nothing.
func TestExecutionIsRunOnce(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, nil, "cce/web:v1")
	now, diags := r.create(nil)
	wantsNone(t, diags)
	r.ResetJournal()
	for _, purge := range []func(){func() {}, func() { r.PurgeExecutions(r.policy) }, func() { r.DeletePolicy(r.policy) }} {
		purge()
		now, diags = r.read(r.ctx, now)
		wantsNone(t, diags)
		wantsNone(t, r.plans(now, nil, ""))
		now, diags = r.applied(r.ctx, kindExecution, now, r.config(nil))
		wantsNone(t, diags)
		wantsState(t, now, fields{"id": "1", "status": "Succeed"})
	}
	if n := len(r.Requests()); n != 0 {
		t.Errorf("three refreshes, plans and applies of a finished run sent %d requests: %v", n, r.Requests())
	}
}

func TestExecutionNotWaitedFor(t *testing.T) {
	t.Parallel()
	config := func(more fields) fields {
		out := fields{"wait_for_completion": false}
		maps.Copy(out, more)
		return out
	}
	// start returns a run that went on by itself and ended like this.
	start := func(t *testing.T, more fields, status string, c ccrmock.Counters) (*runTest, *instance) {
		r := startRunTest(t, nil, "cce/web:v1")
		r.HoldExecutions()
		now, diags := r.create(config(more))
		wantsNone(t, diags)
		wantsState(t, now, fields{"id": "1", "status": "InProgress", "end_time": nil})
		wantsNone(t, r.plans(now, config(more), ""))
		r.FinishExecution(1, status, "", c)
		r.ReleaseExecutions()
		r.ResetJournal()
		return r, now
	}
	failed := ccrmock.Counters{Total: 3, Succeed: 1, Failed: 2}

	t.Run("succeeded", func(t *testing.T) {
		t.Parallel()
		r, now := start(t, nil, "Succeed", ccrmock.Counters{Total: 3, Succeed: 3})
		now, diags := r.read(r.ctx, now)
		wantsNone(t, diags)
		wantsState(t, now, fields{"status": "Succeed", "succeed": int64(3)})
		wantsNone(t, r.plans(now, config(nil), ""))
	})

	t.Run("failed", func(t *testing.T) {
		t.Parallel()
		r, now := start(t, nil, "Failed", failed)
		now, diags := r.read(r.ctx, now)
		wantsWarning(t, diags, "Migration failed", "2 failed", "then apply again")
		wantsState(t, now, fields{"status": "Failed", "failed": int64(2)})
		// It is seen once and remembered.
		r.ResetJournal()
		now, diags = r.read(r.ctx, now)
		wantsNone(t, diags)
		if n := len(r.Requests()); n != 0 {
			t.Errorf("another refresh sent %d requests", n)
		}
		diags = r.plans(now, config(nil), "replace")
		wantsWarning(t, diags, "Migration failed, and will be run again",
			"Execution 1 of policy \"web\" (id 1): Failed, 1 of 3 images migrated, 2 failed.")

		now, diags = r.applied(r.ctx, kindExecution, now, config(fields{"policy_id": "1"}))
		if diags.failed() {
			t.Fatal(diags)
		}
		wantsState(t, now, fields{"id": "2"})
		r.wait(r.WaitExecution(r.ctx, 2))
		now, diags = r.read(r.ctx, now)
		wantsNone(t, diags)
		wantsNone(t, r.plans(now, config(nil), ""))
		r.wantsStarts(1)
	})

	t.Run("failed, with on_failure = continue", func(t *testing.T) {
		t.Parallel()
		more := fields{"on_failure": "continue"}
		r, now := start(t, more, "Failed", failed)
		now, diags := r.read(r.ctx, now)
		wantsWarning(t, diags, "Migration failed", "1 of 3 images migrated, 2 failed")
		wantsNone(t, r.plans(now, config(more), ""))
		// A stricter setting does not let a failure pass for success.
		wantsWarning(t, r.plans(now, config(nil), "replace"), "Migration failed, and will be run again")
	})

	t.Run("failed, then on_failure = continue", func(t *testing.T) {
		t.Parallel()
		r, now := start(t, nil, "Failed", failed)
		now, diags := r.read(r.ctx, now)
		wantsWarning(t, diags, "Migration failed", "1 of 3 images migrated, 2 failed")
		wantsNone(t, r.plans(now, config(fields{"on_failure": "continue"}), "update"))
	})

	t.Run("stopped", func(t *testing.T) {
		t.Parallel()
		r, now := start(t, nil, "Stopped", ccrmock.Counters{Total: 3, Succeed: 1, Stopped: 2})
		now, diags := r.read(r.ctx, now)
		wantsWarning(t, diags, "Migration was stopped", "2 stopped")
		wantsWarning(t, r.plans(now, config(nil), "replace"), "Migration was stopped, and will be run again", "2 stopped")
	})

	t.Run("matched nothing", func(t *testing.T) {
		t.Parallel()
		r, now := start(t, nil, "Succeed", ccrmock.Counters{})
		now, diags := r.read(r.ctx, now)
		wantsWarning(t, diags, "Migration matched no image")
		wantsNone(t, r.plans(now, config(nil), ""))
	})

	t.Run("matched nothing, with on_empty = fail", func(t *testing.T) {
		t.Parallel()
		more := fields{"on_empty": "fail"}
		r, now := start(t, more, "Succeed", ccrmock.Counters{})
		now, diags := r.read(r.ctx, now)
		wantsWarning(t, diags, "Migration matched no image", "then apply again")
		wantsWarning(t, r.plans(now, config(more), "replace"), "Migration matched no image, and will be run again")
	})
}

// A run that had failed when first seen is looked at once more, too.
func TestExecutionNotWaitedForThatIsRetried(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, nil)
	r.ScriptExecutions(r.policy, ccrmock.ExecutionStep{Status: "Failed"}, ccrmock.ExecutionStep{})
	now, diags := r.create(fields{"wait_for_completion": false})
	wantsNone(t, diags)
	wantsState(t, now, fields{"status": "InProgress"})
}

// CCR retries what failed: one look does not make a failure.
func TestExecutionRefreshConfirmsAFailure(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, nil)
	failed := ccrmock.ExecutionStep{Status: "Failed", Counters: ccrmock.Counters{Total: 1, Failed: 1}}
	going := ccrmock.ExecutionStep{Counters: ccrmock.Counters{Total: 1, InProgress: 1}}
	r.ScriptExecutions(r.policy, going, failed, going, failed, failed)
	now, diags := r.create(fields{"wait_for_completion": false})
	wantsNone(t, diags)
	now, diags = r.read(r.ctx, now)
	wantsNone(t, diags)
	wantsState(t, now, fields{"status": "InProgress"})
	now, diags = r.read(r.ctx, now)
	wantsWarning(t, diags, "Migration failed", "then apply again")
	wantsState(t, now, fields{"status": "Failed"})
}

func TestExecutionGoneBeforeItsEnd(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, nil, "cce/web:v1")
	r.HoldExecutions()
	now, diags := r.create(fields{"wait_for_completion": false})
	wantsNone(t, diags)
	r.PurgeExecution(1)
	now, diags = r.read(r.ctx, now)
	wantsWarning(t, diags, "Execution is gone before its end was seen",
		"Execution 1 of policy \"web\" (id 1) was under way when last seen", "The plan runs the policy again.")
	if now != nil {
		t.Error("it is still in the state")
	}
}

func TestExecutionRefreshErrorsRemoveNothing(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]ccrmock.Fault{
		"401":           {Kind: ccrmock.FaultStatus, Status: 401},
		"403":           {Kind: ccrmock.FaultStatus, Status: 403},
		"404":           {Kind: ccrmock.FaultStatus, Status: 404},
		"500":           {Kind: ccrmock.FaultStatus, Status: 500},
		"200 with HTML": {Kind: ccrmock.FaultBody, Body: "<html>Login</html>"},
		"no list":       {Kind: ccrmock.FaultBody, Body: "{}"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := startRunTest(t, nil, "cce/web:v1")
			r.HoldExecutions()
			now, diags := r.create(fields{"wait_for_completion": false})
			wantsNone(t, diags)
			fault.Path, fault.Times = executionsPath, -1
			r.AddFault(fault)
			now, diags = r.read(r.ctx, now)
			wantsError(t, diags, "Reading the execution failed", "Could not read execution 1 of policy \"web\" (id 1).")
			wantsState(t, now, fields{"id": "1"})
		})
	}
}

func TestExecutionUpdateSendsNothing(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, nil, "cce/web:v1")
	// A run without an end time, so that the plan has a null to keep.
	r.UpdateRegistry(1, func(reg *ccrmock.Registry) { reg.AccessSecret = "wrong" })
	now, diags := r.create(fields{"on_failure": "continue"})
	wantsWarning(t, diags, "Migration failed")
	wantsState(t, now, fields{"end_time": nil})
	r.ResetJournal()
	for _, more := range []fields{
		{"on_empty": "fail"},
		{"wait_for_completion": false},
		{"timeouts": fields{"create": "5m"}},
		{"timeouts": fields{"create": "6m", "delete": "1m"}},
		{},
	} {
		more["on_failure"] = "continue"
		wantsNone(t, r.plans(now, more, "update"))
		now, diags = r.applied(r.ctx, kindExecution, now, r.config(more))
		wantsNone(t, diags)
		wantsState(t, now, fields{"id": "1", "status": "Failed", "end_time": nil})
		wantsNone(t, r.plans(now, more, ""))
	}
	if n := len(r.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

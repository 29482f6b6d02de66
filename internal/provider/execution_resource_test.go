package provider

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
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

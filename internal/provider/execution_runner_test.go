package provider

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

const (
	startPath      = "/v1/ccr/policies/*/start"
	stopPath       = "/v1/ccr/executions/*/stop"
	executionsPath = "/v1/ccr/executions"
)

// runTest is one policy on a mock of its own, and a provider that speaks the
// plugin protocol.
type runTest struct {
	*testMock
	*protocol
	t      *testing.T
	ctx    context.Context // ends before a test that waits for ever would
	source *testSource     // nil without images
	policy int64
}

// startRunTest makes the policy match everything below cce/ of a source that
// holds refs.
func startRunTest(t *testing.T, settings fields, refs ...string) *runTest {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	r := &runTest{testMock: startMock(t), t: t, ctx: ctx}
	url := "http://source.invalid"
	if len(refs) > 0 {
		r.source = startSource(t, refs...)
		url = r.source.URL
	}
	r.seed(url)
	r.protocol = r.testMock.protocol(t, quickWorld(), settings)
	return r
}

// runInBubble does the same without images, where time passes at once: for
// scripted executions.
func runInBubble(t *testing.T, settings fields, test func(*testing.T, *runTest)) {
	t.Helper()
	inBubble(t, func(t *testing.T, b *bubble) {
		r := &runTest{testMock: &testMock{Server: b.Server, URL: "http://127.0.0.1"}, t: t, ctx: t.Context()}
		r.seed("http://source.invalid")
		r.protocol = r.testMock.protocol(t, b.world, settings)
		test(t, r)
	})
}

func (r *runTest) seed(url string) {
	r.policy = r.CreatePolicy(ccrmock.Policy{
		Name: "web", DestProjectName: "public",
		SrcRegistryID: r.CreateRegistry(ccrmock.Registry{Name: "cce", URL: url, AccessKey: sourceUser, AccessSecret: sourcePassword}),
		Filters:       []ccrmock.Filter{{Type: ccrmock.FilterName, Value: "cce/**"}},
	})
}

// matches has the policy match these names.
func (r *runTest) matches(name string) {
	r.UpdatePolicy(r.policy, func(p *ccrmock.Policy) { p.Filters = []ccrmock.Filter{{Type: ccrmock.FilterName, Value: name}} })
}

// config is a resource or action for the policy with more arguments.
func (r *runTest) config(more fields) fields {
	config := fields{"policy_id": strconv.FormatInt(r.policy, 10)}
	maps.Copy(config, more)
	return config
}

// create applies a new execution.
func (r *runTest) create(more fields) (*instance, diagnostics) {
	return r.applied(r.ctx, kindExecution, nil, r.config(more))
}

// begin does the same and returns at once.
func (r *runTest) begin(more fields) (wait func() (*instance, diagnostics)) {
	var (
		now   *instance
		diags diagnostics
		done  = make(chan struct{})
	)
	go func() {
		defer close(done)
		now, diags = r.create(more)
	}()
	return func() (*instance, diagnostics) {
		<-done
		return now, diags
	}
}

func (r *runTest) wantsStarts(want int) {
	r.t.Helper()
	if have := r.Count(http.MethodPost, startPath); have != want {
		r.t.Errorf("the policy was started %d times, want %d", have, want)
	}
}

func (r *runTest) wait(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func TestGrowingPoll(t *testing.T) {
	t.Parallel()
	for look, want := range []time.Duration{
		time.Second, 1500 * time.Millisecond, 2250 * time.Millisecond, 3375 * time.Millisecond,
		5062500 * time.Microsecond, 7593750 * time.Microsecond, 11390625 * time.Microsecond,
		15 * time.Second, 15 * time.Second,
	} {
		var lowest, highest time.Duration
		for range 2000 {
			d := growingPoll(look)
			if lowest == 0 || d < lowest {
				lowest = d
			}
			highest = max(highest, d)
		}
		if lowest < want*9/10 || highest > want*11/10 {
			t.Errorf("look %d waits %s to %s, want a tenth around %s", look, lowest, highest, want)
		}
		if highest-lowest < want/10 {
			t.Errorf("look %d waits %s to %s: those that began together are not spread", look, lowest, highest)
		}
	}
	if d := growingPoll(1 << 30); d < 13500*time.Millisecond || d > 16500*time.Millisecond {
		t.Errorf("a look after days waits %s", d)
	}
}

// However the wait ends, the id is in the state.
func TestRunIDIsSavedBeforeTheWait(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]ccrmock.ExecutionStep{
		"vanishes":       {Gone: true},
		"never finishes": {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runInBubble(t, nil, func(t *testing.T, r *runTest) {
				r.ScriptExecutions(r.policy, ccrmock.ExecutionStep{}, ccrmock.ExecutionStep{Counters: ccrmock.Counters{Total: 3, Succeed: 1, InProgress: 2}}, step)
				now, diags := r.create(nil)
				if !diags.failed() {
					t.Fatal("the apply did not fail")
				}
				wantsState(t, now, fields{"id": "1", "policy_id": "1"})
				if id := r.identity(r.ctx, now); id["id"] != "1" || id["policy_id"] != "1" {
					t.Errorf("the identity is %v", id)
				}
				if !now.tainted {
					t.Error("the resource is not tainted")
				}
			})
		})
	}
}

func TestRunWaitsForAnother(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, nil, "cce/web:v1")
	other := r.CreateExecution(r.policy, ccrmock.Execution{})
	wait := r.begin(nil)
	r.wait(r.WaitCount(r.ctx, http.MethodGet, executionsPath, 3))
	r.wantsStarts(0)
	r.FinishExecution(other, ccrmock.ExecutionFailed, "", ccrmock.Counters{Total: 1, Failed: 1})
	now, diags := wait()
	wantsNone(t, diags)
	wantsState(t, now, fields{"id": "2", "status": "Succeed", "succeed": int64(1)})
	r.wantsStarts(1)
}

func TestRunsOfOnePolicyGoOneAfterTheOther(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, nil, "cce/web:v1")
	r.HoldExecutions()
	first, second := r.begin(nil), r.begin(nil)
	r.wait(r.WaitPaused(r.ctx, 1))
	r.wantsStarts(1)
	r.ReleaseExecutions()
	a, diags := first()
	wantsNone(t, diags)
	b, diags := second()
	wantsNone(t, diags)
	ids := []any{a.fields()["id"], b.fields()["id"]}
	if !slices.Contains(ids, any("1")) || !slices.Contains(ids, any("2")) {
		t.Errorf("the runs have the ids %v, want 1 and 2", ids)
	}
	r.wantsStarts(2)
	executions := r.Executions(r.policy)
	if executions[0].StartTime.Before(executions[1].EndTime) {
		t.Errorf("the second run began at %s, before the first had ended at %s", executions[0].StartTime, executions[1].EndTime)
	}
}

func TestRunGivesUpWaitingForAnother(t *testing.T) {
	t.Parallel()
	runInBubble(t, nil, func(t *testing.T, r *runTest) {
		r.CreateExecution(r.policy, ccrmock.Execution{Counters: ccrmock.Counters{Total: 4, Succeed: 1, InProgress: 3}})
		now, diags := r.create(fields{"timeouts": fields{"create": "90s"}})
		wantsError(t, diags, "Migration was not started",
			"Policy \"web\" (id 1) was not run: it still has an execution under way: 1 (InProgress, 1 of 4 images migrated, 3 in progress)", "raise timeouts.create")
		r.wantsStarts(0)
		wantsGone(t, now)
	})
}

func TestRunGivesUpWaitingForItsTurn(t *testing.T) {
	t.Parallel()
	runInBubble(t, nil, func(t *testing.T, r *runTest) {
		r.ScriptExecutions(r.policy, ccrmock.ExecutionStep{})
		first := r.begin(fields{"timeouts": fields{"create": "2h"}})
		r.wait(r.WaitCount(r.ctx, http.MethodPost, startPath, 1))
		_, diags := r.create(nil)
		wantsError(t, diags, "Migration was not started", "Policy \"web\" (id 1) was not run: another run of it in this apply had not finished: the time was up.", "raise timeouts.create")
		_, diags = first()
		wantsError(t, diags, "Migration did not finish in time")
		r.wantsStarts(1)
	})
}

// A failing API is no reason to wait an hour before anything has begun.
func TestRunNeedsOneGoodLookFirst(t *testing.T) {
	t.Parallel()
	runInBubble(t, nil, func(t *testing.T, r *runTest) {
		r.AddFault(ccrmock.Fault{Kind: ccrmock.FaultBody, Path: executionsPath, Body: "<html>Welcome</html>", Times: -1})
		_, diags := r.create(nil)
		wantsError(t, diags, "Migration was not started", "Policy \"web\" (id 1) was not run.", "begins \"<html>Welcome</html>\"", "check that the provider's endpoint")
		r.wantsStarts(0)
	})
}

func TestRunWaitsForAnotherThroughErrors(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, fields{"max_retries": 0}, "cce/web:v1")
	other := r.CreateExecution(r.policy, ccrmock.Execution{})
	fault := r.AddFault(ccrmock.Fault{Kind: ccrmock.FaultStatus, Path: executionsPath, Status: 500, Skip: 1, Times: 3})
	wait := r.begin(nil)
	r.wait(r.WaitFault(r.ctx, fault, 3))
	r.FinishExecution(other, ccrmock.ExecutionSucceed, "", ccrmock.Counters{})
	_, diags := wait()
	wantsNone(t, diags)
	r.wantsStarts(1)
}

func TestRunReadsTheFirstPageOnly(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, nil)
	for range 250 {
		r.CreateExecution(r.policy, ccrmock.Execution{Status: ccrmock.ExecutionSucceed})
	}
	going := ccrmock.ExecutionStep{Counters: ccrmock.Counters{Total: 1, InProgress: 1}}
	r.ScriptExecutions(r.policy, going, going, going, going, ccrmock.ExecutionStep{Status: ccrmock.ExecutionSucceed, Counters: ccrmock.Counters{Total: 1, Succeed: 1}})
	_, diags := r.create(nil)
	wantsNone(t, diags)
	later := 0
	for _, req := range r.Requests() {
		if req.Path == executionsPath && !strings.Contains(req.RawQuery, "pageNo=1&") {
			later++
		}
	}
	// Pages 2 and 3 to see what there is before the start, and again to find
	// what it began; each look after that takes the first alone.
	if later != 4 {
		t.Errorf("%d pages after the first were read, want 4", later)
	}
}

func TestRunToleratesWhatPasses(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]ccrmock.Fault{
		"500":            {Kind: ccrmock.FaultStatus, Status: 500},
		"dropped":        {Kind: ccrmock.FaultDropBefore},
		"429":            {Kind: ccrmock.FaultStatus, Status: 429},
		"502 with HTML":  {Kind: ccrmock.FaultBody, Status: 502, Body: "<html>Bad Gateway</html>"},
		"200 with HTML":  {Kind: ccrmock.FaultBody, Body: "<html>Maintenance</html>"},
		"truncated":      {Kind: ccrmock.FaultTruncateAfter},
		"503":            {Kind: ccrmock.FaultStatus, Status: 503},
		"no list at all": {Kind: ccrmock.FaultBody, Body: "{}"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := startRunTest(t, fields{"max_retries": 0}, "cce/web:v1")
			fault.Path, fault.Skip, fault.Times = executionsPath, 2, 6
			r.HoldExecutions()
			wait := r.begin(nil)
			id := r.AddFault(fault)
			r.wait(r.WaitFault(r.ctx, id, 6))
			r.ReleaseExecutions()
			now, diags := wait()
			wantsNone(t, diags)
			wantsState(t, now, fields{"status": "Succeed", "succeed": int64(1)})
			r.wantsStarts(1)
		})
	}
}

func TestRunEndsAtARefusedLook(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, nil, "cce/web:v1")
	r.HoldExecutions()
	r.AddFault(ccrmock.Fault{Kind: ccrmock.FaultStatus, Path: executionsPath, Code: "AccessDenied", Skip: 2, Times: -1})
	now, diags := r.create(nil)
	wantsError(t, diags, "Waiting for the migration failed",
		"Execution 1 of policy \"web\" (id 1), when last seen: InProgress", "Code: AccessDenied", "HTTP status: 403", "Request id: ",
		"its id is kept in the state", "Next step: give the owner of the access key permission for CCR")
	wantsState(t, now, fields{"id": "1", "status": "InProgress"})
}

func TestRunStatusIsJudgedOnceItIsSettled(t *testing.T) {
	t.Parallel()
	type step = ccrmock.ExecutionStep
	counts := func(total, succeed, failed, stopped, inProgress int) ccrmock.Counters {
		return ccrmock.Counters{Total: total, Succeed: succeed, Failed: failed, Stopped: stopped, InProgress: inProgress}
	}
	for name, test := range map[string]struct {
		steps   []step
		summary string // of the error, "" for none
		says    string
		want    fields
	}{
		"failed, retried by CCR, succeeded": {
			steps: []step{{}, {Counters: counts(2, 0, 0, 0, 2)}, {Status: "Failed", Counters: counts(2, 1, 1, 0, 0)}, {Counters: counts(2, 1, 0, 0, 1)}, {Status: "Succeed", Counters: counts(2, 2, 0, 0, 0)}},
			want:  fields{"status": "Succeed", "succeed": int64(2), "failed": int64(0)},
		},
		"failed for good": {
			steps:   []step{{}, {Status: "Failed", StatusText: "no route to host", Counters: counts(2, 1, 1, 0, 0)}},
			summary: "Migration failed", says: "Failed, 1 of 2 images migrated, 1 failed: no route to host",
			want: fields{"status": "Failed", "succeed": int64(1), "failed": int64(1), "status_text": "no route to host"},
		},
		"failed while images are in progress": {
			steps: []step{{}, {Status: "Failed", Counters: counts(3, 0, 1, 0, 2)}, {Status: "Failed", Counters: counts(3, 1, 1, 0, 1)}, {Status: "Succeed", Counters: counts(3, 3, 0, 0, 0)}},
			want:  fields{"status": "Succeed", "succeed": int64(3)},
		},
		"an unknown status on the way": {
			steps: []step{{Status: "Queued"}, {Status: "Queued"}, {Status: "succeeded", Counters: counts(1, 1, 0, 0, 0)}},
			want:  fields{"status": "succeeded", "succeed": int64(1)},
		},
		"success while images are in progress": {
			steps: []step{{Status: "Succeed", Counters: counts(2, 1, 0, 0, 1)}, {Status: "Succeed", Counters: counts(2, 1, 0, 0, 1)}, {Status: "Succeed", Counters: counts(2, 2, 0, 0, 0)}},
			want:  fields{"succeed": int64(2)},
		},
		"success with a failed image": {
			steps:   []step{{}, {Status: "Succeed", Counters: counts(2, 1, 1, 0, 0)}},
			summary: "Migration failed", says: "Succeed, 1 of 2 images migrated, 1 failed",
		},
		"success with a stopped image": {
			steps:   []step{{}, {Status: "Succeed", Counters: counts(2, 1, 0, 1, 0)}},
			summary: "Migration was stopped", says: "Succeed, 1 of 2 images migrated, 1 stopped",
		},
		"success with an image unaccounted for": {
			steps:   []step{{}, {Status: "Succeed", Counters: counts(3, 2, 0, 0, 0)}},
			summary: "Migration is not complete", says: "2 of 3 images migrated. CCR calls it done, and its own counts say otherwise.",
		},
		"stopped by somebody else": {
			steps:   []step{{}, {Status: "Stopped", Counters: counts(3, 1, 0, 2, 0)}},
			summary: "Migration was stopped", says: "Stopped, 1 of 3 images migrated, 2 stopped. It was stopped by somebody or something else",
		},
		"vanished": {
			steps:   []step{{}, {Counters: counts(3, 1, 0, 0, 2)}, {Gone: true}},
			summary: "Migration vanished", says: "Execution 1 of policy \"web\" (id 1), when last seen: InProgress, 1 of 3 images migrated, 2 in progress. Then its record was gone",
			want: fields{"id": "1", "status": "InProgress"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := startRunTest(t, nil)
			r.ScriptExecutions(r.policy, test.steps...)
			now, diags := r.create(nil)
			if test.summary == "" {
				wantsNone(t, diags)
			} else {
				wantsError(t, diags, test.summary, test.says, "Next step: ")
			}
			wantsState(t, now, test.want)
			if now.tainted != diags.failed() {
				t.Errorf("tainted is %t", now.tainted)
			}
			r.wantsStarts(1)
		})
	}
}

func TestRunThatNeverFinishes(t *testing.T) {
	t.Parallel()
	going := []ccrmock.ExecutionStep{{Counters: ccrmock.Counters{Total: 9, Succeed: 4, InProgress: 5}}}
	for name, test := range map[string]struct {
		steps  []ccrmock.ExecutionStep
		broken bool // the API, from some time on
		says   []string
	}{
		"goes on":           {steps: going, says: []string{"InProgress, 4 of 9 images migrated, 5 in progress. The time set by timeouts.create was up."}},
		"an unknown status": {steps: []ccrmock.ExecutionStep{{Status: "Replicating"}}, says: []string{`status "Replicating", which this provider does not know and takes for still going, no image migrated.`}},
		"and the API fails": {steps: going, broken: true, says: []string{"4 of 9 images migrated", "CCR could not be asked about it at the end.", "HTTP status: 502"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runInBubble(t, nil, func(t *testing.T, r *runTest) {
				r.ScriptExecutions(r.policy, test.steps...)
				if test.broken {
					r.AddFault(ccrmock.Fault{Kind: ccrmock.FaultBody, Status: 502, Body: "<html>Bad Gateway</html>", Path: executionsPath, Skip: 9, Times: -1})
				}
				began := time.Now()
				now, diags := r.create(nil)
				wantsError(t, diags, "Migration did not finish in time", append(test.says,
					"Execution 1 of policy \"web\" (id 1), when last seen: ", "It may go on in CCR; its id is kept in the state.",
					"`terraform untaint`", "Raise timeouts.create")...)
				wantsState(t, now, fields{"id": "1"})
				if took := time.Since(began); took < defaultExecutionCreate || took > defaultExecutionCreate+namingTime {
					t.Errorf("it was waited for %s", took)
				}
				r.wantsStarts(1)
				if r.Count(http.MethodPost, stopPath) > 0 {
					t.Error("it was stopped, which nobody asked for")
				}
			})
		})
	}
}

// A failure that there was no time to confirm is a failure.
func TestRunFailedWhenTheTimeIsUp(t *testing.T) {
	t.Parallel()
	runInBubble(t, nil, func(t *testing.T, r *runTest) {
		r.ScriptExecutions(r.policy, ccrmock.ExecutionStep{}, ccrmock.ExecutionStep{Status: "Failed", StatusText: "disk full", Counters: ccrmock.Counters{Total: 1, Failed: 1}})
		now, diags := r.create(fields{"timeouts": fields{"create": "1500ms"}}) // one look, after a second
		wantsError(t, diags, "Migration failed", "Failed, 0 of 1 images migrated, 1 failed: disk full")
		wantsState(t, now, fields{"status": "Failed"})
	})
}

// A look that fails confirms nothing.
func TestRunConfirmsAFailureByWhatItSees(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, fields{"max_retries": 0})
	counts := ccrmock.Counters{Total: 1, Succeed: 1}
	r.ScriptExecutions(r.policy, ccrmock.ExecutionStep{}, ccrmock.ExecutionStep{Status: "Failed"}, ccrmock.ExecutionStep{}, ccrmock.ExecutionStep{Status: "Succeed", Counters: counts})
	r.AddFault(ccrmock.Fault{Kind: ccrmock.FaultStatus, Status: 500, Path: executionsPath, Skip: 3})
	now, diags := r.create(nil)
	wantsNone(t, diags)
	wantsState(t, now, fields{"status": "Succeed"})
}

// A server that ignores policyId must not pass another policy's run for this.
func TestRunOfAnotherPolicyIsNotTaken(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, nil)
	item := func(id, policy int, status string) string {
		return fmt.Sprintf(`{"id":%d,"policyId":%d,"status":%q,"total":1,"succeed":1}`, id, policy, status)
	}
	list := func(items ...string) string {
		return fmt.Sprintf(`{"result":[%s],"totalCount":%d}`, strings.Join(items, ","), len(items))
	}
	body := func(times int, body string) {
		r.AddFault(ccrmock.Fault{Kind: ccrmock.FaultBody, Path: executionsPath, Body: body, Times: times})
	}
	body(1, list(item(8, 2, "InProgress")))                       // not worth waiting for
	body(1, list(item(9, 2, "Succeed")))                          // not what was begun
	body(-1, list(item(9, 2, "Succeed"), item(10, 1, "Succeed"))) // this is
	now, diags := r.create(nil)
	wantsNone(t, diags)
	wantsState(t, now, fields{"id": "10", "policy_id": "1"})
	if second := r.Requests()[1]; second.Method != http.MethodPost {
		t.Errorf("another policy's run was waited for: %+v", second)
	}
	r.wantsStarts(1)
}

func TestRunInterrupted(t *testing.T) {
	t.Parallel()

	t.Run("before the start", func(t *testing.T) {
		t.Parallel()
		r := startRunTest(t, nil)
		r.CreateExecution(r.policy, ccrmock.Execution{})
		wait := r.begin(nil)
		r.wait(r.WaitCount(r.ctx, http.MethodGet, executionsPath, 2))
		r.interrupt(r.ctx)
		now, diags := wait()
		wantsError(t, diags, "Migration was not started", "Policy \"web\" (id 1) was not run: it still has an execution under way: 1 (InProgress, no image migrated): the wait was interrupted.", "Next step: apply again.")
		wantsGone(t, now)
		r.wantsStarts(0)
	})

	t.Run("during the first look", func(t *testing.T) {
		t.Parallel()
		r := startRunTest(t, nil)
		fault := r.AddFault(ccrmock.Fault{Kind: ccrmock.FaultHangBefore, Path: executionsPath})
		wait := r.begin(nil)
		r.wait(r.WaitFault(r.ctx, fault, 1))
		r.interrupt(r.ctx)
		_, diags := wait()
		wantsError(t, diags, "Migration was not started", "Policy \"web\" (id 1) was not run: the wait was interrupted.")
		r.wantsStarts(0)
	})

	t.Run("while another run of this apply has its turn", func(t *testing.T) {
		t.Parallel()
		r := startRunTest(t, nil, "cce/web:v1")
		r.HoldExecutions()
		first := r.begin(nil)
		r.wait(r.WaitPaused(r.ctx, 1))
		ctx, cancel := context.WithCancel(r.ctx)
		cancel()
		_, diags := r.applied(ctx, kindExecution, nil, r.config(nil))
		wantsError(t, diags, "Migration was not started", "Policy \"web\" (id 1) was not run: another run of it in this apply had not finished: the wait was interrupted.")
		r.ReleaseExecutions()
		_, diags = first()
		wantsNone(t, diags)
		r.wantsStarts(1)
	})

	t.Run("during a start that arrived", func(t *testing.T) {
		t.Parallel()
		r := startRunTest(t, nil, "cce/web:v1")
		r.HoldExecutions()
		fault := r.AddFault(ccrmock.Fault{Kind: ccrmock.FaultHangAfter, Path: startPath})
		wait := r.begin(nil)
		r.wait(r.WaitFault(r.ctx, fault, 1))
		r.interrupt(r.ctx)
		r.wantsInterrupted(wait())
	})

	t.Run("during a start that did not arrive", func(t *testing.T) {
		t.Parallel()
		r := startRunTest(t, nil)
		fault := r.AddFault(ccrmock.Fault{Kind: ccrmock.FaultHangBefore, Path: startPath})
		wait := r.begin(nil)
		r.wait(r.WaitFault(r.ctx, fault, 1))
		r.interrupt(r.ctx)
		now, diags := wait()
		wantsError(t, diags, "Migration may have begun", "import it as 1/<execution id>; if not, apply again")
		wantsGone(t, now)
		r.wantsStarts(1)
	})

	t.Run("after the start, before the execution is seen", func(t *testing.T) {
		t.Parallel()
		r := startRunTest(t, nil)
		r.ScriptExecutions(r.policy, ccrmock.ExecutionStep{Hidden: true}, ccrmock.ExecutionStep{Hidden: true}, ccrmock.ExecutionStep{})
		r.OnList(func(string, int) {
			if r.Count(http.MethodPost, startPath) > 0 {
				r.interrupt(r.ctx)
			}
		})
		r.wantsInterrupted(r.create(nil))
	})

	t.Run("while it runs", func(t *testing.T) {
		t.Parallel()
		r := startRunTest(t, nil, "cce/web:v1", "cce/web:v2")
		r.HoldAfter(1)
		wait := r.begin(nil)
		r.wait(r.WaitPaused(r.ctx, 1))
		r.ResetJournal()
		r.wait(r.WaitCount(r.ctx, http.MethodGet, executionsPath, 2))
		r.interrupt(r.ctx)
		now, diags := wait()
		wantsError(t, diags, "Waiting for the migration was interrupted",
			"Execution 1 of policy \"web\" (id 1), when last seen: InProgress, 1 of 2 images migrated, 1 in progress.", "It may go on in CCR; its id is kept in the state.")

		// The next apply stops what is left and runs the policy again.
		now, diags = r.read(r.ctx, now)
		wantsNone(t, diags)
		r.HoldAfter(99)
		now, diags = r.applied(r.ctx, kindExecution, now, r.config(nil))
		wantsNone(t, diags)
		wantsState(t, now, fields{"id": "2", "status": "Succeed", "succeed": int64(2)})
		if status := r.Executions(r.policy)[1].Status; status != ccrmock.ExecutionStopped {
			t.Errorf("the interrupted execution is %s", status)
		}
	})
}

// wantsInterrupted says that the run was started once and is remembered.
func (r *runTest) wantsInterrupted(now *instance, diags diagnostics) {
	r.t.Helper()
	wantsError(r.t, diags, "Waiting for the migration was interrupted",
		"Execution 1 of policy \"web\" (id 1), when last seen: InProgress, no image migrated.", "It may go on in CCR; its id is kept in the state.",
		"Next step: apply again, which stops this run if it still goes on", "`terraform untaint`")
	wantsState(r.t, now, fields{"id": "1", "status": "InProgress"})
	if !now.tainted {
		r.t.Error("the resource is not tainted")
	}
	r.wantsStarts(1)
}

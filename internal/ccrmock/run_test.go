package ccrmock_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

func TestStartShowsAnExecutionAtOnce(t *testing.T) {
	t.Parallel()
	m := newMigrator(t, []string{"cce/web:v1"})
	m.HoldExecutions()
	id := m.start(false, "name", "cce/web")
	got := m.seen(id)
	m.want(got, "InProgress", 0, 0, 0, 0, 0)
	if got["endTime"] != nil || got["startTime"] == nil {
		t.Errorf("got %v", got)
	}
	m.refused("PreconditionFailed", "DELETE", policies+"/1", "")
	m.ReleaseExecutions()
	m.want(m.result(id), "Succeed", 1, 1, 0, 0, 0)
}

func TestStopBeforeAnyImage(t *testing.T) {
	t.Parallel()
	m := newMigrator(t, []string{"cce/web:v1"})
	m.HoldExecutions()
	id := m.start(false, "name", "cce/web")
	a := m.ok("POST", fmt.Sprintf("%s/%d/stop", executions, id), "")
	if a.target() != fmt.Sprint(id) {
		t.Errorf("stop answered %s", a.raw)
	}
	got := m.result(id)
	m.want(got, "Stopped", 0, 0, 0, 0, 0)
	if got["endTime"] == nil {
		t.Error("no end time")
	}
}

func TestStopHalfWay(t *testing.T) {
	t.Parallel()
	m := newMigrator(t, []string{"cce/web:v1", "cce/web:v2", "cce/web:v3"})
	m.HoldAfter(1)
	id := m.start(false, "name", "cce/web")
	if err := m.WaitPaused(m.ctx(), id); err != nil {
		t.Fatal(err)
	}
	m.want(m.seen(id), "InProgress", 3, 1, 0, 0, 2)
	m.ok("POST", fmt.Sprintf("%s/%d/stop", executions, id), "")
	m.want(m.result(id), "Stopped", 3, 1, 0, 2, 0)
	m.wantImages("public/web:v1", "cce/web:v1")
	m.ok("POST", fmt.Sprintf("%s/%d/stop", executions, id), "") // finished: nothing to do
	m.want(m.seen(id), "Stopped", 3, 1, 0, 2, 0)
}

// A failed image outweighs the stopped ones.
func TestStopAfterAFailure(t *testing.T) {
	t.Parallel()
	m := newMigrator(t, []string{"cce/web:v1", "cce/web:v2"})
	m.source.Break("cce/web:v1")
	m.HoldAfter(1)
	id := m.start(false, "name", "cce/web")
	if err := m.WaitPaused(m.ctx(), id); err != nil {
		t.Fatal(err)
	}
	m.ok("POST", fmt.Sprintf("%s/%d/stop", executions, id), "")
	m.want(m.result(id), "Failed", 2, 0, 1, 1, 0)
}

func TestHoldAfterNothing(t *testing.T) {
	t.Parallel()
	m := newMigrator(t, []string{"cce/web:v1", "cce/web:v2"})
	m.HoldAfter(0)
	id := m.start(false, "name", "cce/web")
	if err := m.WaitPaused(m.ctx(), id); err != nil {
		t.Fatal(err)
	}
	m.want(m.seen(id), "InProgress", 2, 0, 0, 0, 2)
	m.ReleaseExecutions()
	m.want(m.result(id), "Succeed", 2, 2, 0, 0, 0)
}

func TestSeveralRunsAtOnce(t *testing.T) {
	t.Parallel()
	m := newMigrator(t, []string{"cce/web:v1"})
	m.HoldExecutions()
	first := m.start(false, "name", "cce/web")
	second := m.startPolicy("1")
	if first >= second {
		t.Fatalf("ids %d and %d", first, second)
	}
	m.ReleaseExecutions()
	m.want(m.result(first), "Succeed", 1, 1, 0, 0, 0)
	m.want(m.result(second), "Succeed", 1, 1, 0, 0, 0)
	if err := m.WaitIdle(m.ctx()); err != nil {
		t.Error(err)
	}
}

func TestFinishByHand(t *testing.T) {
	t.Parallel()
	m := newMigrator(t, []string{"cce/web:v1"})
	m.HoldExecutions()
	id := m.start(false, "name", "cce/web")
	if !m.FinishExecution(id, ccrmock.ExecutionFailed, "by hand", ccrmock.Counters{Total: 4, Failed: 1, Succeed: 3}) {
		t.Fatal("there is no such execution")
	}
	m.ReleaseExecutions()
	if err := m.WaitIdle(m.ctx()); err != nil {
		t.Fatal(err)
	}
	got := m.seen(id)
	m.want(got, "Failed", 4, 3, 1, 0, 0)
	if got["endTime"] == nil || got["statusText"] != "by hand" {
		t.Errorf("got %v", got)
	}
	if m.FinishExecution(99, "", "", ccrmock.Counters{}) {
		t.Error("finished what does not exist")
	}
}

// An execution that no goroutine works on stops at once.
func TestStopCreatedExecution(t *testing.T) {
	t.Parallel()
	m := newMigrator(t, nil)
	m.SeedPolicies(1, "policy", 1)
	id := m.CreateExecution(1, ccrmock.Execution{Counters: ccrmock.Counters{Total: 2, Succeed: 1, InProgress: 1}})
	m.ok("POST", fmt.Sprintf("%s/%d/stop", executions, id), "")
	m.want(m.seen(id), "Stopped", 2, 1, 0, 1, 0)
}

func TestPurge(t *testing.T) {
	t.Parallel()
	m := newMigrator(t, nil)
	m.SeedPolicies(2, "policy", 1)
	m.CreateExecution(1, ccrmock.Execution{Status: ccrmock.ExecutionSucceed})
	running := m.CreateExecution(1, ccrmock.Execution{})
	m.CreateExecution(2, ccrmock.Execution{Status: ccrmock.ExecutionFailed})
	if n := m.PurgeExecutions(1); n != 1 {
		t.Errorf("purged %d", n)
	}
	if left := m.Executions(0); len(left) != 2 || m.Executions(1)[0].ID != running {
		t.Errorf("left %+v", left)
	}
	if n := m.PurgeExecutions(0); n != 1 {
		t.Errorf("purged %d", n)
	}
	if !m.PurgeExecution(running) || m.PurgeExecution(running) {
		t.Error("a purge of one execution")
	}
	m.HoldExecutions()
	id := m.startPolicy("1")
	m.PurgeExecution(id) // stops its goroutine too
	if err := m.WaitExecution(m.ctx(), id); err != nil {
		t.Error(err)
	}
}

func TestScriptedExecution(t *testing.T) {
	t.Parallel()
	m := newMigrator(t, []string{"cce/web:v1"})
	m.SeedPolicies(1, "policy", 1)
	m.ScriptExecutions(1,
		ccrmock.ExecutionStep{Hidden: true},
		ccrmock.ExecutionStep{Counters: ccrmock.Counters{Total: 2, Succeed: 1, Failed: 1}, Status: "Failed", Ended: true},
		ccrmock.ExecutionStep{Counters: ccrmock.Counters{Total: 2, Succeed: 1, InProgress: 1}},
		ccrmock.ExecutionStep{Counters: ccrmock.Counters{Total: 2, Succeed: 2}, Status: "Succeed", StatusText: "retried", Ended: true},
	)
	m.ok("POST", policies+"/1/start", "")
	if a := m.ok("GET", executions+"?policyId=1", ""); len(a.items()) != 0 || fmt.Sprint(a.body["totalCount"]) != "0" {
		t.Errorf("not hidden: %s", a.raw)
	}
	m.want(m.seen(1), "Failed", 2, 1, 1, 0, 0)
	m.want(m.seen(1), "InProgress", 2, 1, 0, 0, 1)
	if !m.Executions(1)[0].EndTime.IsZero() {
		t.Error("in progress with an end time")
	}
	for range 2 { // the last step stays
		got := m.seen(1)
		m.want(got, "Succeed", 2, 2, 0, 0, 0)
		if got["endTime"] == nil || got["statusText"] != "retried" {
			t.Errorf("got %v", got)
		}
	}
	if len(m.Images()) != 0 {
		t.Error("a script migrated images")
	}
	m.want(m.result(m.startPolicy("1")), "Succeed", 1, 1, 0, 0, 0) // the script is used up
}

func TestScriptWithStopAndGone(t *testing.T) {
	t.Parallel()
	m := newMigrator(t, nil)
	m.SeedPolicies(1, "policy", 1)
	m.ScriptExecutions(0,
		ccrmock.ExecutionStep{UntilStop: true, Counters: ccrmock.Counters{Total: 1, InProgress: 1}},
		ccrmock.ExecutionStep{Counters: ccrmock.Counters{Total: 1, InProgress: 1}, StatusText: "stopping"},
		ccrmock.ExecutionStep{Status: "Stopped", Counters: ccrmock.Counters{Total: 1, Stopped: 1}, Ended: true},
		ccrmock.ExecutionStep{Gone: true},
	)
	id := m.startPolicy("1")
	for range 3 {
		m.want(m.seen(id), "InProgress", 1, 0, 0, 0, 1)
	}
	m.ok("POST", fmt.Sprintf("%s/%d/stop", executions, id), "")
	m.says(m.seen(id), "stopping")
	m.want(m.seen(id), "Stopped", 1, 0, 0, 1, 0)
	if a := m.ok("GET", executions+"?policyId=1", ""); len(a.items()) != 0 || len(m.Executions(1)) != 0 {
		t.Errorf("not gone: %s", a.raw)
	}
}

// Close does not wait for a release, and leaves nothing in progress.
func TestCloseStopsExecutions(t *testing.T) {
	t.Parallel()
	m := newMigrator(t, []string{"cce/web:v1", "cce/web:v2"})
	m.HoldAfter(1)
	first := m.start(false, "name", "cce/web")
	if err := m.WaitPaused(m.ctx(), first); err != nil {
		t.Fatal(err)
	}
	m.HoldExecutions()
	m.startPolicy("1")
	m.Close()
	for _, e := range m.Executions(1) {
		if e.Status != ccrmock.ExecutionStopped {
			t.Errorf("after Close: %+v", e)
		}
	}
}

func TestManyClients(t *testing.T) {
	t.Parallel()
	m := newMigrator(t, []string{"cce/web:v1", "cce/multi:v1@index"})
	var clients sync.WaitGroup
	for i := range 8 {
		clients.Go(func() {
			n := fmt.Sprint("policy-", i)
			policy := m.ok("POST", policies, policyJSON(n, "1", true, "name", "cce/*")).target()
			for range 3 {
				m.ok("POST", policies+"/"+policy+"/start", "")
				m.ok("GET", executions+"?policyId="+policy, "")
				m.ok("GET", registries, "")
				m.ok("PUT", policies, withID(policy, policyJSON(n, "1", true, "name", "cce/**")))
			}
		})
	}
	clients.Wait()
	if err := m.WaitIdle(m.ctx()); err != nil {
		t.Fatal(err)
	}
	for _, e := range m.Executions(0) {
		if e.Status != ccrmock.ExecutionSucceed || e.Succeed != 2 {
			t.Errorf("got %+v", e)
		}
	}
	m.wantImages("public/web:v1", "cce/web:v1", "public/multi:v1", "cce/multi:v1")
	if n := m.Count("POST", "/v1/ccr/policies/*/start"); n != 24 {
		t.Errorf("%d starts in the journal", n)
	}
	if !strings.Contains(fmt.Sprint(m.Policies()), "policy-7") {
		t.Error("a policy is missing")
	}
}

package provider

import (
	"context"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

// idleWorld waits only for what the test lets happen: a wait between two looks
// ends with the deadline, or when the execution does.
func idleWorld(ended <-chan struct{}) world {
	w := quickWorld()
	quick := w.sleep
	w.poll = func(int) time.Duration { return time.Hour }
	w.sleep = func(ctx context.Context, d time.Duration) error {
		if d < time.Hour {
			return quick(ctx, d)
		}
		select {
		case <-ended:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return w
}

// A policy that is deleted while it runs is waited for, and then the execution
// that still runs is named.
func TestPolicyDeleteWhileRunning(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	m.seedSource(t)
	config := m.policy(hcl{"timeouts": `{ delete = "1s" }`})
	run := func() {
		m.CreateExecution(1, ccrmock.Execution{Counters: ccrmock.Counters{Total: 40, Succeed: 12, Failed: 1, InProgress: 27}})
	}
	acceptance(t, resource.TestCase{
		ProtoV6ProviderFactories: protoFactories(idleWorld(nil)),
		CheckDestroy:             m.noPolicies,
		Steps: []resource.TestStep{
			{Config: config},
			{PreConfig: run, Config: config, Destroy: true, ExpectError: says(
				"Policy is still running", `Could not delete the policy "web" (id 1) within 1s`,
				"execution under way: 1 (InProgress, 12 of 40 images migrated, 1 failed, 27 in progress)", "Next step:", "timeouts.delete")},
			{
				PreConfig:        func() { m.FinishExecution(1, ccrmock.ExecutionSucceed, "", ccrmock.Counters{Total: 40, Succeed: 40}) },
				Config:           config,
				ConfigPlanChecks: plansNothing(),
				Check:            m.holdsPolicy(heldPolicy),
			},
		},
	})
}

func TestPolicyDeleteWaitsForTheExecution(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	m.seedSource(t)
	ended := make(chan struct{})
	m.OnList(func(collection string, _ int) {
		if collection == "executions" { // once the provider has seen it run
			m.OnList(nil)
			m.FinishExecution(1, ccrmock.ExecutionStopped, "", ccrmock.Counters{Total: 1, Stopped: 1})
			close(ended)
		}
	})
	acceptance(t, resource.TestCase{
		ProtoV6ProviderFactories: protoFactories(idleWorld(ended)),
		CheckDestroy:             m.noPolicies,
		Steps: []resource.TestStep{
			{Config: m.policy(nil)},
			{PreConfig: func() { m.CreateExecution(1, ccrmock.Execution{}) }, Config: m.policy(nil), Destroy: true},
		},
	})
	if n := m.Count("DELETE", "/v1/ccr/policies/1"); n != 2 {
		t.Errorf("%d deletes were sent", n)
	}
}

// The execution is named too when the time is up in the middle of a look.
func TestPolicyDeleteRunsOutOfTimeWhileLooking(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	m.seedSource(t)
	p := m.core(t, "ccr_migration_policy", fields{"max_retries": 0})
	wantQuiet(t, p.apply(changed(plainPolicy, fields{"timeouts": fields{"delete": "500ms"}})))
	m.CreateExecution(1, ccrmock.Execution{})
	m.AddFault(ccrmock.Fault{Kind: ccrmock.FaultHangBefore, Path: "/v1/ccr/executions", Skip: 1})
	wantFailure(t, p.apply(nil), "Policy is still running", "execution under way: 1 (InProgress")
}

// CCR may call a policy busy for a moment after its execution has ended, and
// another execution may begin before the delete.
func TestPolicyDeleteThatIsRefusedAgain(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	m.seedSource(t)
	p := m.core(t, "ccr_migration_policy", nil)
	wantQuiet(t, p.apply(plainPolicy))
	busy := func(times int) {
		m.AddFault(ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "PreconditionFailed", Method: "DELETE", Times: times})
	}
	busy(-1) // for another reason, which waiting does not mend
	wantFailure(t, p.apply(nil), "Deleting the policy failed", `Could not delete the policy "web" (id 1)`, "Code: PreconditionFailed")
	if p.instance == nil {
		t.Error("the policy left the state")
	}
	m.ClearFaults()
	busy(3)
	wantQuiet(t, p.apply(nil))
	if p.instance != nil || len(m.Policies()) != 0 {
		t.Errorf("state %v, CCR holds %d policies", p.instance, len(m.Policies()))
	}
}

package provider

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

func TestExecutionReadModel(t *testing.T) {
	t.Parallel()
	got := newExecutionReadModel(client.Execution{
		ID: 9, PolicyID: 2, Status: "Failed", StatusText: "boom", Trigger: "manual", Total: 10, Failed: 1, Succeed: 2, InProgress: 3, Stopped: 4,
		StartTime: client.Time{Time: someTime},
	})
	want := executionReadModel{
		ID: types.StringValue("9"), PolicyID: types.StringValue("2"), Status: types.StringValue("Failed"), StatusText: types.StringValue("boom"),
		Trigger: types.StringValue("manual"), Total: types.Int64Value(10), Failed: types.Int64Value(1), Succeed: types.Int64Value(2),
		InProgress: types.Int64Value(3), Stopped: types.Int64Value(4), StartTime: types.StringValue(someTimeText),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestExecutionOfStatus(t *testing.T) {
	t.Parallel()
	executions := []client.Execution{
		{ID: 1, Status: "Succeed"},
		{ID: 2, Status: "success"},
		{ID: 3, Status: "Succeed", Failed: 1},
		{ID: 4, Status: "Failed"},
		{ID: 5, Status: "FAILED", InProgress: 1},
		{ID: 6, Status: "Stopped"},
		{ID: 7, Status: "InProgress"},
		{ID: 8, Status: "Pending"},
	}
	for status, want := range map[string][]client.ID{
		"Succeed": {1, 2}, "succeeded": {1, 2}, "SUCCESS": {1, 2},
		"Failed": {3, 4}, "stopped": {6}, "inprogress": {5, 7, 8},
	} {
		wanted := executionOfStatus(types.StringValue(status))
		var got []client.ID
		for _, e := range executions {
			if wanted(e) {
				got = append(got, e.ID)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", status, diff)
		}
	}
	if all := executionOfStatus(types.StringNull()); !all(executions[0]) || !all(executions[7]) {
		t.Error("no status leaves executions out")
	}
}

func TestExecutionsDataSource(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	policies := m.SeedPolicies(2, "p", m.CreateRegistry(ccrmock.Registry{Name: "cce", URL: "http://127.0.0.1"}))
	done := ccrmock.Execution{Status: ccrmock.ExecutionSucceed, Counters: ccrmock.Counters{Total: 2, Succeed: 2}, StartTime: someTime, EndTime: someTime}
	for range 150 {
		m.CreateExecution(policies[0], done)
	}
	m.CreateExecution(policies[1], done)
	failed := m.CreateExecution(policies[0], ccrmock.Execution{Status: ccrmock.ExecutionFailed, StatusText: "boom", Counters: ccrmock.Counters{Total: 1, Failed: 1}, StartTime: someTime})
	running := m.CreateExecution(policies[0], ccrmock.Execution{Counters: ccrmock.Counters{Total: 1, InProgress: 1}, StartTime: someTime})
	s := m.startProvider(t)

	state := s.mustRead(t, "ccr_executions", arguments{"policy_id": idText(policies[0])})
	ids := state["ids"].([]any)
	if len(ids) != 152 || ids[0] != idText(running) || ids[1] != idText(failed) || ids[151] != "1" {
		t.Errorf("not the newest first: %v", ids)
	}
	state = s.mustRead(t, "ccr_executions", arguments{"policy_id": idText(policies[0]), "status": "failed"})
	want := []any{object{
		"id": idText(failed), "policy_id": idText(policies[0]), "status": "Failed", "status_text": "boom", "trigger": "manual",
		"total": int64(1), "succeed": int64(0), "failed": int64(1), "stopped": int64(0), "in_progress": int64(0),
		"start_time": someTimeText, "end_time": nil,
	}}
	if diff := cmp.Diff(want, state["executions"]); diff != "" {
		t.Error(diff)
	}
	state = s.mustRead(t, "ccr_executions", arguments{"policy_id": idText(policies[0]), "status": "Stopped"})
	if diff := cmp.Diff([]any{}, state["ids"]); diff != "" {
		t.Error(diff)
	}
}

func TestExecutionsDataSourceWithoutExecutions(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	policies := m.SeedPolicies(1, "p", m.CreateRegistry(ccrmock.Registry{Name: "cce", URL: "http://127.0.0.1"}))
	s := m.startProvider(t)
	state := s.mustRead(t, "ccr_executions", arguments{"policy_id": idText(policies[0])})
	if diff := cmp.Diff([]any{}, state["executions"]); diff != "" {
		t.Error(diff)
	}
	_, diags := s.read(t, "ccr_executions", arguments{"policy_id": "4711"})
	wantError(t, diags, `AttributeName("policy_id")`, "Policy does not exist", "4711")
}

func TestExecutionsDataSourceErrors(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	policies := m.SeedPolicies(1, "p", m.CreateRegistry(ccrmock.Registry{Name: "cce", URL: "http://127.0.0.1"}))
	for range 150 {
		m.CreateExecution(policies[0], ccrmock.Execution{Status: ccrmock.ExecutionSucceed})
	}
	s := m.startProvider(t)
	_, diags := s.read(t, "ccr_executions", arguments{"policy_id": "1", "status": "Faild"})
	wantError(t, diags, `"Faild" is not one of "InProgress", "Succeed", "Failed", "Stopped"`)
	_, diags = s.read(t, "ccr_executions", arguments{"policy_id": "x"})
	wantError(t, diags, `"x" is not an id`)

	m.AddFault(ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "AccessDenied", Path: "/v1/ccr/executions", QueryContains: "pageNo=2", Times: -1})
	state, diags := s.read(t, "ccr_executions", arguments{"policy_id": "1"})
	wantError(t, diags, "Reading the executions failed", "AccessDenied")
	if state["ids"] != nil {
		t.Errorf("a list that failed on its second page gives %v", state["ids"])
	}
}

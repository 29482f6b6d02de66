package provider

import (
	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

// executionModel is the ccr_policy_execution resource.
type executionModel struct {
	PolicyID          types.String   `tfsdk:"policy_id"`
	Triggers          types.Map      `tfsdk:"triggers"`
	WaitForCompletion types.Bool     `tfsdk:"wait_for_completion"`
	OnFailure         types.String   `tfsdk:"on_failure"`
	OnEmpty           types.String   `tfsdk:"on_empty"`
	Timeouts          timeouts.Value `tfsdk:"timeouts"`
	ID                types.String   `tfsdk:"id"`
	Status            types.String   `tfsdk:"status"`
	StatusText        types.String   `tfsdk:"status_text"`
	Trigger           types.String   `tfsdk:"trigger"`
	Total             types.Int64    `tfsdk:"total"`
	Succeed           types.Int64    `tfsdk:"succeed"`
	Failed            types.Int64    `tfsdk:"failed"`
	Stopped           types.Int64    `tfsdk:"stopped"`
	InProgress        types.Int64    `tfsdk:"in_progress"`
	StartTime         types.String   `tfsdk:"start_time"`
	EndTime           types.String   `tfsdk:"end_time"`
}

// The values of on_failure and on_empty.
const (
	policyFail     = "fail"
	policyContinue = "continue"
)

// read takes over what the API lists; the policy is known before.
func (m *executionModel) read(e client.Execution) {
	m.ID = types.StringValue(e.ID.String())
	m.Status = types.StringValue(e.Status)
	m.StatusText = types.StringValue(e.StatusText)
	m.Trigger = types.StringValue(e.Trigger)
	m.Total = types.Int64Value(e.Total)
	m.Succeed = types.Int64Value(e.Succeed)
	m.Failed = types.Int64Value(e.Failed)
	m.Stopped = types.Int64Value(e.Stopped)
	m.InProgress = types.Int64Value(e.InProgress)
	m.StartTime = textOrNull(e.StartTime.String())
	m.EndTime = textOrNull(e.EndTime.String())
}

// forgetResult makes what a wait finds out unknown.
func (m *executionModel) forgetResult() {
	m.Status, m.StatusText, m.EndTime = types.StringUnknown(), types.StringUnknown(), types.StringUnknown()
	for _, count := range []*types.Int64{&m.Total, &m.Succeed, &m.Failed, &m.Stopped, &m.InProgress} {
		*count = types.Int64Unknown()
	}
	if m.StartTime.IsNull() {
		m.StartTime = types.StringUnknown()
	}
}

// takeResult takes over what the wait found out, and nothing that was known.
func (m *executionModel) takeResult(e client.Execution) {
	start, trigger := m.StartTime, m.Trigger
	m.read(e)
	m.Trigger = trigger
	if !start.IsUnknown() {
		m.StartTime = start
	}
}

// execution is the record as the state has it.
func (m *executionModel) execution() client.Execution {
	id, _ := client.ParseID(m.ID.ValueString())
	policy, _ := client.ParseID(m.PolicyID.ValueString())
	return client.Execution{
		ID:         id,
		PolicyID:   policy,
		Status:     m.Status.ValueString(),
		StatusText: m.StatusText.ValueString(),
		Total:      m.Total.ValueInt64(),
		Succeed:    m.Succeed.ValueInt64(),
		Failed:     m.Failed.ValueInt64(),
		Stopped:    m.Stopped.ValueInt64(),
		InProgress: m.InProgress.ValueInt64(),
	}
}

// finished reports whether the state holds the run's final values.
func (m *executionModel) finished() bool { return m.execution().Finished() }

package provider

import (
	"reflect"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

func TestExecutionModelRead(t *testing.T) {
	t.Parallel()
	const beyond53Bits = 1<<53 + 1
	began := time.Date(2026, 5, 1, 10, 0, 0, 5_000_000, time.UTC)
	m := executionModel{PolicyID: types.StringValue("3"), OnFailure: types.StringValue(policyContinue)}
	m.read(client.Execution{
		ID: beyond53Bits, PolicyID: 3, Status: "InProgress", StatusText: "copying", Trigger: "manual",
		Total: 10, Succeed: 1, Failed: 2, Stopped: 3, InProgress: 4, StartTime: client.Time{Time: began},
	})
	want := executionModel{
		PolicyID: types.StringValue("3"), OnFailure: types.StringValue(policyContinue),
		ID: types.StringValue("9007199254740993"), Status: types.StringValue("InProgress"), StatusText: types.StringValue("copying"),
		Trigger: types.StringValue("manual"), Total: types.Int64Value(10), Succeed: types.Int64Value(1), Failed: types.Int64Value(2),
		Stopped: types.Int64Value(3), InProgress: types.Int64Value(4),
		StartTime: types.StringValue("2026-05-01T10:00:00.005Z"), EndTime: types.StringNull(),
	}
	if !reflect.DeepEqual(m, want) {
		t.Errorf("have %+v\nwant %+v", m, want)
	}
	// What the provider stored is what it decides by later.
	back := m.execution()
	if back.ID != beyond53Bits || back.PolicyID != 3 || back.Total != 10 || back.Succeed != 1 || back.Failed != 2 || back.Stopped != 3 || back.InProgress != 4 || back.Status != "InProgress" || back.StatusText != "copying" {
		t.Errorf("the execution that was stored is %+v", back)
	}
}

func TestExecutionModelFinished(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		model executionModel
		want  bool
	}{
		{"null, as during an import", executionModel{}, false},
		{"unknown, as in a plan", executionModel{Status: types.StringUnknown(), InProgress: types.Int64Unknown()}, false},
		{"in progress", executionModel{Status: types.StringValue("InProgress")}, false},
		{"succeeded", executionModel{Status: types.StringValue("Succeed")}, true},
		{"failed", executionModel{Status: types.StringValue("failed")}, true},
		{"stopped", executionModel{Status: types.StringValue("Stopped")}, true},
		{"failed, with images in progress", executionModel{Status: types.StringValue("Failed"), InProgress: types.Int64Value(1)}, false},
		{"a status of its own", executionModel{Status: types.StringValue("Paused")}, false},
	} {
		if have := test.model.finished(); have != test.want {
			t.Errorf("%s: finished is %t", test.name, have)
		}
	}
}

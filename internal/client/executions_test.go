package client

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestPhase(t *testing.T) {
	t.Parallel()
	tests := []struct {
		execution Execution
		want      Phase
	}{
		{Execution{Status: "InProgress"}, PhaseRunning},
		{Execution{Status: "inprogress"}, PhaseRunning},
		{Execution{Status: "INPROGRESS", Total: 3, Succeed: 3}, PhaseRunning},
		{Execution{Status: "Succeed"}, PhaseSucceeded},
		{Execution{Status: "SUCCEED"}, PhaseSucceeded},
		{Execution{Status: "Succeeded"}, PhaseSucceeded},
		{Execution{Status: "success"}, PhaseSucceeded},
		{Execution{Status: "Failed"}, PhaseFailed},
		{Execution{Status: "failed"}, PhaseFailed},
		{Execution{Status: "Stopped"}, PhaseStopped},
		{Execution{Status: "stopped"}, PhaseStopped},

		// Counters that disagree with the status.
		{Execution{Status: "Succeed", Total: 2, Succeed: 1, Failed: 1}, PhaseFailed},
		{Execution{Status: "Succeed", Total: 2, Succeed: 1, Stopped: 1}, PhaseStopped},
		{Execution{Status: "Succeed", Total: 3, Succeed: 1, Stopped: 1, Failed: 1}, PhaseFailed},
		{Execution{Status: "Succeed", Total: 2, Succeed: 1, InProgress: 1}, PhaseRunning},
		{Execution{Status: "Succeed", Total: 2, Failed: 1, InProgress: 1}, PhaseRunning},
		{Execution{Status: "Failed", Total: 2, Failed: 1, InProgress: 1}, PhaseRunning},
		{Execution{Status: "Stopped", Total: 2, Stopped: 1, InProgress: 1}, PhaseRunning},
		{Execution{Status: "Failed", Total: 2, Succeed: 2}, PhaseFailed},
		{Execution{Status: "Stopped", Total: 2, Succeed: 2}, PhaseStopped},
		{Execution{Status: "Succeed", StatusText: "no resources need to be replicated"}, PhaseSucceeded},

		{Execution{Status: ""}, PhaseUnknown},
		{Execution{Status: "Pending"}, PhaseUnknown},
		{Execution{Status: "Pending", InProgress: 1}, PhaseUnknown},
		{Execution{Status: "Fail"}, PhaseUnknown},
	}
	for _, test := range tests {
		if got := test.execution.Phase(); got != test.want {
			t.Errorf("%+v: got %d, want %d", test.execution, got, test.want)
		}
		finished := test.want == PhaseSucceeded || test.want == PhaseFailed || test.want == PhaseStopped
		if got := test.execution.Finished(); got != finished {
			t.Errorf("%+v: finished: %t", test.execution, got)
		}
	}
}

func TestExecutionsNewestFirst(t *testing.T) {
	t.Parallel()
	objects := numbered(250, func(id int64) object { return executionObject(id, 7, "Succeed") })
	random := rand.New(rand.NewPCG(1, 2))
	random.Shuffle(len(objects), func(i, j int) { objects[i], objects[j] = objects[j], objects[i] })
	transport := holding(func(string) []any { return objects })
	c, _ := newTestClient(transport)
	got, err := c.Executions(t.Context(), 7)
	if err != nil || len(got) != 250 {
		t.Fatalf("got %d executions and %v", len(got), err)
	}
	if !slices.IsSortedFunc(got, func(a, b Execution) int { return int(b.ID - a.ID) }) || got[0].ID != 250 {
		t.Error("they are not newest first")
	}
	for _, r := range transport.requests() {
		if r.query.Get("policyId") != "7" {
			t.Errorf("asked for the policy %q", r.query.Get("policyId"))
		}
	}
}

func TestExecution(t *testing.T) {
	t.Parallel()
	newestFirst := numbered(250, func(id int64) object { return executionObject(251-id, 7, "Succeed") })
	tests := []struct {
		name     string
		id       ID
		requests int
		found    bool
	}{
		{"on the first page", 200, 1, true},
		{"on the last page", 3, 1 + 3, true},
		{"gone", 999, 1 + 3 + 3, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			transport := holding(func(string) []any { return newestFirst })
			c, _ := newTestClient(transport)
			got, err := c.Execution(t.Context(), 7, test.id)
			if test.found && (err != nil || got.ID != test.id) || !test.found && !errors.Is(err, ErrNotFound) {
				t.Errorf("got %+v and %v", got, err)
			}
			if n := transport.count(nil); n != test.requests {
				t.Errorf("%d requests, want %d", n, test.requests)
			}
		})
	}
}

// A record is not taken for purged because the page it moved from was read
// after it moved, and the page it moved to before.
func TestExecutionThatMoved(t *testing.T) {
	t.Parallel()
	const moving = 500
	around := numbered(198, func(id int64) object { return executionObject(id, 7, "Succeed") })
	middle := slices.Insert(slices.Clone(around), 99, any(executionObject(moving, 7, "Succeed")))
	before := slices.Insert(slices.Clone(middle), 0, any(executionObject(1000, 7, "Succeed"))) // it begins page 2
	after := append(slices.Clone(middle), executionObject(2000, 7, "Succeed"))                 // it ends page 1
	transport := &journal{}
	transport.answer = func(r request) reply {
		if transport.count(nil) <= 2 { // page 1 alone, then page 1 of a listing
			return listPage(before, r.pageNo(), len(before))
		}
		return listPage(after, r.pageNo(), len(after))
	}
	c, _ := newTestClient(transport)
	got, err := c.Execution(t.Context(), 7, moving)
	if err != nil || got.ID != moving {
		t.Errorf("got %+v and %v", got, err)
	}
	if n := transport.count(nil); n != 5 {
		t.Errorf("%d requests, want page 1 and two listings", n)
	}
}

// A run of another policy is not one of this, also where the server does not
// narrow the list: it would be waited for, or stopped, as if it were ours.
func TestExecutionsOfAnotherPolicy(t *testing.T) {
	t.Parallel()
	objects := numbered(150, func(id int64) object { return executionObject(id, 7+id%2, "Succeed") })
	delete(objects[99].(object), "policyId")
	c, _ := newTestClient(holding(func(string) []any { return objects }))
	all, err := c.Executions(t.Context(), 7)
	if err != nil || len(all) != 75 {
		t.Errorf("got %d executions and %v, want 75", len(all), err)
	}
	for _, e := range all {
		if e.ID%2 != 0 {
			t.Errorf("got %+v", e)
		}
	}
	for id, want := range map[ID]error{2: nil, 150: nil, 3: ErrNotFound, 149: ErrNotFound} {
		if _, err := c.Execution(t.Context(), 7, id); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", id, err, want)
		}
	}
	_, err = c.Execution(t.Context(), 7, 100)
	mustHold(t, err, "execution 100", "does not say of which policy")
	if errors.Is(err, ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestExecutionFailures(t *testing.T) {
	t.Parallel()
	c, _ := newTestClient(always(refused(500, "InternalError", "oops")))
	if _, err := c.Execution(t.Context(), 7, 1); asError(t, err).Status != 500 {
		t.Errorf("got %v", err)
	}
	// The first page comes, the second never.
	objects := numbered(150, func(id int64) object { return executionObject(id, 7, "Succeed") })
	transport := &journal{answer: func(r request) reply {
		if r.pageNo() > 1 {
			return htmlPage(500)
		}
		return listPage(objects, 1, len(objects))
	}}
	c, _ = newTestClient(transport)
	_, err := c.Execution(t.Context(), 7, 120)
	if asError(t, err).Status != 500 || errors.Is(err, ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if all, err := c.Executions(t.Context(), 7); err == nil || all != nil {
		t.Errorf("got %d executions and %v", len(all), err)
	}
}

func TestStopExecution(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		reply     reply
		ok        bool
		ambiguous bool
	}{
		"stopped":   {mutated("stop", "5"), true, false},
		"gone":      {refused(404, "NotFound", "no"), true, false},
		"refused":   {refused(400, "BadRequest", "no"), false, false},
		"forbidden": {refused(403, "AccessDenied", "no"), false, false},
		"lost":      {htmlPage(504), false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			transport := always(test.reply)
			c, _ := newTestClient(transport)
			err := c.StopExecution(t.Context(), 5)
			if (err == nil) != test.ok || Ambiguous(err) != test.ambiguous {
				t.Errorf("got %v, ambiguous: %t", err, Ambiguous(err))
			}
			sent := transport.requests()
			if len(sent) != 1 || sent[0].String() != "POST /v1/ccr/executions/5/stop" || sent[0].body != "" {
				t.Errorf("sent %v", sent)
			}
		})
	}
}

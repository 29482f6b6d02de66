package client

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/bceauth"
)

const executionsPath = "/executions"

// Execution is one run of a policy as the API lists it. Its counts are images
// by tag.
type Execution struct {
	ID         ID     `json:"id"`
	PolicyID   ID     `json:"policyId"`
	Status     string `json:"status"`
	StatusText string `json:"statusText"`
	Trigger    string `json:"trigger"`
	Total      int64  `json:"total"`
	Failed     int64  `json:"failed"`
	Succeed    int64  `json:"succeed"`
	InProgress int64  `json:"inProgress"`
	Stopped    int64  `json:"stopped"`
	StartTime  Time   `json:"startTime"`
	EndTime    Time   `json:"endTime"`
}

// Phase is what an execution's status means.
type Phase int

// The states of [Phase]. An unknown status counts as still running.
const (
	PhaseUnknown Phase = iota
	PhaseRunning
	PhaseSucceeded
	PhaseFailed
	PhaseStopped
)

// Phase reads the status and checks it against the counters: nothing is over
// while an image is still in progress, and nothing succeeded of which an image
// failed or was stopped.
func (e Execution) Phase() Phase {
	phase := PhaseUnknown
	switch strings.ToLower(e.Status) {
	case "inprogress":
		phase = PhaseRunning
	case "succeed", "succeeded", "success":
		phase = PhaseSucceeded
		if e.Failed > 0 {
			phase = PhaseFailed
		} else if e.Stopped > 0 {
			phase = PhaseStopped
		}
	case "failed":
		phase = PhaseFailed
	case "stopped":
		phase = PhaseStopped
	}
	if phase != PhaseUnknown && e.InProgress > 0 {
		phase = PhaseRunning
	}
	return phase
}

// Finished reports whether the execution is over.
func (e Execution) Finished() bool {
	p := e.Phase()
	return p == PhaseSucceeded || p == PhaseFailed || p == PhaseStopped
}

func (c *Client) executionPage(policy ID) pager[Execution] {
	return newPager[Execution](c, "list executions", executionsPath, []bceauth.Pair{pair("policyId", policy.String())})
}

func executionID(e Execution) ID { return e.ID }

// Executions returns every execution of a policy, newest first: "Get migration
// task list", GET /v1/ccr/executions.
func (c *Client) Executions(ctx context.Context, policy ID) ([]Execution, error) {
	items, err := listAll(ctx, c, c.executionPage(policy), executionID)
	items = filter(items, func(e Execution) bool { return e.PolicyID == policy || e.PolicyID == 0 }) // see Execution.of
	slices.SortFunc(items, func(a, b Execution) int { return cmp.Compare(b.ID, a.ID) })
	return items, err
}

// Execution returns one execution of a policy, or [ErrNotFound]: a search in
// "Get migration task list". New executions come first there, so the first
// page as a rule is enough.
func (c *Client) Execution(ctx context.Context, policy, id ID) (Execution, error) {
	first, err := c.executionPage(policy)(ctx, 1)
	if err != nil {
		return Execution{}, err
	}
	at := slices.IndexFunc(*first.Result, func(e Execution) bool { return e.ID == id })
	if at >= 0 {
		return (*first.Result)[at].of(policy)
	}
	e, err := newCollection("execution", c, c.executionPage(policy), executionID).find(ctx, id)
	if err != nil {
		return Execution{}, err
	}
	return e.of(policy)
}

// of returns e when it is a run of the policy: a list need not be narrowed to
// those that were asked for.
func (e Execution) of(policy ID) (Execution, error) {
	switch e.PolicyID {
	case policy:
		return e, nil
	case 0:
		return Execution{}, fmt.Errorf("execution %s: the list does not say of which policy it is", e.ID)
	}
	return Execution{}, fmt.Errorf("execution %s of policy %s: %w", e.ID, policy, ErrNotFound)
}

// StopExecution asks CCR to stop an execution and does not wait until it has:
// "Stop migration strategy", POST /v1/ccr/executions/{executionId}/stop. One
// that is finished or gone is no error. The error satisfies [Ambiguous] when
// the request may have arrived.
func (c *Client) StopExecution(ctx context.Context, id ID) error {
	_, err := c.mutate(ctx, newCall("stop execution", http.MethodPost, executionsPath+"/"+id.String()+"/stop", nil))
	if hasStatus(err, http.StatusNotFound) {
		return nil
	}
	return err
}

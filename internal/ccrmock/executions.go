package ccrmock

import (
	"context"
	"slices"
	"strconv"
	"time"
)

// Statuses of an execution.
const (
	ExecutionInProgress = "InProgress"
	ExecutionSucceed    = "Succeed"
	ExecutionFailed     = "Failed"
	ExecutionStopped    = "Stopped"
)

// Counters count the images of an execution.
type Counters struct {
	Total, Failed, Succeed, InProgress, Stopped int
}

// Execution is one run of a policy.
type Execution struct {
	ID         int64
	PolicyID   int64
	Status     string
	StatusText string
	Trigger    string // manual unless set
	Counters
	StartTime time.Time
	EndTime   time.Time // zero while unset
}

// execution is an Execution and who moves it on: its goroutine while running, a
// script, or nobody.
type execution struct {
	Execution
	running   bool
	byHand    bool // finished from outside: its goroutine must not touch it
	paused    bool
	heldIn    int // the hold's epoch that it waits out, -1 for none
	done      int // images done
	failures  []string
	cancel    context.CancelFunc
	scripted  bool
	steps     []ExecutionStep
	stopAsked bool
}

// executionsOf returns the executions of a policy, the newest first; policy 0
// stands for all.
func (s *Server) executionsOf(policyID int64) []*execution {
	found := s.executions.all(func(e *execution) bool { return policyID == 0 || e.PolicyID == policyID })
	slices.SortFunc(found, func(a, b *execution) int {
		if a.ID > b.ID {
			return -1
		}
		return 1
	})
	return found
}

func (s *Server) listExecutions(c *call) (any, *apiError) {
	w, failure := c.window()
	if failure != nil {
		return nil, failure
	}
	value, sent := c.query["policyId"]
	if !sent {
		return nil, apiErrorf(codeBadRequest, "the query parameter policyId is missing")
	}
	policyID, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return nil, apiErrorf(codeBadRequest, "policyId must be a number, not %q", value)
	}
	s.mu.Lock()
	page := newListPage(s.readExecutions(policyID, w), w, (*execution).item)
	s.mu.Unlock()
	s.listed("executions", w.pageNo)
	return page, nil
}

func (e *execution) item() executionItem {
	return executionItem{
		ID:         e.ID,
		PolicyID:   e.PolicyID,
		Status:     e.Status,
		StatusText: e.StatusText,
		Trigger:    e.Trigger,
		Total:      e.Total,
		Failed:     e.Failed,
		Succeed:    e.Succeed,
		InProgress: e.InProgress,
		Stopped:    e.Stopped,
		StartTime:  optionalTime(e.StartTime),
		EndTime:    optionalTime(e.EndTime),
	}
}

// stopExecution only asks: a running execution settles by itself soon after.
func (s *Server) stopExecution(c *call) (any, *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.executions.get(c.id)
	if e == nil {
		return nil, apiErrorf(codeNotFound, "there is no execution with the id %d", c.id)
	}
	e.stopAsked = true
	switch {
	case e.Status != ExecutionInProgress, e.scripted:
	case e.running:
		e.cancel()
	default:
		s.settleStopped(e)
	}
	return mutation{Action: "stop", TargetName: formatID(c.id)}, nil
}

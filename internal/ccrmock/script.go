package ccrmock

import (
	"slices"
	"time"
)

// ExecutionStep is what a scripted execution looks like in one read.
type ExecutionStep struct {
	Status     string // InProgress unless set
	StatusText string
	Counters
	// Ended sets the end time.
	Ended bool
	// UntilStop keeps to this step until a stop was asked for.
	UntilStop bool
	// Hidden leaves the execution out of this read.
	Hidden bool
	// Gone removes the execution for good.
	Gone bool
}

type script struct {
	policyID int64
	steps    []ExecutionStep
}

// ScriptExecutions makes the next execution of a policy, or of any when
// policyID is 0, follow steps instead of migrating anything: it starts
// InProgress without images, and each list that covers it shows the next step.
// The last step stays. A stop changes nothing but UntilStop. Scripts queue up.
func (s *Server) ScriptExecutions(policyID int64, steps ...ExecutionStep) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scripts = append(s.scripts, script{policyID: policyID, steps: slices.Clone(steps)})
}

func (s *Server) takeScript(policyID int64) ([]ExecutionStep, bool) {
	i := slices.IndexFunc(s.scripts, func(sc script) bool { return sc.policyID == 0 || sc.policyID == policyID })
	if i < 0 {
		return nil, false
	}
	steps := s.scripts[i].steps
	s.scripts = slices.Delete(s.scripts, i, i+1)
	return steps, true
}

// readExecutions moves the scripted executions on the page one step on, and
// returns all executions of the policy that this read shows.
func (s *Server) readExecutions(policyID int64, w window) []*execution {
	all := s.executionsOf(policyID)
	from, to := w.bounds(len(all))
	hidden := map[int64]bool{}
	for _, e := range all[from:to] {
		if e.scripted && !s.step(e) {
			hidden[e.ID] = true
		}
	}
	return slices.DeleteFunc(all, func(e *execution) bool { return hidden[e.ID] })
}

// step says whether e is to be seen.
func (s *Server) step(e *execution) bool {
	for len(e.steps) > 1 && e.steps[0].UntilStop && e.stopAsked {
		e.steps = e.steps[1:]
	}
	if len(e.steps) == 0 {
		return true
	}
	now := e.steps[0]
	if len(e.steps) > 1 && !now.UntilStop {
		e.steps = e.steps[1:]
	}
	if now.Gone {
		s.executions.remove(e.ID)
		return false
	}
	e.Status, e.StatusText, e.Counters = now.Status, now.StatusText, now.Counters
	if e.Status == "" {
		e.Status = ExecutionInProgress
	}
	if !now.Ended {
		e.EndTime = time.Time{}
	} else if e.EndTime.IsZero() {
		e.EndTime = s.now()
	}
	s.notify()
	return !now.Hidden
}

package ccrmock

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

const nothingMatched = "no resources need to be replicated"

// hold says which executions wait. Releasing begins a new epoch, so that no
// execution misses a release that is followed by another hold.
type hold struct {
	begin bool
	after int // wait once this many images are done, -1 for never
	epoch int
}

// HoldExecutions makes new executions wait before they do anything: they are
// InProgress without images until [Server.ReleaseExecutions] or a stop.
func (s *Server) HoldExecutions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hold.begin = true
}

// HoldAfter makes executions wait before they begin an image when n or more are
// done, until [Server.ReleaseExecutions] or a stop. With 0 they wait when they
// know how many images there are.
func (s *Server) HoldAfter(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hold.after = n
}

// ReleaseExecutions lets all waiting executions go on, and holds no more.
func (s *Server) ReleaseExecutions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hold = hold{after: -1, epoch: s.hold.epoch + 1}
	s.notify()
}

// FinishExecution ends an execution by hand, with whatever status and counters,
// and says whether it exists. The end time is set.
func (s *Server) FinishExecution(id int64, status, statusText string, c Counters) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.executions.get(id)
	if e == nil {
		return false
	}
	e.byHand, e.steps = true, nil
	if e.running {
		e.cancel()
	}
	e.Status, e.StatusText, e.Counters, e.EndTime = status, statusText, c, s.now()
	s.notify()
	return true
}

// WaitExecution returns when the execution is no longer InProgress or is gone.
func (s *Server) WaitExecution(ctx context.Context, id int64) error {
	return s.await(ctx, func() bool {
		e := s.executions.get(id)
		return e == nil || e.Status != ExecutionInProgress
	})
}

// WaitPaused returns when the execution waits in a hold.
func (s *Server) WaitPaused(ctx context.Context, id int64) error {
	return s.await(ctx, func() bool {
		e := s.executions.get(id)
		return e != nil && e.paused
	})
}

// WaitIdle returns when no execution is being worked on.
func (s *Server) WaitIdle(ctx context.Context) error {
	return s.await(ctx, func() bool {
		return len(s.executions.all(func(e *execution) bool { return e.running })) == 0
	})
}

// notify wakes everybody in await.
func (s *Server) notify() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// await returns when cond, called under the lock, is true.
func (s *Server) await(ctx context.Context, cond func() bool) error {
	for {
		s.mu.Lock()
		ok, changed := cond(), s.changed
		s.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// start creates an execution and, unless it is scripted, its goroutine. What it
// works on is fixed here: later changes to the policy are for the next one.
func (s *Server) start(policy *Policy) {
	policy.ExecutionTimes++
	steps, scripted := s.takeScript(policy.ID)
	e := s.executions.add(func(id int64) execution {
		return execution{
			Execution: Execution{
				ID:        id,
				PolicyID:  policy.ID,
				Status:    ExecutionInProgress,
				Trigger:   triggerManual,
				StartTime: s.now(),
			},
			scripted: scripted,
			steps:    steps,
			heldIn:   -1,
		}
	})
	s.notify()
	if scripted || s.closed {
		return
	}
	if s.hold.begin {
		e.heldIn = s.hold.epoch
	}
	j := job{policy: *policy}
	if r := s.registries.get(policy.SrcRegistryID); r != nil {
		source := *r
		j.source = &source
	}
	ctx, cancel := context.WithCancel(s.ctx)
	e.running, e.cancel = true, cancel
	s.work.Go(func() {
		defer cancel()
		s.run(ctx, e, j)
	})
}

func (s *Server) run(ctx context.Context, e *execution, j job) {
	defer s.update(e, func() { e.running = false })
	err := s.waitHeld(ctx, e)
	var m *migration
	if err == nil {
		m, err = s.plan(ctx, j)
	}
	if err != nil {
		s.update(e, func() { s.settleEarly(ctx, e, err) })
		return
	}
	defer m.close()
	s.update(e, func() {
		e.Total, e.InProgress = len(m.tasks), len(m.tasks)
		s.settleDone(e)
	})
	for _, t := range m.tasks {
		if s.holdBeforeTask(ctx, e) != nil {
			break
		}
		err := m.copy(ctx, t)
		if ctx.Err() != nil {
			break
		}
		s.update(e, func() { s.recordTask(e, t, err) })
	}
	if ctx.Err() != nil {
		s.update(e, func() { s.settleStopped(e) })
	}
}

// update changes e under the lock. A goroutine whose execution was finished by
// hand may only note that it is gone.
func (s *Server) update(e *execution, change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.notify()
	if kept := e.Execution; e.byHand {
		defer func() { e.Execution = kept }()
	}
	change()
}

func (s *Server) waitHeld(ctx context.Context, e *execution) error {
	s.update(e, func() { e.paused = e.heldIn >= 0 })
	defer s.update(e, func() { e.paused = false })
	err := s.await(ctx, func() bool { return s.hold.epoch > e.heldIn })
	return errors.Join(err, ctx.Err())
}

func (s *Server) holdBeforeTask(ctx context.Context, e *execution) error {
	s.update(e, func() {
		e.heldIn = -1
		if s.hold.after >= 0 && e.done >= s.hold.after {
			e.heldIn = s.hold.epoch
		}
	})
	return s.waitHeld(ctx, e)
}

// recordTask counts one image. The first few failures are told; the counters
// tell how many there were.
func (s *Server) recordTask(e *execution, t task, err error) {
	const told = 3
	e.done++
	e.InProgress--
	if err == nil {
		e.Succeed++
	} else {
		e.Failed++
		if len(e.failures) < told {
			e.failures = append(e.failures, fmt.Sprintf("%s: %v", t, err))
		}
	}
	s.settleDone(e)
	s.logf("execution %d: %s: %d of %d done, %d failed", e.ID, t, e.done, e.Total, e.Failed)
}

// settleDone sets the final status when no image is left.
func (s *Server) settleDone(e *execution) {
	switch {
	case e.InProgress > 0:
		return
	case e.Total == 0:
		e.Status, e.StatusText = ExecutionSucceed, nothingMatched
	case e.Failed > 0:
		e.Status = ExecutionFailed
		e.StatusText = strings.Join(e.failures, "; ")
		if more := e.Failed - len(e.failures); more > 0 {
			e.StatusText += fmt.Sprintf("; and %d more", more)
		}
	case e.Stopped > 0:
		e.Status = ExecutionStopped
	default:
		e.Status = ExecutionSucceed
	}
	e.EndTime = s.now()
}

// settleStopped stops what is left.
func (s *Server) settleStopped(e *execution) {
	if e.Status != ExecutionInProgress {
		return
	}
	e.Stopped += e.InProgress
	e.InProgress = 0
	if e.Total == 0 {
		e.Status, e.EndTime = ExecutionStopped, s.now()
	} else {
		s.settleDone(e)
	}
	s.notify()
}

// settleEarly ends an execution that has no images yet: by a stop, or by an
// error, which leaves the end time unset.
func (s *Server) settleEarly(ctx context.Context, e *execution, err error) {
	if ctx.Err() != nil {
		s.settleStopped(e)
		return
	}
	e.Status, e.StatusText, e.EndTime = ExecutionFailed, err.Error(), time.Time{}
	s.logf("execution %d: failed: %v", e.ID, err)
}

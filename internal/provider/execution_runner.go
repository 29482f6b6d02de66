package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

// executionRunner starts policies and waits for their executions. The resource
// and the actions share it, and with it one policy at a time runs once.
type executionRunner struct {
	client *client.Client
	world  world

	mu    sync.Mutex
	turns map[client.ID]chan struct{}
	// newest is the newest execution that a run of a policy here was: the next
	// run is another, whatever a list leaves out.
	newest map[client.ID]client.ID
}

func newExecutionRunner(c *client.Client, w world) *executionRunner {
	return &executionRunner{client: c, world: w, turns: map[client.ID]chan struct{}{}, newest: map[client.ID]client.ID{}}
}

// run is one execution to be started.
type run struct {
	policy client.ID
	// wait says whether to wait until it is finished.
	wait bool
	// started is told of the execution as soon as it is known, and once.
	started func(client.Execution) error
	// progress is told of every look at it; may be nil.
	progress func(client.Execution)
}

// Errors of a run. Each is wrapped with what is known of the execution.
var (
	errVanished    = errors.New("its record is gone from CCR, so how it ended cannot be told")
	errNotSeen     = errors.New("CCR accepted the start and lists no new execution")
	errStartLost   = errors.New("the answer to the start was lost")
	errMayHaveRun  = fmt.Errorf("%w, and CCR lists no new execution", errStartLost)
	errStillGoing  = errors.New("it had not finished when the time was up")
	errInterrupted = errors.New("the wait was interrupted")
)

// runError is an execution that is known and whose end is not.
type runError struct {
	execution client.Execution
	err       error
}

func (e *runError) Error() string { return fmt.Sprintf("execution %s: %v", e.execution.ID, e.err) }
func (e *runError) Unwrap() error { return e.err }

// run starts a policy once and returns its execution: finished, or as it was
// when first seen if it is not waited for.
func (r *executionRunner) run(ctx context.Context, job run) (client.Execution, error) {
	free, err := r.turn(ctx, job.policy)
	if err != nil {
		return client.Execution{}, err
	}
	defer free()
	newest, err := r.awaitIdle(ctx, job.policy)
	if err != nil {
		return client.Execution{}, fmt.Errorf("nothing was started: %w", err)
	}
	r.mu.Lock()
	newest = max(newest, r.newest[job.policy])
	r.mu.Unlock()
	started, err := r.start(ctx, job.policy, newest)
	if err != nil {
		return client.Execution{}, err
	}
	r.mu.Lock()
	r.newest[job.policy] = started.ID
	r.mu.Unlock()
	if err := job.started(started); err != nil {
		return started, err
	}
	if !job.wait {
		return started, nil
	}
	return r.await(ctx, started, job.progress)
}

// turn waits until no other run of the policy is under way in this process.
func (r *executionRunner) turn(ctx context.Context, policy client.ID) (free func(), err error) {
	r.mu.Lock()
	turn, ok := r.turns[policy]
	if !ok {
		turn = make(chan struct{}, 1)
		r.turns[policy] = turn
	}
	r.mu.Unlock()
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("nothing was started: another run of policy %s in this apply had not finished: %w", policy, endOf(ctx))
	}
}

// awaitIdle waits until the policy has no execution that is not finished, and
// returns the id of its newest, 0 when it has none.
func (r *executionRunner) awaitIdle(ctx context.Context, policy client.ID) (client.ID, error) {
	var going []string // when last seen
	for look := 0; ; look++ {
		executions, err := r.client.Executions(ctx, policy)
		switch {
		case err == nil:
			going = nil
			for _, e := range executions {
				if !e.Finished() {
					going = append(going, fmt.Sprintf("%s (%s)", e.ID, describeStatus(e)))
				}
			}
			if len(going) == 0 {
				return newestOf(executions), nil
			}
		case ctx.Err() == nil && !r.transient(ctx, err):
			return 0, err
		}
		if r.world.wait(ctx, r.world.poll(look)) != nil {
			if len(going) == 0 {
				return 0, err
			}
			return 0, fmt.Errorf("policy %s still has an execution under way: %s: %w", policy, strings.Join(going, ", "), endOf(ctx))
		}
	}
}

// newestOf is the id of the first of executions, newest first; 0 when there is
// none.
func newestOf(executions []client.Execution) client.ID {
	if len(executions) == 0 {
		return 0
	}
	return executions[0].ID
}

// startLooks is how often a new execution is looked for: the answer to start
// does not name it.
const startLooks = 6

// start sends the start once and finds the execution it began: the first that
// is newer than newest. An answer that was lost is settled the same way.
func (r *executionRunner) start(ctx context.Context, policy, newest client.ID) (client.Execution, error) {
	lost := r.client.StartPolicy(ctx, policy)
	if lost != nil && !client.Ambiguous(lost) {
		return client.Execution{}, lost
	}
	// An interrupt from here on must not lose an execution that has begun.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Minute)
	defer cancel()
	var lastErr error
	for look := range startLooks {
		if look > 0 {
			if r.world.wait(ctx, r.world.poll(look-1)) != nil {
				break
			}
		}
		executions, err := r.client.Executions(ctx, policy)
		lastErr = err
		var begun []client.Execution // newest first
		for _, e := range executions {
			if e.ID > newest {
				begun = append(begun, e)
			}
		}
		if len(begun) > 1 {
			tflog.Warn(ctx, "Several executions of the policy began at once; taking the first", map[string]any{"policy_id": policy.String(), "executions": len(begun)})
		}
		if len(begun) > 0 {
			return begun[len(begun)-1], nil
		}
	}
	unseen := &unseenError{policy: policy, err: errNotSeen}
	switch {
	case lost != nil && lastErr != nil:
		unseen.err = fmt.Errorf("%w (%w) and looking for it failed (%w), so it may or may not have begun", errStartLost, lost, lastErr)
	case lost != nil:
		unseen.err = fmt.Errorf("%w, so it may or may not have begun: %w", errMayHaveRun, lost)
	case lastErr != nil:
		unseen.err = fmt.Errorf("the policy was started and its execution could not be found: %w", lastErr)
	}
	return client.Execution{}, unseen
}

// unseenError is a start that CCR took, or may have taken, and of which no
// execution is known.
type unseenError struct {
	policy client.ID
	err    error
}

func (e *unseenError) Error() string { return e.err.Error() }
func (e *unseenError) Unwrap() error { return e.err }

func (e *unseenError) step() string {
	return fmt.Sprintf("look at the data source ccr_executions for policy %s; if an execution appears there, import it as %s/<execution id>, else apply again.",
		e.policy, e.policy)
}

// await looks at an execution until it is finished. A failure counts only when
// a second look confirms it: the server retries what failed.
func (r *executionRunner) await(ctx context.Context, e client.Execution, progress func(client.Execution)) (client.Execution, error) {
	suspected := false
	for look := 0; ; look++ {
		if progress != nil {
			progress(e)
		}
		switch phase := e.Phase(); {
		case phase == client.PhaseSucceeded, phase == client.PhaseStopped, phase == client.PhaseFailed && suspected:
			return e, nil
		default:
			suspected = phase == client.PhaseFailed
		}
		if r.world.wait(ctx, r.world.poll(look)) != nil {
			return e, &runError{e, endOf(ctx)}
		}
		seen, err := r.client.Execution(ctx, e.PolicyID, e.ID)
		switch {
		case err == nil:
			e = seen
		case errors.Is(err, client.ErrNotFound):
			return e, &runError{e, errVanished}
		case ctx.Err() != nil:
			return e, &runError{e, endOf(ctx)}
		case !r.transient(ctx, err):
			return e, &runError{e, err}
		default:
			suspected = false
		}
	}
}

// transient reports an error of a look that the next look may not meet: while
// something runs, CCR being briefly away is no reason to give it up.
func (r *executionRunner) transient(ctx context.Context, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	var api *client.Error
	if !errors.As(err, &api) {
		return true
	}
	if refused := api.Status >= 400 && api.Status < 500 && api.Status != 408 && api.Status != 429; refused {
		return false
	}
	tflog.Warn(ctx, "Looking at an execution failed; trying again", map[string]any{"error": err.Error()})
	return true
}

// stop stops an execution and waits until it has settled. One that is already
// finished or gone is no error.
func (r *executionRunner) stop(ctx context.Context, policy, id client.ID, progress func(client.Execution)) (client.Execution, error) {
	e, err := r.client.Execution(ctx, policy, id)
	if errors.Is(err, client.ErrNotFound) {
		return client.Execution{ID: id, PolicyID: policy}, nil
	}
	if err != nil || e.Finished() {
		return e, err
	}
	// A lost answer is settled by looking on; a stop sent twice does no harm.
	for {
		lost := r.client.StopExecution(ctx, id)
		if lost != nil && !client.Ambiguous(lost) {
			return e, lost
		}
		settled, err := r.awaitSettled(ctx, e, lost != nil, progress)
		if !errors.Is(err, errStopLost) {
			return settled, err
		}
	}
}

// errStopLost asks for another stop: the answer to the last was lost, and the
// execution goes on as if it had not arrived.
var errStopLost = errors.New("the stop was lost")

// looksAfterLostStop is how long a stop whose answer was lost may take effect.
const looksAfterLostStop = 3

func (r *executionRunner) awaitSettled(ctx context.Context, e client.Execution, lost bool, progress func(client.Execution)) (client.Execution, error) {
	for look := 0; ; look++ {
		seen, err := r.client.Execution(ctx, e.PolicyID, e.ID)
		switch {
		case errors.Is(err, client.ErrNotFound):
			return e, nil
		case err != nil && !r.transient(ctx, err):
			return e, &runError{e, err}
		case err == nil:
			e = seen
			if progress != nil {
				progress(e)
			}
			if e.Finished() {
				return e, nil
			}
		}
		if lost && look >= looksAfterLostStop {
			return e, errStopLost
		}
		if r.world.wait(ctx, r.world.poll(look)) != nil {
			return e, &runError{e, endOf(ctx)}
		}
	}
}

// endOf says why a context ended: time-out or interrupt.
func endOf(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return errStillGoing
	}
	return errInterrupted
}

// describeStatus is an execution's status with its counts, as a person reads it.
func describeStatus(e client.Execution) string {
	text := fmt.Sprintf("%s, %s", e.Status, describeCounts(e))
	if e.StatusText != "" {
		text += ": " + client.Printable(e.StatusText)
	}
	return text
}

// describeCounts is how far an execution has come.
func describeCounts(e client.Execution) string {
	parts := []string{fmt.Sprintf("%d of %d images migrated", e.Succeed, e.Total)}
	for _, c := range []struct {
		count int64
		word  string
	}{{e.Failed, "failed"}, {e.Stopped, "stopped"}, {e.InProgress, "in progress"}} {
		if c.count > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.count, c.word))
		}
	}
	return strings.Join(parts, ", ")
}

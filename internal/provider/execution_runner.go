package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
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
	// blocked is told of every look at an execution that has to finish first;
	// may be nil.
	blocked func(client.Execution)
	// started is told of the execution as soon as it is known, and once.
	started func(client.Execution) error
	// progress is told of every look at it; may be nil.
	progress func(client.Execution)
}

// run starts a policy once and returns its execution: finished, or as it was
// when first seen if it is not waited for.
func (r *executionRunner) run(ctx context.Context, job run) (client.Execution, error) {
	free, err := r.turn(ctx, job.policy)
	if err != nil {
		return client.Execution{}, &notStartedError{err: err}
	}
	defer free()
	newest, err := r.awaitIdle(ctx, job.policy, job.blocked)
	if err != nil {
		return client.Execution{}, &notStartedError{err: err}
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
		// It may have ended already, and a failure is confirmed as ever.
		if started.Phase() == client.PhaseFailed {
			if seen, err := r.look(ctx, started.PolicyID, started.ID); err == nil {
				started = seen
			}
		}
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
	free = func() { <-turn }
	select { // whatever has become of ctx
	case turn <- struct{}{}:
		return free, nil
	default:
	}
	select {
	case turn <- struct{}{}:
		return free, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("another run of it in this apply had not finished: %w", endOf(ctx))
	}
}

// awaitIdle waits until the policy has no execution that is not finished, and
// returns the id of its newest, 0 when it has none. It tells blocked, unless
// nil, of every look at one that is not.
func (r *executionRunner) awaitIdle(ctx context.Context, policy client.ID, blocked func(client.Execution)) (client.ID, error) {
	var going []client.Execution
	for look := 0; ; look++ {
		executions, err := r.executions(ctx, policy)
		switch {
		case ctx.Err() != nil:
			return 0, endOfWaitFor(ctx, going)
		// Only what is known to run is worth waiting for with an API that fails.
		case err != nil && (len(going) == 0 || !r.transient(ctx, err)):
			return 0, err
		case err == nil:
			going = slices.DeleteFunc(slices.Clone(executions), client.Execution.Finished)
			if len(going) == 0 {
				return newestOf(executions), nil
			}
			if blocked != nil {
				blocked(going[0])
			}
		}
		if r.world.sleep(ctx, r.world.poll(look)) != nil {
			return 0, endOfWaitFor(ctx, going)
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

func endOfWaitFor(ctx context.Context, going []client.Execution) error {
	if len(going) == 0 {
		return endOf(ctx)
	}
	return fmt.Errorf("it still has an execution under way: %s (%s): %w", going[0].ID, describeStatus(going[0]), endOf(ctx))
}

// executions returns those of a policy, newest first. A server that does not
// narrow its list must not pass another policy's run for one of this.
func (r *executionRunner) executions(ctx context.Context, policy client.ID) ([]client.Execution, error) {
	all, err := r.client.Executions(ctx, policy)
	return slices.DeleteFunc(all, func(e client.Execution) bool { return e.PolicyID != policy }), err
}

// startLooks is how often a new execution is looked for: the answer to start
// does not name it.
const startLooks = 6

// start sends the start once and finds the execution it began: the first that
// is newer than newest. An answer that was lost is settled the same way.
func (r *executionRunner) start(ctx context.Context, policy, newest client.ID) (client.Execution, error) {
	lost := r.client.StartPolicy(ctx, policy)
	if lost != nil && !client.Ambiguous(lost) {
		return client.Execution{}, &notStartedError{err: r.refusal(ctx, policy, lost)}
	}
	// An interrupt from here on must not lose an execution that has begun.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Minute)
	defer cancel()
	var lastErr error
	for look := range startLooks {
		if look > 0 && r.world.sleep(ctx, r.world.poll(look-1)) != nil {
			break
		}
		executions, err := r.executions(ctx, policy)
		lastErr = err
		begun := slices.DeleteFunc(executions, func(e client.Execution) bool { return e.ID <= newest })
		if len(begun) > 1 {
			tflog.Warn(ctx, "Several executions of the policy began at once; taking the first", map[string]any{"policy_id": policy.String(), "executions": len(begun)})
		}
		if len(begun) > 0 {
			return begun[len(begun)-1], nil
		}
	}
	return client.Execution{}, &unseenError{lost: lost, look: lastErr}
}

// refusal says why a policy was not started, as far as CCR lets one see.
func (r *executionRunner) refusal(ctx context.Context, policy client.ID, refused error) error {
	var api *client.Error
	if ctx.Err() != nil || !errors.As(refused, &api) {
		return orEnd(ctx, refused)
	}
	switch api.Status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed:
		p, err := r.client.Policy(ctx, policy)
		if errors.Is(err, client.ErrNotFound) {
			return fmt.Errorf("%w: %w", errNoPolicy, refused)
		}
		if err == nil && !p.Enabled {
			return fmt.Errorf("%w: %w", errDisabled, refused)
		}
	}
	return refused
}

// await looks at an execution until it is finished. A failure counts only when
// a second look confirms it: the server retries what failed.
func (r *executionRunner) await(ctx context.Context, e client.Execution, progress func(client.Execution)) (client.Execution, error) {
	var failedLook error
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
		if r.world.sleep(ctx, r.world.poll(look)) != nil {
			return endOfRun(ctx, e, failedLook)
		}
		seen, err := r.client.Execution(ctx, e.PolicyID, e.ID)
		switch {
		case err == nil:
			e, failedLook = seen, nil
		case errors.Is(err, client.ErrNotFound):
			return e, &runError{execution: e, err: errVanished}
		case ctx.Err() != nil:
			return endOfRun(ctx, e, failedLook)
		case !r.transient(ctx, err):
			return e, &runError{execution: e, err: err}
		default:
			suspected, failedLook = false, err
		}
	}
}

// endOfRun is what is known of an execution when there is no time left. One
// that had failed when last seen has failed: that it be retried is not likely.
func endOfRun(ctx context.Context, e client.Execution, failedLook error) (client.Execution, error) {
	if e.Finished() {
		return e, nil
	}
	return e, &runError{execution: e, err: endOf(ctx), look: failedLook}
}

// look reads an execution, twice when it has failed: see [executionRunner.await].
func (r *executionRunner) look(ctx context.Context, policy, id client.ID) (client.Execution, error) {
	e, err := r.client.Execution(ctx, policy, id)
	if err != nil || e.Phase() != client.PhaseFailed {
		return e, err
	}
	if err := r.world.sleep(ctx, r.world.poll(0)); err != nil {
		return e, err
	}
	return r.client.Execution(ctx, policy, id)
}

// transient reports an error of a look that the next look may not meet: while
// something runs, CCR being briefly away is no reason to give it up.
func (r *executionRunner) transient(ctx context.Context, err error) bool {
	var api *client.Error
	if errors.As(err, &api) && api.Status >= 400 && api.Status < 500 &&
		api.Status != http.StatusRequestTimeout && api.Status != http.StatusTooManyRequests {
		return false
	}
	tflog.Warn(ctx, "Looking at an execution failed; trying again", map[string]any{"error": err.Error()})
	return true
}

// stop stops an execution and waits until it has settled. One that is already
// finished is no error; of one that CCR does not have the error is errVanished.
func (r *executionRunner) stop(ctx context.Context, policy, id client.ID, progress func(client.Execution)) (client.Execution, error) {
	e, err := r.client.Execution(ctx, policy, id)
	switch {
	case errors.Is(err, client.ErrNotFound):
		return client.Execution{ID: id, PolicyID: policy}, errVanished
	case err != nil:
		return e, &stopError{err: orEnd(ctx, err)}
	case e.Finished():
		return e, nil
	}
	// A lost answer is settled by looking on; a stop sent twice does no harm.
	for asked := false; ; asked = true {
		lost := r.client.StopExecution(ctx, id)
		if lost != nil && !client.Ambiguous(lost) {
			return e, &stopError{execution: e, asked: asked, err: orEnd(ctx, lost)}
		}
		e, err = r.awaitSettled(ctx, e, lost, progress)
		if !errors.Is(err, errStopLost) {
			return e, err
		}
	}
}

// errStopLost asks for another stop: the answer to the last was lost, and the
// execution goes on as if it had not arrived.
var errStopLost = errors.New("the stop was lost")

// looksAfterLostStop is how long a stop whose answer was lost may take effect.
const looksAfterLostStop = 3

// awaitSettled looks at an execution that was asked to stop until it is
// finished; lost is what became of the answer, nil when there was one.
func (r *executionRunner) awaitSettled(ctx context.Context, e client.Execution, lost error, progress func(client.Execution)) (client.Execution, error) {
	for look := 0; ; look++ {
		seen, err := r.client.Execution(ctx, e.PolicyID, e.ID)
		switch {
		case err == nil:
			e = seen
			if progress != nil {
				progress(e)
			}
			if e.Finished() {
				return e, nil
			}
		case errors.Is(err, client.ErrNotFound):
			return e, errVanished
		case ctx.Err() == nil && !r.transient(ctx, err):
			return e, &stopError{execution: e, asked: true, lost: lost, err: err}
		}
		if lost != nil && look >= looksAfterLostStop {
			return e, errStopLost
		}
		if r.world.sleep(ctx, r.world.poll(look)) != nil {
			return e, &stopError{execution: e, asked: true, lost: lost, err: endOf(ctx)}
		}
	}
}

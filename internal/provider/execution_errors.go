package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

// Why a run or a stop did not come to its end.
var (
	errNoPolicy    = errors.New("CCR has no such policy")
	errDisabled    = errors.New("the policy is disabled in CCR")
	errVanished    = errors.New("its record is gone from CCR")
	errStillGoing  = errors.New("the time was up")
	errInterrupted = errors.New("the wait was interrupted")
)

// endOf says why a context ended: time-out or interrupt.
func endOf(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return errStillGoing
	}
	return errInterrupted
}

// orEnd is err, or why the context ended when that is what err comes of.
func orEnd(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return endOf(ctx)
	}
	return err
}

// notStartedError is a run of which nothing has begun.
type notStartedError struct{ err error }

func (e *notStartedError) Error() string { return fmt.Sprintf("nothing was started: %v", e.err) }
func (e *notStartedError) Unwrap() error { return e.err }

// unseenError is a start without an execution to show for it.
type unseenError struct {
	// lost is what became of the answer, nil when CCR accepted the start.
	lost error
	// look is why the last look failed, nil when it showed no new execution.
	look error
}

func (e *unseenError) Error() string {
	return fmt.Sprintf("no new execution was seen: %v", errors.Join(e.lost, e.look))
}

// runError is an execution that is known and whose end is not.
type runError struct {
	execution client.Execution
	err       error
	// look is why the last look failed, nil when it did not.
	look error
}

func (e *runError) Error() string { return fmt.Sprintf("execution %s: %v", e.execution.ID, e.err) }
func (e *runError) Unwrap() error { return e.err }

// stopError is an execution that may not have been stopped.
type stopError struct {
	execution client.Execution // as last seen, its id 0 when it was not
	// asked says whether CCR may have got the request, and lost what became of
	// the answer.
	asked bool
	lost  error
	err   error
}

func (e *stopError) Error() string { return fmt.Sprintf("stop execution: %v", e.err) }
func (e *stopError) Unwrap() error { return e.err }

// describeStatus is an execution's status with its counts, as a person reads it.
func describeStatus(e client.Execution) string {
	status := client.Printable(e.Status)
	if e.Phase() == client.PhaseUnknown {
		status = fmt.Sprintf("status %q, which this provider does not know and takes for still going", status)
	}
	text := fmt.Sprintf("%s, %s", status, describeCounts(e))
	if e.StatusText != "" {
		text += ": " + strings.TrimRight(client.Printable(e.StatusText), ". ")
	}
	return text
}

// describeCounts is how far an execution has come.
func describeCounts(e client.Execution) string {
	parts := []string{fmt.Sprintf("%d of %d images migrated", e.Succeed, e.Total)}
	if e.Total == 0 && e.Succeed == 0 {
		parts[0] = "no image migrated"
	}
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

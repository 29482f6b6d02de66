package client

import (
	"context"
	"math"

	"golang.org/x/time/rate"
)

// rateLimitLayer lets perSecond attempts through each second, retries
// included; 0 lets everything through.
func rateLimitLayer(next handler, perSecond float64) handler {
	if perSecond <= 0 {
		return next
	}
	limiter := rate.NewLimiter(rate.Limit(perSecond), int(math.Max(1, perSecond)))
	return func(ctx context.Context, c *call) (*answer, error) {
		if err := limiter.Wait(ctx); err != nil {
			if ctx.Err() == nil { // it does not even begin a wait that is too long
				err = context.DeadlineExceeded
			}
			return nil, &unsentError{err: err}
		}
		return next(ctx, c)
	}
}

// unsentError is a call that ended before its attempt began.
type unsentError struct{ err error }

func (e *unsentError) Error() string { return "not sent: " + e.err.Error() }
func (e *unsentError) Unwrap() error { return e.err }

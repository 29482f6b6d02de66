package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflog"
)

const (
	firstBackoff  = 500 * time.Millisecond
	maxBackoff    = 20 * time.Second
	maxRetryAfter = 2 * time.Minute
)

// retryLayer repeats an attempt that may be repeated, waiting longer each time
// or as long as the server asks.
func retryLayer(next handler, cfg Config) handler {
	return func(ctx context.Context, c *call) (*answer, error) {
		for retry := 0; ; retry++ {
			a, err := next(ctx, c)
			if retry >= cfg.MaxRetries || ctx.Err() != nil || !mayRetry(c, a, err) {
				return a, err
			}
			wait := backoff(retry, rand.Float64())
			if asked, ok := retryAfter(a, cfg.Now()); ok {
				wait = min(asked, maxRetryAfter)
			}
			tflog.Debug(ctx, "CCR request will be repeated", map[string]any{
				"operation": c.operation, "retry": retry + 1, "wait_ms": wait.Milliseconds(),
			})
			if cfg.Sleep(ctx, wait) != nil {
				return a, err
			}
		}
	}
}

// mayRetry is the retry policy. A call that is not repeatable is repeated only
// when the server provably did not process it: repeating a create or a start
// whose answer was lost would make two.
func mayRetry(c *call, a *answer, err error) bool {
	if err != nil {
		var unsent *unsentError
		if permanent(err) || errors.As(err, &unsent) {
			return false
		}
		return c.repeatable || unprocessed(nil, err)
	}
	switch a.status {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return c.repeatable || unprocessed(a, nil)
	}
	return false
}

// permanent reports errors that the next attempt would meet again.
func permanent(err error) bool {
	var (
		verification *tls.CertificateVerificationError
		authority    x509.UnknownAuthorityError
		host         x509.HostnameError
		record       tls.RecordHeaderError // with Conn only when it is the first record
	)
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &host) ||
		errors.As(err, &record) && record.Conn != nil || errors.Is(err, http.ErrSchemeMismatch) ||
		errors.Is(err, errBodyTooLarge) || errors.Is(err, context.Canceled)
}

// unprocessed reports whether an attempt with this outcome provably changed
// nothing: it never reached the server, or the server says it declined.
func unprocessed(a *answer, err error) bool {
	if err != nil {
		var (
			dial   *net.OpError
			unsent *unsentError
		)
		return errors.As(err, &unsent) || permanentTLS(err) ||
			errors.As(err, &dial) && (dial.Op == "dial" || dial.Op == "proxyconnect")
	}
	switch a.status {
	case http.StatusTooManyRequests:
		return true
	case http.StatusServiceUnavailable:
		return a.header.Get("Retry-After") != ""
	}
	return false
}

// permanentTLS reports a connection that was never established.
func permanentTLS(err error) bool {
	return permanent(err) && !errors.Is(err, errBodyTooLarge) && !errors.Is(err, context.Canceled)
}

// backoff is how long to wait before the given retry, counted from 0; random
// is in [0,1) and spreads clients that failed together.
func backoff(retry int, random float64) time.Duration {
	ceiling := min(maxBackoff, firstBackoff<<min(retry, 10))
	return ceiling/2 + time.Duration(random*float64(ceiling/2))
}

// retryAfter reads the header of the same name: seconds or a date.
func retryAfter(a *answer, now time.Time) (time.Duration, bool) {
	if a == nil {
		return 0, false
	}
	value := a.header.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil && seconds >= 0 {
		return time.Duration(min(seconds, int(maxRetryAfter/time.Second))) * time.Second, true
	}
	if date, err := http.ParseTime(value); err == nil {
		return max(0, date.Sub(now)), true
	}
	return 0, false
}

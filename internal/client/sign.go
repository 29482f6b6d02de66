package client

import (
	"context"
	"encoding/json"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/bceauth"
)

const codeRequestExpired = "RequestExpired"

// signLayer signs each attempt with the time it is made at. When the server
// finds that time too far off, its own Date becomes the clock and the attempt
// is made once more: a request refused for its time was not processed.
func signLayer(next handler, cfg Config) handler {
	var offset atomic.Int64 // the server's clock minus ours, nanoseconds
	attempt := func(ctx context.Context, c *call) (*answer, time.Duration, error) {
		ahead := time.Duration(offset.Load())
		signed := *c
		signed.header = signature(cfg, c, cfg.Now().Add(ahead))
		a, err := next(ctx, &signed)
		return a, ahead, err
	}
	return func(ctx context.Context, c *call) (*answer, error) {
		a, used, err := attempt(ctx, c)
		if err != nil || !expired(a) {
			return a, err
		}
		measured, ok := serverAhead(a, cfg.Now())
		if !ok {
			return a, nil
		}
		if offset.CompareAndSwap(int64(used), int64(measured)) {
			tflog.Warn(ctx, "This machine's clock is off by more than the server allows; using the server's time", map[string]any{
				"server_minus_local": measured.Round(time.Second).String(),
			})
		}
		a, _, err = attempt(ctx, c)
		return a, err
	}
}

// serverAhead is the server's clock minus ours, by its Date.
func serverAhead(a *answer, now time.Time) (time.Duration, bool) {
	date, err := http.ParseTime(a.header.Get("Date"))
	return date.Sub(now), err == nil
}

func expired(a *answer) bool {
	if a.status != http.StatusBadRequest && a.status != http.StatusForbidden {
		return false
	}
	var body errorBody
	return json.Unmarshal(a.body, &body) == nil && body.Code == codeRequestExpired
}

// signature returns the headers that authenticate c at the time t.
func signature(cfg Config, c *call, t time.Time) http.Header {
	header := http.Header{}
	signed := []bceauth.Pair{
		{Name: bceauth.HeaderHost, Value: cfg.Endpoint.Host},
		{Name: bceauth.HeaderDate, Value: bceauth.FormatTime(t)},
	}
	header.Set(bceauth.HeaderDate, bceauth.FormatTime(t))
	if cfg.SessionToken != "" {
		signed = append(signed, bceauth.Pair{Name: bceauth.HeaderToken, Value: cfg.SessionToken})
		header.Set(bceauth.HeaderToken, cfg.SessionToken)
	}
	header.Set("Authorization", bceauth.Authorization(
		bceauth.Credentials{AccessKeyID: cfg.AccessKey, SecretAccessKey: cfg.SecretKey},
		bceauth.Request{Method: c.method, Path: c.path, Query: c.query, Headers: signed, Time: t},
	))
	return header
}

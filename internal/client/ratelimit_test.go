package client

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestRateLimit(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		perSecond float64
		calls     int
		want      time.Duration
	}{
		{"no limit", 0, 1000, 0},
		{"negative is no limit", -1, 1000, 0},
		{"two a second, two at once", 2, 6, 2 * time.Second},
		{"one in two seconds", 0.5, 3, 4 * time.Second},
		{"a hundred a second", 100, 300, 2 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				arrived := 0
				layer := rateLimitLayer(func(context.Context, *call) (*answer, error) {
					arrived++
					return &answer{status: 200}, nil
				}, test.perSecond)
				for range test.calls {
					if _, err := layer(t.Context(), &call{}); err != nil {
						t.Fatal(err)
					}
				}
				if got := time.Since(began).Round(time.Millisecond); got != test.want || arrived != test.calls {
					t.Errorf("%d of %d calls took %s, want %s", arrived, test.calls, got, test.want)
				}
			})
		})
	}
}

// Retries count too: a server in trouble is not to be asked more than agreed.
func TestRateLimitCountsRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := always(htmlPage(500))
		c, _ := newTestClient(transport, func(cfg *Config) {
			cfg.RequestsPerSecond, cfg.MaxRetries = 1, 4 // the sleeps between take no time here
		})
		began := time.Now()
		_, err := c.executionPage(1)(t.Context(), 1)
		if err == nil || transport.count(nil) != 5 {
			t.Errorf("got %v after %d attempts, want an error after 5", err, transport.count(nil))
		}
		if got := time.Since(began).Round(time.Millisecond); got != 4*time.Second {
			t.Errorf("five attempts took %s, want 4s", got)
		}
	})
}

func TestRateLimitInterrupted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := always(mutated("start", "1"))
		c, _ := newTestClient(transport, func(cfg *Config) { cfg.RequestsPerSecond = 0.01 })
		if err := c.StartPolicy(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		err := c.StartPolicy(ctx, 1)
		if !errors.Is(err, context.Canceled) || Ambiguous(err) {
			t.Errorf("got %v, ambiguous: %t; nothing was sent", err, Ambiguous(err))
		}
		mustHold(t, err, "start policy", "not sent")
		if got := transport.count(nil); got != 1 {
			t.Errorf("%d requests, want 1", got)
		}
	})
}

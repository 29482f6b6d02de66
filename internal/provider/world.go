package provider

import (
	"context"
	"math/rand/v2"
	"net/http"
	"os"
	"time"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

// world is what the provider takes from outside, so that a test can do
// without the clock and the environment.
type world struct {
	getenv func(string) string
	now    func() time.Time
	// transport carries requests; nil is the client's own.
	transport http.RoundTripper
	// sleep waits, or returns the context's error when that ends first.
	sleep func(context.Context, time.Duration) error
	// poll is how long to wait before the given look at something that takes
	// its time, counted from 0.
	poll func(look int) time.Duration
}

func realWorld() world {
	return world{getenv: os.Getenv, now: time.Now, sleep: client.Sleep, poll: growingPoll}
}

const (
	firstPoll = time.Second
	lastPoll  = 15 * time.Second
)

// growingPoll grows from 1 s to 15 s by half each time, and spreads what
// began together by a fifth.
func growingPoll(look int) time.Duration {
	interval := firstPoll
	for range min(look, 20) {
		interval = min(lastPoll, interval*3/2)
	}
	return time.Duration(float64(interval) * (0.9 + 0.2*rand.Float64()))
}

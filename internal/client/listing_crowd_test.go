package client

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// However slowly a CLI gets from one resource to the next, those that it works
// on at once come to share listings.
func TestCrowdSharesListings(t *testing.T) {
	t.Parallel()
	const atOnce, rounds = 10, 20
	for name, pace := range map[string]struct{ between, write, list time.Duration }{
		"a quick machine":             {time.Millisecond, 50 * time.Millisecond, 150 * time.Millisecond},
		"a slow one":                  {40 * time.Millisecond, 50 * time.Millisecond, 150 * time.Millisecond},
		"a slow one, one page":        {40 * time.Millisecond, 50 * time.Millisecond, 50 * time.Millisecond},
		"a slower one, a slow server": {90 * time.Millisecond, 100 * time.Millisecond, time.Second},
		"a machine on its knees":      {300 * time.Millisecond, 100 * time.Millisecond, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var listings atomic.Int64
				c := inBubble(func(ctx context.Context) ([]thing, error) {
					listings.Add(1)
					return things(1, 3), Sleep(ctx, pace.list)
				})
				pause := func(d time.Duration) {
					if err := Sleep(t.Context(), d); err != nil {
						t.Error(err)
					}
				}
				cpu := make(chan struct{}, 1)
				var all sync.WaitGroup
				for range atOnce {
					all.Go(func() {
						for range rounds {
							cpu <- struct{}{} // the CLI's own work, one at a time
							pause(pace.between)
							<-cpu
							end := c.write()
							pause(pace.write)
							end()
							if _, err := c.list(t.Context()); err != nil {
								t.Error(err)
							}
						}
					})
				}
				all.Wait()
				if got := listings.Load(); got > rounds+rounds/2 {
					t.Errorf("%d listings for %d reads, %d at once", got, atOnce*rounds, atOnce)
				}
			})
		})
	}
}

// Those who do not come are waited for once.
func TestCrowdThatIsGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := inBubble(func(context.Context) ([]thing, error) { return things(1, 3), nil })
		read := func() time.Duration {
			c.write()()
			began := time.Now()
			if _, err := c.list(t.Context()); err != nil {
				t.Error(err)
			}
			return time.Since(began)
		}
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() { read() })
		}
		all.Wait()
		for i, want := range []time.Duration{lull, settle, settle} {
			if took := read(); took != want {
				t.Errorf("read %d waited %s, want %s", i+1, took, want)
			}
		}
	})
}

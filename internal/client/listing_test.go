package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// inBubble returns a collection whose listings read makes, in the time of a
// synctest bubble.
func inBubble(read func(context.Context) ([]thing, error)) *collection[thing] {
	return &collection[thing]{noun: "thing", id: thingID, read: read, now: time.Now, sleep: Sleep}
}

// slow is a listing that takes a second, and counts how many began.
func slow(began *atomic.Int64) func(context.Context) ([]thing, error) {
	return func(ctx context.Context) ([]thing, error) {
		began.Add(1)
		if err := Sleep(ctx, time.Second); err != nil {
			return nil, err
		}
		return things(1, 3), nil
	}
}

func TestConcurrentReadsShareOneListing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var listings atomic.Int64
		c := inBubble(slow(&listings))
		var all sync.WaitGroup
		for i := range 200 {
			all.Go(func() {
				// Some come while the listing is under way, some when it is done.
				if err := Sleep(t.Context(), time.Duration(i)*10*time.Millisecond); err != nil {
					t.Error(err)
				}
				l, err := c.list(t.Context())
				if err != nil || len(l.items) != 3 {
					t.Errorf("got %v and %v", l, err)
				}
			})
		}
		all.Wait()
		if got := listings.Load(); got != 1 {
			t.Errorf("%d listings, want 1", got)
		}
	})
}

// Without a write nothing is waited for.
func TestFirstReadDoesNotWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var listings atomic.Int64
		c := inBubble(slow(&listings))
		began := time.Now()
		if _, err := c.list(t.Context()); err != nil || time.Since(began) != time.Second {
			t.Errorf("got %v after %s, want the second that the listing takes", err, time.Since(began))
		}
	})
}

func TestReadAfterWriteIsFresh(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		// The write begins and ends so long after the first listing began, which
		// takes a second; then it is read.
		begin, end, read int // milliseconds
		listings         int64
	}{
		"written while it was read":              {100, 200, 300, 2},
		"written across its end":                 {500, 1500, 1500, 2},
		"begun before and ended while":           {-1, 500, 600, 2},
		"written after it":                       {1100, 1200, 1300, 2},
		"read again after it":                    {1100, 1200, 5000, 2},
		"begun and ended before":                 {-1, -1, 500, 1},
		"begun before, not ended":                {-1, 9000, 500, 1},
		"ends at the moment of the next read":    {100, 900, 900, 2},
		"begun after it and not ended when read": {1100, 1500, 1300, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var listings atomic.Int64
				c := inBubble(slow(&listings))
				c.sleep = func(context.Context, time.Duration) error { return nil } // no waiting for writes
				wait := func(milliseconds int) {
					if err := Sleep(t.Context(), time.Duration(milliseconds)*time.Millisecond); err != nil {
						t.Error(err)
					}
				}
				var end func()
				if test.begin < 0 {
					end = c.write()
				}
				if test.end < 0 {
					end()
				}
				var all sync.WaitGroup
				all.Go(func() {
					if _, err := c.list(t.Context()); err != nil {
						t.Error(err)
					}
				})
				all.Go(func() {
					if test.begin >= 0 {
						wait(test.begin)
						end = c.write()
					}
					if test.end >= 0 {
						wait(test.end - max(test.begin, 0))
						end()
					}
				})
				all.Go(func() {
					wait(test.read)
					synctest.Wait() // a write that ends now has ended
					if _, err := c.list(t.Context()); err != nil {
						t.Error(err)
					}
				})
				all.Wait()
				if got := listings.Load(); got != test.listings {
					t.Errorf("%d listings, want %d", got, test.listings)
				}
			})
		})
	}
}

// The property itself, with everything at random: a read sees every write that
// had ended when it began.
func TestReadsSeeFinishedWrites(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				random := rand.New(rand.NewPCG(seed, 0))
				var mu sync.Mutex
				pause := func(most int) {
					mu.Lock()
					d := time.Duration(random.IntN(most)) * time.Millisecond
					mu.Unlock()
					if err := Sleep(t.Context(), d); err != nil {
						t.Error(err)
					}
				}
				var version, listings atomic.Int64
				c := inBubble(func(context.Context) ([]thing, error) {
					listings.Add(1)
					pause(50)
					seen := ID(version.Load())
					pause(50)
					return []thing{{ID: 1 + seen}}, nil
				})
				var all sync.WaitGroup
				for range 20 {
					all.Go(func() {
						for range 20 {
							pause(200)
							end := c.write()
							pause(30)
							mine := version.Add(1)
							pause(30)
							end()
							pause(20)
							l, err := c.list(t.Context())
							if err != nil {
								t.Error(err)
								return
							}
							if got := int64(l.items[0].ID) - 1; got < mine {
								t.Errorf("wrote version %d, then read %d", mine, got)
							}
						}
					})
				}
				all.Wait()
				if got := listings.Load(); got > 300 {
					t.Errorf("400 reads took %d listings", got)
				}
			})
		})
	}
}

func TestOldListingsAreNotUsed(t *testing.T) {
	t.Parallel()
	for after, want := range map[time.Duration]int64{
		0: 1, maxAge - time.Second: 1, maxAge - time.Second + 1: 2, maxAge: 2, time.Hour: 2,
	} {
		t.Run(after.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var listings atomic.Int64
				c := inBubble(slow(&listings)) // its age counts from its beginning
				for _, wait := range []time.Duration{0, after} {
					if err := Sleep(t.Context(), wait); err != nil {
						t.Error(err)
					}
					if _, err := c.list(t.Context()); err != nil {
						t.Error(err)
					}
				}
				if got := listings.Load(); got != want {
					t.Errorf("%d listings, want %d", got, want)
				}
			})
		})
	}
}

// The reader who began a listing leaves it to the others.
func TestOneReaderLeaves(t *testing.T) {
	t.Parallel()
	for leaving := range 3 {
		t.Run(strconv.Itoa(leaving), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var listings atomic.Int64
				c := inBubble(slow(&listings))
				began := time.Now()
				var all sync.WaitGroup
				for reader := range 3 {
					ctx, cancel := context.WithCancel(t.Context())
					all.Go(func() {
						defer cancel()
						l, err := c.list(ctx)
						if reader == leaving {
							if !errors.Is(err, context.Canceled) || time.Since(began) != time.Second/2 {
								t.Errorf("got %v after %s", err, time.Since(began))
							}
						} else if err != nil || len(l.items) != 3 {
							t.Errorf("got %v and %v", l, err)
						}
					})
					synctest.Wait()
					if reader == leaving {
						time.AfterFunc(time.Second/2, cancel)
					}
				}
				all.Wait()
				if got := listings.Load(); got != 1 {
					t.Errorf("%d listings, want 1", got)
				}
			})
		})
	}
}

// A listing that nobody waits for any more ends, and leaves no goroutine: the
// bubble would not end. What it knew of the caller goes on to the server.
func TestLastReaderEndsTheListing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		var ended atomic.Int64
		c := inBubble(func(ctx context.Context) ([]thing, error) {
			if ctx.Value(key{}) != "logger" {
				t.Error("the listing does not have the values of its first reader's context")
			}
			<-ctx.Done()
			ended.Add(1)
			return nil, ctx.Err()
		})
		ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, "logger"), time.Second)
		defer cancel()
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				if _, err := c.list(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v", err)
				}
			})
		}
		all.Wait()
		synctest.Wait()
		if ended.Load() != 1 {
			t.Errorf("%d listings have ended, want 1", ended.Load())
		}
		// What comes after does not join it.
		var listings atomic.Int64
		c.read = slow(&listings)
		if l, err := c.list(t.Context()); err != nil || len(l.items) != 3 {
			t.Errorf("got %v and %v", l, err)
		}
	})
}

// The request itself ends too, not only the wait for it.
func TestLastReaderEndsTheRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := newTestClient(silent, func(cfg *Config) { cfg.RequestTimeout = time.Hour })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if _, err := c.Policies(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		synctest.Wait()
		if took := time.Since(began); took != time.Second {
			t.Errorf("took %s", took)
		}
	})
}

// A reader who comes when the last has left, before its listing knows of it,
// begins another.
func TestReaderAfterTheLast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var listings atomic.Int64
		release := make(chan struct{})
		c := inBubble(func(ctx context.Context) ([]thing, error) {
			if listings.Add(1) == 1 {
				<-release // deaf to its context
				return nil, ctx.Err()
			}
			return things(1, 3), nil
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.list(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if l, err := c.list(t.Context()); err != nil || len(l.items) != 3 {
			t.Errorf("got %v and %v", l, err)
		}
		close(release)
		synctest.Wait()
		if l, err := c.list(t.Context()); err != nil || len(l.items) != 3 || listings.Load() != 2 {
			t.Errorf("got %v and %v after %d listings", l, err, listings.Load())
		}
	})
}

func TestFailureIsSharedByThoseWhoWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		boom := errors.New("boom")
		var listings atomic.Int64
		c := inBubble(func(ctx context.Context) ([]thing, error) {
			if listings.Add(1) == 1 {
				if err := Sleep(ctx, time.Second); err != nil {
					return nil, err
				}
				return nil, boom
			}
			return things(1, 3), nil
		})
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				_, err := c.list(t.Context())
				if !errors.Is(err, boom) {
					t.Errorf("got %v", err)
				}
				mustHold(t, err, "list every thing: boom")
			})
		}
		all.Wait()
		if l, err := c.list(t.Context()); err != nil || len(l.items) != 3 || listings.Load() != 2 {
			t.Errorf("got %v and %v after %d listings, want a second", l, err, listings.Load())
		}
	})
}

// What Terraform writes in parallel is read back by one listing.
func TestSettling(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var listings atomic.Int64
		c := inBubble(slow(&listings))
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				end := c.write()
				if err := Sleep(t.Context(), time.Duration(i)*15*time.Millisecond); err != nil {
					t.Error(err)
				}
				end()
				if _, err := c.list(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if got := listings.Load(); got != 1 {
			t.Errorf("%d listings, want 1", got)
		}
	})
}

func TestSettlingIsBounded(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		write time.Duration // how long each write takes
		every time.Duration // how often one begins, 0: there is one
		want  time.Duration // how long a read waits before it lists
	}{
		"one that is over":       {0, 0, settle},
		"one that takes a while": {50 * time.Millisecond, 0, 60 * time.Millisecond},
		"one that never ends":    {time.Hour, 0, maxSettle},
		"one after the other":    {time.Millisecond, settle / 2, maxSettle},
		"one now and then":       {time.Millisecond, 5 * settle, settle},
		"writes that overlap":    {3 * settle, 2 * settle, maxSettle},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				c := inBubble(func(context.Context) ([]thing, error) { return nil, nil })
				var all sync.WaitGroup
				write := func() {
					end := c.write()
					all.Go(func() {
						_ = Sleep(ctx, test.write)
						end()
					})
				}
				write()
				if test.every > 0 {
					all.Go(func() {
						for Sleep(ctx, test.every) == nil {
							write()
						}
					})
				}
				synctest.Wait()
				began := time.Now()
				if _, err := c.list(t.Context()); err != nil {
					t.Error(err)
				}
				// What begins at the same moment as a look may be seen or not.
				if took := time.Since(began); took < test.want || took > test.want+settle && test.want < maxSettle || took > maxSettle {
					t.Errorf("waited %s, want %s", took, test.want)
				}
				cancel()
				all.Wait()
			})
		})
	}
}

func TestGathered(t *testing.T) {
	t.Parallel()
	started := func(ago time.Duration) *listing[thing] { return &listing[thing]{started: testNow.Add(-ago)} }
	for name, test := range map[string]struct {
		waiting, crowd int
		latest         *listing[thing]
		waited, quiet  time.Duration
		want           bool
	}{
		"all are here, writes go on":            {5, 5, nil, maxSettle - 1, 0, false},
		"all are here and it is quiet":          {5, 5, nil, settle, settle, true},
		"all are here and waited enough":        {5, 5, nil, maxSettle, 0, true},
		"some are missing":                      {4, 5, nil, maxSettle, lull - 1, false},
		"some did not come":                     {4, 5, nil, lull, lull, true},
		"some did not come, after a slow round": {4, 5, started(maxSettle), lull, lull, false},
		"nor after half of it":                  {4, 5, started(maxSettle), maxSettle / 2, maxSettle / 2, true},
		"nor after the longest wait":            {4, 5, started(time.Hour), maxSettle, maxSettle, true},
		"some are missing and writes go on":     {4, 5, nil, maxGather - 1, 0, false},
		"and on":                                {4, 5, nil, maxGather, 0, true},
	} {
		c, _ := fakeTime(nil)
		c.waiting, c.crowd, c.latest = test.waiting, test.crowd, test.latest
		if got := c.gathered(test.waited, test.quiet); got != test.want {
			t.Errorf("%s: %t, want %t", name, got, test.want)
		}
	}
}

// A read that is interrupted while it waits for writes begins no listing.
func TestSettlingInterrupted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var listings atomic.Int64
		c := inBubble(slow(&listings))
		defer c.write()()
		ctx, cancel := context.WithTimeout(t.Context(), settle+settle/2)
		defer cancel()
		began := time.Now()
		if _, err := c.list(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != settle+settle/2 {
			t.Errorf("got %v after %s", err, time.Since(began))
		}
		synctest.Wait()
		if listings.Load() != 0 {
			t.Error("a listing began")
		}
	})
}

// A create needs no listing of its own when there was any.
func TestKnown(t *testing.T) {
	t.Parallel()
	listings := 0
	c, o := fakeTime(scripted(&listings, things(1, 3)))
	for range 3 {
		l, err := c.known(t.Context())
		if err != nil || len(l.items) != 3 || listings != 1 {
			t.Errorf("got %v and %v after %d listings", l, err, listings)
		}
		c.write()()
		o.advance(time.Hour)
	}
}

func TestClaim(t *testing.T) {
	t.Parallel()
	c, _ := fakeTime(nil)
	var won atomic.Int64
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if c.claim(5) {
				won.Add(1)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 || !c.claim(6) || c.claim(6) {
		t.Errorf("%d claims of one id succeeded", won.Load())
	}
}

func BenchmarkSharedListing(b *testing.B) {
	const readers = 1000
	objects := things(1, 1000)
	b.ReportAllocs()
	for b.Loop() {
		c := &collection[thing]{
			noun: "thing", id: thingID, now: time.Now, sleep: Sleep,
			read: func(context.Context) ([]thing, error) { return objects, nil },
		}
		var all sync.WaitGroup
		for i := range readers {
			all.Go(func() {
				if _, err := c.find(b.Context(), ID(1+i)); err != nil {
					b.Error(fmt.Errorf("reader %d: %w", i, err))
				}
			})
		}
		all.Wait()
	}
}

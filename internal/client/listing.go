package client

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	// maxAge bounds how old a shared listing may be when it is used. A refresh
	// of thousands of objects is done within it, on a busy machine too.
	maxAge = time.Minute
	// settle is how long a listing waits for one more write to begin: what
	// Terraform writes in parallel is then read back by one listing.
	settle = 20 * time.Millisecond
	// maxSettle bounds that wait, so that a steady stream of writes does not
	// hold up a read for long.
	maxSettle = time.Second
	// lull is how long without a write, at least, it waits for as many readers
	// as there were lately: Terraform may need a moment between two resources.
	lull = 10 * settle
	// maxGather bounds the wait for them as long as writes go on.
	maxGather = 5 * maxSettle
)

// collection shares listings of one collection between concurrent reads. There
// is no read by id, so without it N reads would cost N listings.
//
// Invariant: a read returns a listing that began after every write of this
// process that had finished when the read began, and at most maxAge ago.
// Listings and writes are ordered by a logical clock, not by time, which is
// too coarse for it.
type collection[T any] struct {
	noun string
	id   func(T) ID
	read func(context.Context) ([]T, error)

	now   func() time.Time
	sleep func(context.Context, time.Duration) error

	mu        sync.Mutex
	clock     uint64 // of events: a listing begins or ends, a write ends
	lastWrite uint64 // when the last write ended
	writing   int    // writes under way
	writes    uint64 // writes begun, ever
	reading   int    // reads under way
	waiting   int    // those of them whose listing has not begun
	crowd     int    // the most reads at once since the last listing began
	latest    *listing[T]
	last      *listing[T]     // the last that succeeded
	made      map[ID]struct{} // ids that creates of this process returned
	narrow    narrowing[T]
}

// listing is one reading of a whole collection, under way or done.
type listing[T any] struct {
	began   uint64
	started time.Time
	readers int
	cancel  context.CancelFunc
	done    chan struct{}

	// Valid once done is closed.
	ended uint64
	items []T
	index map[ID]int
	// names finds items by name; it is made when the first is looked for.
	names     map[string][]int
	makeNames sync.Once
	// complete says that an object the listing lacks is proven absent: see
	// collection.search.
	complete bool
	err      error
}

func newCollection[T any](noun string, c *Client, pages pager[T], id func(T) ID) *collection[T] {
	return &collection[T]{
		noun:  noun,
		id:    id,
		read:  func(ctx context.Context) ([]T, error) { return listAll(ctx, c, pages, id) },
		now:   c.now,
		sleep: c.sleep,
	}
}

// write marks a mutation of the collection; the caller calls the result when
// the mutation has ended, however it did.
func (c *collection[T]) write() (end func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writing++
	c.writes++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.writing--
		c.narrow.spent = 0
		c.clock++
		c.lastWrite = c.clock
	}
}

// list returns a listing that satisfies the collection's invariant.
func (c *collection[T]) list(ctx context.Context) (*listing[T], error) {
	c.mu.Lock()
	after := c.lastWrite
	c.mu.Unlock()
	return c.listAfter(ctx, after)
}

// listAfter returns a listing that began after the logical time given.
func (c *collection[T]) listAfter(ctx context.Context, after uint64) (*listing[T], error) {
	defer c.enter()()
	l, err := c.join(ctx, after)
	if err != nil {
		return nil, err
	}
	select {
	case <-l.done:
	case <-ctx.Done():
		c.leave(l)
		return nil, ctx.Err()
	}
	if l.err != nil {
		return nil, l.err
	}
	return l, nil
}

// enter counts a read; the caller calls the result when it has ended.
func (c *collection[T]) enter() (end func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reading++
	c.crowd = max(c.crowd, c.reading)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.reading--
	}
}

// join makes the caller a reader of the latest listing when it will do, or else
// of a new one, which begins once writers and readers have come to rest.
func (c *collection[T]) join(ctx context.Context, after uint64) (*listing[T], error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting++
	defer func() { c.waiting-- }()
	writes, quiet := c.writes, time.Duration(0)
	for waited := time.Duration(0); !c.usable(after); waited += settle {
		if c.writes == 0 || c.gathered(waited, quiet) {
			c.begin(ctx)
			break
		}
		c.mu.Unlock()
		err := c.sleep(ctx, settle)
		c.mu.Lock()
		if err != nil {
			return nil, err
		}
		quiet += settle
		if c.writing > 0 || c.writes != writes {
			writes, quiet = c.writes, 0
		}
	}
	c.latest.readers++
	return c.latest, nil
}

// gathered reports whether a listing should wait no longer, after so long a
// wait that ended with so long without a write; c.mu is held.
func (c *collection[T]) gathered(waited, quiet time.Duration) bool {
	if c.waiting >= c.crowd {
		return quiet > 0 || waited >= maxSettle
	}
	patience := lull
	if c.latest != nil { // the slower all goes, the longer
		patience = max(lull, min(maxSettle, c.now().Sub(c.latest.started)/2))
	}
	return quiet >= patience || waited >= maxGather
}

// usable reports whether the latest listing began after the logical time given
// and is neither old nor failed; c.mu is held.
func (c *collection[T]) usable(after uint64) bool {
	l := c.latest
	return l != nil && l.began > after && c.now().Sub(l.started) <= maxAge && !l.failed()
}

// failed reports whether l is done and of no use. A failure is shared by those
// who waited for it and by nobody after.
func (l *listing[T]) failed() bool {
	select {
	case <-l.done:
		return l.err != nil
	default:
		return false
	}
}

// begin starts a listing; c.mu is held. It outlives the reader that started it
// as long as another one waits, and ends with the last.
func (c *collection[T]) begin(ctx context.Context) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c.clock++
	c.crowd = c.waiting
	l := &listing[T]{began: c.clock, started: c.now(), cancel: cancel, done: make(chan struct{})}
	go func() {
		defer cancel()
		items, err := c.read(ctx)
		c.finish(l, items, err)
	}()
	c.latest = l
}

func (c *collection[T]) finish(l *listing[T], items []T, err error) {
	index := make(map[ID]int, len(items))
	for i, item := range items {
		index[c.id(item)] = i
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clock++
	l.ended, l.items, l.index = c.clock, items, index
	if err != nil {
		l.err = fmt.Errorf("list every %s: %w", c.noun, err)
	} else {
		// One page cannot be torn.
		l.complete = len(items) <= pageSize || c.last != nil && c.last.ended < l.began && sameIDs(l, c.last)
		c.last = l
		c.narrow.shown = nil
	}
	close(l.done)
}

// leave takes one reader off l and ends it when it was the last.
func (c *collection[T]) leave(l *listing[T]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l.readers--
	if l.readers > 0 {
		return
	}
	l.cancel()
	if c.latest == l {
		c.latest = nil
	}
}

// claim notes that a create of this process made id, and reports whether none
// did before: an object that one create returned must not be adopted by another.
func (c *collection[T]) claim(id ID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, taken := c.made[id]; taken {
		return false
	}
	if c.made == nil {
		c.made = map[ID]struct{}{}
	}
	c.made[id] = struct{}{}
	return true
}

// known returns the ids of some listing of this process, read now if there was
// none: the objects that were there before what follows.
func (c *collection[T]) known(ctx context.Context) (*listing[T], error) {
	c.mu.Lock()
	last := c.last
	c.mu.Unlock()
	if last != nil {
		return last, nil
	}
	return c.list(ctx)
}

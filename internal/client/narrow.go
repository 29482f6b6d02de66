package client

import "context"

// assumedPages is how many pages a collection is taken to have that was not
// listed yet.
const assumedPages = 10

// narrowing is the other way to read: where the API narrows a list by name, one
// page shows one object, as it is now. That takes fewer requests than a listing
// when fewer objects are read than there are pages. What such a page does not
// show may still be there.
type narrowing[T any] struct {
	spent int      // narrowed reads since the last write
	blind bool     // one did not show what was there: the server may ignore names
	shown map[ID]T // what they showed since the last listing
}

// narrows reports whether one more read is cheaper when it is narrowed, and
// counts it if so.
func (c *collection[T]) narrows() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	pages := assumedPages
	if c.last != nil {
		pages = (len(c.last.items) + pageSize - 1) / pageSize
	}
	reads := max(c.writing+c.reading+c.narrow.spent+1, c.crowd)
	if c.narrow.blind || reads >= pages || c.usable(c.lastWrite) {
		return false
	}
	c.narrow.spent++
	return true
}

// glance returns the object with the id if it is on the first page that read
// returns.
func (c *collection[T]) glance(ctx context.Context, read pager[T], id ID) (item T, ok bool) {
	defer c.enter()()
	p, err := read(ctx, 1)
	if err != nil {
		return item, false // the listing meets it too, if it lasts
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.show(*p.Result)
	for _, shown := range *p.Result { // not what an earlier read showed: it may be older than a write
		if c.id(shown) == id {
			return shown, true
		}
	}
	c.narrow.blind = true
	return item, false
}

// show keeps what a narrowed read showed; c.mu is held.
func (c *collection[T]) show(items []T) {
	if c.narrow.shown == nil {
		c.narrow.shown = map[ID]T{}
	}
	for _, item := range items {
		c.narrow.shown[c.id(item)] = item
	}
}

// recall returns the object with the id as this process last saw it, and reads
// it only if it never did: good enough for advice, at no cost.
func (c *collection[T]) recall(ctx context.Context, id ID) (T, error) {
	if item, ok := c.seen(id); ok {
		return item, nil
	}
	return c.find(ctx, id)
}

func (c *collection[T]) seen(id ID) (item T, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if item, ok = c.narrow.shown[id]; ok || c.last == nil {
		return item, ok
	}
	i, ok := c.last.index[id]
	if ok {
		item = c.last.items[i]
	}
	return item, ok
}

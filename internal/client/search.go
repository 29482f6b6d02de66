package client

import (
	"context"
	"fmt"
	"slices"
)

// confirmAttempts is how many listings may be read to prove that an object is
// gone.
const confirmAttempts = 6

// find returns the object with the id, or [ErrNotFound].
func (c *collection[T]) find(ctx context.Context, id ID) (T, error) {
	what := c.noun + " " + id.String()
	l, err := c.search(ctx, what, func(l *listing[T]) bool { _, ok := l.index[id]; return ok })
	if err == nil {
		if i, ok := l.index[id]; ok {
			return l.items[i], nil
		}
		err = fmt.Errorf("%s: %w", what, ErrNotFound)
	}
	var none T
	return none, err
}

// whole returns every object, in a listing that proves all others absent.
func (c *collection[T]) whole(ctx context.Context) ([]T, error) {
	l, err := c.search(ctx, "every "+c.noun, func(*listing[T]) bool { return false })
	if err != nil {
		return nil, err
	}
	return slices.Clone(l.items), nil // the listing is shared
}

// named returns the objects with the name, as a rule one or none.
func (c *collection[T]) named(ctx context.Context, name string, nameOf func(T) string) ([]T, error) {
	l, err := c.search(ctx, fmt.Sprintf("%s %q", c.noun, name), func(l *listing[T]) bool { return len(l.named(name, nameOf)) > 0 })
	if err != nil {
		return nil, err
	}
	return l.named(name, nameOf), nil
}

// named returns the items with the name; nameOf is always the same.
func (l *listing[T]) named(name string, nameOf func(T) string) []T {
	l.makeNames.Do(func() {
		l.names = make(map[string][]int, len(l.items))
		for i, item := range l.items {
			l.names[nameOf(item)] = append(l.names[nameOf(item)], i)
		}
	})
	var items []T
	for _, i := range l.names[name] {
		items = append(items, l.items[i])
	}
	return items
}

// search returns a listing that holds what is searched, or one that proves that
// it is not there.
//
// A listing can lack an object that is there: when one before it is deleted
// while another is created, it moves to a page already read and the total
// stays the same. It is gone only when two listings, one begun after the other
// ended, hold the same ids and not its own. That proves it: had the object
// been there when the second began, one of as many others as the second lists
// was not, so the second saw it created; but the first saw it too, and ids are
// not used twice.
func (c *collection[T]) search(ctx context.Context, what string, holds func(*listing[T]) bool) (*listing[T], error) {
	l, err := c.list(ctx)
	for attempt := 1; err == nil && !l.complete && !holds(l); attempt++ {
		if attempt == confirmAttempts {
			return nil, fmt.Errorf("find %s: %w: no two listings in a row had the same objects, so it cannot be said what is gone; try again when fewer changes are under way",
				what, errTorn)
		}
		l, err = c.listAfter(ctx, l.ended)
	}
	return l, err
}

func sameIDs[T any](a, b *listing[T]) bool {
	if len(a.index) != len(b.index) {
		return false
	}
	for id := range a.index {
		if _, ok := b.index[id]; !ok {
			return false
		}
	}
	return true
}

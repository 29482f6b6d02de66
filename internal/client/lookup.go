package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// AmbiguousNameError is a name that several objects have.
type AmbiguousNameError struct {
	Noun, Name string
	IDs        []ID
}

func (e *AmbiguousNameError) Error() string {
	ids := make([]string, len(e.IDs))
	for i, id := range e.IDs {
		ids[i] = id.String()
	}
	return fmt.Sprintf("%s %q: %d have that name, with the ids %s", e.Noun, e.Name, len(ids), strings.Join(ids, ", "))
}

// one returns the only object found by name.
func one[T any](found []T, err error, noun, name string, id func(T) ID) (T, error) {
	var none T
	switch {
	case err != nil:
		return none, err
	case len(found) == 0:
		return none, fmt.Errorf("%s %q: %w", noun, name, ErrNotFound)
	case len(found) > 1:
		ambiguous := &AmbiguousNameError{Noun: noun, Name: name}
		for _, item := range found {
			ambiguous.IDs = append(ambiguous.IDs, id(item))
		}
		slices.Sort(ambiguous.IDs)
		return none, ambiguous
	}
	return found[0], nil
}

func filter[T any](items []T, keep func(T) bool) []T {
	var kept []T
	for _, item := range items {
		if keep(item) {
			kept = append(kept, item)
		}
	}
	return kept
}

// each yields the objects of a list page by page, each once. A list that
// changed meanwhile is gone through again for what was missed, until one pass
// saw it whole; an error ends it.
func each[T any](ctx context.Context, c *Client, read pager[T], id func(T) ID) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		yielded := map[ID]bool{}
		for attempt := range listAttempts {
			if attempt > 0 {
				if err := c.sleep(ctx, backoff(attempt-1, 0)/8); err != nil {
					yield(none, err)
					return
				}
			}
			more, err := eachOnce(ctx, read, id, yielded, yield)
			if !more || err == nil {
				return
			}
			if !errors.Is(err, errTorn) {
				yield(none, err)
				return
			}
		}
		yield(none, fmt.Errorf("%w, %d times in a row", errTorn, listAttempts))
	}
}

// eachOnce goes through every page once, and says whether more is wanted.
func eachOnce[T any](ctx context.Context, read pager[T], id func(T) ID, yielded map[ID]bool, yield func(T, error) bool) (bool, error) {
	seen := map[ID]bool{}
	total := int64(0)
	for number := 1; number == 1 || int64(len(seen)) < total; number++ {
		p, err := read(ctx, number)
		if err != nil {
			return true, err
		}
		if number == 1 {
			total = *p.TotalCount
		}
		if err := p.fits(number, total); err != nil {
			return true, err
		}
		for _, item := range *p.Result {
			if id(item) == 0 {
				return true, errNoID
			}
			if seen[id(item)] {
				return true, errTorn
			}
			seen[id(item)] = true
			if yielded[id(item)] {
				continue
			}
			yielded[id(item)] = true
			if !yield(item, nil) {
				return false, nil
			}
		}
	}
	return true, nil
}

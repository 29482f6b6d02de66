package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/bceauth"
)

const (
	// pageSize is the largest the API documents.
	pageSize = 100
	// pagesAtOnce bounds the pages read side by side: 1,000 objects take
	// three round trips.
	pagesAtOnce = 8
	// maxObjects bounds a listing, so that a server that claims more than any
	// account holds costs an error and not the memory.
	maxObjects = 1_000_000
	// listAttempts is how often a collection is read again when it changed
	// while it was read.
	listAttempts = 8
)

// page is one page of a list.
type page[T any] struct {
	Result     *[]T   `json:"result"`
	TotalCount *int64 `json:"totalCount"`
}

// pager reads one page, counted from 1.
type pager[T any] func(ctx context.Context, number int) (page[T], error)

var (
	// errTorn is a listing that changed while its pages were read.
	errTorn = errors.New("the list changed while its pages were read")
	errNoID = errors.New("the list holds an object without an id")
)

// newPager reads pages of the collection at path, narrowed by query.
func newPager[T any](c *Client, operation, path string, query []bceauth.Pair) pager[T] {
	return func(ctx context.Context, number int) (page[T], error) {
		call := newCall(operation, http.MethodGet, path, nil)
		// A registry is listed with a credential; the document shows it empty,
		// but says that it is not.
		call.sensitive = path == registriesPath
		call.query = append([]bceauth.Pair{
			pair("pageNo", strconv.Itoa(number)),
			pair("pageSize", strconv.Itoa(pageSize)),
		}, query...)
		var p page[T]
		a, err := c.do(ctx, call, &p)
		if err != nil {
			return p, err
		}
		if err := p.check(); err != nil {
			return p, call.failed(a, err)
		}
		return p, nil
	}
}

// check refuses a 200 that is no list: taking it for an empty one would remove
// everything from state.
func (p *page[T]) check() error {
	switch {
	case p.TotalCount == nil:
		return errors.New("the answer is no list: it has no totalCount")
	case *p.TotalCount < 0 || *p.TotalCount > maxObjects:
		return fmt.Errorf("the server claims %d objects", *p.TotalCount)
	case p.Result == nil && *p.TotalCount > 0:
		return fmt.Errorf("the server claims %d objects and the answer has no result", *p.TotalCount)
	case p.Result == nil:
		p.Result = &[]T{}
	case len(*p.Result) > pageSize:
		return fmt.Errorf("the page has %d objects, more than the %d asked for", len(*p.Result), pageSize)
	}
	return nil
}

// fits reports whether a page is what a list of total objects has there. A
// short page cannot be made good by the others: reading ends at it, and a
// server that claims pages it does not have costs nothing.
func (p *page[T]) fits(number int, total int64) error {
	want := min(pageSize, total-int64(number-1)*pageSize)
	if got := int64(len(*p.Result)); got != want || *p.TotalCount != total {
		return fmt.Errorf("%w: page %d has %d objects of %d where %d of %d were expected",
			errTorn, number, got, *p.TotalCount, want, total)
	}
	return nil
}

// listAll reads every page, and again when the collection changed meanwhile:
// a listing counts only when the total stayed the same and every object was
// seen exactly once.
func listAll[T any](ctx context.Context, c *Client, read pager[T], id func(T) ID) ([]T, error) {
	var torn error
	for attempt := range listAttempts {
		if attempt > 0 {
			if err := c.sleep(ctx, backoff(attempt-1, 0)/8); err != nil {
				return nil, err
			}
		}
		items, err := listOnce(ctx, read, id)
		if !errors.Is(err, errTorn) {
			return items, err
		}
		torn = err
	}
	return nil, fmt.Errorf("%w (%d times in a row; try again when fewer changes are under way)", torn, listAttempts)
}

// listOnce reads every page once, those after the first side by side.
func listOnce[T any](ctx context.Context, read pager[T], id func(T) ID) ([]T, error) {
	first, err := read(ctx, 1)
	if err != nil {
		return nil, err
	}
	total := *first.TotalCount
	pages := make([][]T, max(1, (total+pageSize-1)/pageSize))
	var mu sync.Mutex
	seen := map[ID]struct{}{}
	// take looks at each page as it comes: a server that sends one page over and
	// over is not asked for all that it claims.
	take := func(number int, p page[T]) error {
		if err := p.fits(number, total); err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		for _, item := range *p.Result {
			if id(item) == 0 {
				return errNoID
			}
			if _, twice := seen[id(item)]; twice {
				return fmt.Errorf("%w: id %s is in it twice", errTorn, id(item))
			}
			seen[id(item)] = struct{}{}
		}
		pages[number-1] = *p.Result
		return nil
	}
	if err := take(1, first); err != nil {
		return nil, err
	}

	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(pagesAtOnce)
	for number := 2; number <= len(pages); number++ {
		if ctx.Err() != nil { // also after a page that failed
			group.Go(ctx.Err)
			break
		}
		group.Go(func() error {
			p, err := read(ctx, number)
			if err != nil {
				return err
			}
			return take(number, p)
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(pages...), nil
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

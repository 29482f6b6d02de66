package client

import (
	"context"
	"errors"
	"iter"
	"testing"
)

// collect returns what a sequence yields up to its first error.
func collect[T any](seq iter.Seq2[T, error]) ([]T, error) {
	var items []T
	for item, err := range seq {
		if err != nil {
			return items, err
		}
		items = append(items, item)
	}
	return items, nil
}

func TestOne(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	if got, err := one(things(4, 1), nil, "thing", "a", thingID); err != nil || got.ID != 4 {
		t.Errorf("got %v and %v", got, err)
	}
	_, err := one(nil, nil, "thing", "a", thingID)
	if !errors.Is(err, ErrNotFound) || err.Error() != `thing "a": not found` {
		t.Errorf("got %v", err)
	}
	if _, err := one(things(1, 1), boom, "thing", "a", thingID); !errors.Is(err, boom) {
		t.Errorf("got %v, want what went wrong before", err)
	}
	_, err = one([]thing{{ID: 9}, {ID: 3}, {ID: 5}}, nil, "thing", "a", thingID)
	var several *AmbiguousNameError
	if !errors.As(err, &several) || errors.Is(err, ErrNotFound) {
		t.Fatalf("got %v", err)
	}
	if want := `thing "a": 3 have that name, with the ids 3, 5, 9`; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

// Whoever stops early pays for no page he does not look at.
func TestEachIsLazy(t *testing.T) {
	t.Parallel()
	all := things(1, 350)
	for wanted, pages := range map[int]int{1: 1, 99: 1, 100: 1, 101: 2, 300: 3, 350: 4} {
		c, _ := newTestClient(nil)
		read, got := 0, 0
		for item, err := range each(t.Context(), c, func(_ context.Context, number int) (page[thing], error) {
			read++
			return cut(all, number), nil
		}, thingID) {
			got++
			if err != nil || item.ID != ID(got) {
				t.Fatalf("got %v and %v", item, err)
			}
			if got == wanted {
				break
			}
		}
		if read != pages {
			t.Errorf("%d things took %d pages, want %d", wanted, read, pages)
		}
	}
}

func TestEachYieldsNothingOfNothing(t *testing.T) {
	t.Parallel()
	c, _ := newTestClient(nil)
	read := 0
	items, err := collect(each(t.Context(), c, func(context.Context, int) (page[thing], error) {
		read++
		return pageOf(0, nil), nil
	}, thingID))
	if err != nil || len(items) != 0 || read != 1 {
		t.Errorf("got %v and %v in %d pages", items, err, read)
	}
}

// A loop goes on after an error only to be told no more.
func TestEachEndsWithAnError(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	c, _ := newTestClient(nil)
	good, bad := 0, 0
	for _, err := range each(t.Context(), c, func(_ context.Context, number int) (page[thing], error) {
		if number == 2 {
			return page[thing]{}, boom
		}
		return cut(things(1, 250), number), nil
	}, thingID) {
		if err == nil {
			good++
			continue
		}
		bad++
		if !errors.Is(err, boom) {
			t.Errorf("got %v", err)
		}
	}
	if good != 100 || bad != 1 {
		t.Errorf("got %d things and %d errors, want 100 and 1", good, bad)
	}
}

// Things that move while pages are read are yielded once, and what was missed
// is yielded in the end.
func TestEachYieldsOnceWhatMoves(t *testing.T) {
	t.Parallel()
	before := things(1, 250)
	// Deleting the first moves one thing from each page to the one before;
	// creating one in front does the opposite.
	shorter, longer := before[1:], append(things(1000, 1), before...)
	for name, after := range map[string][]thing{"one went": shorter, "one came": longer} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := newTestClient(nil)
			read := 0
			seen := map[ID]int{}
			items, err := collect(each(t.Context(), c, func(_ context.Context, number int) (page[thing], error) {
				read++
				if read == 1 {
					return cut(before, number), nil
				}
				return cut(after, number), nil
			}, thingID))
			if err != nil {
				t.Fatal(err)
			}
			for _, item := range items {
				seen[item.ID]++
			}
			for _, item := range after {
				if seen[item.ID] != 1 {
					t.Errorf("%s was yielded %d times", item.ID, seen[item.ID])
				}
			}
			for id, times := range seen {
				if times != 1 {
					t.Errorf("%s was yielded %d times", id, times)
				}
			}
		})
	}
}

func TestEachGivesUp(t *testing.T) {
	t.Parallel()
	c, o := newTestClient(nil)
	next := ID(0)
	items, err := collect(each(t.Context(), c, func(context.Context, int) (page[thing], error) {
		next += 1000
		return pageOf(int(next), things(next, 100)), nil
	}, thingID))
	if !errors.Is(err, errTorn) || errors.Is(err, ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if len(items) != listAttempts*pageSize || len(o.sleeps()) != listAttempts-1 {
		t.Errorf("yielded %d things and slept %d times", len(items), len(o.sleeps()))
	}
}

func TestEachInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c, _ := newTestClient(nil)
	read := 0
	_, err := collect(each(ctx, c, func(context.Context, int) (page[thing], error) {
		read++
		cancel()
		return pageOf(2, things(1, 1)), nil
	}, thingID))
	if !errors.Is(err, context.Canceled) || read != 1 {
		t.Errorf("got %v after %d pages", err, read)
	}
}

// The exported sequences send what the lists send, page by page.
func TestEachRegistryAndPolicy(t *testing.T) {
	t.Parallel()
	transport := &journal{answer: func(r request) reply {
		if r.path == "/v1/ccr/policies" {
			return listPage(numbered(150, func(id int64) object { return policyObject(id, "web") }), r.pageNo(), 150)
		}
		return listPage(numbered(150, func(id int64) object { return registryObject(id, "hub") }), r.pageNo(), 150)
	}}
	c, _ := newTestClient(transport)
	registries, err := collect(c.EachRegistry(t.Context(), RegistryQuery{Keyword: "hub", Type: "harbor"}))
	if err != nil || len(registries) != 150 || registries[149].Name != "hub" {
		t.Errorf("got %d registries and %v", len(registries), err)
	}
	policies, err := collect(c.EachPolicy(t.Context()))
	if err != nil || len(policies) != 150 || policies[149].Name != "web" {
		t.Errorf("got %d policies and %v", len(policies), err)
	}
	sent := transport.requests()
	if len(sent) != 4 {
		t.Fatalf("%d requests, want 4", len(sent))
	}
	if q := sent[1].query; q.Get("keyword") != "hub" || q.Get("keywordType") != "name" || q.Get("type") != "harbor" || q.Get("pageNo") != "2" {
		t.Errorf("asked for %v", q)
	}
}

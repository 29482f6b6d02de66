package client

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// scripted makes listings that hold what the script says, its last for ever.
func scripted(listings *int, script ...[]thing) func(context.Context) ([]thing, error) {
	return func(context.Context) ([]thing, error) {
		items := script[min(*listings, len(script)-1)]
		*listings++
		return items, nil
	}
}

// fakeTime returns a collection in a time that does not pass by itself.
func fakeTime(read func(context.Context) ([]thing, error)) (*collection[thing], *outside) {
	o := &outside{now: testNow}
	return &collection[thing]{noun: "thing", id: thingID, read: read, now: o.Now, sleep: o.Sleep}, o
}

func without(all []thing, id ID) []thing {
	return slices.DeleteFunc(slices.Clone(all), func(t thing) bool { return t.ID == id })
}

func TestFind(t *testing.T) {
	t.Parallel()
	const wanted = 150
	all := things(1, 250)
	gone := without(all, wanted)
	// The total is the same as that of all.
	swapped := append(slices.Clone(gone), thing{ID: 1001})
	swappedAgain := append(slices.Clone(gone), thing{ID: 1002})
	full := without(things(100, 101), wanted) // one page, whole
	over := without(things(100, 102), wanted) // one more than a page
	tests := []struct {
		name     string
		script   [][]thing
		listings int
		found    bool
		err      error
	}{
		{"there", [][]thing{all}, 1, true, nil},
		{"there in a short list", [][]thing{things(wanted, 1)}, 1, true, nil},
		{"moved while the pages were read", [][]thing{swapped, all}, 2, true, nil},
		{"moved twice", [][]thing{swapped, swappedAgain, all}, 3, true, nil},
		{"gone", [][]thing{gone}, 2, false, ErrNotFound},
		{"gone when another came", [][]thing{swapped}, 2, false, ErrNotFound},
		{"gone, after a listing that proves nothing", [][]thing{swapped, swappedAgain}, 3, false, ErrNotFound},
		{"the same number of other things proves nothing", [][]thing{swapped, swappedAgain, all}, 3, true, nil},
		{"more proves nothing", [][]thing{gone, append(slices.Clone(gone), thing{ID: 1003}), all}, 3, true, nil},
		{"fewer proves nothing", [][]thing{gone, gone[1:], all}, 3, true, nil},
		{"gone from a single page", [][]thing{full}, 1, false, ErrNotFound},
		{"gone from two pages", [][]thing{over}, 2, false, ErrNotFound},
		{"gone from an empty list", [][]thing{{}}, 1, false, ErrNotFound},
		{"gone from a list that became short", [][]thing{gone, full}, 2, false, ErrNotFound},
		{"never twice the same", [][]thing{
			swapped, swappedAgain, swapped, swappedAgain, swapped, swappedAgain, all,
		}, confirmAttempts, false, errTorn},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			listings := 0
			c, _ := fakeTime(scripted(&listings, test.script...))
			got, err := c.find(t.Context(), wanted)
			if test.found && (err != nil || got.ID != wanted) {
				t.Errorf("got %v and %v", got, err)
			}
			if !test.found && (!errors.Is(err, test.err) || errors.Is(err, ErrNotFound) == errors.Is(err, errTorn)) {
				t.Errorf("got %v and %v, want %v", got, err, test.err)
			}
			if listings != test.listings {
				t.Errorf("%d listings, want %d", listings, test.listings)
			}
		})
	}
}

func TestFindSaysWhat(t *testing.T) {
	t.Parallel()
	listings := 0
	c, _ := fakeTime(scripted(&listings, things(1, 3)))
	_, err := c.find(t.Context(), 7)
	if want := "thing 7: not found"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	c, _ = fakeTime(func(context.Context) ([]thing, error) {
		listings++
		return things(ID(listings), 200), nil
	})
	_, err = c.find(t.Context(), 1000)
	mustHold(t, err, "find thing 1000", "cannot be said what is gone")
}

// One listing with that of an earlier read is two.
func TestFindUsesTheListingBefore(t *testing.T) {
	t.Parallel()
	gone := without(things(1, 250), 150)
	listings := 0
	c, o := fakeTime(scripted(&listings, gone))
	if _, err := c.list(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.advance(time.Hour)
	if _, err := c.find(t.Context(), 150); !errors.Is(err, ErrNotFound) || listings != 2 {
		t.Errorf("got %v after %d listings, want 2", err, listings)
	}
	// And what is proven once is so for every absent thing.
	if _, err := c.find(t.Context(), 9999); !errors.Is(err, ErrNotFound) || listings != 2 {
		t.Errorf("got %v after %d listings, want no other", err, listings)
	}
}

// Two listings that ran side by side may have missed a thing together.
func TestOverlappingListingsProveNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var listings atomic.Int64
		c := inBubble(func(ctx context.Context) ([]thing, error) {
			listings.Add(1)
			if err := Sleep(ctx, time.Second); err != nil {
				return nil, err
			}
			return things(1, 200), nil
		})
		c.sleep = func(context.Context, time.Duration) error { return nil }
		var first, second *listing[thing]
		var all sync.WaitGroup
		all.Go(func() { first, _ = c.list(t.Context()) })
		synctest.Wait()
		c.write()()
		all.Go(func() { second, _ = c.list(t.Context()) })
		all.Wait()
		if first == second || listings.Load() != 2 {
			t.Fatalf("%d listings", listings.Load())
		}
		if first.complete || second.complete {
			t.Error("one of two listings that ran side by side is taken for proof")
		}
		if _, err := c.find(t.Context(), 999); !errors.Is(err, ErrNotFound) || listings.Load() != 3 {
			t.Errorf("got %v after %d listings, want a third", err, listings.Load())
		}
	})
}

// A listing that failed, or of before the last write, is not one of the two.
func TestFindAfterFailure(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	listings := 0
	c, _ := fakeTime(func(context.Context) ([]thing, error) {
		listings++
		if listings == 2 {
			return nil, boom
		}
		return things(1, 200), nil
	})
	if _, err := c.find(t.Context(), 999); !errors.Is(err, boom) || errors.Is(err, ErrNotFound) {
		t.Errorf("got %v, want what went wrong", err)
	}
	if _, err := c.find(t.Context(), 999); !errors.Is(err, ErrNotFound) || listings != 3 {
		t.Errorf("got %v after %d listings", err, listings)
	}
}

// Many that are gone do not cost two listings each.
func TestFindsShareTheProof(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var listings atomic.Int64
		c := inBubble(func(ctx context.Context) ([]thing, error) {
			listings.Add(1)
			return things(1, 200), Sleep(ctx, time.Second)
		})
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() {
				id := ID(151 + i) // half of them are there
				_, err := c.find(t.Context(), id)
				if id <= 200 && err != nil || id > 200 && !errors.Is(err, ErrNotFound) {
					t.Errorf("%s: %v", id, err)
				}
			})
		}
		all.Wait()
		if got := listings.Load(); got != 2 {
			t.Errorf("%d listings, want 2", got)
		}
	})
}

func TestNamed(t *testing.T) {
	t.Parallel()
	some := things(1, 150)
	some[3].Name, some[140].Name, some[149].Name = "a", "a", "b"
	nameOf := func(t thing) string { return t.Name }
	listings := 0
	// The first listing missed the b.
	c, _ := fakeTime(scripted(&listings, append(slices.Clone(some[:149]), thing{ID: 500}), some))
	for name, want := range map[string][]ID{"a": {4, 141}, "b": {150}, "none": nil} {
		got, err := c.named(t.Context(), name, nameOf)
		if err != nil || len(got) != len(want) {
			t.Fatalf("%s: got %v and %v", name, got, err)
		}
		for i, item := range got {
			if item.ID != want[i] {
				t.Errorf("%s: got %v, want %v", name, got, want)
			}
		}
	}
	boom := errors.New("boom")
	c, _ = fakeTime(func(context.Context) ([]thing, error) { return nil, boom })
	if _, err := c.named(t.Context(), "a", nameOf); !errors.Is(err, boom) {
		t.Errorf("got %v", err)
	}
}

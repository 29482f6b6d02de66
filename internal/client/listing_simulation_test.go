package client

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// world is a collection that others change while its pages are read. Its order
// is the server's own.
type world struct {
	random *rand.Rand
	order  []ID
	next   ID
	gone   []ID
	// kept is not deleted while it is looked for.
	kept ID
	// busy is how likely a change is before each page is read, and steady how
	// likely it leaves the total as it was.
	busy, steady float64
	// pages are what the listing under way reads; they are made when its first
	// is asked for, so that nothing depends on which of the others comes first.
	pages []page[thing]
	reads int
}

func (w *world) create() {
	w.order = slices.Insert(w.order, w.random.IntN(len(w.order)+1), w.next)
	w.next++
}

func (w *world) delete() {
	i := w.random.IntN(len(w.order))
	if w.order[i] != w.kept {
		w.gone = append(w.gone, w.order[i])
		w.order = slices.Delete(w.order, i, i+1)
	}
}

// rename moves an object to where its new name belongs.
func (w *world) rename() {
	i := w.random.IntN(len(w.order))
	id := w.order[i]
	w.order = slices.Delete(w.order, i, i+1)
	w.order = slices.Insert(w.order, w.random.IntN(len(w.order)+1), id)
}

func (w *world) change() {
	for w.random.Float64() < w.busy {
		switch {
		case w.random.Float64() < 0.1:
			w.rename()
		case w.random.Float64() < w.steady:
			before := len(w.order)
			if w.delete(); len(w.order) < before {
				w.create()
			}
		case w.random.IntN(2) == 0:
			w.create()
		default:
			w.delete()
		}
	}
}

// read is one page of the listing under way, which begins with page 1.
func (w *world) read(_ context.Context, number int) (page[thing], error) {
	if number > 1 {
		return w.pages[number-1], nil
	}
	w.reads++
	w.change()
	w.pages = make([]page[thing], max(1, (len(w.order)+pageSize-1)/pageSize))
	w.pages[0] = w.page(1)
	for _, i := range w.random.Perm(len(w.pages) - 1) { // they are read side by side
		w.change()
		w.pages[i+1] = w.page(i + 2)
	}
	return w.pages[0], nil
}

func (w *world) page(number int) page[thing] {
	from := min((number-1)*pageSize, len(w.order))
	var items []thing
	for _, id := range w.order[from:min(from+pageSize, len(w.order))] {
		items = append(items, thing{ID: id})
	}
	return pageOf(len(w.order), items)
}

// Whatever others do meanwhile, what is there is never taken for gone, and what
// is gone is never taken for there.
func TestFindWhileOthersWrite(t *testing.T) {
	t.Parallel()
	const listings = 10_000
	w := &world{random: rand.New(rand.NewPCG(20, 26)), next: 1}
	for range 450 {
		w.create()
	}
	client, o := newTestClient(nil)
	c := newCollection("thing", client, w.read, thingID)
	missed := 0 // listings that lacked an object that was there
	list := c.read
	c.read = func(ctx context.Context) ([]thing, error) {
		items, err := list(ctx)
		if err == nil && w.kept != 0 && !slices.ContainsFunc(items, func(t thing) bool { return t.ID == w.kept }) {
			missed++
		}
		return items, err
	}

	finds, found, gone, failed, wholes, advanced := 0, 0, 0, 0, 0, 0
	for w.reads < listings {
		finds++
		mode := []struct{ busy, steady float64 }{{0, 0}, {0.1, 1}, {0.2, 1}, {0.3, 1}, {0.2, 0.8}, {0.6, 0.5}}[w.random.IntN(6)]
		w.busy, w.steady, w.kept = mode.busy, mode.steady, 0
		o.advance(2 * maxAge)
		advanced++
		w.change()
		// What begins a page is what moves to the one before, already read.
		wanted := w.order[pageSize*(1+w.random.IntN((len(w.order)-1)/pageSize))]
		if finds%4 == 0 && len(w.gone) > 0 {
			wanted = w.gone[w.random.IntN(len(w.gone))]
		} else {
			w.kept = wanted
		}
		got, err := c.find(t.Context(), wanted)
		switch {
		case err == nil:
			found++
			if w.kept == 0 || got.ID != wanted {
				t.Fatalf("find %d: %s was deleted and found as %s", finds, wanted, got.ID)
			}
		case errors.Is(err, ErrNotFound):
			gone++
			if w.kept != 0 {
				t.Fatalf("find %d: %s is there and was taken for gone", finds, wanted)
			}
		default:
			failed++
			if !errors.Is(err, errTorn) || mode.busy == 0 {
				t.Fatalf("find %d: %v", finds, err)
			}
		}
		if w.kept != 0 && finds%3 == 0 {
			o.advance(2 * maxAge)
			advanced++
			switch all, err := c.whole(t.Context()); {
			case err == nil:
				wholes++
				if !slices.ContainsFunc(all, func(t thing) bool { return t.ID == wanted }) {
					t.Fatalf("find %d: %s is there, and the whole list lacks it", finds, wanted)
				}
			case !errors.Is(err, errTorn) || mode.busy == 0:
				t.Fatalf("find %d: the whole list: %v", finds, err)
			}
		}
		if len(w.order) < 350 || len(w.order) > 650 { // several pages, not ever more
			w.kept = 0
			for len(w.order) < 450 {
				w.create()
			}
			for len(w.order) > 450 {
				w.delete()
			}
		}
	}
	t.Logf("%d listings of about %d objects, %d of them without an object that was there: %d finds, %d found, %d gone, %d ended in an error; %d whole lists",
		w.reads, len(w.order), missed, finds, found, gone, failed, wholes)
	if missed < 20 || found < 100 || gone < 100 || failed == 0 || wholes < 100 {
		t.Error("the simulation did not meet what it is about")
	}
	if slept := o.Now().Sub(testNow) - time.Duration(advanced)*2*maxAge; slept <= 0 {
		t.Error("no list was read again")
	}
}

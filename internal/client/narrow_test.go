package client

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// hubs is a server of n registries named hub-1 and so on, that takes updates.
// shows decides what a keyword shows.
func hubs(n int, shows func(keyword, name string) bool) *journal {
	objects := numbered(n, func(id int64) object { return registryObject(id, fmt.Sprintf("hub-%d", id)) })
	return &journal{answer: func(r request) reply {
		if !r.isList() {
			return mutated("update", "1")
		}
		shown := objects
		if r.query.Has("keyword") {
			shown = slices.DeleteFunc(slices.Clone(objects), func(o any) bool {
				return !shows(r.query.Get("keyword"), o.(object)["name"].(string))
			})
		}
		return listPage(shown, r.pageNo(), len(shown))
	}}
}

func isNarrowed(r request) bool { return r.query.Has("keyword") }

func isWhole(r request) bool { return r.isList() && !isNarrowed(r) }

func writeHub(t *testing.T, c *Client, id ID) {
	t.Helper()
	name := "hub-" + id.String()
	if err := c.UpdateRegistry(t.Context(), id, registryInput(name)); err != nil {
		t.Fatal(err)
	}
	if got, err := c.WrittenRegistry(t.Context(), id, name); err != nil || got.ID != id || got.Name != name {
		t.Fatalf("got %v and %v", got, err)
	}
}

// Whatever a server makes of the keyword, the registry is read; the cost is
// that of the better way.
func TestWrittenRegistry(t *testing.T) {
	t.Parallel()
	ignored := func(string, string) bool { return true }
	silent := func(string, string) bool { return false }
	tests := map[string]struct {
		registries      int
		listed          bool // before the first write
		shows           func(keyword, name string) bool
		narrowed, whole int // requests for three writes, one after the other
	}{
		"of a few":             {100, true, strings.Contains, 0, 3},
		"of two pages":         {101, true, strings.Contains, 3, 0},
		"of many":              {2500, true, strings.Contains, 3, 0},
		"of who knows":         {2500, false, strings.Contains, 3, 0},
		"keyword ignored":      {300, false, ignored, 1, 9},
		"keyword shows none":   {300, true, silent, 1, 9},
		"keyword ignored, few": {100, false, ignored, 3, 0}, // the first page is all
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			transport := hubs(test.registries, test.shows)
			c, _ := newTestClient(transport)
			if test.listed {
				if _, err := c.Registries(t.Context(), RegistryQuery{}); err != nil {
					t.Fatal(err)
				}
			}
			before := transport.count(isWhole)
			for i := range 3 {
				writeHub(t, c, ID(test.registries-i))
			}
			if got := transport.count(isNarrowed); got != test.narrowed {
				t.Errorf("%d narrowed requests, want %d", got, test.narrowed)
			}
			if got := transport.count(isWhole) - before; got != test.whole {
				t.Errorf("%d requests for whole lists, want %d", got, test.whole)
			}
		})
	}
}

// What a narrowed request meets, the listing decides.
func TestWrittenRegistryFallsBack(t *testing.T) {
	t.Parallel()
	transport := hubs(300, strings.Contains)
	whole := transport.answer
	transport.answer = func(r request) reply {
		if isNarrowed(r) {
			return refused(400, "BadRequest", "no keyword here")
		}
		return whole(r)
	}
	c, _ := newTestClient(transport)
	writeHub(t, c, 7)
}

// Look-ups of many names cost what a listing costs.
func TestManyNames(t *testing.T) {
	t.Parallel()
	transport := hubs(500, strings.Contains)
	c, _ := newTestClient(transport)
	for id := range ID(200) {
		name := fmt.Sprintf("hub-%d", id+1)
		if got, err := c.RegistryNamed(t.Context(), name); err != nil || got.Name != name {
			t.Fatalf("got %v and %v", got, err)
		}
	}
	if got := transport.count(nil); got > assumedPages+5+5 { // hub-1 and hub-2 are part of more names than a page holds
		t.Errorf("%d requests for 200 names", got)
	}
}

func TestRecentRegistry(t *testing.T) {
	t.Parallel()
	transport := hubs(300, strings.Contains)
	c, o := newTestClient(transport)
	read := func(id ID, requests int) {
		t.Helper()
		before := transport.count(nil)
		got, err := c.RecentRegistry(t.Context(), id)
		if err != nil || got.ID != id || transport.count(nil)-before != requests {
			t.Errorf("got %v and %v after %d requests, want %d", got, err, transport.count(nil)-before, requests)
		}
	}
	writeHub(t, c, 210) // narrowed
	read(210, 0)
	read(5, 3)
	c.registries.write()()
	o.advance(time.Hour)
	for id := range ID(300) {
		read(id+1, 0)
	}
}

// What was listed since is newer than what a narrowed read showed before.
func TestRecentRegistryAfterAListing(t *testing.T) {
	t.Parallel()
	objects := numbered(300, func(id int64) object { return registryObject(id, "old") })
	transport := &journal{answer: func(r request) reply {
		if r.query.Has("keyword") {
			return listOf(objects[6])
		}
		return listPage(objects, r.pageNo(), len(objects))
	}}
	c, _ := newTestClient(transport)
	if got, err := c.WrittenRegistry(t.Context(), 7, "old"); err != nil || got.Name != "old" {
		t.Fatalf("got %v and %v", got, err)
	}
	objects[6] = registryObject(7, "new")
	if _, err := c.Registries(t.Context(), RegistryQuery{}); err != nil {
		t.Fatal(err)
	}
	if got, err := c.RecentRegistry(t.Context(), 7); err != nil || got.Name != "new" {
		t.Errorf("got %v and %v", got, err)
	}
}

func TestNarrows(t *testing.T) {
	t.Parallel()
	of := func(n int) *listing[thing] { return &listing[thing]{items: things(1, n)} }
	for name, test := range map[string]struct {
		c    *collection[thing]
		want bool
	}{
		"the first":                       {&collection[thing]{last: of(1000)}, true},
		"of one page":                     {&collection[thing]{last: of(100)}, false},
		"of two pages":                    {&collection[thing]{last: of(101)}, true},
		"of none":                         {&collection[thing]{last: of(0)}, false},
		"of who knows how many":           {&collection[thing]{}, true},
		"as many as who knows how many":   {&collection[thing]{writing: assumedPages - 1}, false},
		"after as many as pages but two":  {&collection[thing]{last: of(1000), narrow: narrowing[thing]{spent: 8}}, true},
		"after as many as pages but one":  {&collection[thing]{last: of(1000), narrow: narrowing[thing]{spent: 9}}, false},
		"with as many writes to read":     {&collection[thing]{last: of(1000), writing: 9}, false},
		"with as many reads":              {&collection[thing]{last: of(1000), reading: 9, crowd: 9}, false},
		"with some of each":               {&collection[thing]{last: of(1000), writing: 3, reading: 3, crowd: 3, narrow: narrowing[thing]{spent: 3}}, false},
		"when as many have come lately":   {&collection[thing]{last: of(1000), crowd: 10}, false},
		"when the server ignores names":   {&collection[thing]{last: of(1000), narrow: narrowing[thing]{blind: true}}, false},
		"when a listing is there already": {&collection[thing]{last: of(1000), clock: 1, latest: &listing[thing]{began: 1, started: testNow}}, false},
		"when that is from before a write": {
			&collection[thing]{last: of(1000), clock: 2, lastWrite: 2, latest: &listing[thing]{began: 1, started: testNow}}, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := test.c
			c.now = func() time.Time { return testNow }
			spent := c.narrow.spent
			if got := c.narrows(); got != test.want {
				t.Errorf("narrows: %t, want %t", got, test.want)
			}
			if counted := c.narrow.spent - spent; counted != map[bool]int{true: 1}[test.want] {
				t.Errorf("%d reads were counted", counted)
			}
		})
	}
}

package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// thing is an item of a list that has an id and no more.
type thing struct {
	ID   ID     `json:"id"`
	Name string `json:"name"`
}

func thingID(t thing) ID { return t.ID }

// things returns n of them, with ids from the first on.
func things(first ID, n int) []thing {
	all := make([]thing, n)
	for i := range all {
		all[i].ID = first + ID(i)
	}
	return all
}

func pageOf(total int, items []thing) page[thing] {
	count := int64(total)
	return page[thing]{Result: &items, TotalCount: &count}
}

// cut is the page of all with the number.
func cut(all []thing, number int) page[thing] {
	from := min((number-1)*pageSize, len(all))
	return pageOf(len(all), all[from:min(from+pageSize, len(all))])
}

func thingPager(c *Client) pager[thing] { return newPager[thing](c, "list things", "/things", nil) }

func TestListAll(t *testing.T) {
	t.Parallel()
	for n, pages := range map[int]int{0: 1, 1: 1, 99: 1, 100: 1, 101: 2, 200: 2, 201: 3, 1234: 13} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			t.Parallel()
			objects := numbered(n, func(id int64) object { return object{"id": id} })
			transport := holding(func(string) []any { return objects })
			c, o := newTestClient(transport)
			got, err := listAll(t.Context(), c, thingPager(c), thingID)
			if err != nil || len(got) != n {
				t.Fatalf("got %d things and %v", len(got), err)
			}
			for i, item := range got {
				if item.ID != ID(i+1) {
					t.Fatalf("thing %d has the id %s", i, item.ID)
				}
			}
			asked := map[int]bool{}
			for _, r := range transport.requests() {
				asked[r.pageNo()] = true
				if r.query.Get("pageSize") != "100" {
					t.Errorf("asked for pages of %q", r.query.Get("pageSize"))
				}
			}
			if len(asked) != pages || transport.count(nil) != pages || !asked[1] || !asked[pages] {
				t.Errorf("asked for the pages %v in %d requests, want 1 to %d once", asked, transport.count(nil), pages)
			}
			if len(o.sleeps()) != 0 {
				t.Error("slept")
			}
		})
	}
}

// A list that changed while it was read is read again, and never returned.
func TestTornList(t *testing.T) {
	t.Parallel()
	steady := things(1, 250)
	for name, first := range map[string]func(number int) page[thing]{
		"the total grew":               func(n int) page[thing] { return cut(things(1, 249+min(n, 2)), n) },
		"the total shrank":             func(n int) page[thing] { return cut(things(1, 251-min(n, 2)), n) },
		"page 2 repeats a thing":       func(n int) page[thing] { return cut(append(things(1, 100), things(100, 150)...), n) },
		"page 1 repeats a thing":       func(n int) page[thing] { return cut(append(things(5, 1), things(1, 249)...), n) },
		"page 1 is short":              func(n int) page[thing] { return pageOf(250, things(ID(n*1000), 99)) },
		"page 2 is short":              func(n int) page[thing] { return pageOf(250, things(ID(n*1000), []int{100, 99, 50}[n-1])) },
		"page 2 is empty":              func(n int) page[thing] { return pageOf(250, things(ID(n*1000), []int{100, 0, 50}[n-1])) },
		"the last page is short":       func(n int) page[thing] { return pageOf(250, things(ID(n*1000), []int{100, 100, 49}[n-1])) },
		"the last page is long":        func(n int) page[thing] { return pageOf(250, things(ID(n*1000), []int{100, 100, 51}[n-1])) },
		"more things than the total":   func(n int) page[thing] { return pageOf(3, things(ID(n*1000), 4)) },
		"things where the total is 0":  func(n int) page[thing] { return pageOf(0, things(1, 1)) },
		"no things where there is one": func(n int) page[thing] { return pageOf(1, nil) },
	} {
		check := func(kind string, read func(context.Context, *Client, pager[thing]) ([]thing, error)) {
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				c, o := newTestClient(nil)
				var pass atomic.Int64
				got, err := read(t.Context(), c, func(_ context.Context, number int) (page[thing], error) {
					if number == 1 {
						pass.Add(1)
					}
					if pass.Load() == 1 {
						return first(number), nil
					}
					return cut(steady, number), nil
				})
				if err != nil || pass.Load() != 2 {
					t.Errorf("got %v after %d passes, want two", err, pass.Load())
				}
				seen := map[ID]int{}
				for _, item := range got {
					seen[item.ID]++
				}
				for _, item := range steady {
					if seen[item.ID] != 1 {
						t.Fatalf("id %s is in it %d times", item.ID, seen[item.ID])
					}
				}
				if kind == "all" && len(got) != len(steady) {
					t.Errorf("got %d things, want %d", len(got), len(steady))
				}
				if slept := o.sleeps(); len(slept) != 1 || slept[0] <= 0 {
					t.Errorf("slept %v between the passes, want once", slept)
				}
			})
		}
		check("all", func(ctx context.Context, c *Client, read pager[thing]) ([]thing, error) {
			return listAll(ctx, c, read, thingID)
		})
		check("each", func(ctx context.Context, c *Client, read pager[thing]) ([]thing, error) {
			return collect(each(ctx, c, read, thingID))
		})
	}
}

// A page that is lost is an error, never a short list, and says which status it
// was.
func TestPageLost(t *testing.T) {
	t.Parallel()
	objects := numbered(450, func(id int64) object { return object{"id": id} })
	for name, test := range map[string]struct {
		reply    reply
		status   int
		attempts int
	}{
		"500":        {refused(500, "InternalError", "oops"), 500, 3},
		"502 HTML":   {htmlPage(502), 502, 3},
		"429":        {htmlPage(429), 429, 3},
		"403":        {refused(403, "AccessDenied", "no"), 403, 1},
		"404":        {refused(404, "NotFound", "no such page"), 404, 1},
		"200 HTML":   {htmlPage(200), 200, 1},
		"200 null":   {reply{body: "null"}, 200, 1},
		"200 [] ":    {reply{body: "[]"}, 200, 1},
		"redirected": {reply{status: 302, header: http.Header{"Location": {"/login"}}}, 302, 1},
		"cut short":  {reply{body: `{"totalCount":450,"result":[`, cut: true}, 200, 3},
	} {
		for _, number := range []int{1, 2, 5} {
			t.Run(fmt.Sprintf("%s on page %d", name, number), func(t *testing.T) {
				t.Parallel()
				transport := &journal{answer: func(r request) reply {
					if r.pageNo() == number {
						return test.reply
					}
					return listPage(objects, r.pageNo(), len(objects))
				}}
				c, _ := newTestClient(transport)
				got, err := listAll(t.Context(), c, thingPager(c), thingID)
				e := asError(t, err)
				if got != nil || e.Status != test.status || errors.Is(err, ErrNotFound) || errors.Is(err, errTorn) {
					t.Errorf("got %d things and %v, want HTTP %d", len(got), err, test.status)
				}
				if n := transport.count(func(r request) bool { return r.pageNo() == number }); n != test.attempts {
					t.Errorf("asked for the page %d times, want %d", n, test.attempts)
				}
				items, err := collect(each(t.Context(), c, thingPager(c), thingID))
				if asError(t, err).Status != test.status || len(items) != (number-1)*pageSize {
					t.Errorf("each yielded %d things and %v", len(items), err)
				}
			})
		}
	}
}

// A 200 that is no list is an error: taking it for an empty one would remove
// everything from state.
func TestNoList(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`null`:                                           "no totalCount",
		`{}`:                                             "no totalCount",
		`{"result":[]}`:                                  "no totalCount",
		`{"result":[],"totalCount":null}`:                "no totalCount",
		`{"totalCount":3}`:                               "no result",
		`{"result":null,"totalCount":3}`:                 "no result",
		`{"result":[],"totalCount":-1}`:                  "claims -1",
		`{"result":[],"totalCount":"0"}`:                 "not what the API documents",
		`{"result":[],"totalCount":0.5}`:                 "not what the API documents",
		`{"result":{},"totalCount":0}`:                   "not what the API documents",
		`{"result":"","totalCount":0}`:                   "not what the API documents",
		`{"action":"x","targetName":"1"}`:                "no totalCount",
		`{"result":[],"totalCount":1e30}`:                "not what the API documents",
		`{"result":[],"totalCount":1000001}`:             "claims 1000001",
		`{"result":[],"totalCount":9223372036854775807}`: "claims 9223372036854775807",
		`[]`:                                  "not what the API documents",
		`"ok"`:                                "not what the API documents",
		``:                                    "not what the API documents",
		`{"result":[{"id":1}],"totalCount":1`: "not what the API documents",
		`{"result":[{"name":"a"}],"totalCount":1}`:  "without an id",
		`{"result":[{"id":1},null],"totalCount":2}`: "without an id",
		`{"result":[{"id":"x"}],"totalCount":1}`:    "not an id",
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			transport := always(reply{body: body})
			c, _ := newTestClient(transport)
			got, err := listAll(t.Context(), c, thingPager(c), thingID)
			mustHold(t, err, want)
			if got != nil || errors.Is(err, ErrNotFound) {
				t.Errorf("got %v and %v", got, err)
			}
			items, err := collect(each(t.Context(), c, thingPager(c), thingID))
			mustHold(t, err, want)
			if len(items) > 1 {
				t.Errorf("each yielded %v", items)
			}
			if n := transport.count(nil); n != 2 {
				t.Errorf("%d requests, want one of each", n)
			}
		})
	}
	for _, body := range []string{`{"totalCount":0}`, `{"result":null,"totalCount":0}`, `{"result":[],"totalCount":0}`} {
		c, _ := newTestClient(always(reply{body: body}))
		got, err := listAll(t.Context(), c, thingPager(c), thingID)
		if err != nil || len(got) != 0 {
			t.Errorf("%s: got %v and %v, want an empty list", body, got, err)
		}
	}
}

// endless answers every page, in its own way never well.
func endless() map[string]func(request) reply {
	full := func(first int64, total int) reply {
		var items []any
		for i := range int64(pageSize) {
			items = append(items, object{"id": first + i})
		}
		return listPage(items, 1, total)
	}
	return map[string]func(request) reply{
		"the same things on every page": func(request) reply { return full(1, 1000) },
		"the total grows for ever":      func(r request) reply { return full(int64(r.pageNo())*1000, 1000*r.pageNo()) },
		"one thing on each page":        func(r request) reply { return listPage([]any{object{"id": r.pageNo()}}, 1, maxObjects) },
		"claims more than it has": func(r request) reply {
			if r.pageNo() == 1 {
				return full(1, maxObjects)
			}
			return listPage(nil, r.pageNo(), maxObjects)
		},
		"the last page over and over": func(r request) reply { return full(int64(min(r.pageNo(), 3))*1000, maxObjects) },
	}
}

func TestEndlessList(t *testing.T) {
	t.Parallel()
	for name, answer := range endless() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			transport := &journal{answer: answer}
			c, _ := newTestClient(transport)
			got, err := listAll(t.Context(), c, thingPager(c), thingID)
			if got != nil || err == nil || errors.Is(err, ErrNotFound) {
				t.Errorf("got %d things and %v", len(got), err)
			}
			// The total that a duplicate is found in is small; a page that does
			// not fit ends the pass with those already asked for.
			if n := transport.count(nil); n > listAttempts*(1+max(pagesAtOnce, 9)) {
				t.Errorf("%d requests", n)
			}

			transport = &journal{answer: answer}
			c, _ = newTestClient(transport)
			items, err := collect(each(t.Context(), c, thingPager(c), thingID))
			if err == nil || len(items) > 1000 {
				t.Errorf("each yielded %d things and %v", len(items), err)
			}
			if n := transport.count(nil); n > listAttempts*10 {
				t.Errorf("each made %d requests", n)
			}
		})
	}
}

func TestPageLongerThanAsked(t *testing.T) {
	t.Parallel()
	items := numbered(101, func(id int64) object { return object{"id": id} })
	body, err := json.Marshal(object{"result": items, "totalCount": 101})
	if err != nil {
		t.Fatal(err)
	}
	c, _ := newTestClient(always(reply{body: string(body)}))
	got, err := listAll(t.Context(), c, thingPager(c), thingID)
	mustHold(t, err, "101 objects, more than the 100 asked for")
	if got != nil {
		t.Errorf("got %d things", len(got))
	}
}

func TestListThatNeverSettles(t *testing.T) {
	t.Parallel()
	c, o := newTestClient(nil)
	passes := 0
	got, err := listAll(t.Context(), c, func(context.Context, int) (page[thing], error) {
		passes++
		return pageOf(2, things(1, 1)), nil
	}, thingID)
	if got != nil || !errors.Is(err, errTorn) || errors.Is(err, ErrNotFound) {
		t.Errorf("got %v and %v", got, err)
	}
	mustHold(t, err, "8 times in a row")
	if passes != listAttempts || len(o.sleeps()) != listAttempts-1 {
		t.Errorf("%d passes and %d sleeps, want %d and one fewer", passes, len(o.sleeps()), listAttempts)
	}
	for i, slept := range o.sleeps()[1:] {
		if slept < o.sleeps()[i] {
			t.Errorf("slept %v, want growing times", o.sleeps())
		}
	}
}

func TestListInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c, _ := newTestClient(nil)
	passes := 0
	torn := func(context.Context, int) (page[thing], error) {
		passes++
		cancel()
		return pageOf(2, things(1, 1)), nil
	}
	if _, err := listAll(ctx, c, torn, thingID); !errors.Is(err, context.Canceled) || passes != 1 {
		t.Errorf("got %v after %d passes", err, passes)
	}
}

// What was read up to an interrupt is not the list.
func TestListInterruptedBetweenPages(t *testing.T) {
	t.Parallel()
	for at := range 4 {
		ctx, cancel := context.WithCancel(t.Context())
		got, err := listOnce(ctx, func(_ context.Context, number int) (page[thing], error) {
			if number == at+1 {
				cancel()
			}
			return cut(things(1, 2000), number), nil // whatever the context
		}, thingID)
		whole := err == nil && len(got) == 2000 && at > 0 // the others may have been on their way
		if !whole && (!errors.Is(err, context.Canceled) || got != nil) {
			t.Errorf("interrupted on page %d: got %d things and %v", at+1, len(got), err)
		}
	}
}

// Pages after the first are read side by side, but not all at once.
func TestPagesSideBySide(t *testing.T) {
	t.Parallel()
	for n, trips := range map[int]int{100: 1, 200: 2, 900: 2, 1000: 3, 1700: 3, 1701: 4} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				all := things(1, n)
				var now, most atomic.Int64
				began := time.Now()
				got, err := listOnce(t.Context(), func(ctx context.Context, number int) (page[thing], error) {
					most.Store(max(most.Load(), now.Add(1)))
					defer now.Add(-1)
					return cut(all, number), Sleep(ctx, time.Second)
				}, thingID)
				if err != nil || len(got) != n {
					t.Fatalf("got %d things and %v", len(got), err)
				}
				if took := time.Since(began); took != time.Duration(trips)*time.Second {
					t.Errorf("took %s, want %d round trips", took, trips)
				}
				if most.Load() > pagesAtOnce {
					t.Errorf("%d pages at once", most.Load())
				}
			})
		})
	}
}

// The first page that fails ends the reading of the others.
func TestFailedPageEndsTheOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		boom := errors.New("boom")
		_, err := listOnce(t.Context(), func(ctx context.Context, number int) (page[thing], error) {
			switch number {
			case 1:
				return cut(things(1, 500), 1), nil
			case 3:
				return page[thing]{}, boom
			}
			return page[thing]{}, Sleep(ctx, time.Hour)
		}, thingID)
		if !errors.Is(err, boom) || time.Since(began) != 0 {
			t.Errorf("got %v after %s", err, time.Since(began))
		}
	})
}

func fuzzPage[T any](f *testing.F, id func(T) ID, example func(int64) object) {
	f.Helper()
	f.Add(200, []byte(listOf(example(1), example(2)).body))
	f.Add(200, []byte(listPage(nil, 1, 5).body))
	for _, seed := range []string{
		`null`, `{}`, `[]`, `{"totalCount":1,"result":[{"id":"1"}]}`, `{"totalCount":1,"result":[null]}`,
		`{"totalCount":-1,"result":[]}`, `{"totalCount":2,"result":[{"id":1},{"id":1}]}`, `{"totalCount":1e99}`,
		`{"totalCount":1,"result":[{"id":9223372036854775808}]}`, `{"totalCount":0,"result":[{"id":1}]}`, `<html>`, "",
		`{"code":"X","message":"y\u202e","requestId":"z"}`, `{"totalCount":1,"result":[{"id":1,"srcRegistry":{"id":"3"}}]}`,
	} {
		f.Add(200, []byte(seed))
		f.Add(500, []byte(seed))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 100 || status > 999 {
			return
		}
		c, _ := newTestClient(always(reply{status: status, body: string(body)}))
		read := newPager[T](c, "list things", registriesPath, nil)
		p, err := read(t.Context(), 1)
		if err != nil {
			if e := asError(t, err); e.Status != status || Ambiguous(err) || err.Error() == "" {
				t.Errorf("the error is %#v", e)
			}
			return
		}
		if status < 200 || status > 299 || *p.TotalCount < 0 || *p.TotalCount > maxObjects || len(*p.Result) > pageSize {
			t.Errorf("took HTTP %d, %q for a page", status, body)
		}
		items, err := listOnce(t.Context(), read, id)
		if err != nil {
			return
		}
		seen := map[ID]bool{}
		for _, item := range items {
			if id(item) < 1 || seen[id(item)] {
				t.Errorf("took %q for a list", body)
			}
			seen[id(item)] = true
		}
		if int64(len(items)) != *p.TotalCount {
			t.Errorf("%d things of %d", len(items), *p.TotalCount)
		}
	})
}

func FuzzRegistryPage(f *testing.F) {
	fuzzPage(f, registryID, func(id int64) object { return registryObject(id, "hub") })
}

func FuzzPolicyPage(f *testing.F) {
	fuzzPage(f, policyID, func(id int64) object { return policyObject(id, "web") })
}

func FuzzExecutionPage(f *testing.F) {
	fuzzPage(f, executionID, func(id int64) object { return executionObject(id, 1, "Succeed") })
}

func BenchmarkDecodePage(b *testing.B) {
	b.Run("registries", func(b *testing.B) {
		benchmarkDecode[Registry](b, func(id int64) object { return registryObject(id, "registry-"+strconv.FormatInt(id, 10)) })
	})
	b.Run("policies", func(b *testing.B) {
		benchmarkDecode[Policy](b, func(id int64) object { return policyObject(id, "policy-"+strconv.FormatInt(id, 10)) })
	})
	b.Run("executions", func(b *testing.B) {
		benchmarkDecode[Execution](b, func(id int64) object { return executionObject(id, 1, "Succeed") })
	})
}

func benchmarkDecode[T any](b *testing.B, example func(int64) object) {
	b.Helper()
	body := []byte(listOf(numbered(pageSize, example)...).body)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		var p page[T]
		if err := json.Unmarshal(body, &p); err != nil || len(*p.Result) != pageSize {
			b.Fatal(err)
		}
	}
}

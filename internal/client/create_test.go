package client

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// store is a server of one collection that loses the answers to creates.
type store struct {
	journal
	mu      sync.Mutex
	objects []any
	nextID  int64
	// commit is whether a create that is answered with lost happened, late how
	// many lists do not show it yet.
	commit bool
	late   int
	lost   func(*store) reply
	// lists, when set, is what lists answer after a create.
	lists func() *reply
	posts int
}

// newStore holds objects; the next one created has the id 100.
func newStore(objects ...any) *store {
	s := &store{objects: objects, nextID: 100}
	s.answer = s.serve
	return s
}

func (s *store) serve(r request) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.isList() {
		if s.posts > 0 && s.lists != nil {
			if answer := s.lists(); answer != nil {
				return *answer
			}
		}
		shown := s.objects
		if s.posts > 0 && s.late > 0 {
			s.late--
			shown = shown[:len(shown)-1]
		}
		if keyword := r.query.Get("keyword"); keyword != "" {
			shown = slices.DeleteFunc(slices.Clone(shown), func(o any) bool {
				return !strings.Contains(o.(object)["name"].(string), keyword)
			})
		}
		return listPage(shown, r.pageNo(), len(shown))
	}
	s.posts++
	if s.commit {
		var made object
		if err := json.Unmarshal([]byte(r.body), &made); err != nil {
			panic(err)
		}
		made["id"] = s.nextID
		delete(made, "credential")
		s.nextID++
		s.objects = append(slices.Clone(s.objects), made)
	}
	return s.lost(s)
}

// lostAnswers are the outcomes that leave open whether a create happened.
var lostAnswers = map[string]reply{
	"dropped":                 {err: io.EOF},
	"reset":                   {err: &net.OpError{Op: "read", Err: errors.New("connection reset by peer")}},
	"408":                     htmlPage(408),
	"500":                     refused(500, "InternalError", "oops"),
	"502 HTML":                htmlPage(502),
	"503 without Retry-After": htmlPage(503),
	"504":                     htmlPage(504),
	"truncated 200":           {body: `{"action":"create","targetNa`, cut: true},
	"truncated 409":           {status: 409, body: `{"code":"`, cut: true},
	"200 that is no JSON":     htmlPage(200),
	"200 that is empty":       {},
	"200 null":                {body: "null"},
	"200 without targetName":  {body: `{"action":"create"}`},
	"200 with null":           {body: `{"action":"create","targetName":null}`},
	"200 with an error":       {body: `{"code":"X","message":"y"}`},
	"200 with no id":          mutated("create", "true"),
	"200 with the id 0":       mutated("create", "0"),
}

// creates are the two creates there are.
var creates = map[string]struct {
	create func(context.Context, *Client, string) (ID, error)
	object func(int64, string) object
	// other changes a field that was sent.
	other func(object)
}{
	"registry": {
		func(ctx context.Context, c *Client, name string) (ID, error) {
			return c.CreateRegistry(ctx, registryInput(name))
		},
		registryObject, func(o object) { o["url"] = "https://other.test" },
	},
	"policy": {
		func(ctx context.Context, c *Client, name string) (ID, error) {
			return c.CreatePolicy(ctx, policyInput(name))
		},
		func(id int64, name string) object {
			o := policyObject(id, name)
			o["srcRegistry"] = object{"id": 1}
			return o
		},
		func(o object) { o["srcRegistry"] = object{"id": 2} },
	},
}

func TestCreateSettledByName(t *testing.T) {
	t.Parallel()
	type scenario struct {
		store  func(example func(int64, string) object, other func(object)) *store
		id     ID // 0: refused
		found  ID
		reason string
		looks  []time.Duration
	}
	looked := []time.Duration{0, time.Second, 3 * time.Second}
	scenarios := map[string]scenario{
		"it was created": {
			store: func(example func(int64, string) object, _ func(object)) *store {
				s := newStore(example(1, "new-not"), example(2, "other"))
				s.commit = true
				return s
			},
			id: 100, looks: looked[:1],
		},
		"it shows late": {
			store: func(example func(int64, string) object, _ func(object)) *store {
				s := newStore(example(1, "other"))
				s.commit, s.late = true, 2 // a look for a registry is two lists
				return s
			},
			id: 100,
		},
		"it was not created": {
			store:  func(example func(int64, string) object, _ func(object)) *store { return newStore(example(1, "other")) },
			reason: "no object has that name yet", looks: looked,
		},
		"there is none at all": {
			store:  func(func(int64, string) object, func(object)) *store { return newStore() },
			reason: "no object has that name yet", looks: looked,
		},
		"it was there before": {
			store: func(example func(int64, string) object, _ func(object)) *store { return newStore(example(7, "new")) },
			found: 7, reason: "id 7, which was there before, has that name", looks: looked[:1],
		},
		"another has the name": {
			store: func(example func(int64, string) object, other func(object)) *store {
				s := newStore()
				o := example(8, "new")
				other(o)
				s.lists = func() *reply { r := listOf(o); return &r }
				return s
			},
			found: 8, reason: "id 8 has that name but other fields", looks: looked[:1],
		},
		"several have the name": {
			store: func(example func(int64, string) object, _ func(object)) *store {
				s := newStore(example(7, "new"))
				s.commit = true
				return s
			},
			reason: "2 objects have that name", looks: looked[:1],
		},
		"nothing can be listed": {
			store: func(example func(int64, string) object, _ func(object)) *store {
				s := newStore()
				s.commit = true
				s.lists = func() *reply { r := refused(403, "AccessDenied", "no lists for you"); return &r }
				return s
			},
			reason: "looking for it by name failed", looks: looked,
		},
		"lists work again": {
			store: func(example func(int64, string) object, _ func(object)) *store {
				s := newStore()
				s.commit = true
				failures := 1
				s.lists = func() *reply {
					if failures--; failures < 0 {
						return nil
					}
					r := refused(403, "AccessDenied", "not now")
					return &r
				}
				return s
			},
			id: 100, looks: looked[:2],
		},
	}
	for kind, create := range creates {
		for lostName, lost := range lostAnswers {
			for name, test := range scenarios {
				t.Run(kind+"/"+lostName+"/"+name, func(t *testing.T) {
					t.Parallel()
					s := test.store(create.object, create.other)
					s.lost = func(*store) reply { return lost }
					c, o := newTestClient(s, func(cfg *Config) { cfg.MaxRetries = 5 })
					id, err := create.create(t.Context(), c, "new")
					if n := s.count(request.isPost); n != 1 {
						t.Errorf("%d POSTs were sent, want 1", n)
					}
					if first := s.requests()[0]; !first.isList() {
						t.Errorf("%s was sent before what is there was listed", first)
					}
					if test.looks != nil {
						if got := waits(o); !slices.Equal(got, test.looks) {
							t.Errorf("looked after %v, want %v", got, test.looks)
						}
					}
					if test.id != 0 {
						if err != nil || id != test.id {
							t.Errorf("got %s and %v, want the id %s", id, err, test.id)
						}
						return
					}
					var unsettled *UnsettledError
					if !errors.As(err, &unsettled) || id != 0 {
						t.Fatalf("got %s and %v, want an *UnsettledError", id, err)
					}
					if unsettled.Noun != kind || unsettled.Name != "new" || unsettled.Found != test.found ||
						!strings.HasPrefix(unsettled.Reason, test.reason) {
						t.Errorf("got %+v", unsettled)
					}
					if !Ambiguous(err) || errors.Is(err, ErrNotFound) {
						t.Errorf("%v does not satisfy Ambiguous, or is not found", err)
					}
					mustHold(t, err, "create "+kind+` "new"`, "the answer was lost", test.reason, "POST /v1/ccr/")
				})
			}
		}
	}
}

// Where a list tells only the name of a policy's source, it is looked up: two
// policies that differ in nothing else are two.
func TestCreateSettledBySource(t *testing.T) {
	t.Parallel()
	hub := func(id int64) *reply { r := listOf(registryObject(id, "hub")); return &r }
	refusal := refused(403, "AccessDenied", "no registries for you")
	for name, test := range map[string]struct {
		registries *reply
		reason     string
	}{
		"ours":           {hub(1), ""},
		"another's":      {hub(2), "id 100 has that name but other fields"},
		"nobody's":       {&reply{body: `{"totalCount":0,"pageNo":1,"pageSize":100,"result":[]}`}, "id 100 has that name but other fields"},
		"cannot be told": {&refusal, "id 100 has that name, and whether the rest is what was sent cannot be told ("},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore()
			s.lost = func(s *store) reply {
				s.objects = []any{policyObject(100, "new")}
				return htmlPage(502)
			}
			policies := s.answer
			s.answer = func(r request) reply {
				if strings.HasSuffix(r.path, registriesPath) {
					return *test.registries
				}
				return policies(r)
			}
			c, _ := newTestClient(s)
			id, err := c.CreatePolicy(t.Context(), policyInput("new"))
			var unsettled *UnsettledError
			switch {
			case test.reason == "" && (err != nil || id != 100):
				t.Errorf("got %s and %v", id, err)
			case test.reason != "" && (!errors.As(err, &unsettled) || unsettled.Found != 100 || !strings.HasPrefix(unsettled.Reason, test.reason)):
				t.Errorf("got %s and %v, want %q", id, err, test.reason)
			}
		})
	}
}

// waits are the times between looks, without those a listing waits for writes.
func waits(o *outside) []time.Duration {
	return slices.DeleteFunc(o.sleeps(), func(d time.Duration) bool { return d == settle })
}

// A refusal is what it is: nothing is looked for, nothing adopted.
func TestCreateRefused(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string]reply{
		"409":                  refused(409, "StatusConflict", "the name is taken"),
		"400":                  refused(400, "BadRequest", "no"),
		"403":                  refused(403, "AccessDenied", "no"),
		"404":                  htmlPage(404),
		"412":                  refused(412, "QuotaExceed", "no"),
		"429":                  refused(429, "TooMany", "no"),
		"503 with Retry-After": withHeader(htmlPage(503), "Retry-After", "1"),
		"connection refused":   {err: &net.OpError{Op: "dial", Err: errors.New("connection refused")}},
		"redirected":           {status: 307},
	} {
		for kind, create := range creates {
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				// What would be adopted is there.
				s := newStore()
				s.commit = true
				s.lost = func(*store) reply { return refusal }
				c, _ := newTestClient(s, func(cfg *Config) { cfg.MaxRetries = 0 })
				id, err := create.create(t.Context(), c, "new")
				if id != 0 || err == nil || Ambiguous(err) || Conflict(err) != (name == "409") {
					t.Errorf("got %s and %v", id, err)
				}
				if _, is := errors.AsType[*UnsettledError](err); is {
					t.Errorf("a refusal is unsettled: %v", err)
				}
				if sent := s.requests(); len(sent) != 2 || !sent[1].isPost() {
					t.Errorf("sent %v, want a list and the POST", sent)
				}
			})
		}
	}
}

func TestCreate(t *testing.T) {
	t.Parallel()
	for kind, create := range creates {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := newStore(create.object(1, "one"))
			s.commit = true
			s.lost = func(*store) reply { return mutated("create", "9007199254740993") }
			c, o := newTestClient(s)
			for range 3 {
				if id, err := create.create(t.Context(), c, "new"); err != nil || id != beyondFloats {
					t.Errorf("got %s and %v", id, err)
				}
			}
			// One list tells what was there before all of them.
			if s.count(request.isList) != 1 || s.count(request.isPost) != 3 || len(o.sleeps()) != 0 {
				t.Errorf("sent %v and slept %v", s.requests(), o.sleeps())
			}
		})
	}
}

// A create whose list failed before it has not been sent.
func TestCreateNeedsTheListBefore(t *testing.T) {
	t.Parallel()
	for kind, create := range creates {
		s := always(refused(403, "AccessDenied", "no"))
		c, _ := newTestClient(s)
		id, err := create.create(t.Context(), c, "new")
		if id != 0 || asError(t, err).Status != 403 || s.count(request.isPost) != 0 {
			t.Errorf("%s: got %s and %v, sent %v", kind, id, err, s.requests())
		}
		mustHold(t, err, "create "+kind+` "new": nothing was sent`)
	}
}

// The user's interrupt must not leave an object that nobody knows of.
func TestCreateInterrupted(t *testing.T) {
	t.Parallel()
	for kind, create := range creates {
		for _, commit := range []bool{true, false} {
			ctx, cancel := context.WithCancel(t.Context())
			s := newStore()
			s.commit = commit
			s.lost = func(*store) reply {
				cancel()
				return reply{err: context.Canceled}
			}
			c, _ := newTestClient(s)
			id, err := create.create(ctx, c, "new")
			if commit && (err != nil || id != 100) {
				t.Errorf("%s: got %s and %v, want what was created", kind, id, err)
			}
			var unsettled *UnsettledError
			if !commit && (!errors.As(err, &unsettled) || !errors.Is(err, context.Canceled)) {
				t.Errorf("%s: got %v", kind, err)
			}
			if n := s.count(request.isPost); n != 1 {
				t.Errorf("%s: %d POSTs", kind, n)
			}
		}
	}
}

func TestCreateInterruptedBefore(t *testing.T) {
	t.Parallel()
	for kind, create := range creates {
		s := newStore()
		c, o := newTestClient(s)
		if _, err := c.registries.known(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := c.policies.known(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := create.create(ctx, c, "new")
		if !errors.Is(err, context.Canceled) || Ambiguous(err) || s.count(request.isPost) != 0 || len(o.sleeps()) != 0 {
			t.Errorf("%s: got %v, ambiguous: %t, sent %v, slept %v", kind, err, Ambiguous(err), s.requests(), o.sleeps())
		}
	}
}

// A server that answers nothing any more does not hold up the user for ever.
func TestSettlingACreateIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		posted := false
		untilPosted := roundTripper(func(req *http.Request) (*http.Response, error) {
			if posted = posted || req.Method == http.MethodPost; posted {
				return silent(req)
			}
			return listOf().response(req)
		})
		c, _ := newTestClient(untilPosted, func(cfg *Config) {
			cfg.Sleep, cfg.RequestTimeout, cfg.MaxRetries = Sleep, time.Hour, 0
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := c.CreatePolicy(ctx, policyInput("web"))
		if _, is := errors.AsType[*UnsettledError](err); !is {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took > time.Minute+2*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

// An object that one create returned is not adopted by another, as when two
// resources have one name and the refusal of the second is lost.
func TestCreatesNeverShareAnObject(t *testing.T) {
	t.Parallel()
	for kind, create := range creates {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := newStore()
			s.commit = true
			s.lost = func(s *store) reply {
				if s.posts == 1 {
					s.commit = false
					return mutated("create", "100")
				}
				return htmlPage(502)
			}
			c, _ := newTestClient(s)
			if id, err := create.create(t.Context(), c, "new"); err != nil || id != 100 {
				t.Fatalf("got %s and %v", id, err)
			}
			id, err := create.create(t.Context(), c, "new")
			var unsettled *UnsettledError
			if !errors.As(err, &unsettled) || unsettled.Found != 100 || id != 0 {
				t.Errorf("got %s and %v", id, err)
			}
			mustHold(t, err, "id 100, which another create made, has that name")
		})
		t.Run(kind+"/both lost", func(t *testing.T) {
			t.Parallel()
			s := newStore()
			s.commit = true
			s.lost = func(s *store) reply {
				s.commit = false
				return htmlPage(502)
			}
			c, _ := newTestClient(s)
			var ids, failures int
			var mu sync.Mutex
			var all sync.WaitGroup
			for range 2 {
				all.Go(func() {
					_, err := create.create(t.Context(), c, "new")
					mu.Lock()
					defer mu.Unlock()
					if err == nil {
						ids++
					} else {
						failures++
					}
				})
			}
			all.Wait()
			if ids != 1 || failures != 1 {
				t.Errorf("%d creates adopted the object and %d did not", ids, failures)
			}
		})
	}
}

// What the server says it created before this create was sent is another's: it
// came after the list that tells what was there before. Times are the server's,
// whatever the clock here says.
func TestCreateDoesNotAdoptOlderObjects(t *testing.T) {
	t.Parallel()
	const unset = "0001-01-01T00:00:00Z"
	stamp := func(d time.Duration) string { return testNow.Add(d).Format(time.RFC3339) }
	for name, test := range map[string]struct {
		date    string // of the server's answers
		created string
		adopted bool
	}{
		"now":                          {testNow.Format(http.TimeFormat), stamp(0), true},
		"later":                        {testNow.Format(http.TimeFormat), stamp(time.Hour), true},
		"about now":                    {testNow.Format(http.TimeFormat), stamp(-clockSlack), true},
		"before":                       {testNow.Format(http.TimeFormat), stamp(-clockSlack - time.Second), false},
		"long before":                  {testNow.Format(http.TimeFormat), stamp(-24 * time.Hour), false},
		"it is not said":               {testNow.Format(http.TimeFormat), unset, true},
		"the server's clock is behind": {testNow.Add(-time.Hour).Format(http.TimeFormat), stamp(-time.Hour), true},
		"the server's clock is ahead":  {testNow.Add(time.Hour).Format(http.TimeFormat), stamp(0), false},
		"the server tells no time":     {"", stamp(-24 * time.Hour), true},
	} {
		for kind, create := range creates {
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				transport := &journal{}
				posted := false
				transport.answer = func(r request) reply {
					answer := listOf()
					switch {
					case r.isPost():
						posted, answer = true, htmlPage(502)
					case posted:
						o := create.object(8, "new")
						o["creationTime"] = test.created
						answer = listOf(o)
					}
					if test.date != "" {
						answer = withHeader(answer, "Date", test.date)
					}
					return answer
				}
				c, _ := newTestClient(transport)
				id, err := create.create(t.Context(), c, "new")
				if test.adopted && (err != nil || id != 8) {
					t.Errorf("got %s and %v, want what was created", id, err)
				}
				if !test.adopted {
					mustHold(t, err, "id 8, which was created at", "before this was sent")
					if unsettled, ok := errors.AsType[*UnsettledError](err); !ok || unsettled.Found != 8 || id != 0 {
						t.Errorf("got %s and %v", id, err)
					}
				}
			})
		}
	}
}

func TestAdoptionIsLogged(t *testing.T) {
	t.Parallel()
	ctx, lines := logged(t)
	s := newStore()
	s.commit = true
	s.lost = func(*store) reply { return htmlPage(504) }
	c, _ := newTestClient(s)
	if _, err := c.CreateRegistry(ctx, registryInput("hub")); err != nil {
		t.Fatal(err)
	}
	for _, line := range lines() {
		if strings.Contains(line["@message"].(string), "found by name") {
			if line["@level"] != "warn" || line["name"] != "hub" || line["id"] != "100" || line["kind"] != "registry" ||
				!strings.Contains(line["error"].(string), "HTTP 504") {
				t.Errorf("logged %v", line)
			}
			return
		}
	}
	t.Error("nothing was logged")
}

func TestMatches(t *testing.T) {
	t.Parallel()
	in := RegistryInput{Type: "harbor", Name: "a", Description: "b", URL: "c", Insecure: true}
	same := Registry{ID: 1, Type: "harbor", Name: "a", Description: "b", URL: "c", Insecure: true, Status: "healthy"}
	if !in.matches(same) {
		t.Error("a registry does not match what created it")
	}
	for name, change := range map[string]func(*Registry){
		"type": func(r *Registry) { r.Type = "x" }, "name": func(r *Registry) { r.Name = "x" },
		"description": func(r *Registry) { r.Description = "x" }, "url": func(r *Registry) { r.URL = "x" },
		"insecure": func(r *Registry) { r.Insecure = false },
	} {
		other := same
		if change(&other); in.matches(other) {
			t.Errorf("a registry with another %s matches", name)
		}
	}
	web, v1 := Filter{FilterName, "web"}, Filter{FilterTag, "v1"}
	policy := PolicyInput{Name: "a", Description: "b", DestProjectName: "c", Override: true, Trigger: Trigger{"manual"}, Filters: []Filter{web, v1}}
	samePolicy := Policy{ID: 1, Name: "a", Description: "b", DestProjectName: "c", Override: true, Enabled: true, TriggerType: "manual", Filters: []Filter{v1, web}}
	if !policy.matches(samePolicy) {
		t.Error("a policy does not match what created it")
	}
	for name, change := range map[string]func(*Policy){
		"name": func(p *Policy) { p.Name = "x" }, "description": func(p *Policy) { p.Description = "x" },
		"destination": func(p *Policy) { p.DestProjectName = "x" }, "override": func(p *Policy) { p.Override = false },
		"trigger": func(p *Policy) { p.TriggerType = "x" }, "filter": func(p *Policy) { p.Filters = []Filter{web} },
	} {
		other := samePolicy
		if change(&other); policy.matches(other) {
			t.Errorf("a policy with another %s matches", name)
		}
	}
	if samePolicy.TriggerType, samePolicy.Filters = "", nil; !policy.matches(samePolicy) {
		t.Error("a policy does not match when the list leaves out its trigger and filters")
	}
}

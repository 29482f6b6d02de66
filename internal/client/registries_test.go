package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// Updating without a secret would wipe the one CCR holds.
func TestUpdateRegistryNeedsASecret(t *testing.T) {
	t.Parallel()
	transport := always(mutated("update", "3"))
	c, _ := newTestClient(transport)
	in := registryInput("hub")
	in.Credential.AccessSecret = ""
	err := c.UpdateRegistry(t.Context(), 3, in)
	mustHold(t, err, "update registry 3", "without a secret")
	if Ambiguous(err) || transport.count(nil) != 0 {
		t.Errorf("%v after %d requests", err, transport.count(nil))
	}
	if err := c.UpdateRegistry(t.Context(), 3, registryInput("hub")); err != nil || transport.count(nil) != 1 {
		t.Errorf("got %v after %d requests", err, transport.count(nil))
	}
}

// What is gone is deleted; everything else that is refused is not.
func TestDelete(t *testing.T) {
	t.Parallel()
	for kind, remove := range map[string]func(context.Context, *Client) error{
		"registries": func(ctx context.Context, c *Client) error { return c.DeleteRegistry(ctx, 5) },
		"policies":   func(ctx context.Context, c *Client) error { return c.DeletePolicy(ctx, 5) },
	} {
		for name, test := range map[string]struct {
			replies []reply
			ok      bool
			inUse   bool
		}{
			"deleted":                      {[]reply{mutated("delete", "5")}, true, false},
			"gone":                         {[]reply{refused(404, "NotFound", "no")}, true, false},
			"deleted, the answer was lost": {[]reply{{err: io.EOF}, refused(404, "NotFound", "no")}, true, false},
			"in use":                       {[]reply{refused(412, "PreconditionFailed", "no")}, false, true},
			"forbidden":                    {[]reply{refused(403, "AccessDenied", "no")}, false, false},
			"500":                          {[]reply{htmlPage(500)}, false, false},
			"200 that is no JSON":          {[]reply{htmlPage(200)}, false, false},
		} {
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				transport := inTurn(test.replies...)
				c, _ := newTestClient(transport)
				err := remove(t.Context(), c)
				if (err == nil) != test.ok || InUse(err) != test.inUse {
					t.Errorf("got %v", err)
				}
				for _, r := range transport.requests() {
					if r.String() != "DELETE /v1/ccr/"+kind+"/5" || r.body != "" {
						t.Errorf("sent %s with %q", r, r.body)
					}
				}
			})
		}
	}
}

// Every mutation makes the next read list anew, also one that failed: it may
// have happened.
func TestMutationsOutdateListings(t *testing.T) {
	t.Parallel()
	readRegistries := func(ctx context.Context, c *Client) error { _, err := c.Registries(ctx, RegistryQuery{}); return err }
	readPolicies := func(ctx context.Context, c *Client) error { _, err := c.Policies(ctx); return err }
	readers := map[string]func(context.Context, *Client) error{
		"create registry": readRegistries, "update registry": readRegistries, "delete registry": readRegistries,
		"check registry": readRegistries, "check new registry": readRegistries,
		"create policy": readPolicies, "update policy": readPolicies, "delete policy": readPolicies, "start policy": readPolicies,
	}
	for _, op := range operations {
		read := readers[op.name]
		if read == nil {
			continue
		}
		for name, answer := range map[string]reply{"well": mutated("create", "1"), "refused": refused(400, "BadRequest", "no")} {
			t.Run(op.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				transport := &journal{answer: func(r request) reply {
					if r.isList() {
						return listOf()
					}
					return answer
				}}
				c, _ := newTestClient(transport)
				lists := func() int { return transport.count(request.isList) }
				for range 2 {
					if err := read(t.Context(), c); err != nil {
						t.Fatal(err)
					}
				}
				if lists() != 1 {
					t.Errorf("two reads took %d lists", lists())
				}
				_ = op.send(t.Context(), c)
				if lists() != 1 {
					t.Errorf("the mutation listed")
				}
				if err := read(t.Context(), c); err != nil || lists() != 2 {
					t.Errorf("got %v after %d lists, want a new one", err, lists())
				}
			})
		}
	}
}

func TestCheckRegistry(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		reply   reply
		healthy bool
		err     string
	}{
		"healthy":       {mutated("checkHealth", "true"), true, ""},
		"not healthy":   {mutated("checkHealth", "false"), false, ""},
		"a bare true":   {reply{body: `{"action":"checkHealth","targetName":true}`}, true, ""},
		"a bare false":  {reply{body: `{"action":"checkHealth","targetName":false}`}, false, ""},
		"another word":  {mutated("checkHealth", "maybe"), false, `the health "maybe" is neither true nor false`},
		"an id":         {mutated("create", "7"), false, `the health "7" is neither`},
		"no word":       {reply{body: `{"action":"checkHealth"}`}, false, "no targetName"},
		"404":           {refused(404, "NotFound", "no such registry"), false, "HTTP 404 NotFound"},
		"200 with HTML": {htmlPage(200), false, "not what the API documents"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			transport := always(test.reply)
			c, _ := newTestClient(transport)
			healthy, err := c.CheckRegistry(t.Context(), 7)
			if healthy != test.healthy || (err == nil) != (test.err == "") {
				t.Errorf("got %t and %v", healthy, err)
			}
			if test.err != "" {
				mustHold(t, err, test.err)
			}
			if sent := transport.requests(); len(sent) != 1 || sent[0].body != `{"id":7}` {
				t.Errorf("sent %v, want the id alone, which creates nothing", sent)
			}
		})
	}
}

func TestCheckNewRegistry(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		reply   reply
		healthy bool
		created ID
		err     string
	}{
		"healthy":                  {mutated("checkHealth", "true"), true, 0, ""},
		"not healthy":              {mutated("checkHealth", "false"), false, 0, ""},
		"created":                  {mutated("create", "7"), false, 7, "the server created it as id 7"},
		"created, by another name": {mutated("checkHealth", "7"), false, 7, "the server created it as id 7"},
		"created with a bare id":   {reply{body: `{"action":"create","targetName":9007199254740993}`}, false, beyondFloats, "9007199254740993"},
		"neither":                  {mutated("checkHealth", "maybe"), false, 0, "neither true nor false"},
		"refused":                  {refused(409, "StatusConflict", "the name is taken"), false, 0, "HTTP 409"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			transport := &journal{answer: func(r request) reply {
				if r.isPost() {
					return test.reply
				}
				return listOf()
			}}
			c, _ := newTestClient(transport)
			healthy, err := c.CheckNewRegistry(t.Context(), registryInput("hub"))
			if healthy != test.healthy || (err == nil) != (test.err == "") {
				t.Fatalf("got %t and %v", healthy, err)
			}
			if test.err != "" {
				mustHold(t, err, test.err)
			}
			var created *CreatedByCheckError
			if errors.As(err, &created) != (test.created != 0) {
				t.Errorf("got %v", err)
			} else if created != nil && (created.ID != test.created || created.Name != "hub") {
				t.Errorf("got %+v", created)
			}
			if n := transport.count(request.isPost); n != 1 {
				t.Errorf("%d POSTs, want 1", n)
			}
		})
	}
}

// A check whose answer was lost may have created the registry, which then has
// to be deleted; one that is not what was sent, or that a create of this
// process made, never is.
func TestCheckNewRegistryLost(t *testing.T) {
	t.Parallel()
	for lostName, lost := range lostAnswers {
		if strings.HasPrefix(lostName, "200 with") && lostName != "200 without targetName" && lostName != "200 with null" && lostName != "200 with an error" {
			continue // those have a target, and are an answer here
		}
		for name, test := range map[string]struct {
			commit  bool
			objects []any
			created ID
		}{
			"created":     {true, []any{registryObject(1, "other")}, 100},
			"not created": {false, []any{registryObject(1, "other")}, 0},
			"another has the name": {false, []any{func() object {
				o := registryObject(8, "hub")
				o["url"] = "https://other.test"
				return o
			}()}, 0},
		} {
			t.Run(lostName+"/"+name, func(t *testing.T) {
				t.Parallel()
				ctx, cancel := context.WithCancel(t.Context())
				s := newStore(test.objects...)
				s.commit = test.commit
				s.lost = func(*store) reply {
					cancel() // the user's interrupt does not keep it from being found
					return lost
				}
				c, _ := newTestClient(s)
				healthy, err := c.CheckNewRegistry(ctx, registryInput("hub"))
				var created *CreatedByCheckError
				if errors.As(err, &created) != (test.created != 0) || created != nil && created.ID != test.created {
					t.Errorf("got %v", err)
				}
				if test.created == 0 && !Ambiguous(err) {
					t.Errorf("got %v, want an ambiguous error", err)
				}
				if n := s.count(request.isPost); healthy || n != 1 {
					t.Errorf("healthy: %t, after %d POSTs", healthy, n)
				}
			})
		}
	}

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
	if _, err := c.CreateRegistry(t.Context(), registryInput("hub")); err != nil {
		t.Fatal(err)
	}
	_, err := c.CheckNewRegistry(t.Context(), registryInput("hub"))
	var created *CreatedByCheckError
	if errors.As(err, &created) || !Ambiguous(err) {
		t.Errorf("what a create made is taken for what a check made: %v", err)
	}
}

// After a write, what a narrowed read showed before it is no answer.
func TestWrittenRegistryIsNotRecalled(t *testing.T) {
	t.Parallel()
	objects := numbered(300, func(id int64) object { return registryObject(id, "old") })
	narrowed := 0
	transport := &journal{answer: func(r request) reply {
		if !r.isList() {
			objects[6] = registryObject(7, "new")
			return mutated("update", "7")
		}
		if r.query.Has("keyword") {
			if narrowed++; narrowed == 1 {
				return listOf(objects[6])
			}
			return listOf() // its index lags behind
		}
		return listPage(objects, r.pageNo(), len(objects))
	}}
	c, _ := newTestClient(transport)
	for _, name := range []string{"old", "new"} {
		if name == "new" {
			if err := c.UpdateRegistry(t.Context(), 7, registryInput(name)); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := c.WrittenRegistry(t.Context(), 7, name); err != nil || got.ID != 7 || got.Name != name {
			t.Errorf("got %v and %v, want the name %q", got, err, name)
		}
	}
	if narrowed != 2 {
		t.Errorf("%d narrowed reads, want 2", narrowed)
	}
}

// What the keyword matches is not documented, so that whatever the server does
// with it, the name decides.
func TestRegistriesNamed(t *testing.T) {
	t.Parallel()
	objects := []any{
		registryObject(1, "hub"), registryObject(2, "hub-2"), registryObject(3, "Hub"), registryObject(4, "twice"),
		registryObject(5, "twice"), registryObject(6, "a hub"), registryObject(7, " hub"), registryObject(8, "sub*"),
	}
	name := func(o any) string { return o.(object)["name"].(string) }
	servers := map[string]func(keyword, name string) bool{
		"narrows to what holds it":    func(keyword, name string) bool { return strings.Contains(name, keyword) },
		"ignores it":                  func(string, string) bool { return true },
		"matches nothing":             func(string, string) bool { return false },
		"matches what begins with it": func(keyword, name string) bool { return strings.HasPrefix(name, keyword) },
		"matches another field":       func(_, name string) bool { return name == "hub-2" },
		"matches without case":        func(keyword, name string) bool { return strings.EqualFold(name, keyword) },
		"takes it for a pattern":      func(keyword, name string) bool { return strings.TrimSuffix(keyword, "*") == name },
	}
	for kind, matches := range servers {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			transport := &journal{answer: func(r request) reply {
				keyword := r.query.Get("keyword")
				shown := slices.DeleteFunc(slices.Clone(objects), func(o any) bool {
					return r.query.Has("keyword") && !matches(keyword, name(o))
				})
				return listPage(shown, r.pageNo(), len(shown))
			}}
			c, _ := newTestClient(transport)
			for wanted, ids := range map[string][]ID{
				"hub": {1}, "Hub": {3}, "twice": {4, 5}, "none": nil, "hu": nil, "sub*": {8}, " hub": {7}, "hub-2": {2},
			} {
				got, err := c.RegistriesNamed(t.Context(), wanted)
				var gotIDs []ID
				for _, r := range got {
					gotIDs = append(gotIDs, r.ID)
				}
				if err != nil || !slices.Equal(gotIDs, ids) {
					t.Errorf("%q: got %v and %v, want %v", wanted, gotIDs, err, ids)
				}
				one, err := c.RegistryNamed(t.Context(), wanted)
				var several *AmbiguousNameError
				switch {
				case len(ids) == 1 && (err != nil || one.ID != ids[0]):
					t.Errorf("%q: got %v and %v, want %s", wanted, one, err, ids[0])
				case len(ids) == 0 && !errors.Is(err, ErrNotFound):
					t.Errorf("%q: got %v and %v, want none", wanted, one, err)
				case len(ids) > 1 && (!errors.As(err, &several) || !slices.Equal(several.IDs, ids) || several.Noun != "registry"):
					t.Errorf("%q: got %v and %v, want %v", wanted, one, err, ids)
				}
			}
		})
	}
}

func TestRegistriesNamedFails(t *testing.T) {
	t.Parallel()
	for name, fails := range map[string]func(request) bool{
		"narrowed": func(r request) bool { return r.query.Has("keyword") },
		"whole":    func(r request) bool { return !r.query.Has("keyword") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := newTestClient(&journal{answer: func(r request) reply {
				if fails(r) {
					return refused(500, "InternalError", "oops")
				}
				return listOf()
			}})
			got, err := c.RegistriesNamed(t.Context(), "hub")
			if asError(t, err).Status != 500 || got != nil {
				t.Errorf("got %v and %v", got, err)
			}
			if _, err := c.RegistryNamed(t.Context(), "hub"); errors.Is(err, ErrNotFound) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A registry that moved between pages while it was looked for has its name all
// the while.
func TestRegistryNamedThatMoved(t *testing.T) {
	t.Parallel()
	objects := numbered(250, func(id int64) object { return registryObject(id, "other") })
	objects[180] = registryObject(181, "hub")
	torn := append(slices.Delete(slices.Clone(objects), 180, 181), registryObject(999, "new"))
	lists := 0
	transport := &journal{answer: func(r request) reply {
		switch {
		case r.query.Has("keyword"):
			return listOf() // what the keyword matches is not documented
		case r.pageNo() == 1:
			lists++
		}
		if lists == 1 {
			return listPage(torn, r.pageNo(), 250)
		}
		return listPage(objects, r.pageNo(), 250)
	}}
	c, _ := newTestClient(transport)
	if got, err := c.RegistryNamed(t.Context(), "hub"); err != nil || got.ID != 181 {
		t.Errorf("got %v and %v", got, err)
	}
}

func TestRegistryQuery(t *testing.T) {
	t.Parallel()
	for want, query := range map[string]RegistryQuery{
		"pageNo=1&pageSize=100":                                     {},
		"keyword=hub&keywordType=name&pageNo=1&pageSize=100":        {Keyword: "hub"},
		"pageNo=1&pageSize=100&type=harbor":                         {Type: "harbor"},
		"keyword=a+b&keywordType=name&pageNo=1&pageSize=100&type=x": {Keyword: "a b", Type: "x"},
	} {
		transport := always(listOf())
		c, _ := newTestClient(transport)
		if _, err := c.Registries(t.Context(), query); err != nil {
			t.Fatal(err)
		}
		if got := transport.requests()[0].query.Encode(); got != want {
			t.Errorf("sent %s, want %s", got, want)
		}
	}
}

func TestListsFail(t *testing.T) {
	t.Parallel()
	c, _ := newTestClient(always(htmlPage(200)))
	if got, err := c.Registries(t.Context(), RegistryQuery{}); got != nil || asError(t, err).Status != 200 {
		t.Errorf("got %v and %v", got, err)
	}
	if got, err := c.Registries(t.Context(), RegistryQuery{Keyword: "hub"}); got != nil || asError(t, err).Status != 200 {
		t.Errorf("got %v and %v", got, err)
	}
	if got, err := c.Policies(t.Context()); got != nil || asError(t, err).Status != 200 {
		t.Errorf("got %v and %v", got, err)
	}
}

// Narrowed lists are not the whole list, and are not shared as if they were.
func TestNarrowedListsAreNotShared(t *testing.T) {
	t.Parallel()
	transport := holding(func(string) []any { return nil })
	c, _ := newTestClient(transport)
	for range 2 {
		for _, query := range []RegistryQuery{{Keyword: "hub"}, {Type: "harbor"}, {}} {
			if _, err := c.Registries(t.Context(), query); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := transport.count(nil); got != 5 {
		t.Errorf("%d requests, want 5: two of each narrowed list, one of the whole", got)
	}
}

// A caller may sort what it gets: others read the same listing.
func TestListsBelongToTheCaller(t *testing.T) {
	t.Parallel()
	c, _ := newTestClient(&journal{answer: func(r request) reply {
		if r.path == "/v1/ccr/policies" {
			return listOf(policyObject(1, "a"), policyObject(2, "b"))
		}
		return listOf(registryObject(1, "a"), registryObject(2, "b"))
	}})
	registries, err := c.Registries(t.Context(), RegistryQuery{})
	if err != nil {
		t.Fatal(err)
	}
	policies, err := c.Policies(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(registries)
	slices.Reverse(policies)
	if got, err := c.Registry(t.Context(), 1); err != nil || got.Name != "a" {
		t.Errorf("got %v and %v", got, err)
	}
	if got, err := c.Policy(t.Context(), 2); err != nil || got.Name != "b" {
		t.Errorf("got %v and %v", got, err)
	}
}

func TestReadsByID(t *testing.T) {
	t.Parallel()
	transport := &journal{answer: func(r request) reply {
		example := func(id int64) object { return registryObject(id, "hub") }
		if r.path == "/v1/ccr/policies" {
			example = func(id int64) object { return policyObject(id, "web") }
		}
		return listPage(numbered(150, example), r.pageNo(), 150)
	}}
	c, _ := newTestClient(transport)
	for _, id := range []ID{1, 100, 101, 150} {
		if got, err := c.Registry(t.Context(), id); err != nil || got.ID != id || got.Name != "hub" {
			t.Errorf("got %v and %v", got, err)
		}
		if got, err := c.Policy(t.Context(), id); err != nil || got.ID != id || got.Name != "web" {
			t.Errorf("got %v and %v", got, err)
		}
	}
	if got := transport.count(func(r request) bool { return r.pageNo() == 1 }); got != 2 {
		t.Errorf("%d listings, want one of each collection", got)
	}
	if _, err := c.Registry(t.Context(), 151); !errors.Is(err, ErrNotFound) || err.Error() != "registry 151: not found" {
		t.Errorf("got %v", err)
	}
	if _, err := c.Policy(t.Context(), 151); !errors.Is(err, ErrNotFound) || err.Error() != "policy 151: not found" {
		t.Errorf("got %v", err)
	}
}

// The action of an answer is not looked at: an update answers "create".
func TestActionsAreNotChecked(t *testing.T) {
	t.Parallel()
	for _, op := range operations {
		if strings.HasPrefix(op.request, http.MethodGet) {
			continue
		}
		target := "1"
		if op.name == "check registry" || op.name == "check new registry" {
			target = "true"
		}
		for _, action := range []string{"create", "delete", "", "whatever"} {
			c, _ := newTestClient(onlyFor(op.request, func(request) reply { return mutated(action, target) }))
			if err := op.send(t.Context(), c); err != nil {
				t.Errorf("%s, action %q: %v", op.name, action, err)
			}
		}
	}
}

func TestCredentialPrintsNoSecret(t *testing.T) {
	t.Parallel()
	in := registryInput("hub")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%t"} {
		for _, value := range []any{in, &in, in.Credential, &in.Credential} {
			if text := fmt.Sprintf(verb, value); strings.Contains(text, testAccessSecret) {
				t.Errorf("%s of a %T prints %s", verb, value, text)
			}
		}
	}
}

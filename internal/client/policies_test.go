package client

import (
	"errors"
	"slices"
	"testing"
)

func TestPoliciesNamed(t *testing.T) {
	t.Parallel()
	c, _ := newTestClient(holding(func(string) []any {
		return []any{policyObject(1, "web"), policyObject(2, "web-2"), policyObject(3, "twice"), policyObject(4, "twice")}
	}))
	if got, err := c.PolicyNamed(t.Context(), "web"); err != nil || got.ID != 1 {
		t.Errorf("got %v and %v", got, err)
	}
	_, err := c.PolicyNamed(t.Context(), "we")
	if !errors.Is(err, ErrNotFound) || err.Error() != `policy "we": not found` {
		t.Errorf("got %v", err)
	}
	_, err = c.PolicyNamed(t.Context(), "twice")
	var several *AmbiguousNameError
	if !errors.As(err, &several) || several.Noun != "policy" || several.Name != "twice" || !slices.Equal(several.IDs, []ID{3, 4}) {
		t.Errorf("got %v", err)
	}
	if got, err := c.PoliciesNamed(t.Context(), "twice"); err != nil || len(got) != 2 {
		t.Errorf("got %v and %v", got, err)
	}
}

func TestStartPolicy(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		reply         reply
		ok, ambiguous bool
	}{
		"started":             {mutated("start", "5"), true, false},
		"disabled":            {refused(400, "BadRequest", "the policy is disabled"), false, false},
		"gone":                {refused(404, "NotFound", "no"), false, false},
		"lost":                {htmlPage(502), false, true},
		"200 that is no JSON": {htmlPage(200), false, true},
		"200 of no mutation":  {reply{body: "{}"}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			transport := always(test.reply)
			c, _ := newTestClient(transport)
			err := c.StartPolicy(t.Context(), 5)
			if (err == nil) != test.ok || Ambiguous(err) != test.ambiguous {
				t.Errorf("got %v, ambiguous: %t", err, Ambiguous(err))
			}
			if n := transport.count(nil); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
		})
	}
}

func TestSourceID(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		source RegistryRef
		want   ID
		lists  int
	}{
		"by id":                       {RegistryRef{ID: 9}, 9, 0},
		"by id, whatever the name":    {RegistryRef{ID: 9, Name: "hub"}, 9, 0},
		"by name":                     {RegistryRef{Name: "hub"}, 3, 1},
		"a name that is a number":     {RegistryRef{Name: "12"}, 6, 1},
		"a name that none has":        {RegistryRef{Name: "gone"}, 0, 1},
		"a name that differs by case": {RegistryRef{Name: "HUB"}, 0, 1},
		"a name that several have":    {RegistryRef{Name: "twice"}, 0, 1},
		"nothing":                     {RegistryRef{}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			transport := holding(func(string) []any {
				return []any{registryObject(3, "hub"), registryObject(4, "twice"), registryObject(5, "twice"), registryObject(6, "12")}
			})
			c, _ := newTestClient(transport)
			for range 3 { // policies of one source share what is listed
				got, err := c.SourceID(t.Context(), Policy{ID: 1, SrcRegistry: test.source})
				if err != nil || got != test.want {
					t.Errorf("got %s and %v, want %s", got, err, test.want)
				}
			}
			if n := transport.count(nil); n != test.lists {
				t.Errorf("%d lists, want %d", n, test.lists)
			}
		})
	}
}

func TestSourceIDFails(t *testing.T) {
	t.Parallel()
	c, _ := newTestClient(always(refused(403, "AccessDenied", "no")))
	got, err := c.SourceID(t.Context(), Policy{SrcRegistry: RegistryRef{Name: "hub"}})
	if got != 0 || asError(t, err).Status != 403 {
		t.Errorf("got %s and %v", got, err)
	}
}

// A source that a listing missed while it moved is not taken for gone: the
// policy would seem to have lost it.
func TestSourceIDOfARegistryThatMoved(t *testing.T) {
	t.Parallel()
	objects := numbered(150, func(id int64) object { return registryObject(id, "other") })
	objects[120] = registryObject(121, "hub")
	torn := append(slices.Delete(slices.Clone(objects), 120, 121), registryObject(999, "new"))
	lists := 0
	transport := &journal{answer: func(r request) reply {
		if r.pageNo() == 1 {
			lists++
		}
		if lists == 1 {
			return listPage(torn, r.pageNo(), 150)
		}
		return listPage(objects, r.pageNo(), 150)
	}}
	c, _ := newTestClient(transport)
	if got, err := c.SourceID(t.Context(), Policy{SrcRegistry: RegistryRef{Name: "hub"}}); err != nil || got != 121 {
		t.Errorf("got %s and %v", got, err)
	}
}

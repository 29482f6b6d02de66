package ccrmock_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

func TestSourceContentIsDeterministic(t *testing.T) {
	t.Parallel()
	one, two := ccrmock.NewSource(), ccrmock.NewSource()
	for _, s := range []*ccrmock.Source{one, two} {
		if err := s.Seed("cce/web:v1", "cce/web:v2", "cce/multi:v1@index"); err != nil {
			t.Fatal(err)
		}
	}
	if !maps.Equal(one.Images(), two.Images()) || len(one.Images()) != 3 {
		t.Errorf("%v and %v", one.Images(), two.Images())
	}
	digests := slices.Sorted(maps.Values(one.Images()))
	if len(slices.Compact(digests)) != 3 {
		t.Errorf("images are the same: %v", digests)
	}
	before := one.Digest("cce/web:v1")
	after, err := one.PushRevision("cce/web:v1", 1)
	if err != nil || after == before || after != one.Digest("cce/web:v1") {
		t.Errorf("%s then %s: %v", before, after, err)
	}
}

func TestSourceRefusesBadReferences(t *testing.T) {
	t.Parallel()
	s := ccrmock.NewSource()
	for _, ref := range []string{"", "web", "web:", ":v1", "Web:v1", "web:v 1", "a//b:v1"} {
		if err := s.Seed(ref); err == nil {
			t.Errorf("%q was taken", ref)
		}
	}
	if len(s.Images()) != 0 || s.Digest("web:v1") != "" {
		t.Error("something was pushed")
	}
}

func TestSourceLogin(t *testing.T) {
	t.Parallel()
	s := ccrmock.NewSource(ccrmock.WithLogin("user", "pass"))
	for password, status := range map[string]int{"pass": 200, "": 401, "other": 401} {
		r := httptest.NewRequest(http.MethodGet, "/v2/", http.NoBody)
		r.SetBasicAuth("user", password)
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, r)
		if rec.Code != status {
			t.Errorf("password %q: %d", password, rec.Code)
		}
	}
}

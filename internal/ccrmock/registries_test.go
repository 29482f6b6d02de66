package ccrmock_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

func TestRegistryLifecycle(t *testing.T) {
	t.Parallel()
	const first = int64(1)<<53 + 1 // no float64 holds it
	w := newWorld(t, ccrmock.WithFirstID(first))
	a := w.ok("POST", registries, registryJSON("one", "docker-registry", "http://hub.baidubce.com", "user", "pass"))
	if a.target() != "9007199254740993" {
		t.Fatalf("id %s", a.raw)
	}
	item := w.ok("GET", registries, "").items()[0]
	if item["status"] != nil || item["description"] != "" || string(jsonOf(t, item["id"])) != "9007199254740993" {
		t.Errorf("created: %v", item)
	}
	a = w.ok("PUT", registries, withID("9007199254740993", registryJSON("two", "harbor", "https://h.example", "u", "")))
	if a.target() != "9007199254740993" || a.body["action"] != "update" {
		t.Errorf("update: %s", a.raw)
	}
	got := w.Registries()[0]
	if got.Name != "two" || got.Type != "harbor" || got.AccessKey != "u" || got.AccessSecret != "" {
		t.Errorf("the update did not replace the whole object: %+v", got)
	}
	w.ok("DELETE", registries+"/9007199254740993", "")
	if n := len(w.ok("GET", registries, "").items()); n != 0 {
		t.Errorf("%d left", n)
	}
	a = w.ok("POST", registries, registryJSON("one", "harbor", "http://h", "u", "p"))
	if a.target() != "9007199254740994" {
		t.Errorf("an id was used again: %s", a.raw)
	}
}

func TestRegistryListNeverShowsCredentials(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok("POST", registries, registryJSON("one", "harbor", "http://h", "the-user", "the-secret"))
	for _, raw := range []string{w.ok("GET", registries, "").raw, control(t, w, "GET", "/_mock/state", "").raw} {
		if strings.Contains(raw, "the-user") || strings.Contains(raw, "the-secret") {
			t.Errorf("a secret in %s", raw)
		}
	}
}

func TestRegistryFilters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, r := range []ccrmock.Registry{{Name: "hub"}, {Name: "hub-2", Type: "harbor"}, {Name: "other"}} {
		w.CreateRegistry(r)
	}
	names := func(query string) []string {
		var out []string
		for _, item := range w.ok("GET", registries+query, "").items() {
			out = append(out, item["name"].(string))
		}
		slices.Sort(out)
		return out
	}
	check := func(query string, want ...string) {
		t.Helper()
		if got := names(query); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	check("?keyword=hub", "hub", "hub-2")
	check("?keyword=hub&keywordType=name&type=harbor", "hub-2")
	check("?keyword=&type=", "hub", "hub-2", "other")
	check("?keyword=nothing")
	w.IgnoreKeyword(true)
	check("?keyword=nothing", "hub", "hub-2", "other")
}

func TestHealthCheck(t *testing.T) {
	t.Parallel()
	basic := sourceURL(t, ccrmock.NewSource(ccrmock.WithLogin("user", "pass")))
	token := sourceURL(t, ccrmock.NewSource(ccrmock.WithTokenLogin("user", "pass")))
	open := sourceURL(t, ccrmock.NewSource())
	plain := sourceURL(t, http.NotFoundHandler())
	secure := quietTLS(ccrmock.NewSource())
	t.Cleanup(secure.Close)
	for name, tc := range map[string]struct {
		registry ccrmock.Registry
		want     string
	}{
		"basic":           {ccrmock.Registry{URL: basic, AccessKey: "user", AccessSecret: "pass"}, "true"},
		"basic, wrong":    {ccrmock.Registry{URL: basic, AccessKey: "user", AccessSecret: "nope"}, "false"},
		"basic, none":     {ccrmock.Registry{URL: basic}, "false"},
		"token":           {ccrmock.Registry{URL: token + "/", AccessKey: "user", AccessSecret: "pass"}, "true"},
		"token, wrong":    {ccrmock.Registry{URL: token, AccessKey: "user", AccessSecret: "nope"}, "false"},
		"open":            {ccrmock.Registry{URL: open}, "true"},
		"not a registry":  {ccrmock.Registry{URL: plain}, "false"},
		"unreachable":     {ccrmock.Registry{URL: "http://127.0.0.1:1"}, "false"},
		"https, insecure": {ccrmock.Registry{URL: secure.URL, Insecure: true}, "true"},
		"https, verified": {ccrmock.Registry{URL: secure.URL}, "false"},
		"https on http":   {ccrmock.Registry{URL: strings.Replace(open, "http", "https", 1)}, "false"},
		"http on https":   {ccrmock.Registry{URL: strings.Replace(secure.URL, "https", "http", 1), Insecure: true}, "false"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			tc.registry.Name = name
			w.CreateRegistry(tc.registry)
			a := w.ok("POST", registries, `{"id":1}`)
			if a.target() != tc.want || a.body["action"] != "checkHealth" {
				t.Errorf("got %s", a.raw)
			}
			status := map[string]string{"true": "healthy", "false": "unhealthy"}[tc.want]
			if got := w.ok("GET", registries, "").items()[0]["status"]; got != status {
				t.Errorf("status %v", got)
			}
		})
	}
}

func TestBackgroundHealthChecks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.CreateRegistry(ccrmock.Registry{Name: "good", URL: sourceURL(t, ccrmock.NewSource())})
	w.CreateRegistry(ccrmock.Registry{Name: "bad", URL: "http://127.0.0.1:1"})
	w.RunHealthChecks(w.ctx())
	if r := w.Registries(); r[0].Status != ccrmock.RegistryHealthy || r[1].Status != ccrmock.RegistryUnhealthy {
		t.Errorf("statuses %q and %q", r[0].Status, r[1].Status)
	}
}

// Posting a whole registry creates it, even where a health check was meant.
func TestInlineHealthCheck(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := registryJSON("good", "harbor", sourceURL(t, ccrmock.NewSource()), "u", "p")
	bad := registryJSON("bad", "harbor", "http://127.0.0.1:1", "u", "p")
	if a := w.ok("POST", registries, good); a.body["action"] != "create" {
		t.Errorf("got %s", a.raw)
	}
	w.TreatNextFullBodyAsCheck(2)
	if a := w.ok("POST", registries, good); a.body["action"] != "checkHealth" || a.target() != "true" {
		t.Errorf("got %s", a.raw)
	}
	if a := w.ok("POST", registries, bad); a.target() != "false" {
		t.Errorf("got %s", a.raw)
	}
	if a := w.ok("POST", registries, bad); a.body["action"] != "create" {
		t.Errorf("got %s", a.raw)
	}
	if n := len(w.Registries()); n != 2 {
		t.Errorf("%d registries", n)
	}
}

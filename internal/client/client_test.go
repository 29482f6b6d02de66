package client

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
)

func TestNewSendsNothing(t *testing.T) {
	t.Parallel()
	transport := always(listOf())
	if newTestClient(transport); transport.count(nil) != 0 {
		t.Error("a new client has sent something")
	}
	c := New(Config{Endpoint: &url.URL{Scheme: "https", Host: "ccr.test"}})
	if c.now == nil || c.sleep == nil {
		t.Error("the outside world has no default")
	}
	if endpoint, err := url.Parse(DefaultEndpoint); err != nil || endpoint.Scheme != "https" || endpoint.Path != "" {
		t.Errorf("the default endpoint is %v, %v", endpoint, err)
	}
}

// Of the endpoint, scheme and host count: the paths are the API's.
func TestEndpoint(t *testing.T) {
	t.Parallel()
	for endpoint, want := range map[string]string{
		"https://ccr.test":             "https://ccr.test/v1/ccr/policies/5",
		"https://ccr.test/":            "https://ccr.test/v1/ccr/policies/5",
		"http://127.0.0.1:8080":        "http://127.0.0.1:8080/v1/ccr/policies/5",
		"https://[::1]:8443/some/path": "https://[::1]:8443/v1/ccr/policies/5",
	} {
		var got string
		c, _ := newTestClient(roundTripper(func(req *http.Request) (*http.Response, error) {
			got = req.URL.String()
			return mutated("delete", "5").response(req)
		}), func(cfg *Config) {
			parsed, err := url.Parse(endpoint)
			if err != nil {
				t.Fatal(err)
			}
			cfg.Endpoint = parsed
		})
		if err := c.DeletePolicy(t.Context(), 5); err != nil || got != want {
			t.Errorf("%s: sent to %s, want %s (%v)", endpoint, got, want, err)
		}
	}
}

// Bodies are JSON whatever is in them.
func TestBodiesAreExact(t *testing.T) {
	t.Parallel()
	var got string
	transport := &journal{answer: func(r request) reply {
		got = decodeAny(t, r.body).(map[string]any)["description"].(string)
		return mutated("update", "1")
	}}
	c, _ := newTestClient(transport)
	for _, text := range []string{"", "<&>", `"\`, "ü 容器 🙂", "a\nb\tc\x00", "\u2028"} {
		in := policyInput("web")
		in.Description = text
		if err := c.UpdatePolicy(t.Context(), 1, in); err != nil || got != text {
			t.Errorf("sent %q for %q (%v)", got, text, err)
		}
	}
	for _, r := range transport.requests() {
		if strings.Contains(r.body, "\n") {
			t.Errorf("the body %q has a line of its own", r.body)
		}
	}
}

// One client serves Terraform's parallel operations.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	transport := &journal{answer: func(r request) reply {
		if r.isList() {
			return listOf(registryObject(1, "hub"))
		}
		return mutated("create", "1")
	}}
	c, _ := newTestClient(transport, func(cfg *Config) { cfg.RequestsPerSecond = 1e9 })
	ctx, lines := logged(t)
	var all sync.WaitGroup
	for range 10 {
		for _, op := range operations {
			all.Go(func() { _ = op.send(ctx, c) })
		}
	}
	all.Wait()
	for _, line := range lines() {
		if found := leaks(line); found != nil {
			t.Errorf("%q is in the log line %v", found, line)
		}
	}
}

package ccrmock_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/bceauth"
	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

// world is a served mock and what a client of it needs.
type world struct {
	*ccrmock.Server
	t    *testing.T
	url  string
	http *http.Client
	keys bceauth.Credentials
	now  func() time.Time
}

func newWorld(t *testing.T, opts ...ccrmock.Option) *world {
	t.Helper()
	mock := ccrmock.New(opts...)
	server := httptest.NewServer(mock)
	t.Cleanup(server.Close)
	t.Cleanup(mock.Close) // runs first
	return &world{
		Server: mock,
		t:      t,
		url:    server.URL,
		http:   server.Client(),
		keys:   bceauth.Credentials{AccessKeyID: ccrmock.DefaultAccessKeyID, SecretAccessKey: ccrmock.DefaultSecretAccessKey},
		now:    time.Now,
	}
}

func (w *world) ctx() context.Context {
	ctx, cancel := context.WithTimeout(w.t.Context(), 30*time.Second)
	w.t.Cleanup(cancel)
	return ctx
}

// answer is a response that was read to its end.
type answer struct {
	status int
	header http.Header
	raw    string
	body   map[string]any
}

func (a answer) code() string { return fmt.Sprint(a.body["code"]) }

func (a answer) target() string { return fmt.Sprint(a.body["targetName"]) }

func (a answer) items() []map[string]any {
	var out []map[string]any
	result, _ := a.body["result"].([]any)
	for _, item := range result {
		m, _ := item.(map[string]any)
		out = append(out, m)
	}
	return out
}

// request builds a signed request; target is a path with an optional query.
func (w *world) request(method, target, body string, extra ...bceauth.Pair) *http.Request {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.ctx(), method, w.url+target, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, h := range extra {
		req.Header.Set(h.Name, h.Value)
	}
	w.sign(req, w.now(), 0, extra...)
	return req
}

func (w *world) sign(req *http.Request, at time.Time, expiration time.Duration, extra ...bceauth.Pair) {
	req.Header.Set(bceauth.HeaderDate, bceauth.FormatTime(at))
	signed := bceauth.Request{
		Method:     req.Method,
		Path:       req.URL.Path,
		Time:       at,
		Expiration: expiration,
		Headers: append([]bceauth.Pair{
			{Name: bceauth.HeaderHost, Value: req.URL.Host},
			{Name: bceauth.HeaderDate, Value: bceauth.FormatTime(at)},
		}, extra...),
	}
	for item := range strings.SplitSeq(req.URL.RawQuery, "&") {
		if item == "" {
			continue
		}
		name, value, _ := strings.Cut(item, "=")
		name, _ = url.PathUnescape(name)
		value, _ = url.PathUnescape(value)
		signed.Query = append(signed.Query, bceauth.Pair{Name: name, Value: value})
	}
	req.Header.Set("Authorization", bceauth.Authorization(w.keys, signed))
}

// send returns the transport's error, for faults that break the connection.
func (w *world) send(req *http.Request) (answer, error) {
	resp, err := w.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: resp.StatusCode, header: resp.Header, raw: string(raw)}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	_ = dec.Decode(&a.body)
	return a, nil
}

func (w *world) do(method, target, body string, extra ...bceauth.Pair) answer {
	w.t.Helper()
	a, err := w.send(w.request(method, target, body, extra...))
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, target, err)
	}
	return a
}

func (w *world) ok(method, target, body string) answer {
	w.t.Helper()
	a := w.do(method, target, body)
	if a.status != http.StatusOK {
		w.t.Fatalf("%s %s: status %d: %s", method, target, a.status, a.raw)
	}
	return a
}

func (w *world) refused(code, method, target, body string) answer {
	w.t.Helper()
	a := w.do(method, target, body)
	if a.code() != code || a.status != ccrmock.AnsweredErrors()[code] {
		w.t.Fatalf("%s %s %s: got %d %s, want %s", method, target, body, a.status, a.raw, code)
	}
	return a
}

const (
	registries = "/v1/ccr/registries"
	policies   = "/v1/ccr/policies"
	executions = "/v1/ccr/executions"
)

func registryJSON(name, kind, address, key, secret string) string {
	return fmt.Sprintf(`{"name":%q,"type":%q,"url":%q,"credential":{"accessKey":%q,"accessSecret":%q,"type":"basic"},"insecure":false}`,
		name, kind, address, key, secret)
}

func policyJSON(name, registryID string, override bool, filters ...string) string {
	var fs []string
	for i := 0; i+1 < len(filters); i += 2 {
		fs = append(fs, fmt.Sprintf(`{"type":%q,"value":%q}`, filters[i], filters[i+1]))
	}
	return fmt.Sprintf(`{"name":%q,"srcRegistry":{"id":%s},"destProjectName":"public","override":%t,"trigger":{"type":"manual"},"filters":[%s]}`,
		name, registryID, override, strings.Join(fs, ","))
}

func withID(id, body string) string { return `{"id":` + id + `,` + strings.TrimPrefix(body, "{") }

// sourceURL serves a source until the test ends.
func sourceURL(t *testing.T, source http.Handler) string {
	t.Helper()
	server := httptest.NewServer(source)
	t.Cleanup(server.Close)
	return server.URL
}

// quietTLS does not log the handshakes that a test makes fail.
func quietTLS(handler http.Handler) *httptest.Server {
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	return server
}

// control calls the control path, which needs no signature.
func control(t *testing.T, w *world, method, target, body string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(w.ctx(), method, w.url+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	a, err := w.send(req)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func jsonOf(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// outcome is what the transport layer makes of one attempt.
type outcome struct {
	a   *answer
	err error
}

// attempt sends one call to a server at target through the transport layer
// alone.
func attempt(ctx context.Context, target string, transport http.RoundTripper) outcome {
	cfg, _ := testConfig()
	endpoint, err := url.Parse(target)
	if err != nil {
		panic(err)
	}
	cfg.Endpoint, cfg.Transport = endpoint, transport
	a, err := transportLayer(cfg)(ctx, newCall("start policy", http.MethodPost, "/policies/1/start", nil))
	return outcome{a, err}
}

// serve starts a server; what it has to say of clients that go away is lost.
func serve(t *testing.T, handle http.HandlerFunc, start func(*httptest.Server)) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(handle)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	start(server)
	t.Cleanup(server.Close)
	return server
}

// drop closes the connection in place of an answer.
func drop(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	_ = conn.Close()
}

// refusedOutcome is a real error of dialing.
func refusedOutcome(t *testing.T) outcome {
	t.Helper()
	nowhere := filepath.Join(t.TempDir(), "nobody-listens")
	return attempt(t.Context(), "http://ccr.test", &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", nowhere)
		},
	})
}

func proxyRefusedOutcome(t *testing.T) outcome {
	t.Helper()
	nowhere := filepath.Join(t.TempDir(), "nobody-listens")
	return attempt(t.Context(), "https://ccr.test", &http.Transport{
		Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy.test:3128"}),
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", nowhere)
		},
	})
}

func droppedOutcome(t *testing.T) outcome {
	t.Helper()
	return attempt(t.Context(), serve(t, drop, (*httptest.Server).Start).URL, nil)
}

func cutShortOutcome(t *testing.T) outcome {
	t.Helper()
	return attempt(t.Context(), serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, `{"action":"start"`)
	}, (*httptest.Server).Start).URL, nil)
}

func untrustedOutcome(t *testing.T) outcome {
	t.Helper()
	return attempt(t.Context(), serve(t, drop, (*httptest.Server).StartTLS).URL, nil)
}

// plainOutcome is https spoken to a server of http.
func plainOutcome(t *testing.T) outcome {
	t.Helper()
	server := serve(t, drop, (*httptest.Server).Start)
	return attempt(t.Context(), "https"+strings.TrimPrefix(server.URL, "http"), nil)
}

// notTLSOutcome is https spoken to a server of neither.
func notTLSOutcome(t *testing.T) outcome {
	t.Helper()
	return attempt(t.Context(), "https://ccr.test", &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			go func() {
				defer far.Close()
				buffer := make([]byte, 4096)
				_, _ = far.Read(buffer)
				_, _ = io.WriteString(far, "SSH-2.0-OpenSSH_9.9\r\n")
			}()
			return near, nil
		},
	})
}

func timeoutOutcome(t *testing.T) outcome {
	t.Helper()
	var o outcome
	synctest.Test(t, func(t *testing.T) {
		o = attempt(t.Context(), "https://ccr.test", silent)
	})
	return o
}

// silent never answers.
var silent = roundTripper(func(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, req.Context().Err()
})

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// canceledOutcome is a call that the user interrupts while it is under way.
func canceledOutcome(t *testing.T) outcome {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	return attempt(ctx, "https://ccr.test", roundTripper(func(req *http.Request) (*http.Response, error) {
		cancel()
		return silent(req)
	}))
}

func unsentOutcome(t *testing.T) outcome {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return attempt(ctx, "https://ccr.test", roundTripper(func(*http.Request) (*http.Response, error) {
		t.Error("a call whose context is over was sent")
		return nil, errors.New("sent")
	}))
}

func status(code int, header ...string) func(*testing.T) outcome {
	return func(*testing.T) outcome {
		a := &answer{status: code, header: http.Header{}, body: []byte("<html>")}
		if len(header) == 2 {
			a.header.Set(header[0], header[1])
		}
		return outcome{a: a}
	}
}

func TestRetryPolicy(t *testing.T) {
	t.Parallel()
	const retryAfter = "Retry-After"
	tests := []struct {
		name string
		make func(*testing.T) outcome
		// Whether a call that is repeatable, and one that is not, is repeated;
		// and whether the server may have processed the latter.
		repeatable, other, ambiguous bool
	}{
		{"connection refused", refusedOutcome, true, true, false},
		{"proxy refused", proxyRefusedOutcome, true, true, false},
		{"dropped after it was sent", droppedOutcome, true, false, true},
		{"cut short", cutShortOutcome, true, false, true},
		{"timeout", timeoutOutcome, true, false, true},
		{"untrusted certificate", untrustedOutcome, false, false, false},
		{"no TLS at all", plainOutcome, false, false, false},
		{"neither TLS nor HTTP", notTLSOutcome, false, false, false},
		{"a TLS record broken later", func(*testing.T) outcome {
			return outcome{err: tls.RecordHeaderError{Msg: "oversized record"}}
		}, true, false, true},
		{"too large", func(*testing.T) outcome { return outcome{err: &cutShortError{err: errBodyTooLarge}} }, false, false, true},
		{"canceled under way", canceledOutcome, false, false, true},
		{"never sent", unsentOutcome, false, false, false},
		{"200", status(200), false, false, false},
		{"301", status(301), false, false, false},
		{"400", status(400), false, false, false},
		{"401", status(401), false, false, false},
		{"403", status(403), false, false, false},
		{"404", status(404), false, false, false},
		{"408", status(408), false, false, true},
		{"409", status(409), false, false, false},
		{"412", status(412), false, false, false},
		{"429", status(429), true, true, false},
		{"500", status(500), true, false, true},
		{"500 with Retry-After", status(500, retryAfter, "1"), true, false, true},
		{"501", status(501), false, false, true},
		{"502 HTML", status(502), true, false, true},
		{"503", status(503), true, false, true},
		{"503 with Retry-After", status(503, retryAfter, "1"), true, true, false},
		{"504", status(504), true, false, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := test.make(t)
			if (o.a == nil) == (o.err == nil) {
				t.Fatalf("got %v and %v", o.a, o.err)
			}
			c := newCall("start policy", http.MethodPost, "/policies/1/start", nil)
			if got := mayRetry(c, o.a, o.err); got != test.other {
				t.Errorf("repeated: %t, want %t (%v)", got, test.other, o.err)
			}
			repeatable := *c
			repeatable.repeatable = true
			if got := mayRetry(&repeatable, o.a, o.err); got != test.repeatable {
				t.Errorf("repeated when repeatable: %t, want %t (%v)", got, test.repeatable, o.err)
			}
			var err error
			if o.err != nil {
				err = c.failed(nil, o.err)
			} else {
				err = c.rejected(o.a)
			}
			if got := Ambiguous(err); got != test.ambiguous {
				t.Errorf("ambiguous: %t, want %t (%v)", got, test.ambiguous, err)
			}
		})
	}
}

// Whatever the answer, a call that is not repeatable is not both taken for
// processed and repeated: it would make two of what it makes.
func TestRetryNeverDoubles(t *testing.T) {
	t.Parallel()
	c := newCall("create policy", http.MethodPost, "/policies", nil)
	for code := 100; code < 1000; code++ {
		for _, after := range []string{"", "1"} {
			a := &answer{status: code, header: http.Header{"Retry-After": {after}}}
			declined := code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable && after != ""
			if mayRetry(c, a, nil) != declined {
				t.Errorf("HTTP %d, Retry-After %q: repeated: %t", code, after, !declined)
			}
		}
	}
}

// operations sends each kind of request the client knows.
var operations = []struct {
	name       string
	send       func(context.Context, *Client) error
	request    string
	repeatable bool
}{
	{"list registries", func(ctx context.Context, c *Client) error {
		_, err := c.Registries(ctx, RegistryQuery{Keyword: "hub"})
		return err
	}, "GET /v1/ccr/registries", true},
	{"create registry", func(ctx context.Context, c *Client) error {
		_, err := c.CreateRegistry(ctx, registryInput("hub"))
		return err
	}, "POST /v1/ccr/registries", false},
	{"update registry", func(ctx context.Context, c *Client) error { return c.UpdateRegistry(ctx, 1, registryInput("hub")) }, "PUT /v1/ccr/registries", true},
	{"delete registry", func(ctx context.Context, c *Client) error { return c.DeleteRegistry(ctx, 1) }, "DELETE /v1/ccr/registries/1", true},
	{"check registry", func(ctx context.Context, c *Client) error {
		_, err := c.CheckRegistry(ctx, 1)
		return err
	}, "POST /v1/ccr/registries", true},
	{"check new registry", func(ctx context.Context, c *Client) error {
		_, err := c.CheckNewRegistry(ctx, registryInput("hub"))
		return err
	}, "POST /v1/ccr/registries", false},
	{"list policies", func(ctx context.Context, c *Client) error {
		_, err := c.Policies(ctx)
		return err
	}, "GET /v1/ccr/policies", true},
	{"create policy", func(ctx context.Context, c *Client) error {
		_, err := c.CreatePolicy(ctx, policyInput("web"))
		return err
	}, "POST /v1/ccr/policies", false},
	{"update policy", func(ctx context.Context, c *Client) error { return c.UpdatePolicy(ctx, 1, policyInput("web")) }, "PUT /v1/ccr/policies", true},
	{"delete policy", func(ctx context.Context, c *Client) error { return c.DeletePolicy(ctx, 1) }, "DELETE /v1/ccr/policies/1", true},
	{"start policy", func(ctx context.Context, c *Client) error { return c.StartPolicy(ctx, 1) }, "POST /v1/ccr/policies/1/start", false},
	{"list executions", func(ctx context.Context, c *Client) error {
		_, err := c.Executions(ctx, 1)
		return err
	}, "GET /v1/ccr/executions", true},
	{"stop execution", func(ctx context.Context, c *Client) error { return c.StopExecution(ctx, 1) }, "POST /v1/ccr/executions/1/stop", false},
}

// onlyFor lets reply answer the operation's own request, and lists be empty
// otherwise: a create reads one first.
func onlyFor(operation string, answer func(request) reply) *journal {
	return &journal{answer: func(r request) reply {
		if r.isList() && r.String() != operation {
			return listOf()
		}
		return answer(r)
	}}
}

func TestOperationsAreRepeated(t *testing.T) {
	t.Parallel()
	const retries = 3
	lost := map[string]func(request) reply{
		"500":      func(request) reply { return refused(500, "InternalError", "oops") },
		"502 HTML": func(request) reply { return htmlPage(502) },
		"504":      func(request) reply { return htmlPage(504) },
		"503":      func(request) reply { return htmlPage(503) },
		"dropped":  func(request) reply { return reply{err: io.EOF} },
		"reset":    func(request) reply { return reply{err: &net.OpError{Op: "read", Err: errors.New("connection reset")}} },
		"timeout":  func(request) reply { return reply{err: &timeoutError{after: time.Second}} },
		"cut":      func(request) reply { return reply{body: `{"action":"`, cut: true} },
	}
	declined := map[string]func(request) reply{
		"429": func(request) reply { return refused(429, "TooMany", "slow down") },
		"503 with Retry-After": func(request) reply {
			return withHeader(htmlPage(503), "Retry-After", "1")
		},
		"connection refused": func(request) reply { return reply{err: &net.OpError{Op: "dial", Err: errors.New("refused")}} },
	}
	for _, op := range operations {
		check := func(name string, answer func(request) reply, want int) {
			t.Run(op.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				transport := onlyFor(op.request, answer)
				c, _ := newTestClient(transport, func(cfg *Config) { cfg.MaxRetries = retries })
				if err := op.send(t.Context(), c); err == nil {
					t.Error("got no error")
				}
				if got := transport.count(func(r request) bool { return r.String() == op.request }); got != want {
					t.Errorf("sent %d times, want %d", got, want)
				}
			})
		}
		for name, answer := range lost {
			check(name, answer, map[bool]int{true: 1 + retries, false: 1}[op.repeatable])
		}
		for name, answer := range declined {
			check(name, answer, 1+retries)
		}
		check("400", func(request) reply { return refused(400, "BadRequest", "no") }, 1)
	}
}

// The transport of net/http repeats requests by itself on a connection that
// the server closed; a POST must not be among them.
func TestConnectionReuseRepeatsNoPost(t *testing.T) {
	t.Parallel()
	var posts atomic.Int64
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = io.WriteString(w, listOf().body)
			return
		}
		posts.Add(1)
		drop(w, r)
	}, (*httptest.Server).Start)
	c := clientOf(t, server, nil)
	for range 3 { // each finds a connection to reuse
		if _, err := c.Executions(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		if err := c.StartPolicy(t.Context(), 1); !Ambiguous(err) {
			t.Errorf("got %v, want an ambiguous error", err)
		}
	}
	if got := posts.Load(); got != 3 {
		t.Errorf("the server saw %d POSTs, want 3", got)
	}
}

func TestRetriesEndInSuccess(t *testing.T) {
	t.Parallel()
	transport := inTurn(refused(500, "InternalError", "oops"), htmlPage(502), mutated("update", "1"))
	c, _ := newTestClient(transport)
	if err := c.UpdatePolicy(t.Context(), 1, policyInput("web")); err != nil {
		t.Fatal(err)
	}
	bodies := map[string]bool{}
	for _, r := range transport.requests() {
		bodies[r.body] = true
	}
	if len(transport.requests()) != 3 || len(bodies) != 1 || bodies[""] {
		t.Errorf("sent %d requests with the bodies %v, want the same three times", len(transport.requests()), bodies)
	}
}

func TestMaxRetries(t *testing.T) {
	t.Parallel()
	for _, retries := range []int{0, 1, 5} {
		t.Run(fmt.Sprint(retries), func(t *testing.T) {
			t.Parallel()
			transport := always(htmlPage(503))
			c, o := newTestClient(transport, func(cfg *Config) { cfg.MaxRetries = retries })
			_, err := c.executionPage(1)(t.Context(), 1)
			if e := asError(t, err); e.Status != 503 {
				t.Errorf("got %v, want the last answer", err)
			}
			if got := transport.count(nil); got != 1+retries {
				t.Errorf("%d attempts, want %d", got, 1+retries)
			}
			if got := len(o.sleeps()); got != retries {
				t.Errorf("%d sleeps, want %d: none after the last attempt", got, retries)
			}
		})
	}
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	for retry := range 70 {
		least, most := backoff(retry, 0), backoff(retry, 0.999999)
		if least < firstBackoff/2 || most > maxBackoff || least >= most {
			t.Errorf("retry %d waits from %s to %s", retry, least, most)
		}
		if retry == 0 {
			if most > firstBackoff {
				t.Errorf("the first retry waits up to %s, want %s", most, firstBackoff)
			}
			continue
		}
		before := backoff(retry-1, 0)
		if grown := min(2*before, maxBackoff/2); least != grown {
			t.Errorf("retry %d waits at least %s, want %s", retry, least, grown)
		}
	}
}

func TestRetriesWaitLonger(t *testing.T) {
	t.Parallel()
	c, o := newTestClient(always(htmlPage(500)), func(cfg *Config) { cfg.MaxRetries = 9 })
	_, _ = c.executionPage(1)(t.Context(), 1)
	for retry, slept := range o.sleeps() {
		if slept < backoff(retry, 0) || slept > backoff(retry, 1) {
			t.Errorf("sleep %d was %s, want from %s to %s", retry, slept, backoff(retry, 0), backoff(retry, 1))
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		value string
		wait  time.Duration // -1: the header is no help
	}{
		"seconds":             {"7", 7 * time.Second},
		"none":                {"0", 0},
		"date":                {testNow.Add(9 * time.Second).Format(http.TimeFormat), 9 * time.Second},
		"date gone by":        {testNow.Add(-time.Hour).Format(http.TimeFormat), 0},
		"too long":            {"86400", maxRetryAfter},
		"date too far":        {testNow.Add(24 * time.Hour).Format(http.TimeFormat), maxRetryAfter},
		"overflows as time":   {"9223372037", maxRetryAfter},
		"overflows to a bit":  {"36893488148", maxRetryAfter},
		"overflows an int":    {"9223372036854775808", -1},
		"negative":            {"-5", -1},
		"fraction":            {"1.5", -1},
		"garbage":             {"soon", -1},
		"empty":               {"", -1},
		"date without a zone": {"Fri, 02 Jan 2026 03:04:05", -1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, o := newTestClient(inTurn(withHeader(htmlPage(500), "Retry-After", test.value), listOf()))
			if _, err := c.executionPage(1)(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			slept := o.sleeps()
			if len(slept) != 1 {
				t.Fatalf("slept %v, want once", slept)
			}
			if test.wait >= 0 && slept[0] != test.wait {
				t.Errorf("slept %s, want %s", slept[0], test.wait)
			}
			if test.wait < 0 && (slept[0] < backoff(0, 0) || slept[0] > backoff(0, 1)) {
				t.Errorf("slept %s, want the usual backoff", slept[0])
			}
		})
	}
}

func TestRetrySleepInterrupted(t *testing.T) {
	t.Parallel()
	transport := always(htmlPage(500))
	ctx, cancel := context.WithCancel(t.Context())
	c, _ := newTestClient(transport, func(cfg *Config) {
		cfg.Sleep = func(ctx context.Context, _ time.Duration) error {
			cancel()
			return ctx.Err()
		}
	})
	_, err := c.executionPage(1)(ctx, 1)
	if e := asError(t, err); e.Status != 500 {
		t.Errorf("got %v, want the answer there was", err)
	}
	if got := transport.count(nil); got != 1 {
		t.Errorf("%d attempts, want 1", got)
	}
}

// An interrupt while an attempt is under way leaves no time for a sleep.
func TestNoRetryAfterInterrupt(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	transport := &journal{answer: func(request) reply {
		cancel()
		return htmlPage(500)
	}}
	c, o := newTestClient(transport)
	_, err := c.executionPage(1)(ctx, 1)
	if err == nil || transport.count(nil) != 1 || len(o.sleeps()) != 0 {
		t.Errorf("got %v after %d attempts and %d sleeps", err, transport.count(nil), len(o.sleeps()))
	}
}

// After a refusal that left nothing behind, an ambiguous outcome of the next
// attempt is what counts.
func TestAmbiguousAfterDeclined(t *testing.T) {
	t.Parallel()
	transport := inTurn(htmlPage(429), reply{err: io.ErrUnexpectedEOF})
	c, _ := newTestClient(transport)
	if err := c.StartPolicy(t.Context(), 1); !Ambiguous(err) {
		t.Errorf("got %v, want an ambiguous error", err)
	}
	if got := transport.count(nil); got != 2 {
		t.Errorf("%d attempts, want 2", got)
	}
}

func TestDefaultSleep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		if err := Sleep(t.Context(), time.Minute); err != nil || time.Since(began) != time.Minute {
			t.Errorf("slept %s and got %v", time.Since(began), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began = time.Now()
		if err := Sleep(ctx, time.Minute); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("slept %s and got %v, want an end with the context", time.Since(began), err)
		}
	})
}

func TestMadeOutcomesAreReal(t *testing.T) {
	t.Parallel()
	var dial *net.OpError
	if o := refusedOutcome(t); !errors.As(o.err, &dial) || dial.Op != "dial" {
		t.Errorf("connection refused is %v", o.err)
	}
	var verification *tls.CertificateVerificationError
	if o := untrustedOutcome(t); !errors.As(o.err, &verification) {
		t.Errorf("an untrusted certificate is %v", o.err)
	}
	if o := plainOutcome(t); !errors.Is(o.err, http.ErrSchemeMismatch) {
		t.Errorf("no TLS is %v", o.err)
	}
	var record tls.RecordHeaderError
	if o := notTLSOutcome(t); !errors.As(o.err, &record) || record.Conn == nil {
		t.Errorf("neither TLS nor HTTP is %v", o.err)
	}
	if o := proxyRefusedOutcome(t); !errors.As(o.err, &dial) || dial.Op != "proxyconnect" {
		t.Errorf("a proxy refused is %v", o.err)
	}
	var timeout *timeoutError
	if o := timeoutOutcome(t); !errors.As(o.err, &timeout) {
		t.Errorf("a timeout is %v", o.err)
	}
	if o := canceledOutcome(t); !errors.Is(o.err, context.Canceled) {
		t.Errorf("canceled is %v", o.err)
	}
	if o := droppedOutcome(t); !errors.Is(o.err, io.EOF) && !errors.As(o.err, &dial) {
		t.Errorf("dropped is %v", o.err)
	}
}

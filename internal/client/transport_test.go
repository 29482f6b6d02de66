package client

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestRequestTimeout(t *testing.T) {
	t.Parallel()
	// stalled answers with a status and then no more.
	stalled := roundTripper(func(req *http.Request) (*http.Response, error) {
		body := readerFunc(func([]byte) (int, error) {
			<-req.Context().Done()
			return 0, req.Context().Err()
		})
		return &http.Response{
			StatusCode: 200, Body: io.NopCloser(body),
			Header: http.Header{headerRequestID: {"req-9"}},
		}, nil
	})
	for name, test := range map[string]struct {
		transport http.RoundTripper
		status    int
		requestID string
	}{
		"no answer":             {silent, 0, ""},
		"an answer that stalls": {stalled, 200, "req-9"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, _ := newTestClient(test.transport, func(cfg *Config) {
					cfg.RequestTimeout, cfg.MaxRetries = 7*time.Second, 3
				})
				began := time.Now()
				err := c.StartPolicy(t.Context(), 1)
				if took := time.Since(began); took != 7*time.Second {
					t.Errorf("took %s, want one timeout", took)
				}
				e := asError(t, err)
				if !Ambiguous(err) || e.Status != test.status || e.RequestID != test.requestID {
					t.Errorf("got status %d, request id %q, ambiguous: %t (%v)", e.Status, e.RequestID, Ambiguous(err), err)
				}
				mustHold(t, err, "start policy", "request timeout of 7s")

				began = time.Now()
				if _, err := c.executionPage(1)(t.Context(), 1); err == nil || Ambiguous(err) {
					t.Errorf("got %v, want an error that is not ambiguous: a read changes nothing", err)
				}
				if took := time.Since(began); took != 4*7*time.Second {
					t.Errorf("took %s, want four timeouts", took)
				}
			})
		})
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestDefaultRequestTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := newTestClient(silent, func(cfg *Config) { cfg.RequestTimeout, cfg.MaxRetries = 0, 0 })
		began := time.Now()
		if err := c.DeletePolicy(t.Context(), 1); err == nil || time.Since(began) != DefaultRequestTimeout {
			t.Errorf("got %v after %s", err, time.Since(began))
		}
	})
}

// The user's own deadline is not the request timeout.
func TestCallerDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		c, _ := newTestClient(silent)
		err := c.StartPolicy(ctx, 1)
		if !errors.Is(err, context.DeadlineExceeded) || !Ambiguous(err) {
			t.Errorf("got %v, ambiguous: %t", err, Ambiguous(err))
		}
	})
}

func TestInterruptedBeforeSending(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	transport := always(mutated("start", "1"))
	c, _ := newTestClient(transport)
	err := c.StartPolicy(ctx, 1)
	if !errors.Is(err, context.Canceled) || Ambiguous(err) || transport.count(nil) != 0 {
		t.Errorf("got %v, ambiguous: %t, after %d requests", err, Ambiguous(err), transport.count(nil))
	}
}

func TestNoRedirectIsFollowed(t *testing.T) {
	t.Parallel()
	for _, code := range []int{301, 302, 303, 307, 308} {
		t.Run(http.StatusText(code), func(t *testing.T) {
			t.Parallel()
			var second atomic.Int64
			elsewhere := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				second.Add(1)
				_, _ = io.WriteString(w, listOf().body)
			}, (*httptest.Server).Start)
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, elsewhere.URL+r.URL.Path, code)
			}, (*httptest.Server).Start)
			c := clientOf(t, server, nil)
			_, err := c.Executions(t.Context(), 1)
			if e := asError(t, err); e.Status != code {
				t.Errorf("got %v, want HTTP %d", err, code)
			}
			if err := c.StartPolicy(t.Context(), 1); err == nil || Ambiguous(err) {
				t.Errorf("got %v, want an error that is not ambiguous", err)
			}
			if second.Load() != 0 {
				t.Error("the other host got a request")
			}
		})
	}
}

func TestTLSVersion(t *testing.T) {
	t.Parallel()
	if got := newTransport().TLSClientConfig.MinVersion; got != tls.VersionTLS12 {
		t.Errorf("the least version is %x, want TLS 1.2", got)
	}
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, listOf().body) },
		func(server *httptest.Server) {
			server.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
			server.StartTLS()
		})
	c := clientOf(t, server, nil, func(cfg *Config) { cfg.MaxRetries = 0 })
	_, err := c.Executions(t.Context(), 1)
	mustHold(t, err, "protocol version")
}

func TestTransportKeepsDefaults(t *testing.T) {
	t.Parallel()
	transport := newTransport()
	if transport.Proxy == nil || !transport.ForceAttemptHTTP2 || transport.TLSHandshakeTimeout == 0 {
		t.Error("the transport lost the proxy of the environment, HTTP/2 or a timeout")
	}
	if transport.MaxIdleConnsPerHost < 2*pagesAtOnce {
		t.Errorf("keeps %d connections, fewer than the requests side by side", transport.MaxIdleConnsPerHost)
	}
	if transport == http.DefaultTransport {
		t.Error("shares the transport of the whole process")
	}
}

// A server that never stops costs a bounded read, also when what it sends is
// packed.
func TestBodyIsBounded(t *testing.T) {
	t.Parallel()
	chunk := []byte(strings.Repeat(" ", 64<<10))
	for name, handle := range map[string]http.HandlerFunc{
		"plain": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		},
		"gzip": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			packed, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
			if err != nil {
				panic(err)
			}
			for r.Context().Err() == nil {
				if _, err := packed.Write(chunk); err != nil {
					return
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requests := atomic.Int64{}
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				handle(w, r)
			}, (*httptest.Server).Start)
			c := clientOf(t, server, nil)
			_, err := c.executionPage(1)(t.Context(), 1)
			if !errors.Is(err, errBodyTooLarge) {
				t.Errorf("got %v, want %v", err, errBodyTooLarge)
			}
			if e := asError(t, err); e.Status != 200 {
				t.Errorf("the status is %d, want 200", e.Status)
			}
			if got := requests.Load(); got != 1 {
				t.Errorf("%d requests, want 1: the next answer would be as long", got)
			}
		})
	}
}

// The longest body that is read is read whole.
func TestBodyBoundIsExact(t *testing.T) {
	t.Parallel()
	for extra, want := range map[int]error{0: nil, 1: errBodyTooLarge} {
		body := strings.Repeat(" ", maxBody+extra)
		o := attempt(t.Context(), "https://ccr.test", always(reply{body: body}))
		if !errors.Is(o.err, want) || want == nil && len(o.a.body) != maxBody {
			t.Errorf("%d bytes: got %v, want %v", len(body), o.err, want)
		}
	}
}

func TestTruncatedBody(t *testing.T) {
	t.Parallel()
	whole := listOf(executionObject(1, 1, "Succeed")).body
	var attempts atomic.Int64
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		w.Header().Set(headerRequestID, "req-3")
		if attempts.Add(1) < 3 {
			// What there is of the body would be a list without what follows.
			_, _ = io.WriteString(w, listOf().body)
			return
		}
		_, _ = io.WriteString(w, whole+strings.Repeat(" ", 1000-len(whole)))
	}, (*httptest.Server).Start)
	c := clientOf(t, server, nil)
	got, err := c.Executions(t.Context(), 1)
	if err != nil || len(got) != 1 || attempts.Load() != 3 {
		t.Errorf("got %v and %v after %d attempts, want the third's", got, err, attempts.Load())
	}

	attempts.Store(0)
	err = clientOf(t, server, nil).StartPolicy(t.Context(), 1)
	e := asError(t, err)
	if !Ambiguous(err) || e.Status != 200 || e.RequestID != "req-3" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, status %d, request id %q, ambiguous: %t", err, e.Status, e.RequestID, Ambiguous(err))
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	transport := &journal{answer: func(r request) reply {
		if r.isList() {
			return listOf()
		}
		return mutated("update", "1")
	}}
	c, _ := newTestClient(transport, func(cfg *Config) { cfg.UserAgent = "terraform-provider-ccr/1.2.3" })
	if err := c.UpdatePolicy(t.Context(), 1, policyInput("web")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Policies(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, contentType := range []string{"application/json;charset=UTF-8", ""} {
		header := transport.requests()[i].header
		if got := header.Get("User-Agent"); got != "terraform-provider-ccr/1.2.3" {
			t.Errorf("User-Agent %q", got)
		}
		if got := header.Get("Content-Type"); got != contentType {
			t.Errorf("Content-Type %q, want %q", got, contentType)
		}
		if got := header.Get("Accept"); got != "application/json" {
			t.Errorf("Accept %q", got)
		}
	}
}

// What is signed is what is sent: a server computes the signature over the
// encoding it received.
func TestQueryEncoding(t *testing.T) {
	t.Parallel()
	var target string
	c, _ := newTestClient(roundTripper(func(req *http.Request) (*http.Response, error) {
		target = req.URL.RequestURI()
		return listOf().response(req)
	}))
	if _, err := c.Registries(t.Context(), RegistryQuery{Keyword: "a b+c/ü&=*~", Type: "harbor"}); err != nil {
		t.Fatal(err)
	}
	if want := "keyword=a%20b%2Bc%2F%C3%BC%26%3D%2A~"; !strings.Contains(target, want) {
		t.Errorf("sent %s, want %s in it", target, want)
	}
	if !strings.HasPrefix(target, "/v1/ccr/registries?") {
		t.Errorf("sent %s", target)
	}
}

func TestGzipIsUnpacked(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	_, _ = io.WriteString(writer, listOf(executionObject(3, 1, "Succeed")).body)
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(packed.Bytes())
	}, (*httptest.Server).Start)
	got, err := clientOf(t, server, nil).Executions(t.Context(), 1)
	if err != nil || len(got) != 1 || got[0].ID != 3 {
		t.Errorf("got %v and %v", got, err)
	}
}

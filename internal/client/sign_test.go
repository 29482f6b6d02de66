package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/bceauth"
)

// verifySignature computes the signature of what arrived from what arrived.
func verifySignature(t *testing.T, method, path string, query url.Values, host string, header http.Header, at time.Time) {
	t.Helper()
	if got := header.Get(bceauth.HeaderDate); got != bceauth.FormatTime(at) {
		t.Errorf("%s is %q, want %q", bceauth.HeaderDate, got, bceauth.FormatTime(at))
	}
	signed := []bceauth.Pair{{Name: "host", Value: host}, {Name: "x-bce-date", Value: header.Get("x-bce-date")}}
	if token := header.Get("x-bce-security-token"); token != "" {
		signed = append(signed, bceauth.Pair{Name: "x-bce-security-token", Value: token})
	}
	var pairs []bceauth.Pair
	for name, values := range query {
		for _, value := range values {
			pairs = append(pairs, pair(name, value))
		}
	}
	want := bceauth.Authorization(
		bceauth.Credentials{AccessKeyID: "access-key", SecretAccessKey: testSecretKey},
		bceauth.Request{Method: method, Path: path, Query: pairs, Headers: signed, Time: at},
	)
	if got := header.Get("Authorization"); got != want {
		t.Errorf("Authorization of %s %s:\n got %s\nwant %s", method, path, got, want)
	}
}

func verifyRequest(t *testing.T, r request, at time.Time) {
	t.Helper()
	verifySignature(t, r.method, r.path, r.query, r.host, r.header, at)
}

func TestEachAttemptIsSignedAnew(t *testing.T) {
	t.Parallel()
	transport := inTurn(htmlPage(500), htmlPage(500), listOf())
	c, o := newTestClient(transport)
	times := []time.Time{}
	inner := transport.answer
	transport.answer = func(r request) reply {
		times = append(times, o.Now())
		o.advance(time.Hour)
		return inner(r)
	}
	if _, err := c.Registries(t.Context(), RegistryQuery{Keyword: "a b/ü&=*~", Type: "harbor"}); err != nil {
		t.Fatal(err)
	}
	sent := transport.requests()
	if len(sent) != 3 {
		t.Fatalf("%d attempts, want 3", len(sent))
	}
	seen := map[string]bool{}
	for i, r := range sent {
		verifyRequest(t, r, times[i])
		seen[r.header.Get("Authorization")] = true
		if times[i].Equal(testNow) != (i == 0) {
			t.Errorf("attempt %d was made at %s", i+1, times[i])
		}
	}
	if len(seen) != 3 {
		t.Errorf("%d different signatures, want 3", len(seen))
	}
}

func TestEveryOperationIsSigned(t *testing.T) {
	t.Parallel()
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			t.Parallel()
			transport := &journal{answer: func(r request) reply {
				if r.isList() {
					return listOf()
				}
				return mutated("create", "1")
			}}
			c, _ := newTestClient(transport)
			_ = op.send(t.Context(), c)
			for _, r := range transport.requests() {
				verifySignature(t, r.method, r.path, r.query, r.host, r.header, testNow)
			}
		})
	}
}

func TestSessionToken(t *testing.T) {
	t.Parallel()
	for _, token := range []string{testSessionToken, ""} {
		transport := always(listOf())
		c, _ := newTestClient(transport, func(cfg *Config) { cfg.SessionToken = token })
		if _, err := c.Policies(t.Context()); err != nil {
			t.Fatal(err)
		}
		header := transport.requests()[0].header
		if got := header.Get("x-bce-security-token"); got != token {
			t.Errorf("the token sent is %q, want %q", got, token)
		}
		signed := strings.Split(header.Get("Authorization"), "/")[4]
		want := "host;x-bce-date"
		if token != "" {
			want += ";x-bce-security-token"
		} else if _, sent := header["X-Bce-Security-Token"]; sent {
			t.Error("an empty token was sent")
		}
		if signed != want {
			t.Errorf("signed headers %q, want %q", signed, want)
		}
	}
}

// What the server sees as its host is what was signed, its port included.
func TestHostWithPortIsSigned(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Host, ":") {
			t.Errorf("the host %q has no port", r.Host)
		}
		verifySignature(t, r.Method, r.URL.Path, r.URL.Query(), r.Host, r.Header, testNow)
		_, _ = io.WriteString(w, listOf().body)
	}, (*httptest.Server).Start)
	c := clientOf(t, server, nil)
	if _, err := c.Registries(t.Context(), RegistryQuery{Keyword: "a b+c/ü&=*~%"}); err != nil {
		t.Fatal(err)
	}
}

// skewedServer refuses what is signed with a time half an hour off its own.
func skewedServer(at func() time.Time, code int) *journal {
	return &journal{answer: func(r request) reply {
		signed, err := time.Parse(time.RFC3339, r.header.Get("x-bce-date"))
		if err != nil {
			return refused(400, "InvalidHTTPAuthHeader", err.Error())
		}
		if off := at().Sub(signed).Abs(); off > 30*time.Minute {
			return withHeader(refused(code, codeRequestExpired, "expired"), "Date", at().UTC().Format(http.TimeFormat))
		}
		return listOf()
	}}
}

const clockWarning = "clock is off"

func countLines(lines []map[string]any, part string) int {
	n := 0
	for _, line := range lines {
		if strings.Contains(line["@message"].(string), part) {
			n++
		}
	}
	return n
}

func TestClockIsCorrectedOnce(t *testing.T) {
	t.Parallel()
	for name, skew := range map[string]time.Duration{"behind": 5 * time.Hour, "ahead": -400 * 24 * time.Hour} {
		for _, code := range []int{400, 403} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				ctx, lines := logged(t)
				var o *outside
				transport := skewedServer(func() time.Time { return o.Now().Add(skew) }, code)
				var c *Client
				c, o = newTestClient(transport)
				for range 3 {
					if _, err := c.Executions(ctx, 1); err != nil {
						t.Fatal(err)
					}
					o.advance(time.Hour)
				}
				sent := transport.requests()
				if len(sent) != 4 {
					t.Errorf("%d requests for 3 calls, want one more", len(sent))
				}
				verifyRequest(t, sent[0], testNow)
				verifyRequest(t, sent[1], testNow.Add(skew))
				verifyRequest(t, sent[3], testNow.Add(skew+2*time.Hour))
				if got := countLines(lines(), clockWarning); got != 1 {
					t.Errorf("%d warnings of the clock, want 1", got)
				}
				if len(o.sleeps()) != 0 {
					t.Error("slept before the corrected attempt")
				}
			})
		}
	}
}

// A start is made once more too: what is refused for its time was not processed.
func TestClockCorrectionOfPost(t *testing.T) {
	t.Parallel()
	transport := inTurn(
		withHeader(refused(400, codeRequestExpired, "expired"), "Date", testNow.Add(time.Hour).Format(http.TimeFormat)),
		mutated("start", "1"),
	)
	c, _ := newTestClient(transport)
	if err := c.StartPolicy(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if got := transport.count(nil); got != 2 {
		t.Errorf("%d requests, want 2", got)
	}
}

func TestSecondRequestExpiredIsReturned(t *testing.T) {
	t.Parallel()
	expired := refused(400, codeRequestExpired, "expired")
	tests := map[string]struct {
		reply reply
		want  int
	}{
		"with a date":     {withHeader(expired, "Date", testNow.Add(time.Hour).Format(http.TimeFormat)), 2},
		"without a date":  {expired, 1},
		"with a bad date": {withHeader(expired, "Date", "now"), 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			transport := always(test.reply)
			c, _ := newTestClient(transport)
			_, err := c.Executions(t.Context(), 1)
			if e := asError(t, err); e.Code != codeRequestExpired || e.Status != 400 {
				t.Errorf("got %v, want what the server said", err)
			}
			if got := transport.count(nil); got != test.want {
				t.Errorf("%d requests, want %d", got, test.want)
			}
		})
	}
}

// Only that code, in an answer of its status, is about the clock.
func TestOtherRefusalsLeaveTheClock(t *testing.T) {
	t.Parallel()
	date := testNow.Add(time.Hour).Format(http.TimeFormat)
	for name, r := range map[string]reply{
		"other code":   refused(400, "SignatureDoesNotMatch", "RequestExpired"),
		"other status": refused(404, codeRequestExpired, ""),
		"HTML":         htmlPage(400),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, lines := logged(t)
			transport := inTurn(withHeader(r, "Date", date), listOf())
			c, _ := newTestClient(transport)
			if _, err := c.Executions(ctx, 1); err == nil {
				t.Error("got no error")
			}
			if _, err := c.Executions(ctx, 1); err != nil {
				t.Error(err)
			}
			sent := transport.requests()
			verifyRequest(t, sent[len(sent)-1], testNow)
			if len(sent) != 2 || countLines(lines(), clockWarning) != 0 {
				t.Errorf("%d requests and %d warnings, want 2 and none", len(sent), countLines(lines(), clockWarning))
			}
		})
	}
}

func TestClockCorrectionOfManyCallers(t *testing.T) {
	t.Parallel()
	const callers = 50
	ctx, lines := logged(t)
	// No first attempt is answered before all have been made.
	var first sync.WaitGroup
	first.Add(callers)
	transport := skewedServer(func() time.Time { return testNow.Add(-3 * time.Hour) }, 400)
	inner := transport.answer
	transport.answer = func(r request) reply {
		if r.header.Get("x-bce-date") == bceauth.FormatTime(testNow) {
			first.Done()
			first.Wait()
		}
		return inner(r)
	}
	c, _ := newTestClient(transport)
	var all sync.WaitGroup
	for id := range callers {
		all.Go(func() {
			if _, err := c.Executions(ctx, ID(id+1)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := transport.count(nil); got != 2*callers {
		t.Errorf("%d requests, want %d", got, 2*callers)
	}
	if got := countLines(lines(), clockWarning); got != 1 {
		t.Errorf("%d warnings of the clock, want 1", got)
	}
}

// The attempt after a correction can fail like any other.
func TestClockCorrectionThenError(t *testing.T) {
	t.Parallel()
	transport := inTurn(
		withHeader(refused(400, codeRequestExpired, "expired"), "Date", testNow.Add(time.Hour).Format(http.TimeFormat)),
		reply{err: io.EOF},
	)
	c, _ := newTestClient(transport)
	err := c.StartPolicy(t.Context(), 1)
	if !Ambiguous(err) || !errors.Is(err, io.EOF) {
		t.Errorf("got %v, want the ambiguous error of the second attempt", err)
	}
}

// The signer is given the call of a chain, and must not change it: the next
// attempt would carry what the last was signed with.
func TestSigningLeavesTheCall(t *testing.T) {
	t.Parallel()
	cfg, _ := testConfig()
	c := newCall("start policy", http.MethodPost, "/policies/1/start", nil)
	layer := signLayer(func(_ context.Context, signed *call) (*answer, error) {
		if signed.header.Get("Authorization") == "" {
			t.Error("the call is not signed")
		}
		return &answer{status: 200}, nil
	}, cfg)
	if _, err := layer(t.Context(), c); err != nil || c.header != nil {
		t.Errorf("got %v and the header %v", err, c.header)
	}
}

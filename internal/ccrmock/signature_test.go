package ccrmock_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/bceauth"
	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

func TestSignature(t *testing.T) {
	t.Parallel()
	at := time.Date(2020, 7, 13, 8, 52, 7, 0, time.UTC)
	edit := func(from, to string) func(*world, *http.Request) {
		return func(_ *world, r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), from, to, 1))
		}
	}
	tests := map[string]struct {
		code  string // empty for success
		spoil func(*world, *http.Request)
	}{
		"right":                    {"", func(*world, *http.Request) {}},
		"29 minutes late":          {"", func(w *world, r *http.Request) { w.sign(r, at.Add(-29*time.Minute), 0) }},
		"missing":                  {"SignatureEmpty", func(_ *world, r *http.Request) { r.Header.Del("Authorization") }},
		"not bce":                  {"InvalidHTTPAuthHeader", func(_ *world, r *http.Request) { r.Header.Set("Authorization", "Basic YTpi") }},
		"another version":          {"InvalidHTTPAuthHeader", edit("bce-auth-v1", "bce-auth-v2")},
		"bad timestamp":            {"InvalidHTTPAuthHeader", edit("2020-07-13T08:52:07Z", "2020-07-13")},
		"bad expiration":           {"InvalidHTTPAuthHeader", edit("/1800/", "/soon/")},
		"no expiration":            {"InvalidHTTPAuthHeader", edit("/1800/", "/0/")},
		"no date header":           {"InvalidHTTPAuthHeader", func(_ *world, r *http.Request) { r.Header.Del(bceauth.HeaderDate) }},
		"unknown key":              {"InvalidAccessKeyId", edit("mock-access-key", "someone")},
		"wrong secret":             {"SignatureDoesNotMatch", func(w *world, r *http.Request) { w.keys.SecretAccessKey = "x"; w.sign(r, at, 0) }},
		"another expiration":       {"SignatureDoesNotMatch", edit("/1800/", "/1799/")},
		"host not signed":          {"SignatureDoesNotMatch", edit("host;x-bce-date", "x-bce-date")},
		"date not signed":          {"SignatureDoesNotMatch", edit("host;x-bce-date", "host")},
		"signed but not sent":      {"SignatureDoesNotMatch", edit("host;x-bce-date", "content-md5;host;x-bce-date")},
		"signed twice":             {"SignatureDoesNotMatch", edit("host;", "host;host;")},
		"another query":            {"SignatureDoesNotMatch", func(_ *world, r *http.Request) { r.URL.RawQuery = "pageNo=2" }},
		"another path":             {"SignatureDoesNotMatch", func(_ *world, r *http.Request) { r.URL.Path = policies }},
		"another method":           {"SignatureDoesNotMatch", func(_ *world, r *http.Request) { r.Method = http.MethodPost }},
		"another date":             {"SignatureDoesNotMatch", func(_ *world, r *http.Request) { r.Header.Set(bceauth.HeaderDate, "2020-07-13T08:52:08Z") }},
		"token not signed":         {"SignatureDoesNotMatch", func(_ *world, r *http.Request) { r.Header.Set(bceauth.HeaderToken, "x") }},
		"31 minutes late":          {"RequestExpired", func(w *world, r *http.Request) { w.sign(r, at.Add(-31*time.Minute), time.Hour) }},
		"31 minutes early":         {"RequestExpired", func(w *world, r *http.Request) { w.sign(r, at.Add(31*time.Minute), time.Hour) }},
		"past its expiration":      {"RequestExpired", func(w *world, r *http.Request) { w.sign(r, at.Add(-2*time.Minute), time.Minute) }},
		"date header 31 min. late": {"RequestExpired", func(_ *world, r *http.Request) { r.Header.Set(bceauth.HeaderDate, "2020-07-13T08:21:00Z") }},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, ccrmock.WithNow(func() time.Time { return at }))
			w.now = func() time.Time { return at }
			req := w.request(http.MethodGet, registries+"?pageNo=1&keyword=a%20b%2Bc%2F", "")
			tc.spoil(w, req)
			a, err := w.send(req)
			if err != nil {
				t.Fatal(err)
			}
			if tc.code == "" {
				if a.status != http.StatusOK {
					t.Errorf("refused: %s", a.raw)
				}
				return
			}
			if a.code() != tc.code || a.status != ccrmock.AnsweredErrors()[tc.code] {
				t.Errorf("got %d %s, want %s", a.status, a.raw, tc.code)
			}
			if id := a.header.Get("x-bce-request-id"); id == "" || a.body["requestId"] != id {
				t.Errorf("request id %q in the header, %v in the body", id, a.body["requestId"])
			}
			if len(a.body) != 3 {
				t.Errorf("error body %s", a.raw)
			}
			if d := a.header.Get("Date"); d != "Mon, 13 Jul 2020 08:52:07 GMT" {
				t.Errorf("date %q is not the server's clock", d)
			}
		})
	}
}

func TestSessionToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ccrmock.WithSessionToken("token/+= 1"), ccrmock.WithKeys("tmp-key", "tmp-secret"))
	w.keys = bceauth.Credentials{AccessKeyID: "tmp-key", SecretAccessKey: "tmp-secret"}
	w.refused("AccessDenied", http.MethodGet, registries, "")
	for token, status := range map[string]int{"token/+= 1": 200, "another": 403} {
		a := w.do(http.MethodGet, registries, "", bceauth.Pair{Name: bceauth.HeaderToken, Value: token})
		if a.status != status {
			t.Errorf("token %q: %s", token, a.raw)
		}
	}
	// A mismatch shows the canonical request, but not the token in it.
	w.keys.SecretAccessKey = "wrong"
	a := w.do(http.MethodGet, registries, "", bceauth.Pair{Name: bceauth.HeaderToken, Value: "hush"})
	if a.code() != "SignatureDoesNotMatch" || strings.Contains(a.raw, "hush") {
		t.Errorf("got %s", a.raw)
	}
}

func TestRequestIDsDiffer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	seen := map[string]bool{}
	for range 5 {
		id := w.ok(http.MethodGet, registries, "").header.Get("x-bce-request-id")
		if len(id) != 36 || seen[id] {
			t.Errorf("request id %q", id)
		}
		seen[id] = true
	}
}

package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflogtest"
)

// The credentials of every client under test. They hold what JSON escapes, so
// that an escaped copy is looked for too.
const (
	testSecretKey    = `secret-key-"\<&>`
	testSessionToken = `session-token-"\<&>`
	testAccessSecret = `access-secret-"\<&>`
)

var testNow = time.Date(2026, time.January, 2, 3, 4, 5, 0, time.UTC)

// outside is the clock of a client under test: sleeping moves it at once.
type outside struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
}

func (o *outside) Now() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.now
}

func (o *outside) Sleep(ctx context.Context, d time.Duration) error {
	o.advance(d)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.slept = append(o.slept, d)
	return ctx.Err()
}

func (o *outside) advance(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.now = o.now.Add(d)
}

func (o *outside) sleeps() []time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]time.Duration(nil), o.slept...)
}

func testConfig() (Config, *outside) {
	o := &outside{now: testNow}
	return Config{
		Endpoint:       &url.URL{Scheme: "https", Host: "ccr.test"},
		AccessKey:      "access-key",
		SecretKey:      testSecretKey,
		SessionToken:   testSessionToken,
		UserAgent:      "test/1",
		RequestTimeout: DefaultRequestTimeout,
		MaxRetries:     2,
		Now:            o.Now,
		Sleep:          o.Sleep,
	}, o
}

// newTestClient returns a client whose requests transport answers.
func newTestClient(transport http.RoundTripper, change ...func(*Config)) (*Client, *outside) {
	cfg, o := testConfig()
	cfg.Transport = transport
	for _, f := range change {
		f(&cfg)
	}
	return New(cfg), o
}

// request is what a client sent.
type request struct {
	method, path string
	query        url.Values
	header       http.Header
	host         string
	body         string
}

func (r request) String() string { return r.method + " " + r.path }

// pageNo is the page a list request asks for, 0 when it asks for none.
func (r request) pageNo() int {
	n, _ := strconv.Atoi(r.query.Get("pageNo"))
	return n
}

func (r request) isList() bool { return r.method == http.MethodGet }

func (r request) isPost() bool { return r.method == http.MethodPost }

// reply is what a server answers: an error means no answer at all.
type reply struct {
	status int // 0 is 200
	header http.Header
	body   string
	// cut ends the body too early.
	cut bool
	err error
}

func (r reply) response(req *http.Request) (*http.Response, error) {
	if r.err != nil {
		return nil, r.err
	}
	header := r.header
	if header == nil {
		header = http.Header{"Content-Type": {"application/json"}}
	}
	var body io.Reader = strings.NewReader(r.body)
	if r.cut {
		body = io.MultiReader(body, failingReader{io.ErrUnexpectedEOF})
	}
	return &http.Response{
		StatusCode: max(r.status, 0) + map[bool]int{true: http.StatusOK}[r.status == 0],
		Header:     header, Body: io.NopCloser(body), Request: req,
	}, nil
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

// journal is an http.RoundTripper that notes what was sent and lets answer make
// the replies.
type journal struct {
	answer func(request) reply

	mu   sync.Mutex
	sent []request
}

func (j *journal) RoundTrip(req *http.Request) (*http.Response, error) {
	r := request{method: req.Method, path: req.URL.Path, query: req.URL.Query(), header: req.Header.Clone(), host: req.URL.Host}
	if req.Body != nil {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		r.body = string(body)
	}
	j.mu.Lock()
	j.sent = append(j.sent, r)
	j.mu.Unlock()
	return j.answer(r).response(req)
}

func (j *journal) requests() []request {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]request(nil), j.sent...)
}

// count is how many of the requests sent satisfy is; nil counts all.
func (j *journal) count(is func(request) bool) int {
	n := 0
	for _, r := range j.requests() {
		if is == nil || is(r) {
			n++
		}
	}
	return n
}

// always answers every request with the same reply.
func always(r reply) *journal { return &journal{answer: func(request) reply { return r }} }

// inTurn answers with one reply after the other, and with the last for ever.
func inTurn(replies ...reply) *journal {
	var mu sync.Mutex
	return &journal{answer: func(request) reply {
		mu.Lock()
		defer mu.Unlock()
		r := replies[0]
		if len(replies) > 1 {
			replies = replies[1:]
		}
		return r
	}}
}

func mutated(action, target string) reply {
	return reply{body: fmt.Sprintf(`{"action":%q,"targetName":%q}`, action, target)}
}

func refused(status int, code, message string) reply {
	body, err := json.Marshal(errorBody{RequestID: "req-1", Code: code, Message: message})
	if err != nil {
		panic(err)
	}
	return reply{status: status, body: string(body)}
}

func htmlPage(status int) reply {
	return reply{
		status: status,
		header: http.Header{"Content-Type": {"text/html; charset=utf-8"}},
		body:   "<html><body>Bad Gateway</body></html>",
	}
}

func withHeader(r reply, name, value string) reply {
	r.header = r.header.Clone()
	if r.header == nil {
		r.header = http.Header{}
	}
	r.header.Set(name, value)
	return r
}

// listOf is a whole list of the items, each a value that encodes as the API's.
func listOf(items ...any) reply { return listPage(items, 1, len(items)) }

// listPage is one page of the items, of which the server claims total.
func listPage(items []any, number, total int) reply {
	from := min((number-1)*pageSize, len(items))
	to := min(from+pageSize, len(items))
	part := items[from:to]
	if part == nil {
		part = []any{}
	}
	body, err := json.Marshal(map[string]any{
		"result": part, "orders": nil, "orderBy": nil, "order": nil,
		"pageNo": number, "pageSize": pageSize, "totalCount": total,
	})
	if err != nil {
		panic(err)
	}
	return reply{body: string(body)}
}

// object is an item of a list, as the API would write it.
type object = map[string]any

func registryObject(id int64, name string) object {
	return object{
		"id": id, "name": name, "url": "https://hub.test", "type": "docker-registry", "description": "", "insecure": false,
		"credential": object{"type": "basic", "accessKey": nil, "accessSecret": nil}, "status": nil,
		"creationTime": "2020-06-19T03:24:18Z", "updateTime": "2020-06-19T03:24:18Z",
	}
}

func policyObject(id int64, name string) object {
	return object{
		"id": id, "name": name, "description": "", "pullBase": true, "srcRegistry": "hub", "destProjectName": "public",
		"triggerType": "manual", "override": true, "enabled": true, "executionTimes": 0,
		"creationTime": "2020-06-19T06:12:23Z", "updateTime": "2020-06-19T06:12:23Z",
	}
}

func executionObject(id, policy int64, status string) object {
	return object{"id": id, "policyId": policy, "status": status, "statusText": "", "trigger": "manual", "total": 1}
}

func registryInput(name string) RegistryInput {
	return RegistryInput{
		Type: "docker-registry", Name: name, URL: "https://hub.test",
		Credential: Credential{AccessKey: "user", AccessSecret: testAccessSecret, Type: "basic"},
	}
}

func policyInput(name string) PolicyInput {
	return PolicyInput{
		Trigger: Trigger{Type: "manual"}, Name: name, SrcRegistry: Source{ID: 1}, DestProjectName: "public", Override: true,
		Filters: []Filter{{Type: FilterName, Value: "cce/image"}},
	}
}

// holding is a server of lists alone, each with the objects that the function
// returns when it is asked.
func holding(objects func(path string) []any) *journal {
	return &journal{answer: func(r request) reply {
		items := objects(r.path)
		return listPage(items, r.pageNo(), len(items))
	}}
}

// numbered returns what example returns for the ids 1 to n.
func numbered(n int, example func(int64) object) []any {
	var objects []any
	for id := range n {
		objects = append(objects, example(int64(id+1)))
	}
	return objects
}

// syncBuffer is a bytes.Buffer for several writers.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// logged returns a context whose log is kept, and what reads it.
func logged(t *testing.T) (ctx context.Context, lines func() []map[string]any) {
	t.Helper()
	var buffer syncBuffer
	return tflogtest.RootLogger(t.Context(), &buffer), func() []map[string]any {
		entries, err := tflogtest.MultilineJSONDecode(strings.NewReader(buffer.String()))
		if err != nil {
			t.Fatalf("read log: %v", err)
		}
		return entries
	}
}

// asError returns the *Error that err must hold.
func asError(t *testing.T, err error) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v (%T), want an *Error", err, err)
	}
	return e
}

// mustHold fails the test unless err's text holds every one of the parts.
func mustHold(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("got no error")
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not say %q", err, part)
		}
	}
}

// clientOf returns a client of a real server; its time is not real.
func clientOf(t *testing.T, server *httptest.Server, transport http.RoundTripper, change ...func(*Config)) *Client {
	t.Helper()
	endpoint, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	c, _ := newTestClient(transport, append([]func(*Config){func(cfg *Config) { cfg.Endpoint = endpoint }}, change...)...)
	return c
}

package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// startError is the error of a start that r answers.
func startError(t *testing.T, r reply) *Error {
	t.Helper()
	c, _ := newTestClient(always(r), func(cfg *Config) { cfg.MaxRetries = 0 })
	return asError(t, c.StartPolicy(t.Context(), 7))
}

func TestErrors(t *testing.T) {
	t.Parallel()
	inHeader := func(r reply) reply { return withHeader(r, headerRequestID, "from-header") }
	tests := []struct {
		name  string
		reply reply
		want  Error
		text  string // after "start policy: POST /v1/ccr/policies/7/start: "
		cause string
	}{
		{
			name: "JSON", reply: refused(412, "PreconditionFailed", "an execution runs"),
			want: Error{Status: 412, Code: "PreconditionFailed", Message: "an execution runs", RequestID: "req-1"},
			text: "HTTP 412 PreconditionFailed: an execution runs (request id req-1)",
		},
		{
			name: "the header's request id comes first", reply: inHeader(refused(404, "NotFound", "no")),
			want: Error{Status: 404, Code: "NotFound", Message: "no", RequestID: "from-header"},
			text: "HTTP 404 NotFound: no (request id from-header)",
		},
		{
			name: "code alone", reply: reply{status: 403, body: `{"code":"AccessDenied"}`},
			want: Error{Status: 403, Code: "AccessDenied"},
			text: "HTTP 403 AccessDenied",
		},
		{
			name: "message alone", reply: reply{status: 400, body: `{"message":"bad name"}`},
			want: Error{Status: 400, Message: "bad name"},
			text: "HTTP 400: bad name",
		},
		{
			name: "HTML", reply: inHeader(htmlPage(502)),
			want: Error{
				Status: 502, RequestID: "from-header",
				Message: `the answer (text/html, 37 bytes) begins "<html><body>Bad Gateway</body></html>"`,
			},
			text: `HTTP 502: the answer (text/html, 37 bytes) begins "<html><body>Bad Gateway</body></html>" (request id from-header)`,
		},
		{
			name: "JSON of another shape", reply: reply{status: 500, body: `{"errors":[{"detail":"boom"}]}`},
			want: Error{Status: 500, Message: `the answer (application/json, 30 bytes) begins "{\"errors\":[{\"detail\":\"boom\"}]}"`},
			text: `HTTP 500: the answer (application/json, 30 bytes) begins "{\"errors\":[{\"detail\":\"boom\"}]}"`,
		},
		{
			name: "empty", reply: reply{status: 503, header: http.Header{}},
			want: Error{Status: 503, Message: "the answer is empty"},
			text: "HTTP 503: the answer is empty",
		},
		{
			name: "no content type", reply: reply{status: 500, header: http.Header{}, body: "oops"},
			want: Error{Status: 500, Message: `the answer (unknown type, 4 bytes) begins "oops"`},
			text: `HTTP 500: the answer (unknown type, 4 bytes) begins "oops"`,
		},
		{
			name: "200 that is no JSON", reply: inHeader(htmlPage(200)),
			want: Error{
				Status: 200, RequestID: "from-header",
				Message: `the answer (text/html, 37 bytes) begins "<html><body>Bad Gateway</body></html>"`,
			},
			text: `HTTP 200: the answer (text/html, 37 bytes) begins "<html><body>Bad Gateway</body></html>": ` +
				"the answer is not what the API documents: invalid character '<' looking for beginning of value (request id from-header)",
			cause: "the answer is not what the API documents: invalid character '<' looking for beginning of value",
		},
		{
			name: "200 with null", reply: inHeader(reply{body: "null"}),
			want: Error{
				Status: 200, RequestID: "from-header", Message: `the answer (unknown type, 4 bytes) begins "null"`,
			},
			text:  `HTTP 200: the answer (unknown type, 4 bytes) begins "null": the answer has no targetName (request id from-header)`,
			cause: "the answer has no targetName",
		},
		{
			name: "200 with an error in it", reply: inHeader(reply{body: `{"code":"X","message":"y"}`}),
			want: Error{
				Status: 200, RequestID: "from-header",
				Message: `the answer (unknown type, 26 bytes) begins "{\"code\":\"X\",\"message\":\"y\"}"`,
			},
			text: `HTTP 200: the answer (unknown type, 26 bytes) begins "{\"code\":\"X\",\"message\":\"y\"}": ` +
				"the answer has no targetName (request id from-header)",
			cause: "the answer has no targetName",
		},
		{
			name: "200 that is empty", reply: reply{},
			want:  Error{Status: 200, Message: "the answer is empty"},
			text:  "HTTP 200: the answer is empty: the answer is not what the API documents: unexpected end of JSON input",
			cause: "the answer is not what the API documents: unexpected end of JSON input",
		},
		{
			name: "cut short", reply: inHeader(reply{status: 409, body: `{"code":`, cut: true}),
			want:  Error{Status: 409, RequestID: "from-header"},
			text:  "HTTP 409: read answer: unexpected EOF (request id from-header)",
			cause: "read answer: unexpected EOF",
		},
		{
			name: "no answer", reply: reply{err: errors.New("connection reset")},
			want:  Error{},
			text:  "connection reset",
			cause: "connection reset",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := startError(t, test.reply)
			test.want.Operation, test.want.Method, test.want.Path = "start policy", "POST", "/v1/ccr/policies/7/start"
			if diff := cmp.Diff(test.want, *got, cmpopts.IgnoreFields(Error{}, "Err"), cmpopts.IgnoreUnexported(Error{})); diff != "" {
				t.Errorf("want (-) and got (+):\n%s", diff)
			}
			if want := "start policy: POST /v1/ccr/policies/7/start: " + test.text; got.Error() != want {
				t.Errorf("text\n got %s\nwant %s", got, want)
			}
			cause := ""
			if got.Err != nil {
				cause = got.Err.Error()
			}
			if cause != test.cause {
				t.Errorf("the cause is %q, want %q", cause, test.cause)
			}
		})
	}
}

// A list says as much of an answer that is none.
func TestListErrors(t *testing.T) {
	t.Parallel()
	r := withHeader(reply{body: `{"code":"X"}`}, headerRequestID, "req-5")
	c, _ := newTestClient(always(r))
	_, err := c.Executions(t.Context(), 1)
	e := asError(t, err)
	if e.Status != 200 || e.RequestID != "req-5" || e.Operation != "list executions" || e.Path != "/v1/ccr/executions" {
		t.Errorf("got %+v", e)
	}
	mustHold(t, err, "no totalCount", `{\"code\":\"X\"}`)
}

// Nothing that a server says writes to the user's terminal or turns its text
// around, wherever it says it.
func TestServerWordsAreTidied(t *testing.T) {
	t.Parallel()
	evil := "a\x1b[31mb\x00c\r\nd\u009be\u202ef\u2066g\u200fh\u061ci\u2028j\x7fk\xffl"
	// Control characters cannot stand in a header, the others can.
	inHeader := "a\u202ef\u2066g\u200fh\u061ci\u009bj\xffl"
	replies := map[string]reply{
		"message":      refused(400, "X", evil),
		"code":         refused(400, evil, "x"),
		"request id":   {status: 400, body: `{"code":"X","requestId":"a\u001b\u202eb"}`},
		"id header":    {status: 400, header: http.Header{headerRequestID: {inHeader}}, body: "{}"},
		"content type": {status: 400, header: http.Header{"Content-Type": {inHeader}}, body: "x"},
		"body":         {status: 500, body: evil},
		"200":          {body: evil},
		"target":       mutated("start", "1\u202e"),
		"network":      {err: errors.New(evil)},
		"cut short":    {header: http.Header{headerRequestID: {inHeader}}, cut: true},
	}
	for name, r := range replies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := newTestClient(always(r), func(cfg *Config) { cfg.MaxRetries = 0 })
			_, err := c.CheckRegistry(t.Context(), 1)
			if err == nil {
				t.Fatal("got no error")
			}
			for _, char := range err.Error() {
				if unicode.IsControl(char) || unicode.Is(unicode.Bidi_Control, char) {
					t.Errorf("%U is in %q", char, err)
				}
			}
			if !utf8.ValidString(err.Error()) {
				t.Errorf("%q is not valid UTF-8", err)
			}
		})
	}
}

func TestLongWordsAreCut(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ü", 100_000)
	for name, r := range map[string]reply{
		"message":      refused(400, "X", long),
		"code":         refused(400, long, "x"),
		"body":         {status: 500, body: long},
		"content type": {status: 500, header: http.Header{"Content-Type": {long}}, body: "x"},
		"id header":    {status: 500, header: http.Header{headerRequestID: {long}}},
		"network":      {err: errors.New(long)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := startError(t, r).Error()
			if runes := utf8.RuneCountInString(text); runes > maxText+200 {
				t.Errorf("the error has %d characters", runes)
			}
			if !strings.Contains(text, "ü…") || strings.Contains(text, "\ufffd") {
				t.Errorf("the error is not cut at a character: %s", text)
			}
		})
	}
	if got := startError(t, refused(400, "X", strings.Repeat("x", maxText))).Message; len(got) != maxText {
		t.Errorf("a message of %d characters became %d", maxText, len(got))
	}
}

// A secret must not show because the cut goes through it, or because spaces
// before it are taken out.
func TestSecretAtTheCut(t *testing.T) {
	t.Parallel()
	for _, at := range []int{150, 195, 199, 780, 795, 1990, 1999} {
		for _, filler := range []string{" ", "x", "ü"} {
			for name, r := range map[string]reply{
				"body":    {status: 500, body: strings.Repeat(filler, at) + testSecretKey},
				"message": refused(400, "X", strings.Repeat(filler, at)+testSecretKey),
			} {
				if text := startError(t, r).Error(); strings.Contains(text, "secr") {
					t.Errorf("%s, %q %d times: part of the secret shows in %s", name, filler, at, text)
				}
			}
		}
	}
}

func TestRedact(t *testing.T) {
	t.Parallel()
	c := &call{secrets: []string{"", `p"w\<&>ü`, "plain"}}
	for text, want := range map[string]string{
		"":                                  "",
		"nothing to hide":                   "nothing to hide",
		`it is p"w\<&>ü!`:                   "it is (redacted)!",
		`it is p\"w\\<&>ü!`:                 "it is (redacted)!",
		`it is p\"w\\\u003c\u0026\u003eü!`:  "it is (redacted)!",
		"it is p&#34;w\\&lt;&amp;&gt;ü!":    "it is (redacted)!",
		"it is p%22w%5C%3C%26%3E%C3%BC!":    "it is (redacted)!",
		"plainplain":                        "(redacted)(redacted)",
		`{"accessSecret":"x","a":"b"}`:      `{"accessSecret":"(redacted)","a":"b"}`,
		`{"accessSecret" : "x\"y","a":"b"}`: `{"accessSecret" : "(redacted)","a":"b"}`,
		`{"accessSecret":"cut sho`:          `{"accessSecret":"(redacted)`,
		`{"accessSecret":null}`:             `{"accessSecret":null}`,
		`accessSecret is required`:          `accessSecret is required`,
		"sent bce-auth-v1/ak/2026-01-02T03:04:05Z/1800/host/abc here": "sent (redacted) here",
		`{"a":"bce-auth-v1/ak/x"}`:                                    `{"a":"(redacted)"}`,
	} {
		if got := c.redact(text); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
	if got := c.redact(`"{\"accessSecret\":\"x\\\"y\",\"a\":1}"`); strings.ContainsAny(got, "xy") {
		t.Errorf("quoted JSON became %s", got)
	}
}

func TestPrintable(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                 "",
		"plain":            "plain",
		"two  \n\t words ": "two words",
		"\x1b[2Jgone":      "[2Jgone",
		"a\u202eb\u2069c":  "a b c",
		"ünïcödé 容器 🙂":     "ünïcödé 容器 🙂",
	} {
		if got := Printable(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func TestKindsOfErrors(t *testing.T) {
	t.Parallel()
	rejected := func(status int) error {
		return newCall("delete registry", http.MethodDelete, "/registries/1", nil).rejected(&answer{status: status, header: http.Header{}})
	}
	tests := []struct {
		name                       string
		err                        error
		ambiguous, conflict, inUse bool
	}{
		{"nil", nil, false, false, false},
		{"another error", errors.New("HTTP 409"), false, false, false},
		{"400", rejected(400), false, false, false},
		{"404", rejected(404), false, false, false},
		{"409", rejected(409), false, true, false},
		{"412", rejected(412), false, false, true},
		{"500", rejected(500), true, false, false},
		{"wrapped 409", fmt.Errorf("create: %w", rejected(409)), false, true, false},
		{"wrapped 412", fmt.Errorf("delete: %w", rejected(412)), false, false, true},
		{"wrapped 504", fmt.Errorf("delete: %w", rejected(504)), true, false, false},
		{"unsettled", &UnsettledError{Err: rejected(500)}, true, false, false},
		{"not found", fmt.Errorf("registry 1: %w", ErrNotFound), false, false, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := Ambiguous(test.err); got != test.ambiguous {
				t.Errorf("ambiguous: %t", got)
			}
			if got := Conflict(test.err); got != test.conflict {
				t.Errorf("conflict: %t", got)
			}
			if got := InUse(test.err); got != test.inUse {
				t.Errorf("in use: %t", got)
			}
		})
	}
}

// A read that failed has changed nothing, and what failed for it was not sent.
func TestFailedReadIsNotAmbiguous(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]reply{
		"500": htmlPage(500), "dropped": {err: io.EOF}, "no list": {body: "{}"}, "no JSON": htmlPage(200), "cut": {cut: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			transport := always(r)
			c, _ := newTestClient(transport)
			if _, err := c.Executions(t.Context(), 1); err == nil || Ambiguous(err) {
				t.Errorf("a list: got %v, ambiguous: %t", err, Ambiguous(err))
			}
			_, err := c.CreatePolicy(t.Context(), policyInput("web"))
			if err == nil || Ambiguous(err) {
				t.Errorf("a create before which the list failed: got %v, ambiguous: %t", err, Ambiguous(err))
			}
			mustHold(t, err, `create policy "web"`, "nothing was sent")
			if transport.count(request.isPost) != 0 {
				t.Error("the create was sent")
			}
		})
	}
}

// The cause stays to be asked for, below the words that are fit to be shown.
func TestErrorKeepsItsCause(t *testing.T) {
	t.Parallel()
	cause := errors.New("dial \x1b[31mfailed")
	e := startError(t, reply{err: cause})
	if !errors.Is(e, cause) {
		t.Errorf("%v has lost its cause", e)
	}
	if refusal := startError(t, refused(400, "X", "y")); refusal.Unwrap() != nil {
		t.Errorf("a refusal has the cause %v", refusal.Unwrap())
	}
}

// Nothing that an HTTP status says makes an object gone.
func TestNotFoundIsNeverAStatus(t *testing.T) {
	t.Parallel()
	for _, code := range []int{404, 410} {
		c, _ := newTestClient(always(refused(code, "NotFound", "no")))
		for _, read := range []func(context.Context) error{
			func(ctx context.Context) error { _, err := c.Registry(ctx, 1); return err },
			func(ctx context.Context) error { _, err := c.Policy(ctx, 1); return err },
			func(ctx context.Context) error { _, err := c.Execution(ctx, 1, 1); return err },
			func(ctx context.Context) error { _, err := c.RegistryNamed(ctx, "hub"); return err },
			func(ctx context.Context) error { _, err := c.PolicyNamed(ctx, "web"); return err },
		} {
			err := read(t.Context())
			if e := asError(t, err); e.Status != code || errors.Is(err, ErrNotFound) {
				t.Errorf("got %v, want HTTP %d", err, code)
			}
		}
	}
}

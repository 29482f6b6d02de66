package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// traces are the texts that must be in no log line and no error: every secret,
// as it is and as JSON writes it, and what signs a request.
func traces() []string {
	var found []string
	for _, secret := range []string{testSecretKey, testSessionToken, testAccessSecret} {
		escaped, err := json.Marshal(secret)
		if err != nil {
			panic(err)
		}
		found = append(found, secret, strings.Trim(string(escaped), `"`), strings.ReplaceAll(strings.ReplaceAll(secret, `\`, `\\`), `"`, `\"`))
	}
	return append(found, "bce-auth-v1/", "secret-of-another", "secret-key-", "session-token-", "access-secret-")
}

// leaks returns what of traces is anywhere in the value of a log line.
func leaks(value any) []string {
	var found []string
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			found = append(found, leaks(key)...)
			found = append(found, leaks(inner)...)
		}
	case []any:
		for _, inner := range v {
			found = append(found, leaks(inner)...)
		}
	case string:
		for _, trace := range traces() {
			if strings.Contains(v, trace) {
				found = append(found, trace)
			}
		}
	}
	return found
}

// everythingSent is all that a server can say of a request, its headers
// included.
func everythingSent(r request) string {
	var b strings.Builder
	for name, values := range r.header {
		fmt.Fprintf(&b, "%s: %s\n", name, strings.Join(values, ","))
	}
	return b.String() + r.body
}

func TestNoSecretIsLogged(t *testing.T) {
	t.Parallel()
	credential := object{"type": "basic", "accessKey": "user", "accessSecret": `secret-of-another"\` + "\n"}
	jsonHeader := http.Header{"Content-Type": {"application/json"}}
	servers := map[string]func(request) reply{
		"well": func(r request) reply {
			if r.isList() {
				item := registryObject(1, "hub")
				item["credential"], item["srcRegistry"], item["policyId"] = credential, "hub", 1
				return listOf(item)
			}
			return mutated("create", "1")
		},
		"echo in a JSON error":    func(r request) reply { return refused(400, "BadRequest", everythingSent(r)) },
		"echo in an error's code": func(r request) reply { return refused(400, everythingSent(r), "no") },
		"echo in an HTML error": func(r request) reply {
			return reply{status: 502, header: http.Header{"Content-Type": {"text/html"}}, body: "<pre>" + everythingSent(r) + "</pre>"}
		},
		"echo in an answer that is no JSON": func(r request) reply { return reply{body: everythingSent(r)} },
		"echo in an answer of another shape": func(r request) reply {
			body, err := json.Marshal(map[string]string{"error": everythingSent(r)})
			if err != nil {
				panic(err)
			}
			return reply{body: string(body)}
		},
		"echo in the request id": func(r request) reply {
			return reply{status: 500, header: http.Header{headerRequestID: {r.header.Get("Authorization") + testSecretKey + testAccessSecret}}}
		},
		"echo in the content type": func(r request) reply {
			return reply{status: 500, header: http.Header{"Content-Type": {r.header.Get("Authorization") + testSecretKey}}, body: "x"}
		},
		"echo in the error of the network": func(r request) reply { return reply{err: errors.New(everythingSent(r))} },
		"the body sent comes back":         func(r request) reply { return reply{status: 400, header: jsonHeader, body: r.body} },
		"the body sent comes back quoted": func(r request) reply {
			return refused(400, "BadRequest", fmt.Sprintf("cannot read %q", r.body))
		},
		"a list that is none": func(request) reply {
			return reply{body: `{"result":[{"id":1,"credential":{"accessSecret":"secret-of-another"}}]}`}
		},
		"a list cut short": func(request) reply {
			return reply{body: `{"totalCount":1,"result":[{"id":1,"credential":{"accessSecret" : "secret-of-another`}
		},
		"a bad token, spelled out": func(r request) reply {
			return refused(403, "SignatureDoesNotMatch", "the Authorization is "+r.header.Get("Authorization"))
		},
		"a bad password, spelled out": func(r request) reply {
			var sent struct{ Credential Credential }
			_ = json.Unmarshal([]byte(r.body), &sent) // a call without a body has no password
			return refused(400, "BadRequest", "cannot log in with "+sent.Credential.AccessSecret)
		},
	}
	for name, answer := range servers {
		for _, op := range operations {
			t.Run(op.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				ctx, lines := logged(t)
				c, _ := newTestClient(onlyFor(op.request, answer))
				err := op.send(ctx, c)
				got := lines()
				if countLines(got, "CCR request") == 0 {
					t.Error("nothing was logged")
				}
				for _, line := range got {
					if found := leaks(line); found != nil {
						t.Errorf("%q is in the log line %v", found, line)
					}
				}
				if err != nil {
					if found := leaks(err.Error()); found != nil {
						t.Errorf("%q is in the error %v", found, err)
					}
				}
			})
		}
	}
}

// The test above finds secrets only if they are sent at all.
func TestSecretsAreSent(t *testing.T) {
	t.Parallel()
	transport := &journal{answer: func(r request) reply { return mutated("create", "1") }}
	c, _ := newTestClient(transport)
	if err := c.UpdateRegistry(t.Context(), 1, registryInput("hub")); err != nil {
		t.Fatal(err)
	}
	said := everythingSent(transport.requests()[0])
	for _, want := range []string{"bce-auth-v1/", "session-token-", "access-secret-"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q was not sent", want)
		}
	}
}

func TestLogLines(t *testing.T) {
	t.Parallel()
	answer := withHeader(listOf(), headerRequestID, "req-7")
	ctx, lines := logged(t)
	c, _ := newTestClient(always(answer))
	if _, err := c.Executions(ctx, 5); err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{
		{
			"@level": "debug", "@message": "CCR request", "@module": "provider", "operation": "list executions",
			"method": "GET", "path": "/v1/ccr/executions", "query_pageNo": "1", "query_pageSize": "100", "query_policyId": "5",
			"status": 200.0, "request_id": "req-7", "duration_ms": 0.0,
		},
		{
			"@level": "trace", "@message": "CCR answer body", "@module": "provider", "operation": "list executions",
			"body": answer.body,
		},
	}
	if diff := cmp.Diff(want, lines()); diff != "" {
		t.Errorf("log, want (-) and got (+):\n%s", diff)
	}
}

func TestLogOfBodies(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		send       func(context.Context, *Client) error
		sent, came int
	}{
		"policy":   {func(ctx context.Context, c *Client) error { return c.UpdatePolicy(ctx, 1, policyInput("web")) }, 1, 1},
		"registry": {func(ctx context.Context, c *Client) error { return c.UpdateRegistry(ctx, 1, registryInput("hub")) }, 0, 0},
		"no body":  {func(ctx context.Context, c *Client) error { return c.DeletePolicy(ctx, 1) }, 0, 1},
		// Nothing to read: what counts is that a list was answered at all.
		"list of policies":   {func(ctx context.Context, c *Client) error { _, _ = c.Policies(ctx); return nil }, 0, 1},
		"list of registries": {func(ctx context.Context, c *Client) error { _, _ = c.Registries(ctx, RegistryQuery{}); return nil }, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, lines := logged(t)
			c, _ := newTestClient(always(mutated("update", "1")))
			if err := test.send(ctx, c); err != nil {
				t.Fatal(err)
			}
			if got := countLines(lines(), "CCR request body"); got != test.sent {
				t.Errorf("%d bodies sent are logged, want %d", got, test.sent)
			}
			if got := countLines(lines(), "CCR answer body"); got != test.came {
				t.Errorf("%d bodies of answers are logged, want %d", got, test.came)
			}
		})
	}
}

func TestLogWithoutAnswer(t *testing.T) {
	t.Parallel()
	ctx, lines := logged(t)
	c, _ := newTestClient(always(reply{err: io.ErrUnexpectedEOF}), func(cfg *Config) { cfg.MaxRetries = 1 })
	if err := c.DeletePolicy(ctx, 1); err == nil {
		t.Fatal("got no error")
	}
	got := lines()
	if countLines(got, "CCR request without an answer") != 2 || countLines(got, "will be repeated") != 1 {
		t.Errorf("the log is %v, want two attempts and what is between them", got)
	}
	if got[0]["error"] != io.ErrUnexpectedEOF.Error() {
		t.Errorf("the log does not say why: %v", got[0])
	}
}

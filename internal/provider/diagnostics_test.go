package provider

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

const secretOfError = `hunter2"\<&>`

var registryOfError = client.RegistryInput{
	Name: "cce", Type: "harbor", URL: "http://hub.example",
	Credential: client.Credential{Type: "basic", AccessKey: "u", AccessSecret: secretOfError},
}

// Calls whose errors are shown.
var (
	callList = func(ctx context.Context, c *client.Client) error {
		_, err := c.Registry(ctx, 1)
		return err
	}
	callCreate = func(ctx context.Context, c *client.Client) error {
		_, err := c.CreateRegistry(ctx, registryOfError)
		return err
	}
	callUpdate = func(ctx context.Context, c *client.Client) error { return c.UpdateRegistry(ctx, 1, registryOfError) }
	callDelete = func(ctx context.Context, c *client.Client) error { return c.DeleteRegistry(ctx, 1) }
)

const serverStep = "Next step: check that the provider's endpoint (CCR_ENDPOINT) is CCR's and that no proxy answers for it."

var errorTexts = []struct {
	name  string
	fault ccrmock.Fault
	call  func(context.Context, *client.Client) error
	want  string
}{
	{
		"a server's words", ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "BadRequest", Message: "url must be http or https"}, callUpdate,
		`Server: url must be http or https
Code: BadRequest
Request: PUT /v1/ccr/registries
HTTP status: 400 Bad Request
Request id: ` + requestID(1) + `

Next step: correct what the server names.`,
	},
	{
		"conflict", ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "StatusConflict", Message: "the name is taken"}, callUpdate,
		`Server: the name is taken
Code: StatusConflict
Request: PUT /v1/ccr/registries
HTTP status: 409 Conflict
Request id: ` + requestID(1),
	},
	{
		"gone", ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "NotFound", Message: "there is no registry with the id 1"}, callUpdate,
		`Server: there is no registry with the id 1
Code: NotFound
Request: PUT /v1/ccr/registries
HTTP status: 404 Not Found
Request id: ` + requestID(1) + `

Next step: plan again: it may have been deleted outside Terraform, and the plan then says so.`,
	},
	{
		"no such path", ccrmock.Fault{Kind: ccrmock.FaultBody, Status: 404, Body: "404 page not found\n", Header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}}}, callList,
		`Server: the answer (text/plain, 19 bytes) begins "404 page not found"
Request: GET /v1/ccr/registries
HTTP status: 404 Not Found
Request id: ` + requestID(1) + "\n\n" + serverStep,
	},
	{
		"wrong access key", ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "InvalidAccessKeyId", Message: "nobody has it"}, callDelete,
		`Server: nobody has it
Code: InvalidAccessKeyId
Request: DELETE /v1/ccr/registries/1
HTTP status: 403 Forbidden
Request id: ` + requestID(1) + `

Next step: check the provider's access_key (BAIDUCLOUD_ACCESS_KEY or BCE_ACCESS_KEY_ID): CCR does not know it.`,
	},
	{
		"wrong secret key", ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "SignatureDoesNotMatch", Message: "another signature"}, callDelete,
		`Server: another signature
Code: SignatureDoesNotMatch
Request: DELETE /v1/ccr/registries/1
HTTP status: 400 Bad Request
Request id: ` + requestID(1) + `

Next step: check the provider's secret_key (BAIDUCLOUD_SECRET_KEY or BCE_SECRET_ACCESS_KEY): it does not belong to the access key. With temporary credentials check session_token too.`,
	},
	{
		"wrong clock", ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "RequestExpired", Message: "too old"}, callDelete,
		`Server: too old
Code: RequestExpired
Request: DELETE /v1/ccr/registries/1
HTTP status: 400 Bad Request
Request id: ` + requestID(2) + `

Next step: set this machine's clock: it is more than 30 minutes off, and the server's own time could not be used instead.`,
	},
	{
		"no permission", ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "AccessDenied", Message: "not yours"}, callDelete,
		`Server: not yours
Code: AccessDenied
Request: DELETE /v1/ccr/registries/1
HTTP status: 403 Forbidden
Request id: ` + requestID(1) + `

Next step: give the owner of the access key permission for CCR, or use another key.`,
	},
	{
		"403 without a code", ccrmock.Fault{Kind: ccrmock.FaultBody, Status: 403}, callDelete,
		`Server: the answer is empty
Request: DELETE /v1/ccr/registries/1
HTTP status: 403 Forbidden
Request id: ` + requestID(1) + `

Next step: check the provider's access_key and secret_key, and their permissions for CCR.`,
	},
	{
		"quota", ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "QuotaExceed", Message: "20 registries at most", Method: "POST"}, callCreate,
		`Server: 20 registries at most
Code: QuotaExceed
Request: POST /v1/ccr/registries
HTTP status: 412 Precondition Failed
Request id: ` + requestID(2) + `

Next step: delete what is no longer needed, or ask Baidu AI Cloud for a larger quota.`,
	},
	{
		"throttled", ccrmock.Fault{Kind: ccrmock.FaultStatus, Status: 429, Message: "slow down"}, callDelete,
		`Server: slow down
Code: TooManyRequests
Request: DELETE /v1/ccr/registries/1
HTTP status: 429 Too Many Requests
Request id: ` + requestID(3) + `

Next step: try again later, or set the provider's requests_per_second to stay below the server's limit.`,
	},
	{
		"500", ccrmock.Fault{Kind: ccrmock.FaultStatus, Status: 500, Message: "oops"}, callDelete,
		`Server: oops
Code: InternalError
Request: DELETE /v1/ccr/registries/1
HTTP status: 500 Internal Server Error
Request id: ` + requestID(3) + `

Next step: try again later; if it goes on, give the request id to Baidu AI Cloud's support.`,
	},
	{
		"HTML 502 that repeats the request", ccrmock.Fault{
			Kind: ccrmock.FaultBody, Status: 502, Header: http.Header{"Content-Type": {"text/html"}},
			Body: "<html>\n<b>Bad gateway</b>\x1b[31m " + `{"accessSecret":"hunter2\"\\<&>"} Authorization: bce-auth-v1/mock-access-key/2026-01-01T00:00:00Z/1800/host/0123abcd mock-secret-key</html>`,
		}, callUpdate,
		`Server: the answer (text/html, 170 bytes) begins "<html> <b>Bad gateway</b> [31m {\"accessSecret\":\"(redacted)\"} Authorization: (redacted) (redacted)</html>"
Request: PUT /v1/ccr/registries
HTTP status: 502 Bad Gateway
Request id: ` + requestID(3) + `

Next step: try again later; if it goes on, give the request id to Baidu AI Cloud's support.`,
	},
	{
		"redirect", ccrmock.Fault{Kind: ccrmock.FaultBody, Status: 302, Header: http.Header{"Location": {"https://login.example/"}}}, callList,
		`Server: the answer is empty
Request: GET /v1/ccr/registries
HTTP status: 302 Found
Request id: ` + requestID(1) + `

Next step: check the provider's endpoint (CCR_ENDPOINT): it redirects, and a signed request is never sent on to another host.`,
	},
	{
		"a page to log in", ccrmock.Fault{Kind: ccrmock.FaultBody, Status: 200, Body: "<html>Log in</html>", Header: http.Header{"Content-Type": {"text/html"}}}, callList,
		`Reason: the answer is not what the API documents: invalid character '<' looking for beginning of value
Server: the answer (text/html, 19 bytes) begins "<html>Log in</html>"
Request: GET /v1/ccr/registries
HTTP status: 200 OK
Request id: ` + requestID(1) + "\n\n" + serverStep,
	},
	{
		"no answer", ccrmock.Fault{Kind: ccrmock.FaultDropBefore}, callDelete,
		`Reason: the connection was closed without an answer
Request: DELETE /v1/ccr/registries/1

Next step: check the network, the proxy and the provider's endpoint (CCR_ENDPOINT). If CCR is only slow, raise request_timeout (CCR_REQUEST_TIMEOUT).`,
	},
	{
		"half an answer", ccrmock.Fault{Kind: ccrmock.FaultTruncateAfter}, callList,
		`Reason: the connection was closed in the middle of the answer
Request: GET /v1/ccr/registries
HTTP status: 200 OK
Request id: ` + requestID(3) + `

Next step: try again; if it goes on, look for a proxy that cuts answers short.`,
	},
	{
		"time-out", ccrmock.Fault{Kind: ccrmock.FaultHangBefore}, callDelete,
		`Reason: no whole answer within the request timeout of 300ms
Request: DELETE /v1/ccr/registries/1

Next step: check the network, the proxy and the provider's endpoint (CCR_ENDPOINT). If CCR is only slow, raise request_timeout (CCR_REQUEST_TIMEOUT).`,
	},
	{
		"a create without an answer", ccrmock.Fault{Kind: ccrmock.FaultDropBefore, Method: "POST"}, callCreate,
		`Outcome: not known; no object has that name yet
Reason: the connection was closed without an answer
Request: POST /v1/ccr/registries

Next step: apply again. If CCR then says that the name is taken, the object was created after all: ` + "`terraform import ccr_registry.<label> 'name=cce'`" + ` takes it over.`,
	},
	{
		"a create without a usable answer", ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "InternalError", Message: "oops", Method: "POST"}, callCreate,
		`Outcome: not known; no object has that name yet
Server: oops
Code: InternalError
Request: POST /v1/ccr/registries
HTTP status: 500 Internal Server Error
Request id: ` + requestID(2) + `

Next step: apply again. If CCR then says that the name is taken, the object was created after all: ` + "`terraform import ccr_registry.<label> 'name=cce'`" + ` takes it over.`,
	},
}

func TestErrorTexts(t *testing.T) {
	t.Parallel()
	const tried = `Could not do it to the registry "cce" (id 1)`
	for _, c := range errorTexts {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := startMock(t)
			c.fault.Times = -1
			m.AddFault(c.fault)
			got := errorDetail(tried, c.call(t.Context(), m.client(t)))
			if diff := cmp.Diff(tried+".\n\n"+c.want, got); diff != "" {
				t.Error(diff)
			}
			for _, secret := range []string{"hunter2", ccrmock.DefaultSecretAccessKey, "bce-auth-v1"} {
				if strings.Contains(got, secret) {
					t.Errorf("%q is in the error", secret)
				}
			}
		})
	}
}

// client is a client of the mock that retries twice.
func (m *testMock) client(t *testing.T) *client.Client {
	t.Helper()
	endpoint, err := url.Parse(m.URL)
	if err != nil {
		t.Fatal(err)
	}
	return client.New(client.Config{
		Endpoint: endpoint, AccessKey: ccrmock.DefaultAccessKeyID, SecretKey: ccrmock.DefaultSecretAccessKey,
		RequestTimeout: 300 * time.Millisecond, MaxRetries: 2, Sleep: quickWorld().sleep,
	})
}

// A create without an answer finds another's object of that name.
func TestErrorTextOfACreateThatFindsAnother(t *testing.T) {
	t.Parallel()
	m := startMock(t, ccrmock.WithFirstID(17))
	m.CreateRegistry(ccrmock.Registry{Name: "cce", URL: "http://other.example"})
	m.AddFault(ccrmock.Fault{Kind: ccrmock.FaultDropBefore, Method: "POST"})
	const want = `Could not create the registry "cce".

Outcome: not known; id 17, which was there before, has that name
Reason: the connection was closed without an answer
Request: POST /v1/ccr/registries

Next step: look at id 17; if it is the one declared here, take it over with ` + "`terraform import ccr_registry.<label> 17`" + `, else rename this one.`
	if diff := cmp.Diff(want, errorDetail(`Could not create the registry "cce"`, callCreate(t.Context(), m.client(t)))); diff != "" {
		t.Error(diff)
	}
}

func TestErrorTextsWithoutServer(t *testing.T) {
	t.Parallel()
	dead := startMock(t)
	dead.URL = deadURL(t)
	interrupted, interrupt := context.WithCancel(t.Context())
	interrupt()
	expired, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"nobody listens": {callDelete(t.Context(), dead.client(t)), `Reason: dial tcp ` + strings.TrimPrefix(dead.URL, "http://") + `: connect: connection refused
Request: DELETE /v1/ccr/registries/1

Next step: check the network, the proxy and the provider's endpoint (CCR_ENDPOINT). If CCR is only slow, raise request_timeout (CCR_REQUEST_TIMEOUT).`},
		"interrupt": {callDelete(interrupted, dead.client(t)), `Reason: the command was interrupted
Request: DELETE /v1/ccr/registries/1

Next step: run the command again when you are ready.`},
		"timeouts": {callDelete(expired, dead.client(t)), `Reason: the time was up
Request: DELETE /v1/ccr/registries/1

Next step: raise the timeout and run the command again.`},
		"no call": {errors.New("the list changed while its pages were read"), `Reason: the list changed while its pages were read`},
	} {
		if diff := cmp.Diff("Could not do it.\n\n"+c.want, errorDetail("Could not do it", c.err)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Every code of the vendor's that is about access has a next step.
func TestNextSteps(t *testing.T) {
	t.Parallel()
	for _, code := range []string{
		"AccessDenied", "IamSignatureInvalid", "InvalidAccessKeyId", "InvalidHTTPAuthHeader", "OptInRequired",
		"QuotaExceed", "RequestExpired", "SignatureDoesNotMatch", "SignatureEmpty", "Unauthorized",
	} {
		if nextStep(nil, &client.Error{Code: code}) == nextStep(nil, &client.Error{Code: "Unheard"}) {
			t.Errorf("%s has no next step", code)
		}
	}
	for _, err := range []error{http.ErrSchemeMismatch, tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}} {
		if step := nextStep(fmt.Errorf("list: %w", err), &client.Error{}); !strings.Contains(step, "speaks plain http") {
			t.Errorf("%v: %q", err, step)
		}
	}
}

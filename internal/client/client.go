// Package client is a typed client of the image-migration API of Baidu AI
// Cloud's Container Registry (CCR), Personal Edition.
//
// An operation (registries.go, policies.go, executions.go) hands a call to a
// chain of layers, outermost first: retry, rate limit, sign, log, transport.
// Each layer sees a whole call and a whole answer, so that a body cut short is
// an error of its attempt like any other. The layers know nothing of the
// operations, and the operations nothing of signing or retrying.
package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/bceauth"
)

// Defaults of [Config].
const (
	DefaultEndpoint       = "https://ccr.baidubce.com"
	DefaultRequestTimeout = 30 * time.Second
	DefaultMaxRetries     = 4
)

// root is where the Personal Edition keeps its collections.
const root = "/v1/ccr"

// Config is what a [Client] is made of.
type Config struct {
	// Endpoint is the scheme and host of the API.
	Endpoint *url.URL
	// AccessKey and SecretKey sign every request; SessionToken comes with
	// temporary credentials.
	AccessKey, SecretKey, SessionToken string
	// UserAgent names this program to the server.
	UserAgent string
	// RequestTimeout bounds one attempt, its body included.
	RequestTimeout time.Duration
	// MaxRetries is how many attempts may follow the first.
	MaxRetries int
	// RequestsPerSecond bounds attempts on the client's side; 0 is no bound.
	RequestsPerSecond float64

	// Transport, Now and Sleep are the outside world. Nil means the real one.
	Transport http.RoundTripper
	Now       func() time.Time
	Sleep     func(context.Context, time.Duration) error
}

// Client talks to one CCR endpoint with one pair of keys. It is safe for
// concurrent use, and only reads that share a Client share listings.
type Client struct {
	send    handler
	secrets []string
	now     func() time.Time
	sleep   func(context.Context, time.Duration) error

	registries *collection[Registry]
	policies   *collection[Policy]

	// ahead is the server's clock minus ours by its last answer, nil before.
	ahead atomic.Pointer[time.Duration]
}

// New returns a client of cfg.Endpoint. It sends nothing.
func New(cfg Config) *Client {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Sleep == nil {
		cfg.Sleep = Sleep
	}
	if cfg.RequestTimeout == 0 {
		cfg.RequestTimeout = DefaultRequestTimeout
	}
	send := transportLayer(cfg)
	send = logLayer(send, cfg.Now)
	send = signLayer(send, cfg)
	send = rateLimitLayer(send, cfg.RequestsPerSecond)
	send = retryLayer(send, cfg)

	c := &Client{
		send:    send,
		secrets: []string{cfg.SecretKey, cfg.SessionToken},
		now:     cfg.Now,
		sleep:   cfg.Sleep,
	}
	c.registries = newCollection("registry", c, c.registryPage(RegistryQuery{}), registryID)
	c.policies = newCollection("policy", c, c.policyPage, policyID)
	return c
}

// Sleep waits for d. When ctx ends first it returns the error of ctx.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// do sends one call and decodes its answer into out. The answer comes back too,
// for the error of a caller that cannot use what is in it.
func (c *Client) do(ctx context.Context, call *call, out any) (*answer, error) {
	call.secrets = append(call.secrets, c.secrets...)
	a, err := c.send(ctx, call)
	if err != nil {
		return nil, call.failed(nil, err)
	}
	if date, err := http.ParseTime(a.header.Get("Date")); err == nil {
		ahead := date.Sub(c.now())
		c.ahead.Store(&ahead)
	}
	if a.status < 200 || a.status > 299 {
		return nil, call.rejected(a)
	}
	if err := json.Unmarshal(a.body, out); err != nil {
		return nil, call.failed(a, fmt.Errorf("the answer is not what the API documents: %w", err))
	}
	return a, nil
}

// serverTime is the server's clock, the zero time when it has not told it.
func (c *Client) serverTime() time.Time {
	ahead := c.ahead.Load()
	if ahead == nil {
		return time.Time{}
	}
	return c.now().Add(*ahead)
}

// mutation is what every create, update, delete, start, stop and health check
// answers. Its action is not checked: the API answers "create" to an update.
type mutation struct {
	Action     string  `json:"action"`
	TargetName *target `json:"targetName"`

	answer *answer // what it was read from
}

// mutate sends a call that answers a mutation and returns the answer.
func (c *Client) mutate(ctx context.Context, call *call) (mutation, error) {
	var m mutation
	a, err := c.do(ctx, call, &m)
	if err != nil {
		return mutation{}, err
	}
	m.answer = a
	if m.TargetName == nil {
		return mutation{}, call.failed(a, errors.New("the answer has no targetName"))
	}
	return m, nil
}

// newCall prepares a call whose JSON body is body, or that has none.
func newCall(operation, method, path string, body any) *call {
	c := &call{operation: operation, method: method, path: root + path, repeatable: method != http.MethodPost}
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil { // only strings, numbers and booleans get here
			panic(err)
		}
		c.body = data
	}
	return c
}

func pair(name, value string) bceauth.Pair { return bceauth.Pair{Name: name, Value: value} }

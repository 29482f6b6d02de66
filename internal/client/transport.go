package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"time"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/bceauth"
)

// maxBody bounds what is read of an answer: a page of 100 objects is far
// below it, and a server that never stops must not fill the memory.
const maxBody = 8 << 20

// errBodyTooLarge is an answer longer than maxBody.
var errBodyTooLarge = fmt.Errorf("the answer is longer than %d MiB", maxBody>>20)

// transportLayer makes one attempt, its body included, within the timeout.
func transportLayer(cfg Config) handler {
	transport := cfg.Transport
	if transport == nil {
		transport = newTransport()
	}
	client := &http.Client{
		Transport: transport,
		// The signature is for one host and path; following would hand
		// credentials to another.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return func(ctx context.Context, c *call) (*answer, error) {
		if err := ctx.Err(); err != nil {
			return nil, &unsentError{err: err}
		}
		attempt, cancel := context.WithTimeout(ctx, cfg.RequestTimeout)
		defer cancel()
		a, err := roundTrip(attempt, client, cfg, c)
		if err != nil && ctx.Err() == nil && attempt.Err() != nil {
			timeout := &timeoutError{after: cfg.RequestTimeout}
			short, ok := errors.AsType[*cutShortError](err)
			if !ok {
				return nil, timeout
			}
			short.err = timeout
		}
		return a, err
	}
}

// newTransport keeps enough connections for Terraform's parallelism and the
// pages that are read side by side.
func newTransport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone() //nolint:errcheck // that is what it is, unless this process changes it
	t.MaxIdleConnsPerHost = 2 * pagesAtOnce
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	return t
}

// timeoutError is an attempt that took longer than the request timeout; the
// server may or may not have processed it.
type timeoutError struct{ after time.Duration }

func (e *timeoutError) Error() string {
	return fmt.Sprintf("no whole answer within the request timeout of %s", e.after)
}

func roundTrip(ctx context.Context, client *http.Client, cfg Config, c *call) (*answer, error) {
	target := url.URL{
		Scheme:   cfg.Endpoint.Scheme,
		Host:     cfg.Endpoint.Host,
		Path:     c.path,
		RawPath:  bceauth.EncodePath(c.path),
		RawQuery: bceauth.EncodeQuery(c.query),
	}
	var body io.Reader
	if c.body != nil {
		body = bytes.NewReader(c.body)
	}
	req, err := http.NewRequestWithContext(ctx, c.method, target.String(), body)
	if err != nil {
		return nil, fmt.Errorf("build request: %w", err)
	}
	maps.Copy(req.Header, c.header)
	if c.body != nil {
		req.Header.Set("Content-Type", "application/json;charset=UTF-8")
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", cfg.UserAgent)

	res, err := client.Do(req)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok { // method and URL are in our own error
			err = wrapped.Err
		}
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	if err != nil {
		return nil, &cutShortError{status: res.StatusCode, requestID: res.Header.Get(headerRequestID), err: err}
	}
	if len(data) > maxBody {
		return nil, &cutShortError{status: res.StatusCode, requestID: res.Header.Get(headerRequestID), err: errBodyTooLarge}
	}
	return &answer{status: res.StatusCode, header: res.Header, body: data}, nil
}

// cutShortError is an answer whose status came but whose body did not.
type cutShortError struct {
	status    int
	requestID string
	err       error
}

func (e *cutShortError) Error() string { return fmt.Sprintf("read answer: %v", e.err) }
func (e *cutShortError) Unwrap() error { return e.err }

package ccrmock

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

const (
	dialTimeout   = 10 * time.Second
	answerTimeout = 30 * time.Second
)

// upstream is a connection to a source registry.
type upstream struct {
	registry  name.Registry
	url       *url.URL
	auth      authn.Authenticator
	secret    string
	transport *schemeTransport
	puller    *remote.Puller
}

// connect prepares calls to a registry; hosts are those that have an address of
// their own.
func connect(r Registry, hosts map[string]string) (*upstream, error) {
	u, err := url.Parse(r.URL)
	if err != nil {
		return nil, fmt.Errorf("source url: %w", err)
	}
	var opts []name.Option
	if u.Scheme == "http" {
		opts = append(opts, name.Insecure)
	}
	registry, err := name.NewRegistry(u.Host, opts...)
	if err != nil {
		return nil, fmt.Errorf("source url: %w", err)
	}
	up := &upstream{registry: registry, url: u, auth: authn.Anonymous, secret: r.AccessSecret}
	if r.AccessKey != "" || r.AccessSecret != "" {
		up.auth = &authn.Basic{Username: r.AccessKey, Password: r.AccessSecret}
	}
	up.transport = &schemeTransport{scheme: u.Scheme, host: registry.RegistryStr(), base: &http.Transport{
		Proxy: func(req *http.Request) (*url.URL, error) {
			if hosts[req.URL.Hostname()] != "" {
				return nil, nil //nolint:nilnil // no proxy
			}
			return http.ProxyFromEnvironment(req)
		},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if host, _, err := net.SplitHostPort(address); err == nil && hosts[host] != "" {
				address = hosts[host]
			}
			return (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, network, address)
		},
		TLSHandshakeTimeout:   dialTimeout,
		ResponseHeaderTimeout: answerTimeout,
		ForceAttemptHTTP2:     true,
		TLSClientConfig:       &tls.Config{InsecureSkipVerify: r.Insecure}, //nolint:gosec // what the registry asks for
	}}
	up.puller, err = remote.NewPuller(append(onceOnly(), remote.WithTransport(up.transport), remote.WithAuth(up.auth))...)
	if err != nil {
		return nil, fmt.Errorf("source registry %s: %w", u.Host, err)
	}
	return up, nil
}

// onceOnly turns off retries: what fails once is what a test wants to see.
func onceOnly() []remote.Option {
	return []remote.Option{
		remote.WithRetryBackoff(remote.Backoff{Steps: 1}),
		remote.WithRetryPredicate(func(error) bool { return false }),
		remote.WithRetryStatusCodes(),
	}
}

func (up *upstream) close() { up.transport.base.CloseIdleConnections() }

// ping logs in and calls the registry's base path.
func (up *upstream) ping(ctx context.Context) error {
	rt, err := transport.NewWithContext(ctx, up.registry, up.auth, up.transport, nil)
	if err != nil {
		return up.explain(err)
	}
	base := url.URL{Scheme: up.url.Scheme, Host: up.registry.RegistryStr(), Path: "/v2/"}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base.String(), http.NoBody)
	if err != nil {
		return up.explain(err)
	}
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return up.explain(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if err := transport.CheckError(resp, http.StatusOK); err != nil {
		return up.explain(err)
	}
	return nil
}

// explain turns an error into a status text that names the host, and never the
// secret even if the source says it back.
func (up *upstream) explain(err error) error {
	text := err.Error()
	if answered, ok := errors.AsType[*transport.Error](err); ok {
		text = fmt.Sprintf("%d %s: %v", answered.StatusCode, http.StatusText(answered.StatusCode), answered)
	} else if failed, ok := errors.AsType[*url.Error](err); ok {
		text = failed.Err.Error() // the URL in front may tell the scheme of a first try
	}
	if up.secret != "" {
		text = strings.ReplaceAll(text, up.secret, "*****")
	}
	return fmt.Errorf("source registry %s: %s", up.registry.RegistryStr(), text)
}

// schemeTransport calls the registry by the scheme of its URL. The library would
// try https first whatever the URL says, and http on loopback whatever it says.
type schemeTransport struct {
	scheme string
	host   string
	base   *http.Transport
}

func (t *schemeTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host == t.host && r.URL.Scheme != t.scheme {
		r = r.Clone(r.Context())
		r.URL.Scheme = t.scheme
	}
	return t.base.RoundTrip(r)
}

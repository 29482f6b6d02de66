package provider

import (
	"bytes"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflogtest"
	"github.com/hashicorp/terraform-plugin-log/tfsdklogtest"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

// bubble is a mock endpoint and whoever talks to it in time of their own: HTTP
// is real, over pipes, and a time-out of 30 seconds or an hour of polling is
// over at once.
type bubble struct {
	*ccrmock.Server
	world     world
	transport *bubbleTransport
}

// inBubble runs test in a bubble. Whatever runs there has to end there.
func inBubble(t *testing.T, test func(*testing.T, *bubble), opts ...ccrmock.Option) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bubble{Server: ccrmock.New(opts...)}
		listener := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
		b.transport = &bubbleTransport{
			next:    &http.Transport{DialContext: listener.dial},
			nowhere: &http.Transport{DialContext: dialNobody},
		}
		b.transport.handler = b.Server
		server := &http.Server{Handler: http.HandlerFunc(b.transport.serve), ErrorLog: log.New(io.Discard, "", 0)}
		go func() { _ = server.Serve(listener) }()
		t.Cleanup(func() {
			b.Close()
			b.transport.next.CloseIdleConnections()
			_ = server.Close()
		})
		b.world = world{
			getenv:    func(string) string { return "" },
			now:       time.Now,
			transport: b.transport,
			sleep:     sleepWithoutJitter,
			poll:      func(look int) time.Duration { return min(firstPoll<<min(look, 4), lastPoll) },
		}
		test(t, b)
	})
}

// client is a client of the mock, without a provider.
func (b *bubble) client() *client.Client {
	return client.New(client.Config{
		Endpoint:  &url.URL{Scheme: "http", Host: "127.0.0.1"},
		AccessKey: ccrmock.DefaultAccessKeyID, SecretKey: ccrmock.DefaultSecretAccessKey,
		MaxRetries: client.DefaultMaxRetries, Transport: b.transport, Sleep: b.world.sleep,
	})
}

// sleepWithoutJitter waits for the longest that a jittered wait can take, so
// that what happens does not depend on chance.
func sleepWithoutJitter(ctx context.Context, d time.Duration) error {
	whole := time.Second
	for whole < d {
		whole *= 2
	}
	for whole/2 >= d && whole > 1 {
		whole /= 2
	}
	return client.Sleep(ctx, whole)
}

// bubbleTransport is how requests get from the provider to the mock.
type bubbleTransport struct {
	next, nowhere *http.Transport
	handler       http.Handler
	// refuse says whether to connect to where nobody listens instead; around
	// wraps the mock. Either may be nil.
	refuse func(*http.Request) bool
	around func(http.Handler, http.ResponseWriter, *http.Request)
}

func (b *bubbleTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if b.refuse != nil && b.refuse(r) {
		return b.nowhere.RoundTrip(r)
	}
	return b.next.RoundTrip(r)
}

func (b *bubbleTransport) serve(w http.ResponseWriter, r *http.Request) {
	if b.around != nil {
		b.around(b.handler, w, r)
		return
	}
	b.handler.ServeHTTP(w, r)
}

// dialNobody is refused by the system: nothing listens there.
func dialNobody(ctx context.Context, _, _ string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "tcp", "127.0.0.1:1")
}

// pipeListener accepts one end of a pipe for each dial.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l *pipeListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	close(l.closed)
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.IPAddr{IP: net.IPv4(127, 0, 0, 1)} }

// traced returns a context in which the provider and the framework log
// everything, and what they log.
func traced(ctx context.Context) (context.Context, *lockedBuffer) {
	log := &lockedBuffer{}
	return tfsdklogtest.RootLogger(tflogtest.RootLogger(ctx, log), log), log
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

package ccrmock

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/bceauth"
)

const maxBodyBytes = 1 << 20

// Server is the mock endpoint. Use [New]; all methods may be called at any time
// and from several goroutines.
type Server struct {
	credentials  bceauth.Credentials
	sessionToken string
	now          func() time.Time
	latency      time.Duration
	namespaces   map[string]bool // nil: every namespace exists
	hosts        map[string]string
	logf         func(format string, args ...any)

	destination http.Handler
	requestIDs  atomic.Uint64

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	work   sync.WaitGroup // goroutines of executions

	hookMu sync.Mutex // one list hook at a time

	mu         sync.Mutex // guards everything below
	closed     bool
	registries collection[Registry]
	policies   collection[Policy]
	executions collection[execution]
	changed    chan struct{} // closed and replaced when something happens that one can wait for
	hold       hold
	scripts    []script
	journal    []*Request
	faults     []*faultRule
	lastFault  int
	onList     func(collection string, pageNo int)
	quirks     quirks
}

// quirks are the ways in which the real service may differ from the defaults.
type quirks struct {
	ignoreKeyword       bool
	srcRegistryAsObject bool
	returnFilters       bool
	inlineChecks        int // full bodies still to be taken as a health check
}

// New returns a Server without any registry, policy or execution.
func New(opts ...Option) *Server {
	s := &Server{
		credentials: bceauth.Credentials{AccessKeyID: DefaultAccessKeyID, SecretAccessKey: DefaultSecretAccessKey},
		now:         time.Now,
		logf:        func(string, ...any) {},
		destination: newMemoryRegistry(),
		changed:     make(chan struct{}),
		hold:        hold{after: -1},
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	WithFirstID(1)(s)
	for _, opt := range opts {
		opt(s)
	}
	return s
}

func newMemoryRegistry() http.Handler {
	return registry.New(registry.Logger(log.New(io.Discard, "", 0)), registry.WithReferrersSupport(true))
}

// Close stops running executions, ends hanging requests, and returns when no
// goroutine is left. Later API requests fail.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.work.Wait()
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/v2" || strings.HasPrefix(r.URL.Path, "/v2/"):
		s.destination.ServeHTTP(w, r)
	case strings.HasPrefix(r.URL.Path, "/_mock/"):
		s.serveControl(w, r)
	default:
		s.serveAPI(w, r)
	}
}

// reply is an answer before it is sent, so that a fault can spoil it.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBodyBytes+1))
	if err != nil {
		panic(http.ErrAbortHandler) // the client is gone
	}
	requestID := s.newRequestID()
	entry := s.journalAdd(r, body)
	fault := s.takeFault(entry, r, body)
	if fault != nil {
		if rep, answered := s.faultBefore(r, fault, requestID); answered {
			s.send(w, rep, entry, requestID)
			return
		}
	}
	rep := s.process(r, body, requestID)
	if fault != nil {
		rep = s.faultAfter(w, r, fault, rep, requestID)
	}
	s.send(w, rep, entry, requestID)
}

// process handles one request as the API would.
func (s *Server) process(r *http.Request, body []byte, requestID string) reply {
	if s.latency > 0 && !s.wait(r.Context(), s.latency) {
		panic(http.ErrAbortHandler)
	}
	result, failure := s.answer(r, body)
	if failure != nil {
		s.logf("%s %s: %s: %s", r.Method, r.URL.Path, failure.code, failure.message)
		return errorReply(statusOfCode(failure.code), failure, requestID)
	}
	s.logf("%s %s: ok", r.Method, r.URL.Path)
	return reply{status: http.StatusOK, body: encode(result)}
}

func (s *Server) answer(r *http.Request, body []byte) (any, *apiError) {
	if s.ctx.Err() != nil {
		return nil, apiErrorf(codeInternalError, "the mock endpoint is closed")
	}
	if failure := s.verify(r); failure != nil {
		return nil, failure
	}
	handle, c, failure := route(r, body)
	if failure != nil {
		return nil, failure
	}
	return handle(s, c)
}

func errorReply(status int, failure *apiError, requestID string) reply {
	return reply{status: status, body: encode(errorBody{RequestID: requestID, Code: failure.code, Message: failure.message})}
}

func encode(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(fmt.Sprintf("encode %T: %v", v, err)) // wire types always encode
	}
	return b.Bytes()
}

func (s *Server) send(w http.ResponseWriter, rep reply, entry *Request, requestID string) {
	s.journalStatus(entry, rep.status)
	s.writeHead(w, rep, requestID)
	_, _ = w.Write(rep.body) // the client may be gone; nobody else to tell
}

func (s *Server) writeHead(w http.ResponseWriter, rep reply, requestID string) {
	h := w.Header()
	h.Set("Content-Type", "application/json;charset=UTF-8")
	h.Set("Date", s.now().UTC().Format(http.TimeFormat))
	h.Set("X-Bce-Request-Id", requestID)
	for name, values := range rep.header {
		h[http.CanonicalHeaderKey(name)] = values
	}
	w.WriteHeader(rep.status)
}

// newRequestID looks like the vendor's ids and tells the order of requests.
func (s *Server) newRequestID() string {
	n := s.requestIDs.Add(1)
	return fmt.Sprintf("%08x-0000-4000-8000-%012x", uint32(n), n)
}

// wait returns whether d went by before ctx or the server ended.
func (s *Server) wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-s.ctx.Done():
	}
	return false
}

package ccrmock

import (
	"context"
	"net/http"
	"path"
	"time"
)

// Request is one API request in the journal.
type Request struct {
	Method   string
	Path     string
	RawQuery string
	// Body may hold secrets, so the control path leaves it out.
	Body string
	// Status is that of the answer, 0 while there is none or when none was sent.
	Status int
	// Fault is the kind of the fault rule that the request met, if any.
	Fault FaultKind
	// Time is when the request arrived, by the server's clock.
	Time time.Time
}

// Requests returns the API requests so far, in the order they arrived.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Request, len(s.journal))
	for i, entry := range s.journal {
		out[i] = *entry
	}
	return out
}

// ResetJournal forgets the requests so far.
func (s *Server) ResetJournal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.journal = nil
}

// Count returns how many requests of the method had a path that fits the
// pattern of [path.Match]. An empty method or pattern fits any.
func (s *Server) Count(method, pattern string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count(method, pattern)
}

// WaitCount returns when [Server.Count] has reached n. A request counts as soon
// as it arrives.
func (s *Server) WaitCount(ctx context.Context, method, pattern string, n int) error {
	return s.await(ctx, func() bool { return s.count(method, pattern) >= n })
}

func (s *Server) count(method, pattern string) int {
	n := 0
	for _, entry := range s.journal {
		if matches(method, pattern, entry.Method, entry.Path) {
			n++
		}
	}
	return n
}

func matches(wantMethod, pattern, method, requestPath string) bool {
	if wantMethod != "" && wantMethod != method {
		return false
	}
	if pattern == "" {
		return true
	}
	ok, err := path.Match(pattern, requestPath)
	return ok && err == nil
}

func (s *Server) journalAdd(r *http.Request, body []byte) *Request {
	entry := &Request{Method: r.Method, Path: r.URL.Path, RawQuery: r.URL.RawQuery, Body: string(body), Time: s.now()}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.journal = append(s.journal, entry)
	s.notify()
	return entry
}

func (s *Server) journalStatus(entry *Request, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	entry.Status = status
}

package ccrmock

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// FaultKind says what goes wrong.
type FaultKind string

// The kinds of faults. Before and after are about the request being processed:
// after means that what it asked for was done. A dropped connection that was
// used before makes Go's own HTTP transport send a GET again by itself.
const (
	FaultStatus        FaultKind = "status"         // answer an API error instead of processing
	FaultBody          FaultKind = "body"           // answer Status, Header and Body instead of processing
	FaultBodyAfter     FaultKind = "body_after"     // process, then answer Status, Header and Body
	FaultDropBefore    FaultKind = "drop_before"    // close the connection instead of processing
	FaultDropAfter     FaultKind = "drop_after"     // process, then close the connection without an answer
	FaultHangBefore    FaultKind = "hang_before"    // neither process nor answer
	FaultHangAfter     FaultKind = "hang_after"     // process, then never answer
	FaultTruncateAfter FaultKind = "truncate_after" // process, then send half of the answer
	FaultDelay         FaultKind = "delay"          // wait for Delay, then go on as usual
)

var faultKinds = []FaultKind{
	FaultStatus, FaultBody, FaultBodyAfter, FaultDropBefore, FaultDropAfter,
	FaultHangBefore, FaultHangAfter, FaultTruncateAfter, FaultDelay,
}

// Fault is a rule that spoils the API requests it matches. They are matched
// before their signature is checked. When several rules match, the one added
// first counts.
type Fault struct {
	Kind FaultKind

	// What must match. An empty value matches everything.
	Method        string
	Path          string // a pattern of path.Match
	QueryContains string // in the raw query, such as "pageNo=2"
	BodyContains  string

	Skip  int // let this many matching requests pass first
	Times int // fire this often: 0 means once, -1 always

	Status  int // of the answer; for FaultStatus by default that of Code
	Code    string
	Message string
	Body    string
	Header  http.Header
	Delay   time.Duration // before anything else, for every kind
}

// faultRule is a Fault in use; the Fault never changes.
type faultRule struct {
	Fault
	id      int
	matched int
	taken   int // requests that it was chosen for
	fired   int // requests that it has spoilt
}

// AddFault adds a rule and returns its id. It panics on a rule that could never
// work, as that is a mistake in the test.
func (s *Server) AddFault(f Fault) int {
	if err := f.validate(); err != nil {
		panic(fmt.Sprintf("ccrmock: %v", err))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastFault++
	s.faults = append(s.faults, &faultRule{Fault: f, id: s.lastFault})
	return s.lastFault
}

// RemoveFault removes one rule.
func (s *Server) RemoveFault(id int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = slices.DeleteFunc(s.faults, func(rule *faultRule) bool { return rule.id == id })
}

// ClearFaults removes all rules.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// FaultFired returns how often a rule fired.
func (s *Server) FaultFired(id int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faultFired(id)
}

// WaitFault returns when a rule has fired n times. For the kinds after, what the
// request asked for is done by then.
func (s *Server) WaitFault(ctx context.Context, id, n int) error {
	return s.await(ctx, func() bool { return s.faultFired(id) >= n })
}

func (s *Server) faultFired(id int) int {
	for _, rule := range s.faults {
		if rule.id == id {
			return rule.fired
		}
	}
	return 0
}

func (f Fault) validate() error {
	if !slices.Contains(faultKinds, f.Kind) {
		return fmt.Errorf("fault kind %q is none of %q", f.Kind, faultKinds)
	}
	if _, err := path.Match(f.Path, ""); err != nil {
		return fmt.Errorf("fault path %q: %w", f.Path, err)
	}
	if f.Status != 0 && (f.Status < 200 || f.Status > 599) {
		return fmt.Errorf("fault status %d is not a final HTTP status", f.Status)
	}
	if f.Kind == FaultStatus && f.Status == 0 && statusOfCode(f.Code) == 0 {
		return fmt.Errorf("fault has neither a status nor a documented code, but %q", f.Code)
	}
	if f.Kind == FaultDelay && f.Delay <= 0 {
		return fmt.Errorf("fault %q has no delay", f.Kind)
	}
	return nil
}

// takeFault returns the rule that r meets, and notes it in the journal.
func (s *Server) takeFault(entry *Request, r *http.Request, body []byte) *faultRule {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, rule := range s.faults {
		if !rule.match(r, body) {
			continue
		}
		rule.matched++
		if rule.matched <= rule.Skip || (rule.Times >= 0 && rule.taken >= max(rule.Times, 1)) {
			continue
		}
		rule.taken++
		entry.Fault = rule.Kind
		return rule
	}
	return nil
}

func (f *Fault) match(r *http.Request, body []byte) bool {
	return matches(f.Method, f.Path, r.Method, r.URL.Path) &&
		strings.Contains(r.URL.RawQuery, f.QueryContains) &&
		bytes.Contains(body, []byte(f.BodyContains))
}

// fire counts a rule whose fault happens now.
func (s *Server) fire(rule *faultRule) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rule.fired++
	s.notify()
}

// faultBefore returns the answer of a fault that replaces the processing.
func (s *Server) faultBefore(r *http.Request, rule *faultRule, requestID string) (rep reply, answered bool) {
	if rule.Delay > 0 && !s.wait(r.Context(), rule.Delay) {
		panic(http.ErrAbortHandler)
	}
	if rule.Kind.after() {
		return reply{}, false
	}
	s.fire(rule)
	switch rule.Kind {
	case FaultStatus:
		return rule.apiReply(requestID), true
	case FaultBody:
		return rule.rawReply(), true
	case FaultDropBefore:
		panic(http.ErrAbortHandler)
	case FaultHangBefore:
		s.hang(r)
	}
	return reply{}, false
}

// faultAfter spoils the answer of a request that was processed.
func (s *Server) faultAfter(w http.ResponseWriter, r *http.Request, rule *faultRule, rep reply, requestID string) reply {
	if !rule.Kind.after() {
		return rep
	}
	s.fire(rule)
	switch rule.Kind {
	case FaultBodyAfter:
		return rule.rawReply()
	case FaultDropAfter:
		panic(http.ErrAbortHandler)
	case FaultHangAfter:
		s.hang(r)
	case FaultTruncateAfter:
		rep.header = http.Header{"Content-Length": {strconv.Itoa(len(rep.body))}}
		s.writeHead(w, rep, requestID)
		_, _ = w.Write(rep.body[:len(rep.body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	return rep
}

func (k FaultKind) after() bool { return strings.HasSuffix(string(k), "_after") }

func (f *Fault) apiReply(requestID string) reply {
	status, code, message := f.Status, f.Code, f.Message
	if status == 0 {
		status = statusOfCode(code)
	}
	if code == "" {
		code = codeOfStatus(status)
	}
	if message == "" {
		message = "a fault rule answered this"
	}
	rep := errorReply(status, &apiError{code: code, message: message}, requestID)
	rep.header = f.Header
	return rep
}

func (f *Fault) rawReply() reply {
	return reply{status: max(f.Status, http.StatusOK), header: f.Header, body: []byte(f.Body)}
}

// hang keeps the connection open until the client or the server gives up.
func (s *Server) hang(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-s.ctx.Done():
	}
	panic(http.ErrAbortHandler)
}

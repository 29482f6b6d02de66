package ccrmock

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// controls is the control path. An error is a bad request.
var controls = map[string]func(*Server, *http.Request) (any, error){
	"GET /_mock/state":               (*Server).controlState,
	"GET /_mock/images":              func(s *Server, _ *http.Request) (any, error) { return s.Images(), nil },
	"GET /_mock/requests":            (*Server).controlRequests,
	"DELETE /_mock/requests":         func(s *Server, _ *http.Request) (any, error) { s.ResetJournal(); return done{}, nil },
	"GET /_mock/faults":              (*Server).controlFaults,
	"POST /_mock/faults":             (*Server).controlAddFault,
	"DELETE /_mock/faults":           func(s *Server, _ *http.Request) (any, error) { s.ClearFaults(); return done{}, nil },
	"POST /_mock/executions/hold":    (*Server).controlHold,
	"POST /_mock/executions/release": func(s *Server, _ *http.Request) (any, error) { s.ReleaseExecutions(); return done{}, nil },
	"POST /_mock/purge":              (*Server).controlPurge,
	"POST /_mock/health-checks": func(s *Server, r *http.Request) (any, error) {
		s.RunHealthChecks(r.Context())
		return done{}, nil
	},
}

type done struct{}

func (s *Server) serveControl(w http.ResponseWriter, r *http.Request) {
	if !fromLoopback(r) {
		http.Error(w, "the control path is for loopback only", http.StatusForbidden)
		return
	}
	control := controls[r.Method+" "+r.URL.Path]
	if control == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	result, err := control(s, r)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		result = map[string]string{"error": err.Error()}
	}
	_, _ = w.Write(encode(result))
}

func fromLoopback(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	ip := net.ParseIP(host)
	return err == nil && ip != nil && ip.IsLoopback()
}

// controlFault is a Fault in JSON: a delay is like "250ms".
type controlFault struct {
	ID            int         `json:"id,omitempty"`
	Fired         int         `json:"fired"`
	Kind          FaultKind   `json:"kind"`
	Method        string      `json:"method,omitempty"`
	Path          string      `json:"path,omitempty"`
	QueryContains string      `json:"queryContains,omitempty"`
	BodyContains  string      `json:"bodyContains,omitempty"`
	Skip          int         `json:"skip,omitempty"`
	Times         int         `json:"times,omitempty"`
	Status        int         `json:"status,omitempty"`
	Code          string      `json:"code,omitempty"`
	Message       string      `json:"message,omitempty"`
	Body          string      `json:"body,omitempty"`
	Header        http.Header `json:"header,omitempty"`
	Delay         string      `json:"delay,omitempty"`
}

func (s *Server) controlAddFault(r *http.Request) (any, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBodyBytes))
	if err != nil {
		return nil, err
	}
	var in controlFault
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		return nil, fmt.Errorf("read a fault: %w", err)
	}
	f := Fault{
		Kind: in.Kind, Method: in.Method, Path: in.Path, QueryContains: in.QueryContains, BodyContains: in.BodyContains,
		Skip: in.Skip, Times: in.Times, Status: in.Status, Code: in.Code, Message: in.Message, Body: in.Body, Header: in.Header,
	}
	if in.Delay != "" {
		if f.Delay, err = time.ParseDuration(in.Delay); err != nil {
			return nil, err
		}
	}
	if err := f.validate(); err != nil {
		return nil, err
	}
	return map[string]int{"id": s.AddFault(f)}, nil
}

func (s *Server) controlFaults(*http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []controlFault{}
	for _, f := range s.faults {
		rule := controlFault{
			ID: f.id, Fired: f.fired, Kind: f.Kind, Method: f.Method, Path: f.Path, QueryContains: f.QueryContains,
			BodyContains: f.BodyContains, Skip: f.Skip, Times: f.Times, Status: f.Status, Code: f.Code,
			Message: f.Message, Body: f.Body, Header: f.Header,
		}
		if f.Delay > 0 {
			rule.Delay = f.Delay.String()
		}
		out = append(out, rule)
	}
	return out, nil
}

func (s *Server) controlRequests(*http.Request) (any, error) {
	type request struct {
		Method string    `json:"method"`
		Path   string    `json:"path"`
		Query  string    `json:"query,omitempty"`
		Status int       `json:"status"`
		Fault  FaultKind `json:"fault,omitempty"`
		Time   time.Time `json:"time"`
	}
	out := []request{}
	for _, r := range s.Requests() {
		out = append(out, request{r.Method, r.Path, r.RawQuery, r.Status, r.Fault, r.Time})
	}
	return out, nil
}

func (s *Server) controlState(*http.Request) (any, error) {
	type policy struct {
		policyItem
		SrcRegistryID int64        `json:"srcRegistryId"`
		Filters       []filterItem `json:"filters"`
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	policies := copies(s.policies.all(nil), func(p *Policy) policy {
		out := policy{policyItem: s.policyItem(p), SrcRegistryID: p.SrcRegistryID, Filters: []filterItem{}}
		for _, f := range p.Filters {
			out.Filters = append(out.Filters, filterItem(f))
		}
		return out
	})
	return map[string]any{
		"registries": copies(s.registries.all(nil), (*Registry).item),
		"policies":   policies,
		"executions": copies(s.executionsOf(0), (*execution).item),
	}, nil
}

func (s *Server) controlHold(r *http.Request) (any, error) {
	after := r.URL.Query().Get("after")
	if after == "" {
		s.HoldExecutions()
		return done{}, nil
	}
	n, err := strconv.Atoi(after)
	if err != nil || n < 0 {
		return nil, fmt.Errorf("after must be a number of images, not %q", after)
	}
	s.HoldAfter(n)
	return done{}, nil
}

func (s *Server) controlPurge(r *http.Request) (any, error) {
	ids := map[string]int64{}
	for _, name := range []string{"policyId", "executionId"} {
		if value := r.URL.Query().Get(name); value != "" {
			id, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("%s must be a number, not %q", name, value)
			}
			ids[name] = id
		}
	}
	if id, one := ids["executionId"]; one {
		purged := 0
		if s.PurgeExecution(id) {
			purged = 1
		}
		return map[string]int{"purged": purged}, nil
	}
	return map[string]int{"purged": s.PurgeExecutions(ids["policyId"])}, nil
}

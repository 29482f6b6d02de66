package ccrmock

import (
	"cmp"
	"fmt"
	"slices"
)

// The methods here read and change what the server holds without a request, as
// somebody else would behind a client's back. They check nothing.

// Registries returns all registries by id, secrets included.
func (s *Server) Registries() []Registry {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := copies(s.registries.all(nil), func(r *Registry) Registry { return *r })
	slices.SortFunc(out, func(a, b Registry) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// CreateRegistry adds a registry and returns its id. An unset type, credential
// type or time gets the usual value.
func (s *Server) CreateRegistry(r Registry) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addRegistry(r)
}

// UpdateRegistry changes a registry and its update time, and says whether it
// exists.
func (s *Server) UpdateRegistry(id int64, change func(*Registry)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.registries.get(id)
	if r == nil {
		return false
	}
	r.UpdateTime = s.now()
	change(r)
	r.ID = id
	return true
}

// DeleteRegistry removes a registry, in use or not, and says whether it existed.
func (s *Server) DeleteRegistry(id int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.registries.remove(id)
}

// SeedRegistries adds n registries named prefix-1 and so on.
func (s *Server) SeedRegistries(n int, prefix string) []int64 {
	ids := make([]int64, n)
	for i := range ids {
		ids[i] = s.CreateRegistry(Registry{Name: fmt.Sprintf("%s-%d", prefix, i+1), URL: "http://127.0.0.1"})
	}
	return ids
}

// Policies returns all policies by id.
func (s *Server) Policies() []Policy {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := copies(s.policies.all(nil), func(p *Policy) Policy {
		c := *p
		c.Filters = slices.Clone(p.Filters)
		return c
	})
	slices.SortFunc(out, func(a, b Policy) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// CreatePolicy adds a policy and returns its id. An unset trigger or time gets
// the usual value.
func (s *Server) CreatePolicy(p Policy) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addPolicy(p)
}

// UpdatePolicy changes a policy and its update time, and says whether it exists.
func (s *Server) UpdatePolicy(id int64, change func(*Policy)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.policies.get(id)
	if p == nil {
		return false
	}
	p.UpdateTime = s.now()
	change(p)
	p.ID = id
	return true
}

// DeletePolicy removes a policy and its executions, stopping those that run, and
// says whether it existed.
func (s *Server) DeletePolicy(id int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dropPolicy(id)
}

// SeedPolicies adds n policies named prefix-1 and so on.
func (s *Server) SeedPolicies(n int, prefix string, srcRegistryID int64) []int64 {
	ids := make([]int64, n)
	for i := range ids {
		ids[i] = s.CreatePolicy(Policy{
			Name:            fmt.Sprintf("%s-%d", prefix, i+1),
			SrcRegistryID:   srcRegistryID,
			DestProjectName: "public",
			Filters:         []Filter{{Type: FilterName, Value: "cce/web"}},
		})
	}
	return ids
}

// Executions returns the executions of a policy, the newest first; of every
// policy when policyID is 0.
func (s *Server) Executions(policyID int64) []Execution {
	s.mu.Lock()
	defer s.mu.Unlock()
	return copies(s.executionsOf(policyID), func(e *execution) Execution { return e.Execution })
}

// CreateExecution records an execution that nothing moves on but a stop and
// [Server.FinishExecution], and returns its id. An unset status means
// InProgress.
func (s *Server) CreateExecution(policyID int64, e Execution) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.policies.get(policyID); p != nil {
		p.ExecutionTimes++
	}
	added := s.executions.add(func(id int64) execution {
		e.ID, e.PolicyID = id, policyID
		e.Status = cmp.Or(e.Status, ExecutionInProgress)
		e.Trigger = cmp.Or(e.Trigger, triggerManual)
		if e.StartTime.IsZero() {
			e.StartTime = s.now()
		}
		return execution{Execution: e, heldIn: -1}
	})
	s.notify()
	return added.ID
}

// PurgeExecutions removes the finished executions of a policy, or of all
// policies when policyID is 0, and returns how many there were.
func (s *Server) PurgeExecutions(policyID int64) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, e := range s.executionsOf(policyID) {
		if e.Status != ExecutionInProgress {
			s.executions.remove(e.ID)
			n++
		}
	}
	return n
}

// PurgeExecution removes one execution, stopping it if it runs, and says whether
// it existed.
func (s *Server) PurgeExecution(id int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dropExecution(id)
}

// IgnoreKeyword makes the list of registries ignore its keyword.
func (s *Server) IgnoreKeyword(on bool) { s.setQuirk(func(q *quirks) { q.ignoreKeyword = on }) }

// SrcRegistryAsObject makes the list of policies tell the source registry as an
// object of id and name instead of the name.
func (s *Server) SrcRegistryAsObject(on bool) {
	s.setQuirk(func(q *quirks) { q.srcRegistryAsObject = on })
}

// ReturnFilters makes the list of policies tell their filters.
func (s *Server) ReturnFilters(on bool) { s.setQuirk(func(q *quirks) { q.returnFilters = on }) }

// TreatNextFullBodyAsCheck makes the next n whole registries that are posted a
// health check, as the documentation has it, instead of a create.
func (s *Server) TreatNextFullBodyAsCheck(n int) {
	s.setQuirk(func(q *quirks) { q.inlineChecks = n })
}

func (s *Server) setQuirk(set func(*quirks)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	set(&s.quirks)
}

func (s *Server) addRegistry(r Registry) int64 {
	return s.registries.add(func(id int64) Registry {
		r.ID = id
		r.Type = cmp.Or(r.Type, registryTypes[0])
		r.CredentialType = cmp.Or(r.CredentialType, credentialBasic)
		if r.CreationTime.IsZero() {
			r.CreationTime = s.now()
		}
		if r.UpdateTime.IsZero() {
			r.UpdateTime = r.CreationTime
		}
		return r
	}).ID
}

func (s *Server) addPolicy(p Policy) int64 {
	return s.policies.add(func(id int64) Policy {
		p.ID = id
		p.TriggerType = cmp.Or(p.TriggerType, triggerManual)
		p.Filters = slices.Clone(p.Filters)
		if p.CreationTime.IsZero() {
			p.CreationTime = s.now()
		}
		if p.UpdateTime.IsZero() {
			p.UpdateTime = p.CreationTime
		}
		return p
	}).ID
}

func (s *Server) dropPolicy(id int64) bool {
	if !s.policies.remove(id) {
		return false
	}
	for _, e := range s.executionsOf(id) {
		s.dropExecution(e.ID)
	}
	return true
}

func (s *Server) dropExecution(id int64) bool {
	e := s.executions.get(id)
	if e == nil {
		return false
	}
	if e.running {
		e.cancel()
	}
	s.executions.remove(id)
	s.notify()
	return true
}

func copies[P, T any](in []*P, copyOf func(*P) T) []T {
	out := make([]T, len(in))
	for i, p := range in {
		out[i] = copyOf(p)
	}
	return out
}

package ccrmock

import (
	"context"
	"strconv"
)

func checkAnswer(healthy bool) mutation {
	return mutation{Action: "checkHealth", TargetName: strconv.FormatBool(healthy)}
}

// probe says why a registry cannot be used now.
func (s *Server) probe(ctx context.Context, r Registry) error {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	up, err := connect(r, s.hosts)
	if err != nil {
		return err
	}
	defer up.close()
	if err := up.ping(ctx); err != nil {
		s.logf("health check of %s: %v", r.Name, err)
		return err
	}
	return nil
}

// checkRegistry probes a registry as it is stored and sets its status.
func (s *Server) checkRegistry(c *call, id int64) (any, *apiError) {
	healthy, ok := s.checkHealth(c.request.Context(), id)
	if !ok {
		return nil, noRegistry(id)
	}
	return checkAnswer(healthy), nil
}

func (s *Server) checkHealth(ctx context.Context, id int64) (healthy, ok bool) {
	s.mu.Lock()
	stored := s.registries.get(id)
	if stored == nil {
		s.mu.Unlock()
		return false, false
	}
	registry := *stored
	s.mu.Unlock()

	healthy = s.probe(ctx, registry) == nil

	s.mu.Lock()
	defer s.mu.Unlock()
	if stored := s.registries.get(id); stored != nil {
		stored.Status = RegistryUnhealthy
		if healthy {
			stored.Status = RegistryHealthy
		}
	}
	return healthy, true
}

// RunHealthChecks checks every registry and sets its status, as the real service
// does in the background.
func (s *Server) RunHealthChecks(ctx context.Context) {
	for _, r := range s.Registries() {
		s.checkHealth(ctx, r.ID)
	}
}

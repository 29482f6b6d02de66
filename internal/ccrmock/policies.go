package ccrmock

import (
	"time"

	"github.com/bmatcuk/doublestar/v4"
)

const triggerManual = "manual"

// Policy is a migration policy as the server holds it.
type Policy struct {
	ID              int64
	Name            string
	Description     string
	SrcRegistryID   int64
	DestProjectName string
	Override        bool
	TriggerType     string // manual unless set
	Filters         []Filter
	Disabled        bool // no operation sets it
	ExecutionTimes  int
	CreationTime    time.Time
	UpdateTime      time.Time
}

// Filter narrows down what a policy migrates; all filters must match.
type Filter struct {
	Type  string // FilterName or FilterTag
	Value string // a doublestar pattern for the whole of it
}

// What a filter looks at: "namespace/repository", or the tag.
const (
	FilterName = "name"
	FilterTag  = "tag"
)

func (s *Server) postPolicy(c *call) (any, *apiError) {
	body, failure := parseBody(c.body)
	if failure != nil {
		return nil, failure
	}
	in, failure := parsePolicy(body)
	if failure != nil {
		return nil, failure
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if failure := s.policyFits(in); failure != nil {
		return nil, failure
	}
	return mutation{Action: "create", TargetName: formatID(s.addPolicy(in))}, nil
}

// putPolicy answers the action create, as documented.
func (s *Server) putPolicy(c *call) (any, *apiError) {
	body, failure := parseBody(c.body)
	if failure != nil {
		return nil, failure
	}
	id := body.id()
	in, failure := parsePolicy(body)
	if failure != nil {
		return nil, failure
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	stored := s.policies.get(id)
	if stored == nil {
		return nil, noPolicy(id)
	}
	in.ID = id
	if failure := s.policyFits(in); failure != nil {
		return nil, failure
	}
	in.Disabled, in.ExecutionTimes = stored.Disabled, stored.ExecutionTimes
	in.CreationTime, in.UpdateTime = stored.CreationTime, s.now()
	*stored = in
	return mutation{Action: "create", TargetName: formatID(id)}, nil
}

func (s *Server) deletePolicy(c *call) (any, *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	policy := s.policies.get(c.id)
	if policy == nil {
		return nil, noPolicy(c.id)
	}
	for _, e := range s.executionsOf(c.id) {
		if e.Status == ExecutionInProgress {
			return nil, apiErrorf(codePreconditionFailed, "the policy %q has a running execution, %d", policy.Name, e.ID)
		}
	}
	s.dropPolicy(c.id)
	return mutation{Action: "delete", TargetName: formatID(c.id)}, nil
}

func (s *Server) startPolicy(c *call) (any, *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	policy := s.policies.get(c.id)
	if policy == nil {
		return nil, noPolicy(c.id)
	}
	if policy.Disabled {
		return nil, apiErrorf(codeBadRequest, "the policy %q is disabled", policy.Name)
	}
	s.start(policy)
	return mutation{Action: "start", TargetName: formatID(c.id)}, nil
}

func (s *Server) listPolicies(c *call) (any, *apiError) {
	w, failure := c.window()
	if failure != nil {
		return nil, failure
	}
	s.mu.Lock()
	page := newListPage(s.policies.all(nil), w, s.policyItem)
	s.mu.Unlock()
	page.OrderBy, page.Order = optional("name"), optional("asc") // said, but not done
	s.listed("policies", w.pageNo)
	return page, nil
}

func (s *Server) policyItem(p *Policy) policyItem {
	item := policyItem{
		ID:              p.ID,
		Name:            p.Name,
		Description:     p.Description,
		PullBase:        true,
		DestProjectName: p.DestProjectName,
		TriggerType:     p.TriggerType,
		Override:        p.Override,
		Enabled:         !p.Disabled,
		ExecutionTimes:  p.ExecutionTimes,
		CreationTime:    formatTime(p.CreationTime),
		UpdateTime:      formatTime(p.UpdateTime),
	}
	source := registryRef{ID: p.SrcRegistryID}
	if r := s.registries.get(p.SrcRegistryID); r != nil {
		source.Name = r.Name
	}
	item.SrcRegistry = source.Name
	if s.quirks.srcRegistryAsObject {
		item.SrcRegistry = source
	}
	if s.quirks.returnFilters {
		for _, f := range p.Filters {
			item.Filters = append(item.Filters, filterItem(f))
		}
	}
	return item
}

// parsePolicy reads a whole policy, and reports what else is in the body.
func parsePolicy(body *object) (Policy, *apiError) {
	source, trigger := body.object("srcRegistry"), body.object("trigger")
	in := Policy{
		Name:            body.text("name"),
		Description:     body.optionalText("description"),
		SrcRegistryID:   source.id(),
		DestProjectName: body.text("destProjectName"),
		Override:        body.flag("override"),
		TriggerType:     trigger.text("type"),
	}
	inner := []*object{source, trigger}
	for _, o := range body.objects("filters") {
		in.Filters = append(in.Filters, Filter{Type: o.text("type"), Value: o.text("value")})
		inner = append(inner, o)
	}
	for _, o := range inner {
		_ = o.end() // notes a problem that body reports
	}
	if failure := body.end(); failure != nil {
		return Policy{}, failure
	}
	failure := in.validate()
	return in, failure
}

func (p *Policy) validate() *apiError {
	switch {
	case p.Name == "":
		return apiErrorf(codeBadRequest, "name must not be empty")
	case p.DestProjectName == "":
		return apiErrorf(codeBadRequest, "destProjectName must not be empty")
	case p.TriggerType != triggerManual:
		return apiErrorf(codeBadRequest, "trigger.type must be %q, not %q", triggerManual, p.TriggerType)
	}
	names := 0
	for i, f := range p.Filters {
		switch f.Type {
		case FilterName:
			names++
		case FilterTag:
		default:
			return apiErrorf(codeBadRequest, "filters[%d].type must be %q or %q, not %q", i, FilterName, FilterTag, f.Type)
		}
		if f.Value == "" || !doublestar.ValidatePattern(f.Value) {
			return apiErrorf(codeBadRequest, "filters[%d].value %q is not a pattern", i, f.Value)
		}
	}
	if names == 0 {
		return apiErrorf(codeBadRequest, "filters must hold one of the type %q", FilterName)
	}
	return nil
}

// policyFits checks in against what else is stored.
func (s *Server) policyFits(in Policy) *apiError {
	if s.registries.get(in.SrcRegistryID) == nil {
		return apiErrorf(codeBadRequest, "srcRegistry.id: there is no registry with the id %d", in.SrcRegistryID)
	}
	taken := s.policies.all(func(p *Policy) bool { return p.Name == in.Name && p.ID != in.ID })
	if len(taken) > 0 {
		return apiErrorf(codeStatusConflict, "the policy name %q is taken", in.Name)
	}
	return nil
}

func noPolicy(id int64) *apiError {
	return apiErrorf(codeNotFound, "there is no policy with the id %d", id)
}

package ccrmock

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

var registryTypes = []string{"docker-registry", "harbor"}

const credentialBasic = "basic"

// Statuses of a registry. Null, here empty, is one that was never checked.
const (
	RegistryHealthy   = "healthy"
	RegistryUnhealthy = "unhealthy"
)

// Registry is a source registry as the server holds it, secret included.
type Registry struct {
	ID             int64
	Name           string
	Type           string // docker-registry unless set
	URL            string
	Description    string
	CredentialType string // basic unless set
	AccessKey      string
	AccessSecret   string
	Insecure       bool   // true skips the verification of certificates
	Status         string // empty until a check
	CreationTime   time.Time
	UpdateTime     time.Time
}

// postRegistry is two operations on one path: a body of an id alone asks for a
// health check. A whole object does too, says the documentation, but nothing in
// it tells that from a create.
func (s *Server) postRegistry(c *call) (any, *apiError) {
	body, failure := parseBody(c.body)
	if failure != nil {
		return nil, failure
	}
	if _, hasID := body.fields["id"]; hasID {
		id := body.id()
		if failure := body.end(); failure != nil {
			return nil, failure
		}
		return s.checkRegistry(c, id)
	}
	in, failure := parseRegistry(body)
	if failure != nil {
		return nil, failure
	}
	if s.takeInlineCheck() {
		return checkAnswer(s.probe(c.request.Context(), in) == nil), nil
	}
	return s.createRegistry(in)
}

func (s *Server) takeInlineCheck() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.quirks.inlineChecks == 0 {
		return false
	}
	s.quirks.inlineChecks--
	return true
}

func (s *Server) createRegistry(in Registry) (any, *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if failure := s.registryNameFree(in.Name, 0); failure != nil {
		return nil, failure
	}
	return mutation{Action: "create", TargetName: formatID(s.addRegistry(in))}, nil
}

func (s *Server) putRegistry(c *call) (any, *apiError) {
	body, failure := parseBody(c.body)
	if failure != nil {
		return nil, failure
	}
	id := body.id()
	in, failure := parseRegistry(body)
	if failure != nil {
		return nil, failure
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	stored := s.registries.get(id)
	if stored == nil {
		return nil, noRegistry(id)
	}
	if failure := s.registryNameFree(in.Name, id); failure != nil {
		return nil, failure
	}
	in.ID, in.Status, in.CreationTime, in.UpdateTime = id, stored.Status, stored.CreationTime, s.now()
	*stored = in
	return mutation{Action: "update", TargetName: formatID(id)}, nil
}

func (s *Server) deleteRegistry(c *call) (any, *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	registry := s.registries.get(c.id)
	if registry == nil {
		return nil, noRegistry(c.id)
	}
	users := s.policies.all(func(p *Policy) bool { return p.SrcRegistryID == c.id })
	if len(users) > 0 {
		return nil, apiErrorf(codePreconditionFailed, "the registry %q is used by the policy %q", registry.Name, users[0].Name)
	}
	s.registries.remove(c.id)
	return mutation{Action: "delete", TargetName: formatID(c.id)}, nil
}

func (s *Server) listRegistries(c *call) (any, *apiError) {
	w, failure := c.window()
	if failure != nil {
		return nil, failure
	}
	if by := c.query["keywordType"]; by != "" && by != "name" {
		return nil, apiErrorf(codeBadRequest, "keywordType must be name, not %q", by)
	}
	kind := c.query["type"]
	if kind != "" && !slices.Contains(registryTypes, kind) {
		return nil, apiErrorf(codeBadRequest, "type must be one of %q, not %q", registryTypes, kind)
	}
	s.mu.Lock()
	keyword := c.query["keyword"]
	if s.quirks.ignoreKeyword {
		keyword = ""
	}
	found := s.registries.all(func(r *Registry) bool {
		return strings.Contains(r.Name, keyword) && (kind == "" || kind == r.Type)
	})
	page := newListPage(found, w, (*Registry).item)
	s.mu.Unlock()
	s.listed("registries", w.pageNo)
	return page, nil
}

func (r *Registry) item() registryItem {
	return registryItem{
		ID:           r.ID,
		URL:          r.URL,
		Name:         r.Name,
		Credential:   maskedCredential{Type: r.CredentialType},
		Type:         r.Type,
		Insecure:     r.Insecure,
		Description:  r.Description,
		Status:       optional(r.Status),
		CreationTime: formatTime(r.CreationTime),
		UpdateTime:   formatTime(r.UpdateTime),
	}
}

// parseRegistry reads a whole registry, and reports what else is in the body.
func parseRegistry(body *object) (Registry, *apiError) {
	credential := body.object("credential")
	in := Registry{
		Name:           body.text("name"),
		Type:           body.text("type"),
		URL:            body.text("url"),
		Description:    body.optionalText("description"),
		CredentialType: credential.text("type"),
		AccessKey:      credential.text("accessKey"),
		AccessSecret:   credential.text("accessSecret"),
		Insecure:       body.flag("insecure"),
	}
	_ = credential.end() // notes a problem that body reports
	if failure := body.end(); failure != nil {
		return Registry{}, failure
	}
	failure := in.validate()
	return in, failure
}

func (r *Registry) validate() *apiError {
	if r.Name == "" {
		return apiErrorf(codeBadRequest, "name must not be empty")
	}
	if !slices.Contains(registryTypes, r.Type) {
		return apiErrorf(codeBadRequest, "type must be one of %q, not %q", registryTypes, r.Type)
	}
	if r.CredentialType != credentialBasic {
		return apiErrorf(codeBadRequest, "credential.type must be %q, not %q", credentialBasic, r.CredentialType)
	}
	if u, err := url.Parse(r.URL); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil {
		return apiErrorf(codeBadRequest, "url must be http or https and a host, not %q", r.URL)
	}
	return nil
}

func (s *Server) registryNameFree(name string, except int64) *apiError {
	taken := s.registries.all(func(r *Registry) bool { return r.Name == name && r.ID != except })
	if len(taken) > 0 {
		return apiErrorf(codeStatusConflict, "the registry name %q is taken", name)
	}
	return nil
}

func noRegistry(id int64) *apiError {
	return apiErrorf(codeNotFound, "there is no registry with the id %d", id)
}

func formatID(id int64) string { return strconv.FormatInt(id, 10) }

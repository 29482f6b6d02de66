package ccrmock

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// Source is a source registry for tests and demonstrations: an OCI registry in
// memory, behind a login. It is an [http.Handler].
type Source struct {
	registry  http.Handler
	username  string
	password  string
	token     bool // bearer tokens instead of basic
	noCatalog bool

	mu     sync.Mutex
	broken map[string]bool // manifest paths
}

// SourceOption configures a [Source].
type SourceOption func(*Source)

// WithLogin asks every reader for this user name and password.
func WithLogin(username, password string) SourceOption {
	return func(s *Source) { s.username, s.password = username, password }
}

// WithTokenLogin is WithLogin by way of a bearer token, as most registries have
// it.
func WithTokenLogin(username, password string) SourceOption {
	return func(s *Source) { s.username, s.password, s.token = username, password, true }
}

// WithoutCatalog makes the registry one that cannot list its repositories, as
// the CCE hub.
func WithoutCatalog() SourceOption {
	return func(s *Source) { s.noCatalog = true }
}

// NewSource returns an empty registry.
func NewSource(opts ...SourceOption) *Source {
	s := &Source{registry: newMemoryRegistry(), broken: map[string]bool{}}
	for _, opt := range opts {
		opt(s)
	}
	return s
}

// ServeHTTP implements [http.Handler].
func (s *Source) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case s.token && r.URL.Path == "/token":
		s.serveToken(w, r)
	case !s.loggedIn(r):
		w.Header().Set("WWW-Authenticate", s.challenge(r))
		refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
	case s.noCatalog && strings.HasSuffix(r.URL.Path, "/_catalog"):
		refuse(w, http.StatusNotFound, "UNSUPPORTED", "this registry has no catalog")
	case s.isBroken(r.URL.Path):
		refuse(w, http.StatusInternalServerError, "UNKNOWN", "the manifest cannot be read")
	default:
		s.registry.ServeHTTP(w, r)
	}
}

func (s *Source) loggedIn(r *http.Request) bool {
	if s.token {
		return same(r.Header.Get("Authorization"), "Bearer "+s.tokenValue())
	}
	return s.username == "" && s.password == "" || s.basic(r)
}

func (s *Source) basic(r *http.Request) bool {
	username, password, ok := r.BasicAuth()
	return ok && same(username, s.username) && same(password, s.password)
}

func (s *Source) challenge(r *http.Request) string {
	if s.token {
		return fmt.Sprintf(`Bearer realm="http://%s/token",service="source"`, r.Host)
	}
	return `Basic realm="source"`
}

func (s *Source) serveToken(w http.ResponseWriter, r *http.Request) {
	if !s.basic(r) {
		refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "wrong user name or password")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(encode(map[string]string{"token": s.tokenValue()}))
}

func (s *Source) tokenValue() string {
	sum := sha256.Sum256([]byte(s.username + "\n" + s.password))
	return hex.EncodeToString(sum[:])
}

// Break makes reading the image "repository:tag" fail until [Source.Mend].
func (s *Source) Break(ref string) { s.setBroken(ref, true) }

// Mend undoes [Source.Break].
func (s *Source) Mend(ref string) { s.setBroken(ref, false) }

func (s *Source) setBroken(ref string, broken bool) {
	repository, tag, err := splitTag(ref)
	if err != nil {
		panic(fmt.Sprintf("ccrmock: %v", err))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken["/v2/"+repository+"/manifests/"+tag] = broken
}

func (s *Source) isBroken(path string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broken[path]
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// refuse answers an error as the OCI distribution specification has it.
func refuse(w http.ResponseWriter, status int, code, message string) {
	type problem struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string][]problem{"errors": {{code, message}}})
}

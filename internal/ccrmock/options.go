package ccrmock

import (
	"time"
)

// The key pair a Server knows unless WithKeys says otherwise.
const (
	DefaultAccessKeyID     = "mock-access-key"
	DefaultSecretAccessKey = "mock-secret-key"
)

// Option configures a [Server].
type Option func(*Server)

// WithKeys sets the key pair that requests must be signed with.
func WithKeys(accessKeyID, secretAccessKey string) Option {
	return func(s *Server) {
		s.credentials.AccessKeyID = accessKeyID
		s.credentials.SecretAccessKey = secretAccessKey
	}
}

// WithSessionToken makes the key pair a temporary one: every request must send
// this token in x-bce-security-token, and sign it.
func WithSessionToken(token string) Option {
	return func(s *Server) { s.sessionToken = token }
}

// WithNow sets the server's clock: it judges a request's time by it, and takes
// the Date header and the times of objects from it.
func WithNow(now func() time.Time) Option {
	return func(s *Server) { s.now = now }
}

// WithLatency makes every API request take at least d.
func WithLatency(d time.Duration) Option {
	return func(s *Server) { s.latency = d }
}

// WithNamespaces says which destination namespaces exist: an execution into any
// other fails. Without it every namespace exists.
func WithNamespaces(names ...string) Option {
	return func(s *Server) {
		s.namespaces = map[string]bool{}
		for _, name := range names {
			s.namespaces[name] = true
		}
	}
}

// WithHost has executions and health checks find the host of a registry's URL,
// such as hub.baidubce.com, at address, which is a host and a port. Without a
// host it does nothing.
func WithHost(host, address string) Option {
	return func(s *Server) {
		if s.hosts == nil {
			s.hosts = map[string]string{}
		}
		s.hosts[host] = address
	}
}

// WithFirstID sets the id of the first registry, the first policy and the first
// execution, 1 by default. Ids only grow.
func WithFirstID(id int64) Option {
	return func(s *Server) {
		s.registries.nextID = id
		s.policies.nextID = id
		s.executions.nextID = id
	}
}

// WithLogf sets where a line for each request and each execution goes. By
// default there is none. No line holds a secret.
func WithLogf(logf func(format string, args ...any)) Option {
	return func(s *Server) { s.logf = logf }
}

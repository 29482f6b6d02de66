package client

import (
	"context"
	"fmt"
	"iter"
	"net/http"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/bceauth"
)

const registriesPath = "/registries"

// RegistryTypes are the kinds of source registry the API takes.
var RegistryTypes = []string{"docker-registry", "harbor"}

// CredentialTypes are the kinds of credential the API takes.
var CredentialTypes = []string{"basic"}

// Registry is a source registry as the API lists it.
type Registry struct {
	ID          ID     `json:"id"`
	Name        string `json:"name"`
	URL         string `json:"url"`
	Type        string `json:"type"`
	Description string `json:"description"`
	Insecure    bool   `json:"insecure"`
	// Credential comes back masked: null, "" or asterisks, never a secret.
	Credential   Credential `json:"credential"`
	Status       string     `json:"status"`
	CreationTime Time       `json:"creationTime"`
	UpdateTime   Time       `json:"updateTime"`
}

// RegistryInput is a whole registry as it is declared.
type RegistryInput struct {
	Type        string     `json:"type"`
	Name        string     `json:"name"`
	Description string     `json:"description"`
	URL         string     `json:"url"`
	Credential  Credential `json:"credential"`
	Insecure    bool       `json:"insecure"`
}

// Credential is how CCR logs in to a source registry.
type Credential struct {
	AccessKey    string `json:"accessKey"`
	AccessSecret string `json:"accessSecret"`
	Type         string `json:"type"`
}

// Format leaves out the secret, so that no verb of fmt prints it by accident.
func (c Credential) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "{%s (secret) %s}", c.AccessKey, c.Type)
}

// RegistryQuery narrows a list on the server.
type RegistryQuery struct {
	// Keyword narrows by name; what exactly it matches is not documented.
	Keyword string
	// Type is one of [RegistryTypes].
	Type string
}

func (q RegistryQuery) pairs() []bceauth.Pair {
	var pairs []bceauth.Pair
	if q.Keyword != "" {
		pairs = append(pairs, pair("keyword", q.Keyword), pair("keywordType", "name"))
	}
	if q.Type != "" {
		pairs = append(pairs, pair("type", q.Type))
	}
	return pairs
}

func (c *Client) registryPage(q RegistryQuery) pager[Registry] {
	return newPager[Registry](c, "list registries", registriesPath, q.pairs())
}

func registryID(r Registry) ID       { return r.ID }
func registryName(r Registry) string { return r.Name }

// CreateRegistry creates a source registry and returns its id: "Create registry
// authorization", POST /v1/ccr/registries.
//
// An answer that is lost is settled by name; see [Client] and DESIGN.md. The
// error is a [*UnsettledError] when it cannot be said whether the registry was
// created, and satisfies [Conflict] when the name is taken.
func (c *Client) CreateRegistry(ctx context.Context, in RegistryInput) (ID, error) {
	call := newCall("create registry", http.MethodPost, registriesPath, in)
	call.protect(in)
	return create(ctx, c, c.registries, call, c.registryCreation(in))
}

func (c *Client) registryCreation(in RegistryInput) creation[Registry] {
	return creation[Registry]{
		name:    in.Name,
		find:    func(ctx context.Context) ([]Registry, error) { return c.RegistriesNamed(ctx, in.Name) },
		same:    func(_ context.Context, r Registry) (bool, error) { return in.matches(r), nil },
		created: func(r Registry) Time { return r.CreationTime },
	}
}

// matches reports whether r is what in would have created, as far as the API
// lets one see.
func (in RegistryInput) matches(r Registry) bool {
	return r.Name == in.Name && r.URL == in.URL && r.Type == in.Type &&
		r.Description == in.Description && r.Insecure == in.Insecure
}

// UpdateRegistry replaces the whole registry, its credential included: "Update
// registry authorization", PUT /v1/ccr/registries with the id in the body.
// Nothing is sent without a secret, as that would wipe the one CCR holds.
func (c *Client) UpdateRegistry(ctx context.Context, id ID, in RegistryInput) error {
	if in.Credential.AccessSecret == "" {
		return fmt.Errorf("update registry %s: refused without a secret: it would wipe the one CCR holds", id)
	}
	call := newCall("update registry", http.MethodPut, registriesPath, struct {
		ID ID `json:"id"`
		RegistryInput
	}{id, in})
	call.protect(in)
	defer c.registries.write()()
	_, err := c.mutate(ctx, call)
	return err
}

func (c *call) protect(in RegistryInput) {
	c.sensitive = true
	c.secrets = append(c.secrets, in.Credential.AccessSecret)
}

// DeleteRegistry deletes a registry; one that is already gone is no error:
// "Delete registry authorization", DELETE /v1/ccr/registries/{registryId}. The
// error satisfies [InUse] when a policy still needs it.
func (c *Client) DeleteRegistry(ctx context.Context, id ID) error {
	defer c.registries.write()()
	_, err := c.mutate(ctx, newCall("delete registry", http.MethodDelete, registriesPath+"/"+id.String(), nil))
	if hasStatus(err, http.StatusNotFound) {
		return nil
	}
	return err
}

// CheckRegistry asks CCR to reach a registry that exists, and reports whether
// it is healthy: "Registry health check", POST /v1/ccr/registries with an id
// alone, which cannot create anything. It also sets the registry's status.
func (c *Client) CheckRegistry(ctx context.Context, id ID) (bool, error) {
	call := newCall("check registry", http.MethodPost, registriesPath, struct {
		ID ID `json:"id"`
	}{id})
	call.repeatable = true
	defer c.registries.write()()
	m, err := c.mutate(ctx, call)
	if err != nil {
		return false, err
	}
	return call.health(m)
}

// CheckNewRegistry asks CCR to reach a registry that does not exist: "Registry
// health check", POST /v1/ccr/registries with a whole registry.
//
// That call is also create. When the server took it for one, the error is a
// [*CreatedByCheckError] with the id that must be deleted; so no registry may
// have the name before.
func (c *Client) CheckNewRegistry(ctx context.Context, in RegistryInput) (bool, error) {
	call := newCall("check new registry", http.MethodPost, registriesPath, in)
	call.protect(in)
	before, err := c.registries.known(ctx)
	if err != nil {
		return false, fmt.Errorf("check new registry %q: nothing was sent: %w", in.Name, err)
	}
	sent := c.serverTime()
	end := c.registries.write()
	m, err := c.mutate(ctx, call)
	end()
	if Ambiguous(err) { // only what a create would adopt may be called created, for it is to be deleted
		if id, adoptErr := adopt(ctx, c, c.registries, before, sent, c.registryCreation(in), err); adoptErr == nil {
			return false, &CreatedByCheckError{ID: id, Name: in.Name}
		}
	}
	if err != nil {
		return false, err
	}
	if id, idErr := ParseID(string(*m.TargetName)); idErr == nil {
		return false, &CreatedByCheckError{ID: id, Name: in.Name}
	}
	return call.health(m)
}

func (c *call) health(m mutation) (bool, error) {
	switch *m.TargetName {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, c.failed(m.answer, fmt.Errorf("the health %q is neither true nor false", string(*m.TargetName)))
}

// CreatedByCheckError is a health check that the server took for a create.
type CreatedByCheckError struct {
	ID   ID
	Name string
}

func (e *CreatedByCheckError) Error() string {
	return fmt.Sprintf("check new registry %q: the server created it as id %s", e.Name, e.ID)
}

// Registry returns the registry with the id, or [ErrNotFound]: a search in
// "Retrieve registry authorization list".
func (c *Client) Registry(ctx context.Context, id ID) (Registry, error) {
	return c.registries.find(ctx, id)
}

// WrittenRegistry is [Client.Registry] for one that this process has just
// written, and so knows the name of.
func (c *Client) WrittenRegistry(ctx context.Context, id ID, name string) (Registry, error) {
	if c.registries.narrows() {
		if r, ok := c.registries.glance(ctx, c.registryPage(RegistryQuery{Keyword: name}), id); ok {
			return r, nil
		}
	}
	return c.Registry(ctx, id)
}

// RecentRegistry is [Client.Registry] without a request where this process has
// seen the registry before, however long ago.
func (c *Client) RecentRegistry(ctx context.Context, id ID) (Registry, error) {
	return c.registries.recall(ctx, id)
}

// Registries returns every registry that satisfies q on the server, in no
// particular order: "Retrieve registry authorization list", GET
// /v1/ccr/registries.
func (c *Client) Registries(ctx context.Context, q RegistryQuery) ([]Registry, error) {
	if q != (RegistryQuery{}) {
		return newCollection("registry", c, c.registryPage(q), registryID).whole(ctx)
	}
	return c.registries.whole(ctx)
}

// RegistriesNamed returns every registry whose name is exactly name, as a
// rule one or none.
func (c *Client) RegistriesNamed(ctx context.Context, name string) ([]Registry, error) {
	if c.registries.narrows() {
		end := c.registries.enter()
		narrowed, err := listAll(ctx, c, c.registryPage(RegistryQuery{Keyword: name}), registryID)
		end()
		if err != nil {
			return nil, err
		}
		if named := filter(narrowed, func(r Registry) bool { return r.Name == name }); len(named) > 0 {
			return named, nil
		}
	}
	// What the keyword matches is not documented: its silence proves nothing.
	return c.registries.named(ctx, name, registryName)
}

// RegistryNamed returns the one registry whose name is exactly name, and
// [ErrNotFound] or an [*AmbiguousNameError] when it is not one.
func (c *Client) RegistryNamed(ctx context.Context, name string) (Registry, error) {
	named, err := c.RegistriesNamed(ctx, name)
	return one(named, err, "registry", name, registryID)
}

// EachRegistry yields every registry that satisfies q, page by page as they
// are asked for.
func (c *Client) EachRegistry(ctx context.Context, q RegistryQuery) iter.Seq2[Registry, error] {
	return each(ctx, c, c.registryPage(q), registryID)
}

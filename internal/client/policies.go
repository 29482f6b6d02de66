package client

import (
	"cmp"
	"context"
	"iter"
	"net/http"
	"slices"
)

const policiesPath = "/policies"

// The values of a policy's fields that the API takes.
var (
	FilterTypes  = []string{FilterName, FilterTag}
	TriggerTypes = []string{"manual"}
)

// The kinds of [Filter].
const (
	FilterName = "name"
	FilterTag  = "tag"
)

// Policy is a migration policy as the API lists it.
type Policy struct {
	ID              ID          `json:"id"`
	Name            string      `json:"name"`
	Description     string      `json:"description"`
	PullBase        bool        `json:"pullBase"`
	SrcRegistry     RegistryRef `json:"srcRegistry"`
	DestProjectName string      `json:"destProjectName"`
	TriggerType     string      `json:"triggerType"`
	Override        bool        `json:"override"`
	Enabled         bool        `json:"enabled"`
	ExecutionTimes  int64       `json:"executionTimes"`
	// Filters are not documented to come back; nil when they did not.
	Filters      []Filter `json:"filters"`
	CreationTime Time     `json:"creationTime"`
	UpdateTime   Time     `json:"updateTime"`
}

// PolicyInput is a whole policy as it is declared.
type PolicyInput struct {
	Trigger         Trigger  `json:"trigger"`
	Name            string   `json:"name"`
	Description     string   `json:"description"`
	SrcRegistry     Source   `json:"srcRegistry"`
	DestProjectName string   `json:"destProjectName"`
	Override        bool     `json:"override"`
	Filters         []Filter `json:"filters"`
}

// Trigger is what starts a policy, one of [TriggerTypes].
type Trigger struct {
	Type string `json:"type"`
}

// Source names the registry a policy reads from.
type Source struct {
	ID ID `json:"id"`
}

// Filter selects images: Value is a pattern for what Type, one of
// [FilterTypes], names.
type Filter struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

func (c *Client) policyPage(ctx context.Context, number int) (page[Policy], error) {
	return newPager[Policy](c, "list policies", policiesPath, nil)(ctx, number)
}

func policyID(p Policy) ID { return p.ID }

// CreatePolicy creates a migration policy and returns its id: "Create migration
// strategy", POST /v1/ccr/policies. Its errors are those of
// [Client.CreateRegistry].
func (c *Client) CreatePolicy(ctx context.Context, in PolicyInput) (ID, error) {
	call := newCall("create policy", http.MethodPost, policiesPath, in)
	return create(ctx, c, c.policies, call, creation[Policy]{
		name: in.Name,
		find: func(ctx context.Context) ([]Policy, error) { return c.PoliciesNamed(ctx, in.Name) },
		same: func(ctx context.Context, p Policy) (bool, error) {
			if !in.matches(p) {
				return false, nil
			}
			source, err := c.SourceID(ctx, p)
			return source == in.SrcRegistry.ID, err
		},
		created: func(p Policy) Time { return p.CreationTime },
	})
}

// matches compares what a list tells of a policy itself, as a rule not its
// filters.
func (in PolicyInput) matches(p Policy) bool {
	return p.Name == in.Name && p.Description == in.Description && p.DestProjectName == in.DestProjectName && p.Override == in.Override &&
		(p.TriggerType == "" || p.TriggerType == in.Trigger.Type) &&
		(p.Filters == nil || slices.Equal(sortedFilters(p.Filters), sortedFilters(in.Filters)))
}

func sortedFilters(filters []Filter) []Filter {
	return slices.SortedFunc(slices.Values(filters), func(a, b Filter) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Value, b.Value))
	})
}

// UpdatePolicy replaces the whole policy: "Update migration strategy", PUT
// /v1/ccr/policies with the id in the body.
func (c *Client) UpdatePolicy(ctx context.Context, id ID, in PolicyInput) error {
	defer c.policies.write()()
	_, err := c.mutate(ctx, newCall("update policy", http.MethodPut, policiesPath, struct {
		ID ID `json:"id"`
		PolicyInput
	}{id, in}))
	return err
}

// DeletePolicy deletes a policy; one that is already gone is no error: "Delete
// migration strategy", DELETE /v1/ccr/policies/{policyId}. The error satisfies
// [InUse] while an execution of it runs.
func (c *Client) DeletePolicy(ctx context.Context, id ID) error {
	defer c.policies.write()()
	_, err := c.mutate(ctx, newCall("delete policy", http.MethodDelete, policiesPath+"/"+id.String(), nil))
	if hasStatus(err, http.StatusNotFound) {
		return nil
	}
	return err
}

// StartPolicy begins an execution of a policy: "Execute migration strategy
// immediately", POST /v1/ccr/policies/{policyId}/start. The answer does not
// name the execution. The error satisfies [Ambiguous] when it may have begun.
func (c *Client) StartPolicy(ctx context.Context, id ID) error {
	defer c.policies.write()()
	_, err := c.mutate(ctx, newCall("start policy", http.MethodPost, policiesPath+"/"+id.String()+"/start", nil))
	return err
}

// Policy returns the policy with the id, or [ErrNotFound]: a search in
// "Retrieve migration strategy list".
func (c *Client) Policy(ctx context.Context, id ID) (Policy, error) {
	return c.policies.find(ctx, id)
}

// Policies returns every policy, in no particular order: "Retrieve migration
// strategy list", GET /v1/ccr/policies.
func (c *Client) Policies(ctx context.Context) ([]Policy, error) {
	return c.policies.whole(ctx)
}

// RecentPolicy is [Client.Policy] without a request where this process has seen
// the policy before, however long ago.
func (c *Client) RecentPolicy(ctx context.Context, id ID) (Policy, error) {
	return c.policies.recall(ctx, id)
}

// PoliciesNamed returns every policy whose name is exactly name, as a rule one
// or none.
func (c *Client) PoliciesNamed(ctx context.Context, name string) ([]Policy, error) {
	return c.policies.named(ctx, name, func(p Policy) string { return p.Name })
}

// PolicyNamed returns the one policy whose name is exactly name, and
// [ErrNotFound] or an [*AmbiguousNameError] when it is not one.
func (c *Client) PolicyNamed(ctx context.Context, name string) (Policy, error) {
	named, err := c.PoliciesNamed(ctx, name)
	return one(named, err, "policy", name, policyID)
}

// EachPolicy yields every policy, page by page as they are asked for.
func (c *Client) EachPolicy(ctx context.Context) iter.Seq2[Policy, error] {
	return each(ctx, c, c.policyPage, policyID)
}

// SourceID returns the id of the registry that p reads from. Where the API
// gives only its name, that is looked up among the registries; 0 means that no
// registry has it, as when it was renamed or deleted meanwhile.
func (c *Client) SourceID(ctx context.Context, p Policy) (ID, error) {
	if p.SrcRegistry.ID != 0 || p.SrcRegistry.Name == "" {
		return p.SrcRegistry.ID, nil
	}
	named, err := c.registries.named(ctx, p.SrcRegistry.Name, registryName)
	if err != nil || len(named) != 1 {
		return 0, err
	}
	return named[0].ID, nil
}

package provider

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

// What an estate costs, in requests: these are counted in the mock's journal,
// so that they do not depend on the machine. The figures are those of
// BENCHMARKS.md.

const (
	kindRegistry  = "ccr_registry"
	kindPolicy    = "ccr_migration_policy"
	kindExecution = "ccr_policy_execution"

	perPage     = 100
	parallelism = 10 // a CLI's own
)

func pagesOf(n int) int { return (n + perPage - 1) / perPage }

// atOnce does n things as a CLI does, so many of them at a time.
func atOnce(t *testing.T, n int, do func(i int) diagnostics) {
	t.Helper()
	var group errgroup.Group
	group.SetLimit(parallelism)
	for i := range n {
		group.Go(func() error {
			if diags := do(i); diags.failed() {
				return fmt.Errorf("object %d: %s", i, diags)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

// estate is resources of one kind and a provider for them.
type estate struct {
	t *testing.T
	b *bubble
	*driver
	kind      string
	instances []*instance
}

func newEstate(t *testing.T, b *bubble, kind string, n int) *estate {
	t.Helper()
	e := &estate{t: t, b: b, kind: kind, instances: make([]*instance, n)}
	e.restart()
	return e
}

// restart begins another command of the CLI.
func (e *estate) restart() {
	e.t.Helper()
	d, diags := e.b.driver(e.t.Context(), nil)
	if diags.failed() {
		e.t.Fatal(diags)
	}
	e.driver = d
}

// adopt imports what has the ids.
func (e *estate) adopt(ids []string) {
	e.t.Helper()
	atOnce(e.t, len(ids), func(i int) (diags diagnostics) {
		e.instances[i], diags = e.importByID(e.t.Context(), e.kind, ids[i])
		return diags
	})
}

func (e *estate) refresh() {
	e.t.Helper()
	atOnce(e.t, len(e.instances), func(i int) (diags diagnostics) {
		e.instances[i], diags = e.read(e.t.Context(), e.instances[i])
		if e.instances[i] == nil {
			return diagnostics{{summary: "gone", err: true}}
		}
		return diags
	})
}

// declare plans and applies the configuration of each.
func (e *estate) declare(config func(i int) fields) {
	e.t.Helper()
	atOnce(e.t, len(e.instances), func(i int) diagnostics {
		c, diags := e.plan(e.t.Context(), e.kind, e.instances[i], config(i))
		if diags.failed() || c.action == "" {
			return diags
		}
		e.instances[i], diags = e.apply(e.t.Context(), e.kind, e.instances[i], c)
		return diags
	})
}

func registryConfig(i int) fields {
	return fields{
		"name": fmt.Sprintf("hub-%d", i), "type": "docker-registry", "url": "https://hub.test",
		"credential": fields{"access_key": "puller", "access_secret": "s3cr3t"},
	}
}

func (e *estate) policyConfig(i int) fields {
	return fields{
		"name": fmt.Sprintf("web-%d", i), "src_registry_id": e.instances[i].text("id"), "dest_project_name": "public",
		"filters": []fields{{"type": "name", "value": "cce/web"}},
	}
}

// spent counts the journal by method and collection, as in "GET policies", and
// begins another.
func (b *bubble) spent() (counts map[string]int) {
	counts = map[string]int{}
	for _, r := range b.Requests() {
		collection := path.Base(r.Path)
		for dir := path.Dir(r.Path); dir != "/v1/ccr"; dir = path.Dir(dir) {
			collection = path.Base(dir)
		}
		counts[r.Method+" "+collection]++
	}
	b.ResetJournal()
	return counts
}

func idTexts(ids []int64) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = strconv.FormatInt(id, 10)
	}
	return out
}

func total(counts map[string]int) int {
	sum := 0
	for _, n := range counts {
		sum += n
	}
	return sum
}

func TestRefreshCostsOneListing(t *testing.T) {
	t.Parallel()
	for _, n := range []int{100, 250} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, b *bubble) {
				registries, policies := newEstate(t, b, kindRegistry, n), newEstate(t, b, kindPolicy, n)
				ids := b.SeedRegistries(n, "hub")
				registries.adopt(idTexts(ids))
				policies.adopt(idTexts(b.SeedPolicies(n, "web", ids[0])))
				if got := total(b.spent()); got != 0 {
					t.Errorf("%d requests to import by id", got)
				}
				for range 2 {
					registries.restart()
					policies.driver = registries.driver
					registries.refresh()
					policies.refresh()
					got := b.spent()
					for _, list := range []string{"GET registries", "GET policies"} {
						if got[list] < pagesOf(n) || got[list] > pagesOf(n)+1 {
							t.Errorf("%d %s for %d of them", got[list], list, n)
						}
					}
					if total(got) != got["GET registries"]+got["GET policies"] {
						t.Errorf("other requests: %v", got)
					}
				}
			}, ccrmock.WithLatency(50*time.Millisecond))
		})
	}
}

func TestCreateSharesReadBacks(t *testing.T) {
	t.Parallel()
	const n = 250
	for _, latency := range []time.Duration{0, 50 * time.Millisecond} {
		t.Run(latency.String(), func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, b *bubble) {
				registries, policies := newEstate(t, b, kindRegistry, n), newEstate(t, b, kindPolicy, n)
				policies.driver = registries.driver
				registries.declare(registryConfig)
				policies.declare(registries.policyConfig)
				got := b.spent()
				if got["POST registries"] != n || got["POST policies"] != n {
					t.Errorf("%v to create %d of each", got, n)
				}
				// One listing for each ten that are created at once, and one before.
				best := 2 * (1 + n)
				for made := parallelism; made <= n; made += parallelism {
					best += 2 * pagesOf(made)
				}
				if total(got) > best+best/20 || float64(total(got)) > 1.6*2*n {
					t.Errorf("%d requests to create %d objects, and %d would do: %v", total(got), 2*n, best, got)
				}
			}, ccrmock.WithLatency(latency))
		})
	}
}

// One change in a large estate is not one more listing where the API narrows.
func TestOneChange(t *testing.T) {
	t.Parallel()
	const n = 250
	inBubble(t, func(t *testing.T, b *bubble) {
		registries := newEstate(t, b, kindRegistry, n)
		registries.declare(registryConfig)
		policies := newEstate(t, b, kindPolicy, 1)
		policies.declare(registries.policyConfig)
		b.spent()

		registries.restart() // an apply has a process of its own after the plan's
		registries.declare(func(i int) fields {
			config := registryConfig(i)
			if i == n/2 {
				config["description"] = "changed"
			}
			return config
		})
		if got := b.spent(); got["PUT registries"] != 1 || total(got) != 2 {
			t.Errorf("%v to change a registry", got)
		}
		policies.restart()
		policies.declare(func(i int) fields {
			config := registries.policyConfig(i)
			config["description"] = "changed"
			return config
		})
		if got := b.spent(); got["PUT policies"] != 1 || total(got) != 2 {
			t.Errorf("%v to change a policy", got)
		}
	})
}

func TestFinishedExecutionsCostNothing(t *testing.T) {
	t.Parallel()
	const n = 50
	inBubble(t, func(t *testing.T, b *bubble) {
		registry := b.SeedRegistries(1, "hub")[0]
		var ids []string
		looks := n
		for i, policy := range b.SeedPolicies(n, "web", registry) {
			status := []string{ccrmock.ExecutionSucceed, ccrmock.ExecutionFailed, ccrmock.ExecutionStopped}[i%3]
			if status == ccrmock.ExecutionFailed {
				looks++ // which is confirmed
			}
			id := b.CreateExecution(policy, ccrmock.Execution{Status: status, EndTime: time.Now()})
			ids = append(ids, fmt.Sprintf("%d/%d", policy, id))
		}
		executions := newEstate(t, b, kindExecution, n)
		executions.adopt(ids)
		executions.refresh() // the first tells an import what it is
		if got := b.spent(); got["GET executions"] != looks {
			t.Errorf("%v to import %d executions, and not %d looks", got, n, looks)
		}
		executions.restart()
		executions.refresh()
		if got := b.spent(); total(got) != 0 {
			t.Errorf("%v to refresh finished executions", got)
		}
	})
}

// Whoever waits for an execution of a policy that has had many looks at the
// first page, less and less often.
func TestPollingReadsFirstPages(t *testing.T) {
	t.Parallel()
	const n, old, minutes = 5, perPage + 20, 10
	inBubble(t, func(t *testing.T, b *bubble) {
		registry := b.SeedRegistries(1, "hub")[0]
		policies := b.SeedPolicies(n, "web", registry)
		for _, policy := range policies {
			for range old {
				b.CreateExecution(policy, ccrmock.Execution{Status: ccrmock.ExecutionSucceed, EndTime: time.Now()})
			}
			b.ScriptExecutions(policy, ccrmock.ExecutionStep{UntilStop: true, Counters: ccrmock.Counters{Total: 1, InProgress: 1}})
		}
		ctx, cancel := context.WithTimeout(t.Context(), minutes*time.Minute)
		defer cancel()
		d, diags := b.driver(ctx, nil)
		if diags.failed() {
			t.Fatal(diags)
		}
		var group errgroup.Group
		for _, policy := range policies {
			group.Go(func() error {
				c, diags := d.plan(ctx, kindExecution, nil, fields{"policy_id": strconv.FormatInt(policy, 10)})
				if diags.failed() {
					return fmt.Errorf("plan: %s", diags)
				}
				if _, diags = d.apply(ctx, kindExecution, nil, c); !diags.failed() {
					return fmt.Errorf("policy %d: it did not go on for %d minutes", policy, minutes)
				}
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
		first, others := 0, 0
		for _, r := range b.Requests() {
			query := must(url.ParseQuery(r.RawQuery))
			switch {
			case r.Method != "GET":
			case slices.Contains([]string{"", "1"}, query.Get("pageNo")):
				first++
			default:
				others++
			}
		}
		// Before the start and for what it began, a policy's executions are listed.
		if others != n*2*(pagesOf(old)-1) {
			t.Errorf("%d requests for other pages than the first, %d for the first", others, first)
		}
		// One look in 15 seconds, a few more in the beginning.
		if looks := minutes*4 + 10; first > n*looks || first < n*looks/2 {
			t.Errorf("%d looks at %d executions in %d minutes", first, n, minutes)
		}
	})
}

package provider

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

// TestChaos lives through seeded random sequences of commands, with seeded
// faults at every request, and looks after each at what must never happen. A
// seed replays alone.
//
//nolint:tparallel // the seeds are a group of their own, so that the count comes after them
func TestChaos(t *testing.T) {
	t.Parallel()
	first, seeds := uint64(1), envNumber("CHAOS_SEEDS", 50)
	if only := envNumber("CHAOS_SEED", 0); only != 0 {
		first, seeds = only, 1
	}
	var ran, commands, requests, faults, violations atomic.Int64
	t.Run("seeds", func(t *testing.T) {
		for seed := first; seed < first+seeds; seed++ {
			t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
				t.Parallel()
				inBubble(t, func(t *testing.T, b *bubble) {
					c := newChaos(b, seed)
					c.live(t.Context())
					ran.Add(1)
					commands.Add(int64(len(c.journal)))
					requests.Add(int64(c.schedule.requests))
					faults.Add(int64(c.schedule.faults))
					violations.Add(int64(len(c.violations)))
					if len(c.violations) > 0 {
						t.Errorf("%s\n\n%s\n\nreplay: make chaos SEED=%d", strings.Join(c.journal, "\n"), strings.Join(c.violations, "\n"), seed)
					}
				})
			})
		}
	})
	fmt.Printf("chaos: %d seeds, %d commands, %d requests, %d faults injected, %d violations\n",
		ran.Load(), commands.Load(), requests.Load(), faults.Load(), violations.Load())
}

// TestChaosReplays: a seed does the same again, or a failure could not be
// looked into.
func TestChaosReplays(t *testing.T) {
	t.Parallel()
	var lives [2]string
	for i := range lives {
		inBubble(t, func(t *testing.T, b *bubble) {
			c := newChaos(b, 7)
			c.live(t.Context())
			lives[i] = strings.Join(c.journal, "\n")
			for _, r := range b.Requests() {
				lives[i] += fmt.Sprintf("\n%s %s %s %s %d", r.Time.Format(time.StampMilli), r.Method, r.Path, r.Fault, r.Status)
			}
		})
	}
	if lives[0] != lives[1] {
		t.Errorf("the seed did\n%s\n\nand then\n%s", lives[0], lives[1])
	}
}

func envNumber(name string, fallback uint64) uint64 {
	if n, err := strconv.ParseUint(os.Getenv(name), 10, 64); err == nil {
		return n
	}
	return fallback
}

// chaos is the life of one seed.
type chaos struct {
	b          *bubble
	w          *workspace
	rng        *rand.Rand
	schedule   *schedule
	journal    []string // of commands
	violations []string

	told      string                     // all that errors and actions said so far
	known     map[int64]bool             // executions that the state ever had
	secrets   map[string]map[string]bool // declared so far, by address
	foreign   map[int64]ccrmock.Registry // what is not ours
	scripts   [][]ccrmock.ExecutionStep
	abandoned []string // names that only errors know
	high      high
	firstPage []int64 // of what others hold
	settling  bool
}

func newChaos(b *bubble, seed uint64) *chaos {
	rng := rand.New(rand.NewPCG(seed, 0))
	c := &chaos{
		b: b, w: newWorkspace(b), rng: rng, known: map[int64]bool{}, secrets: map[string]map[string]bool{}, foreign: map[int64]ccrmock.Registry{},
	}
	c.schedule = newSchedule(b, rand.New(rand.NewPCG(seed, 1)))
	c.schedule.starting = c.script
	if seed%4 == 0 {
		c.crowd(rand.New(rand.NewPCG(seed, 2)))
	}
	return c
}

func (c *chaos) violate(format string, args ...any) {
	c.violations = append(c.violations, fmt.Sprintf("after command %d: ", len(c.journal))+fmt.Sprintf(format, args...))
}

// live goes through commands with faults, and then without until the plan is
// clean.
func (c *chaos) live(ctx context.Context) {
	rate := pick(c.rng, []float64{0.05, 0.15, 0.3, 0.5})
	for range 4 + c.rng.IntN(8) {
		cancelIn := 0
		if c.rng.IntN(8) == 0 {
			cancelIn = 1 + c.rng.IntN(10)
		}
		now := rate
		if c.rng.IntN(5) == 0 {
			now = 0
		}
		if len(c.foreign) > 100 {
			c.look(c.schedule.begin(ctx, 0, 0))
		}
		c.command(c.schedule.begin(ctx, now, cancelIn))
		c.schedule.cancel()
	}
	c.settle(c.schedule.begin(ctx, 0, 0))
	c.schedule.cancel()
}

// command does one thing at random.
func (c *chaos) command(ctx context.Context) {
	switch c.rng.IntN(12) {
	case 0:
		c.run("refresh", func() result { return c.w.refresh(ctx) })
	case 1:
		c.run("plan", func() result { return c.w.plan(ctx) })
	case 2:
		c.importOne(ctx)
	case 3:
		c.act(ctx)
	case 4:
		c.meddle()
		c.apply(ctx)
	default:
		for range 1 + c.rng.IntN(2) {
			c.edit()
		}
		c.apply(ctx)
	}
}

// run does one command and checks what holds after every one.
func (c *chaos) run(name string, command func() result) result {
	before := maps.Clone(c.w.state)
	r := command()
	c.journal = append(c.journal, fmt.Sprintf("%d. %s: %s", len(c.journal)+1, name, r))
	for _, d := range r.diags {
		if d.err {
			c.told += d.String() + "\n"
		}
	}
	c.checkOnce(name, r)
	c.checkOrphans()
	c.checkGone(before)
	c.checkSecrets()
	c.checkForeign()
	c.checkOutcomes(name, r)
	return r
}

func (c *chaos) apply(ctx context.Context) result {
	r := c.run("apply", func() result { return c.w.apply(ctx) })
	if !r.diags.failed() {
		for _, fault := range c.w.disagreements(c.others()...) {
			c.violate("the apply succeeded, and %s", fault)
		}
	}
	return r
}

// high are the highest ids of registries and policies so far, and how many
// executions there ever were: one may be gone already.
type high struct{ registry, policy, executions int64 }

func (c *chaos) highest() high {
	now := c.high
	for _, r := range c.b.Registries() {
		now.registry = max(now.registry, r.ID)
	}
	for _, p := range c.b.Policies() {
		now.policy = max(now.policy, p.ID)
	}
	now.executions = int64(len(c.scripts))
	return now
}

// made counts what came since, less what others made.
func (c *chaos) made(since high) [3]int {
	made := [3]int{2: len(c.scripts) - int(since.executions)}
	for _, r := range c.b.Registries() {
		if _, ok := c.foreign[r.ID]; !ok && r.ID > since.registry {
			made[0]++
		}
	}
	for _, p := range c.b.Policies() {
		if p.ID > since.policy {
			made[1]++
		}
	}
	return made
}

// checkOnce: a command sends, and the server makes, no more than one of each.
func (c *chaos) checkOnce(name string, r result) {
	made := c.made(c.high)
	c.high = c.highest()
	for i, kind := range []struct{ name, path, action string }{
		{"ccr_registry.", "/v1/ccr/registries", ""},
		{"ccr_migration_policy.", "/v1/ccr/policies", ""},
		{"ccr_policy_execution.", "/v1/ccr/policies/*/start", "start"},
	} {
		allowed := 0
		if name == kind.action {
			allowed = 1
		}
		for address, action := range r.did {
			if strings.HasPrefix(address, kind.name) && (action == "create" || action == "replace") {
				allowed++
			}
		}
		sent := 0
		for requested, n := range c.schedule.creates {
			if ok, _ := path.Match(kind.path, requested); ok {
				sent += n
			}
		}
		if sent > allowed {
			c.violate("%d requests may have created a %s, %d were planned", sent, kind.name, allowed)
		}
		if made[i] > allowed {
			c.violate("%d of %s were created, %d were planned", made[i], kind.name, allowed)
		}
	}
	clear(c.schedule.creates)
}

// checkOrphans: what is on the server is in the state, or somebody was told of
// it and how to take it over.
func (c *chaos) checkOrphans() {
	has := map[string]bool{}
	for _, i := range c.w.state {
		has[i.kind+"."+i.text("id")] = true
		if i.kind == "ccr_policy_execution" {
			c.known[number(i.text("id"))] = true
		}
	}
	told := func(texts ...string) bool {
		return !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(c.told, text) })
	}
	c.abandoned = nil
	for _, r := range c.b.Registries() {
		if _, ok := c.foreign[r.ID]; ok || has[fmt.Sprintf("ccr_registry.%d", r.ID)] {
			continue
		}
		c.abandoned = append(c.abandoned, r.Name)
		if !told(strconv.Quote(r.Name), "terraform import ccr_registry.") {
			c.violate("nobody was told of the registry %q (id %d)", r.Name, r.ID)
		}
	}
	for _, p := range c.b.Policies() {
		if has[fmt.Sprintf("ccr_migration_policy.%d", p.ID)] {
			continue
		}
		c.abandoned = append(c.abandoned, p.Name)
		if !told(strconv.Quote(p.Name), "terraform import ccr_migration_policy.") {
			c.violate("nobody was told of the policy %q (id %d)", p.Name, p.ID)
		}
	}
	for _, e := range c.b.Executions(0) {
		if has[fmt.Sprintf("ccr_policy_execution.%d", e.ID)] || c.known[e.ID] && e.Status != ccrmock.ExecutionInProgress {
			continue
		}
		if !told(fmt.Sprintf("import it as %d/<execution id>", e.PolicyID)) && !told(fmt.Sprintf("Execution %d of policy %d", e.ID, e.PolicyID)) {
			c.violate("nobody was told of execution %d of policy %d", e.ID, e.PolicyID)
		}
	}
}

// checkGone: what has left the state has left the server.
func (c *chaos) checkGone(before map[string]*instance) {
	for address, i := range before {
		id := i.text("id")
		if now := c.w.state[address]; i.kind == "ccr_policy_execution" || now != nil && now.text("id") == id {
			continue
		}
		present := slices.ContainsFunc(c.b.Policies(), func(p ccrmock.Policy) bool { return strconv.FormatInt(p.ID, 10) == id })
		if i.kind == "ccr_registry" {
			present = slices.ContainsFunc(c.b.Registries(), func(r ccrmock.Registry) bool { return strconv.FormatInt(r.ID, 10) == id })
		}
		if present {
			c.violate("%s (id %s) was taken for gone", address, id)
		}
	}
}

// checkSecrets: CCR holds a secret that was declared, never none.
func (c *chaos) checkSecrets() {
	for address, i := range c.w.state {
		if i.kind != "ccr_registry" {
			continue
		}
		for _, r := range c.b.Registries() {
			if strconv.FormatInt(r.ID, 10) == i.text("id") && !c.secrets[address][r.AccessSecret] {
				c.violate("%s: the server holds the secret %q", address, r.AccessSecret)
			}
		}
	}
}

// checkForeign: what others have made stays as it is.
func (c *chaos) checkForeign() {
	for _, r := range c.b.Registries() {
		if was, ok := c.foreign[r.ID]; ok && was != r {
			c.violate("the registry %q (id %d) of somebody else was changed", r.Name, r.ID)
		}
	}
	for address, i := range c.w.state {
		if _, ok := c.foreign[number(i.text("id"))]; ok && i.kind == "ccr_registry" {
			c.violate("%s: the registry of somebody else was adopted", address)
		}
	}
}

// checkOutcomes: what an apply says has worked has worked.
func (c *chaos) checkOutcomes(name string, r result) {
	if name != "apply" || r.diags.failed() {
		return
	}
	for _, b := range c.w.config {
		i := c.w.state[b.address()]
		waits, _ := b.body["wait_for_completion"].(bool)
		if _, set := b.body["wait_for_completion"]; !set {
			waits = true
		}
		did := r.did[b.address()]
		if b.kind != "ccr_policy_execution" || did == "" || did == "update" || !waits || b.body["on_failure"] == "continue" {
			continue
		}
		var n int
		if _, err := fmt.Sscanf(i.text("status_text"), "script %d", &n); err != nil {
			c.violate("%s: the status text is %q", b.address(), i.text("status_text"))
			continue
		}
		script := c.scripts[n]
		if last := script[len(script)-1]; last.Status != ccrmock.ExecutionSucceed || last.Failed > 0 || last.Stopped > 0 || last.Succeed < last.Total {
			c.violate("%s: execution %s ends as %+v, and the apply succeeded", b.address(), i.text("id"), last)
		}
		if status := i.text("status"); status != ccrmock.ExecutionSucceed {
			c.violate("%s: the apply succeeded, and the state says %q", b.address(), status)
		}
	}
}

// settle applies without faults, as the errors advise, until the plan is clean.
func (c *chaos) settle(ctx context.Context) {
	declared := func(name string) bool {
		return slices.ContainsFunc(c.w.config, func(b block) bool { return b.body["name"] == name })
	}
	for id, r := range c.foreign {
		if declared(r.Name) {
			c.b.DeleteRegistry(id)
			delete(c.foreign, id)
		}
	}
	c.clear(declared)
	c.settling = true
	c.b.OnList(nil)
	for _, e := range c.b.Executions(0) {
		if e.Status == ccrmock.ExecutionInProgress {
			c.stop(ctx, e) // some would never end
		}
	}
	for range 6 { // a run that nobody waits for takes a look at a time to fail
		r := c.apply(ctx)
		c.follow(ctx, r)
		if !r.diags.failed() && c.w.plan(ctx).clean() {
			break
		}
	}
	if r := c.run("plan", func() result { return c.w.plan(ctx) }); !r.clean() {
		c.violate("the last plan is not clean")
	}
	for _, fault := range c.w.disagreements(c.others()...) {
		c.violate("in the end %s", fault)
	}
	c.w.config = nil
	c.clear(declared)
	if r := c.apply(ctx); r.diags.failed() || len(c.w.state) > 0 {
		c.violate("not all could be destroyed")
	}
}

// clear deletes policies that only errors know and nobody declares: they keep
// registries from being deleted.
func (c *chaos) clear(declared func(string) bool) {
	for _, p := range c.b.Policies() {
		if slices.Contains(c.abandoned, p.Name) && !declared(p.Name) {
			c.b.DeletePolicy(p.ID)
		}
	}
}

var advice = regexp.MustCompile(`terraform import (\S+)\.<label> '?([^\s']+)'?`)

// follow does what errors advise.
func (c *chaos) follow(ctx context.Context, r result) {
	for _, d := range r.diags {
		m := advice.FindStringSubmatch(d.detail)
		if !d.err || m == nil || !strings.HasPrefix(d.address, m[1]+".") {
			continue
		}
		id := strings.TrimRight(m[2], "`,")
		if c.w.state[d.address] == nil {
			c.run("import "+d.address+" "+id, func() result { return c.w.importID(ctx, d.address, id) })
			continue
		}
		// It is in the state already, and is not to be named as what was left
		// behind: that goes.
		if m[1] == "ccr_registry" {
			c.b.DeleteRegistry(number(id))
		} else {
			c.b.DeletePolicy(number(id))
		}
	}
}

// others are the names of what is not declared and may be there.
func (c *chaos) others() []string {
	names := slices.Clone(c.abandoned)
	for _, r := range c.foreign {
		names = append(names, r.Name)
	}
	return names
}

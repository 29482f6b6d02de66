package provider

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
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
				skew := time.Duration(seed%5/4) * 3 * time.Hour // for one in five
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
				}, ccrmock.WithNow(func() time.Time { return time.Now().Add(skew) }))
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

package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// The phases of an estate's life, in their order.
var phases = []string{"create", "refresh", "no-op plan", "one change of each", "destroy"}

// variant is a way to go through the phases.
type variant struct {
	name    string
	latency bool
	args    []string
}

var (
	withLatency    = variant{name: "latency", latency: true}
	withoutLatency = variant{name: "no latency"}
	withoutRefresh = variant{name: "-refresh=false", latency: true, args: []string{"-refresh=false"}}
	variants       = []variant{withLatency, withoutLatency, withoutRefresh}
)

// life is what each phase of n registries and n policies took, by phase and variant, and as many built-in objects.
type life struct {
	n       int
	took    map[string]map[string]measure
	builtin map[string]time.Duration
	// registries, same and bare are a plan of the n registries alone, with latency, of n built-in objects that hold the same,
	// and of n that hold nothing.
	registries, same, bare time.Duration
}

// least is how many requests a phase needs when nothing is asked for twice: every page of each list once where everything
// is read, and one for each write.
func least(phase string, n int, refresh bool) int {
	all := 2 * pagesOf(n)
	if !refresh && phase != "create" { // what is created has to be read back
		all = 0
	}
	switch phase {
	case "create", "destroy":
		return all + 2*n
	case "one change of each":
		return all + 4
	}
	return all
}

func pagesOf(n int) int { return (n + 99) / 100 }

// live takes n registries and policies through their phases, and as many built-in objects.
func (b *bench) live(ctx context.Context, n int) (*life, error) {
	estate, err := b.cli.workspace(fmt.Sprintf("estate-%d", n), "estate.tf")
	if err != nil {
		return nil, err
	}
	builtin, err := b.cli.workspace(fmt.Sprintf("builtin-%d", n), "builtin.tf")
	if err != nil {
		return nil, err
	}
	l := &life{n: n, took: map[string]map[string]measure{}, builtin: map[string]time.Duration{}}
	for _, phase := range phases {
		l.took[phase] = map[string]measure{}
	}
	whole := []string{fmt.Sprintf("-var=registries=%d", n), fmt.Sprintf("-var=policies=%d", n)}
	objects := []string{fmt.Sprintf("-var=objects=%d", 2*n)}
	changed := "-var=description=changed"

	steps := []step{{b, estate, l, "create", withLatency, "apply", whole}, {b, builtin, l, "create", variant{}, "apply", objects}}
	for range b.repeat { // plans change nothing, so those that are compared take turns
		for _, v := range variants {
			if len(v.args) == 0 {
				steps = append(steps, step{b, estate, l, "refresh", v, "plan", append([]string{"-refresh-only"}, whole...)})
			}
			steps = append(steps, step{b, estate, l, "no-op plan", v, "plan", whole})
		}
		steps = append(steps, step{b, builtin, l, "refresh", variant{}, "plan", append([]string{"-refresh-only"}, objects...)},
			step{b, builtin, l, "no-op plan", variant{}, "plan", objects})
	}
	for i, v := range variants {
		if i > 0 {
			steps = append(steps, step{b, estate, l, "create", v, "apply", whole})
		}
		steps = append(steps, step{b, estate, l, "one change of each", v, "apply", append([]string{changed}, whole...)},
			step{b, estate, l, "destroy", v, "destroy", append([]string{changed}, whole...)})
	}
	steps = append(steps, step{b, builtin, l, "one change of each", variant{}, "apply", append([]string{changed}, objects...)},
		step{b, builtin, l, "destroy", variant{}, "destroy", objects})
	for _, s := range steps {
		if err := s.run(ctx); err != nil {
			return nil, err
		}
	}
	return l, b.alone(ctx, l, estate, builtin)
}

// step is one command in the life of an estate or of its built-in counterpart, which has no variant.
type step struct {
	b       *bench
	w       *workspace
	life    *life
	phase   string
	v       variant
	command string
	args    []string
}

// run keeps the quickest of several measures.
func (s step) run(ctx context.Context) error {
	delay := time.Duration(0)
	if s.v.latency {
		delay = s.b.latency
	}
	if err := s.b.mock.delay(ctx, delay); err != nil {
		return err
	}
	m, err := s.w.run(ctx, s.command, slices.Concat(s.v.args, s.args)...)
	if err != nil {
		return fmt.Errorf("%s of %d: %w", s.phase, s.life.n, err)
	}
	s.b.say("%d of each, %s, %s: %.1f s, %d requests", s.life.n, s.phase, s.v.name, m.wall.Seconds(), m.all())
	if s.v.name == "" {
		if before, ok := s.life.builtin[s.phase]; !ok || m.wall < before {
			s.life.builtin[s.phase] = m.wall
		}
		return nil
	}
	before, ok := s.life.took[s.phase][s.v.name]
	if ok {
		m.peak = max(m.peak, before.peak)
		m.wall = min(m.wall, before.wall)
		if before.all() > m.all() { // of requests the worst counts
			m.counts = before.counts
		}
	}
	s.life.took[s.phase][s.v.name] = m
	return nil
}

// alone compares a plan of the registries alone with those of as many built-in objects.
func (b *bench) alone(ctx context.Context, l *life, estate, builtin *workspace) error {
	bare, err := b.cli.workspace(fmt.Sprintf("bare-%d", l.n), "builtin.tf")
	if err != nil {
		return err
	}
	plans := []struct {
		w    *workspace
		args []string
		best *time.Duration
	}{
		{estate, []string{fmt.Sprintf("-var=registries=%d", l.n), "-var=policies=0"}, &l.registries},
		{builtin, []string{fmt.Sprintf("-var=objects=%d", l.n)}, &l.same},
		{bare, []string{fmt.Sprintf("-var=objects=%d", l.n), "-var=bare=true"}, &l.bare},
	}
	if err := b.mock.delay(ctx, 0); err != nil {
		return err
	}
	for _, p := range plans {
		if _, err := p.w.run(ctx, "apply", p.args...); err != nil {
			return err
		}
	}
	if err := b.mock.delay(ctx, b.latency); err != nil {
		return err
	}
	for range b.repeat {
		for _, p := range plans {
			m, err := p.w.run(ctx, "plan", p.args...)
			if err != nil {
				return err
			}
			if *p.best == 0 || m.wall < *p.best {
				*p.best = m.wall
			}
		}
	}
	b.say("%d, plan of registries alone: %.2f s, of as much built in: %.2f s, of empty objects: %.2f s",
		l.n, l.registries.Seconds(), l.same.Seconds(), l.bare.Seconds())
	if err := b.mock.delay(ctx, 0); err != nil {
		return err
	}
	_, err = estate.run(ctx, "destroy", plans[0].args...)
	return err
}

// finished migrates with n executions, and returns how many requests a refresh makes when they are over.
func (b *bench) finished(ctx context.Context, n int) (requests int, err error) {
	w, err := b.cli.workspace("executions", "estate.tf")
	if err != nil {
		return 0, err
	}
	args := []string{"-var=source_url=" + b.mock.exports["CCR_MOCK_SOURCE_URL"]}
	for _, name := range []string{"registries", "policies", "executions"} {
		args = append(args, fmt.Sprintf("-var=%s=%d", name, n))
	}
	if _, err := w.run(ctx, "apply", args...); err != nil {
		return 0, err
	}
	m, err := w.run(ctx, "plan", args...)
	if err != nil {
		return 0, err
	}
	_, err = w.run(ctx, "destroy", args...)
	return m.list["executions"], err
}

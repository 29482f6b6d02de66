package main

import (
	"bytes"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// good is a run that met every limit, some of them just so.
func good() *results {
	measured := func(list, post int, wall time.Duration) measure {
		return measure{counts: counts{list: map[string]int{"registries": list, "policies": list}, post: post}, wall: wall, peak: 40}
	}
	took := func(m measure) map[string]measure {
		return map[string]measure{withLatency.name: m, withoutLatency.name: m, withoutRefresh.name: m}
	}
	l := &life{
		n: 1000, registries: 5 * time.Second, same: 2 * time.Second, bare: time.Second,
		took: map[string]map[string]measure{
			"create": took(measured(600, 2000, time.Minute)), "refresh": took(measured(11, 0, time.Second)),
			"no-op plan": took(measured(10, 0, time.Second)), "one change of each": {}, "destroy": {},
		},
		builtin: map[string]time.Duration{},
	}
	l.took["no-op plan"][withLatency.name] = measured(10, 0, 1150*time.Millisecond)
	return &results{
		latency: 50 * time.Millisecond, repeat: 3, lives: []*life{l}, sizes: []int{100, 10_000},
		alone:   map[int]measure{100: measured(2, 0, time.Second), 10_000: {counts: measured(101, 0, 0).counts, peak: 200}},
		listing: 200 * time.Millisecond, runs: 20,
		speeds: []speed{{"Sign/ours", 50, 100, 10}, {"Sign/vendor", 100, 300, 20}},
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		spoil func(*results)
		want  string // in the row that is missed
	}{
		"all met":                  {func(*results) {}, ""},
		"many lists, CLI":          {func(r *results) { r.lives[0].took["refresh"][withLatency.name].list["policies"]++ }, "N = 1,000 through the CLI"},
		"many lists, no CLI":       {func(r *results) { r.alone[10_000].list["registries"]++ }, "N = 10,000 without a CLI"},
		"many requests for create": {func(r *results) { r.lives[0].took["create"][withLatency.name].list["policies"] += 20 }, "create of"},
		"latency shows": {func(r *results) {
			r.lives[0].took["no-op plan"][withoutLatency.name] = measure{wall: 990 * time.Millisecond}
		}, "no latency"},
		"slow plan":             {func(r *results) { r.lives[0].registries += 100 * time.Millisecond }, "`terraform_data`"},
		"slow listing":          {func(r *results) { r.listing += 10 * time.Millisecond }, "round trips"},
		"much memory":           {func(r *results) { r.alone[10_000] = measure{counts: r.alone[10_000].counts, peak: 201} }, "memory"},
		"slow signing":          {func(r *results) { r.speeds[0].ns = 51 }, "SDK's signer, time"},
		"wasteful signing":      {func(r *results) { r.speeds[0].allocs = 11 }, "SDK's signer, allocations"},
		"executions looked for": {func(r *results) { r.finished = 1 }, "finished executions"},
		"no signing":            {func(r *results) { r.speeds = nil }, "SDK's signer"},
		"no large estate":       {func(r *results) { r.lives = nil }, "1,000 policies"},
		"no largest estate":     {func(r *results) { r.sizes = nil; r.alone = nil }, "10,000 objects"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := good()
			test.spoil(r)
			var missed []string
			for _, row := range r.limits() {
				if !row.met {
					missed = append(missed, row.what)
				}
			}
			if test.want == "" && len(missed) > 0 || test.want != "" && !strings.Contains(strings.Join(missed, "\n"), test.want) {
				t.Errorf("missed %q, want %q", missed, test.want)
			}
			var out bytes.Buffer
			if got := r.write(&out); got != len(missed) || strings.Count(out.String(), "MISSED") != got {
				t.Errorf("%d missed, want %d, in:\n%s", got, len(missed), &out)
			}
		})
	}
}

func TestLeast(t *testing.T) {
	t.Parallel()
	for phase, want := range map[string][2]int{
		"create": {506, 506}, "refresh": {6, 0}, "no-op plan": {6, 0}, "one change of each": {10, 4}, "destroy": {506, 500},
	} {
		if got := [2]int{least(phase, 250, true), least(phase, 250, false)}; got != want {
			t.Errorf("%s: got %v with refresh and without, want %v", phase, got, want)
		}
	}
	if !slices.Equal(slices.Sorted(maps.Keys(good().lives[0].took)), slices.Sorted(slices.Values(phases))) {
		t.Error("this test does not know every phase")
	}
}

func TestParseSpeeds(t *testing.T) {
	t.Parallel()
	got := parseSpeeds([]byte("goos: linux\n" +
		"BenchmarkSign/ours-2         \t  344512\t      3422 ns/op\t    1816 B/op\t      21 allocs/op\n" +
		"BenchmarkSign/vendor-2       \t  120000\t      8850.5 ns/op\t    3857 B/op\t      78 allocs/op\n" +
		"BenchmarkSign/ours-2         \t  344512\t      3400 ns/op\t    1816 B/op\t      22 allocs/op\n" +
		"BenchmarkDecodePage/policies \t    2000\t    509287 ns/op\t  60.01 MB/s\t  108808 B/op\t    1211 allocs/op\nPASS\n"))
	want := []speed{{"Sign/ours", 3400, 1816, 22}, {"Sign/vendor", 8850.5, 3857, 78}, {"DecodePage/policies", 509287, 108808, 1211}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if r := (&results{speeds: got}).speed("Sign/none"); r.name != "" || !math.IsNaN(r.ns/r.ns) {
		t.Errorf("got %v", r)
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	table := newTable("", "at most")
	table.add("÷ each", 2)
	table.add("x", thousands(1234567))
	table.write(&out)
	want := "|        |   at most |\n|--------|----------:|\n| ÷ each |         2 |\n| x      | 1,234,567 |\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", &out, want)
	}
}

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
)

// speed is what one Go benchmark took.
type speed struct {
	name          string
	ns            float64
	bytes, allocs int
}

// goBenchmarks are the packages and the benchmarks in them.
var goBenchmarks = [][2]string{
	{"./internal/bceauth", "^BenchmarkSign$"},
	{"./internal/client", "^(BenchmarkDecodePage|BenchmarkSharedListing)$"},
}

// goBench runs the Go benchmarks, each several times, and keeps the quickest.
func (b *bench) goBench(ctx context.Context) ([]speed, error) {
	var all []speed
	for _, g := range goBenchmarks {
		b.say("go test -bench %s %s", g[1], g[0])
		out, err := exec.CommandContext(ctx, "go", "test", "-run=^$", "-bench="+g[1], "-benchmem", fmt.Sprintf("-count=%d", b.repeat), g[0]).CombinedOutput() //nolint:gosec // G204: from the table above
		if err != nil {
			return nil, fmt.Errorf("go test -bench %s: %w\n%s", g[1], err, out)
		}
		all = append(all, parseSpeeds(out)...)
	}
	return all, nil
}

var speedLine = regexp.MustCompile(`^Benchmark(\S+?)(?:-\d+)?\s+\d+\s+([\d.]+) ns/op.*?\s(\d+) B/op\s+(\d+) allocs/op`)

// parseSpeeds reads what go test printed, in its order.
func parseSpeeds(out []byte) []speed {
	var all []speed
	at := map[string]int{}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		m := speedLine.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		s := speed{name: m[1]}
		s.ns, _ = strconv.ParseFloat(m[2], 64)
		s.bytes, _ = strconv.Atoi(m[3])
		s.allocs, _ = strconv.Atoi(m[4])
		i, known := at[s.name]
		switch {
		case !known:
			at[s.name] = len(all)
			all = append(all, s)
		case s.ns < all[i].ns:
			all[i] = s
		}
	}
	return all
}

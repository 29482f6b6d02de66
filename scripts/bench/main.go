// Command bench measures what estates of several sizes cost: requests, time and memory, against the mock endpoint with
// latency, through a CLI and without one. It prints Markdown that ends with the limits the project has set itself, and
// fails when one is missed.
//
//	scripts/cli run go run ./scripts/bench -o BENCHMARKS.md
//
// It runs what `make bench` builds: bin/terraform-provider-ccr, bin/ccr-mock and bin/bench-peak.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is a run of this program.
type bench struct {
	dir     string // of what it writes
	latency time.Duration
	repeat  int
	mock    *mock
	cli     *cli
}

// say tells whoever waits how far it is.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "bench: %s: %s\n", time.Now().Format(time.TimeOnly), fmt.Sprintf(format, args...))
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	var (
		out    = flags.String("o", "", "`file` to write the report to, besides standard output")
		sizes  = flags.String("cli", "100,1000", "sizes of the `estates` that the CLI handles")
		alone  = flags.String("alone", "100,1000,10000", "sizes of the `estates` that are refreshed without one")
		b      = &bench{}
		report bytes.Buffer
	)
	flags.DurationVar(&b.latency, "latency", 50*time.Millisecond, "what a request takes at least")
	flags.IntVar(&b.repeat, "repeat", 3, "how often what is timed and changes nothing is run")
	if err := flags.Parse(args); err != nil {
		return err
	}
	r, err := b.measure(ctx, numbers(*sizes), numbers(*alone))
	if err != nil {
		return err
	}
	missed := r.write(&report)
	fmt.Print(report.String())
	if *out != "" {
		if err := os.WriteFile(*out, report.Bytes(), 0o644); err != nil { //nolint:gosec // G306: everybody may read it
			return err
		}
	}
	if missed > 0 {
		return fmt.Errorf("%d limits missed", missed)
	}
	return nil
}

func numbers(list string) []int {
	var all []int
	for text := range strings.SplitSeq(list, ",") {
		if n, err := strconv.Atoi(text); err == nil && n > 0 {
			all = append(all, n)
		}
	}
	return all
}

// measure does everything; the mock is a new one for the second part, where ids count from 1.
func (b *bench) measure(ctx context.Context, sizes, alone []int) (r *results, err error) {
	b.dir, err = os.MkdirTemp("", "ccr-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(b.dir) }()
	r = &results{latency: b.latency, repeat: b.repeat, sizes: alone, alone: map[int]measure{}, runs: 20}
	if r.speeds, err = b.goBench(ctx); err != nil {
		return nil, err
	}
	if err := b.withMock(ctx, func() error { return b.throughCLI(ctx, r, sizes) }); err != nil {
		return nil, err
	}
	return r, b.withMock(ctx, func() error { return b.withoutCLI(ctx, r) })
}

func (b *bench) withMock(ctx context.Context, do func() error) (err error) {
	if b.mock, err = startMock(ctx); err != nil {
		return err
	}
	defer b.mock.stop()
	return do()
}

func (b *bench) throughCLI(ctx context.Context, r *results, sizes []int) (err error) {
	if b.cli, err = newCLI(b.mock, b.dir); err != nil {
		return err
	}
	r.machine = fmt.Sprintf("%s, %s, on %s/%s with %d cores and %s of memory, %s",
		time.Now().Format(time.DateOnly), b.cli.version(ctx), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), memory(), runtime.Version())
	if r.finished, err = b.finished(ctx, r.runs); err != nil {
		return err
	}
	for _, n := range sizes {
		l, err := b.live(ctx, n)
		if err != nil {
			return err
		}
		r.lives = append(r.lives, l)
	}
	return nil
}

func (b *bench) withoutCLI(ctx context.Context, r *results) (err error) {
	there := 0
	for _, n := range r.sizes {
		if err := b.mock.delay(ctx, 0); err != nil {
			return err
		}
		if err := b.mock.fill(ctx, there+1, n); err != nil {
			return err
		}
		there = n
		if err := b.mock.delay(ctx, b.latency); err != nil {
			return err
		}
		if n == large {
			if r.listing, err = b.listRegistries(ctx); err != nil {
				return err
			}
		}
		if _, err := b.mock.spent(ctx); err != nil {
			return err
		}
		if r.alone[n], err = b.refreshAlone(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// memory is how much this machine has.
func memory() string {
	info, err := os.ReadFile("/proc/meminfo")
	total := regexp.MustCompile(`MemTotal: +(\d+) kB`).FindSubmatch(info)
	if err != nil || total == nil {
		return "an unknown amount"
	}
	kib, _ := strconv.ParseFloat(string(total[1]), 64)
	return fmt.Sprintf("%.0f GiB", math.Ceil(kib/(1<<20)))
}

// Command matrix compares what `go test -json` recorded on several Terraform and OpenTofu versions. It prints how many
// tests ran on each, and fails when a test was skipped on all of them: such a test checks nothing anywhere.
//
//	go run ./scripts/matrix bin/matrix/*.json
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
)

func main() {
	runs := make([]run, 0, len(os.Args))
	for _, path := range os.Args[1:] {
		r, err := readFile(path)
		if err != nil {
			fmt.Fprintln(os.Stderr, "matrix:", err)
			os.Exit(1)
		}
		runs = append(runs, r)
	}
	if err := report(os.Stdout, runs); err != nil {
		fmt.Fprintln(os.Stderr, "matrix:", err)
		os.Exit(1)
	}
}

// event is the part of a test2json record that matters here.
type event struct {
	Action, Package, Test, Output string
}

type testID struct {
	pkg, name string
}

type result struct {
	action string   // pass, skip or fail; "" while the test has not ended
	output []string // what it printed, the reason of a skip included
}

// run is everything that one CLI's tests did.
type run struct {
	name     string
	tests    map[testID]*result
	packages int // that failed: a package that does not compile fails without any test
}

func readFile(path string) (run, error) {
	file, err := os.Open(path) //nolint:gosec // G304: the paths are this command's arguments
	if err != nil {
		return run{}, err
	}
	defer func() { _ = file.Close() }()
	r, err := read(file)
	if err != nil {
		return run{}, fmt.Errorf("read %s: %w", path, err)
	}
	r.name = strings.TrimSuffix(filepath.Base(path), ".json")
	return r, nil
}

func read(in io.Reader) (run, error) {
	r := run{tests: map[testID]*result{}}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return run{}, fmt.Errorf("not test2json output: %w", err)
		}
		r.add(e)
	}
	return r, lines.Err()
}

func (r *run) add(e event) {
	if e.Test == "" {
		if e.Action == "fail" {
			r.packages++
		}
		return
	}
	id := testID{e.Package, e.Test}
	t := r.tests[id]
	if t == nil {
		t = &result{}
		r.tests[id] = t
	}
	switch e.Action {
	case "pass", "skip", "fail":
		t.action = e.Action
	case "output":
		t.output = append(t.output, e.Output)
	}
}

func (r *run) count(action string) int {
	n := 0
	for _, t := range r.tests {
		if t.action == action {
			n++
		}
	}
	return n
}

func report(out io.Writer, runs []run) error {
	if len(runs) == 0 {
		return errors.New("no runs to compare")
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "CLI\ttests\tpassed\tskipped\tfailed")
	var problems []error
	for _, r := range runs {
		passed, skipped, failed := r.count("pass"), r.count("skip"), r.count("fail")
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\n", r.name, len(r.tests), passed, skipped, failed)
		switch unfinished := len(r.tests) - passed - skipped - failed; {
		case failed > 0 || r.packages > 0 || unfinished > 0:
			problems = append(problems, fmt.Errorf("%s: tests failed: %d, not ended: %d, packages failed: %d",
				r.name, failed, unfinished, r.packages))
		case passed == 0:
			problems = append(problems, fmt.Errorf("%s: no test passed", r.name))
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if lines := skippedEverywhere(runs); len(lines) > 0 {
		fmt.Fprintf(out, "\nskipped on every CLI:\n%s\n", strings.Join(lines, "\n"))
		problems = append(problems, fmt.Errorf("tests that were skipped on every CLI: %d", len(lines)))
	}
	return errors.Join(problems...)
}

// skippedEverywhere has a line for each test that was skipped in some run and neither passed nor failed in another.
func skippedEverywhere(runs []run) []string {
	skipped := map[testID]*result{}
	for _, r := range runs {
		for id, t := range r.tests {
			if t.action == "skip" {
				skipped[id] = t
			}
		}
	}
	for _, r := range runs {
		for id, t := range r.tests {
			if t.action != "skip" {
				delete(skipped, id)
			}
		}
	}
	lines := make([]string, 0, len(skipped))
	for id, t := range skipped {
		lines = append(lines, fmt.Sprintf("  %s %s: %s", id.pkg, id.name, t.reason()))
	}
	slices.SortFunc(lines, cmp.Compare)
	return lines
}

// reason is the test's own output without the lines that go test adds to it.
func (r *result) reason() string {
	var words []string
	for _, line := range r.output {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(line, "--- ") {
			words = append(words, line)
		}
	}
	if len(words) == 0 {
		return "no reason given"
	}
	return strings.Join(words, " ")
}

package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// results is everything that was measured.
type results struct {
	machine  string
	latency  time.Duration
	repeat   int
	lives    []*life // by size
	sizes    []int   // of alone
	alone    map[int]measure
	listing  time.Duration // of 1,000 registries
	finished int           // requests
	runs     int           // that were finished
	speeds   []speed
}

// row is one limit that the project has set itself.
type row struct {
	what, limit, figure string
	met                 bool
}

func atMost(what string, limit, figure float64, format string) row {
	return row{what, fmt.Sprintf(format, limit), fmt.Sprintf(format, figure), figure <= limit}
}

// missing is the row of a limit that nothing was measured for.
func missing(what string) row { return row{what, "–", "not measured", false} }

const (
	large     = 1000   // the estate whose times and creates have limits
	largest   = 10_000 // the one whose memory has
	maxCreate = 1.6
	maxDelay  = 1.15
	maxPlan   = 2.5
	maxTrips  = 4
	maxMiB    = 200
	maxSign   = 0.5
)

// limits holds what was measured against what is asked for.
func (r *results) limits() []row {
	rows := r.refreshRows()
	if l := r.life(large); l == nil {
		rows = append(rows, missing("the estate of 1,000 registries and 1,000 policies"))
	} else {
		create, plan := l.took["create"][withLatency.name], l.took["no-op plan"]
		rows = append(rows,
			atMost("requests per object, create of 1,000 registries + 1,000 policies at parallelism 10",
				maxCreate, float64(create.all())/float64(2*l.n), "%.2f"),
			atMost(fmt.Sprintf("plan with refresh of 1,000 + 1,000 at %s latency ÷ the same at no latency", ms(r.latency)),
				maxDelay, ratio(plan[withLatency.name].wall, plan[withoutLatency.name].wall), "%.2f"),
			atMost(fmt.Sprintf("plan with refresh of 1,000 registries at %s ÷ 1,000 `terraform_data` that hold the same", ms(r.latency)),
				maxPlan, ratio(l.registries, l.same), "%.2f"))
	}
	rows = append(rows, atMost(fmt.Sprintf("listing 1,000 objects at %s, in round trips", ms(r.latency)), maxTrips, ratio(r.listing, r.latency), "%.1f"))
	if m, ok := r.alone[largest]; ok {
		rows = append(rows, atMost("provider peak memory, 10,000 registries + 10,000 policies, MiB", maxMiB, float64(m.peak), "%.0f"))
	} else {
		rows = append(rows, missing("provider peak memory, 10,000 objects"))
	}
	ours, vendor := r.speed("Sign/ours"), r.speed("Sign/vendor")
	return append(rows,
		atMost("signing a list request ÷ the vendor SDK's signer, time", maxSign, ours.ns/vendor.ns, "%.2f"),
		atMost("signing a list request ÷ the vendor SDK's signer, allocations", maxSign, float64(ours.allocs)/float64(vendor.allocs), "%.2f"),
		atMost(fmt.Sprintf("requests to refresh %d finished executions", r.runs), 0, float64(r.finished), "%.0f"))
}

// refreshRows are the list requests of each refresh that was measured, of the collection that took more of them.
func (r *results) refreshRows() []row {
	var rows []row
	add := func(n int, how string, c counts) {
		rows = append(rows, atMost(fmt.Sprintf("list requests per collection, refresh of N = %s %s", thousands(n), how),
			float64(pagesOf(n)+1), float64(max(c.list["registries"], c.list["policies"])), "%.0f"))
	}
	for _, l := range r.lives {
		add(l.n, "through the CLI", l.took["refresh"][withLatency.name].counts)
	}
	for _, n := range r.sizes {
		add(n, "without a CLI", r.alone[n].counts)
	}
	return rows
}

func (r *results) life(n int) *life {
	for _, l := range r.lives {
		if l.n == n {
			return l
		}
	}
	return nil
}

func (r *results) speed(name string) speed {
	for _, s := range r.speeds {
		if s.name == name {
			return s
		}
	}
	return speed{}
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }

func ms(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

// thousands writes 10000 as 10,000.
func thousands(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

// write writes the report, and says how many limits were missed.
func (r *results) write(out io.Writer) (missed int) {
	fmt.Fprintf(out, "# Benchmarks\n\nWritten by `make bench`: %s.\n", r.machine)
	fmt.Fprintf(out, `
The endpoint is the mock, a process of its own that takes at least %s for each request where that is said. Requests are
counted in its journal. The lower bound is what a phase needs when nothing is asked for twice: each page of 100 once per
collection, and one request for each write. A `+"`terraform_data`"+` holds what a registry declares. Times of plans are the best of %d, taken in turns; a create, a change and a
destroy are timed once. Ratios are of times of the same run.
`, ms(r.latency), r.repeat)
	for _, l := range r.lives {
		r.writeLife(out, l)
	}
	r.writeAlone(out)
	fmt.Fprintf(out, "\nA listing of 1,000 registries at %s takes %s: %.1f round trips.\n", ms(r.latency), ms(r.listing), ratio(r.listing, r.latency))
	fmt.Fprintf(out, "A refresh of %d finished executions makes %d requests for executions.\n", r.runs, r.finished)
	r.writeSpeeds(out)

	fmt.Fprint(out, "\n## Limits\n\n")
	t := newTable("", "at most", "measured", "")
	for _, row := range r.limits() {
		verdict := "met"
		if !row.met {
			verdict = "MISSED"
			missed++
		}
		t.add(row.what, row.limit, row.figure, verdict)
	}
	t.write(out)
	return missed
}

func (r *results) writeLife(out io.Writer, l *life) {
	fmt.Fprintf(out, "\n## %s registries and %s policies, through the CLI\n\n", thousands(l.n), thousands(l.n))
	t := newTable("", "list", "POST", "PUT", "DELETE", "requests", "lower bound", "ratio", "peak memory of the provider")
	for _, phase := range phases {
		m, bound := l.took[phase][withLatency.name], least(phase, l.n, true)
		t.add(phase, m.lists(), m.post, m.put, m.deleted, m.all(), bound, fmt.Sprintf("%.2f", float64(m.all())/float64(bound)), fmt.Sprintf("%d MiB", m.peak))
	}
	t.write(out)
	fmt.Fprintln(out)
	t = newTable("", ms(r.latency), "no latency", "ratio", ms(r.latency)+", `-refresh=false`", "its requests (lower bound)",
		fmt.Sprintf("%s `terraform_data`", thousands(2*l.n)), ms(r.latency)+" ÷ `terraform_data`")
	for _, phase := range phases {
		with, without := l.took[phase][withLatency.name].wall, l.took[phase][withoutLatency.name].wall
		unrefreshed, requests := "–", "–"
		if m, ok := l.took[phase][withoutRefresh.name]; ok {
			unrefreshed, requests = seconds(m.wall), fmt.Sprintf("%d (%d)", m.all(), least(phase, l.n, false))
		}
		t.add(phase, seconds(with), seconds(without), fmt.Sprintf("%.2f", ratio(with, without)), unrefreshed, requests,
			seconds(l.builtin[phase]), fmt.Sprintf("%.2f", ratio(with, l.builtin[phase])))
	}
	t.write(out)
	fmt.Fprintf(out, "\nA plan of the %s registries alone at %s takes %s: %.2f times one of as many `terraform_data` that hold the same\n(%s), %.2f times one of as many that hold nothing (%s).\n",
		thousands(l.n), ms(r.latency), seconds(l.registries), ratio(l.registries, l.same), seconds(l.same), ratio(l.registries, l.bare), seconds(l.bare))
}

func (r *results) writeAlone(out io.Writer) {
	fmt.Fprintf(out, `
## Refresh without a CLI

The provider's process is asked to import and read each object, %d at a time; latency %s.

`, parallelism, ms(r.latency))
	t := newTable("registries + policies", "list requests", "lower bound", "ratio", "time", "time for each object", "peak memory")
	for _, n := range r.sizes {
		m, bound := r.alone[n], least("refresh", n, true)
		t.add(fmt.Sprintf("%s + %s", thousands(n), thousands(n)), m.lists(), bound, fmt.Sprintf("%.2f", float64(m.lists())/float64(bound)),
			seconds(m.wall), fmt.Sprintf("%.2f ms", m.wall.Seconds()*1000/float64(2*n)), fmt.Sprintf("%d MiB", m.peak))
	}
	t.write(out)
}

func (r *results) writeSpeeds(out io.Writer) {
	fmt.Fprintf(out, `
## In Go

The best of %d. `+"`Sign` is one page of a list; `DecodePage` a page of 100; `SharedListing` 1,000 readers at once of 1,000 objects.\n\n", r.repeat)
	t := newTable("benchmark", "time", "bytes", "allocations")
	for _, s := range r.speeds {
		t.add(s.name, time.Duration(s.ns).String(), thousands(s.bytes), thousands(s.allocs))
	}
	t.write(out)
}

// table is one of Markdown's, its columns aligned for whoever reads the text.
type table struct{ rows [][]string }

func newTable(head ...string) *table { return &table{rows: [][]string{head}} }

func (t *table) add(cells ...any) {
	row := make([]string, len(cells))
	for i, cell := range cells {
		row[i] = fmt.Sprint(cell)
	}
	t.rows = append(t.rows, row)
}

func (t *table) write(out io.Writer) {
	widths := make([]int, len(t.rows[0]))
	for _, row := range t.rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)), 3)
		}
	}
	for i, row := range t.rows {
		var line, rule strings.Builder
		for column, cell := range row {
			fill := strings.Repeat(" ", widths[column]-len([]rune(cell)))
			if column == 0 {
				line.WriteString("| " + cell + fill + " ")
				rule.WriteString("|" + strings.Repeat("-", widths[column]+2))
			} else {
				line.WriteString("| " + fill + cell + " ")
				rule.WriteString("|" + strings.Repeat("-", widths[column]+1) + ":")
			}
		}
		fmt.Fprintln(out, line.String()+"|")
		if i == 0 {
			fmt.Fprintln(out, rule.String()+"|")
		}
	}
}

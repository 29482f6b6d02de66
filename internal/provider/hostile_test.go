package provider

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

// ugly is what a terminal, a log or a JSON parser may stumble over.
const ugly = "\x1b[2J\x07\u202egnp.\u2066\x00\r"

// TestHostileNames has users write what is no name or description: it is
// refused before anything is sent, with an error that can be printed.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"escape": "a\x1b[2Jb", "null": "a\x00b", "bell": "a\x07b", "c1": "a\u009bb", "delete": "a\x7fb", "no_utf8": "a\ufffdb", "long": strings.Repeat("x", 5000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, b *bubble) {
				for _, attribute := range []string{"name", "description"} {
					for _, bad := range []block{lostRegistry(lostSecret), lostPolicy("cce/web")} {
						bad.body["src_registry_id"] = nil
						if bad.kind == "ccr_registry" {
							delete(bad.body, "src_registry_id")
						} else {
							bad.body["src_registry_id"] = "1"
						}
						bad.body[attribute] = value
						r := newWorkspace(b, bad).apply(t.Context())
						if !r.diags.failed() || !strings.Contains(r.diags.String(), attribute) {
							t.Errorf("%s of %s: %s", attribute, bad.kind, r)
						}
						wantPrintable(t, r.diags.String())
					}
				}
				if n := len(b.Requests()); n > 0 {
					t.Errorf("%d requests were sent", n)
				}
			})
		})
	}
}

// TestHostileWords has a server use ugly and very long words wherever it may:
// no error, warning or progress message hands them on, and the state takes them
// as they are.
func TestHostileWords(t *testing.T) {
	t.Parallel()
	for name, word := range map[string]string{"ugly": ugly, "long": strings.Repeat("word ", 1<<16)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, b *bubble) { testHostileWords(t, b, word) })
		})
	}
}

func testHostileWords(t *testing.T, b *bubble, word string) {
	ctx := t.Context()
	w := newWorkspace(b, lostRegistry(lostSecret), lostPolicy("cce/web"))
	if r := w.apply(ctx); r.diags.failed() {
		t.Fatal(r)
	}
	said := ""
	do := func(r result) { said += r.diags.String() }
	b.UpdateRegistry(1, func(r *ccrmock.Registry) { r.Description, r.Status = word, word })
	b.UpdatePolicy(1, func(p *ccrmock.Policy) { p.Description = word })
	do(w.refresh(ctx))
	if got := w.state["ccr_registry.a"].text("description"); got != word {
		t.Errorf("the state has the description %.100q", got)
	}
	b.UpdateRegistry(1, func(r *ccrmock.Registry) { r.Name = word })
	b.UpdatePolicy(1, func(p *ccrmock.Policy) { p.Name = word })
	do(w.refresh(ctx))
	registries := w.config[:1]
	w.config = nil
	b.CreatePolicy(ccrmock.Policy{Name: word + "2", SrcRegistryID: 1})
	do(w.apply(ctx)) // the registry is in use by a policy of that name
	w.config = registries
	for _, status := range []string{ccrmock.ExecutionFailed, word} {
		step := ccrmock.ExecutionStep{Status: status, StatusText: word, Counters: ccrmock.Counters{Total: 1, Failed: 1}, Ended: true}
		b.ScriptExecutions(0, step)
		w.config = append(registries, lostPolicy("cce/web"), lostExecution(true))
		do(w.apply(ctx))
		b.ScriptExecutions(0, step)
		d, _ := b.driver(ctx, nil)
		progress, diags := d.invoke(ctx, "ccr_start_policy", fields{"policy_id": "2", "timeout": "1m"})
		said += strings.Join(progress, "\n") + diags.String()
		for _, e := range b.Executions(0) {
			b.FinishExecution(e.ID, ccrmock.ExecutionStopped, word, ccrmock.Counters{})
		}
	}
	for _, l := range []lostAnswer{
		{fault: ccrmock.Fault{Kind: ccrmock.FaultStatus, Status: 400, Code: word, Message: word}},
		{fault: ccrmock.Fault{Kind: ccrmock.FaultBody, Status: 502, Body: word}},
		{fault: ccrmock.Fault{Kind: ccrmock.FaultBody, Body: word}},
	} {
		l.inject(b, http.MethodGet, "/v1/ccr/*", true)
		do(w.plan(ctx))
		b.heal()
	}
	wantPrintable(t, said)
	if most := 1 << 16; len(said) > most {
		t.Errorf("%d bytes were said", len(said))
	}
	if !strings.Contains(said, "Migration failed") || !strings.Contains(said, "still in use") {
		t.Errorf("the messages under test were not met: %s", said)
	}
}

func wantPrintable(t *testing.T, text string) {
	t.Helper()
	for i, r := range text {
		if unicode.IsControl(r) && r != '\n' || unicode.Is(unicode.Bidi_Control, r) {
			t.Errorf("%U is said: %q", r, text[max(0, i-200):min(len(text), i+50)])
			return
		}
	}
}

// liar answers the lists of one collection with something else.
type liar func(w http.ResponseWriter, r *http.Request)

func body(format string, args ...any) liar {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, format, args...) }
}

// lies are lists that no honest server sends.
var lies = map[string]liar{
	"negative_total":      body(`{"result":[],"totalCount":-1}`),
	"total_of_2_63":       body(`{"result":[],"totalCount":9223372036854775808}`),
	"too_large_a_total":   body(`{"result":[],"totalCount":9223372036854775807}`),
	"total_is_text":       body(`{"result":[],"totalCount":"0"}`),
	"total_is_missing":    body(`{"result":[]}`),
	"more_than_it_has":    body(`{"result":[],"totalCount":1000000}`),
	"less_than_it_has":    body(`{"result":[{"id":1},{"id":2}],"totalCount":1}`),
	"result_is_an_object": body(`{"result":{"id":1},"totalCount":1}`),
	"result_is_text":      body(`{"result":"none","totalCount":0}`),
	"items_are_numbers":   body(`{"result":[1],"totalCount":1}`),
	"items_are_null":      body(`{"result":[null],"totalCount":1}`),
	"id_of_2_63":          body(`{"result":[{"id":9223372036854775808}],"totalCount":1}`),
	"negative_id":         body(`{"result":[{"id":-1}],"totalCount":1}`),
	"id_is_zero":          body(`{"result":[{"id":0}],"totalCount":1}`),
	"id_is_a_fraction":    body(`{"result":[{"id":1.5}],"totalCount":1}`),
	"id_is_an_object":     body(`{"result":[{"id":{}}],"totalCount":1}`),
	"id_is_missing":       body(`{"result":[{"name":"hub"}],"totalCount":1}`),
	"same_id_twice":       body(`{"result":[{"id":7},{"id":7}],"totalCount":2}`),
	"name_is_a_number":    body(`{"result":[{"id":1,"name":5}],"totalCount":1}`),
	"page_of_1000":        body(`{"result":[%s{"id":1000}],"totalCount":1000}`, strings.Repeat(`{"id":1},`, 999)),
	"deep":                body(`{"result":%s`, strings.Repeat(`[`, 100_000)),
	"one_page_for_all": func(w http.ResponseWriter, _ *http.Request) {
		items := make([]string, 100)
		for i := range items {
			items[i] = fmt.Sprintf(`{"id":%d}`, i+1)
		}
		fmt.Fprintf(w, `{"result":[%s],"totalCount":1000000}`, strings.Join(items, ","))
	},
	"huge_body": func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"totalCount":0,"result":[],"filler":"`)
		for {
			if _, err := io.WriteString(w, strings.Repeat("x", 1<<16)); err != nil {
				return
			}
		}
	},
	"slow_body": func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, " ")
			_ = http.NewResponseController(w).Flush()
			_ = client.Sleep(r.Context(), time.Second)
		}
	},
}

// TestHostileServer has a server lie about what it holds: a clear error after
// few requests, and the state stays as it is.
func TestHostileServer(t *testing.T) {
	t.Parallel()
	for name, lie := range lies {
		for _, collection := range []string{"registries", "policies", "executions"} {
			t.Run(name+"/"+collection, func(t *testing.T) {
				t.Parallel()
				inBubble(t, func(t *testing.T, b *bubble) { testLie(t, b, collection, lie) })
			})
		}
	}
}

func testLie(t *testing.T, b *bubble, collection string, lie liar) {
	ctx := t.Context()
	b.ScriptExecutions(0, ccrmock.ExecutionStep{UntilStop: true}, ccrmock.ExecutionStep{Status: ccrmock.ExecutionStopped, Ended: true})
	w := newWorkspace(b, lostRegistry(lostSecret), lostPolicy("cce/web"), lostExecution(false))
	if r := w.apply(ctx); r.diags.failed() {
		t.Fatal(r)
	}
	before, began := w.values(), time.Now()
	var requests atomic.Int64
	b.transport.around = func(next http.Handler, rw http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		if r.Method == http.MethodGet && path.Base(r.URL.Path) == collection {
			lie(rw, r)
			return
		}
		next.ServeHTTP(rw, r)
	}
	for name, command := range map[string]func() result{
		"refresh": func() result { return w.refresh(ctx) },
		"plan":    func() result { return w.plan(ctx) },
		"apply":   func() result { return w.apply(ctx) },
		"import": func() result {
			address, id := map[string]string{"registries": "ccr_registry.a", "policies": "ccr_migration_policy.p", "executions": "ccr_policy_execution.x"}, "1"
			if collection == "executions" {
				id = "1/1"
			}
			return w.importID(ctx, address[collection], id)
		},
	} {
		requests.Store(0)
		r := command()
		if text := r.diags.String(); !r.diags.failed() || !strings.Contains(text, "/v1/ccr/"+collection) && !strings.Contains(text, "list") {
			t.Errorf("%s: no clear error: %s", name, r)
		}
		// Whatever is claimed, a few pages are read side by side, a few times.
		if n, most := requests.Load(), int64(200); n > most {
			t.Errorf("%s: %d requests, more than %d", name, n, most)
		}
	}
	if after := w.values(); after != before {
		t.Errorf("the state was\n%s\nand is\n%s", before, after)
	}
	if took, most := time.Since(began), 30*time.Minute; took > most {
		t.Errorf("it took %s, more than %s", took, most)
	}
}

// values are the values of a state.
func (w *workspace) values() (text string) {
	for _, address := range slices.Sorted(maps.Keys(w.state)) {
		text += address + ": " + w.state[address].value.String() + "\n"
	}
	return text
}

// TestHostileAnswers has a server answer a mutation with something else. That
// is an error, or is settled; nothing is made twice.
func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"null":        `null`,
		"array":       `[]`,
		"no_target":   `{"action":"create"}`,
		"null_target": `{"action":"create","targetName":null}`,
		"zero":        `{"action":"create","targetName":"0"}`,
		"negative":    `{"action":"create","targetName":"-1"}`,
		"2_63":        `{"action":"create","targetName":"9223372036854775808"}`,
		"fraction":    `{"action":"create","targetName":1.5}`,
		"object":      `{"action":"create","targetName":{"id":1}}`,
		"boolean":     `{"action":"checkHealth","targetName":"true"}`,
		"long":        `{"action":"create","targetName":"` + strings.Repeat("1", 1<<20) + `"}`,
		"ugly":        `{"action":"create","targetName":"\u001b[2J"}`,
	} {
		for _, m := range mutations() {
			if m.repeatable || m.name == "stop" {
				continue
			}
			t.Run(name+"/"+m.name, func(t *testing.T) {
				t.Parallel()
				inBubble(t, func(t *testing.T, b *bubble) {
					w := m.prepare(t.Context(), t, b)
					b.AddFault(ccrmock.Fault{Kind: ccrmock.FaultBodyAfter, Method: m.method, Path: m.path, Body: answer, Times: -1})
					r := w.apply(t.Context())
					wantPrintable(t, r.diags.String())
					if n := b.Count(m.method, m.path); n != 1 {
						t.Errorf("%d requests", n)
					}
					if r.diags.failed() {
						t.Errorf("what was made could be found: %.2000s", r)
					}
					for _, fault := range w.disagreements() {
						t.Error(fault)
					}
				})
			})
		}
	}
}

// TestHostileCounts: a run is no success unless its counts agree with it.
func TestHostileCounts(t *testing.T) {
	t.Parallel()
	for name, counts := range map[string]ccrmock.Counters{
		"failed": {Total: 2, Succeed: 1, Failed: 1}, "stopped": {Total: 2, Succeed: 1, Stopped: 1}, "missing": {Total: 2, Succeed: 1},
		"too_many": {Total: 1, Succeed: 2}, "negative_total": {Total: -1}, "negative_failures": {Total: 1, Succeed: 2, Failed: -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, b *bubble) {
				b.ScriptExecutions(0, ccrmock.ExecutionStep{Status: ccrmock.ExecutionSucceed, Counters: counts, Ended: true})
				r := newWorkspace(b, lostRegistry(lostSecret), lostPolicy("cce/web"), lostExecution(true)).apply(t.Context())
				if !r.diags.failed() {
					t.Errorf("it passes for a success: %s", r)
				}
			})
		})
	}
}

// FuzzImportID imports whatever it is told: an id, an error, never a panic.
func FuzzImportID(f *testing.F) {
	for _, text := range []string{"1", "0", "-1", "9223372036854775808", "name=hub", "name=", "3/17", "3/", "/17", "3/17/1", "", " 1", "1\n", ugly} {
		f.Add(text)
	}
	world := quickWorld()
	world.transport = emptyLists{}
	f.Fuzz(func(t *testing.T, id string) {
		if id == "" {
			return // a CLI asks for an identity then
		}
		d, _ := newDriver(t.Context(), world, fields{"endpoint": "http://127.0.0.1", "access_key": "a", "secret_key": "s"})
		for _, kind := range []string{"ccr_registry", "ccr_migration_policy", "ccr_policy_execution"} {
			i, diags := d.importByID(t.Context(), kind, id)
			if diags.failed() == (i != nil) {
				t.Errorf("%s %q: imported %t, %s", kind, id, i != nil, diags)
			}
			wantPrintable(t, diags.String())
			if i == nil {
				continue
			}
			want := i.text("id")
			if kind == "ccr_policy_execution" {
				want = i.text("policy_id") + "/" + want
			}
			if want != id {
				t.Errorf("%s %q was imported as %q", kind, id, want)
			}
		}
	})
}

// emptyLists is a server without any object.
type emptyLists struct{}

func (emptyLists) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Request: r, Body: io.NopCloser(strings.NewReader(`{"result":[],"totalCount":0}`))}, nil
}

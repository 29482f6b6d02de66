package ccrmock_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

// Every documented request is sent as printed, and the answer must have the
// documented one's fields, their JSON kinds and its action.
func TestDocumentedExamples(t *testing.T) {
	t.Parallel()
	requests, err := filepath.Glob("testdata/examples/*.request.http")
	if err != nil || len(requests) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, file := range requests {
		operation, _, _ := strings.Cut(filepath.Base(file), ".")
		t.Run(strings.TrimSuffix(filepath.Base(file), ".request.http"), func(t *testing.T) {
			t.Parallel()
			line, body := readExample(t, file)
			method, rest, _ := strings.Cut(line, " ")
			target, _, _ := strings.Cut(rest, " ")
			target = strings.Replace(target, "/v1/ccr//v1/ccr/", "/v1/ccr/", 1) // printed with the path twice
			_, documented := readExample(t, strings.Replace(file, filepath.Base(file), operation+".response.http", 1))

			w := newWorld(t)
			exampleState(t, w, operation)
			if strings.Contains(file, "uncreated") {
				w.TreatNextFullBodyAsCheck(1)
			}
			got := w.ok(method, target, body)
			var want map[string]any
			dec := json.NewDecoder(strings.NewReader(documented))
			dec.UseNumber()
			if err := dec.Decode(&want); err != nil {
				t.Fatal(err)
			}
			compareShape(t, "", want, got.body)
			if want["action"] != got.body["action"] {
				t.Errorf("action %v, want %v", got.body["action"], want["action"])
			}
			if ct := got.header.Get("Content-Type"); ct != "application/json;charset=UTF-8" {
				t.Errorf("content type %q", ct)
			}
		})
	}
}

// exampleState makes what the example needs to exist, under the ids it uses.
func exampleState(t *testing.T, w *world, operation string) {
	t.Helper()
	if operation == "create_registry" {
		return
	}
	source := sourceURL(t, ccrmock.NewSource())
	w.CreateRegistry(ccrmock.Registry{Name: "test", URL: source, Status: ccrmock.RegistryHealthy})
	if operation == "create_policy" || strings.HasSuffix(operation, "_registry") {
		return
	}
	w.CreatePolicy(ccrmock.Policy{Name: "other", SrcRegistryID: 1, DestProjectName: "public"})
	if operation != "delete_policy" {
		w.FinishExecution(w.CreateExecution(1, ccrmock.Execution{}), ccrmock.ExecutionSucceed, "", ccrmock.Counters{Total: 1, Succeed: 1})
	}
}

// readExample returns the first line and the body, which follows the headers
// with or without an empty line.
func readExample(t *testing.T, file string) (line, body string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	r := bufio.NewReader(f)
	line, err = r.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if i := bytes.Index(rest, []byte("\n{")); i >= 0 {
		body = string(rest[i+1:])
	}
	return strings.TrimSpace(line), body
}

func compareShape(t *testing.T, path string, want, got any) {
	t.Helper()
	if kind(want) != kind(got) {
		t.Errorf("%s: %s, want %s", path, kind(got), kind(want))
		return
	}
	switch want := want.(type) {
	case map[string]any:
		got := got.(map[string]any)
		if w, g := slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got)); !slices.Equal(w, g) {
			t.Errorf("%s: fields %q, want %q", path, g, w)
			return
		}
		for name := range want {
			compareShape(t, path+"."+name, want[name], got[name])
		}
	case []any:
		got := got.([]any)
		if len(got) == 0 {
			t.Errorf("%s: empty", path)
			return
		}
		compareShape(t, path+"[0]", want[0], got[0])
	}
}

func kind(v any) string { return fmt.Sprintf("%T", v) }

func TestEmptyLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, target := range []string{registries, policies, executions + "?policyId=1"} {
		a := w.ok(http.MethodGet, target, "")
		if fmt.Sprintf("%v %v %v", a.body["pageNo"], a.body["pageSize"], a.body["totalCount"]) != "1 10 0" || a.body["result"] == nil {
			t.Errorf("GET %s without paging: %s", target, a.raw)
		}
	}
}

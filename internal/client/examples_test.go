package client

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// documentedOperations are the twelve of the API's document; an operation may
// show several requests.
var documentedOperations = map[string][]exampleRequest{
	"create_registry": {{method: "CreateRegistry", args: []any{documentedRegistry}, want: ID(1)}},
	"update_registry": {{method: "UpdateRegistry", args: []any{ID(1), documentedRegistry}}},
	"delete_registry": {{method: "DeleteRegistry", args: []any{ID(1)}}},
	"check_registry_health": {
		{variant: "created", method: "CheckRegistry", args: []any{ID(1)}, want: true},
		{variant: "uncreated", method: "CheckNewRegistry", args: []any{documentedRegistry}, want: true},
	},
	"list_registries": {{
		method: "Registries", args: []any{RegistryQuery{Keyword: "test", Type: "docker-registry"}}, want: []Registry(nil),
	}},
	"create_policy": {
		{variant: "name_only", method: "CreatePolicy", args: []any{documentedPolicy(1)}, want: ID(1)},
		{variant: "name_and_tag", method: "CreatePolicy", args: []any{documentedPolicy(2)}, want: ID(1)},
	},
	"update_policy": {
		{variant: "name_only", method: "UpdatePolicy", args: []any{ID(1), documentedPolicy(1)}},
		{variant: "name_and_tag", method: "UpdatePolicy", args: []any{ID(1), documentedPolicy(2)}},
	},
	"delete_policy":   {{method: "DeletePolicy", args: []any{ID(1)}}},
	"start_policy":    {{method: "StartPolicy", args: []any{ID(1)}}},
	"list_policies":   {{method: "Policies", want: []Policy(nil)}},
	"list_executions": {{method: "Executions", args: []any{ID(1)}, want: []Execution(nil)}},
	"stop_execution":  {{method: "StopExecution", args: []any{ID(1)}}},
}

// exampleRequest is a documented request and the method of [*Client] that sends
// it.
type exampleRequest struct {
	variant string
	method  string
	args    []any // after the context
	want    any   // the first result, when there are two
}

var documentedRegistry = RegistryInput{
	Type: "docker-registry", Name: "test-registry", Description: "test description", URL: "http://hub.baidubce.com",
	Credential: Credential{AccessKey: "username", AccessSecret: "password", Type: "basic"},
}

func documentedPolicy(filters int) PolicyInput {
	all := []Filter{{Type: FilterName, Value: "cce/image"}, {Type: FilterTag, Value: "latest"}}
	return PolicyInput{
		Trigger: Trigger{Type: "manual"}, Name: "test-policy", Description: "test", SrcRegistry: Source{ID: 1},
		DestProjectName: "public", Override: true, Filters: all[:filters],
	}
}

// documentedTypos are targets that the document misprints.
var documentedTypos = map[string]string{
	"/v1/ccr//v1/ccr/executions": "/v1/ccr/executions",
}

const exampleDir = "testdata/examples"

// readExample returns the first line, the headers and the body of a documented
// message: no empty line stands between headers and body there.
func readExample(t *testing.T, name string) (first string, header http.Header, body string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(exampleDir, name))
	if err != nil {
		t.Fatal(err)
	}
	first, rest, _ := strings.Cut(string(data), "\n")
	header = http.Header{}
	for rest != "" && !strings.HasPrefix(rest, "{") {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		if key, value, ok := strings.Cut(line, ": "); ok {
			header.Set(key, value)
		}
	}
	return first, header, rest
}

// exampleFile is the name of an operation's request.
func exampleFile(operation, variant string) string {
	if variant != "" {
		operation += "." + variant
	}
	return operation + ".request.http"
}

func TestExamplesHaveMethods(t *testing.T) {
	t.Parallel()
	want := map[string]bool{}
	for operation, requests := range documentedOperations {
		want[operation+".response.http"] = true
		for _, r := range requests {
			want[exampleFile(operation, r.variant)] = true
			if _, ok := reflect.TypeFor[*Client]().MethodByName(r.method); !ok {
				t.Errorf("%s: *Client has no method %s", operation, r.method)
			}
		}
	}
	entries, err := os.ReadDir(exampleDir)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, e := range entries {
		got[e.Name()] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("documented examples (+) and those with a method (-) differ:\n%s", diff)
	}
	if n := len(documentedOperations); n != 12 {
		t.Errorf("%d operations, want the twelve documented", n)
	}
}

func TestExampleRequests(t *testing.T) {
	t.Parallel()
	for operation, requests := range documentedOperations {
		for _, r := range requests {
			file := exampleFile(operation, r.variant)
			t.Run(file, func(t *testing.T) {
				t.Parallel()
				first, _, body := readExample(t, file)
				_, _, answer := readExample(t, operation+".response.http")
				fields := strings.Fields(first)
				target, err := url.Parse(fields[1])
				if err != nil {
					t.Fatal(err)
				}

				transport := &journal{}
				transport.answer = func(got request) reply {
					if got.isList() { // also the one that a create looks at first
						return listOf()
					}
					return reply{body: answer}
				}
				c, _ := newTestClient(transport)
				callMethod(t, c, r)

				want := request{method: fields[0], path: target.Path, query: target.Query(), body: body}
				if right, ok := documentedTypos[want.path]; ok {
					want.path = right
				}
				if want.query.Has("pageNo") {
					want.query.Set("pageNo", "1")
					want.query.Set("pageSize", strconv.Itoa(pageSize))
				}
				var sent []request
				for _, got := range transport.requests() {
					if got.method == want.method {
						sent = append(sent, got)
					}
				}
				if len(sent) != 1 {
					t.Fatalf("sent %d requests with %s, want 1", len(sent), want.method)
				}
				compareRequests(t, want, sent[0])
			})
		}
	}
}

func compareRequests(t *testing.T, want, got request) {
	t.Helper()
	if got.String() != want.String() {
		t.Errorf("sent %s, want %s", got, want)
	}
	if diff := cmp.Diff(want.query, got.query); diff != "" {
		t.Errorf("query, documented (-) and sent (+):\n%s", diff)
	}
	if diff := cmp.Diff(decodeAny(t, want.body), decodeAny(t, got.body)); diff != "" {
		t.Errorf("body, documented (-) and sent (+):\n%s", diff)
	}
}

func decodeAny(t *testing.T, text string) any {
	t.Helper()
	if text == "" {
		return nil
	}
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("decode %q: %v", text, err)
	}
	return v
}

// callMethod calls the method that r names and checks what it returns.
func callMethod(t *testing.T, c *Client, r exampleRequest) {
	t.Helper()
	args := []reflect.Value{reflect.ValueOf(t.Context())}
	for _, arg := range r.args {
		args = append(args, reflect.ValueOf(arg))
	}
	results := reflect.ValueOf(c).MethodByName(r.method).Call(args)
	if err := results[len(results)-1]; !err.IsNil() {
		t.Fatalf("%s: %v", r.method, err)
	}
	if len(results) == 2 {
		got := results[0].Interface()
		if v := reflect.ValueOf(got); v.Kind() == reflect.Slice && v.Len() == 0 {
			got = reflect.Zero(v.Type()).Interface()
		}
		if diff := cmp.Diff(r.want, got); diff != "" {
			t.Errorf("%s returned (+), want (-):\n%s", r.method, diff)
		}
	}
}

func date(year int, month time.Month, day, hour, minute, second int) Time {
	return Time{time.Date(year, month, day, hour, minute, second, 0, time.UTC)}
}

// Mutations are decoded by the methods in TestExampleRequests; a documented
// page is not a whole list, so that lists are decoded by their pagers.
func TestExampleLists(t *testing.T) {
	t.Parallel()
	lists := map[string]func(*testing.T, *Client){
		"list_registries": func(t *testing.T, c *Client) {
			want := Registry{
				ID: 1, URL: "https://hub.baidubce.com", Name: "test", Type: "docker-registry", Description: "test",
				Credential: Credential{Type: "basic"}, Status: "healthy",
				CreationTime: date(2020, time.June, 19, 3, 24, 18), UpdateTime: date(2020, time.July, 13, 8, 27, 35),
			}
			comparePage(t, c.registryPage(RegistryQuery{}), 1, want)
		},
		"list_policies": func(t *testing.T, c *Client) {
			comparePage(t, c.policyPage, 14, Policy{
				ID: 1, Name: "test-policy", Description: "test", PullBase: true, SrcRegistry: RegistryRef{Name: "testRegistry"},
				DestProjectName: "public", TriggerType: "manual", Override: true, Enabled: true, ExecutionTimes: 4,
				CreationTime: date(2020, time.June, 19, 6, 12, 23), UpdateTime: date(2020, time.June, 19, 6, 12, 23),
			})
		},
		"list_executions": func(t *testing.T, c *Client) {
			comparePage(t, c.executionPage(1), 4, Execution{
				ID: 1, PolicyID: 1, Status: "Succeed", Trigger: "manual", Total: 1, Succeed: 1,
				StartTime: date(2020, time.July, 13, 8, 52, 7), EndTime: date(2020, time.July, 13, 8, 52, 13),
			})
		},
	}
	for _, operation := range slices.Sorted(maps.Keys(documentedOperations)) {
		if strings.HasPrefix(operation, "list_") && lists[operation] == nil {
			t.Errorf("the response of %s is not decoded", operation)
		}
	}
	for operation, decode := range lists {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			first, header, body := readExample(t, operation+".response.http")
			if first != "HTTP/1.1 200 OK" {
				t.Fatalf("documented as %q", first)
			}
			c, _ := newTestClient(always(reply{header: header, body: body}))
			decode(t, c)
		})
	}
}

func comparePage[T any](t *testing.T, read pager[T], total int64, want T) {
	t.Helper()
	p, err := read(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if *p.TotalCount != total {
		t.Errorf("totalCount %d, want %d", *p.TotalCount, total)
	}
	if diff := cmp.Diff([]T{want}, *p.Result); diff != "" {
		t.Errorf("documented (-) and decoded (+):\n%s", diff)
	}
}

// A registry is described in full even where nothing is set, so that what is
// cleared is cleared in CCR too.
func TestClearedFieldsAreSent(t *testing.T) {
	t.Parallel()
	transport := &journal{answer: func(request) reply { return mutated("update", "1") }}
	c, _ := newTestClient(transport)
	in := registryInput("hub")
	if err := c.UpdateRegistry(t.Context(), 1, in); err != nil {
		t.Fatal(err)
	}
	if err := c.UpdatePolicy(t.Context(), 1, PolicyInput{Filters: []Filter{}}); err != nil {
		t.Fatal(err)
	}
	for i, fields := range [][]string{{`"description":""`, `"insecure":false`}, {`"description":""`, `"override":false`}} {
		for _, field := range fields {
			if body := transport.requests()[i].body; !strings.Contains(body, field) {
				t.Errorf("request %d is %s without %s", i+1, body, field)
			}
		}
	}
}

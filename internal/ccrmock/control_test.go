package ccrmock_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

func contains(s, part string) bool { return strings.Contains(s, part) }

func TestControlPath(t *testing.T) {
	t.Parallel()
	m := newMigrator(t, []string{"cce/web:v1", "cce/web:v2"})
	call := func(method, target, body string) string {
		t.Helper()
		a := control(t, m.world, method, "/_mock/"+target, body)
		if a.status != http.StatusOK || !json.Valid([]byte(a.raw)) {
			t.Fatalf("%s %s: %d %s", method, target, a.status, a.raw)
		}
		return a.raw
	}
	call("POST", "executions/hold?after=1", "")
	id := m.start(false, "name", "cce/web")
	if err := m.WaitPaused(m.ctx(), id); err != nil {
		t.Fatal(err)
	}
	if raw := call("POST", "purge", ""); !contains(raw, `{"purged":0}`) {
		t.Errorf("purge: %s", raw)
	}
	call("POST", "executions/release", "")
	m.want(m.result(id), "Succeed", 2, 2, 0, 0, 0)
	if raw := call("GET", "images", ""); !contains(raw, `"public/web:v1":"`+m.source.Digest("cce/web:v1")) {
		t.Errorf("images: %s", raw)
	}
	call("POST", "health-checks", "")
	raw := call("GET", "state", "")
	for _, part := range []string{`"status":"healthy"`, `"srcRegistryId":1`, `"value":"cce/web"`, `"succeed":2`} {
		if !contains(raw, part) {
			t.Errorf("state without %s: %s", part, raw)
		}
	}
	if raw := call("POST", "purge?policyId=1", ""); !contains(raw, `{"purged":1}`) {
		t.Errorf("purge: %s", raw)
	}
	call("POST", "executions/hold", "")
	id = m.startPolicy("1")
	if raw := call("POST", fmt.Sprintf("purge?executionId=%d", id), ""); !contains(raw, `{"purged":1}`) {
		t.Errorf("purge: %s", raw)
	}
}

func TestControlRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok("POST", registries, registryJSON("a", "harbor", "http://h", "user", "the-secret"))
	w.ok("GET", registries+"?pageNo=1", "")
	a := control(t, w, "GET", "/_mock/requests", "")
	if contains(a.raw, "the-secret") || contains(a.raw, "bce-auth") || !contains(a.raw, `"query":"pageNo=1","status":200`) {
		t.Errorf("journal: %s", a.raw)
	}
	journal := w.Requests()
	if len(journal) != 2 || !contains(journal[0].Body, "the-secret") || journal[0].Method != http.MethodPost || journal[0].Time.IsZero() {
		t.Errorf("journal: %+v", journal)
	}
	if w.Count("", "") != 2 || w.Count("GET", registries) != 1 || w.Count("", "/v1/ccr/*") != 2 || w.Count("PUT", "") != 0 {
		t.Error("counts")
	}
	control(t, w, "DELETE", "/_mock/requests", "")
	if len(w.Requests()) != 0 {
		t.Error("not forgotten")
	}
}

func TestControlFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := `{"kind":"status","method":"GET","path":"/v1/ccr/*","status":503,"times":2,"header":{"Retry-After":["1"]},"delay":"1ms"}`
	if a := control(t, w, "POST", "/_mock/faults", body); a.status != 200 || fmt.Sprint(a.body["id"]) != "1" {
		t.Fatalf("got %s", a.raw)
	}
	if a := w.do("GET", registries, ""); a.status != 503 || a.header.Get("Retry-After") != "1" {
		t.Errorf("got %d %s", a.status, a.raw)
	}
	a := control(t, w, "GET", "/_mock/faults", "")
	if !contains(a.raw, `"id":1,"fired":1,"kind":"status"`) || !contains(a.raw, `"delay":"1ms"`) {
		t.Errorf("got %s", a.raw)
	}
	control(t, w, "DELETE", "/_mock/faults", "")
	w.ok("GET", registries, "")
	for _, bad := range []string{"", "{", `{"kind":"never"}`, `{"kind":"status","when":1}`, `{"kind":"delay","delay":"soon"}`} {
		if a := control(t, w, "POST", "/_mock/faults", bad); a.status != 400 || a.body["error"] == nil {
			t.Errorf("%s: %d %s", bad, a.status, a.raw)
		}
	}
}

func TestControlRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for target, status := range map[string]int{
		"GET /_mock/nothing":                  404,
		"PUT /_mock/state":                    404,
		"POST /_mock/executions/hold?after=x": 400,
		"POST /_mock/purge?policyId=x":        400,
	} {
		method, path, _ := strings.Cut(target, " ")
		if a := control(t, w, method, path, ""); a.status != status {
			t.Errorf("%s: %d", target, a.status)
		}
	}
	for address, status := range map[string]int{
		"192.0.2.1:1234": 403, "": 403, "127.0.0.1:1": 200, "[::1]:1": 200, "127.9.9.9:1": 200,
	} {
		r := httptest.NewRequest(http.MethodGet, "/_mock/state", http.NoBody)
		r.RemoteAddr = address
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, r)
		if rec.Code != status {
			t.Errorf("from %q: %d", address, rec.Code)
		}
	}
	if len(w.Requests()) != 0 {
		t.Error("control requests are in the journal")
	}
}

// Nothing that is logged holds a secret.
func TestLogs(t *testing.T) {
	t.Parallel()
	lines := make(chan string, 100)
	m := newMigrator(t, []string{"cce/web:v1"}, ccrmock.WithLogf(func(format string, args ...any) {
		lines <- fmt.Sprintf(format, args...)
	}))
	m.result(m.start(false, "name", "cce/web"))
	m.UpdateRegistry(1, func(r *ccrmock.Registry) { r.AccessSecret = "wrong-pass" })
	m.result(m.startPolicy("1"))
	m.ok("POST", registries, `{"id":1}`)
	m.Close()
	close(lines)
	n := 0
	for line := range lines {
		n++
		if contains(line, secret) || contains(line, "wrong-pass") || contains(line, ccrmock.DefaultSecretAccessKey) {
			t.Errorf("a secret in %q", line)
		}
	}
	if n == 0 {
		t.Error("nothing was logged")
	}
}

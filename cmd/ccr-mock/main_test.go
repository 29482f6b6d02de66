package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
)

// started runs the command until the test ends or stop is called, and returns
// what it exports.
func started(t *testing.T, args ...string) (exports map[string]string, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	r, w := io.Pipe()
	result := make(chan error, 1)
	go func() {
		err := run(ctx, args, w, io.Discard)
		_ = w.Close()
		result <- err
	}()
	exports = map[string]string{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line, ok := strings.CutPrefix(lines.Text(), "export ")
		name, value, ok2 := strings.Cut(line, "=")
		if !ok || !ok2 {
			t.Fatalf("not an export: %q", lines.Text())
		}
		exports[name] = value
		if name == "CCR_MOCK_DESTINATION" { // the last one
			return exports, func() error { cancel(); return <-result }
		}
	}
	t.Fatalf("ended early: %v", <-result)
	return nil, nil
}

func TestRun(t *testing.T) {
	t.Parallel()
	exports, stop := started(t, "-access-key", "ak", "-secret-key", "it's", "-session-token", "tok",
		"-seed-source", "cce/web:v1,cce/multi:v1@index")
	for name, want := range map[string]string{
		"BAIDUCLOUD_ACCESS_KEY":    "ak",
		"BAIDUCLOUD_SECRET_KEY":    `'it'\''s'`,
		"BAIDUCLOUD_SESSION_TOKEN": "tok",
		"CCR_MOCK_SOURCE_USERNAME": "demo",
		"CCR_MOCK_SOURCE_PASSWORD": "demo-password",
		"CCR_ENDPOINT":             "http://" + exports["CCR_MOCK_DESTINATION"],
	} {
		if exports[name] != want {
			t.Errorf("%s is %q, want %q", name, exports[name], want)
		}
	}
	get := func(url, user, password string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if user != "" {
			req.SetBasicAuth(user, password)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	if status, body := get(exports["CCR_ENDPOINT"]+"/v1/ccr/registries", "", ""); status != 400 || !strings.Contains(body, "SignatureEmpty") {
		t.Errorf("the API: %d %s", status, body)
	}
	if status, _ := get("http://"+exports["CCR_MOCK_DESTINATION"]+"/v2/", "", ""); status != 200 {
		t.Errorf("the destination: %d", status)
	}
	if status, body := get(exports["CCR_ENDPOINT"]+"/_mock/state", "", ""); status != 200 {
		t.Errorf("the control path: %d %s", status, body)
	}
	source := exports["CCR_MOCK_SOURCE_URL"] + "/v2/cce/multi/tags/list"
	if status, _ := get(source, "", ""); status != 401 {
		t.Errorf("the source without login: %d", status)
	}
	if status, body := get(source, "demo", "demo-password"); status != 200 || !strings.Contains(body, "v1") {
		t.Errorf("the source: %d %s", status, body)
	}
	if err := stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
	if resp, err := http.Get(exports["CCR_ENDPOINT"] + "/_mock/state"); err == nil {
		_ = resp.Body.Close()
		t.Error("still served")
	}
}

// A request that hangs does not keep the command from ending.
func TestRunEndsHangingRequests(t *testing.T) {
	t.Parallel()
	exports, stop := started(t)
	if exports["CCR_MOCK_SOURCE_URL"] != "" {
		t.Errorf("a source was not asked for: %v", exports)
	}
	resp, err := http.Post(exports["CCR_ENDPOINT"]+"/_mock/faults", "application/json",
		strings.NewReader(`{"kind":"hang_before","times":-1}`))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	hung := make(chan error, 1)
	go func() {
		resp, err := http.Get(exports["CCR_ENDPOINT"] + "/v1/ccr/registries")
		if err == nil {
			_ = resp.Body.Close()
		}
		hung <- err
	}()
	for arrived := false; !arrived; {
		resp, err := http.Get(exports["CCR_ENDPOINT"] + "/_mock/faults")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		arrived = strings.Contains(string(body), `"fired":1`)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if err := <-hung; err == nil {
		t.Error("the request was answered")
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"-listen", "0.0.0.0:0"},
		{"-listen", ":0"},
		{"-listen", "192.0.2.1:80"},
		{"-listen", "example.com:80"},
		{"-listen", "127.0.0.1"},
		{"-seed-source", "web"},
		{"-source-host", "hub.example.com"},
		{"-no-such-flag"},
		{"serve"},
	} {
		var out strings.Builder
		if err := run(t.Context(), args, &out, io.Discard); err == nil || out.Len() > 0 {
			t.Errorf("%q: %v, wrote %q", args, err, out.String())
		}
	}
	if err := run(t.Context(), []string{"-h"}, io.Discard, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("help: %v", err)
	}
}

func TestShellQuote(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"", "plain", "http://127.0.0.1:1", "a b", "it's", `$(x) "y" \z`, "*", "#1", "a\nb", "~"} {
		out, err := exec.CommandContext(t.Context(), "sh", "-c", "printf %s "+shellQuote(value)).Output()
		if err != nil || string(out) != value {
			t.Errorf("%q came back as %q: %v", value, out, err)
		}
	}
	if got := shellQuote("http://127.0.0.1:1"); got != "http://127.0.0.1:1" {
		t.Errorf("quoted needlessly: %s", got)
	}
}

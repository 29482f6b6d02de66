package ccrmock_test

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

const newRegistry = `{"name":"new","type":"harbor","url":"http://h","credential":{"accessKey":"u","accessSecret":"p","type":"basic"},"insecure":false}`

// Each kind of fault, on a create: what the client sees, and whether it was done.
func TestFaultKinds(t *testing.T) {
	t.Parallel()
	for kind, tc := range map[string]struct {
		fault     ccrmock.Fault
		status    int // 0: no answer
		says      string
		committed bool
	}{
		"status":         {ccrmock.Fault{Kind: ccrmock.FaultStatus, Status: 429, Header: http.Header{"Retry-After": {"7"}}}, 429, "TooManyRequests", false},
		"status by code": {ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "QuotaExceed", Message: "no more"}, 412, "no more", false},
		"body":           {ccrmock.Fault{Kind: ccrmock.FaultBody, Status: 502, Body: "<html>", Header: http.Header{"content-type": {"text/html"}}}, 502, "<html>", false},
		"body_after":     {ccrmock.Fault{Kind: ccrmock.FaultBodyAfter, Status: 504, Body: "gateway"}, 504, "gateway", true},
		"drop_before":    {ccrmock.Fault{Kind: ccrmock.FaultDropBefore}, 0, "", false},
		"drop_after":     {ccrmock.Fault{Kind: ccrmock.FaultDropAfter}, 0, "", true},
		"truncate_after": {ccrmock.Fault{Kind: ccrmock.FaultTruncateAfter}, 0, "", true},
		"delay":          {ccrmock.Fault{Kind: ccrmock.FaultDelay, Delay: time.Millisecond}, 200, "create", true},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.AddFault(tc.fault)
			a, err := w.send(w.request("POST", registries, newRegistry))
			if (err != nil) != (tc.status == 0) || a.status != tc.status || !contains(a.raw, tc.says) {
				t.Errorf("got %d %q, %v", a.status, a.raw, err)
			}
			if committed := len(w.Registries()) == 1; committed != tc.committed {
				t.Errorf("committed: %t", committed)
			}
			for name, values := range tc.fault.Header {
				if a.header.Get(name) != values[0] {
					t.Errorf("header %s: %q", name, a.header.Get(name))
				}
			}
			entry := w.Requests()[0]
			if entry.Fault != tc.fault.Kind || (entry.Status != tc.status && kind != "truncate_after") {
				t.Errorf("journal %+v", entry)
			}
			// Once is the default, so the next request is served.
			if a := w.ok("GET", registries, ""); a.header.Get("Retry-After") != "" {
				t.Error("the fault's header stayed")
			}
		})
	}
}

// hanging sends a request that nobody answers.
func hanging(w *world, req *http.Request) <-chan error {
	result := make(chan error, 1)
	go func() {
		_, err := w.send(req)
		result <- err
	}()
	return result
}

func TestHang(t *testing.T) {
	t.Parallel()
	for kind, committed := range map[ccrmock.FaultKind]int{ccrmock.FaultHangBefore: 0, ccrmock.FaultHangAfter: 1} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.AddFault(ccrmock.Fault{Kind: kind, Times: -1})

			ctx, cancel := context.WithCancel(w.ctx())
			byClient := hanging(w, w.request("GET", registries, "").WithContext(ctx))
			if err := w.WaitFault(w.ctx(), id, 1); err != nil {
				t.Fatal(err)
			}
			byServer := hanging(w, w.request("POST", registries, newRegistry))
			if err := w.WaitFault(w.ctx(), id, 2); err != nil {
				t.Fatal(err)
			}
			select {
			case err := <-byClient:
				t.Fatalf("answered: %v", err)
			case err := <-byServer:
				t.Fatalf("answered: %v", err)
			default:
			}
			cancel()
			if err := <-byClient; err == nil {
				t.Error("answered")
			}
			w.Close()
			if err := <-byServer; err == nil {
				t.Error("answered")
			}
			if n := len(w.Registries()); n != committed {
				t.Errorf("%d registries", n)
			}
			if n := w.Count("", "/v1/*/registries"); n != 2 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestWaitCount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.AddFault(ccrmock.Fault{Kind: ccrmock.FaultHangBefore})
	result := hanging(w, w.request("GET", registries, ""))
	if err := w.WaitCount(w.ctx(), "GET", registries, 1); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if err := <-result; err == nil {
		t.Error("answered")
	}
	ctx, cancel := context.WithCancel(w.ctx())
	cancel()
	if err := w.WaitCount(ctx, "GET", registries, 2); err == nil {
		t.Error("waited for nothing")
	}
}

func TestFaultMatching(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SeedRegistries(3, "registry")
	statuses := func(n int, method, target, body string) (out []int) {
		for range n {
			out = append(out, w.do(method, target, body).status)
		}
		return out
	}
	check := func(what string, got []int, want ...int) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	w.AddFault(ccrmock.Fault{Kind: ccrmock.FaultStatus, Status: 503, Method: "GET", Path: registries, Skip: 1, Times: 2})
	check("skip and times", statuses(5, "GET", registries, ""), 200, 503, 503, 200, 200)
	check("another path", statuses(1, "GET", policies, ""), 200)

	w.AddFault(ccrmock.Fault{Kind: ccrmock.FaultStatus, Status: 500, QueryContains: "pageNo=2", Times: -1})
	check("query", append(statuses(1, "GET", registries+"?pageNo=1", ""), statuses(2, "GET", registries+"?pageNo=2", "")...), 200, 500, 500)
	w.ClearFaults()
	check("cleared", statuses(1, "GET", registries+"?pageNo=2", ""), 200)

	id := w.AddFault(ccrmock.Fault{Kind: ccrmock.FaultStatus, Status: 409, Path: "/v1/ccr/registries/*", Method: "DELETE"})
	check("pattern", append(statuses(1, "GET", registries, ""), statuses(1, "DELETE", registries+"/1", "")...), 200, 409)
	if w.FaultFired(id) != 1 {
		t.Errorf("fired %d times", w.FaultFired(id))
	}
	w.RemoveFault(id)
	if w.FaultFired(id) != 0 {
		t.Error("not removed")
	}

	w.AddFault(ccrmock.Fault{Kind: ccrmock.FaultStatus, Status: 418, BodyContains: `"two"`})
	check("body", append(statuses(1, "POST", registries, `{"id":1}`), statuses(1, "POST", registries, `{"name":"two"}`)...), 200, 418)
}

// A fault comes before the signature is looked at.
func TestFaultBeforeSignature(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.AddFault(ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "RequestExpired"})
	w.keys.SecretAccessKey = "wrong"
	for _, code := range []string{"RequestExpired", "SignatureDoesNotMatch"} {
		w.refused(code, "GET", registries, "")
	}
}

func TestImpossibleFaultsPanic(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, f := range []ccrmock.Fault{
		{},
		{Kind: "sometimes"},
		{Kind: ccrmock.FaultStatus},
		{Kind: ccrmock.FaultStatus, Code: "NoSuchCode"},
		{Kind: ccrmock.FaultBody, Status: 99},
		{Kind: ccrmock.FaultDelay},
		{Kind: ccrmock.FaultDropAfter, Path: "["},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v was taken", f)
				}
			}()
			w.AddFault(f)
		}()
	}
}

func TestLatency(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ccrmock.WithLatency(time.Hour))
	ctx, cancel := context.WithTimeout(w.ctx(), 10*time.Millisecond)
	defer cancel()
	if a, err := w.send(w.request("GET", registries, "").WithContext(ctx)); err == nil {
		t.Errorf("answered %s at once", a.raw)
	}
}

package main

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

// Every object is asked for, at the cost of one listing of each kind, and the
// provider's memory is known in the end.
func TestRefresh(t *testing.T) {
	t.Parallel()
	const n = 120
	mock := ccrmock.New()
	server := httptest.NewServer(mock)
	t.Cleanup(func() { mock.Close(); server.Close() })
	mock.SeedPolicies(n, "policy", mock.SeedRegistries(n, "registry")[0])

	dir := t.TempDir()
	for binary, source := range map[string]string{"provider": "../..", "peak": "./peak"} {
		if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, binary), source).CombinedOutput(); err != nil {
			t.Fatalf("build %s: %v\n%s", source, err, out)
		}
	}
	peaks := filepath.Join(dir, "peaks")
	start := func() *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), filepath.Join(dir, "peak"))
		cmd.Env = append(os.Environ(), "PEAK_OF="+filepath.Join(dir, "provider"), "PEAK_FILE="+peaks, "CCR_ENDPOINT="+server.URL,
			"BAIDUCLOUD_ACCESS_KEY="+ccrmock.DefaultAccessKeyID, "BAIDUCLOUD_SECRET_KEY="+ccrmock.DefaultSecretAccessKey)
		return cmd
	}
	if err := refresh(t.Context(), start(), n); err != nil {
		t.Fatal(err)
	}
	if got := mock.Count("GET", "/v1/ccr/*"); got != 4 || len(mock.Requests()) != got {
		t.Errorf("%d list requests of %d", got, len(mock.Requests()))
	}
	if peak, err := takePeak(peaks); err != nil || peak < 5 || peak > 500 {
		t.Errorf("%d MiB and %v", peak, err)
	}
	if err := refresh(t.Context(), start(), n+1); err == nil {
		t.Error("an object that is gone is no error")
	}
}

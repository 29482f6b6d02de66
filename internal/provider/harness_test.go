package provider

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

// cli is the Terraform or OpenTofu that acceptance tests run; "" when there is
// none, and then each says that it is skipped for it.
var cli string

func TestMain(m *testing.M) {
	cli = findCLI()
	if cli != "" {
		set := map[string]string{
			"TF_ACC_TERRAFORM_PATH": cli,
			"CHECKPOINT_DISABLE":    "1",
			"TF_CLI_CONFIG_FILE":    os.DevNull,
		}
		if strings.HasPrefix(filepath.Base(cli), "tofu") {
			set["TF_ACC_PROVIDER_NAMESPACE"], set["TF_ACC_PROVIDER_HOST"] = "hashicorp", "registry.opentofu.org"
		}
		for name, value := range set {
			_ = os.Setenv(name, value)
		}
	}
	os.Exit(m.Run())
}

func findCLI() string {
	if path := os.Getenv("TF_ACC_TERRAFORM_PATH"); path != "" {
		return path
	}
	for _, name := range []string{"terraform", "tofu"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// acceptance runs steps through a real CLI. Every test has its own mock and
// its own provider, in this process.
func acceptance(t *testing.T, c resource.TestCase) {
	t.Helper()
	if cli == "" {
		t.Skip("no terraform or tofu on PATH, and TF_ACC_TERRAFORM_PATH is not set")
	}
	if c.ProtoV6ProviderFactories == nil {
		c.ProtoV6ProviderFactories = protoFactories(quickWorld())
	}
	resource.UnitTest(t, c)
}

// quickWorld is the real world with an empty environment, in which waiting
// takes a moment.
func quickWorld() world {
	return world{
		getenv: func(string) string { return "" },
		now:    time.Now,
		poll:   func(int) time.Duration { return time.Second },
		sleep: func(ctx context.Context, d time.Duration) error {
			select {
			case <-time.After(min(d, 2*time.Millisecond)):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		},
	}
}

func protoFactories(w world) map[string]func() (tfprotov6.ProviderServer, error) {
	return map[string]func() (tfprotov6.ProviderServer, error){
		"ccr": providerserver.NewProtocol6WithError(newProvider("test", w)()),
	}
}

// testMock is a mock endpoint of one test.
type testMock struct {
	*ccrmock.Server
	URL string
}

func startMock(t *testing.T, opts ...ccrmock.Option) *testMock {
	t.Helper()
	m := &testMock{Server: ccrmock.New(opts...)}
	server := httptest.NewServer(m.Server)
	t.Cleanup(func() { m.Close(); server.Close() })
	m.URL = server.URL
	return m
}

// providerConfig is a provider block for the mock.
func (m *testMock) providerConfig() string {
	return m.providerConfigWith(ccrmock.DefaultAccessKeyID, ccrmock.DefaultSecretAccessKey)
}

func (m *testMock) providerConfigWith(accessKey, secretKey string) string {
	return fmt.Sprintf("provider \"ccr\" {\n  endpoint   = %q\n  access_key = %q\n  secret_key = %q\n}\n", m.URL, accessKey, secretKey)
}

// testSource is a source registry of one test.
type testSource struct {
	*ccrmock.Source
	URL string
}

const (
	sourceUser     = "puller"
	sourcePassword = "pull-s3cr3t"
)

func startSource(t *testing.T, refs ...string) *testSource {
	t.Helper()
	s := &testSource{Source: ccrmock.NewSource(ccrmock.WithLogin(sourceUser, sourcePassword))}
	if err := s.Seed(refs...); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Source)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

package provider

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

const (
	examplesRoot  = "../../examples"
	templatesRoot = "../../templates"

	exampleUser     = "cce-user"
	examplePassword = "cce-password"
)

// exampleImages is what the source that examples migrate from holds.
var exampleImages = []string{
	"cce/web:v1", "cce/web:v2", "cce/api:v1", "cce/api:v2", "cce/multi:v1@index",
	"shop/cart:1.0", "shop/cart:1.1", "shop/cart:2.0-rc1", "shop/pay:1.0",
}

// exampleHosts are names of that source.
var exampleHosts = []string{"hub.baidubce.com", "registry.example.com"}

// exampleVariables are values for the variables that have no default.
var exampleVariables = map[string]string{
	"cce_username":     exampleUser,
	"cce_password":     examplePassword,
	"harbor_password":  "harbor-password",
	"state_passphrase": "a passphrase for examples",

	// examples/demo, whose patterns are not for the CCE hub
	"source_url":      "http://registry.example.com",
	"source_username": exampleUser,
	"source_password": examplePassword,

	// examples/modules/image-migration
	"images":    `["hub.baidubce.com/cce/web:v1", "hub.baidubce.com/cce/multi:v1"]`,
	"namespace": "public",
	"username":  exampleUser,
	"password":  examplePassword,

	// examples/guides/import/all
	"usernames": fmt.Sprintf(`{ "cce-hub" = %q }`, exampleUser),
	"passwords": fmt.Sprintf(`{ "cce-hub" = %q }`, examplePassword),
	"filters":   `{ "web" = [{ type = "name", value = "cce/web" }, { type = "tag", value = "v1" }] }`,
}

// example is a directory of examples/, in a copy of all of it, with an account
// of its own.
type example struct {
	t    *testing.T
	dir  string
	text string // its configuration
	mock *testMock
	env  []string
	held map[string]bool // what the account held before
}

// newExample prepares the directory for a CLI with that configuration.
func newExample(t *testing.T, name, cliConfig string) *example {
	t.Helper()
	source := ccrmock.NewSource(ccrmock.WithLogin(exampleUser, examplePassword))
	if err := source.Seed(exampleImages...); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(source)
	t.Cleanup(server.Close)
	var hosts []ccrmock.Option
	for _, host := range exampleHosts {
		hosts = append(hosts, ccrmock.WithHost(host, strings.TrimPrefix(server.URL, "http://")))
	}
	x := &example{t: t, mock: startMock(t, hosts...)}
	root := filepath.Join(t.TempDir(), "examples")
	if err := os.CopyFS(root, os.DirFS(examplesRoot)); err != nil {
		t.Fatal(err)
	}
	x.dir = filepath.Join(root, filepath.FromSlash(name))
	files, err := os.ReadDir(x.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		path := filepath.Join(x.dir, file.Name())
		switch {
		case isImport(path) || isLeftOver(path):
			if err := os.RemoveAll(path); err != nil {
				t.Fatal(err)
			}
		case isConfiguration(path):
			x.text += "\n" + readFile(t, path)
		}
	}
	x.env = x.environment(cliConfig)
	if strings.Contains(x.text, "\nimport {") || !strings.Contains(x.text, "\nresource \"ccr_registry\"") && !strings.Contains(x.text, "\nmodule ") {
		x.populate()
	}
	return x
}

func (x *example) name() string {
	_, name, _ := strings.Cut(filepath.ToSlash(x.dir), "/examples/")
	return name
}

// environment is all that the CLI gets.
func (x *example) environment(cliConfig string) []string {
	x.t.Helper()
	home := x.t.TempDir()
	file := filepath.Join(home, "cli.tfrc")
	writeFile(x.t, file, cliConfig)
	env := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home,
		"CHECKPOINT_DISABLE=1", "TF_CLI_CONFIG_FILE=" + file, "TF_IN_AUTOMATION=1", "TF_INPUT=0", "TF_CLI_ARGS=-no-color",
		"CCR_ENDPOINT=" + x.mock.URL,
		"BAIDUCLOUD_ACCESS_KEY=" + ccrmock.DefaultAccessKeyID,
		"BAIDUCLOUD_SECRET_KEY=" + ccrmock.DefaultSecretAccessKey,
	}
	for _, block := range regexp.MustCompile(`(?ms)^variable "(\w+)" \{.*?^\}`).FindAllStringSubmatch(x.text, -1) {
		if regexp.MustCompile(`(?m)^\s*default\s*=`).MatchString(block[0]) {
			continue
		}
		value, ok := exampleVariables[block[1]]
		if !ok {
			x.t.Fatalf("exampleVariables has no value for %q", block[1])
		}
		env = append(env, "TF_VAR_"+block[1]+"="+value)
	}
	return env
}

// populate gives the account what examples that declare no registry refer to:
// what examples/provider makes.
func (x *example) populate() {
	registry := x.mock.CreateRegistry(ccrmock.Registry{
		Name: "cce-hub", URL: "http://hub.baidubce.com", AccessKey: exampleUser, AccessSecret: examplePassword,
	})
	policy := x.mock.CreatePolicy(ccrmock.Policy{
		Name: "web", SrcRegistryID: registry, DestProjectName: "public",
		Filters: []ccrmock.Filter{{Type: "name", Value: "cce/web"}, {Type: "tag", Value: "v1"}},
	})
	x.mock.CreateExecution(policy, ccrmock.Execution{
		Status: ccrmock.ExecutionSucceed, Counters: ccrmock.Counters{Total: 1, Succeed: 1}, EndTime: time.Now(),
	})
	x.held = x.objects()
}

// objects names what the account holds.
func (x *example) objects() map[string]bool {
	names := map[string]bool{}
	for _, r := range x.mock.Registries() {
		names["registry "+r.Name] = true
	}
	for _, p := range x.mock.Policies() {
		names["policy "+p.Name] = true
	}
	return names
}

// command runs the CLI.
func (x *example) command(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(x.t.Context(), 2*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, cli, args...)
	command.Dir, command.Env = x.dir, x.env
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	err := command.Run()
	return out.String(), err
}

// exampleDirs returns every directory that has configuration in it.
func exampleDirs(t *testing.T) []string {
	t.Helper()
	var dirs []string
	err := filepath.WalkDir(examplesRoot, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && isLeftOver(path) {
			return filepath.SkipDir
		}
		if err != nil || entry.IsDir() || !isConfiguration(path) {
			return err
		}
		dir, err := filepath.Rel(examplesRoot, filepath.Dir(path))
		if dir = filepath.ToSlash(dir); !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
		return err
	})
	if err != nil || len(dirs) == 0 {
		t.Fatalf("found %d examples: %v", len(dirs), err)
	}
	return dirs
}

func isConfiguration(path string) bool {
	return slices.ContainsFunc([]string{".tf", ".tofu", ".tfquery.hcl"}, func(suffix string) bool {
		return strings.HasSuffix(path, suffix)
	})
}

// isImport reports a file that shows an import. tfplugindocs wants all of a
// resource's in one directory, where they contradict each other.
func isImport(path string) bool {
	return strings.HasPrefix(filepath.Base(path), "import") && strings.Contains(filepath.ToSlash(path), "/resources/")
}

// isLeftOver reports what somebody who tried the example left there.
func isLeftOver(path string) bool {
	name := filepath.Base(path)
	return strings.HasPrefix(name, ".terraform") || strings.HasPrefix(name, "terraform.tfstate")
}

// buildProvider writes the provider to path.
func buildProvider(t *testing.T, path string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", path, "../..").CombinedOutput()
	if err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
}

// cliFeatures are what some CLIs do not have, by what it looks like, with the
// first minor version that has it, or never.
var cliFeatures = []struct {
	name            string
	terraform, tofu int
	looks           *regexp.Regexp
}{
	{"identity in import blocks", 12, 12, regexp.MustCompile(`(?m)^  identity = \{`)},
	{"actions", 14, never, regexp.MustCompile(`(?m)^action "`)},
	{"query", 14, never, regexp.MustCompile(`(?m)^list "`)},
	{"caller in actions", 16, never, regexp.MustCompile(`\bcaller\.`)},
}

const never = 1000

// cliVersion returns "Terraform" or "OpenTofu" and the minor version.
var cliVersion = sync.OnceValues(func() (product string, minor int) {
	out, err := exec.Command(cli, "version").Output()
	if found := regexp.MustCompile(`(Terraform|OpenTofu) v1\.(\d+)\.`).FindSubmatch(out); err == nil && found != nil {
		product = string(found[1])
		_, _ = fmt.Sscan(string(found[2]), &minor)
	}
	return product, minor
})

// lacks says why the CLI cannot read text, or "".
func lacks(text string) string {
	product, minor := cliVersion()
	for _, feature := range cliFeatures {
		since := map[string]int{"Terraform": feature.terraform, "OpenTofu": feature.tofu}[product]
		if feature.looks.MatchString(text) && minor < since {
			return fmt.Sprintf("%s 1.%d has no %s", product, minor, feature.name)
		}
	}
	return ""
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

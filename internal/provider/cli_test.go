package provider

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
)

const (
	providerAddress = "registry.terraform.io/terraform-provider-ccr/ccr"
	providerBinary  = "terraform-provider-ccr"
	requireProvider = "terraform {\n  required_providers {\n    ccr = { source = \"" + providerAddress + "\" }\n  }\n}\n"
)

// Under the provider's name the test binary is the provider: in a process of
// its own, with the logs that a user gets.
func init() {
	if filepath.Base(os.Args[0]) != providerBinary {
		return
	}
	if err := providerserver.Serve(context.Background(), New("test"), providerserver.ServeOpts{Address: providerAddress}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// commandLine runs a CLI as a user does, and keeps all that it says.
type commandLine struct {
	t    *testing.T
	dir  string
	env  []string
	said bytes.Buffer
}

func newCommandLine(t *testing.T, config string, env ...string) *commandLine {
	t.Helper()
	if cli == "" {
		t.Skip("no terraform or tofu on PATH, and TF_ACC_TERRAFORM_PATH is not set")
	}
	dir := t.TempDir()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	plugins := filepath.Join(dir, "plugins")
	for _, err := range []error{
		os.Mkdir(plugins, 0o700),
		os.Symlink(binary, filepath.Join(plugins, providerBinary)),
		os.WriteFile(filepath.Join(dir, "cli.tfrc"), fmt.Appendf(nil, "provider_installation {\n  dev_overrides { %q = %q }\n  direct {}\n}\n", providerAddress, plugins), 0o600),
		os.WriteFile(filepath.Join(dir, "main.tf"), []byte(requireProvider+config), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	env = append(env,
		"PATH="+os.Getenv("PATH"), "HOME="+dir, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_CLI_CONFIG_FILE="+filepath.Join(dir, "cli.tfrc"),
		"TF_LOG=TRACE", "TF_LOG_PATH="+filepath.Join(dir, "trace.log"))
	return &commandLine{t: t, dir: dir, env: env}
}

// run runs a command that must succeed, or must fail with the error given.
func (c *commandLine) run(variables map[string]string, failure string, args ...string) string {
	c.t.Helper()
	cmd := exec.CommandContext(c.t.Context(), cli, args...)
	cmd.Dir, cmd.Env = c.dir, c.env
	for name, value := range variables {
		cmd.Env = append(cmd.Env, "TF_VAR_"+name+"="+value)
	}
	out, err := cmd.CombinedOutput()
	c.said.Write(out)
	if failed := err != nil; failed != (failure != "") || !says(failure).Match(out) {
		c.t.Fatalf("%s %s: %v, want %q\n%s", filepath.Base(cli), strings.Join(args, " "), err, failure, out)
	}
	return string(out)
}

func (c *commandLine) file(name string) string {
	c.t.Helper()
	content, err := os.ReadFile(filepath.Join(c.dir, name))
	if err != nil {
		c.t.Fatal(err)
	}
	return string(content)
}

// unpacked is all that is in a saved plan.
func (c *commandLine) unpacked(name string) string {
	c.t.Helper()
	archive, err := zip.OpenReader(filepath.Join(c.dir, name))
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = archive.Close() }()
	var all bytes.Buffer
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			c.t.Fatal(err)
		}
		if _, err := io.Copy(&all, r); err != nil {
			c.t.Fatal(err)
		}
	}
	return all.String()
}

func (c *commandLine) wantWithout(what, text string, secrets ...string) {
	c.t.Helper()
	for _, secret := range secrets {
		if i := strings.Index(text, secret); i >= 0 {
			c.t.Errorf("%q is in %s: …%s…", secret, what, text[max(0, i-300):min(len(text), i+100)])
		}
	}
}

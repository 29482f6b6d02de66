package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed estate.tf builtin.tf
var configurations embed.FS

// cli runs a Terraform or OpenTofu whose provider is the one in bin/, with peak in between.
type cli struct {
	path  string
	env   []string
	mock  *mock
	peaks string // the file that peak writes to
	dir   string // of the workspaces
}

func newCLI(m *mock, dir string) (*cli, error) {
	c := &cli{path: os.Getenv("TF_ACC_TERRAFORM_PATH"), mock: m, peaks: filepath.Join(dir, "peaks"), dir: dir}
	if c.path == "" {
		return nil, errors.New("no CLI: run this with `scripts/cli run`")
	}
	root, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	plugins, config := filepath.Join(dir, "plugins"), filepath.Join(dir, "cli.tfrc")
	if err := os.Mkdir(plugins, 0o750); err != nil {
		return nil, err
	}
	if err := os.Symlink(filepath.Join(root, "bin", "bench-peak"), filepath.Join(plugins, "terraform-provider-ccr")); err != nil {
		return nil, err
	}
	text := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"terraform-provider-ccr/ccr\" = %q\n  }\n}\n", plugins)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	c.env = append(m.environ(), "TF_CLI_CONFIG_FILE="+config, "PEAK_OF="+filepath.Join(root, "bin", "terraform-provider-ccr"), "PEAK_FILE="+c.peaks)
	return c, nil
}

// version is the CLI's name and version, as in "Terraform v1.11.4".
func (c *cli) version(ctx context.Context) string {
	out, _ := exec.CommandContext(ctx, c.path, "version").Output() //nolint:gosec // G204: the CLI under test; without a version it has no name
	line, _, _ := strings.Cut(string(out), "\n")
	return line
}

// workspace is a directory with a configuration and its state.
type workspace struct {
	*cli
	dir string
}

func (c *cli) workspace(name, configuration string) (*workspace, error) {
	text, err := configurations.ReadFile(configuration)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(c.dir, name)
	if err := os.Mkdir(dir, 0o750); err != nil {
		return nil, err
	}
	return &workspace{cli: c, dir: dir}, os.WriteFile(filepath.Join(dir, "main.tf"), text, 0o600)
}

// measure is what one command took.
type measure struct {
	counts
	wall time.Duration
	peak int // MiB of the provider
}

// run runs one command of the CLI. A plan is expected to find nothing to do; what Terraform says of a refresh alone is not
// asked for, as it takes the order in which it marks sensitive attributes for a change.
func (w *workspace) run(ctx context.Context, command string, args ...string) (measure, error) {
	if _, err := w.mock.spent(ctx); err != nil { // forget what was before
		return measure{}, err
	}
	args = append([]string{command, "-no-color", "-input=false", "-compact-warnings"}, args...)
	switch {
	case command != "plan":
		args = append(args, "-auto-approve")
	case !slices.Contains(args, "-refresh-only"):
		args = append(args, "-detailed-exitcode")
	}
	cmd := exec.CommandContext(ctx, w.path, args...) //nolint:gosec // G204: the CLI under test
	cmd.Dir, cmd.Env = w.dir, w.env
	// It ends its providers when it is asked to end.
	cmd.Cancel, cmd.WaitDelay = func() error { return cmd.Process.Signal(os.Interrupt) }, 30*time.Second
	began := time.Now()
	out, err := cmd.CombinedOutput()
	m := measure{wall: time.Since(began)}
	if err != nil {
		return m, fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out[max(0, len(out)-4000):])
	}
	if m.counts, err = w.mock.spent(ctx); err != nil {
		return m, err
	}
	m.peak, err = takePeak(w.peaks)
	return m, err
}

// takePeak returns the highest of the peaks in a file, in MiB, and removes it.
func takePeak(file string) (int, error) {
	text, err := os.ReadFile(file) //nolint:gosec // G304: a file of ours
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil // nothing ran that is looked at
	}
	if err != nil {
		return 0, err
	}
	highest := 0
	for line := range strings.Lines(string(text)) {
		kib, err := strconv.Atoi(strings.TrimSpace(line))
		if err != nil {
			return 0, err
		}
		highest = max(highest, kib)
	}
	return (highest + 1023) / 1024, os.Remove(file)
}

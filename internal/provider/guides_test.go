//go:build unix

package provider

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

// TestGuides follows every guide as it is written: it runs the commands of its
// shell blocks against a mock endpoint, and looks for the lines of its text
// blocks in what they print. What a reader does otherwise, and what happens
// elsewhere meanwhile, is in template comments, which no page shows:
//
//	example DIR      begin anew with that directory of examples/ and an account for it
//	directory DIR    go to another directory, with the same account
//	needs FEATURE    skip the rest of the part without actions, query or tofu
//	set NAME=VALUE   set a variable in the environment
//	file NAME        write the next block to that file
//	fill in FILE     fill in what CCR does not tell in generated configuration
//	hold             let executions begin and not go on
//	release          let them go on, and wait until they have ended
//	release later    let them go on once the next command waits for one
//	interrupt        press Ctrl-C in the next command once its execution has begun
//	background CMD   run the command elsewhere until its execution has begun
//	foreground       wait for that command to end
//	stopped          look whether the last execution was stopped
//	drift            change the policies' namespaces
//
// Any other comment is a command that the guide need not show.
func TestGuides(t *testing.T) {
	t.Parallel()
	if cli == "" {
		t.Skip("no terraform or tofu on PATH, and TF_ACC_TERRAFORM_PATH is not set")
	}
	templates, err := filepath.Glob(filepath.Join(templatesRoot, "guides", "*.md.tmpl"))
	if err != nil || len(templates) == 0 {
		t.Fatalf("found %d guides: %v", len(templates), err)
	}
	mirror := mirrorProvider(t)
	for _, template := range templates {
		t.Run(strings.TrimSuffix(filepath.Base(template), ".md.tmpl"), func(t *testing.T) {
			t.Parallel()
			parts := guideParts(t, readFile(t, template))
			if len(parts) == 0 {
				t.Error("nothing in it is tried")
			}
			for _, part := range parts {
				t.Run(part[0].text, func(t *testing.T) { followGuide(t, part, mirror) })
			}
		})
	}
}

// mirrorProvider builds the provider into a mirror that init installs it from,
// next to a directory bin in which the CLI has both its names.
func mirrorProvider(t *testing.T) string {
	t.Helper()
	const version = "0.0.1"
	dir := t.TempDir()
	hosts := [2]string{filepath.Join(dir, "registry.terraform.io"), filepath.Join(dir, "registry.opentofu.org")}
	buildProvider(t, filepath.Join(hosts[0], "terraform-provider-ccr", "ccr", version, runtime.GOOS+"_"+runtime.GOARCH, "terraform-provider-ccr_v"+version))
	if err := os.CopyFS(hosts[1], os.DirFS(hosts[0])); err != nil {
		t.Fatal(err)
	}
	path, err := filepath.Abs(cli)
	if err == nil {
		err = os.Mkdir(filepath.Join(dir, "bin"), 0o700)
	}
	for _, name := range []string{"terraform", "tofu"} {
		if err == nil {
			err = os.Symlink(path, filepath.Join(dir, "bin", name))
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// guideStep is a block of a guide, or a comment, whose kind is "try".
type guideStep struct{ kind, text string }

// guideParts splits a guide where it begins with another example.
func guideParts(t *testing.T, text string) (parts [][]guideStep) {
	t.Helper()
	steps := regexp.MustCompile("(?s)\\{\\{-? ?/\\* try: (.*?) \\*/ ?-?\\}\\}|(?m)^```(\\w+)\n((?s).*?)^```$")
	for _, found := range steps.FindAllStringSubmatch(text, -1) {
		step := guideStep{found[2], found[3]}
		if found[1] != "" {
			step = guideStep{"try", found[1]}
		}
		if dir, ok := strings.CutPrefix(step.text, "example "); ok && step.kind == "try" {
			parts = append(parts, []guideStep{{"example", dir}})
			continue
		}
		if len(parts) > 0 {
			parts[len(parts)-1] = append(parts[len(parts)-1], step)
		} else if step.kind == "text" || step.kind == "shell" && withoutPlaceholders(step.text) != "" {
			t.Errorf("no example is set for\n%s", step.text)
		}
	}
	return parts
}

// reader is somebody who follows a guide.
type reader struct {
	*example
	printed     string // since the last text block
	failed      string // the command that failed and whose error has to be shown
	file        string // that the next block goes to
	interrupted bool   // the next command is
	background  func()
}

func followGuide(t *testing.T, part []guideStep, mirror string) {
	t.Helper()
	r := &reader{example: newExample(t, part[0].text, fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror))}
	r.env = append(r.env, "PATH="+filepath.Join(mirror, "bin")+":"+os.Getenv("PATH"),
		"TF_CLI_ARGS_apply=-auto-approve", "TF_CLI_ARGS_destroy=-auto-approve")
	for _, step := range part[1:] {
		switch {
		case r.file != "" && step.kind != "try":
			writeFile(t, filepath.Join(r.dir, r.file), step.text)
			r.file = ""
		case step.kind == "try":
			r.try(step.text)
		case step.kind == "shell":
			r.shell(withoutPlaceholders(step.text))
		case step.kind == "text":
			r.compare(step.text)
		}
	}
	if r.failed != "" {
		t.Errorf("failed:\n%s\n%s", r.failed, r.printed)
	}
}

// withoutPlaceholders leaves out variables that readers set to their own.
func withoutPlaceholders(script string) string {
	return strings.TrimSpace(regexp.MustCompile(`(?m)^export .*=\.\.\..*$`).ReplaceAllString(script, ""))
}

// try does what a comment says.
func (r *reader) try(comment string) {
	r.t.Helper()
	word, rest, _ := strings.Cut(comment, " ")
	switch word {
	case "directory":
		root, _, _ := strings.Cut(r.dir, "/examples/")
		r.dir = filepath.Join(root, "examples", rest)
	case "needs":
		r.needs(rest)
	case "set":
		r.env = append(r.env, rest)
	case "file":
		r.file = rest
	case "fill":
		r.fillIn(strings.TrimPrefix(rest, "in "))
	case "hold":
		r.mock.HoldExecutions()
	case "release":
		if rest == "later" {
			r.releaseLater()
		} else {
			r.release()
		}
	case "interrupt":
		r.interrupted = true
	case "background":
		r.run(rest, func(_ *exec.Cmd, wait func()) { r.background = wait })
	case "foreground":
		r.background()
	case "stopped":
		for _, p := range r.mock.Policies() {
			if e := r.mock.Executions(p.ID); len(e) == 0 || e[0].Status != ccrmock.ExecutionStopped {
				r.t.Errorf("the last execution was not stopped: %+v", e)
			}
		}
		r.printed = ""
	case "drift":
		for _, p := range r.mock.Policies() {
			r.mock.UpdatePolicy(p.ID, func(p *ccrmock.Policy) { p.DestProjectName = "private" })
		}
	default:
		r.shell(comment)
	}
}

func (r *reader) needs(feature string) {
	r.t.Helper()
	switch product, _ := cliVersion(); feature {
	case "tofu":
		if product != "OpenTofu" {
			r.t.Skip("this is about OpenTofu")
		}
	case "actions":
		if reason := lacks(`action "`); reason != "" {
			r.t.Skip(reason)
		}
	case "query":
		if reason := lacks(`list "`); reason != "" {
			r.t.Skip(reason)
		}
	default:
		r.t.Fatalf("nothing is known of %q", feature)
	}
}

func (r *reader) release() {
	r.t.Helper()
	r.mock.ReleaseExecutions()
	if err := r.mock.WaitIdle(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

// releaseLater takes a command for one that waits when it has looked more often
// than a plan does.
func (r *reader) releaseLater() {
	const looks, plan = "/v1/ccr/executions", 3
	after := r.mock.Count("GET", looks) + plan + 1
	go func() {
		_ = r.mock.WaitCount(r.t.Context(), "GET", looks, after) // or the guide has ended
		r.mock.ReleaseExecutions()
	}()
}

// shell runs a block's commands to their end.
func (r *reader) shell(script string) {
	r.t.Helper()
	if script == "" {
		return
	}
	if !r.interrupted {
		r.run(script, nil)
		return
	}
	r.interrupted = false
	r.run(script, func(command *exec.Cmd, wait func()) {
		// As a terminal does it: to all that runs in the foreground.
		if err := syscall.Kill(-command.Process.Pid, syscall.SIGINT); err != nil {
			r.t.Error(err)
		}
		wait()
		if r.failed == "" {
			r.t.Errorf("the interrupt did not end it:\n%s", r.printed)
		}
		r.failed = ""
	})
}

// run runs a script to its end, or calls begun when it has started a policy.
func (r *reader) run(script string, begun func(*exec.Cmd, func())) {
	r.t.Helper()
	if r.failed != "" {
		r.t.Fatalf("failed:\n%s\n%s", r.failed, r.printed)
	}
	const starts = "/v1/ccr/policies/*/start"
	before := r.mock.Count("POST", starts)
	ctx, cancel := context.WithTimeout(r.t.Context(), 2*time.Minute)
	r.t.Cleanup(cancel)
	command := exec.CommandContext(ctx, "bash", "-c", script)
	command.Dir, command.Env = r.dir, slices.Clone(r.env)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	if err := command.Start(); err != nil {
		r.t.Fatal(err)
	}
	wait := func() {
		err := command.Wait()
		r.printed += out.String()
		if err != nil {
			r.failed = fmt.Sprintf("%s: %v", script, err)
		}
	}
	if begun == nil {
		wait()
		return
	}
	if err := r.mock.WaitCount(ctx, "POST", starts, before+1); err != nil {
		wait()
		r.t.Fatalf("%s: it started no policy: %v\n%s", script, err, r.printed)
	}
	begun(command, wait)
}

// compare looks for the lines of a text block in what was printed. What comes
// after "..." was printed later; without it the order does not matter, as it may
// differ from run to run.
func (r *reader) compare(text string) {
	r.t.Helper()
	var printed []string
	for line := range strings.Lines(r.printed) {
		printed = append(printed, normalized(line))
	}
	next := 0
	for line := range strings.Lines(text) {
		switch line = normalized(line); {
		case line == "":
			continue
		case line == "...":
			printed = printed[next:]
			next = 0
			continue
		case strings.HasPrefix(line, "Error: "):
			r.failed = ""
		}
		at := slices.Index(printed, line)
		if at < 0 {
			r.t.Fatalf("%q was not printed, or not in this order:\n%s", line, r.printed)
		}
		next = max(next, at+1)
	}
	if r.failed != "" {
		r.t.Fatalf("failed:\n%s\n%s", r.failed, r.printed)
	}
	r.printed = ""
}

// normalized leaves out of a line what differs from run to run.
func normalized(line string) string {
	line = regexp.MustCompile(`after \d+s`).ReplaceAllString(line, "after 0s")
	return strings.Join(strings.Fields(line), " ")
}

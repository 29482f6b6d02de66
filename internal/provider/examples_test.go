package provider

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// exampleSteps are what happens to an example between its apply and its
// destroy, where that is more than happens to all.
var exampleSteps = map[string]func(*example){
	"actions/ccr_check_registry":          (*example).checkNewRegistry,
	"list-resources/ccr_migration_policy": (*example).importFound,
	"list-resources/ccr_registry":         (*example).importFound,
	"resources/ccr_migration_policy":      (*example).importBack,
	"resources/ccr_policy_execution":      (*example).importBack,
	"resources/ccr_registry":              (*example).importBack,
}

// exampleWarnings are warnings that do not count.
var exampleWarnings = []string{
	"Provider development overrides are in effect",
	"Resource targeting is in effect",
	"Applied changes may be incomplete",
	"Available Write-Only Attribute Alternative", // examples/demo shows a secret that is not write-only
}

// TestExamples applies every directory with configuration under examples/ as a
// user would, against a mock endpoint that migrates, plans it again, and
// destroys it.
func TestExamples(t *testing.T) {
	t.Parallel()
	if cli == "" {
		t.Skip("no terraform or tofu on PATH, and TF_ACC_TERRAFORM_PATH is not set")
	}
	dirs := exampleDirs(t)
	for dir := range exampleSteps {
		if !slices.Contains(dirs, dir) {
			t.Errorf("there are steps for examples/%s, which does not exist", dir)
		}
	}
	binaries := t.TempDir()
	buildProvider(t, filepath.Join(binaries, "terraform-provider-ccr"))
	cliConfig := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"terraform-provider-ccr/ccr\" = %q\n  }\n}\n", filepath.ToSlash(binaries))
	for _, dir := range dirs {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			newExample(t, dir, cliConfig).run()
		})
	}
}

func (x *example) run() {
	x.t.Helper()
	if reason := lacks(x.text); reason != "" {
		x.t.Skip(reason)
	}
	if strings.Contains(x.text, "\nmodule ") {
		x.must("get")
	}
	if first := x.importedAddress(); first != "" {
		x.must("apply", "-auto-approve", "-target="+first) // the imports shown are of id 1
	}
	x.must("apply", "-auto-approve")
	x.unchanged()
	for _, action := range regexp.MustCompile(`(?m)^action "(\w+)" "(\w+)"`).FindAllStringSubmatch(x.text, -1) {
		if name := action[1] + "." + action[2]; name != newRegistryCheck {
			x.must("apply", "-auto-approve", "-invoke=action."+name)
		}
	}
	if steps := exampleSteps[x.name()]; steps != nil {
		steps(x)
	}
	x.must("destroy", "-auto-approve")
	for object := range x.objects() {
		if !x.held[object] {
			x.t.Errorf("the destroy left the %s", object)
		}
	}
}

// must runs the CLI, which has to succeed and must not warn of anything.
func (x *example) must(args ...string) string {
	x.t.Helper()
	out, err := x.command(args...)
	if err != nil {
		x.t.Fatalf("%s: %v\n%s", args, err, out)
	}
	for _, warning := range regexp.MustCompile(`Warning: (.*)`).FindAllStringSubmatch(out, -1) {
		if !slices.Contains(exampleWarnings, warning[1]) {
			x.t.Errorf("%s: unexpected warning %q\n%s", args, warning[1], out)
		}
	}
	return out
}

// unchanged wants a plan without changes.
func (x *example) unchanged() {
	x.t.Helper()
	x.must("plan", "-detailed-exitcode")
}

const newRegistryCheck = "ccr_check_registry.new"

// checkNewRegistry invokes the check of a registry that does not exist: on a
// server that takes it for a create, and on one that does not.
func (x *example) checkNewRegistry() {
	invoke := []string{"apply", "-auto-approve", "-invoke=action." + newRegistryCheck}
	const refused = "Error: CCR cannot check a registry that does not exist"
	if out, err := x.command(invoke...); err == nil || !strings.Contains(out, refused) {
		x.t.Errorf("want the error %q, got %v\n%s", refused, err, out)
	}
	x.mock.TreatNextFullBodyAsCheck(1)
	x.must(invoke...)
}

var importCommand = regexp.MustCompile(`(?m)^terraform import (\S+) '?([^'\n]+)'?$`)

// importedAddress is what the example's import.sh imports, if it has one.
func (x *example) importedAddress() string {
	text, err := os.ReadFile(filepath.Join(examplesRoot, filepath.FromSlash(x.name()), "import.sh"))
	if err != nil {
		return ""
	}
	command := importCommand.FindSubmatch(text)
	if command == nil {
		x.t.Fatalf("no command in\n%s", text)
	}
	return string(command[1])
}

// importBack forgets the example's resource and imports it in each way that its
// page shows.
func (x *example) importBack() {
	files, err := filepath.Glob(filepath.Join(examplesRoot, filepath.FromSlash(x.name()), "import*"))
	if err != nil || len(files) == 0 {
		x.t.Fatalf("examples/%s shows no import: %v", x.name(), err)
	}
	for _, file := range files {
		text := readFile(x.t, file)
		x.t.Run(filepath.Base(file), func(t *testing.T) {
			if reason := lacks(text); reason != "" {
				t.Skip(reason)
			}
			step := *x
			step.t = t
			if filepath.Ext(file) == ".sh" {
				step.importByCommand(text)
			} else {
				step.importByBlock(filepath.Base(file), text)
			}
		})
	}
}

func (x *example) importByCommand(text string) {
	for _, command := range importCommand.FindAllStringSubmatch(text, -1) {
		x.must("state", "rm", command[1])
		x.must("import", command[1], command[2])
	}
	x.must("apply", "-auto-approve") // sends what CCR does not tell
	x.unchanged()
}

func (x *example) importByBlock(file, text string) {
	to := regexp.MustCompile(`(?m)^\s*to\s*=\s*(\S+)$`).FindStringSubmatch(text)
	if to == nil {
		x.t.Fatalf("no import block in\n%s", text)
	}
	x.must("state", "rm", to[1])
	path := filepath.Join(x.dir, file)
	writeFile(x.t, path, text)
	if out := x.must("apply", "-auto-approve"); !strings.Contains(out, "1 imported, 0 added") {
		x.t.Errorf("not only an import:\n%s", out)
	}
	x.unchanged()
	if err := os.Remove(path); err != nil {
		x.t.Fatal(err)
	}
}

// importFound queries, has configuration written for what was found, fills in
// what CCR does not tell, and applies that.
func (x *example) importFound() {
	if out := x.must("query"); !strings.Contains(out, "id=1") {
		x.t.Errorf("the query found nothing:\n%s", out)
	}
	x.must("query", "-generate-config-out=generated.tf")
	x.fillIn("generated.tf")
	if out := x.must("apply", "-auto-approve"); !strings.Contains(out, "1 imported, 0 added") {
		x.t.Errorf("not only an import:\n%s", out)
	}
	x.unchanged()
	// A registry that a policy reads from could not be destroyed.
	for _, policy := range x.mock.Policies() {
		if strings.Contains(x.text, `list "ccr_registry"`) {
			x.mock.DeletePolicy(policy.ID)
		}
	}
}

// fillIn puts into generated configuration what CCR does not tell.
func (x *example) fillIn(file string) {
	x.t.Helper()
	path := filepath.Join(x.dir, file)
	before := readFile(x.t, path)
	after := strings.NewReplacer(
		"access_key               = null", fmt.Sprintf("access_key = %q", exampleUser),
		"access_secret            = null # sensitive\n", "\n",
		"access_secret_wo         = null", fmt.Sprintf("access_secret_wo = %q", examplePassword),
		"access_secret_wo_version = null", "access_secret_wo_version = 1",
		"filters           = null", `filters = [{ type = "name", value = "cce/web" }, { type = "tag", value = "v1" }]`,
	).Replace(before)
	if after == before {
		x.t.Fatalf("nothing to fill in:\n%s", before)
	}
	writeFile(x.t, path, after)
}

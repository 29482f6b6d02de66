package client

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/terraform-provider-ccr/terraform-provider-ccr"

// imports returns what the files of a package in dir import, tests aside.
func imports(t *testing.T, dir string) map[string][]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range parsed.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			found[path] = append(found[path], file)
		}
	}
	if len(found) == 0 {
		t.Fatalf("%s imports nothing", dir)
	}
	return found
}

// Imports point one way: provider to client to bceauth. The mock, above all, is
// not among what the client knows, nor is Terraform's framework.
func TestImports(t *testing.T) {
	t.Parallel()
	allowed := map[string]bool{
		module + "/internal/bceauth":                      true,
		"github.com/hashicorp/terraform-plugin-log/tflog": true,
		"golang.org/x/sync/errgroup":                      true,
		"golang.org/x/time/rate":                          true,
	}
	for path, files := range imports(t, ".") {
		if !isStandard(path) && !allowed[path] {
			t.Errorf("%v import %s", files, path)
		}
	}
	for path, files := range imports(t, filepath.Join("..", "bceauth")) {
		if !isStandard(path) {
			t.Errorf("%v import %s", files, path)
		}
	}
}

// isStandard reports whether a package is of the standard library: of those
// alone the first element has no dot.
func isStandard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

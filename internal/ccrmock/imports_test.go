package ccrmock_test

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// The mock must not share the client's reading of the API, so from this project
// it takes the signer alone.
func TestImports(t *testing.T) {
	t.Parallel()
	const module = "github.com/terraform-provider-ccr/terraform-provider-ccr"
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range f.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			if strings.HasPrefix(path, module) && path != module+"/internal/bceauth" {
				t.Errorf("%s imports %s", file, path)
			}
			if path == "testing" || strings.HasPrefix(path, "net/http/httptest") {
				t.Errorf("%s imports %s, which is for tests", file, path)
			}
		}
	}
}

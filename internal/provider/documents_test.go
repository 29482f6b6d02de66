package provider

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const repositoryRoot = "../.."

// repositoryFiles returns the files of the repository with that ending.
func repositoryFiles(t *testing.T, ending string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(repositoryRoot, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains([]string{".git", "bin", "dist", ".terraform"}, entry.Name()) {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ending) {
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestDocumentLinks follows every relative link of every page, to its heading.
func TestDocumentLinks(t *testing.T) {
	t.Parallel()
	links := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for _, page := range repositoryFiles(t, ".md") {
		text := withoutCode(readFile(t, page))
		for _, link := range links.FindAllStringSubmatch(text, -1) {
			if strings.Contains(link[1], "://") {
				continue
			}
			file, heading, _ := strings.Cut(link[1], "#")
			target := page
			if file != "" {
				target = filepath.Join(filepath.Dir(page), filepath.FromSlash(file))
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: the link %s leads nowhere", page, link[1])
				continue
			}
			if heading != "" && !slices.Contains(headings(readFile(t, target)), heading) {
				t.Errorf("%s: the link %s has no such heading", page, link[1])
			}
		}
	}
}

func withoutCode(text string) string {
	return regexp.MustCompile("(?ms)^ *```.*?^ *```|`[^`\n]*`").ReplaceAllString(text, "")
}

// headings returns the anchors of a page.
func headings(text string) (anchors []string) {
	text = regexp.MustCompile("(?ms)^```.*?^```").ReplaceAllString(text, "")
	for _, found := range regexp.MustCompile(`(?m)^#+ (.*)$|<a id="([^"]+)">`).FindAllStringSubmatch(text, -1) {
		anchor := regexp.MustCompile(`[^\p{L}\p{N}_ -]`).ReplaceAllString(strings.ToLower(found[1]), "")
		anchors = append(anchors, strings.ReplaceAll(anchor, " ", "-"), found[2])
	}
	return anchors
}

// TestDocumentsNameTests wants the tests that CONTRIBUTING.md and DESIGN.md name.
func TestDocumentsNameTests(t *testing.T) {
	t.Parallel()
	var tests strings.Builder
	for _, file := range repositoryFiles(t, "_test.go") {
		tests.WriteString(readFile(t, file))
	}
	for _, document := range []string{"CONTRIBUTING.md", "DESIGN.md"} {
		for _, name := range regexp.MustCompile(`\bTest[A-Z]\w*…?`).FindAllString(readFile(t, filepath.Join(repositoryRoot, document)), -1) {
			declaration := "\nfunc " + name + "("
			if beginning, several := strings.CutSuffix(name, "…"); several {
				declaration = "\nfunc " + beginning
			}
			if !strings.Contains(tests.String(), declaration) {
				t.Errorf("%s names %s, which does not exist", document, name)
			}
		}
	}
}

// TestReadmeExample wants the example in README.md to be the one that is tried.
func TestReadmeExample(t *testing.T) {
	t.Parallel()
	example := readFile(t, filepath.Join(examplesRoot, "readme", "main.tf"))
	if !strings.Contains(readFile(t, filepath.Join(repositoryRoot, "README.md")), "```terraform\n"+example+"```") {
		t.Error("README.md does not show examples/readme/main.tf")
	}
}

// TestDependabotKnowsTools wants updates for the module of each tool.
func TestDependabotKnowsTools(t *testing.T) {
	t.Parallel()
	modules, err := filepath.Glob(filepath.Join(repositoryRoot, "tools", "*", "go.mod"))
	if err != nil || len(modules) == 0 {
		t.Fatalf("found %d tools: %v", len(modules), err)
	}
	config := readFile(t, filepath.Join(repositoryRoot, ".github", "dependabot.yml"))
	for _, module := range modules {
		if tool := filepath.Base(filepath.Dir(module)); !strings.Contains(config, "- /tools/"+tool+"\n") {
			t.Errorf("dependabot.yml leaves out tools/%s", tool)
		}
	}
}

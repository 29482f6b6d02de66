package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDraw(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", columns+1)
	svg := draw(lines("$ demo\n\x1b[1m<b> & \"c\"\x1b[0m\x01\n" + long + "\n== x\n\n"))
	var texts []string
	for decoder := xml.NewDecoder(strings.NewReader(string(svg))); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not XML: %v\n%s", err, svg)
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "text" {
			var text string
			if err := decoder.DecodeElement(&text, &start); err != nil {
				t.Fatal(err)
			}
			texts = append(texts, text)
		}
	}
	want := []string{"$ demo", "<b> & \"c\"\ufffd", long[:len(long)-2], "é", "== x"}
	if strings.Join(texts, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q", texts)
	}
	if again := draw(lines("$ demo")); string(again) != string(draw(lines("$ demo"))) {
		t.Error("the same text is drawn differently")
	}
}

func TestRecord(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "media", "x.svg")
	if err := record(file, []string{"sh", "-c", "echo hello; exit 1"}); err == nil {
		t.Error("a command that failed was recorded")
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("the file was written")
	}
	if err := record(file, []string{"sh", "-c", "echo hello; echo there >&2"}); err != nil {
		t.Fatal(err)
	}
	svg, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(svg), ">hello<") || !strings.Contains(string(svg), ">there<") {
		t.Errorf("%v\n%s", err, svg)
	}
}

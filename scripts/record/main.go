// Command record runs a command and draws its output as a terminal in an SVG
// that scrolls through it:
//
//	go run ./scripts/record media/demo.svg make -s demo
package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"
)

const (
	columns = 110
	rows    = 32

	fontSize  = 13
	charWidth = 7.9
	lineStep  = 18
	margin    = 16
	titleBar  = 32

	secondsPerLine = 0.12
	secondsAtEnd   = 6.0
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: record FILE COMMAND [ARGUMENT]...")
		os.Exit(2)
	}
	if err := record(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

// record writes the file only when the command succeeded.
func record(file string, args []string) error {
	var out bytes.Buffer
	command := exec.Command(args[0], args[1:]...) //nolint:gosec,noctx // what the caller wants to record
	command.Stdout = io.MultiWriter(&out, os.Stderr)
	command.Stderr = command.Stdout
	if err := command.Run(); err != nil {
		return fmt.Errorf("%s: %w", strings.Join(args, " "), err)
	}
	svg := draw(lines("$ " + strings.Join(args, " ") + "\n" + out.String()))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // part of the repository
		return err
	}
	return os.WriteFile(file, svg, 0o644) //nolint:gosec // part of the repository
}

var controlSequence = regexp.MustCompile(`\x1b\[[0-9;?]*[A-Za-z]`)

// lines splits text into lines as wide as the terminal.
func lines(text string) []string {
	text = controlSequence.ReplaceAllString(text, "")
	var out []string
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		line = strings.TrimRight(strings.ReplaceAll(line, "\t", "    "), "\r ")
		for utf8.RuneCountInString(line) > columns {
			runes := []rune(line)
			out = append(out, string(runes[:columns]))
			line = string(runes[columns:])
		}
		out = append(out, line)
	}
	return out
}

// styles are the classes of lines; the first pattern that matches counts.
var styles = []struct {
	class   string
	pattern *regexp.Regexp
}{
	{"prompt", regexp.MustCompile(`^\$ `)},
	{"title", regexp.MustCompile(`^== `)},
	{"good", regexp.MustCompile(`PASSED| equal$|complete|No changes`)},
	{"dim", regexp.MustCompile(`^ *#|not asked for`)},
}

func classOf(line string) string {
	for _, style := range styles {
		if style.pattern.MatchString(line) {
			return style.class
		}
	}
	return "plain"
}

// draw makes the picture. Where nothing moves it shows the end.
func draw(lines []string) []byte {
	width := int(columns*charWidth) + 2*margin
	height := titleBar + rows*lineStep + margin
	hidden := max(0, len(lines)-rows)
	scroll := float64(hidden) * secondsPerLine
	whole := max(scroll+secondsAtEnd, 1)

	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img">
<title>%s</title>
<style>
text { font: %dpx ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; white-space: pre; fill: #d0d7de; }
.prompt { fill: #ffffff; font-weight: bold; }
.title { fill: #79c0ff; font-weight: bold; }
.good { fill: #7ee787; }
.dim { fill: #8b949e; }
#recording { transform: translateY(-%dpx); animation: recording %.1fs infinite; }
@keyframes recording {
0%% { transform: translateY(0); animation-timing-function: steps(%d, end); }
%.1f%%, 100%% { transform: translateY(-%dpx); }
}
@media (prefers-reduced-motion: reduce) { #recording { animation: none; } }
</style>
<clipPath id="screen"><rect y="%d" width="%d" height="%d"/></clipPath>
<rect width="%d" height="%d" rx="8" fill="#0d1117"/>
<circle cx="20" cy="16" r="6" fill="#ff5f57"/><circle cx="40" cy="16" r="6" fill="#febc2e"/><circle cx="60" cy="16" r="6" fill="#28c840"/>
<g clip-path="url(#screen)"><g id="recording">
`, width, height, width, height, escape(lines[0]), fontSize,
		hidden*lineStep, whole, max(hidden, 1), 100*scroll/whole, hidden*lineStep,
		titleBar, width, rows*lineStep+margin/2, width, height)
	for i, line := range lines {
		if line != "" {
			fmt.Fprintf(&b, "<text xml:space=\"preserve\" x=\"%d\" y=\"%d\" class=\"%s\">%s</text>\n",
				margin, titleBar+(i+1)*lineStep-4, classOf(line), escape(line))
		}
	}
	b.WriteString("</g></g>\n</svg>\n")
	return b.Bytes()
}

func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a strings.Builder takes everything
	return b.String()
}

package provider

import (
	"strings"
	"testing"
)

func TestCompileRegexSaysWhere(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`a(b`:          `missing closing ) at byte 1, "(b"`,
		`(a)(b`:        `missing closing ) at byte 3, "(b"`,
		`((a)`:         `missing closing ) at byte 0, "((a)"`,
		`((`:           `missing closing ) at byte 0, "(("`,
		`x(?:a`:        `missing closing ) at byte 1, "(?:a"`,
		`[(](`:         `missing closing ) at byte 3, "("`,
		`\((`:          `missing closing ) at byte 2, "("`,
		`\Q(\E(`:       `missing closing ) at byte 5, "("`,
		`a)b`:          `unexpected ) at byte 1, ")b"`,
		`(a))`:         `unexpected ) at byte 3, ")"`,
		`[abc`:         `missing closing ] at byte 0, "[abc"`,
		`ö[`:           `missing closing ] at byte 2, "["`,
		`a*|*`:         `missing argument to repetition operator at byte 3, "*"`,
		`a**`:          `invalid nested repetition operator at byte 1, "**"`,
		`x{1001}`:      `invalid repeat count at byte 1, "{1001}"`,
		`ab[b-a]`:      `invalid character class range at byte 3, "b-a]"`,
		`\d\y`:         `invalid escape sequence at byte 2, "\\y"`,
		`a\`:           `trailing backslash at end of expression at byte 1, "\\"`,
		`(?P<n`:        `invalid named capture at byte 0, "(?P<n"`,
		`a(?!b)`:       `invalid or unsupported Perl syntax at byte 1, "(?!b)"`,
		`(?!` + longly: `at byte 0, "(?!` + longly[:17] + `"`,
	} {
		_, err := compileRegex(text)
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v, want …%s", text, err, want)
		}
	}
}

var longly = strings.Repeat("long", 10)

func TestCompileRegexTakesWhatRegexpTakes(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "web", `^web-\d+$`, "(?i)WEB", "[(]", `\p{Han}`} {
		if _, err := compileRegex(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func FuzzCompileRegex(f *testing.F) {
	for _, text := range []string{"", "a(b", "[z-a]", `\`, "((a)(?:b", `\Q(`, "x{2}{", "\xff("} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > maxRegexLength {
			return
		}
		fault := parseFault(text)
		if fault == nil {
			return
		}
		if at, known := regexFault(text, fault); known && (at < 0 || at >= len(text)) {
			t.Errorf("%q: a fault at byte %d of %d", text, at, len(text))
		}
		if _, err := compileRegex(text); err == nil {
			t.Errorf("%q compiles", text)
		}
	})
}

package provider

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

const (
	maxRegexLength = 1000

	nameRegexText = "Regular expression in [RE2 syntax](https://github.com/google/re2/wiki/Syntax) that the name must match; it matches anywhere in the name unless it has `^` and `$`. Default: every name."
)

// regexValidator wants a regular expression, and says where a faulty one is
// faulty.
func regexValidator() validator.String {
	return stringCheck{"must be a regular expression in RE2 syntax", func(text string) error {
		if len(text) > maxRegexLength {
			return fmt.Errorf("it has %d bytes, more than %d", len(text), maxRegexLength)
		}
		_, err := compileRegex(text)
		return err
	}}
}

// nameRegex compiles the argument of that name; unset, it matches every name.
func nameRegex(argument types.String, diags *diag.Diagnostics) *regexp.Regexp {
	compiled, err := compileRegex(argument.ValueString())
	if err != nil {
		diags.AddAttributeError(path.Root("name_regex"), "Invalid value", fmt.Sprintf("name_regex: %s.", err))
	}
	return compiled
}

func compileRegex(text string) (*regexp.Regexp, error) {
	compiled, err := regexp.Compile(text)
	var fault *syntax.Error
	if !errors.As(err, &fault) {
		return compiled, err
	}
	at, known := regexFault(text, fault)
	if !known {
		return nil, fmt.Errorf("the regular expression is not valid: %s", fault.Code)
	}
	const most = 20
	begins := []rune(text[at:])
	return nil, fmt.Errorf("the regular expression is not valid: %s at byte %d, %q", fault.Code, at, string(begins[:min(most, len(begins))]))
}

// regexFault returns the byte at which a fault of text begins. The parser tells
// only the faulty part, or the whole text where parentheses do not match.
func regexFault(text string, fault *syntax.Error) (at int, known bool) {
	part := fault.Expr
	switch fault.Code {
	case syntax.ErrMissingParen:
		return unclosedParen(text)
	case syntax.ErrTrailingBackslash:
		return len(text) - 1, true
	case syntax.ErrUnexpectedParen:
		part = ")"
	}
	// The part may stand elsewhere without fault: the first place where text up
	// to its end has this fault is the one.
	for at := range len(text) {
		if !strings.HasPrefix(text[at:], part) || part == "" {
			continue
		}
		begun := parseFault(text[:at+len(part)])
		if begun != nil && begun.Code == fault.Code && (begun.Expr == part || fault.Code == syntax.ErrUnexpectedParen) {
			return at, true
		}
	}
	return 0, false
}

// unclosedParen finds the first parenthesis without which text would have one
// unclosed fewer.
func unclosedParen(text string) (at int, known bool) {
	open := 1
	for parseFault(text+strings.Repeat(")", open)) != nil {
		open++
		if open > strings.Count(text, "(") {
			return 0, false // it has other faults too
		}
	}
	for i := range len(text) {
		if text[i] == '(' && parseFault(text[:i]+`\`+text[i:]+strings.Repeat(")", open-1)) == nil {
			return i, true
		}
	}
	return 0, false
}

func parseFault(text string) *syntax.Error {
	_, err := syntax.Parse(text, syntax.Perl)
	var fault *syntax.Error
	errors.As(err, &fault)
	return fault
}

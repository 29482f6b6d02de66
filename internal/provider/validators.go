package provider

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

// stringCheck is a validator made of one sentence and one function.
type stringCheck struct {
	description string
	check       func(string) error
}

func (v stringCheck) Description(context.Context) string         { return v.description }
func (v stringCheck) MarkdownDescription(context.Context) string { return v.description }

func (v stringCheck) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if err := v.check(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid value", fmt.Sprintf("%s: %s.", setElement.ReplaceAllString(req.Path.String(), ""), err))
	}
}

// setElement is what a path says of an element of a set, which is its value.
var setElement = regexp.MustCompile(`\[Value\(.*\)\]`)

const (
	maxNameLength = 256
	maxTextLength = 4096
)

// nameValidator wants one line of printable text that is not blank.
func nameValidator() validator.String {
	return stringCheck{"must be one line of printable text", func(text string) error {
		if strings.TrimSpace(text) == "" || strings.TrimSpace(text) != text {
			return fmt.Errorf("%q must not be empty and must not begin or end with a space", text)
		}
		return checkText(text, maxNameLength, "")
	}}
}

// textValidator wants text without control characters but line breaks.
func textValidator() validator.String {
	return stringCheck{"must be printable text", func(text string) error {
		return checkText(text, maxTextLength, "\n\t")
	}}
}

func checkText(text string, longest int, allowed string) error {
	for i, r := range text {
		if (unicode.IsControl(r) || r == unicode.ReplacementChar) && !strings.ContainsRune(allowed, r) {
			return fmt.Errorf("the character %U at byte %d is not printable", r, i)
		}
	}
	if n := len([]rune(text)); n > longest {
		return fmt.Errorf("it has %d characters, more than %d", n, longest)
	}
	return nil
}

// notEmptyValidator wants at least one character.
func notEmptyValidator() validator.String {
	return stringCheck{"must not be empty", func(text string) error {
		if text == "" {
			return errors.New("it must not be empty")
		}
		return nil
	}}
}

// oneOfValidator wants one of values, to the letter.
func oneOfValidator(values []string) validator.String {
	return stringCheck{"must be one of " + quotedList(values), func(text string) error {
		if !slices.Contains(values, text) {
			return noneOf(text, values)
		}
		return nil
	}}
}

func noneOf(text string, values []string) error {
	if len(values) == 1 {
		return fmt.Errorf("%q is not %q, the only value there is", text, values[0])
	}
	return fmt.Errorf("%q is not one of \"%s\"", text, strings.Join(values, `", "`))
}

// idValidator wants an id as the API counts them.
func idValidator() validator.String {
	return stringCheck{"must be the id of an object of CCR, a positive whole number", func(text string) error {
		_, err := client.ParseID(text)
		return err
	}}
}

// durationValidator wants a positive duration.
func durationValidator() validator.String {
	return stringCheck{"must be a positive duration such as 30s or 10m", func(text string) error {
		_, err := parsePositiveDuration(text)
		return err
	}}
}

// registryURLValidator wants what CCR can call: a scheme and a host, and no
// credentials, which have attributes of their own.
func registryURLValidator() validator.String {
	return stringCheck{"must be a URL with http:// or https://", func(text string) error {
		u, err := url.Parse(text)
		switch {
		case !strings.Contains(text, "://"):
			return fmt.Errorf("%q must begin with http:// or https://, as in http://hub.baidubce.com", withoutUser(text))
		case err != nil:
			return fmt.Errorf("%q is not a URL such as http://hub.baidubce.com", withoutUser(text))
		case u.Scheme != "http" && u.Scheme != "https":
			return fmt.Errorf("the scheme %q is neither http nor https", u.Scheme)
		case u.Hostname() == "":
			return fmt.Errorf("%q has no host", withoutUser(text))
		case u.User != nil:
			return fmt.Errorf("the URL of %s must not carry a user or password; they belong to credential", u.Host)
		case u.RawQuery != "" || u.Fragment != "":
			return fmt.Errorf("%q has a query or a fragment", text)
		}
		return nil
	}}
}

// withoutUser hides what may be a password in a malformed URL.
func withoutUser(text string) string {
	if i := strings.LastIndexByte(text, '@'); i >= 0 {
		return "…" + text[i:]
	}
	return text
}

// timeoutsSchema is the attribute timeouts with a description of its own.
func timeoutsSchema(ctx context.Context, opts timeouts.Opts) schema.Attribute {
	attribute, ok := timeouts.Attributes(ctx, opts).(schema.SingleNestedAttribute)
	if !ok {
		return timeouts.Attributes(ctx, opts)
	}
	attribute.MarkdownDescription = "How long to wait for what takes its time. A change concerns Terraform alone."
	for name, inner := range attribute.Attributes {
		if text, ok := inner.(schema.StringAttribute); ok { // its own validator takes 0s and less
			text.Validators = []validator.String{durationValidator()}
			attribute.Attributes[name] = text
		}
	}
	return attribute
}

// quotedList renders allowed values for a description.
func quotedList(values []string) string { return "`" + strings.Join(values, "`, `") + "`" }

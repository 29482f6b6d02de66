package provider

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

// configModel is the provider block.
type configModel struct {
	Endpoint          types.String  `tfsdk:"endpoint"`
	AccessKey         types.String  `tfsdk:"access_key"`
	SecretKey         types.String  `tfsdk:"secret_key"`
	SessionToken      types.String  `tfsdk:"session_token"`
	AllowPlainHTTP    types.Bool    `tfsdk:"allow_plain_http"`
	RequestTimeout    types.String  `tfsdk:"request_timeout"`
	MaxRetries        types.Int64   `tfsdk:"max_retries"`
	RequestsPerSecond types.Float64 `tfsdk:"requests_per_second"`
}

// setting is one line of the table that resolves the provider's configuration:
// the argument, else the first variable that is set, else the default.
type setting struct {
	name        string
	about       string // the earlier setting that apply judges, when it is not this one
	variables   []string
	fallback    string
	required    bool
	sensitive   bool
	description string
	argument    func(*configModel) attr.Value
	apply       func(cfg *client.Config, text string) error
}

var settings = []setting{
	{
		name: "endpoint", variables: []string{"CCR_ENDPOINT"}, fallback: client.DefaultEndpoint,
		description: "Scheme and host of the CCR API. A bare host means https; plain http is refused unless the host is a loopback address or `allow_plain_http` is true.",
		argument:    func(m *configModel) attr.Value { return m.Endpoint },
		apply: func(cfg *client.Config, text string) (err error) {
			cfg.Endpoint, err = parseEndpoint(text)
			return err
		},
	},
	{
		name: "access_key", variables: []string{"BAIDUCLOUD_ACCESS_KEY", "BCE_ACCESS_KEY_ID"}, required: true,
		description: "Access key id that signs every request.",
		argument:    func(m *configModel) attr.Value { return m.AccessKey },
		apply:       func(cfg *client.Config, text string) error { cfg.AccessKey = text; return checkKey(text) },
	},
	{
		name: "secret_key", variables: []string{"BAIDUCLOUD_SECRET_KEY", "BCE_SECRET_ACCESS_KEY"}, required: true, sensitive: true,
		description: "Secret access key that belongs to `access_key`. Prefer the environment: what is written here is in the configuration.",
		argument:    func(m *configModel) attr.Value { return m.SecretKey },
		apply:       func(cfg *client.Config, text string) error { cfg.SecretKey = text; return checkKey(text) },
	},
	{
		name: "session_token", variables: []string{"BAIDUCLOUD_SESSION_TOKEN", "BCE_SECURITY_TOKEN"}, sensitive: true,
		description: "Session token, needed only with temporary credentials.",
		argument:    func(m *configModel) attr.Value { return m.SessionToken },
		apply:       func(cfg *client.Config, text string) error { cfg.SessionToken = text; return checkKey(text) },
	},
	{
		name: "allow_plain_http", about: "endpoint", fallback: "false",
		description: "Whether `endpoint` may be plain http on a host that is not a loopback address. Registry credentials then cross the network in the clear.",
		argument:    func(m *configModel) attr.Value { return m.AllowPlainHTTP },
		apply:       func(cfg *client.Config, text string) error { return checkPlainHTTP(cfg.Endpoint, text == "true") },
	},
	{
		name: "request_timeout", variables: []string{"CCR_REQUEST_TIMEOUT"}, fallback: client.DefaultRequestTimeout.String(),
		description: "How long one attempt of a request may take, as a duration such as `30s` or `1m`.",
		argument:    func(m *configModel) attr.Value { return m.RequestTimeout },
		apply: func(cfg *client.Config, text string) (err error) {
			cfg.RequestTimeout, err = parsePositiveDuration(text)
			return err
		},
	},
	{
		name: "max_retries", variables: []string{"CCR_MAX_RETRIES"}, fallback: strconv.Itoa(client.DefaultMaxRetries),
		description: "How often a request is repeated when that is safe: after a network error, 429, 500, 502, 503 or 504. A request that creates or starts something is repeated only when the server provably did not process it.",
		argument:    func(m *configModel) attr.Value { return m.MaxRetries },
		apply: func(cfg *client.Config, text string) error {
			n, err := strconv.Atoi(text)
			if err != nil || n < 0 || n > 100 {
				return fmt.Errorf("%q is not a whole number from 0 to 100", text)
			}
			cfg.MaxRetries = n
			return nil
		},
	},
	{
		name: "requests_per_second", fallback: "0",
		description: "Most requests the provider sends in one second, retries included; 0 is no limit.",
		argument:    func(m *configModel) attr.Value { return m.RequestsPerSecond },
		apply: func(cfg *client.Config, text string) error {
			n, err := strconv.ParseFloat(text, 64)
			if err != nil || !(n >= 0) || n > 1e6 {
				return fmt.Errorf("%q is not a number from 0 to 1000000", text)
			}
			cfg.RequestsPerSecond = n
			return nil
		},
	},
}

func configSchema() schema.Schema {
	attributes := map[string]schema.Attribute{}
	for _, s := range settings {
		text := s.describe()
		switch s.argument(&configModel{}).(type) {
		case types.Bool:
			attributes[s.name] = schema.BoolAttribute{Optional: true, MarkdownDescription: text}
		case types.Int64:
			attributes[s.name] = schema.Int64Attribute{Optional: true, MarkdownDescription: text}
		case types.Float64:
			attributes[s.name] = schema.Float64Attribute{Optional: true, MarkdownDescription: text}
		default:
			attributes[s.name] = schema.StringAttribute{Optional: true, Sensitive: s.sensitive, MarkdownDescription: text}
		}
	}
	return schema.Schema{
		MarkdownDescription: "Declares the image migrations of Baidu AI Cloud's Container Registry (CCR), Personal Edition: source registries, migration policies and their executions.",
		Attributes:          attributes,
	}
}

// describe completes the description with what the table knows.
func (s setting) describe() string {
	text := s.description
	if len(s.variables) > 0 {
		text += " Can also be set with the environment variable " + s.variableNames() + "."
	}
	if s.fallback != "" {
		text += " Default: `" + s.fallback + "`."
	}
	return text
}

func (s setting) variableNames() string { return "`" + strings.Join(s.variables, "` or `") + "`" }

// resolve makes the client's configuration of the provider block and the
// environment.
func (m *configModel) resolve(getenv func(string) string) (client.Config, diag.Diagnostics) {
	var (
		cfg   client.Config
		diags diag.Diagnostics
	)
	var missing []setting
	origins := map[string]string{}
	for _, s := range settings {
		argument := s.argument(m)
		if argument.IsUnknown() {
			diags.AddAttributeError(path.Root(s.name), "Provider setting is not known yet",
				fmt.Sprintf("The value of %q depends on something that is decided only during apply, and CCR cannot be asked anything without it.\n\n"+
					"Next step: set it from a variable or the environment, or apply what it depends on first (-target).", s.name))
			continue
		}
		text, origin := s.lookUp(argument, getenv)
		if text == "" {
			if s.required {
				missing = append(missing, s)
			}
			continue
		}
		origins[s.name] = origin
		if err := s.apply(&cfg, text); err != nil {
			about := cmp.Or(s.about, s.name)
			diags.AddAttributeError(path.Root(about), "Invalid provider setting", fmt.Sprintf("%s: %s.", origins[about], err))
		}
	}
	if len(missing) > 0 {
		diags.Append(missingCredential(missing))
	}
	return cfg, diags
}

// missingCredential is one diagnostic for all that is missing: as a rule that
// is both keys, for one reason.
func missingCredential(missing []setting) diag.Diagnostic {
	var what, exports []string
	for _, s := range missing {
		what = append(what, fmt.Sprintf("The argument %q is not set, and neither is the environment variable %s.", s.name, strings.ReplaceAll(s.variableNames(), "`", "")))
		exports = append(exports, s.variables[0]+"=...")
	}
	return diag.NewAttributeErrorDiagnostic(path.Root(missing[0].name), "Missing CCR credential", strings.Join(what, "\n")+
		"\n\nNext step: create an access key in the Baidu AI Cloud console (Identity and Access Management, Access Keys) and export it: "+strings.Join(exports, " "))
}

// lookUp returns a setting's text and where it is from.
func (s setting) lookUp(argument attr.Value, getenv func(string) string) (text, origin string) {
	if text := attributeText(argument); text != "" {
		return text, fmt.Sprintf("The argument %q", s.name)
	}
	for _, variable := range s.variables {
		if text := strings.TrimSpace(getenv(variable)); text != "" {
			return text, "The environment variable " + variable
		}
	}
	return s.fallback, "The default"
}

func attributeText(value attr.Value) string {
	if value.IsNull() {
		return ""
	}
	switch value := value.(type) {
	case types.String:
		return strings.TrimSpace(value.ValueString())
	case types.Float64: // its own String rounds
		return strconv.FormatFloat(value.ValueFloat64(), 'g', -1, 64)
	}
	return value.String() // the literal
}

// checkKey refuses what cannot go into a header, as a key pasted with a line
// break. It does not repeat the key.
func checkKey(text string) error {
	if at := strings.IndexFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }); at >= 0 {
		return fmt.Errorf("the character at byte %d is none that a key has; copy the key again, without blanks and line breaks", at)
	}
	return nil
}

func parsePositiveDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%q is not a positive duration such as 30s, 5m or 1h30m", text)
	}
	return d, nil
}

func parseEndpoint(text string) (*url.URL, error) {
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%q is not a URL", withoutUser(text))
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("%q has the scheme %q where https is expected", withoutUser(text), u.Scheme)
	case u.Hostname() == "":
		return nil, fmt.Errorf("%q has no host", withoutUser(text))
	case u.User != nil:
		return nil, fmt.Errorf("the endpoint %s://%s must not carry a user or password; keys have settings of their own", u.Scheme, u.Host)
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("%q has more than a scheme and a host; the provider adds the path itself", text)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

// checkPlainHTTP refuses an endpoint whose requests, with the secrets of
// registries in them, anybody on the way could read.
func checkPlainHTTP(endpoint *url.URL, allowed bool) error {
	if endpoint == nil || endpoint.Scheme == "https" || allowed {
		return nil
	}
	host := endpoint.Hostname()
	if ip := net.ParseIP(host); strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("%q is plain http and its host is not a loopback address, so registry credentials would cross the network in the clear; use https, or set allow_plain_http = true if you accept that", endpoint)
}

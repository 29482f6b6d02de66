package provider

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

const (
	hexDigits  = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	someDigest = "sha256:" + hexDigits
)

// imageParts are the parts of an image, "" for null.
type imageParts struct{ registry, repository, tag, digest string }

func (i image) parts() imageParts {
	return imageParts{i.Registry.ValueString(), i.Repository.ValueString(), i.Tag.ValueString(), i.Digest.ValueString()}
}

func TestParseImage(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]imageParts{
		"hub.baidubce.com/cce/image:v1":               {"hub.baidubce.com", "cce/image", "v1", ""},
		"hub.baidubce.com/cce/image":                  {"hub.baidubce.com", "cce/image", "latest", ""},
		"hub.baidubce.com/cce/image@" + someDigest:    {"hub.baidubce.com", "cce/image", "", someDigest},
		"hub.baidubce.com/cce/image:v1@" + someDigest: {"hub.baidubce.com", "cce/image", "v1", someDigest},
		"nginx":                                     {"docker.io", "library/nginx", "latest", ""},
		"nginx:1.27":                                {"docker.io", "library/nginx", "1.27", ""},
		"docker.io/nginx":                           {"docker.io", "library/nginx", "latest", ""},
		"index.docker.io/nginx":                     {"docker.io", "library/nginx", "latest", ""},
		"grafana/grafana":                           {"docker.io", "grafana/grafana", "latest", ""},
		"localhost/x":                               {"localhost", "x", "latest", ""},
		"localhost:5000/x:1":                        {"localhost:5000", "x", "1", ""},
		"registry:5000/x":                           {"registry:5000", "x", "latest", ""},
		"[::1]:5000/x":                              {"[::1]:5000", "x", "latest", ""},
		"127.0.0.1:5000/a/b/c_d__e.f---g":           {"127.0.0.1:5000", "a/b/c_d__e.f---g", "latest", ""},
		"CCE/web":                                   {"CCE", "web", "latest", ""},
		"h.io/" + strings.Repeat("a", 255):          {"h.io", strings.Repeat("a", 255), "latest", ""},
		"h.io/a:" + strings.Repeat("T", 128):        {"h.io", "a", strings.Repeat("T", 128), ""},
		"h.io/a@sha512:" + strings.Repeat("0f", 64): {"h.io", "a", "", "sha512:" + strings.Repeat("0f", 64)},
		"h.io/" + hexDigits:                         {"h.io", hexDigits, "latest", ""},
	} {
		got, err := parseImage(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if diff := cmp.Diff(want, got.parts(), cmp.AllowUnexported(imageParts{})); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

func TestParseImageSaysWhatIsWrongAndWhere(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                  `it is empty`,
		hexDigits:                           `64 hexadecimal digits are the id of an image, not its name`,
		"https://hub.baidubce.com/cce/web":  `it begins at byte 0 with "https://", as a URL does`,
		"hub..com/web":                      `the registry "hub..com" at byte 0 is neither a host nor a host and a port`,
		"hub_a.example.com/web:v1":          `the registry "hub_a.example.com" at byte 0 is neither a host nor a host and a port`,
		"hub.com:port/web":                  `the registry "hub.com:port" at byte 0 is neither a host nor a host and a port`,
		"hub.baidubce.com/CCE/image:v1":     `in the repository part "CCE", "C" at byte 17 must be lower case`,
		"Nginx":                             `in the repository part "Nginx", "N" at byte 0 must be lower case`,
		"cce/my web":                        `in the repository part "my web", " " at byte 6 is not allowed`,
		"cce/wéb":                           `in the repository part "wéb", "é" at byte 5 is not allowed`,
		"cce/a..b":                          `in the repository part "a..b", "." at byte 5 must stand alone between letters or digits`,
		"cce/-a":                            `in the repository part "-a", "-" at byte 4 must stand alone between letters or digits`,
		"cce/a_":                            `in the repository part "a_", "_" at byte 5 must stand alone between letters or digits`,
		"cce//web":                          `the repository has an empty part at byte 4`,
		"cce/":                              `the repository has an empty part at byte 4`,
		"/web":                              `the repository has an empty part at byte 0`,
		":v1":                               `the repository has an empty part at byte 0`,
		"h.io/" + strings.Repeat("a", 256):  `the repository at byte 5 has 256 bytes, more than 255`,
		strings.Repeat("a", 248):            `the repository at byte 0 has 248 bytes, more than 247`,
		"cce/web:":                          `the tag at byte 8 is empty`,
		"cce/web:@" + someDigest:            `the tag at byte 8 is empty`,
		"cce/web:-v1":                       `the tag "-v1" at byte 8 must begin with a letter, a digit or "_"`,
		"cce/web:v+1":                       `in the tag "v+1", "+" at byte 9 is not allowed`,
		"h.io/web:v1/x":                     `in the tag "v1/x", "/" at byte 11 is not allowed`,
		"a:1:2":                             `in the tag "1:2", ":" at byte 3 is not allowed`,
		"a:" + strings.Repeat("t", 129):     `the tag at byte 2 has 129 bytes, more than 128`,
		"web@":                              `the digest at byte 4 is empty`,
		"web:v1@":                           `the digest at byte 7 is empty`,
		"h.io/web@sha256:abc":               `the digest "sha256:abc" at byte 9 is not valid (invalid checksum digest length)`,
		"web@md5:" + hexDigits[:32]:         `the digest "md5:` + hexDigits[:32] + `" at byte 4 is not valid (unsupported digest algorithm)`,
		"web@SHA256:" + hexDigits:           `at byte 4 is not valid (invalid checksum digest format)`,
		"web:v1@sha256:" + hexDigits + "@x": `at byte 7 is not valid (invalid checksum digest length)`,
		strings.Repeat("a", 1025):           `an image reference has at most 1024 bytes, and this one has 1025: it begins "aaaa`,
	} {
		_, err := parseImage(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestParseImageFunction(t *testing.T) {
	t.Parallel()
	s := startMock(t).startProvider(t)
	call := func(text string) *tfprotov6.CallFunctionResponse {
		argument, err := tfprotov6.NewDynamicValue(tftypes.String, tftypes.NewValue(tftypes.String, text))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := s.CallFunction(t.Context(), &tfprotov6.CallFunctionRequest{Name: "parse_image", Arguments: []*tfprotov6.DynamicValue{&argument}})
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	resp := call("hub.baidubce.com/cce/image:v1")
	if resp.Error != nil {
		t.Fatal(resp.Error.Text)
	}
	want := object{"registry": "hub.baidubce.com", "repository": "cce/image", "tag": "v1", "digest": nil}
	if diff := cmp.Diff(want, decode(t, s.schema.Functions["parse_image"].Return.Type, resp.Result)); diff != "" {
		t.Error(diff)
	}
	resp = call("cce/Web")
	if resp.Error == nil || resp.Error.FunctionArgument == nil || *resp.Error.FunctionArgument != 0 || !strings.Contains(resp.Error.Text, "at byte 4") {
		t.Errorf("an image that is none: %+v", resp.Error)
	}
}

func FuzzParseImage(f *testing.F) {
	for _, text := range []string{
		"", "nginx", "hub.baidubce.com/cce/image:v1", "a:b@" + someDigest, "[::1]:5/a", "Foo/bar", "a//b", "a:@", "é/x:ü", "localhost/", "x://y", hexDigits,
		"docker.io/" + strings.Repeat("a", 250), "a__b___c", "h:5:6/x", "a_b.c/d",
	} {
		f.Add(text)
	}
	place := regexp.MustCompile(`at byte (\d+)`)
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := parseImage(text)
		if err != nil {
			refused := errors.New("the parser's own words")
			if fault := imageFault(text, refused); len(text) <= maxImageLength && fault == refused.Error() {
				t.Errorf("%q: nothing says what is wrong", text)
			}
			for _, at := range place.FindAllStringSubmatch(strings.ReplaceAll(err.Error(), strconv.Quote(text), ""), -1) {
				if n, convErr := strconv.Atoi(at[1]); convErr != nil || n > len(text) {
					t.Errorf("%q: %v", text, err)
				}
			}
			return
		}
		got := parsed.parts()
		whole := got.registry + "/" + got.repository
		if got.tag != "" {
			whole += ":" + got.tag
		}
		if got.digest != "" {
			whole += "@" + got.digest
		}
		again, err := parseImage(whole)
		if len(whole) <= maxImageLength && (err != nil || again.parts() != got) {
			t.Errorf("%q is %+v, and that again %+v, %v", text, got, again.parts(), err)
		}
	})
}

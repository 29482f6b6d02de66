package provider

import (
	"context"
	_ "crypto/sha256" // a digest is valid only with an algorithm that is linked
	_ "crypto/sha512"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/distribution/reference"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/opencontainers/go-digest"
)

var _ function.Function = (*parseImageFunction)(nil)

func newParseImageFunction() function.Function { return &parseImageFunction{} }

type parseImageFunction struct{}

func (f *parseImageFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "parse_image"
}

func (f *parseImageFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Splits an image reference into registry, repository, tag and digest",
		MarkdownDescription: "Reads an image reference as Docker does and returns an object of four strings: `registry`, `repository`, `tag` and `digest`.\n\n" +
			"- `registry` is the host, with its port if there is one; without a host it is `docker.io`. What stands before the first `/` is a host when it is `localhost` or has a `.`, a `:` or an upper case letter.\n" +
			"- `repository` is the rest of the name, as in `cce/web`; an image of Docker Hub without a namespace gets `library/`, so `nginx` is `library/nginx`.\n" +
			"- `tag` is null when there is only a digest, and `latest` when there is neither.\n" +
			"- `digest` is null when there is none.\n\n" +
			"A policy's filter of type `name` takes `repository`, one of type `tag` takes `tag`. The function asks no registry whether the image exists.",
		Parameters: []function.Parameter{function.StringParameter{
			Name:                "image",
			MarkdownDescription: fmt.Sprintf("Image reference such as `hub.baidubce.com/cce/web:v1`, at most %d bytes long.", maxImageLength),
		}},
		Return: function.ObjectReturn{AttributeTypes: map[string]attr.Type{
			"registry": types.StringType, "repository": types.StringType, "tag": types.StringType, "digest": types.StringType,
		}},
	}
}

func (f *parseImageFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var text string
	if resp.Error = req.Arguments.Get(ctx, &text); resp.Error != nil {
		return
	}
	parsed, err := parseImage(text)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(0, err.Error())
		return
	}
	resp.Error = resp.Result.Set(ctx, parsed)
}

// image is an image reference in its parts.
type image struct {
	Registry   types.String `tfsdk:"registry"`
	Repository types.String `tfsdk:"repository"`
	Tag        types.String `tfsdk:"tag"`
	Digest     types.String `tfsdk:"digest"`
}

const (
	// maxImageLength is more than the longest name, tag and digest together.
	maxImageLength = 1024
	defaultTag     = "latest"
)

// parseImage reads text by Docker's grammar. The error says what is wrong with
// it and where.
func parseImage(text string) (image, error) {
	if len(text) > maxImageLength {
		return image{}, fmt.Errorf("an image reference has at most %d bytes, and this one has %d: it begins %q",
			maxImageLength, len(text), strings.ToValidUTF8(text[:64], ""))
	}
	named, err := reference.ParseNormalizedNamed(text)
	// A host that is none ("a_b.example") the parser takes for part of the repository, and leaves no registry.
	if err == nil && reference.Domain(named) == "" {
		err = reference.ErrReferenceInvalidFormat
	}
	if err != nil {
		return image{}, fmt.Errorf("%q is not an image reference: %s", text, imageFault(text, err))
	}
	parsed := image{
		Registry:   types.StringValue(reference.Domain(named)),
		Repository: types.StringValue(reference.Path(named)),
	}
	if tagged, ok := named.(reference.Tagged); ok {
		parsed.Tag = types.StringValue(tagged.Tag())
	}
	if digested, ok := named.(reference.Digested); ok {
		parsed.Digest = types.StringValue(digested.Digest().String())
	}
	if parsed.Tag.IsNull() && parsed.Digest.IsNull() {
		parsed.Tag = types.StringValue(defaultTag)
	}
	return parsed, nil
}

var (
	hostWithPort   = regexp.MustCompile(`^(?:` + reference.DomainRegexp.String() + `)$`)
	imageID        = regexp.MustCompile(`^(?:` + reference.IdentifierRegexp.String() + `)$`)
	repositoryHead = regexp.MustCompile(`^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*`)
	tagHead        = regexp.MustCompile(`^` + reference.TagRegexp.String())
)

// imageFault says what is wrong with text, which the parser refused with err,
// and at which byte: the parser tells neither part nor place.
func imageFault(text string, err error) string {
	switch scheme, _, isURL := strings.Cut(text, "://"); {
	case text == "":
		return "it is empty"
	case imageID.MatchString(text):
		return "64 hexadecimal digits are the id of an image, not its name"
	case isURL && !strings.Contains(scheme, "/"):
		return fmt.Sprintf("it begins at byte 0 with %q, as a URL does", scheme+"://")
	}
	host, at := imageHost(text)
	if host != "" && !hostWithPort.MatchString(host) {
		return fmt.Sprintf("the registry %q at byte 0 is neither a host nor a host and a port", host)
	}
	name, digested, hasDigest := strings.Cut(text[at:], "@")
	repository, tag, hasTag := strings.Cut(name, ":")
	// What Docker puts in front of an image of its hub counts too.
	longest := reference.RepositoryNameTotalLengthMax
	if !strings.Contains(repository, "/") && (host == "" || host == "docker.io" || host == "index.docker.io") {
		longest -= len("library/")
	}
	if fault := repositoryFault(repository, at, longest); fault != "" {
		return fault
	}
	if fault := tagFault(tag, at+len(repository)+len(":")); hasTag && fault != "" {
		return fault
	}
	if fault := digestFault(digested, at+len(name)+len("@")); hasDigest && fault != "" {
		return fault
	}
	return err.Error()
}

// imageHost returns what Docker takes for the registry, "" when there is none,
// and the byte at which the repository begins.
func imageHost(text string) (host string, repositoryAt int) {
	first, _, found := strings.Cut(text, "/")
	if found && (first == "localhost" || strings.ContainsAny(first, ".:") || strings.ToLower(first) != first) {
		return first, len(first) + len("/")
	}
	return "", 0
}

func repositoryFault(repository string, at, longest int) string {
	if len(repository) > longest {
		return fmt.Sprintf("the repository at byte %d has %d bytes, more than %d", at, len(repository), longest)
	}
	for part := range strings.SplitSeq(repository, "/") {
		if part == "" {
			return fmt.Sprintf("the repository has an empty part at byte %d", at)
		}
		valid := len(repositoryHead.FindString(part))
		if rest := part[valid:]; rest != "" {
			return fmt.Sprintf("in the repository part %q, %s", part, characterFault(rest, at+valid))
		}
		at += len(part) + len("/")
	}
	return ""
}

// characterFault says why a part of a repository cannot go on with rest.
func characterFault(rest string, at int) string {
	first := firstCharacter(rest)
	switch {
	case first >= "A" && first <= "Z":
		return fmt.Sprintf("%q at byte %d must be lower case", first, at)
	case strings.ContainsAny(first, "._-"):
		return fmt.Sprintf("%q at byte %d must stand alone between letters or digits, though \"_\" may stand there twice and \"-\" any number of times", first, at)
	}
	return fmt.Sprintf("%q at byte %d is not allowed", first, at)
}

// maxTagLength is the grammar's.
const maxTagLength = 128

func tagFault(tag string, at int) string {
	valid := len(tagHead.FindString(tag))
	switch {
	case tag == "":
		return fmt.Sprintf("the tag at byte %d is empty", at)
	case valid == len(tag):
		return ""
	case valid == maxTagLength:
		return fmt.Sprintf("the tag at byte %d has %d bytes, more than %d", at, len(tag), maxTagLength)
	case valid == 0 && strings.ContainsAny(tag[:1], ".-"):
		return fmt.Sprintf("the tag %q at byte %d must begin with a letter, a digit or \"_\"", tag, at)
	}
	return fmt.Sprintf("in the tag %q, %q at byte %d is not allowed", tag, firstCharacter(tag[valid:]), at+valid)
}

func digestFault(digested string, at int) string {
	if digested == "" {
		return fmt.Sprintf("the digest at byte %d is empty", at)
	}
	if _, err := digest.Parse(digested); err != nil {
		return fmt.Sprintf("the digest %q at byte %d is not valid (%s); one is, for example, \"sha256:\" and 64 lower case hexadecimal digits", digested, at, err)
	}
	return ""
}

func firstCharacter(text string) string {
	_, size := utf8.DecodeRuneInString(text)
	return text[:size]
}

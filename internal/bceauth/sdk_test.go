package bceauth_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/baidubce/bce-sdk-go/auth"
	bcehttp "github.com/baidubce/bce-sdk-go/http"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/bceauth"
)

const (
	sdkRequests    = 4000
	sdkMinCompared = 1000
)

// TestAgainstSDK compares generated requests with the vendor's own signer.
//
// The generator stays where both are meant to agree:
//   - The SDK keeps items and headers in maps, so names are unique; header
//     names also without regard to case.
//   - The SDK signs every x-bce- header and, of the others, those in
//     HeadersToSign, so each generated header is either.
//   - The SDK drops a header that is blank or named authorization; this package
//     signs what it is given.
//   - The SDK sorts the list of header names by name, this package by signed
//     line, "name:value". They differ when one name continues another with a
//     byte below ':', as in x-bce-a and x-bce-a-b. The SDK also lists a name
//     as it is, this package encoded.
//   - The SDK ends the canonical request with a newline when nothing is
//     signed; host always is here.
//   - The SDK adds a missing first slash to the path; Path is absolute.
//   - The SDK takes timestamp 0 for now and expiration 0 as it is; this
//     package takes expiration 0 for the default.
func TestAgainstSDK(t *testing.T) {
	t.Parallel()
	g := generator{rand.New(rand.NewPCG(20150427, 82349))}
	var signer auth.BceV1Signer
	compared := 0
	seen := map[string]int{}
	for i := range sdkRequests {
		c, r, token := g.request(seen)
		keys, options, req := vendorInput(c, r)
		if token != "" {
			// The SDK adds the header by itself, this package is given it.
			keys.SessionToken = token
			r.Headers = append(r.Headers, bceauth.Pair{Name: bceauth.HeaderToken, Value: token})
		}
		signer.Sign(req, keys, options)
		got, want := bceauth.Authorization(c, r), req.Header(bcehttp.AUTHORIZATION)
		if got != want {
			t.Fatalf("request %d: %+v\nours %q\n sdk %q\ncanonical request %q",
				i, r, got, want, bceauth.CanonicalRequest(r))
		}
		compared++
	}
	t.Logf("compared %d requests with the vendor's signer: %v", compared, seen)
	if compared < sdkMinCompared {
		t.Errorf("compared %d requests, want at least %d", compared, sdkMinCompared)
	}
	for _, kind := range kinds {
		if seen[kind] < sdkRequests/100 {
			t.Errorf("only %d requests with %s", seen[kind], kind)
		}
	}
}

// vendorInput renders a signing input as the vendor's signer wants it.
func vendorInput(c bceauth.Credentials, r bceauth.Request) (*auth.BceCredentials, *auth.SignOptions, *bcehttp.Request) {
	expiration := r.Expiration
	if expiration == 0 {
		expiration = bceauth.DefaultExpiration
	}
	options := &auth.SignOptions{
		HeadersToSign: map[string]struct{}{},
		Timestamp:     r.Time.Unix(),
		ExpireSeconds: int(expiration / time.Second),
	}
	req := &bcehttp.Request{}
	req.SetMethod(r.Method)
	req.SetUri(r.Path)
	for _, q := range r.Query {
		req.SetParam(q.Name, q.Value)
	}
	for _, h := range r.Headers {
		req.SetHeader(h.Name, h.Value)
		options.HeadersToSign[strings.ToLower(h.Name)] = struct{}{}
	}
	return &auth.BceCredentials{AccessKeyId: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey}, options, req
}

// kinds names what a run must have covered.
var kinds = []string{
	"method GET", "method HEAD", "method POST", "method PUT", "method DELETE", "method PATCH", "method OPTIONS",
	"host with port", "session token", "empty value", "look-alike names", "authorization item",
	"unicode", "value with inner space", "padded value", "upper-case header", "no query",
}

type generator struct{ *rand.Rand }

// request returns a random request and session token, which may be empty, and
// counts in seen what it covers.
func (g generator) request(seen map[string]int) (bceauth.Credentials, bceauth.Request, string) {
	methods := []string{"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"}
	c := bceauth.Credentials{AccessKeyID: g.word(1 + g.IntN(40)), SecretAccessKey: g.text(1 + g.IntN(80))}
	r := bceauth.Request{
		Method:  methods[g.IntN(len(methods))],
		Path:    g.path(),
		Query:   g.query(seen),
		Headers: g.headers(seen),
		Time:    time.Unix(1+g.Int64N(1<<33), g.Int64N(1e9)),
	}
	if g.chance(2) {
		r.Expiration = time.Duration(1+g.Int64N(1e6))*time.Second + time.Duration(g.Int64N(1e9))
	}
	token := ""
	if g.chance(3) {
		token = "T" + g.text(60) + "=="
		count(seen, "session token", true)
	}
	count(seen, "method "+r.Method, true)
	count(seen, "no query", len(r.Query) == 0)
	count(seen, "unicode", strings.ContainsFunc(fmt.Sprint(r.Path, r.Query), func(c rune) bool { return c > 0x7f }))
	return c, r, token
}

func (g generator) path() string {
	var b strings.Builder
	for range 1 + g.IntN(5) {
		b.WriteByte('/')
		b.WriteString(g.text(g.IntN(12)))
	}
	return b.String()
}

func (g generator) query(seen map[string]int) []bceauth.Pair {
	var items []bceauth.Pair
	used := map[string]bool{}
	add := func(name, value string) {
		if !used[name] {
			used[name] = true
			items = append(items, bceauth.Pair{Name: name, Value: value})
			count(seen, "empty value", value == "")
		}
	}
	if g.chance(4) {
		for _, name := range []string{"text", "text1", "text10", "text-1", "Text", "text ", "text~"} {
			add(name, g.text(g.IntN(4)))
		}
		count(seen, "look-alike names", true)
	}
	if g.chance(8) {
		add([]string{"authorization", "Authorization", "AUTHORIZATION"}[g.IntN(3)], g.text(5))
		count(seen, "authorization item", true)
	}
	for range g.IntN(6) {
		add(g.text(g.IntN(10)), g.text(g.IntN(20)))
	}
	g.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
	return items
}

func (g generator) headers(seen map[string]int) []bceauth.Pair {
	host := strings.ToLower(g.word(1+g.IntN(10))) + ".baidubce.com"
	if g.chance(2) {
		host = fmt.Sprintf("%s:%d", host, 1+g.IntN(65535))
		count(seen, "host with port", true)
	}
	items := []bceauth.Pair{{Name: bceauth.HeaderHost, Value: host}}
	used := []string{bceauth.HeaderHost, bceauth.HeaderToken}
	names := []string{
		"x-bce-a", "x-bce-a-b", "x-bce-a1", bceauth.HeaderDate, "content-type", "content-length", "content-md5", "user-agent",
		"x-bce-meta-" + g.word(4), "x-bce-" + g.word(6), g.word(8),
	}
	for _, name := range names {
		if g.chance(2) || clashes(used, strings.ToLower(name)) {
			continue
		}
		used = append(used, strings.ToLower(name))
		if g.chance(3) {
			name = strings.ToUpper(name)
			count(seen, "upper-case header", true)
		}
		value := "v" + g.text(g.IntN(16)) + "v"
		count(seen, "value with inner space", strings.Contains(value, " "))
		if g.chance(10) {
			value = " "
		}
		if g.chance(4) {
			value = " \t" + value + "  "
			count(seen, "padded value", true)
		}
		items = append(items, bceauth.Pair{Name: name, Value: value})
	}
	g.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
	return items
}

// clashes reports whether name would be a second entry of the SDK's map or
// sort unlike there; see TestAgainstSDK.
func clashes(used []string, name string) bool {
	return name == "authorization" || slices.Contains(used, name)
}

// text returns n characters, of which many need encoding.
func (g generator) text(n int) string {
	alphabet := []rune("abzABZ0159-._~ /:;?#[]@!$&'()*+,=%\"<>\\^`{|}\t\n\x00\x7féß測试🦀\u00a0\u2028")
	var b strings.Builder
	for range n {
		if g.chance(40) {
			b.WriteByte(0xff) // not UTF-8
			continue
		}
		b.WriteRune(alphabet[g.IntN(len(alphabet))])
	}
	return b.String()
}

// word returns n characters that need no encoding.
func (g generator) word(n int) string {
	const alphabet = "abcxyzABCXYZ0123789-._~"
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[g.IntN(len(alphabet))]
	}
	return string(b)
}

func (g generator) chance(oneIn int) bool { return g.IntN(oneIn) == 0 }

func count(seen map[string]int, kind string, yes bool) {
	if yes {
		seen[kind]++
	}
}

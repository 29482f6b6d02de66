package bceauth_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/bceauth"
)

// vector is one entry of testdata/signature_vectors.json.
type vector struct {
	Name              string            `json:"name"`
	Source            string            `json:"source"`
	AccessKeyID       string            `json:"access_key_id"`
	SecretAccessKey   string            `json:"secret_access_key"`
	Timestamp         time.Time         `json:"timestamp"`
	ExpirationSeconds int               `json:"expiration_seconds"`
	Method            string            `json:"method"`
	Path              string            `json:"path"`
	Query             [][2]string       `json:"query"`
	Headers           map[string]string `json:"headers"`
	SignedHeaders     []string          `json:"signed_headers"`
	SigningKey        string            `json:"signing_key"`
	CanonicalRequest  string            `json:"canonical_request"`
	Signature         string            `json:"signature"`
	Authorization     string            `json:"authorization"`
}

func (v vector) input() (bceauth.Credentials, bceauth.Request) {
	r := bceauth.Request{
		Method:     v.Method,
		Path:       v.Path,
		Time:       v.Timestamp,
		Expiration: time.Duration(v.ExpirationSeconds) * time.Second,
	}
	for _, item := range v.Query {
		r.Query = append(r.Query, bceauth.Pair{Name: item[0], Value: item[1]})
	}
	for _, name := range v.SignedHeaders {
		r.Headers = append(r.Headers, bceauth.Pair{Name: name, Value: v.Headers[name]})
	}
	return bceauth.Credentials{AccessKeyID: v.AccessKeyID, SecretAccessKey: v.SecretAccessKey}, r
}

func readVectors(t *testing.T) []vector {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "signature_vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	var vectors []vector
	if err := decoder.Decode(&vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors) == 0 {
		t.Fatal("the file holds no vectors, so nothing would be checked")
	}
	return vectors
}

func TestVectors(t *testing.T) {
	t.Parallel()
	for _, v := range readVectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			// An absent value would otherwise match an absent result.
			if v.Authorization == "" || v.CanonicalRequest == "" || v.SigningKey == "" ||
				!strings.HasSuffix(v.Authorization, "/"+v.Signature) {
				t.Fatalf("incomplete vector: %+v", v)
			}
			c, r := v.input()
			checkString(t, "signing key", bceauth.SigningKey(c, r), v.SigningKey)
			checkString(t, "canonical request", bceauth.CanonicalRequest(r), v.CanonicalRequest)
			checkString(t, "authorization", bceauth.Authorization(c, r), v.Authorization)

			// The order of the input must not count, nor the input change.
			slices.Reverse(r.Query)
			slices.Reverse(r.Headers)
			query, headers := slices.Clone(r.Query), slices.Clone(r.Headers)
			checkString(t, "authorization of the reverse", bceauth.Authorization(c, r), v.Authorization)
			if !slices.Equal(query, r.Query) || !slices.Equal(headers, r.Headers) {
				t.Error("signing changed its input")
			}
		})
	}
}

// TestSameSignature lists inputs that differ in what a signature leaves out.
func TestSameSignature(t *testing.T) {
	t.Parallel()
	credentials := bceauth.Credentials{AccessKeyID: "ak", SecretAccessKey: "sk"}
	request := func() bceauth.Request {
		return bceauth.Request{
			Method:  "GET",
			Path:    "/v1/ccr/registries",
			Query:   []bceauth.Pair{{Name: "pageNo", Value: "1"}},
			Headers: []bceauth.Pair{{Name: "host", Value: "ccr.baidubce.com"}},
			Time:    time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		}
	}
	want := bceauth.Authorization(credentials, request())

	tests := map[string]func(*bceauth.Request){
		"default expiration": func(r *bceauth.Request) { r.Expiration = bceauth.DefaultExpiration },
		"another zone":       func(r *bceauth.Request) { r.Time = r.Time.In(time.FixedZone("CST", 8*60*60)) },
		"part of a second":   func(r *bceauth.Request) { r.Time = r.Time.Add(999 * time.Millisecond) },
		"header name's case": func(r *bceauth.Request) { r.Headers[0].Name = "HoSt" },
		"space around value": func(r *bceauth.Request) { r.Headers[0].Value = " \tccr.baidubce.com \r\n" },
		"authorization item": func(r *bceauth.Request) {
			r.Query = append(r.Query, bceauth.Pair{Name: "Authorization", Value: "x"})
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := request()
			change(&r)
			checkString(t, "authorization", bceauth.Authorization(credentials, r), want)
		})
	}
}

// TestOtherSignature lists inputs that differ in what a signature covers.
func TestOtherSignature(t *testing.T) {
	t.Parallel()
	type input struct {
		c bceauth.Credentials
		r bceauth.Request
	}
	build := func() *input {
		return &input{
			c: bceauth.Credentials{AccessKeyID: "ak", SecretAccessKey: "sk"},
			r: bceauth.Request{
				Method:  "GET",
				Path:    "/v1/ccr/registries",
				Query:   []bceauth.Pair{{Name: "pageNo", Value: "1"}},
				Headers: []bceauth.Pair{{Name: "host", Value: "ccr.baidubce.com"}},
				Time:    time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
			},
		}
	}
	signature := func(in *input) string {
		a := bceauth.Authorization(in.c, in.r)
		return a[strings.LastIndexByte(a, '/'):]
	}
	base := signature(build())

	tests := map[string]func(*input){
		"access key":      func(in *input) { in.c.AccessKeyID = "ak2" },
		"secret key":      func(in *input) { in.c.SecretAccessKey = "sk2" },
		"method":          func(in *input) { in.r.Method = "HEAD" },
		"path":            func(in *input) { in.r.Path += "/" },
		"query name":      func(in *input) { in.r.Query[0].Name = "pageno" },
		"query value":     func(in *input) { in.r.Query[0].Value = "" },
		"query item":      func(in *input) { in.r.Query = append(in.r.Query, in.r.Query[0]) },
		"header name":     func(in *input) { in.r.Headers[0].Name = "x-bce-host" },
		"header value":    func(in *input) { in.r.Headers[0].Value = "CCR.baidubce.com" },
		"header":          func(in *input) { in.r.Headers = append(in.r.Headers, bceauth.Pair{Name: "x", Value: "y"}) },
		"time":            func(in *input) { in.r.Time = in.r.Time.Add(time.Second) },
		"expiration":      func(in *input) { in.r.Expiration = time.Minute },
		"slash in value":  func(in *input) { in.r.Query[0].Value = "1/" },
		"encoded in path": func(in *input) { in.r.Path = "/v1%2Fccr/registries" },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := build()
			change(in)
			if signature(in) == base {
				t.Error("the signature is the same, so this is not covered by it")
			}
		})
	}
}

func TestEncode(t *testing.T) {
	t.Parallel()
	checkString(t, "path", bceauth.EncodePath("/v1/a b/测试/~x%2F"), "/v1/a%20b/%E6%B5%8B%E8%AF%95/~x%252F")
	checkString(t, "query", bceauth.EncodeQuery([]bceauth.Pair{
		{Name: "z", Value: "a/b+c&d=e"}, {Name: "a", Value: ""}, {Name: "authorization", Value: "-._~"},
	}), "z=a%2Fb%2Bc%26d%3De&a=&authorization=-._~")
	checkString(t, "empty query", bceauth.EncodeQuery(nil), "")
}

func TestFormatTime(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("CST", 8*60*60)
	checkString(t, "time", bceauth.FormatTime(time.Date(2015, 4, 27, 16, 23, 49, 999, zone)), "2015-04-27T08:23:49Z")
}

func checkString(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

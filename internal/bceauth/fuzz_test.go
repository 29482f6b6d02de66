package bceauth_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/bceauth"
)

var (
	encodedText  = regexp.MustCompile(`^(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})*$`)
	encodedPath  = regexp.MustCompile(`^(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})*$`)
	hexSignature = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

func FuzzAppendEncoded(f *testing.F) {
	for _, s := range []string{"", "/", "/v1/ccr/registries", "a b+c/测试~*", "%2F%", "-._~", "\x00\xff\n", "🦀"} {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, s string, keepSlash bool) {
		t.Parallel()
		got := string(bceauth.AppendEncoded(nil, s, keepSlash))
		shape := encodedText
		if keepSlash {
			shape = encodedPath
		}
		if !shape.MatchString(got) {
			t.Fatalf("%q encodes to %q", s, got)
		}
		if back, err := url.PathUnescape(got); err != nil || back != s {
			t.Fatalf("%q encodes to %q, which decodes to %q, %v", s, got, back, err)
		}

		// Each byte takes one place or three, and a second pass changes the
		// percent signs of the first alone.
		percents := strings.Count(got, "%")
		if len(got) != len(s)+2*percents {
			t.Errorf("%d bytes encode to %d with %d percent signs", len(s), len(got), percents)
		}
		again := string(bceauth.AppendEncoded(nil, got, keepSlash))
		if again != strings.ReplaceAll(got, "%", "%25") {
			t.Errorf("%q encodes to %q", got, again)
		}

		if appended := string(bceauth.AppendEncoded([]byte("%/ "), s, keepSlash)); appended != "%/ "+got {
			t.Errorf("appended: %q", appended)
		}
		if keepSlash && bceauth.EncodePath(s) != got {
			t.Errorf("EncodePath(%q) = %q, want %q", s, bceauth.EncodePath(s), got)
		}
	})
}

func FuzzAuthorization(f *testing.F) {
	f.Add("ak", "sk", "GET", "/v1/ccr/registries", "pageNo", "1", "host", "ccr.baidubce.com", int64(1430123029), int64(0))
	f.Add("", "", "", "", "", "", "", "", int64(0), int64(-1))
	f.Add("a/k", strings.Repeat("s", 64), "POST", "/测试/a b", "Authorization", "x", "X;Y:Z/", " 127.0.0.1:8080\n", int64(-1<<40), int64(1)<<62)
	f.Fuzz(func(t *testing.T, ak, sk, method, path, queryName, queryValue, headerName, headerValue string, unix, expiration int64) {
		t.Parallel()
		c := bceauth.Credentials{AccessKeyID: ak, SecretAccessKey: sk}
		r := bceauth.Request{
			Method:     method,
			Path:       path,
			Query:      []bceauth.Pair{{Name: queryName, Value: queryValue}, {Name: queryValue, Value: queryName}},
			Headers:    []bceauth.Pair{{Name: headerName, Value: headerValue}, {Name: bceauth.HeaderHost, Value: path}},
			Time:       time.Unix(unix, 0),
			Expiration: time.Duration(expiration),
		}
		got := bceauth.Authorization(c, r)

		// version/access key/time/expiration/headers/signature
		rest, ok := strings.CutPrefix(got, "bce-auth-v1/"+ak+"/")
		parts := strings.Split(rest, "/")
		if !ok || len(parts) != 4 {
			t.Fatalf("shape: %q", got)
		}
		valued := 0 // a header without a value is left out
		for _, h := range r.Headers {
			if strings.TrimSpace(h.Value) != "" {
				valued++
			}
		}
		if strings.Count(parts[2], ";") != max(0, valued-1) {
			t.Errorf("signed headers: %q", parts[2])
		}
		if !hexSignature.MatchString(parts[3]) {
			t.Errorf("signature: %q", parts[3])
		}
		if !strings.HasPrefix(rest, bceauth.FormatTime(r.Time)+"/") {
			t.Errorf("time: %q, want %q", parts[0], bceauth.FormatTime(r.Time))
		}

		// The parts that are exported make up the whole.
		mac := hmac.New(sha256.New, []byte(bceauth.SigningKey(c, r)))
		mac.Write([]byte(bceauth.CanonicalRequest(r)))
		if want := hex.EncodeToString(mac.Sum(nil)); parts[3] != want {
			t.Errorf("signature %q, want %q", parts[3], want)
		}

		slices.Reverse(r.Query)
		slices.Reverse(r.Headers)
		if again := bceauth.Authorization(c, r); again != got {
			t.Errorf("not deterministic: %q, then %q", got, again)
		}
		// A byte that is not zero: HMAC pads short keys with zeros.
		c.SecretAccessKey += "x"
		other := bceauth.Authorization(c, r)
		if other == got {
			t.Error("another secret, the same signature")
		}
		if unsigned := len(got) - len(parts[3]); other[:unsigned] != got[:unsigned] {
			t.Errorf("the secret shows before the signature: %q, %q", got, other)
		}
	})
}

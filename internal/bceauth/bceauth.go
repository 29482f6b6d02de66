// Package bceauth computes the bce-auth-v1 signature of Baidu AI Cloud.
//
// It is pure: the time is an input, nothing is read from the environment and
// nothing is written to the request. Source: Baidu AI Cloud, "Authentication
// mechanism" and, for this API, "CCR API overview".
package bceauth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Names of the headers that take part in a signature, in lower case as they
// are signed.
const (
	HeaderHost  = "host"
	HeaderDate  = "x-bce-date"
	HeaderToken = "x-bce-security-token"
)

// DefaultExpiration is how long a signature is valid when nothing else is
// asked for, the vendor's own default.
const DefaultExpiration = 30 * time.Minute

const (
	version = "bce-auth-v1"
	// timeLayout ends in "Z" because it is only used with UTC.
	timeLayout = time.RFC3339
)

// Credentials are an access key pair. The session token of temporary
// credentials is not part of them: it is a header, sent and signed like any
// other.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey string
}

// Pair is one name and value, of a query item or of a header.
type Pair struct {
	Name, Value string
}

// Request is what a signature covers.
type Request struct {
	// Method is the HTTP method, in upper case.
	Method string
	// Path is the absolute path, not yet percent-encoded.
	Path string
	// Query holds the query items, not yet percent-encoded, in any order.
	Query []Pair
	// Headers holds the headers to sign, all of them and in any order. Names
	// are lower-cased and values trimmed here.
	Headers []Pair
	// Time is when the signature is made; whole seconds count.
	Time time.Time
	// Expiration is how long it is valid; zero means [DefaultExpiration].
	Expiration time.Duration
}

// FormatTime renders t as the signature and the x-bce-date header want it:
// UTC, whole seconds.
func FormatTime(t time.Time) string { return t.UTC().Format(timeLayout) }

// Authorization returns the value of the Authorization header for r, signed
// with c.
func Authorization(c Credentials, r Request) string {
	headers := headerItems(r.Headers)
	out := appendPrefix(make([]byte, 0, 192), c, r)
	key := appendMAC(nil, []byte(c.SecretAccessKey), out)
	canonical := appendCanonical(make([]byte, 0, 192), r, headers)

	// The names have an order of their own: "x-a-b:" stands before "x-a:",
	// for '-' sorts before ':', but "x-a" before "x-a-b".
	for i, h := range headers {
		headers[i], _, _ = strings.Cut(h, ":")
	}
	slices.Sort(headers)
	out = append(out, '/')
	for i, name := range headers {
		if i > 0 {
			out = append(out, ';')
		}
		out = append(out, name...)
	}
	out = append(out, '/')
	return string(appendMAC(out, key, canonical))
}

// SigningKey returns the derived key that signs r's canonical request.
func SigningKey(c Credentials, r Request) string {
	return string(appendMAC(nil, []byte(c.SecretAccessKey), appendPrefix(nil, c, r)))
}

// CanonicalRequest returns the text that is signed.
func CanonicalRequest(r Request) string {
	return string(appendCanonical(nil, r, headerItems(r.Headers)))
}

// AppendEncoded appends the normalized form of s: every byte but the URI's
// unreserved characters becomes %XX in upper case. With keepSlash a slash
// stays, as in a path.
func AppendEncoded(dst []byte, s string, keepSlash bool) []byte {
	const upperHex = "0123456789ABCDEF"
	for i := range len(s) {
		b := s[i]
		if unreserved(b) || (keepSlash && b == '/') {
			dst = append(dst, b)
			continue
		}
		dst = append(dst, '%', upperHex[b>>4], upperHex[b&15])
	}
	return dst
}

// EncodePath returns the normalized form of a path: its slashes stay.
func EncodePath(path string) string { return string(AppendEncoded(nil, path, true)) }

// EncodeQuery returns items as a raw query in which every byte is encoded the
// way it is signed, in the order given.
func EncodeQuery(items []Pair) string {
	var dst []byte
	for i, item := range items {
		if i > 0 {
			dst = append(dst, '&')
		}
		dst = appendItem(dst, item, '=')
	}
	return string(dst)
}

func unreserved(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' ||
		b == '-' || b == '.' || b == '_' || b == '~'
}

func appendItem(dst []byte, item Pair, separator byte) []byte {
	dst = AppendEncoded(dst, item.Name, false)
	dst = append(dst, separator)
	return AppendEncoded(dst, item.Value, false)
}

func appendPrefix(dst []byte, c Credentials, r Request) []byte {
	expiration := r.Expiration
	if expiration == 0 {
		expiration = DefaultExpiration
	}
	dst = append(dst, version...)
	dst = append(dst, '/')
	dst = append(dst, c.AccessKeyID...)
	dst = append(dst, '/')
	dst = r.Time.UTC().AppendFormat(dst, timeLayout)
	dst = append(dst, '/')
	return strconv.AppendInt(dst, int64(expiration/time.Second), 10)
}

// appendMAC appends the lower-case hex of the message's HMAC-SHA256.
func appendMAC(dst, key, message []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(message)
	return hex.AppendEncode(dst, mac.Sum(nil))
}

func appendCanonical(dst []byte, r Request, headers []string) []byte {
	dst = append(dst, r.Method...)
	dst = append(dst, '\n')
	dst = AppendEncoded(dst, r.Path, true)
	dst = append(dst, '\n')
	for i, item := range queryItems(r.Query) {
		if i > 0 {
			dst = append(dst, '&')
		}
		dst = append(dst, item...)
	}
	for _, h := range headers {
		dst = append(dst, '\n')
		dst = append(dst, h...)
	}
	return dst
}

// queryItems sorts the encoded items, not the names: "text10=" stands before
// "text1=" because '0' sorts before '='.
func queryItems(query []Pair) []string {
	buf := make([]byte, 0, 256)
	for _, q := range query {
		if !strings.EqualFold(q.Name, "authorization") {
			buf = append(appendItem(buf, q, '='), '\n')
		}
	}
	return sortedLines(buf)
}

func headerItems(headers []Pair) []string {
	buf := make([]byte, 0, 256)
	for _, h := range headers {
		item := Pair{Name: strings.ToLower(h.Name), Value: strings.TrimSpace(h.Value)}
		if item.Value != "" { // as documented, a header without a value is left out
			buf = append(appendItem(buf, item, ':'), '\n')
		}
	}
	return sortedLines(buf)
}

// sortedLines splits encoded items, each ended by a newline, which none of
// them can hold: one string for all of them, not one each.
func sortedLines(text []byte) []string {
	if len(text) == 0 {
		return nil
	}
	items := strings.Split(string(text[:len(text)-1]), "\n")
	slices.Sort(items)
	return items
}

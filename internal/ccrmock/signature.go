package ccrmock

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/bceauth"
)

const (
	clockTolerance = 30 * time.Minute
	timeLayout     = "2006-01-02T15:04:05Z"
)

// authorization is a parsed Authorization header:
// bce-auth-v1/{accessKeyId}/{timestamp}/{expirationSeconds}/{signedHeaders}/{signature}.
type authorization struct {
	accessKeyID string
	time        time.Time
	expiration  time.Duration
	headers     []string
	signature   string
}

func parseAuthorization(header string) (authorization, *apiError) {
	malformed := func(why string) (authorization, *apiError) {
		return authorization{}, apiErrorf(codeInvalidHTTPAuthHeader, "the Authorization header %s", why)
	}
	parts := strings.Split(header, "/")
	if len(parts) != 6 {
		return malformed("does not have six parts")
	}
	if parts[0] != "bce-auth-v1" {
		return malformed("does not begin with bce-auth-v1")
	}
	at, err := time.Parse(timeLayout, parts[2])
	if err != nil {
		return malformed("has a timestamp that is not like " + timeLayout)
	}
	seconds, err := strconv.ParseInt(parts[3], 10, 32)
	if err != nil || seconds <= 0 {
		return malformed("has an expiration that is not a positive number of seconds")
	}
	return authorization{
		accessKeyID: parts[1],
		time:        at,
		expiration:  time.Duration(seconds) * time.Second,
		headers:     strings.Split(parts[4], ";"),
		signature:   parts[5],
	}, nil
}

// verify says why r is not a request by the holder of the key pair, now.
func (s *Server) verify(r *http.Request) *apiError {
	header := r.Header.Get("Authorization")
	if header == "" {
		return apiErrorf(codeSignatureEmpty, "the Authorization header is missing")
	}
	auth, failure := parseAuthorization(header)
	if failure != nil {
		return failure
	}
	if subtle.ConstantTimeCompare([]byte(auth.accessKeyID), []byte(s.credentials.AccessKeyID)) != 1 {
		return apiErrorf(codeInvalidAccessKeyID, "the access key %q is not known", auth.accessKeyID)
	}
	if failure := s.verifyTime(r, auth); failure != nil {
		return failure
	}
	if failure := verifySignedHeaders(r, auth); failure != nil {
		return failure
	}
	if failure := s.verifySignature(r, auth); failure != nil {
		return failure
	}
	return s.verifyToken(r)
}

func (s *Server) verifyTime(r *http.Request, auth authorization) *apiError {
	now := s.now()
	date, err := time.Parse(timeLayout, r.Header.Get(bceauth.HeaderDate))
	if err != nil {
		return apiErrorf(codeInvalidHTTPAuthHeader, "the header %s is missing or not like %s", bceauth.HeaderDate, timeLayout)
	}
	for _, t := range []time.Time{auth.time, date} {
		if off := now.Sub(t).Abs(); off > clockTolerance {
			return apiErrorf(codeRequestExpired, "the request's time %s is %s off the server's", bceauth.FormatTime(t), off.Round(time.Second))
		}
	}
	if now.After(auth.time.Add(auth.expiration)) {
		return apiErrorf(codeRequestExpired, "the signature of %s was valid for %s", bceauth.FormatTime(auth.time), auth.expiration)
	}
	return nil
}

func verifySignedHeaders(r *http.Request, auth authorization) *apiError {
	required := []string{bceauth.HeaderHost, bceauth.HeaderDate}
	if len(r.Header.Values(bceauth.HeaderToken)) > 0 {
		required = append(required, bceauth.HeaderToken)
	}
	for _, name := range required {
		if !slices.Contains(auth.headers, name) {
			return apiErrorf(codeSignatureDoesNotMatch, "the header %s is not among the signed headers", name)
		}
	}
	for i, name := range auth.headers {
		if slices.Contains(auth.headers[:i], name) {
			return apiErrorf(codeSignatureDoesNotMatch, "the header %s is signed twice", name)
		}
		if name != bceauth.HeaderHost && len(r.Header.Values(name)) != 1 {
			return apiErrorf(codeSignatureDoesNotMatch, "the signed header %q was not sent exactly once", name)
		}
	}
	return nil
}

// verifySignature signs the request as it arrived and compares.
func (s *Server) verifySignature(r *http.Request, auth authorization) *apiError {
	query, failure := parseQuery(r.URL.RawQuery)
	if failure != nil {
		return failure
	}
	signed := bceauth.Request{
		Method:     r.Method,
		Path:       r.URL.Path,
		Query:      query,
		Time:       auth.time,
		Expiration: auth.expiration,
	}
	for _, name := range auth.headers {
		value := r.Header.Get(name)
		if name == bceauth.HeaderHost {
			value = r.Host
		}
		signed.Headers = append(signed.Headers, bceauth.Pair{Name: name, Value: value})
	}
	want := bceauth.Authorization(s.credentials, signed)
	want = want[strings.LastIndexByte(want, '/')+1:]
	if subtle.ConstantTimeCompare([]byte(auth.signature), []byte(want)) != 1 {
		return apiErrorf(codeSignatureDoesNotMatch, "the signature does not match this canonical request: %q", bceauth.CanonicalRequest(withoutToken(signed)))
	}
	return nil
}

// withoutToken keeps the session token out of the message.
func withoutToken(r bceauth.Request) bceauth.Request {
	r.Headers = slices.Clone(r.Headers)
	for i := range r.Headers {
		if r.Headers[i].Name == bceauth.HeaderToken {
			r.Headers[i].Value = "*****"
		}
	}
	return r
}

func (s *Server) verifyToken(r *http.Request) *apiError {
	if s.sessionToken == "" {
		return nil
	}
	token := r.Header.Get(bceauth.HeaderToken)
	if token == "" {
		return apiErrorf(codeAccessDenied, "this access key is a temporary one and needs the header %s", bceauth.HeaderToken)
	}
	if subtle.ConstantTimeCompare([]byte(token), []byte(s.sessionToken)) != 1 {
		return apiErrorf(codeAccessDenied, "the session token is not the one of this access key")
	}
	return nil
}

// parseQuery decodes a raw query as the signature sees it: a plus is a plus.
func parseQuery(raw string) ([]bceauth.Pair, *apiError) {
	var items []bceauth.Pair
	for item := range strings.SplitSeq(raw, "&") {
		if item == "" {
			continue
		}
		name, value, _ := strings.Cut(item, "=")
		decodedName, err := url.PathUnescape(name)
		if err != nil {
			return nil, apiErrorf(codeBadRequest, "the query item %q is not percent-encoded", item)
		}
		decodedValue, err := url.PathUnescape(value)
		if err != nil {
			return nil, apiErrorf(codeBadRequest, "the query item %q is not percent-encoded", item)
		}
		items = append(items, bceauth.Pair{Name: decodedName, Value: decodedValue})
	}
	return items, nil
}

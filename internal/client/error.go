package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

// Error is a call that failed. It keeps whatever is known of the answer.
type Error struct {
	// Operation is what was tried, as in "create registry".
	Operation string
	Method    string
	Path      string
	// Status is the HTTP status, 0 when no answer came.
	Status int
	// Code and Message are the server's, empty when the answer had none.
	Code, Message string
	// RequestID is what the vendor's support asks for.
	RequestID string
	// Err is the cause when it was not the server's refusal: the network, a
	// time-out, an answer that cannot be read.
	Err error

	ambiguous bool
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s %s", e.Operation, e.Method, e.Path)
	if e.Status != 0 {
		fmt.Fprintf(&b, ": HTTP %d", e.Status)
	}
	if e.Code != "" {
		b.WriteString(" " + e.Code)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	if e.RequestID != "" {
		fmt.Fprintf(&b, " (request id %s)", e.RequestID)
	}
	return b.String()
}

// Unwrap returns the cause, nil when the server refused.
func (e *Error) Unwrap() error { return e.Err }

// ErrNotFound is an object that two readings of its whole collection, or one
// that could not be torn, do not hold. An HTTP 404 is never this error: a
// proxy or a wrong endpoint answers it too.
var ErrNotFound = errors.New("not found")

// Ambiguous reports whether the server may have processed a call that failed
// with err, and so have changed something: a failed read never is.
func Ambiguous(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.ambiguous
}

// Conflict reports whether the server refused because the name is taken.
func Conflict(err error) bool { return hasStatus(err, http.StatusConflict) }

// InUse reports whether the server refused a delete because something still
// needs the object.
func InUse(err error) bool { return hasStatus(err, http.StatusPreconditionFailed) }

func hasStatus(err error, status int) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == status
}

// errorBody is the documented body of an error.
type errorBody struct {
	RequestID string `json:"requestId"`
	Code      string `json:"code"`
	Message   string `json:"message"`
}

// rejected makes the error of an answer whose status is not a success.
func (c *call) rejected(a *answer) error {
	e := c.newError(a)
	var body errorBody
	if json.Unmarshal(a.body, &body) == nil && (body.Code != "" || body.Message != "") {
		e.Code, e.Message = c.tidy(body.Code), c.tidy(body.Message)
		if e.RequestID == "" {
			e.RequestID = c.tidy(body.RequestID)
		}
	} else {
		e.Message = c.describe(a)
	}
	e.ambiguous = c.method != http.MethodGet &&
		(a.status >= 500 || a.status == http.StatusRequestTimeout) && !unprocessed(a, nil)
	return e
}

// failed makes the error of a call without a usable answer; a may be nil.
func (c *call) failed(a *answer, err error) error {
	e := c.newError(a)
	e.Err = &tidyError{text: c.tidy(err.Error()), err: err}
	e.ambiguous = c.method != http.MethodGet && !unprocessed(a, err)
	if short, ok := errors.AsType[*cutShortError](err); ok {
		e.Status, e.RequestID = short.status, c.tidy(short.requestID)
	}
	if a != nil {
		e.Message = c.describe(a)
	}
	return e
}

func (c *call) newError(a *answer) *Error {
	e := &Error{Operation: c.operation, Method: c.method, Path: c.path}
	if a != nil {
		e.Status, e.RequestID = a.status, c.tidy(a.requestID())
	}
	return e
}

// tidyError says what its cause says, less what must not be shown.
type tidyError struct {
	text string
	err  error
}

func (e *tidyError) Error() string { return e.text }
func (e *tidyError) Unwrap() error { return e.err }

// describe says what an answer is that the API does not document, with its
// beginning: a gateway's page often names the cause.
func (c *call) describe(a *answer) string {
	if len(a.body) == 0 {
		return "the answer is empty"
	}
	kind, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
	if kind == "" {
		kind = "unknown type"
	}
	return fmt.Sprintf("the answer (%s, %d bytes) begins %q",
		shorten(c.tidy(kind), 100), len(a.body), shorten(c.tidy(string(a.body)), 200))
}

// maxText bounds what an error repeats of the server's words.
const maxText = 2000

// tidy makes the server's or the network's words fit to be shown.
func (c *call) tidy(text string) string { return Printable(c.redact(text)) }

// Printable makes control characters spaces, so that a server cannot write to
// the user's terminal, and bounds the length.
func Printable(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return ' '
		}
		return r
	}, text)
	return shorten(strings.Join(strings.Fields(text), " "), maxText)
}

// shorten bounds text to so many characters.
func shorten(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

const redacted = "(redacted)"

var (
	// authorization is the value of the header of that name.
	authorization = regexp.MustCompile(`bce-auth-v1/[^\s"\\]+`)
	// secretField is an access secret in JSON, also when that JSON is quoted in
	// JSON or cut short; group 1 is all but its value.
	secretField = regexp.MustCompile(`(?s)(accessSecret\\*"\s*:\s*\\*")(?:[^"\\]|\\.)*`)
)

// redact replaces every secret the call knows, as it is and as JSON, HTML or a
// URL writes it,
// and every signature and access secret that the server shows: those of a list
// are not known.
func (c *call) redact(text string) string {
	for _, secret := range c.secrets {
		if secret == "" {
			continue
		}
		text = strings.ReplaceAll(text, secret, redacted)
		for _, form := range []string{
			inJSON(secret, true), inJSON(secret, false), html.EscapeString(secret), url.QueryEscape(secret), url.PathEscape(secret),
		} {
			text = strings.ReplaceAll(text, form, redacted)
		}
	}
	text = authorization.ReplaceAllLiteralString(text, redacted)
	return secretField.ReplaceAllString(text, "${1}"+redacted)
}

// inJSON returns text as it stands between the quotes of a JSON string.
func inJSON(text string, escapeHTML bool) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(escapeHTML)
	_ = encoder.Encode(text) // a string always encodes, and a Builder always writes
	return b.String()[1 : b.Len()-2]
}

package ccrmock

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Error codes of the API. The documentation lists the common ones of the vendor
// and those of CCR itself.
const (
	codeAccessDenied          = "AccessDenied"
	codeBadRequest            = "BadRequest"
	codeInappropriateJSON     = "InappropriateJSON"
	codeInternalError         = "InternalError"
	codeInvalidAccessKeyID    = "InvalidAccessKeyId"
	codeInvalidHTTPAuthHeader = "InvalidHTTPAuthHeader"
	codeInvalidHTTPRequest    = "InvalidHTTPRequest"
	codeMalformedJSON         = "MalformedJSON"
	codeNotFound              = "NotFound"
	codePreconditionFailed    = "PreconditionFailed"
	codeRequestExpired        = "RequestExpired"
	codeSignatureDoesNotMatch = "SignatureDoesNotMatch"
	codeSignatureEmpty        = "SignatureEmpty"
	codeStatusConflict        = "StatusConflict"
)

type errorRow struct {
	code   string
	status int
	when   string
}

// errorTable is every documented error: its code, its HTTP status, and what
// this server answers it for. Those without a reason are never answered but by
// a fault rule.
var errorTable = []errorRow{
	{codeBadRequest, http.StatusBadRequest, "a value that is not allowed, in a body or a query; start of a disabled policy"},
	{codeInappropriateJSON, http.StatusBadRequest, "a field that is missing, unknown or of the wrong JSON type"},
	{codeMalformedJSON, http.StatusBadRequest, "a body that is not one JSON object"},
	{codeInvalidHTTPRequest, http.StatusBadRequest, "a method the path does not take; a body where none belongs, or too large a one"},
	{codeSignatureEmpty, http.StatusBadRequest, "no Authorization header"},
	{codeInvalidHTTPAuthHeader, http.StatusBadRequest, "an Authorization or x-bce-date header that does not parse"},
	{codeSignatureDoesNotMatch, http.StatusBadRequest, "another signature, or a header that must be signed and is not"},
	{codeRequestExpired, http.StatusBadRequest, "a time over 30 minutes off, or past its expiration"},
	{codeAccessDenied, http.StatusForbidden, "a session token that is missing or wrong"},
	{codeInvalidAccessKeyID, http.StatusForbidden, "an access key nobody knows"},
	{codeNotFound, http.StatusNotFound, "an id or a path that does not exist"},
	{codeStatusConflict, http.StatusConflict, "a name that is taken"},
	{codePreconditionFailed, http.StatusPreconditionFailed, "delete of a registry in use, or of a policy with a running execution"},
	{codeInternalError, http.StatusInternalServerError, "a request after Close"},
	{"InvalidURI", http.StatusBadRequest, ""},
	{"IamSignatureInvalid", http.StatusForbidden, ""},
	{"OptInRequired", http.StatusForbidden, ""},
	{"Unauthorized", http.StatusUnauthorized, ""},
	{"InvalidVersion", http.StatusNotFound, ""},
	{"QuotaExceed", http.StatusPreconditionFailed, ""},
}

// apiError is an answer other than success.
type apiError struct {
	code    string
	message string
}

func apiErrorf(code, format string, args ...any) *apiError {
	return &apiError{code: code, message: fmt.Sprintf(format, args...)}
}

// statusOfCode returns the documented HTTP status of code, 0 for an unknown one.
func statusOfCode(code string) int {
	for _, row := range errorTable {
		if row.code == code {
			return row.status
		}
	}
	return 0
}

// codeOfStatus returns a code that goes with an HTTP status: the first
// documented one, or else the status text, as no throttling code is documented.
func codeOfStatus(status int) string {
	i := slices.IndexFunc(errorTable, func(row errorRow) bool { return row.status == status })
	if i >= 0 {
		return errorTable[i].code
	}
	return strings.ReplaceAll(http.StatusText(status), " ", "")
}

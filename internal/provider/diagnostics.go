package provider

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

// apiError makes the diagnostic of a call that failed: a summary that does not
// change, what was tried on what, the server's words, what support asks for,
// and what to do next.
func apiError(summary, tried string, err error) diag.Diagnostic {
	return diag.NewErrorDiagnostic(summary, errorDetail(tried, err))
}

// errorDetail is the text of [apiError].
func errorDetail(tried string, err error) string {
	var b strings.Builder
	b.WriteString(bounded(tried) + ".\n")

	var (
		api       *client.Error
		unsettled *client.UnsettledError
	)
	if !errors.As(err, &api) {
		fmt.Fprintf(&b, "\nReason: %s\n", reason(err))
		return finish(&b, nextStep(err, nil))
	}
	b.WriteString("\n")
	if errors.As(err, &unsettled) {
		fmt.Fprintf(&b, "Outcome: not known; %s\n", unsettled.Reason)
	}
	switch {
	case api.Err != nil && api.Message != "":
		fmt.Fprintf(&b, "Reason: %s\nServer: %s\n", reason(api.Err), api.Message)
	case api.Err != nil:
		fmt.Fprintf(&b, "Reason: %s\n", reason(api.Err))
	case api.Message != "":
		fmt.Fprintf(&b, "Server: %s\n", api.Message)
	}
	if api.Code != "" {
		fmt.Fprintf(&b, "Code: %s\n", api.Code)
	}
	fmt.Fprintf(&b, "Request: %s %s\n", api.Method, api.Path)
	if api.Status != 0 {
		fmt.Fprintf(&b, "HTTP status: %d %s\n", api.Status, http.StatusText(api.Status))
	}
	if api.RequestID != "" {
		fmt.Fprintf(&b, "Request id: %s\n", api.RequestID)
	}
	return finish(&b, nextStep(err, api))
}

// reason puts what Go says of a network or a context into words.
func reason(err error) string {
	switch {
	case errors.Is(err, context.Canceled):
		return "the command was interrupted"
	case errors.Is(err, context.DeadlineExceeded):
		return "the time was up"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed in the middle of the answer"
	case errors.Is(err, io.EOF):
		return "the connection was closed without an answer"
	}
	return err.Error()
}

// bounded leaves out the middle of what a server has made too long.
func bounded(text string) string {
	const most = 1000
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most/2]) + "…" + string(runes[len(runes)-most/2:])
	}
	return text
}

func finish(b *strings.Builder, step string) string {
	if step != "" {
		fmt.Fprintf(b, "\nNext step: %s", step)
	}
	return strings.TrimSpace(b.String())
}

// nextSteps says what a user does about a code of the vendor's.
var nextSteps = map[string]string{
	"InvalidAccessKeyId":    "check the provider's access_key (BAIDUCLOUD_ACCESS_KEY or BCE_ACCESS_KEY_ID): CCR does not know it.",
	"SignatureDoesNotMatch": "check the provider's secret_key (BAIDUCLOUD_SECRET_KEY or BCE_SECRET_ACCESS_KEY): it does not belong to the access key. With temporary credentials check session_token too.",
	"IamSignatureInvalid":   "check the provider's access_key, secret_key and, with temporary credentials, session_token: they do not belong together.",
	"InvalidHTTPAuthHeader": "check the provider's access_key for characters that do not belong to a key.",
	"SignatureEmpty":        "check that no proxy removes the Authorization header.",
	"RequestExpired":        "set this machine's clock: it is more than 30 minutes off, and the server's own time could not be used instead.",
	"AccessDenied":          "give the owner of the access key permission for CCR, or use another key.",
	"Unauthorized":          "give the owner of the access key permission for CCR, or use another key.",
	"OptInRequired":         "open the CCR service once in the Baidu AI Cloud console.",
	"QuotaExceed":           "delete what is no longer needed, or ask Baidu AI Cloud for a larger quota.",
	"QuotaExceeded":         "delete what is no longer needed, or ask Baidu AI Cloud for a larger quota.",
}

// nextStep is what to do about err; api is nil when no call was made.
func nextStep(err error, api *client.Error) string {
	switch {
	case errors.As(err, new(*client.UnsettledError)):
		return unsettledStep(err)
	case errors.Is(err, context.Canceled):
		return "run the command again when you are ready."
	case errors.Is(err, context.DeadlineExceeded):
		return "raise the timeout and run the command again."
	case api == nil:
		return ""
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "try again; if it goes on, look for a proxy that cuts answers short."
	case nextSteps[api.Code] != "":
		return nextSteps[api.Code]
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, new(tls.RecordHeaderError)):
		return "check the scheme of the provider's endpoint (CCR_ENDPOINT): without one it is https, and what answers there speaks plain http."
	case api.Status == http.StatusBadRequest:
		return "correct what the server names."
	case api.Status == http.StatusTooManyRequests:
		return "try again later, or set the provider's requests_per_second to stay below the server's limit."
	case api.Status == 0:
		return "check the network, the proxy and the provider's endpoint (CCR_ENDPOINT). If CCR is only slow, raise request_timeout (CCR_REQUEST_TIMEOUT)."
	case api.Status == http.StatusUnauthorized, api.Status == http.StatusForbidden:
		return "check the provider's access_key and secret_key, and their permissions for CCR."
	case api.Status == http.StatusNotFound && api.Method == http.MethodGet: // a list is always there
		return "check that the provider's endpoint (CCR_ENDPOINT) is CCR's and that no proxy answers for it."
	case api.Status == http.StatusNotFound:
		return "plan again: it may have been deleted outside Terraform, and the plan then says so."
	case api.Status >= 300 && api.Status < 400:
		return "check the provider's endpoint (CCR_ENDPOINT): it redirects, and a signed request is never sent on to another host."
	case api.Status >= 500 && api.RequestID == "":
		return "try again later. The answer has no request id, so it may be from a proxy and not from CCR."
	case api.Status >= 500:
		return "try again later; if it goes on, give the request id to Baidu AI Cloud's support."
	case api.Status >= 200 && api.Status < 300:
		return "check that the provider's endpoint (CCR_ENDPOINT) is CCR's and that no proxy answers for it."
	}
	return ""
}

// unsettledStep is what to do when it cannot be said whether a create happened.
func unsettledStep(err error) string {
	var unsettled *client.UnsettledError
	errors.As(err, &unsettled)
	kind := resourceTypes[unsettled.Noun]
	if unsettled.Found != 0 {
		return fmt.Sprintf("look at id %s; if it is the one declared here, take it over with `terraform import %s.<label> %s`, else rename this one.",
			unsettled.Found, kind, unsettled.Found)
	}
	return fmt.Sprintf("apply again. If CCR then says that the name is taken, the object was created after all: `terraform import %s.<label> 'name=%s'` takes it over.",
		kind, unsettled.Name)
}

// resourceTypes names the resource for each of the client's nouns.
var resourceTypes = map[string]string{"registry": "ccr_registry", "policy": "ccr_migration_policy"}

// nameTaken is the detail of a refused create, or rename of own, whose name
// another object has; id is 0 when it could not be found.
func nameTaken(tried, noun, name string, id, own client.ID, err error) string {
	detail := errorDetail(tried, err)
	kind := resourceTypes[noun]
	if id == 0 {
		return detail + "\n\nNext step: choose another name, or import the one that has it."
	}
	if own != 0 {
		return detail + fmt.Sprintf("\n\nThe %s named %q has the id %s.\n\nNext step: choose another name, or rename that one first.", noun, name, id)
	}
	return detail + fmt.Sprintf("\n\nThe %s named %q has the id %s.\n\n"+
		"Next step: to manage that one, run `terraform import %s.<label> %s` with the label of this resource; otherwise choose another name.",
		noun, name, id, kind, id)
}

// nameIsFree reports whether a conflict was about something else than the name:
// nothing has it, or only what was to be written.
func nameIsFree(found, own client.ID, err error) bool {
	return errors.Is(err, client.ErrNotFound) || found != 0 && found == own
}

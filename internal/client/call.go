package client

import (
	"context"
	"net/http"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/bceauth"
)

// call is one request of the API, independent of the attempts it takes.
type call struct {
	operation string // as in "create registry"
	method    string
	path      string
	query     []bceauth.Pair
	body      []byte
	// header is what the signer added; each attempt has its own.
	header http.Header
	// repeatable says that a second processing would change nothing.
	repeatable bool
	// sensitive says that the body holds a secret: it is not logged.
	sensitive bool
	// secrets are cut out of whatever the server or the network says.
	secrets []string
}

// answer is a whole response, whatever its status.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// handler carries a call to the server. It returns an error only when there is
// no whole answer.
type handler func(ctx context.Context, c *call) (*answer, error)

const headerRequestID = "X-Bce-Request-Id"

func (a *answer) requestID() string {
	if a == nil {
		return ""
	}
	return a.header.Get(headerRequestID)
}

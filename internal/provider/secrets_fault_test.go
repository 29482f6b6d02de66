package provider

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"unicode"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

// echoes are servers and gateways that repeat what they were sent.
var echoes = map[string]func(w http.ResponseWriter, sent string){
	"json_400": func(w http.ResponseWriter, sent string) {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"code": sent, "message": sent, "requestId": sent})
	},
	"html_502": func(w http.ResponseWriter, sent string) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadGateway)
		fmt.Fprintf(w, "<html>%s</html>", sent)
	},
	"text_200": func(w http.ResponseWriter, sent string) { fmt.Fprint(w, sent) },
	"target_200": func(w http.ResponseWriter, sent string) {
		_ = json.NewEncoder(w).Encode(map[string]string{"action": "create", "targetName": sent})
	},
	"header_403": func(w http.ResponseWriter, sent string) {
		one := strings.Map(func(r rune) rune {
			if unicode.IsControl(r) {
				return ' '
			}
			return r
		}, sent)
		w.Header().Set("X-Bce-Request-Id", one)
		w.Header().Set("Content-Type", one)
		w.WriteHeader(http.StatusForbidden)
	},
	"redirect": func(w http.ResponseWriter, sent string) {
		w.Header().Set("Location", "https://elsewhere.example/"+strings.ReplaceAll(sent, "\n", ""))
		w.WriteHeader(http.StatusTemporaryRedirect)
	},
}

// TestNoSecretUnderFaults has every request go wrong in every way, and by
// servers that repeat it, with everything logged: no secret and no signature is
// in the log, in what is said, in a plan or in the state.
func TestNoSecretUnderFaults(t *testing.T) {
	t.Parallel()
	for _, l := range lostAnswers {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			testSecrets(t, func(b *bubble) { l.inject(b, "", "", true) })
		})
	}
	for name, echo := range echoes {
		t.Run("echo_"+name, func(t *testing.T) {
			t.Parallel()
			testSecrets(t, func(b *bubble) {
				b.transport.around = func(_ http.Handler, w http.ResponseWriter, r *http.Request) {
					body, _ := io.ReadAll(r.Body)
					echo(w, fmt.Sprintf("%s %s\n%s\n%s", r.Method, r.URL, r.Header, body))
				}
			})
		})
	}
}

func testSecrets(t *testing.T, spoil func(*bubble)) {
	const secretKey, token = `secret-key-H1DDEN"<&>`, "session-token-H1DDEN"
	inBubble(t, func(t *testing.T, b *bubble) {
		ctx, log := traced(t.Context())
		registry := func(secret string) block {
			r := lostRegistry("")
			r.body["credential"] = fields{"access_key": "puller", "access_secret_wo": secret, "access_secret_wo_version": int64(len(secret))}
			return r
		}
		w := newWorkspace(b, registry(`access-secret-H1DDEN"<&>`), lostPolicy("cce/web"))
		w.settings = fields{"secret_key": secretKey, "session_token": token}
		said := ""
		do := func(r result) {
			said += r.String()
			for _, i := range w.state {
				said += i.value.String() + string(i.private)
			}
		}
		b.ScriptExecutions(0, lostSucceeded)
		do(w.apply(ctx))
		if len(w.state) != 2 {
			t.Fatal(said)
		}
		spoil(b)
		do(w.refresh(ctx))
		do(w.importID(ctx, "ccr_registry.a", "name=hub"))
		d, diags := b.driver(ctx, w.settings)
		said += diags.String()
		// Past the refresh, which fails: each mutation meets the fault too.
		for _, to := range []block{registry(`other-secret-H1DDEN\"<&>`), lostPolicy("cce/api"), lostExecution(true)} {
			for _, now := range []*instance{nil, w.state[to.address()]} {
				c, diags := d.plan(ctx, to.kind, now, to.resolved(w.state))
				said += diags.String()
				if diags.failed() {
					continue
				}
				i, diags := d.apply(ctx, to.kind, now, c)
				said += diags.String() + c.planned.String() + string(c.private)
				if i != nil {
					_, diags := d.apply(ctx, to.kind, i, change{action: "delete", private: i.private, identity: i.identity})
					said += i.value.String() + diags.String()
				}
			}
		}
		for kind, config := range map[string]fields{
			"ccr_check_registry": {"registry": fields{
				"name": "new", "type": "harbor", "url": "http://127.0.0.1:1", "access_key": "puller", "access_secret": "check-secret-H1DDEN",
			}},
			"ccr_stop_execution": {"policy_id": "1", "execution_id": "1"},
		} {
			progress, diags := d.invoke(ctx, kind, config)
			said += strings.Join(progress, "\n") + diags.String()
		}
		for what, text := range map[string]string{"the log": log.String(), "what was said": said} {
			for _, secret := range []string{"H1DDEN", "bce-auth-v1/"} {
				if at := strings.Index(text, secret); at >= 0 {
					t.Errorf("%q is in %s: %s", secret, what, text[max(0, at-300):min(len(text), at+100)])
				}
			}
		}
		if !strings.Contains(log.String(), "CCR request") || !strings.Contains(log.String(), `"@level":"trace"`) {
			t.Error("the log is not at trace level")
		}
	}, ccrmock.WithKeys(ccrmock.DefaultAccessKeyID, secretKey), ccrmock.WithSessionToken(token))
}

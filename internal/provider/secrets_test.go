package provider

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

// Marks in secrets. What is declared plain is in the state and in a plan, as is
// documented; nothing else is anywhere.
const (
	hiddenMark = "H1DDEN"
	plainMark  = "PL41N"
)

const secretsConfig = `
variable "hidden" {
  type      = string
  ephemeral = true
}
variable "plain" {
  type      = string
  sensitive = true
}
variable "step" { type = number }
variable "url" { type = string }

resource "ccr_registry" "hidden" {
  name        = "hidden"
  type        = "harbor"
  url         = var.url
  credential  = {
    access_key               = "puller"
    access_secret_wo         = var.hidden
    access_secret_wo_version = var.step
  }
}
resource "ccr_registry" "plain" {
  name        = "plain"
  type        = "harbor"
  url         = var.url
  description = "step ${var.step}"
  require_healthy = var.step == 6
  credential  = {
    access_key    = "puller"
    access_secret = var.plain
  }
}
`

// From create to destroy, with everything that can go wrong on the way, no
// secret gets to where it does not belong.
func TestNoSecretLeaks(t *testing.T) {
	t.Parallel()
	const secretKey, token = "sk" + hiddenMark + `"<&>`, "st" + hiddenMark
	m := startMock(t, ccrmock.WithKeys("ak", secretKey), ccrmock.WithSessionToken(token))
	m.CreateRegistry(ccrmock.Registry{Name: "plain", Type: "harbor", URL: "http://elsewhere.example"})
	c := newCommandLine(t, secretsConfig, "CCR_ENDPOINT="+m.URL, "CCR_MAX_RETRIES=0",
		"BAIDUCLOUD_ACCESS_KEY=ak", "BAIDUCLOUD_SECRET_KEY="+secretKey, "BAIDUCLOUD_SESSION_TOKEN="+token)
	dead := deadURL(t)
	step := func(n int) map[string]string {
		return map[string]string{
			"step": fmt.Sprint(n), "url": dead,
			"hidden": fmt.Sprintf("%s-%d\"\\<&>ü", hiddenMark, n), "plain": fmt.Sprintf("%s-%d\"\\<&>ü", plainMark, n),
		}
	}
	secrets := []string{hiddenMark, plainMark, "bce-auth-v1/"}
	// spoil has the updates in a step answered by what repeats their request.
	spoil := func(n int, f ccrmock.Fault, before string) {
		m.ClearFaults()
		for name, mark := range map[string]string{"hidden": hiddenMark, "plain": plainMark} {
			f.Method, f.Times, f.BodyContains = "PUT", -1, fmt.Sprintf(`"name":%q`, name)
			f.Body = before + fmt.Sprintf(`{"code":"BadRequest","message":"no: %[1]s | {\"accessSecret\":\"%[1]s\"} | bce-auth-v1/ak/2026-01-01T00:00:00Z/1800/host/%[2]s | %[3]s"}`,
				fmt.Sprintf(`%s-%d\"\\\u003c\u0026\u003eü`, mark, n), hiddenMark, token)
			m.AddFault(f)
		}
	}

	c.run(step(1), "", "import", "-input=false", "ccr_registry.plain", "name=plain")
	c.run(step(1), "", "plan", "-input=false", "-out=saved")
	c.wantWithout("the saved plan", c.unpacked("saved"), hiddenMark, "bce-auth-v1/")
	c.wantWithout("the plan as JSON", c.run(nil, "", "show", "-json", "saved"), hiddenMark)
	c.said.Reset() // the JSON shows what is declared plain
	c.run(step(1), "", "apply", "-input=false", "saved")
	c.run(step(2), "", "apply", "-input=false", "-auto-approve")
	spoil(3, ccrmock.Fault{Kind: ccrmock.FaultBody, Status: 400}, "")
	c.run(step(3), "Updating the registry failed", "apply", "-input=false", "-auto-approve")
	spoil(4, ccrmock.Fault{Kind: ccrmock.FaultBody, Status: 502, Header: http.Header{"Content-Type": {"text/html"}, "X-Bce-Request-Id": {token}}}, "<html>")
	c.run(step(4), "Updating the registry failed", "apply", "-input=false", "-auto-approve")
	spoil(5, ccrmock.Fault{Kind: ccrmock.FaultBodyAfter, Status: 200}, "")
	c.run(step(5), "Updating the registry failed", "apply", "-input=false", "-auto-approve")
	m.ClearFaults()
	c.run(step(6), "Registry is not healthy", "apply", "-input=false", "-auto-approve")
	c.run(step(7), "", "apply", "-input=false", "-auto-approve")
	for _, r := range m.Registries() {
		if !strings.HasSuffix(r.AccessSecret, "-7\"\\<&>ü") {
			t.Errorf("CCR holds %q of %s", r.AccessSecret, r.Name)
		}
	}
	c.wantWithout("the state", c.file("terraform.tfstate"), hiddenMark, "bce-auth-v1/")
	c.run(step(7), "", "destroy", "-input=false", "-auto-approve")
	c.env = append(c.env, "BAIDUCLOUD_SECRET_KEY=wrong"+hiddenMark)
	c.run(step(8), "Code: SignatureDoesNotMatch", "apply", "-input=false", "-auto-approve")

	log := c.file("trace.log")
	for _, word := range []string{"CCR request", "update registry", "Called provider defined Resource Update"} {
		if !strings.Contains(log, word) {
			t.Errorf("the log lacks %q: it is not what this test is about", word)
		}
	}
	c.wantWithout("the log", log, secrets...)
	c.wantWithout("what the CLI says", c.said.String(), secrets...)
}

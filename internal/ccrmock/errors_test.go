package ccrmock_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

// errorCase is a request that the API refuses, and a word of the message that
// tells why.
type errorCase struct {
	code, method, target, body, says string
}

func errorCases() []errorCase {
	registry := registryJSON("new", "harbor", "https://h.example", "user", "pass")
	policy := policyJSON("new", "1", true, "name", "cce/web", "tag", "v1")
	cases := []errorCase{
		{"NotFound", "GET", "/", "", "/"},
		{"NotFound", "GET", "/v1/ccr/registry", "", "/v1/ccr/registry"},
		{"NotFound", "GET", registries + "/", "", "nothing"},
		{"NotFound", "POST", executions + "/1/start", "", "nothing"},
		{"InvalidHTTPRequest", "PATCH", registries, "{}", "PATCH"},
		{"InvalidHTTPRequest", "GET", registries + "/1", "", "GET"},
		{"InvalidHTTPRequest", "PUT", policies + "/1", policy, "PUT"},
		{"InvalidHTTPRequest", "GET", policies + "/1/start", "", "GET"},
		{"InvalidHTTPRequest", "POST", executions, "{}", "POST"},
		{"InvalidHTTPRequest", "GET", registries, "{}", "no body"},
		{"InvalidHTTPRequest", "DELETE", registries + "/1", "{}", "no body"},
		{"InvalidHTTPRequest", "POST", policies + "/1/start", "{}", "no body"},
		{"InvalidHTTPRequest", "POST", registries, strings.Repeat(" ", 1<<20) + "{}", "larger"},

		{"BadRequest", "GET", registries + "?pageNo=0", "", "pageNo"},
		{"BadRequest", "GET", registries + "?pageNo=x", "", "pageNo"},
		{"BadRequest", "GET", policies + "?pageSize=0", "", "pageSize"},
		{"BadRequest", "GET", policies + "?pageSize=101", "", "pageSize"},
		{"BadRequest", "GET", policies + "?name=x", "", "name"},
		{"BadRequest", "GET", policies + "?pageNo=1&pageNo=2", "", "twice"},
		{"BadRequest", "GET", registries + "?keywordType=url", "", "keywordType"},
		{"BadRequest", "GET", registries + "?type=quay", "", "type"},
		{"BadRequest", "GET", executions, "", "policyId"},
		{"BadRequest", "GET", executions + "?policyId=x", "", "policyId"},
		{"BadRequest", "DELETE", policies + "/x", "", "id"},
		{"BadRequest", "POST", registries + "?dryRun=1", registry, "dryRun"},

		{"MalformedJSON", "POST", registries, "", "empty"},
		{"MalformedJSON", "POST", registries, "{", "JSON"},
		{"MalformedJSON", "POST", registries, "name=new", "JSON"},
		{"MalformedJSON", "PUT", policies, policy + "{}", "JSON"},
		{"InappropriateJSON", "POST", registries, "[]", "array"},
		{"InappropriateJSON", "POST", registries, `{"id":"1"}`, `"id"`},
		{"InappropriateJSON", "POST", registries, `{"id":1.5}`, `"id"`},
		{"InappropriateJSON", "POST", registries, `{"id":1,"name":"x"}`, `"name"`},
		{"InappropriateJSON", "PUT", registries, registry, `"id"`},
		{"InappropriateJSON", "PUT", policies, withID(`"1"`, policy), `"id"`},
	}
	replaced := func(code, method, target, body, from, to, says string) {
		if !strings.Contains(body, from) {
			panic(from + " is not in " + body)
		}
		cases = append(cases, errorCase{code, method, target, strings.Replace(body, from, to, 1), says})
	}
	for _, r := range [][3]string{
		{`"name":"new",`, ``, `"name"`},
		{`"name":"new"`, `"name":7`, `"name"`},
		{`"name":"new"`, `"name":null`, `"name"`},
		{`"name":"new"`, `"Name":"new"`, `"name"`},
		{`"name":"new"`, `"name":"a","name":"b"`, `twice`},
		{`"insecure":false`, `"insecure":"false"`, `"insecure"`},
		{`,"insecure":false`, ``, `"insecure"`},
		{`"insecure":false`, `"insecure":false,"status":"healthy"`, `"status"`},
		{`"insecure":false`, `"insecure":false,"description":1`, `"description"`},
		{`"accessSecret":"pass",`, ``, `"credential.accessSecret"`},
		{`"accessKey":"user"`, `"accessKey":1`, `"credential.accessKey"`},
		{`"accessKey":"user"`, `"accessKey":"user","token":""`, `"credential.token"`},
		{`"credential":{`, `"credential":[],"x":{`, `"credential"`},
	} {
		replaced("InappropriateJSON", "POST", registries, registry, r[0], r[1], r[2])
		replaced("InappropriateJSON", "PUT", registries, withID("1", registry), r[0], r[1], r[2])
	}
	for _, r := range [][3]string{
		{`"name":"new"`, `"name":""`, "name"},
		{`"harbor"`, `"quay"`, "docker-registry"},
		{`"type":"basic"`, `"type":"oauth"`, "credential.type"},
		{`https://h.example`, `h.example`, "url"},
		{`https://h.example`, `ftp://h.example`, "url"},
		{`https://h.example`, `https://`, "url"},
		{`https://h.example`, `https://u:p@h.example`, "url"},
	} {
		replaced("BadRequest", "POST", registries, registry, r[0], r[1], r[2])
	}
	for _, r := range [][3]string{
		{`"filters"`, `"filter"`, `"filter`},
		{`"override":true`, `"override":1`, `"override"`},
		{`"srcRegistry":{"id":1}`, `"srcRegistry":{"id":"1"}`, `"srcRegistry.id"`},
		{`"srcRegistry":{"id":1}`, `"srcRegistry":1`, `"srcRegistry"`},
		{`"trigger":{"type":"manual"}`, `"triggerType":"manual"`, `"trigger`},
		{`"manual"}`, `"manual","cron":""}`, `"trigger.cron"`},
		{`"value":"v1"`, `"value":null`, `"filters[1].value"`},
		{`"value":"v1"`, `"value":"v1","op":""`, `"filters[1].op"`},
		{`"override"`, `"accessSecret":"x","override"`, `"accessSecret"`},
		{`[{"type":"name"`, `["x",{"type":"name"`, `"filters[0]"`},
	} {
		replaced("InappropriateJSON", "POST", policies, policy, r[0], r[1], r[2])
		replaced("InappropriateJSON", "PUT", policies, withID("1", policy), r[0], r[1], r[2])
	}
	for _, r := range [][3]string{
		{`"name":"new"`, `"name":""`, "name"},
		{`"public"`, `""`, "destProjectName"},
		{`"manual"`, `"scheduled"`, "trigger.type"},
		{`"type":"tag"`, `"type":"manual"`, "filters[1].type"},
		{`"cce/web"`, `"cce/[web"`, "filters[0].value"},
		{`"cce/web"`, `""`, "filters[0].value"},
		{`"type":"name"`, `"type":"tag"`, "name"},
		{`"id":1}`, `"id":99}`, "99"},
	} {
		replaced("BadRequest", "POST", policies, policy, r[0], r[1], r[2])
	}
	return cases
}

// The state has registry 1 and 2, and policy 1 and 2 with a running and
// a finished execution; policy 2 is disabled.
func errorState(w *world) {
	source := w.CreateRegistry(ccrmock.Registry{Name: "source", URL: "http://127.0.0.1"})
	w.CreateRegistry(ccrmock.Registry{Name: "other", URL: "http://127.0.0.1"})
	first := w.SeedPolicies(2, "policy", source)[0]
	w.CreateExecution(first, ccrmock.Execution{})
	w.CreateExecution(first, ccrmock.Execution{Status: ccrmock.ExecutionSucceed})
	w.UpdatePolicy(first+1, func(p *ccrmock.Policy) { p.Disabled = true })
}

func TestErrors(t *testing.T) {
	t.Parallel()
	registry := registryJSON("source", "harbor", "https://h.example", "user", "pass")
	policy := policyJSON("policy-1", "1", true, "name", "cce/web")
	cases := append(errorCases(), []errorCase{
		{"NotFound", "DELETE", registries + "/99", "", "99"},
		{"NotFound", "DELETE", policies + "/99", "", "99"},
		{"NotFound", "POST", policies + "/99/start", "", "99"},
		{"NotFound", "POST", executions + "/99/stop", "", "99"},
		{"NotFound", "POST", registries, `{"id":99}`, "99"},
		{"NotFound", "PUT", registries, withID("99", registry), "99"},
		{"NotFound", "PUT", policies, withID("99", policy), "99"},
		{"StatusConflict", "POST", registries, registry, "source"},
		{"StatusConflict", "PUT", registries, withID("2", registry), "source"},
		{"StatusConflict", "POST", policies, policy, "policy-1"},
		{"StatusConflict", "PUT", policies, withID("2", policy), "policy-1"},
		{"BadRequest", "POST", policies + "/2/start", "", "disabled"},
		{"PreconditionFailed", "DELETE", registries + "/1", "", "policy-"},
		{"PreconditionFailed", "DELETE", policies + "/1", "", "running"},
	}...)
	answered := ccrmock.AnsweredErrors()
	for _, c := range cases {
		w := newWorld(t)
		errorState(w)
		before := len(w.Registries()) + len(w.Policies()) + len(w.Executions(0))
		a := w.refused(c.code, c.method, c.target, c.body)
		message, _ := a.body["message"].(string)
		if !strings.Contains(message, c.says) {
			t.Errorf("%s %s %.200s: message %q does not say %q", c.method, c.target, c.body, message, c.says)
		}
		if after := len(w.Registries()) + len(w.Policies()) + len(w.Executions(0)); after != before {
			t.Errorf("%s %s %.200s was refused and changed the state", c.method, c.target, c.body)
		}
		delete(answered, c.code)
	}
	// These are tested with signatures, and after Close.
	for _, code := range []string{
		"SignatureEmpty", "InvalidHTTPAuthHeader", "SignatureDoesNotMatch", "RequestExpired",
		"InvalidAccessKeyId", "AccessDenied", "InternalError",
	} {
		delete(answered, code)
	}
	for code := range answered {
		t.Errorf("no test provokes %s", code)
	}
}

func TestWrongContentType(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	req := w.request(http.MethodPost, registries, registryJSON("a", "harbor", "http://h", "u", "p"))
	req.Header.Set("Content-Type", "text/plain")
	if a, err := w.send(req); err != nil || a.code() != "InvalidHTTPRequest" {
		t.Errorf("got %s, %v", a.raw, err)
	}
}

func TestClosedServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Close()
	w.refused("InternalError", http.MethodGet, registries, "")
}

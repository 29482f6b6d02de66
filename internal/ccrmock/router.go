package ccrmock

import (
	"bytes"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// call is a request that fits a route.
type call struct {
	request *http.Request
	id      int64 // the {id} of the path
	query   map[string]string
	body    []byte
}

type handler func(*Server, *call) (any, *apiError)

// routes is the whole API. An operation without a body takes none.
var routes = []struct {
	method string
	path   string
	query  []string
	body   bool
	handle handler
}{
	{http.MethodPost, "/v1/ccr/registries", nil, true, (*Server).postRegistry},
	{http.MethodPut, "/v1/ccr/registries", nil, true, (*Server).putRegistry},
	{http.MethodGet, "/v1/ccr/registries", []string{"keyword", "keywordType", "type", "pageNo", "pageSize"}, false, (*Server).listRegistries},
	{http.MethodDelete, "/v1/ccr/registries/{id}", nil, false, (*Server).deleteRegistry},
	{http.MethodPost, "/v1/ccr/policies", nil, true, (*Server).postPolicy},
	{http.MethodPut, "/v1/ccr/policies", nil, true, (*Server).putPolicy},
	{http.MethodGet, "/v1/ccr/policies", []string{"pageNo", "pageSize"}, false, (*Server).listPolicies},
	{http.MethodDelete, "/v1/ccr/policies/{id}", nil, false, (*Server).deletePolicy},
	{http.MethodPost, "/v1/ccr/policies/{id}/start", nil, false, (*Server).startPolicy},
	{http.MethodGet, "/v1/ccr/executions", []string{"policyId", "pageNo", "pageSize"}, false, (*Server).listExecutions},
	{http.MethodPost, "/v1/ccr/executions/{id}/stop", nil, false, (*Server).stopExecution},
}

// route finds the operation and checks what all operations have in common.
func route(r *http.Request, body []byte) (handler, *call, *apiError) {
	pathKnown := false
	for _, rt := range routes {
		segment, ok := matchPath(rt.path, r.URL.Path)
		if !ok {
			continue
		}
		pathKnown = true
		if rt.method != r.Method {
			continue
		}
		c := &call{request: r, body: body}
		failure := c.check(segment, rt.query, rt.body)
		return rt.handle, c, failure
	}
	if pathKnown {
		return nil, nil, apiErrorf(codeInvalidHTTPRequest, "%s does not take the method %s", r.URL.Path, r.Method)
	}
	return nil, nil, apiErrorf(codeNotFound, "there is nothing at %s", r.URL.Path)
}

// matchPath returns what stands in the place of {id}.
func matchPath(pattern, path string) (id string, ok bool) {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return "", false
	}
	for i := range want {
		if want[i] == "{id}" && got[i] != "" {
			id = got[i]
		} else if want[i] != got[i] {
			return "", false
		}
	}
	return id, true
}

func (c *call) check(segment string, params []string, hasBody bool) *apiError {
	if segment != "" {
		id, err := strconv.ParseInt(segment, 10, 64)
		if err != nil {
			return apiErrorf(codeBadRequest, "the id %q in the path is not a number", segment)
		}
		c.id = id
	}
	if failure := c.checkQuery(params); failure != nil {
		return failure
	}
	if len(c.body) > maxBodyBytes {
		return apiErrorf(codeInvalidHTTPRequest, "the body is larger than %d bytes", maxBodyBytes)
	}
	if !hasBody {
		if len(bytes.TrimSpace(c.body)) > 0 {
			return apiErrorf(codeInvalidHTTPRequest, "%s %s takes no body", c.request.Method, c.request.URL.Path)
		}
		return nil
	}
	if contentType := c.request.Header.Get("Content-Type"); contentType != "" {
		if mediaType, _, err := mime.ParseMediaType(contentType); err != nil || mediaType != "application/json" {
			return apiErrorf(codeInvalidHTTPRequest, "the body is said to be %q instead of application/json", contentType)
		}
	}
	return nil
}

func (c *call) checkQuery(params []string) *apiError {
	items, failure := parseQuery(c.request.URL.RawQuery)
	if failure != nil {
		return failure
	}
	c.query = make(map[string]string, len(items))
	for _, item := range items {
		if !slices.Contains(params, item.Name) {
			return apiErrorf(codeBadRequest, "the query parameter %q is not known here", item.Name)
		}
		if _, twice := c.query[item.Name]; twice {
			return apiErrorf(codeBadRequest, "the query parameter %q is given twice", item.Name)
		}
		c.query[item.Name] = item.Value
	}
	return nil
}

package ccrmock

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// object reads the fields of a JSON object by exact name and type, which
// encoding/json does not: it takes "Name" for "name". The first problem is
// kept, and shared with the objects inside.
type object struct {
	path    string // "credential." inside the field credential
	fields  map[string]json.RawMessage
	asked   []string
	problem **apiError
}

func parseBody(body []byte) (*object, *apiError) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, apiErrorf(codeMalformedJSON, "the body is empty")
	}
	if !json.Valid(body) {
		return nil, apiErrorf(codeMalformedJSON, "the body is not one JSON object")
	}
	if kind := kindOf(body); kind != "an object" {
		return nil, apiErrorf(codeInappropriateJSON, "the body must be an object, not %s", kind)
	}
	var problem *apiError
	o := parseObject(body, "", &problem)
	return o, problem
}

// parseObject expects raw to be valid JSON.
func parseObject(raw []byte, path string, problem **apiError) *object {
	o := &object{path: path, fields: map[string]json.RawMessage{}, problem: problem}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if token, err := dec.Token(); err != nil || token != json.Delim('{') {
		o.fail("%s must be an object", o.name(""))
		return o
	}
	for dec.More() {
		key, _ := dec.Token()
		name, _ := key.(string)
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			o.fail("the field %s: %v", o.name(name), err)
			break
		}
		if _, twice := o.fields[name]; twice {
			o.fail("the field %s is given twice", o.name(name))
		}
		o.fields[name] = value
	}
	return o
}

func (o *object) name(field string) string { return strconv.Quote(o.path + field) }

func (o *object) fail(format string, args ...any) {
	if *o.problem == nil {
		*o.problem = apiErrorf(codeInappropriateJSON, format, args...)
	}
}

// field returns a value of the wanted kind, or nil after noting the problem.
func (o *object) field(name, kind string, required bool) json.RawMessage {
	o.asked = append(o.asked, name)
	raw, sent := o.fields[name]
	switch got := kindOf(raw); {
	case !sent && required:
		o.fail("the field %s is missing", o.name(name))
	case !sent, got == "null" && !required:
	case got != kind:
		o.fail("the field %s must be %s, not %s", o.name(name), kind, got)
	default:
		return raw
	}
	return nil
}

func (o *object) text(name string) string { return textOf(o.field(name, "a string", true)) }

func (o *object) optionalText(name string) string { return textOf(o.field(name, "a string", false)) }

func (o *object) flag(name string) bool {
	return string(o.field(name, "a boolean", true)) == "true"
}

// id reads the field id, a 64-bit integer exactly, not by way of a float.
func (o *object) id() int64 {
	const name = "id"
	raw := o.field(name, "a number", true)
	if raw == nil {
		return 0
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil {
		o.fail("the field %s must be a whole number, not %s", o.name(name), raw)
	}
	return n
}

// object returns an empty object, the problem noted, when there is none.
func (o *object) object(name string) *object {
	path := o.path + name + "."
	raw := o.field(name, "an object", true)
	if raw == nil {
		return &object{path: path, problem: o.problem}
	}
	return parseObject(raw, path, o.problem)
}

func (o *object) objects(name string) []*object {
	raw := o.field(name, "an array", true)
	if raw == nil {
		return nil
	}
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		o.fail("the field %s: %v", o.name(name), err)
	}
	var out []*object
	for i, item := range items {
		path := fmt.Sprintf("%s%s[%d]", o.path, name, i)
		if kind := kindOf(item); kind != "an object" {
			o.fail("the field %q must be an object, not %s", path, kind)
			break
		}
		out = append(out, parseObject(item, path+".", o.problem))
	}
	return out
}

// end reports the first problem: one noted before, or a field nobody asked for.
func (o *object) end() *apiError {
	var unknown []string
	for name := range o.fields {
		if !slices.Contains(o.asked, name) {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		o.fail("the field %s is not known", o.name(slices.Min(unknown)))
	}
	return *o.problem
}

func textOf(raw json.RawMessage) (s string) {
	if raw != nil {
		_ = json.Unmarshal(raw, &s) // raw is a valid JSON string
	}
	return s
}

func kindOf(raw []byte) string {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return "nothing"
	}
	switch raw[0] {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	default:
		return "a number"
	}
}

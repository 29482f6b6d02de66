package provider

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// fields are the attributes of an object in plain Go. What is missing is null.
type fields map[string]any

// unknown is a value that only an apply knows.
type unknown struct{}

func toValue(of tftypes.Type, v any) tftypes.Value {
	switch v := v.(type) {
	case nil:
		return tftypes.NewValue(of, nil)
	case unknown:
		return tftypes.NewValue(of, tftypes.UnknownValue)
	case fields:
		values := map[string]tftypes.Value{}
		switch of := of.(type) {
		case tftypes.Object:
			for name, kind := range of.AttributeTypes {
				values[name] = toValue(kind, v[name])
			}
			for name := range v {
				if _, ok := values[name]; !ok {
					panic("no attribute " + name)
				}
			}
		case tftypes.Map:
			for name, element := range v {
				values[name] = toValue(of.ElementType, element)
			}
		}
		return tftypes.NewValue(of, values)
	case []fields:
		var values []tftypes.Value
		for _, element := range v {
			values = append(values, toValue(of.(tftypes.Set).ElementType, element))
		}
		return tftypes.NewValue(of, values)
	}
	return tftypes.NewValue(of, v)
}

func fromValue(v tftypes.Value) any {
	if v.IsNull() || !v.IsKnown() {
		return nil
	}
	switch of := v.Type(); {
	case of.Is(tftypes.String):
		return as(v, new(string))
	case of.Is(tftypes.Bool):
		return as(v, new(bool))
	case of.Is(tftypes.Number):
		number := as(v, new(*big.Float))
		n, _ := number.Int64()
		return n
	case of.Is(tftypes.Object{}), of.Is(tftypes.Map{}):
		out := fields{}
		for name, value := range as(v, &map[string]tftypes.Value{}) {
			out[name] = fromValue(value)
		}
		return out
	}
	out := []fields{}
	for _, value := range as(v, &[]tftypes.Value{}) {
		out = append(out, fromValue(value).(fields))
	}
	return out
}

func as[T any](v tftypes.Value, target *T) T {
	if err := v.As(target); err != nil {
		panic(err)
	}
	return *target
}

func encode(of tftypes.Type, v tftypes.Value) *tfprotov6.DynamicValue {
	value := must(tfprotov6.NewDynamicValue(of, v))
	return &value
}

func decodeValue(of tftypes.Type, v *tfprotov6.DynamicValue) tftypes.Value {
	if v == nil {
		return tftypes.NewValue(of, nil)
	}
	return must(v.Unmarshal(of))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// diagnostic is one of the provider's.
type diagnostic struct {
	summary, detail, attribute string
	err                        bool
	address                    string // of the resource
}

func (d diagnostic) String() string {
	severity := map[bool]string{true: "Error", false: "Warning"}[d.err]
	return fmt.Sprintf("%s: %s (%s %s)\n%s", severity, d.summary, d.address, d.attribute, d.detail)
}

type diagnostics []diagnostic

func diagnosticsOf(from []*tfprotov6.Diagnostic) (out diagnostics) {
	for _, d := range from {
		out = append(out, diagnostic{
			summary: d.Summary, detail: d.Detail, attribute: d.Attribute.String(), err: d.Severity == tfprotov6.DiagnosticSeverityError,
		})
	}
	return out
}

// of notes which resource diagnostics are about.
func (d diagnostics) of(address string) diagnostics {
	for i := range d {
		d[i].address = address
	}
	return d
}

func (d diagnostics) failed() bool {
	for _, one := range d {
		if one.err {
			return true
		}
	}
	return false
}

func (d diagnostics) String() string {
	texts := make([]string, len(d))
	for i, one := range d {
		texts[i] = one.String()
	}
	return strings.Join(texts, "\n\n")
}

package client

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const beyondFloats = 1<<53 + 1

func TestID(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]ID{
		"1": 1, "42": 42, "9007199254740993": beyondFloats, "9223372036854775807": math.MaxInt64,
	} {
		if got, err := ParseID(text); err != nil || got != want || got.String() != text {
			t.Errorf("%s: got %d, %v", text, got, err)
		}
		for _, data := range []string{text, `"` + text + `"`} {
			var got ID
			if err := json.Unmarshal([]byte(data), &got); err != nil || got != want {
				t.Errorf("%s: got %d, %v", data, got, err)
			}
		}
	}
	for _, text := range []string{
		"", " ", "0", "-1", "-9223372036854775808", "+1", "01", " 1", "1 ", "1.0", "1.5", "1e3", "0x1", "1_000", "٣", "abc",
		"null", "true", "NaN", "9223372036854775808", "18446744073709551617", "99999999999999999999999",
	} {
		if got, err := ParseID(text); err == nil {
			t.Errorf("%q was taken for %d", text, got)
		}
		bare := text
		if strings.TrimSpace(text) != text { // in JSON, space around a number is nothing
			bare = "null"
		}
		for _, data := range []string{bare, strconv.Quote(text), "[" + text + "]", "{}"} {
			got := ID(7)
			if err := json.Unmarshal([]byte(data), &got); err == nil {
				t.Errorf("%s was taken for %d", data, got)
			}
			if got != 7 {
				t.Errorf("%s left %d behind", data, got)
			}
		}
	}
	// JSON may escape what it likes.
	var got ID
	if err := json.Unmarshal([]byte(`"\u0034\u0032"`), &got); err != nil || got != 42 {
		t.Errorf("got %d, %v", got, err)
	}
}

func TestTime(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		`"2020-07-13T08:52:07Z"`:           "2020-07-13T08:52:07Z",
		`"2020-07-13T08:52:07.25Z"`:        "2020-07-13T08:52:07.25Z",
		`"2020-07-13T08:52:07.123456789Z"`: "2020-07-13T08:52:07.123456789Z",
		`"2020-07-13T08:52:07+08:00"`:      "2020-07-13T00:52:07Z",
		`"0002-01-01T00:00:00Z"`:           "0002-01-01T00:00:00Z",
		`"0001-01-01T00:00:00Z"`:           "",
		`"0001-12-31T23:59:59.5-08:00"`:    "",
		`"0000-01-01T00:00:00Z"`:           "",
		`null`:                             "",
		`""`:                               "",
		`"soon"`:                           "",
		`"2020-07-13 08:52:07"`:            "",
		`"2020-13-40T08:52:07Z"`:           "",
		`1594630327`:                       "",
		`true`:                             "",
		`{}`:                               "",
		`[]`:                               "",
	} {
		got := Time{time.Unix(1, 0)}
		if err := json.Unmarshal([]byte(data), &got); err != nil {
			t.Errorf("%s: %v", data, err)
		}
		if got.String() != want {
			t.Errorf("%s: got %q, want %q", data, got, want)
		}
		if (want == "") != got.IsZero() {
			t.Errorf("%s: unset is %t", data, got.IsZero())
		}
	}
}

func TestRegistryRef(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]RegistryRef{
		`"testRegistry"`:           {Name: "testRegistry"},
		`""`:                       {},
		`"12"`:                     {Name: "12"},
		`null`:                     {},
		`{"id":5,"name":"hub"}`:    {ID: 5, Name: "hub"},
		`{"id":"5"}`:               {ID: 5},
		`{"name":"hub"}`:           {Name: "hub"},
		`{"id":9007199254740993}`:  {ID: beyondFloats},
		`{"id":5,"type":"harbor"}`: {ID: 5},
		`{"id":0,"name":"Local"}`:  {Name: "Local"},
		`{"id":null,"name":"hub"}`: {Name: "hub"},
		`{}`:                       {},
	} {
		got := RegistryRef{ID: 1, Name: "old"}
		if err := json.Unmarshal([]byte(data), &got); err != nil || got != want {
			t.Errorf("%s: got %+v, %v", data, got, err)
		}
	}
	for _, data := range []string{`5`, `true`, `["hub"]`, `{"id":-1}`, `{"id":1.5}`, `{"name":5}`} {
		var got RegistryRef
		if err := json.Unmarshal([]byte(data), &got); err == nil {
			t.Errorf("%s was taken for %+v", data, got)
		}
	}
}

func TestTarget(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		`"1"`: "1", `1`: "1", `"true"`: "true", `true`: "true", `false`: "false", `""`: "", `9007199254740993`: "9007199254740993",
	} {
		var got mutation
		if err := json.Unmarshal([]byte(`{"targetName":`+data+`}`), &got); err != nil || got.TargetName == nil || string(*got.TargetName) != want {
			t.Errorf("%s: got %v, %v", data, got.TargetName, err)
		}
	}
	for _, data := range []string{`{}`, `{"targetName":null}`, `null`} {
		var got mutation
		if err := json.Unmarshal([]byte(data), &got); err != nil || got.TargetName != nil {
			t.Errorf("%s: got %v, %v", data, *got.TargetName, err)
		}
	}
}

func TestHealthOf(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]Health{
		"":        HealthUnchecked,
		"normal":  HealthHealthy,
		"Normal":  HealthHealthy,
		"healthy": HealthHealthy, "HEALTHY": HealthHealthy, "Healthy": HealthHealthy,
		"abnormal": HealthUnhealthy, "Abnormal": HealthUnhealthy,
		"unhealthy": HealthUnhealthy, "UnHealthy": HealthUnhealthy,
		"degraded": HealthUnknown, "ok": HealthUnknown, "null": HealthUnknown, " healthy": HealthUnknown,
	} {
		if got := HealthOf(status); got != want {
			t.Errorf("%q: got %d, want %d", status, got, want)
		}
	}
}

func decodeOne[T any](t *testing.T, item string) (T, error) {
	t.Helper()
	c, _ := newTestClient(always(reply{body: `{"totalCount":1,"result":[` + item + `]}`}))
	p, err := newPager[T](c, "list", "/things", nil)(t.Context(), 1)
	if err != nil {
		var none T
		return none, err
	}
	return (*p.Result)[0], nil
}

func TestDecodeRegistry(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		item string
		want Registry
	}{
		"least": {`{"id":"9007199254740993"}`, Registry{ID: beyondFloats}},
		"nulls": {
			`{"id":1,"name":null,"url":null,"credential":null,"type":null,"insecure":null,"description":null,"status":null,"creationTime":null,"updateTime":null}`,
			Registry{ID: 1},
		},
		"null credentials": {`{"id":1,"credential":{"type":null,"accessKey":null,"accessSecret":null}}`, Registry{ID: 1}},
		"masked credentials": {
			`{"id":1,"credential":{"type":"basic","accessKey":"user","accessSecret":"*****"}}`,
			Registry{ID: 1, Credential: Credential{Type: "basic", AccessKey: "user", AccessSecret: "*****"}},
		},
		"what is not documented": {`{"id":1,"name":"a","new":{"x":[1]},"Status2":1}`, Registry{ID: 1, Name: "a"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := decodeOne[Registry](t, test.item)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("want (-) and got (+):\n%s", diff)
			}
		})
	}
	for _, item := range []string{`{"id":null}`, `{"id":0}`, `{"id":1.5}`, `{"id":9223372036854775808}`, `{"id":1,"name":5}`, `5`, `"a"`} {
		if got, err := decodeOne[Registry](t, item); err == nil {
			t.Errorf("%s was taken for %+v", item, got)
		}
	}
}

func TestDecodePolicy(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		item string
		want Policy
	}{
		"no filters":   {`{"id":1}`, Policy{ID: 1}},
		"null filters": {`{"id":1,"filters":null,"srcRegistry":null}`, Policy{ID: 1}},
		"filters": {
			`{"id":1,"filters":[{"type":"name","value":"cce/web"},{"type":"tag","value":"v1"}],"srcRegistry":{"id":3,"name":"hub"}}`,
			Policy{
				ID: 1, Filters: []Filter{{FilterName, "cce/web"}, {FilterTag, "v1"}},
				SrcRegistry: RegistryRef{ID: 3, Name: "hub"},
			},
		},
		"empty filters": {`{"id":1,"filters":[],"srcRegistry":"hub"}`, Policy{ID: 1, Filters: []Filter{}, SrcRegistry: RegistryRef{Name: "hub"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := decodeOne[Policy](t, test.item)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("want (-) and got (+):\n%s", diff)
			}
		})
	}
}

func TestDecodeExecution(t *testing.T) {
	t.Parallel()
	got, err := decodeOne[Execution](t, `{"id":9007199254740993,"policyId":"3","status":"InProgress","statusText":null,"total":5,
		"failed":1,"succeed":2,"stopped":0,"startTime":"2020-07-13T08:52:07.5Z","endTime":"0001-01-01T00:00:00Z"}`)
	want := Execution{
		ID: beyondFloats, PolicyID: 3, Status: "InProgress", Total: 5, Failed: 1, Succeed: 2,
		StartTime: Time{time.Date(2020, time.July, 13, 8, 52, 7, 5e8, time.UTC)},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, want (-) and got (+):\n%s", err, diff)
	}
	for _, item := range []string{`{"id":1,"total":1.5}`, `{"id":1,"total":"5"}`, `{"id":1,"policyId":0}`, `{"id":1,"total":1e30}`} {
		if got, err := decodeOne[Execution](t, item); err == nil {
			t.Errorf("%s was taken for %+v", item, got)
		}
	}
}

func FuzzParseID(f *testing.F) {
	for _, seed := range []string{"1", "0", "-1", "01", "9223372036854775807", "9223372036854775808", "1.0", "", "٣", "+1", "1e3"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		id, err := ParseID(text)
		if err != nil {
			if id != 0 {
				t.Errorf("%q: %d comes with the error %v", text, id, err)
			}
			return
		}
		if id < 1 || id.String() != text {
			t.Errorf("%q was taken for %d", text, id)
		}
	})
}

func FuzzIDUnmarshal(f *testing.F) {
	for _, seed := range []string{`1`, `"1"`, `null`, `1.5`, `"\u0031"`, `9223372036854775807`, `"9223372036854775808"`, `{`, `""`, `"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var id ID
		if json.Unmarshal(data, &id) != nil {
			if id != 0 {
				t.Errorf("%s: %d comes with an error", data, id)
			}
			return
		}
		var generic any
		if err := json.Unmarshal(data, &generic); err != nil {
			t.Fatalf("%s is no JSON but was taken for %d", data, id)
		}
		if text, isText := generic.(string); isText && text != id.String() {
			t.Errorf("%s was taken for %d", data, id)
		}
		var number json.Number
		if _, isNumber := generic.(float64); isNumber {
			if err := json.Unmarshal(data, &number); err != nil || number.String() != id.String() {
				t.Errorf("%s was taken for %d", data, id)
			}
		}
		// The method is also called with what is not valid JSON.
		_ = new(ID).UnmarshalJSON(data)
		again, err := json.Marshal(id)
		if err != nil || string(again) != fmt.Sprint(int64(id)) {
			t.Errorf("%d is written as %s", id, again)
		}
	})
}

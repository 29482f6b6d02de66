package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ID names an object of the API: a positive 64-bit integer, written as a
// number in lists and as a string in the answers to mutations.
type ID int64

// ParseID reads an id as users write it: decimal digits.
func ParseID(text string) (ID, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || strconv.FormatInt(n, 10) != text {
		return 0, fmt.Errorf("%q is not an id: ids are positive whole numbers", text)
	}
	return ID(n), nil
}

func (id ID) String() string { return strconv.FormatInt(int64(id), 10) }

// UnmarshalJSON accepts a number or a string, exact beyond 2^53.
func (id *ID) UnmarshalJSON(data []byte) error {
	text := string(data)
	if len(data) > 0 && data[0] == '"' {
		if err := json.Unmarshal(data, &text); err != nil {
			return err
		}
	}
	parsed, err := ParseID(text)
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}

// target is the targetName of a mutation, a string in the document; a bare
// number or boolean is taken too.
type target string

func (t *target) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte(`"`)) {
		return json.Unmarshal(data, (*string)(t))
	}
	*t = target(data)
	return nil
}

// Time is a moment as the API tells it. The zero Time is unset: the API says
// null, "" or a date in year 1.
type Time struct{ time.Time }

// UnmarshalJSON accepts RFC 3339 with or without fractions. Anything else is
// unset, as no decision hangs on a time.
func (t *Time) UnmarshalJSON(data []byte) error {
	*t = Time{}
	var text string
	_ = json.Unmarshal(data, &text) // what is no string leaves it empty
	parsed, err := time.Parse(time.RFC3339Nano, text)
	if err == nil && parsed.Year() > 1 {
		t.Time = parsed.UTC()
	}
	return nil
}

// String renders RFC 3339 in UTC, "" when unset.
func (t Time) String() string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}

// RegistryRef is the source registry of a policy. The API documents an object
// with an id on write and shows a string, its name, on read; either is taken.
type RegistryRef struct {
	ID   ID     `json:"id"`
	Name string `json:"name"`
}

// UnmarshalJSON accepts a name, an object or null.
func (r *RegistryRef) UnmarshalJSON(data []byte) error {
	*r = RegistryRef{}
	switch {
	case bytes.Equal(data, []byte("null")):
		return nil
	case bytes.HasPrefix(data, []byte(`"`)):
		return json.Unmarshal(data, &r.Name)
	}
	var object struct {
		ID   json.RawMessage `json:"id"`
		Name string          `json:"name"`
	}
	if err := json.Unmarshal(data, &object); err != nil {
		return err
	}
	r.Name = object.Name
	switch string(object.ID) {
	case "", "null", "0": // Harbor itself has the id 0: no registry of the list
		return nil
	}
	return r.ID.UnmarshalJSON(object.ID)
}

// Health is what is known of a registry's reachability.
type Health int

// The states of [Health].
const (
	HealthUnchecked Health = iota
	HealthHealthy
	HealthUnhealthy
	HealthUnknown
)

// HealthOf reads a registry's status, for which the API has two vocabularies.
func HealthOf(status string) Health {
	switch strings.ToLower(status) {
	case "":
		return HealthUnchecked
	case "normal", "healthy":
		return HealthHealthy
	case "abnormal", "unhealthy":
		return HealthUnhealthy
	}
	return HealthUnknown
}

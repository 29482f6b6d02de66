package ccrmock

import "time"

// mutation answers every operation that changes something; the id is a string.
type mutation struct {
	Action     string `json:"action"`
	TargetName string `json:"targetName"`
}

type errorBody struct {
	RequestID string `json:"requestId"`
	Code      string `json:"code"`
	Message   string `json:"message"`
}

// listPage is the envelope of every list. OrderBy and Order are echoed though
// the request cannot set them, and say nothing about the order.
type listPage[T any] struct {
	Result     []T     `json:"result"`
	Orders     *string `json:"orders"`
	OrderBy    *string `json:"orderBy"`
	Order      *string `json:"order"`
	PageNo     int     `json:"pageNo"`
	PageSize   int     `json:"pageSize"`
	TotalCount int     `json:"totalCount"`
}

type registryItem struct {
	ID           int64            `json:"id"`
	URL          string           `json:"url"`
	Name         string           `json:"name"`
	Credential   maskedCredential `json:"credential"`
	Type         string           `json:"type"`
	Insecure     bool             `json:"insecure"`
	Description  string           `json:"description"`
	Status       *string          `json:"status"`
	CreationTime string           `json:"creationTime"`
	UpdateTime   string           `json:"updateTime"`
}

type maskedCredential struct {
	Type         string  `json:"type"`
	AccessKey    *string `json:"accessKey"`
	AccessSecret *string `json:"accessSecret"`
}

type policyItem struct {
	ID              int64        `json:"id"`
	Name            string       `json:"name"`
	Description     string       `json:"description"`
	PullBase        bool         `json:"pullBase"`
	SrcRegistry     any          `json:"srcRegistry"`
	DestProjectName string       `json:"destProjectName"`
	TriggerType     string       `json:"triggerType"`
	Override        bool         `json:"override"`
	Enabled         bool         `json:"enabled"`
	ExecutionTimes  int          `json:"executionTimes"`
	CreationTime    string       `json:"creationTime"`
	UpdateTime      string       `json:"updateTime"`
	Filters         []filterItem `json:"filters,omitempty"`
}

type registryRef struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

type filterItem struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

type executionItem struct {
	ID         int64   `json:"id"`
	PolicyID   int64   `json:"policyId"`
	Status     string  `json:"status"`
	StatusText string  `json:"statusText"`
	Trigger    string  `json:"trigger"`
	Total      int     `json:"total"`
	Failed     int     `json:"failed"`
	Succeed    int     `json:"succeed"`
	InProgress int     `json:"inProgress"`
	Stopped    int     `json:"stopped"`
	StartTime  *string `json:"startTime"`
	EndTime    *string `json:"endTime"`
}

func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// optional is null for what is unset.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func optionalTime(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return optional(formatTime(t))
}

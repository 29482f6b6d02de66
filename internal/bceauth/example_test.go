package bceauth_test

import (
	"fmt"
	"time"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/bceauth"
)

func ExampleAuthorization() {
	now := time.Date(2015, 4, 27, 8, 23, 49, 0, time.UTC)
	fmt.Println(bceauth.Authorization(
		bceauth.Credentials{
			AccessKeyID:     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
			SecretAccessKey: "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
		},
		bceauth.Request{
			Method: "POST",
			Path:   "/v1/ccr/policies/1/start",
			Headers: []bceauth.Pair{
				{Name: bceauth.HeaderHost, Value: "ccr.baidubce.com"},
				{Name: bceauth.HeaderDate, Value: bceauth.FormatTime(now)},
			},
			Time: now,
		},
	))
	// Output: bce-auth-v1/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/2015-04-27T08:23:49Z/1800/host;x-bce-date/bc82451d25c00ed66af54482726307c5386352c89ea2cf1620ffe98a058dc774
}

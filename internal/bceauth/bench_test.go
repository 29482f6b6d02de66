package bceauth_test

import (
	"testing"
	"time"

	"github.com/baidubce/bce-sdk-go/auth"
	bcehttp "github.com/baidubce/bce-sdk-go/http"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/bceauth"
)

// BenchmarkSign signs one page of a list with this package and with the
// vendor's SDK. Both inputs are built once, so only signing is measured.
func BenchmarkSign(b *testing.B) {
	credentials := bceauth.Credentials{
		AccessKeyID:     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		SecretAccessKey: "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
	}
	at := time.Date(2015, 4, 27, 8, 23, 49, 0, time.UTC)
	request := bceauth.Request{
		Method: "GET",
		Path:   "/v1/ccr/registries",
		Query:  []bceauth.Pair{{Name: "pageNo", Value: "1"}, {Name: "pageSize", Value: "100"}},
		Headers: []bceauth.Pair{
			{Name: bceauth.HeaderHost, Value: "ccr.baidubce.com"},
			{Name: bceauth.HeaderDate, Value: bceauth.FormatTime(at)},
		},
		Time: at,
	}
	want := bceauth.Authorization(credentials, request)

	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		var got string
		for b.Loop() {
			got = bceauth.Authorization(credentials, request)
		}
		if got != want {
			b.Fatalf("got %q, want %q", got, want)
		}
	})

	b.Run("vendor", func(b *testing.B) {
		b.ReportAllocs()
		var signer auth.BceV1Signer
		keys, options, req := vendorInput(credentials, request)
		for b.Loop() {
			signer.Sign(req, keys, options)
		}
		if got := req.Header(bcehttp.AUTHORIZATION); got != want {
			b.Fatalf("got %q, want %q", got, want)
		}
	})
}

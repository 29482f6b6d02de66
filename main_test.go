package main

import "testing"

func TestLogging(t *testing.T) {
	t.Parallel()
	for want, environs := range map[bool][][]string{
		false: {nil, {"HOME=/root", "TF_CLI_ARGS=-no-color", "MY_TF_LOG=TRACE"}},
		true:  {{"TF_LOG=TRACE"}, {"HOME=/root", "TF_LOG_PROVIDER=DEBUG"}, {"TF_LOG_PROVIDER_CCR=INFO"}, {"TF_LOG_SDK_PROTO=WARN"}},
	} {
		for _, environ := range environs {
			if got := logging(environ); got != want {
				t.Errorf("%q: got %t", environ, got)
			}
		}
	}
}

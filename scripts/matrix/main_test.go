package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	passA  = `{"Action":"run","Package":"p","Test":"TestA"}` + "\n" + `{"Action":"pass","Package":"p","Test":"TestA"}` + "\n"
	failA  = `{"Action":"run","Package":"p","Test":"TestA"}` + "\n" + `{"Action":"fail","Package":"p","Test":"TestA"}` + "\n"
	beginA = `{"Action":"run","Package":"p","Test":"TestA"}` + "\n"
	passB  = `{"Action":"pass","Package":"p","Test":"TestB"}` + "\n"
	skipB  = `{"Action":"output","Package":"p","Test":"TestB","Output":"=== RUN   TestB\n"}` + "\n" +
		`{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:7: needs Terraform 1.14\n"}` + "\n" +
		`{"Action":"output","Package":"p","Test":"TestB","Output":"--- SKIP: TestB (0.00s)\n"}` + "\n" +
		`{"Action":"skip","Package":"p","Test":"TestB"}` + "\n"
	packageOK   = `{"Action":"pass","Package":"p"}` + "\n"
	packageFail = `{"Action":"build-fail","ImportPath":"p"}` + "\n" + `{"Action":"fail","Package":"p"}` + "\n"
)

func TestReport(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		runs    []string
		want    []string // in what is printed
		wantErr []string // in the error; none means success
	}{
		"all pass": {
			runs: []string{passA + passB + packageOK, passA + passB + packageOK},
			want: []string{"cli0  2      2       0        0", "cli1  2      2       0        0"},
		},
		"skipped on one": {
			runs: []string{passA + skipB, passA + passB},
			want: []string{"cli0  2      1       1        0"},
		},
		"skipped on all": {
			runs:    []string{passA + skipB, passA + skipB},
			want:    []string{"skipped on every CLI:\n  p TestB: b_test.go:7: needs Terraform 1.14\n"},
			wantErr: []string{"skipped on every CLI: 1"},
		},
		"skipped where it exists": {
			runs:    []string{passA, passA + skipB},
			wantErr: []string{"skipped on every CLI: 1"},
		},
		"failed on one is not skipped": {
			runs:    []string{passA + skipB, failA + passB + packageFail},
			want:    []string{"cli1  2      1       0        1"},
			wantErr: []string{"cli1: tests failed: 1, not ended: 0, packages failed: 1"},
		},
		"did not end":      {runs: []string{beginA + passB}, wantErr: []string{"cli0: tests failed: 0, not ended: 1"}},
		"does not compile": {runs: []string{passA, packageFail}, wantErr: []string{"cli1: tests failed: 0, not ended: 0, packages failed: 1"}},
		"ran nothing":      {runs: []string{passA, packageOK}, wantErr: []string{"cli1: no test passed"}},
		"no runs":          {wantErr: []string{"no runs"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var runs []run
			for i, text := range tt.runs {
				r, err := read(strings.NewReader(text))
				if err != nil {
					t.Fatal(err)
				}
				r.name = "cli" + string(rune('0'+i))
				runs = append(runs, r)
			}
			var out bytes.Buffer
			err := report(&out, runs)
			if (err != nil) != (len(tt.wantErr) > 0) {
				t.Fatalf("report() = %v, want an error: %t", err, len(tt.wantErr) > 0)
			}
			for _, want := range tt.wantErr {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q lacks %q", err, want)
				}
			}
			for _, want := range tt.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("output lacks %q:\n%s", want, out.String())
				}
			}
		})
	}
}

func TestReadFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tofu-1.12.6.json")
	if err := os.WriteFile(path, []byte(passA), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := readFile(path)
	if err != nil || r.name != "tofu-1.12.6" || r.count("pass") != 1 {
		t.Errorf("readFile() = %+v, %v", r, err)
	}
	if err := os.WriteFile(path, []byte("ok  \tp\t0.1s\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readFile(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("readFile() of text = %v, want an error that names the file", err)
	}
}

//go:build unix

// Command peak runs the program in $PEAK_OF with its own arguments and streams, and adds the most memory that the program
// had, in KiB, as a line to the file $PEAK_FILE. It stands in for a provider whose process a CLI starts and ends.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
)

func main() {
	signal.Ignore(os.Interrupt)                               // the program decides
	cmd := exec.Command(os.Getenv("PEAK_OF"), os.Args[1:]...) //nolint:gosec,noctx // G204: that is what this command is for, and it ends with it
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Run(); cmd.ProcessState == nil {
		fail(err)
	}
	if err := note(cmd.ProcessState); err != nil {
		fail(err)
	}
	os.Exit(cmd.ProcessState.ExitCode())
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "peak:", err)
	os.Exit(1)
}

func note(ended *os.ProcessState) error {
	usage, ok := ended.SysUsage().(*syscall.Rusage)
	if !ok {
		return fmt.Errorf("no resource usage of %s", ended)
	}
	peak := usage.Maxrss
	if runtime.GOOS == "darwin" {
		peak /= 1024 // it counts bytes
	}
	file, err := os.OpenFile(os.Getenv("PEAK_FILE"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // G703: whoever runs this names the file
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(file, peak); err != nil {
		return err
	}
	return file.Close()
}

// Command ccr-mock serves a mock of CCR's image-migration API on loopback. It
// prints what a shell has to export to use it, and serves until a signal ends
// it:
//
//	ccr-mock -seed-source cce/web:v1,cce/multi:v1@index
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

// shutdownTimeout is how long answers under way may take; a connection that
// has sent nothing yet counts as one.
const shutdownTimeout = time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "ccr-mock:", err)
		os.Exit(1)
	}
}

type settings struct {
	listen, accessKey, secretKey, sessionToken   string
	sourceImages, sourceUsername, sourcePassword string
	sourceHost                                   string
	latency                                      time.Duration
	verbose                                      bool
}

func parse(args []string, stderr io.Writer) (settings, error) {
	var c settings
	flags := flag.NewFlagSet("ccr-mock", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&c.listen, "listen", "127.0.0.1:0", "loopback `address` to serve on; port 0 picks a free one")
	flags.StringVar(&c.accessKey, "access-key", ccrmock.DefaultAccessKeyID, "access key that requests must be signed with")
	flags.StringVar(&c.secretKey, "secret-key", ccrmock.DefaultSecretAccessKey, "secret key that requests must be signed with")
	flags.StringVar(&c.sessionToken, "session-token", "", "session token that requests must send; empty for none")
	flags.DurationVar(&c.latency, "latency", 0, "least time an API request takes")
	flags.StringVar(&c.sourceImages, "seed-source", "", "serve a source registry with these `images`, such as cce/web:v1,cce/multi:v1@index")
	flags.StringVar(&c.sourceUsername, "source-username", "demo", "user name for the source registry")
	flags.StringVar(&c.sourcePassword, "source-password", "demo-password", "password for the source registry")
	flags.StringVar(&c.sourceHost, "source-host", "", "`host`, such as hub.baidubce.com, that means the source registry in the URL of a registry")
	flags.BoolVar(&c.verbose, "verbose", false, "log every request to stderr")
	if err := flags.Parse(args); err != nil {
		return c, err
	}
	if flags.NArg() > 0 {
		return c, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if c.sourceHost != "" && c.sourceImages == "" {
		return c, errors.New("-source-host needs -seed-source")
	}
	return c, nil
}

// run serves until ctx ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (ended error) {
	c, err := parse(args, stderr)
	if err != nil {
		return err
	}
	opts := []ccrmock.Option{
		ccrmock.WithKeys(c.accessKey, c.secretKey),
		ccrmock.WithSessionToken(c.sessionToken),
		ccrmock.WithLatency(c.latency),
	}
	if c.verbose {
		opts = append(opts, ccrmock.WithLogf(log.New(stderr, "", log.LstdFlags).Printf))
	}
	var sourceExports []string
	if c.sourceImages != "" {
		address, stopSource, err := serveSource(ctx, c)
		if err != nil {
			return err
		}
		defer func() { ended = errors.Join(ended, stopSource()) }()
		sourceExports = []string{
			export("CCR_MOCK_SOURCE_URL", "http://"+address),
			export("CCR_MOCK_SOURCE_USERNAME", c.sourceUsername),
			export("CCR_MOCK_SOURCE_PASSWORD", c.sourcePassword),
		}
		opts = append(opts, ccrmock.WithHost(c.sourceHost, address))
	}
	mock := ccrmock.New(opts...)
	endpoint, stopMock, err := serve(ctx, c.listen, mock)
	if err != nil {
		return err
	}
	defer func() {
		mock.Close() // first, as it ends requests that a fault left hanging
		ended = errors.Join(ended, stopMock())
	}()
	exports := []string{
		export("CCR_ENDPOINT", "http://"+endpoint),
		export("BAIDUCLOUD_ACCESS_KEY", c.accessKey),
		export("BAIDUCLOUD_SECRET_KEY", c.secretKey),
	}
	if c.sessionToken != "" {
		exports = append(exports, export("BAIDUCLOUD_SESSION_TOKEN", c.sessionToken))
	}
	exports = append(append(exports, sourceExports...), export("CCR_MOCK_DESTINATION", endpoint))
	// In one write, so that who sees any of it sees all of it.
	if _, err := io.WriteString(stdout, strings.Join(exports, "")); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func serveSource(ctx context.Context, c settings) (address string, stop func() error, err error) {
	source := ccrmock.NewSource(ccrmock.WithLogin(c.sourceUsername, c.sourcePassword))
	if err := source.Seed(strings.Split(c.sourceImages, ",")...); err != nil {
		return "", nil, err
	}
	return serve(ctx, "127.0.0.1:0", source)
}

func export(name, value string) string { return "export " + name + "=" + shellQuote(value) + "\n" }

// serve listens on a loopback address only: the keys are no secret, and the
// destination takes anybody's writes.
func serve(ctx context.Context, listen string, handler http.Handler) (address string, stop func() error, err error) {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return "", nil, fmt.Errorf("listen address: %w", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", nil, fmt.Errorf("listen address %q is not a loopback address", listen)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	stop = func() error {
		ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			_ = server.Close() // a client that keeps its request open
		}
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	}
	return listener.Addr().String(), stop, nil
}

// shellQuote quotes what a shell would not take as one plain word.
func shellQuote(s string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:/@%+="
	if s != "" && strings.Trim(s, plain) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

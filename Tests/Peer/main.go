// Peer is an SSNTP server for tests: it speaks the protocol with Go's own encoding/gob and
// TLS, as schedulers do, and with nothing of the program that it tests.
//
//	peer -listen 127.0.0.1:0 -ca ca.pem -cert server.pem
//	peer certs DIR
//	peer misbehave DIR CONDUCT... (see misbehave.go)
//	peer registry ADDRESS LAYER.tar (see registry.go)
//
// It reports what happens as one JSON object a line on standard output (see event.go) and
// takes one JSON object a line on standard input (see command.go). It ends with its input.
package main

import (
	"bufio"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"
)

// maxCommandBytes is the longest line that standard input may have.
const maxCommandBytes = 16 << 20

func main() {
	var err error
	switch {
	case len(os.Args) > 1 && os.Args[1] == "certs":
		err = makeCertificates(os.Args[2:])
	case len(os.Args) > 1 && os.Args[1] == "misbehave":
		err = misbehave(os.Args[2:], os.Stdin, os.Stdout)
	case len(os.Args) > 1 && os.Args[1] == "registry":
		err = serveRegistry(os.Args[2:], os.Stdin, os.Stdout)
	default:
		err = serve(os.Args[1:], os.Stdin, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}

// serve runs a server until the command "quit" or the end of input.
func serve(arguments []string, input io.Reader, output io.Writer) error {
	flags := flag.NewFlagSet("peer", flag.ContinueOnError)
	address := flags.String("listen", "127.0.0.1:0", "address and port")
	ca := flags.String("ca", "", "file with the certificate that clients' certificates are issued by")
	cert := flags.String("cert", "", "file with the server's certificate and key")
	roleName := flags.String("role", "scheduler", "the role that the server names in CONNECTED")
	uuid := flags.String("uuid", "", "the server's UUID (random if not given)")
	configuration := flags.String("configuration", "", "payload of CONNECTED")
	dialect := flags.String("dialect", "2016", "which numbers commands and errors have: 2016 or 2018")
	quiet := flags.Duration("quiet", 50*time.Millisecond, "how long to listen for bytes that must not come before CONNECTED is sent")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() > 0 || *ca == "" || *cert == "" {
		return fmt.Errorf("usage: peer -ca FILE -cert FILE [flags] | peer certs DIR [flags]")
	}
	names, known := dialects[*dialect]
	if !known {
		return fmt.Errorf("no dialect %q", *dialect)
	}
	operandNames = names
	s := &server{
		events:        &events{output: output},
		configuration: []byte(*configuration),
		quiet:         *quiet,
		clients:       map[int]*client{},
	}
	own, err := roleNamed(*roleName)
	if err != nil {
		return err
	}
	s.role = own.bit
	if s.uuid, err = parseUUID(*uuid); err != nil {
		return err
	}
	roots, err := readRoots(*ca)
	if err != nil {
		return err
	}
	if s.tls, err = tlsConfig(*cert, roots); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		return err
	}
	defer listener.Close()
	s.events.emit(event{Event: "listening", Address: listener.Addr().String()})
	go s.accept(listener)

	lines := bufio.NewScanner(input)
	lines.Buffer(nil, maxCommandBytes)
	for lines.Scan() {
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		quit, err := s.do(lines.Bytes())
		if err != nil {
			s.events.emit(event{Event: "error", Text: err.Error()})
		}
		if quit {
			break
		}
	}
	return lines.Err()
}

func readRoots(file string) (*x509.CertPool, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(content) {
		return nil, fmt.Errorf("%s has no certificate", file)
	}
	return roots, nil
}

func parseUUID(text string) (uuid UUID, err error) {
	if text == "" {
		_, err = rand.Read(uuid[:])
		return uuid, err
	}
	b, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil || len(b) != len(uuid) {
		return uuid, fmt.Errorf("%q is not a UUID", text)
	}
	copy(uuid[:], b)
	return uuid, nil
}

package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// patience is how long anything may take before a test gives up.
const patience = 20 * time.Second

var agentID = []byte{0xbc, 0x33, 0xe1, 0x30, 0x54, 0xcb, 0x4c, 0x83, 0xa6, 0x11, 0xc7, 0xdd, 0x05, 0xe0, 0x03, 0x47}

const agentUUID = "bc33e130-54cb-4c83-a611-c7dd05e00347"

// bench is a running server with its certificates.
type bench struct {
	t         *testing.T
	directory string
	address   string
	commands  *io.PipeWriter
	events    chan map[string]interface{}
}

func newBench(t *testing.T, certificateFlags ...string) *bench {
	b := &bench{t: t, directory: t.TempDir(), events: make(chan map[string]interface{}, 100)}
	if err := makeCertificates(append([]string{b.directory}, certificateFlags...)); err != nil {
		t.Fatal(err)
	}
	input, commands := io.Pipe()
	events, output := io.Pipe()
	b.commands = commands
	ended := make(chan error, 1)
	go func() {
		ended <- serve([]string{"-ca", b.file("ca.pem"), "-cert", b.file("server.pem"), "-configuration", "configure: {}"}, input, output)
	}()
	go func() {
		lines := bufio.NewScanner(events)
		for lines.Scan() {
			var e map[string]interface{}
			if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
				e = map[string]interface{}{"event": "not JSON: " + lines.Text()}
			}
			b.events <- e
		}
	}()
	t.Cleanup(func() {
		commands.Close()
		if err := <-ended; err != nil {
			t.Error("the server ended with", err)
		}
	})
	b.address = b.expect("listening")["address"].(string)
	return b
}

func (b *bench) file(name string) string { return filepath.Join(b.directory, name) }

// expect waits for the next event, which must be of this kind.
func (b *bench) expect(kind string) map[string]interface{} {
	b.t.Helper()
	select {
	case e := <-b.events:
		if e["event"] != kind {
			b.t.Fatalf("got %v, wanted %s", e, kind)
		}
		return e
	case <-time.After(patience):
		b.t.Fatalf("waited in vain for %s", kind)
	}
	return nil
}

func (b *bench) expectViolation(about string) {
	b.t.Helper()
	if text := b.expect("violation")["text"].(string); !strings.Contains(text, about) {
		b.t.Fatalf("violation %q does not say %q", text, about)
	}
}

func (b *bench) command(format string, arguments ...interface{}) {
	b.t.Helper()
	if _, err := fmt.Fprintf(b.commands, format+"\n", arguments...); err != nil {
		b.t.Fatal(err)
	}
}

// testClient is a client that does what it is told, right or wrong.
type testClient struct {
	t       *testing.T
	conn    *tls.Conn
	encoder *gob.Encoder
	decoder *gob.Decoder
}

func (b *bench) dial(certificate string) *testClient {
	b.t.Helper()
	own, err := tls.LoadX509KeyPair(b.file(certificate), b.file(certificate))
	if err != nil {
		b.t.Fatal(err)
	}
	roots, err := readRoots(b.file("ca.pem"))
	if err != nil {
		b.t.Fatal(err)
	}
	conn, err := tls.Dial("tcp", b.address, &tls.Config{
		Certificates:       []tls.Certificate{own},
		InsecureSkipVerify: true, // Go's own check demands serverAuth, which the certificates of clusters lack
		VerifyConnection: func(state tls.ConnectionState) error {
			_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{
				Roots:     roots,
				DNSName:   "127.0.0.1",
				KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
			})
			return err
		},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		b.t.Fatal(err)
	}
	return &testClient{b.t, conn, gob.NewEncoder(conn), gob.NewDecoder(conn)}
}

func (c *testClient) send(value interface{}) {
	c.t.Helper()
	if err := c.encoder.Encode(value); err != nil {
		c.t.Fatal(err)
	}
}

func (c *testClient) receive(value interface{}) {
	c.t.Helper()
	if err := c.decoder.Decode(value); err != nil {
		c.t.Fatal(err)
	}
}

func (c *testClient) expectEnd() {
	c.t.Helper()
	var f Frame
	var timeout net.Error
	if err := c.decoder.Decode(&f); err == nil || errors.As(err, &timeout) && timeout.Timeout() {
		c.t.Fatalf("the connection did not end: %v", err)
	}
}

func goodConnect() *ConnectFrame {
	return &ConnectFrame{Minor: 1, Role: 0x4, Source: agentID, Destination: make([]byte, 16)}
}

func ready(payload string) *Frame {
	f := newFrame(typeStatus, 1, UUID{}, []byte(payload))
	copy(f.Origin[:], agentID)
	return f
}

// connected is a client that has shaken hands.
func (b *bench) connected() *testClient {
	b.t.Helper()
	c := b.dial("agent.pem")
	c.send(goodConnect())
	var answer ConnectedFrame
	c.receive(&answer)
	b.expect("connected")
	return c
}

func TestBothDirections(t *testing.T) {
	for _, flags := range [][]string{nil, {"-self-signed"}, {"-rsa"}, {"-rsa", "-self-signed"}} {
		t.Run(strings.Join(flags, ""), func(t *testing.T) {
			b := newBench(t, flags...)
			c := b.dial("agent.pem")
			c.send(goodConnect())
			var answer ConnectedFrame
			c.receive(&answer)
			if answer.Type != typeStatus || answer.Operand != statusConnected || answer.Minor != 1 || answer.Role != 0x8 ||
				len(answer.Source) != 16 || !bytes.Equal(answer.Destination, agentID) || string(answer.Payload) != "configure: {}" {
				t.Fatalf("CONNECTED is %+v", answer)
			}
			if e := b.expect("connected"); e["client"] != 1.0 || e["uuid"] != agentUUID || e["role"] != "agent" {
				t.Fatalf("got %v", e)
			}

			c.send(ready("load: 1\n"))
			e := b.expect("frame")
			if e["type"] != "STATUS" || e["operand"] != "READY" || e["type_number"] != 1.0 || e["operand_number"] != 1.0 ||
				e["payload"] != "load: 1\n" || e["traced"] != false || e["origin"] != agentUUID {
				t.Fatalf("got %v", e)
			}

			b.command(`{"do":"send","type":"COMMAND","operand":"START","payload":"start: é\n"}`)
			b.command(`{"do":"send","client":1,"type":0,"operand":2,"payload":"stop","chunk":1,"trace":"way"}`)
			var start, stop Frame
			c.receive(&start)
			c.receive(&stop)
			if start.Type != typeCommand || start.Operand != 1 || string(start.Payload) != "start: é\n" || start.PayloadLength != 10 ||
				!bytes.Equal(start.Origin[:], answer.Source) || start.Trace != nil {
				t.Fatalf("START is %+v", start)
			}
			if stop.Operand != 2 || stop.Major != tracedBit || stop.Trace == nil || string(stop.Trace.Label) != "way" {
				t.Fatalf("STOP is %+v", stop)
			}

			c.conn.Close()
			if e := b.expect("disconnected"); e["text"] != "closed" {
				t.Fatalf("got %v", e)
			}
		})
	}
}

func TestBytesBeforeConnectedAreReportedAndLost(t *testing.T) {
	b := newBench(t)
	c := b.dial("agent.pem")
	c.send(goodConnect())
	if _, err := c.conn.Write([]byte{1, 2, 3}); err != nil {
		t.Fatal(err)
	}
	b.expectViolation("between CONNECT and the answer: 010203")
	b.expect("connected")
	c.send(ready("x"))
	b.expect("frame")
}

func TestViolationsInConnectAreReported(t *testing.T) {
	spoil := map[string]func(*ConnectFrame){
		"version 0.2":       func(f *ConnectFrame) { f.Minor = 2 },
		"not COMMAND":       func(f *ConnectFrame) { f.Operand = 1 },
		"has 15 bytes":      func(f *ConnectFrame) { f.Source = f.Source[:15] },
		"source is all":     func(f *ConnectFrame) { f.Source = make([]byte, 16) },
		"destination":       func(f *ConnectFrame) { f.Destination = nil },
		"role netagent is":  func(f *ConnectFrame) { f.Role = 0x10 },
		"role agent|netage": func(f *ConnectFrame) { f.Role = 0x14 },
		"role 0x0 is":       func(f *ConnectFrame) { f.Role = 0 },
	}
	b := newBench(t)
	for about, change := range spoil {
		c := b.dial("agent.pem")
		f := goodConnect()
		change(f)
		c.send(f)
		b.expectViolation(about)
		if e := <-b.events; e["event"] != "connected" && (e["event"] != "refused" || e["text"] != "ConnectionAborted") {
			t.Errorf("%s: got %v", about, e)
		}
		c.conn.Close()
		b.expect("disconnected")
	}
}

func TestViolationsInFramesAreReported(t *testing.T) {
	spoil := map[string]func(*Frame){
		"version 1.1":          func(f *Frame) { f.Major = 1 },
		"STATUS 5 is no frame": func(f *Frame) { f.Operand = 5 },
		"9 1 is no frame":      func(f *Frame) { f.Type = 9 },
		"the beginning":        func(f *Frame) { f.Operand = 0 },
		"has origin":           func(f *Frame) { f.Origin[3]++ },
		"says 7":               func(f *Frame) { f.PayloadLength = 7 },
		"no trace":             func(f *Frame) { f.Major = tracedBit },
	}
	b := newBench(t)
	c := b.connected()
	for about, change := range spoil {
		f := ready("payload!")
		change(f)
		c.send(f)
		b.expect("frame")
		b.expectViolation(about)
	}
}

func TestAUUIDConnectedTwiceIsReported(t *testing.T) {
	b := newBench(t)
	b.connected()
	c := b.dial("agent.pem")
	c.send(goodConnect())
	b.expectViolation("still connected as client 1")
	b.expect("connected")
}

func TestRefusals(t *testing.T) {
	b := newBench(t)
	for with, operand := range map[string]uint8{"ConnectionAborted": 6, "ConnectionFailure": 3} {
		b.command(`{"do":"refuse","with":"%s"}`, with)
		b.command(`{"do":"drop"}`) // answered by an error, which shows that the line before is done
		b.expect("error")
		c := b.dial("agent.pem")
		c.send(goodConnect())
		var f Frame
		c.receive(&f)
		if f.Type != typeError || f.Operand != operand || f.Origin != (UUID{}) {
			t.Fatalf("%s is %+v", with, f)
		}
		c.expectEnd()
		if e := b.expect("refused"); e["text"] != with {
			t.Fatalf("got %v", e)
		}
		b.expect("disconnected")
	}
	b.command(`{"do":"refuse","with":""}`)
	b.command(`{"do":"drop"}`)
	b.expect("error")
	b.connected()
}

func TestSilence(t *testing.T) {
	b := newBench(t)
	b.command(`{"do":"silent"}`)
	b.command(`{"do":"drop"}`)
	b.expect("error")
	c := b.dial("agent.pem")
	c.send(goodConnect())
	b.expect("silent")
	c.conn.Close()
	b.expect("disconnected")

	b.command(`{"do":"silent","at":"tls"}`)
	b.command(`{"do":"drop"}`)
	b.expect("error")
	tcp, err := net.Dial("tcp", b.address)
	if err != nil {
		t.Fatal(err)
	}
	tcp.Close()
	b.expect("disconnected")
}

func TestTheServerEndsConnections(t *testing.T) {
	b := newBench(t)
	for _, how := range []string{"drop", "close"} {
		c := b.connected()
		b.command(`{"do":"%s","client":0}`, how)
		c.expectEnd()
		b.expect("disconnected")
	}
}

func TestBadBytesEndTheConnection(t *testing.T) {
	b := newBench(t)
	c := b.connected()
	if _, err := c.conn.Write([]byte{0x05, 0xff, 0xff, 0xff, 0xff, 0xff}); err != nil {
		t.Fatal(err)
	}
	b.expect("error")
	b.expect("disconnected")
}

func TestCertificatesAreDemanded(t *testing.T) {
	b := newBench(t)
	strangers := newBench(t)
	expired := newBench(t, "-expired")
	own, err := tls.LoadX509KeyPair(strangers.file("agent.pem"), strangers.file("agent.pem"))
	if err != nil {
		t.Fatal(err)
	}
	old, err := tls.LoadX509KeyPair(expired.file("agent.pem"), expired.file("agent.pem"))
	if err != nil {
		t.Fatal(err)
	}
	attempts := []struct {
		to    *bench
		shown []tls.Certificate
		why   string
	}{
		{b, nil, "didn't provide a certificate"},
		{b, []tls.Certificate{own}, "unknown authority"},
		{expired, []tls.Certificate{old}, "expired"},
	}
	for _, attempt := range attempts {
		conn, err := tls.Dial("tcp", attempt.to.address, &tls.Config{InsecureSkipVerify: true, Certificates: attempt.shown})
		if err == nil {
			defer conn.Close()
		}
		if text := attempt.to.expect("error")["text"].(string); !strings.Contains(text, attempt.why) {
			t.Errorf("%q does not say %q", text, attempt.why)
		}
	}
}

func TestCertificatesAreLikeThoseOfClusters(t *testing.T) {
	for _, flags := range [][]string{nil, {"-self-signed"}} {
		b := newBench(t, flags...)
		for name, want := range map[string]Role{"server.pem": 0x8, "agent.pem": 0x4, "netagent.pem": 0x10} {
			pair, err := tls.LoadX509KeyPair(b.file(name), b.file(name))
			if err != nil {
				t.Fatal(err)
			}
			certificate, err := x509.ParseCertificate(pair.Certificate[0])
			if err != nil {
				t.Fatal(err)
			}
			if rolesOf(certificate) != want || len(certificate.ExtKeyUsage) != 1 || certificate.ExtKeyUsage[0] != x509.ExtKeyUsageAny {
				t.Errorf("%s has usages %v %v", name, certificate.ExtKeyUsage, certificate.UnknownExtKeyUsage)
			}
			for _, host := range []string{"localhost", "127.0.0.1"} {
				if err := certificate.VerifyHostname(host); err != nil {
					t.Error(err)
				}
			}
			content, err := os.ReadFile(b.file(name))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.HasPrefix(content, []byte("-----BEGIN CERTIFICATE-----")) {
				t.Errorf("%s does not begin with the certificate", name)
			}
		}
	}
}

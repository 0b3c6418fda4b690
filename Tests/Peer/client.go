package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// writeTimeout ends a client that does not read.
const writeTimeout = 30 * time.Second

// client is one connection.
type client struct {
	server *server
	number int
	tcp    net.Conn
	conn   *tls.Conn
	uuid   string
	id     []byte
	role   Role

	// One encoder lives as long as the connection: it defines each type once.
	mutex   sync.Mutex
	encoder *gob.Encoder
	encoded bytes.Buffer
}

func (c *client) emit(e event) {
	e.Client = c.number
	c.server.events.emit(e)
}

func (c *client) violation(format string, arguments ...interface{}) {
	c.emit(event{Event: "violation", Text: fmt.Sprintf(format, arguments...)})
}

// wait reads and forgets until the client goes away.
func (c *client) wait() {
	defer c.tcp.Close()
	_, _ = io.Copy(io.Discard, c.tcp)
	c.emit(event{Event: "disconnected", Text: "before TLS"})
}

// run is a connection from its first to its last byte.
func (c *client) run() {
	defer c.tcp.Close()
	c.conn = tls.Server(c.tcp, c.server.tls)
	c.encoder = gob.NewEncoder(&c.encoded)
	deadline, cancel := context.WithTimeout(context.Background(), handshakeTimeout)
	err := c.conn.HandshakeContext(deadline)
	cancel()
	if err != nil {
		c.emit(event{Event: "error", Text: "TLS: " + err.Error()})
		return
	}
	connected, err := c.connect()
	if err == nil && connected && c.server.then != nil {
		err = c.misbehave(c.server.then)
	} else if err == nil && connected {
		err = c.receive()
	}
	c.server.remove(c)
	c.emit(event{Event: "disconnected", UUID: c.uuid, Text: ending(err)})
	// Ends TLS in order where the connection still stands, as after a refusal.
	_ = c.conn.Close()
}

func ending(err error) string {
	switch {
	case err == nil:
		return "refused"
	case errors.Is(err, io.EOF):
		return "closed"
	}
	return err.Error()
}

// connect receives CONNECT and answers it. Without an error, false says that the client was refused.
func (c *client) connect() (bool, error) {
	// The first decoder is thrown away with all that it has buffered: what a client sends
	// before it has its answer is lost.
	buffered := bufio.NewReader(c.conn)
	var connect ConnectFrame
	if err := gob.NewDecoder(buffered).Decode(&connect); err != nil {
		return false, c.streamError(err)
	}
	c.id = connect.Source
	c.uuid = formatUUID(connect.Source)
	c.role = connect.Role
	acceptable := c.checkConnect(&connect)
	about := event{UUID: c.uuid, Role: c.role.String()}

	refusal, silent := c.server.conduct()
	if silent {
		about.Event = "silent"
		c.emit(about)
		return false, c.expectSilence(buffered, time.Time{})
	}
	if err := c.expectSilence(buffered, time.Now().Add(c.server.quiet)); err != nil {
		return false, err
	}
	if c.server.answer != nil {
		return false, c.misbehave(c.server.answer)
	}
	if refusal == "" && !acceptable {
		refusal = "ConnectionAborted"
	}
	if refusal != "" {
		about.Event, about.Text = "refused", refusal
		if refusal == "close" {
			c.emit(about)
			return false, nil
		}
		operand, err := numberOf(operandNames[typeError], refusal)
		if err != nil {
			return false, err
		}
		err = c.write(newFrame(typeError, operand, UUID{}, nil), 0)
		c.emit(about)
		return false, err
	}
	// Before the answer, so that a command for this client is possible as soon as the event is out.
	for _, twin := range c.server.add(c) {
		c.violation("UUID %s is still connected as client %d", c.uuid, twin)
	}
	err := c.write(&ConnectedFrame{
		Major:         protocolMajor,
		Minor:         protocolMinor,
		Type:          typeStatus,
		Operand:       statusConnected,
		Role:          c.server.role,
		Source:        c.server.uuid[:],
		Destination:   connect.Source,
		PayloadLength: uint32(len(c.server.configuration)),
		Payload:       c.server.configuration,
	}, 0)
	if err != nil {
		return false, err
	}
	about.Event = "connected"
	c.emit(about)
	return true, nil
}

// misbehave does what an honest server does not, and then nothing until the client goes away.
func (c *client) misbehave(how func(*client) error) error {
	err := how(c)
	if err == nil {
		_, err = io.Copy(io.Discard, c.conn)
	}
	return err
}

// checkConnect reports everything that is wrong with a CONNECT and tells whether it can be accepted all the same.
func (c *client) checkConnect(f *ConnectFrame) bool {
	acceptable := true
	if f.Major != protocolMajor || f.Minor != protocolMinor {
		c.violation("CONNECT has version %d.%d, not %d.%d", f.Major, f.Minor, protocolMajor, protocolMinor)
	}
	if f.Type != typeCommand || f.Operand != commandConnect {
		c.violation("the first frame is %s %s, not COMMAND CONNECT", f.Type, operandName(f.Type, f.Operand))
		acceptable = false
	}
	if len(f.Source) != len(UUID{}) {
		c.violation("CONNECT's source has %d bytes, not %d", len(f.Source), len(UUID{}))
		acceptable = false
	} else if bytes.Equal(f.Source, make([]byte, len(UUID{}))) {
		c.violation("CONNECT's source is all zero")
	}
	if !bytes.Equal(f.Destination, make([]byte, len(UUID{}))) {
		c.violation("CONNECT's destination is %x, not 16 zero bytes", f.Destination)
	}
	backed := rolesOf(c.conn.ConnectionState().PeerCertificates[0])
	if f.Role == 0 || f.Role&^backed != 0 {
		c.violation("role %s is not backed by the certificate, which has %s", f.Role, backed)
		acceptable = false
	}
	return acceptable
}

// expectSilence reports bytes that come after CONNECT until the deadline, or the end of the connection if there is none.
func (c *client) expectSilence(buffered *bufio.Reader, deadline time.Time) error {
	if err := c.conn.SetReadDeadline(deadline); err != nil {
		return err
	}
	buffer := make([]byte, 4096)
	for {
		n, err := buffered.Read(buffer)
		if n > 0 {
			c.violation("%d bytes between CONNECT and the answer: %x", n, buffer[:n])
		}
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			return c.conn.SetReadDeadline(time.Time{})
		}
		if err != nil {
			return err
		}
	}
}

// receive reports frames until the connection ends.
func (c *client) receive() error {
	decoder := gob.NewDecoder(c.conn)
	for {
		var f Frame
		if err := decoder.Decode(&f); err != nil {
			return c.streamError(err)
		}
		c.emit(event{Event: "frame", frameReport: reportOf(&f)})
		c.checkFrame(&f)
	}
}

func (c *client) checkFrame(f *Frame) {
	kind := fmt.Sprintf("%s %s", f.Type, operandName(f.Type, f.Operand))
	if f.Major&^tracedBit != protocolMajor || f.Minor != protocolMinor {
		c.violation("%s has version %d.%d, not %d.%d", kind, f.Major&^tracedBit, f.Minor, protocolMajor, protocolMinor)
	}
	if int(f.Type) >= len(operandNames) || int(f.Operand) >= len(operandNames[f.Type]) {
		c.violation("%s is no frame of SSNTP", kind)
	} else if f.Operand == 0 && (f.Type == typeCommand || f.Type == typeStatus) {
		c.violation("%s belongs to the beginning of a connection", kind)
	}
	if !bytes.Equal(f.Origin[:], c.id) {
		c.violation("%s has origin %s, not %s", kind, f.Origin, c.uuid)
	}
	if int(f.PayloadLength) != len(f.Payload) {
		c.violation("%s has a payload of %d bytes and says %d", kind, len(f.Payload), f.PayloadLength)
	}
	if f.Major&tracedBit != 0 {
		c.checkTrace(kind, f.Trace)
	}
}

func (c *client) checkTrace(kind string, t *FrameTrace) {
	switch {
	case t == nil:
		c.violation("%s says that it is traced and has no trace", kind)
	case len(t.Path) == 0 || int(t.PathLength) != len(t.Path):
		c.violation("%s has a path of %d nodes and says %d", kind, len(t.Path), t.PathLength)
	case !bytes.Equal(t.Path[0].UUID, c.id) || t.Path[0].Role != c.role || t.Path[0].TxTimestamp.IsZero():
		c.violation("the path of %s does not begin at its sender, now: %+v", kind, t.Path[0])
	}
}

// streamError reports what is neither an end nor a loss of the connection, and passes the error on.
func (c *client) streamError(err error) error {
	var network net.Error
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.As(err, &network) {
		c.emit(event{Event: "error", Text: "stream: " + err.Error()})
	}
	return err
}

// write sends one value, in TLS records of at most chunk bytes if chunk is not 0.
func (c *client) write(value interface{}, chunk int) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.encoded.Reset()
	if err := c.encoder.Encode(value); err != nil {
		return err
	}
	return c.writeLocked(c.encoded.Bytes(), chunk)
}

// writeChunks sends bytes that are no frame.
func (c *client) writeChunks(b []byte, chunk int) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.writeLocked(b, chunk)
}

func (c *client) writeLocked(b []byte, chunk int) error {
	if err := c.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	if chunk <= 0 {
		chunk = len(b)
	}
	for len(b) > 0 {
		if chunk > len(b) {
			chunk = len(b)
		}
		if _, err := c.conn.Write(b[:chunk]); err != nil {
			return err
		}
		b = b[chunk:]
	}
	return nil
}

func newFrame(t Type, operand uint8, origin UUID, payload []byte) *Frame {
	return &Frame{
		Major:         protocolMajor,
		Minor:         protocolMinor,
		Type:          t,
		Operand:       operand,
		Origin:        origin,
		PayloadLength: uint32(len(payload)),
		Payload:       payload,
	}
}

// trace makes a frame a traced one whose path begins at the server.
func (f *Frame) trace(label string, to *client) {
	now := time.Now()
	f.Major |= tracedBit
	f.Trace = &FrameTrace{
		Label:          []byte(label),
		StartTimestamp: now,
		PathLength:     1,
		Path:           []Node{{UUID: to.server.uuid[:], Role: to.server.role, TxTimestamp: now}},
	}
}

package main

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

// command is a line of standard input:
//
//	{"do":"send", "client":N, "type":"COMMAND", "operand":"START", "payload":"…"}
//	    sends a frame; type and operand are names or numbers. "chunk":N cuts it into TLS records
//	    of N bytes; "trace":"label" makes it a traced one.
//	{"do":"flood", "count":N, "type":…, "operand":…, "payload":"…"}
//	    sends a frame N times, beside other commands, and then reports "flooded";
//	    "origins":true gives each an origin of its own
//	{"do":"raw", "client":N, "hex":"…"}   sends any bytes
//	{"do":"drop", "client":N}             closes the TCP connection without a word
//	{"do":"close", "client":N}            ends TLS in order
//	{"do":"refuse", "with":W}             from now on answers CONNECT with ERROR W: ConnectionAborted or
//	                                      ConnectionFailure; "close" closes without an answer; "" accepts again
//	{"do":"silent", "at":A}               from now on never answers CONNECT (A is "connect" or not given),
//	                                      or not even TLS ("tls"); "none" answers again
//	{"do":"quit"}
//
// Client 0, or none, is the newest that is connected.
type command struct {
	Do      string          `json:"do"`
	Client  int             `json:"client"`
	Type    json.RawMessage `json:"type"`
	Operand json.RawMessage `json:"operand"`
	Payload string          `json:"payload"`
	Chunk   int             `json:"chunk"`
	Count   int             `json:"count"`
	Origins bool            `json:"origins"`
	Trace   string          `json:"trace"`
	Hex     string          `json:"hex"`
	With    string          `json:"with"`
	At      string          `json:"at"`
}

// do carries out one command and tells whether it was "quit".
func (s *server) do(line []byte) (quit bool, err error) {
	var c command
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil {
		return false, fmt.Errorf("bad command %s: %w", line, err)
	}
	switch c.Do {
	case "quit":
		return true, nil
	case "refuse":
		switch c.With {
		case "", "close", "ConnectionAborted", "ConnectionFailure":
			s.setRefusal(c.With)
			return false, nil
		}
		return false, fmt.Errorf("cannot refuse with %q", c.With)
	case "silent":
		switch c.At {
		case "", "connect":
			s.setSilence("connect")
		case "tls":
			s.setSilence("tls")
		case "none":
			s.setSilence("")
		default:
			return false, fmt.Errorf("cannot be silent at %q", c.At)
		}
		return false, nil
	case "send", "flood", "raw", "drop", "close":
		to, err := s.client(c.Client)
		if err != nil {
			return false, err
		}
		return false, to.do(&c)
	}
	return false, fmt.Errorf("no command %q", c.Do)
}

func (to *client) do(c *command) error {
	switch c.Do {
	case "drop":
		return to.tcp.Close()
	case "close":
		return to.conn.Close()
	case "raw":
		b, err := hex.DecodeString(c.Hex)
		if err != nil {
			return err
		}
		return to.writeChunks(b, c.Chunk)
	}
	t, operand, err := parseKind(unquoted(c.Type), unquoted(c.Operand))
	if err != nil {
		return err
	}
	frame := newFrame(t, operand, to.server.uuid, []byte(c.Payload))
	if c.Trace != "" {
		frame.trace(c.Trace, to)
	}
	if c.Do == "flood" {
		go to.flood(frame, c.Count, c.Origins)
		return nil
	}
	return to.write(frame, c.Chunk)
}

// flood sends a frame again and again. While the client does not read, it waits.
func (to *client) flood(frame *Frame, count int, origins bool) {
	for i := 0; i < count; i++ {
		if origins {
			binary.BigEndian.PutUint64(frame.Origin[8:], uint64(i+1))
		}
		if err := to.write(frame, 0); err != nil {
			to.emit(event{Event: "error", Text: "flood: " + err.Error()})
			return
		}
	}
	to.emit(event{Event: "flooded"})
}

// unquoted makes "START" and 1 of a JSON string and a JSON number alike.
func unquoted(raw json.RawMessage) string {
	return strings.Trim(string(raw), `"`)
}

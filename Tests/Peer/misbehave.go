package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"
)

// conduct is how a server misbehaves. What is not given is as an honest server has it.
type conduct struct {
	certificates certificateMaker
	role         string
	// The certificate's issuer is one that nobody has heard of.
	isForeign bool
	version   uint16
	// In place of CONNECTED, if given.
	answer func(c *client) error
	// Behind CONNECTED, in place of reading.
	then func(c *client) error
}

// hugeLength begins a gob message of 2^63 bytes, and maximumLength one of 16 MiB.
var (
	hugeLength    = []byte{0xf8, 0x80, 0, 0, 0, 0, 0, 0, 0}
	maximumLength = []byte{0xfc, 1, 0, 0, 0}
)

var conducts = map[string]conduct{
	"unknown-authority":    {isForeign: true},
	"expired":              {certificates: certificateMaker{expired: true}},
	"other-host":           {certificates: certificateMaker{hosts: []string{"192.0.2.1", "elsewhere.example"}}},
	"role-not-certified":   {role: "agent"},
	"tls-1.0":              {version: tls.VersionTLS10},
	"command-first":        {answer: func(c *client) error { return c.write(newFrame(typeCommand, 1, UUID{}, []byte("start:")), 0) }},
	"huge-length":          {answer: func(c *client) error { return c.writeChunks(hugeLength, 0) }},
	"endless-definitions":  {answer: func(c *client) error { return c.write(manyTypes(), 0) }},
	"deep-nesting":         {answer: func(c *client) error { return c.write(deepValue(), 0) }},
	"hang-up":              {then: func(c *client) error { return c.conn.Close() }},
	"huge-length-later":    {then: func(c *client) error { return c.writeChunks(hugeLength, 0) }},
	"definitions-later":    {then: func(c *client) error { return c.write(manyTypes(), 0) }},
	"nesting-later":        {then: func(c *client) error { return c.write(deepValue(), 0) }},
	"largest-frame-undone": {then: largestFrameUndone},
	"largest-text":         {then: largest("start: {instance_uuid: a}\nx: \"" + strings.Repeat(growing, mostGrowing) + "\"\n")},
	"most-keys":            {then: largest("start: {instance_uuid: a}\n" + strings.Repeat("vm_type:\na:\n", 1<<17))},
	"largest-user-data":    {then: largest(largestUserData)},
	"largest-unread":       {then: largestUnread},
	"deaf":                 {then: floodUnread},
}

// manyTypes is a value whose stream begins with the definitions of 1000 types.
func manyTypes() interface{} {
	var groups []reflect.StructField
	for group := 0; group < 10; group++ {
		var fields []reflect.StructField
		for field := 0; field < 100; field++ {
			array := reflect.ArrayOf(1+100*group+field, reflect.TypeOf(0))
			fields = append(fields, reflect.StructField{Name: fmt.Sprintf("F%d", field), Type: array})
		}
		groups = append(groups, reflect.StructField{Name: fmt.Sprintf("G%d", group), Type: reflect.StructOf(fields)})
	}
	return reflect.New(reflect.StructOf(groups)).Interface()
}

// deepValue is a structure with lists in lists, 100 deep.
func deepValue() interface{} {
	value := reflect.ValueOf([]int{1})
	for depth := 1; depth < 100; depth++ {
		value = reflect.Append(reflect.New(reflect.SliceOf(value.Type())).Elem(), value)
	}
	structure := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "Deep", Type: value.Type()}}))
	structure.Elem().Field(0).Set(value)
	return structure.Interface()
}

// largestFrameUndone sends all of the largest message that a client may take but its last byte, and ends the stream.
func largestFrameUndone(c *client) error {
	if err := c.writeChunks(maximumLength, 0); err != nil {
		return err
	}
	if err := c.writeChunks(make([]byte, 16<<20-1), 1<<14); err != nil {
		return err
	}
	return c.conn.CloseWrite()
}

// A text that becomes longer as it is read, and the most of it that a message has room for.
const (
	growing     = `\L`
	mostGrowing = (16<<20 - 4096) / len(growing)
)

// A container's, which launcher reads twice.
var largestUserData = "#cloud-config\nx: \"" + strings.Repeat(growing, mostGrowing-100) + "\"\n---\n" +
	"start: {instance_uuid: a, tenant_uuid: a, vm_type: docker, docker_image: a}\n"

// largestUnread makes the client keep answers that nobody reads, and then read the largest payload.
func largestUnread(c *client) error {
	for i := 0; i < 100000; i++ {
		if err := c.write(newFrame(77, 0, UUID{}, nil), 0); err != nil {
			return err
		}
	}
	return largest(largestUserData)(c)
}

// largest sends a START as large as a message may be, and ends the stream.
func largest(payload string) func(c *client) error {
	return func(c *client) error {
		if err := c.write(newFrame(typeCommand, 1, UUID{}, []byte(payload)), 0); err != nil {
			return err
		}
		return c.conn.CloseWrite()
	}
}

// floodUnread makes the client answer and never reads an answer.
func floodUnread(c *client) error {
	for {
		if err := c.write(newFrame(77, 0, UUID{}, nil), 0); err != nil {
			return err
		}
	}
}

// misbehave runs a server for each of the conducts named, each on a port of its own, until its input ends. It reports
// what an honest server reports, with the conduct in the text of "listening".
func misbehave(arguments []string, input io.Reader, output io.Writer) error {
	if len(arguments) < 2 {
		return fmt.Errorf("usage: peer misbehave DIR CONDUCT...")
	}
	directory := arguments[0]
	issuer, err := readIdentity(filepath.Join(directory, "authority.pem"))
	if err != nil {
		return err
	}
	out := &events{output: output}
	for _, name := range arguments[1:] {
		conduct, known := conducts[name]
		if !known {
			return fmt.Errorf("no conduct %q", name)
		}
		s, err := conduct.server(issuer, filepath.Join(directory, "ca.pem"))
		if err != nil {
			return err
		}
		s.events = out
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		defer listener.Close()
		out.emit(event{Event: "listening", Address: listener.Addr().String(), Text: name})
		go s.accept(listener)
	}
	_, err = io.Copy(io.Discard, input)
	return err
}

func (c conduct) server(issuer *identity, ca string) (*server, error) {
	roots, err := readRoots(ca)
	if err != nil {
		return nil, err
	}
	maker := c.certificates
	if maker.hosts == nil {
		maker.hosts = []string{"127.0.0.1"}
	}
	if c.isForeign {
		if issuer, err = maker.issue("CA", 0, true, nil); err != nil {
			return nil, err
		}
	}
	scheduler, err := roleNamed("scheduler")
	if err != nil {
		return nil, err
	}
	certified := scheduler
	if c.role != "" {
		if certified, err = roleNamed(c.role); err != nil {
			return nil, err
		}
	}
	own, err := maker.issue("scheduler", certified.bit, false, issuer)
	if err != nil {
		return nil, err
	}
	file, err := os.CreateTemp("", "peer-*.pem")
	if err != nil {
		return nil, err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	content, err := own.pem(true)
	if err != nil {
		return nil, err
	}
	if _, err := file.Write(content); err != nil {
		return nil, err
	}
	config, err := tlsConfig(file.Name(), roots)
	if err != nil {
		return nil, err
	}
	if c.version != 0 {
		config.MinVersion, config.MaxVersion = c.version, c.version
	}
	return &server{
		tls: config, role: scheduler.bit, uuid: UUID{1}, quiet: time.Millisecond, clients: map[int]*client{},
		answer: c.answer, then: c.then,
	}, nil
}

func readIdentity(file string) (*identity, error) {
	pair, err := tls.LoadX509KeyPair(file, file)
	if err != nil {
		return nil, err
	}
	return identityOf(pair)
}

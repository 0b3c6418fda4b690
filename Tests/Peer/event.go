package main

import (
	"encoding/json"
	"io"
	"sync"
)

// event is a line of standard output. What does not apply to an event is left out. The events:
//
//	listening     address
//	connected     client uuid role           CONNECTED is sent
//	refused       client uuid role text      the answer to CONNECT was an ERROR frame, or none
//	silent        client uuid role           CONNECT came and will not be answered
//	frame         client, and all of frameReport
//	flooded       client                     all frames of a flood are sent
//	violation     client text                the client did what SSNTP forbids
//	disconnected  client uuid text           text says how: "closed" is an orderly end of TLS
//	error         client text                TLS, the stream or a command was bad
//
// Clients have numbers from 1 on, in the order in which they were accepted.
type event struct {
	Event   string `json:"event"`
	Address string `json:"address,omitempty"`
	Client  int    `json:"client,omitempty"`
	UUID    string `json:"uuid,omitempty"`
	Role    string `json:"role,omitempty"`
	Text    string `json:"text,omitempty"`
	*frameReport
}

// frameReport is a frame as received.
type frameReport struct {
	Type          string `json:"type"`
	Operand       string `json:"operand"`
	TypeNumber    uint8  `json:"type_number"`
	OperandNumber uint8  `json:"operand_number"`
	Major         uint8  `json:"major"`
	Minor         uint8  `json:"minor"`
	Origin        string `json:"origin"`
	Payload       string `json:"payload"`
	PayloadLength uint32 `json:"payload_length"`
	Traced        bool   `json:"traced"`
	TraceLabel    string `json:"trace_label,omitempty"`
}

func reportOf(f *Frame) *frameReport {
	report := &frameReport{
		Type:          f.Type.String(),
		Operand:       operandName(f.Type, f.Operand),
		TypeNumber:    uint8(f.Type),
		OperandNumber: f.Operand,
		Major:         f.Major,
		Minor:         f.Minor,
		Origin:        f.Origin.String(),
		Payload:       string(f.Payload),
		PayloadLength: f.PayloadLength,
		Traced:        f.Major&tracedBit != 0,
	}
	if f.Trace != nil {
		report.TraceLabel = string(f.Trace.Label)
	}
	return report
}

// events writes events, each whole.
type events struct {
	mutex  sync.Mutex
	output io.Writer
}

func (e *events) emit(what event) {
	line, err := json.Marshal(what)
	if err != nil {
		panic(err) // the structure above can always be marshalled
	}
	e.mutex.Lock()
	defer e.mutex.Unlock()
	// Whoever has closed the output does not want to know.
	_, _ = e.output.Write(append(line, '\n'))
}

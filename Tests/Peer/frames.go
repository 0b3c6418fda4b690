package main

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The structures of SSNTP with the names, orders and types of their fields that gob puts on
// the wire. Other names of types would do as well; a reader matches fields by name.

// Type says which table a frame's operand is from.
type Type uint8

// Role is a bit mask.
type Role uint32

// UUID is an array in Frame and nowhere else: gob encodes it as 16 numbers.
type UUID [16]byte

func (u UUID) String() string { return formatUUID(u[:]) }

// Node is one hop of a traced frame.
type Node struct {
	UUID        []byte
	Role        Role
	TxTimestamp time.Time
	RxTimestamp time.Time
}

// FrameTrace is what a frame carries to be followed on its way.
type FrameTrace struct {
	Label          []byte
	StartTimestamp time.Time
	EndTimestamp   time.Time
	PathLength     uint8
	Path           []Node
}

// Frame is every message but the first one of either side. A refusal is a Frame too.
type Frame struct {
	Major         uint8
	Minor         uint8
	Type          Type
	Operand       uint8
	Origin        UUID
	PayloadLength uint32
	Trace         *FrameTrace
	Payload       []byte
}

// ConnectFrame is the client's first message.
type ConnectFrame struct {
	Major       uint8
	Minor       uint8
	Type        Type
	Operand     uint8
	Role        Role
	Source      []byte
	Destination []byte
}

// ConnectedFrame is the server's answer to it.
type ConnectedFrame struct {
	Major         uint8
	Minor         uint8
	Type          Type
	Operand       uint8
	Role          Role
	Source        []byte
	Destination   []byte
	PayloadLength uint32
	Payload       []byte
}

const (
	protocolMajor = 0
	protocolMinor = 1
	// tracedBit of Major says that a frame is traced.
	tracedBit = 0x80
)

const (
	typeCommand Type = iota
	typeStatus
	typeError
	typeEvent
)

const (
	commandConnect  = 0
	statusConnected = 0
)

var typeNames = []string{"COMMAND", "STATUS", "ERROR", "EVENT"}

var (
	statusNames = []string{"CONNECTED", "READY", "FULL", "OFFLINE", "MAINTENANCE"}
	eventNames  = []string{"TenantAdded", "TenantRemoved", "InstanceDeleted", "ConcentratorInstanceAdded",
		"PublicIPAssigned", "PublicIPUnassigned", "TraceReport", "NodeConnected", "NodeDisconnected", "InstanceStopped"}
)

// dialects has the operands of each type, in the order of their numbers.
var dialects = map[string][][]string{
	"2016": {
		{"CONNECT", "START", "STOP", "STATS", "EVACUATE", "DELETE", "RESTART", "AssignPublicIP",
			"ReleasePublicIP", "CONFIGURE", "AttachVolume", "DetachVolume", "Restore"},
		statusNames,
		{"InvalidFrameType", "StartFailure", "StopFailure", "ConnectionFailure", "RestartFailure",
			"DeleteFailure", "ConnectionAborted", "InvalidConfiguration", "AttachVolumeFailure", "DetachVolumeFailure"},
		eventNames,
	},
	"2018": {
		{"CONNECT", "START", "STATS", "EVACUATE", "DELETE", "AssignPublicIP", "ReleasePublicIP",
			"CONFIGURE", "AttachVolume", "Restore", "RefreshCNCI"},
		statusNames,
		{"InvalidFrameType", "StartFailure", "ConnectionFailure", "DeleteFailure", "ConnectionAborted",
			"InvalidConfiguration", "AttachVolumeFailure"},
		eventNames,
	},
}

// operandNames is the dialect that this process speaks.
var operandNames = dialects["2016"]

// role is one role: its bit, and the last number of the object identifier that backs it in a certificate.
type role struct {
	name string
	bit  Role
	oid  int
}

var roles = []role{
	{"server", 0x1, 5},
	{"controller", 0x2, 3},
	{"agent", 0x4, 1},
	{"scheduler", 0x8, 2},
	{"netagent", 0x10, 4},
	{"cnciagent", 0x20, 6},
}

func roleNamed(name string) (role, error) {
	for _, r := range roles {
		if r.name == name {
			return r, nil
		}
	}
	return role{}, fmt.Errorf("no role %q", name)
}

// String names all roles of a mask: "agent|netagent". Bits without a name are a number.
func (r Role) String() string {
	var names []string
	for _, known := range roles {
		if r&known.bit != 0 {
			names = append(names, known.name)
			r &^= known.bit
		}
	}
	if r != 0 || names == nil {
		names = append(names, fmt.Sprintf("%#x", uint32(r)))
	}
	return strings.Join(names, "|")
}

// String is the type's name, or its number where it has none.
func (t Type) String() string { return nameAt(typeNames, int(t)) }

func operandName(t Type, operand uint8) string {
	if int(t) >= len(operandNames) {
		return strconv.Itoa(int(operand))
	}
	return nameAt(operandNames[t], int(operand))
}

func nameAt(names []string, index int) string {
	if index < len(names) {
		return names[index]
	}
	return strconv.Itoa(index)
}

// parseKind reads a type and an operand, each a name or a number from 0 to 255.
func parseKind(typeText, operandText string) (Type, uint8, error) {
	t, err := numberOf(typeNames, typeText)
	if err != nil {
		return 0, 0, fmt.Errorf("type: %w", err)
	}
	var names []string
	if int(t) < len(operandNames) {
		names = operandNames[t]
	}
	operand, err := numberOf(names, operandText)
	if err != nil {
		return 0, 0, fmt.Errorf("operand: %w", err)
	}
	return Type(t), operand, nil
}

func numberOf(names []string, text string) (uint8, error) {
	for i, name := range names {
		if name == text {
			return uint8(i), nil
		}
	}
	number, err := strconv.ParseUint(text, 10, 8)
	if err != nil {
		return 0, fmt.Errorf("%q is neither one of %v nor a number from 0 to 255", text, names)
	}
	return uint8(number), nil
}

// formatUUID writes 16 bytes in the usual form and any other number of bytes in plain hexadecimal.
func formatUUID(b []byte) string {
	text := hex.EncodeToString(b)
	if len(b) != len(UUID{}) {
		return text
	}
	return strings.Join([]string{text[:8], text[8:12], text[12:16], text[16:20], text[20:]}, "-")
}

package main

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	yaml "gopkg.in/yaml.v2"
)

// The structures of SSNTP as Go programs have them: gob encodes by the names, orders and types of their fields.
type (
	wireNode struct {
		UUID                     []byte
		Role                     uint32
		TxTimestamp, RxTimestamp time.Time
	}
	wireTrace struct {
		Label                        []byte
		StartTimestamp, EndTimestamp time.Time
		PathLength                   uint8
		Path                         []wireNode
	}
	wireFrame struct {
		Major, Minor, Type, Operand uint8
		Origin                      [16]byte
		PayloadLength               uint32
		Trace                       *wireTrace
		Payload                     []byte
	}
	wireConnected struct {
		Major, Minor, Type, Operand uint8
		Role                        uint32
		Source, Destination         []byte
		PayloadLength               uint32
		Payload                     []byte
	}
)

// What a START asks for, in Go.
type startDocument struct {
	Start *struct {
		TenantUUID  string            `yaml:"tenant_uuid"`
		Instance    string            `yaml:"instance_uuid"`
		Image       string            `yaml:"image_uuid"`
		DockerImage string            `yaml:"docker_image"`
		Firmware    string            `yaml:"fw_type"`
		Persistence string            `yaml:"persistence"`
		VMType      string            `yaml:"vm_type"`
		Networking  map[string]string `yaml:"networking"`
		Resources   []struct {
			Type      string `yaml:"type"`
			Value     int    `yaml:"value"`
			Mandatory bool   `yaml:"mandatory"`
		} `yaml:"requested_resources"`
	} `yaml:"start"`
}

type (
	statsNetwork struct {
		IP  string `yaml:"ip"`
		MAC string `yaml:"mac"`
	}
	statsInstance struct {
		Instance string `yaml:"instance_uuid"`
		State    string `yaml:"state"`
		SSHIP    string `yaml:"ssh_ip"`
		SSHPort  int    `yaml:"ssh_port"`
		Memory   int    `yaml:"memory_usage_mb"`
		Disk     int    `yaml:"disk_usage_mb"`
		CPU      int    `yaml:"cpu_usage"`
	}
	statsDocument struct {
		Node            string          `yaml:"node_uuid"`
		MemoryTotal     int             `yaml:"mem_total_mb"`
		MemoryAvailable int             `yaml:"mem_available_mb"`
		DiskTotal       int             `yaml:"disk_total_mb"`
		DiskAvailable   int             `yaml:"disk_available_mb"`
		Load            int             `yaml:"load"`
		CPUs            int             `yaml:"cpus_online"`
		Status          string          `yaml:"status"`
		Host            string          `yaml:"hostname"`
		Networks        []statsNetwork  `yaml:"networks"`
		Instances       []statsInstance `yaml:"instances"`
	}
)

const (
	framesOfStream = 1000
	measureFor     = 100 * time.Millisecond
)

// codecs compares launcher's gob and YAML with Go's, on the same streams and payloads.
func codecs(o *options) error {
	folder, err := os.MkdirTemp("", "launcher-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	inputs, err := codecInputs(folder, o.payloads)
	if err != nil {
		return err
	}
	ours, theirs := map[string]durations{}, map[string]durations{}
	var names []string
	for round := 0; round < o.rounds; round++ {
		out, err := exec.Command(o.binaries+"/codec-probe", folder).CombinedOutput()
		if err != nil {
			return fmt.Errorf("codec-probe: %w: %s", err, out)
		}
		for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
			name, text, _ := strings.Cut(line, "\t")
			took, err := strconv.Atoi(text)
			if err != nil {
				return fmt.Errorf("codec-probe said %q", line)
			}
			if round == 0 {
				names = append(names, name)
			}
			ours[name] = append(ours[name], time.Duration(took))
			took2, err := goCodec(name, inputs)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			theirs[name] = append(theirs[name], took2)
		}
	}
	fmt.Printf("Medians of %d, microseconds for each frame or payload:\n\n", o.rounds)
	rows := [][]string{{"", "launcher", "Go", "ratio"}}
	for _, name := range names {
		a, b := ours[name].median(), theirs[name].median()
		rows = append(rows, []string{name, fmt.Sprintf("%.2f", float64(a)/1e3), fmt.Sprintf("%.2f", float64(b)/1e3),
			fmt.Sprintf("%.2f", float64(a)/float64(b))})
	}
	table(rows)
	return nil
}

// codecInputs writes streams of frames and payloads into a folder.
func codecInputs(folder, payloads string) (map[string][]byte, error) {
	start, err := os.ReadFile(payloads + "/documented-start-1.yaml")
	if err != nil {
		return nil, err
	}
	stop, err := os.ReadFile(payloads + "/documented-stop.yaml")
	if err != nil {
		return nil, err
	}
	stamp := time.Unix(1700000000, 0)
	hop := wireNode{UUID: make([]byte, 16), Role: 4, TxTimestamp: stamp, RxTimestamp: stamp}
	trace := &wireTrace{Label: []byte("start"), StartTimestamp: stamp, EndTimestamp: stamp, PathLength: 3,
		Path: []wireNode{hop, hop, hop}}
	inputs := map[string][]byte{"start.yaml": start}
	if inputs["large.yaml"], err = largePayload(start); err != nil {
		return nil, err
	}
	for name, frame := range map[string]*wireFrame{
		"stop.gob":   {Minor: 1, Operand: 2, Payload: stop},
		"start.gob":  {Minor: 1, Operand: 1, Payload: start},
		"traced.gob": {Major: 0x80, Minor: 1, Operand: 1, Payload: start, Trace: trace},
		"large.gob":  {Minor: 1, Operand: 1, Payload: inputs["large.yaml"]},
	} {
		frame.PayloadLength = uint32(len(frame.Payload))
		var stream bytes.Buffer
		encoder := gob.NewEncoder(&stream)
		if err := encoder.Encode(&wireConnected{Type: 1, Role: 8, Source: make([]byte, 16), Destination: make([]byte, 16)}); err != nil {
			return nil, err
		}
		for i := 0; i < framesOfStream && stream.Len() < 8<<20; i++ {
			if err := encoder.Encode(frame); err != nil {
				return nil, err
			}
		}
		inputs[name] = stream.Bytes()
	}
	for name, content := range inputs {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			return nil, err
		}
	}
	return inputs, nil
}

// largePayload is a START whose cloud-config writes many files.
func largePayload(start []byte) ([]byte, error) {
	var text strings.Builder
	text.WriteString("#cloud-config\nwrite_files:\n")
	for i := 0; text.Len() < 64<<10; i++ {
		fmt.Fprintf(&text, "  - path: /etc/example/%d.conf\n    permissions: '0644'\n    content: |\n      first = %d\n      second = \"b\"\n", i, i)
	}
	section := bytes.Index(start, []byte("start:"))
	if section < 0 {
		return nil, fmt.Errorf("the documented START has no section")
	}
	end := bytes.Index(start[section:], []byte("\n...\n"))
	if end < 0 {
		end = len(start) - section
	}
	return []byte(text.String() + "---\n" + string(start[section:section+end])), nil
}

// goCodec does in Go what codec-probe does under the same name.
func goCodec(name string, inputs map[string][]byte) (time.Duration, error) {
	kind, input, _ := strings.Cut(name, " ")
	data := inputs[input]
	switch kind {
	case "decode":
		frames, err := goDecode(data)
		if err != nil {
			return 0, err
		}
		return measured(len(frames), func() error {
			_, err := goDecode(data)
			return err
		})
	case "encode":
		frames, err := goDecode(data)
		if err != nil {
			return 0, err
		}
		return measured(len(frames), func() error {
			encoder := gob.NewEncoder(io.Discard)
			for _, frame := range frames {
				if err := encoder.Encode(frame); err != nil {
					return err
				}
			}
			return nil
		})
	case "read":
		return measured(1, func() error { return goRead(data) })
	case "write":
		stats := goStats()
		return measured(1, func() error {
			_, err := yaml.Marshal(stats)
			return err
		})
	}
	return 0, fmt.Errorf("no such codec")
}

func goDecode(stream []byte) (frames []*wireFrame, err error) {
	decoder := gob.NewDecoder(bytes.NewReader(stream))
	if err := decoder.Decode(&wireConnected{}); err != nil {
		return nil, err
	}
	for {
		frame := &wireFrame{}
		if err := decoder.Decode(frame); err == io.EOF {
			return frames, nil
		} else if err != nil {
			return nil, err
		}
		frames = append(frames, frame)
	}
}

func goRead(payload []byte) error {
	decoder := yaml.NewDecoder(bytes.NewReader(payload))
	found := 0
	for {
		var document startDocument
		if err := decoder.Decode(&document); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		if document.Start != nil && document.Start.Instance != "" {
			found++
		}
	}
	if found != 1 {
		return fmt.Errorf("%d start sections", found)
	}
	return nil
}

func goStats() *statsDocument {
	stats := &statsDocument{Node: "6d2b4d3c-0000-4000-8000-000000000001", MemoryTotal: 128000, MemoryAvailable: 64000,
		DiskTotal: 900000, DiskAvailable: 500000, Load: 4, CPUs: 64, Status: "READY", Host: "node",
		Networks: []statsNetwork{{"192.168.0.2", "02:00:00:00:00:02"}}}
	for i := 0; i < 100; i++ {
		stats.Instances = append(stats.Instances, statsInstance{
			fmt.Sprintf("be0c4000-0000-4000-8000-00000000%d", 1000+i), "active", "198.51.100.7", 34000 + i, 512, 4096, 12})
	}
	return stats
}

func measured(operations int, body func() error) (time.Duration, error) {
	start := now()
	for rounds := 1; ; rounds++ {
		if err := body(); err != nil {
			return 0, err
		}
		if taken := now() - start; taken >= measureFor {
			return taken / time.Duration(rounds*operations), nil
		}
	}
}

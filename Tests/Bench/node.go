package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	netUser   = 61001
	vmmUser   = 61002
	statsUser = 61003
	// blank is an image without a system: its machine costs its firmware's start and then nothing.
	blank     = "b1a4c"
	blankSize = 1 << 20
	patience  = 120 * time.Second
	// runs begins the name of the step at which an instance is known to run.
	runs = "runs "
)

// step is a line of launcher's log that tells how far a command has come.
type step struct {
	at   time.Duration
	pid  int
	name string
}

// frame is what the scheduler got.
type frame struct {
	at      time.Duration
	Event   string `json:"event"`
	Address string `json:"address"`
	Type    string `json:"type"`
	Operand string `json:"operand"`
	Payload string `json:"payload"`
	Text    string `json:"text"`
}

// node is a compute node with its scheduler.
type node struct {
	options  *options
	folder   string
	launcher *exec.Cmd
	peer     *exec.Cmd
	commands io.WriteCloser

	mutex  sync.Mutex
	came   *sync.Cond
	steps  []step
	frames []frame
	log    bytes.Buffer
}

func startNode(o *options, arguments ...string) (*node, error) {
	folder, err := os.MkdirTemp("", "launcher-bench-")
	if err != nil {
		return nil, err
	}
	n := &node{options: o, folder: folder}
	n.came = sync.NewCond(&n.mutex)
	if err := n.start(arguments); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, n.stop())
	}
	return n, nil
}

func (n *node) state() string { return n.folder + "/state" }

func (n *node) start(arguments []string) error {
	if err := os.Chmod(n.folder, 0o755); err != nil {
		return err
	}
	if err := os.MkdirAll(n.state()+"/images", 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(n.state()+"/images/"+blank, make([]byte, blankSize), 0o644); err != nil {
		return err
	}
	certificates := n.folder + "/certificates"
	if out, err := exec.Command(n.options.peer, "certs", certificates).CombinedOutput(); err != nil {
		return fmt.Errorf("make certificates: %w: %s", err, out)
	}
	n.peer = exec.Command(n.options.peer, "-ca", certificates+"/ca.pem", "-cert", certificates+"/server.pem")
	n.peer.Stderr = os.Stderr
	n.commands, _ = n.peer.StdinPipe()
	reports, _ := n.peer.StdoutPipe()
	if err := startFavoured(n.peer); err != nil {
		return err
	}
	go n.readFrames(reports)
	listening, err := n.frame("the scheduler to listen", 0, func(f frame) bool { return f.Event == "listening" })
	if err != nil {
		return err
	}
	binaries, err := filepath.Abs(n.options.binaries)
	if err != nil {
		return err
	}
	virtualisation := "software"
	if n.options.kvm {
		virtualisation = "kvm"
	}
	n.launcher = exec.Command(binaries+"/launcher", append([]string{
		"-state-dir=" + n.state(), "-rendezvous=" + n.folder + "/rendezvous", "-server=" + listening.Address,
		"-cacert=" + certificates + "/ca.pem", "-cert=" + certificates + "/agent.pem",
		fmt.Sprintf("-net-user=%d:%d", netUser, netUser), fmt.Sprintf("-vmm-user=%d:%d", vmmUser, vmmUser),
		fmt.Sprintf("-stats-user=%d:%d", statsUser, statsUser),
		"-max-vm=500", "-stop-grace=0s", "-qemu-virtualisation=" + virtualisation, "-logtostderr",
	}, arguments...)...)
	n.launcher.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	lines, _ := n.launcher.StderrPipe()
	if file, isFile := lines.(*os.File); isFile {
		// launcher waits for no reader: what a full pipe does not take is lost.
		const setPipeSize, bytes = 1031, 1 << 20
		_, _, _ = syscall.Syscall(syscall.SYS_FCNTL, file.Fd(), setPipeSize, bytes)
	}
	if err := startFavoured(n.launcher); err != nil {
		return err
	}
	go n.readSteps(lines)
	_, err = n.frame("launcher to connect", 0, func(f frame) bool { return f.Event == "connected" })
	return err
}

// favour gives a session ten times the processor time of another, as launcher's unit gives launcher and not its machines
// and tools, which have sessions of their own. Where the kernel knows no such groups there is nothing to divide.
func favour(pid int) {
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/autogroup", pid), []byte("-10"), 0)
}

// startFavoured starts a command in a session of its own.
func startFavoured(command *exec.Cmd) error {
	command.SysProcAttr = ownSession
	if err := command.Start(); err != nil {
		return err
	}
	favour(command.Process.Pid)
	return nil
}

// stop ends what was started and gives the end of launcher's log.
func (n *node) stop() string {
	if n.launcher != nil && n.launcher.Process != nil {
		_ = n.launcher.Process.Signal(syscall.SIGTERM)
		_ = n.launcher.Wait()
	}
	endMachines(n.folder)
	if n.peer != nil && n.peer.Process != nil {
		n.commands.Close()
		_ = n.peer.Wait()
	}
	_ = os.RemoveAll(n.folder)
	n.mutex.Lock()
	defer n.mutex.Unlock()
	text := n.log.String()
	if len(text) > 4000 {
		text = text[len(text)-4000:]
	}
	return text
}

func endMachines(folder string) {
	for _, pid := range machinesBelow(folder) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// machinesBelow finds the processes of QEMU whose arguments name a folder.
func machinesBelow(folder string) []int {
	var found []int
	all, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range all {
		text, err := os.ReadFile(path)
		if err == nil && bytes.Contains(text, []byte(folder+"/")) && bytes.Contains(text, []byte("qemu-system")) {
			pid, _ := strconv.Atoi(strings.Split(path, "/")[2])
			found = append(found, pid)
		}
	}
	return found
}

var (
	stepLine = regexp.MustCompile(`^\S+ \S+ +(\d+) \S+\] step (\d+) (.*)$`)
	runsLine = regexp.MustCompile(`\] (\S+): runs in process`)
)

func (n *node) readSteps(lines io.Reader) {
	scanner := bufio.NewScanner(lines)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		n.mutex.Lock()
		if found := stepLine.FindStringSubmatch(scanner.Text()); found != nil {
			pid, _ := strconv.Atoi(found[1])
			at, _ := strconv.ParseInt(found[2], 10, 64)
			n.steps = append(n.steps, step{time.Duration(at), pid, found[3]})
			n.came.Broadcast()
		} else if found := runsLine.FindStringSubmatch(scanner.Text()); found != nil {
			n.steps = append(n.steps, step{now(), 0, runs + found[1]})
			n.came.Broadcast()
		} else {
			fmt.Fprintln(&n.log, scanner.Text())
		}
		n.mutex.Unlock()
	}
}

func (n *node) readFrames(reports io.Reader) {
	scanner := bufio.NewScanner(reports)
	scanner.Buffer(nil, 16<<20)
	for scanner.Scan() {
		f := frame{at: now()}
		if json.Unmarshal(scanner.Bytes(), &f) == nil {
			n.mutex.Lock()
			n.frames = append(n.frames, f)
			n.came.Broadcast()
			n.mutex.Unlock()
		}
	}
}

// mark is where steps and frames stand now.
type mark struct{ steps, frames int }

func (n *node) mark() mark {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	return mark{len(n.steps), len(n.frames)}
}

// await waits for something that steps and frames show.
func (n *node) await(what string, holds func() bool) error {
	deadline := time.Now().Add(patience)
	alarm := time.AfterFunc(patience, n.came.Broadcast)
	defer alarm.Stop()
	n.mutex.Lock()
	defer n.mutex.Unlock()
	for !holds() {
		if time.Now().After(deadline) {
			return fmt.Errorf("waited %v for %s", patience, what)
		}
		n.came.Wait()
	}
	return nil
}

func (n *node) frame(what string, from int, is func(frame) bool) (found frame, err error) {
	err = n.await(what, func() bool {
		for _, f := range n.frames[from:] {
			if is(f) {
				found = f
				return true
			}
		}
		return false
	})
	return
}

// step waits until a step has come `count` times behind `from`, and gives the last of them.
func (n *node) step(name string, from int, count int) (found step, err error) {
	failed := ""
	err = n.await(name, func() bool {
		for _, f := range n.frames {
			if f.Operand == "StartFailure" {
				failed = f.Payload
			}
		}
		left := count
		for _, s := range n.steps[from:] {
			if s.name == name {
				if left--; left == 0 {
					found = s
					return true
				}
			}
		}
		return failed != ""
	})
	if failed != "" {
		err = fmt.Errorf("START failed: %s", failed)
	}
	return
}

// send gives the scheduler a command to send, and the time at which it did.
func (n *node) send(operand, payload string) (time.Duration, error) {
	line, _ := json.Marshal(map[string]string{"do": "send", "type": "COMMAND", "operand": operand, "payload": payload})
	at := now()
	_, err := n.commands.Write(append(line, '\n'))
	return at, err
}

func (n *node) sendFor(operand, instance string) (time.Duration, error) {
	return n.send(operand, strings.ToLower(operand)+":\n  instance_uuid: "+instance+"\n")
}

// instanceName is one that no other run has.
func instanceName(number int) string { return fmt.Sprintf("be0c4000-0000-4000-8000-%012x", number) }

func startPayload(instance string) string {
	return "#cloud-config\nruncmd: []\n---\nstart:\n" +
		"  instance_uuid: " + instance + "\n" +
		"  tenant_uuid: 67d86208-000-4465-9018-fe14087d415f\n" +
		"  image_uuid: " + blank + "\n" +
		"  fw_type: legacy\n" +
		"  requested_resources:\n    - type: vcpus\n      value: 1\n    - type: mem_mb\n      value: 64\n"
}

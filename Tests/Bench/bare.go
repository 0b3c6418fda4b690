package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
)

// bareMachine is what launcher makes and runs, without launcher: the same tools, with the same arguments.
type bareMachine struct {
	folder string
	image  string
	// The command line of launcher's own QEMU, for this folder.
	arguments []string
	process   *exec.Cmd
	monitor   net.Conn
	answers   *bufio.Reader
}

// newBareMachine takes over the command line of a machine of launcher's.
func newBareMachine(folder, image string, commandLine []byte, original string) *bareMachine {
	words := strings.Split(strings.TrimSuffix(string(commandLine), "\x00"), "\x00")
	m := &bareMachine{folder: folder, image: image}
	for _, word := range words[1:] {
		m.arguments = append(m.arguments, strings.ReplaceAll(word, original, folder))
	}
	return m
}

// layOut makes the folder with the files of the config drive.
func (m *bareMachine) layOut() error {
	source := m.folder + "/.config-drive/openstack/latest"
	if err := os.MkdirAll(source, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(source+"/user_data", []byte("#cloud-config\nruncmd: []\n"), 0o644); err != nil {
		return err
	}
	return os.WriteFile(source+"/meta_data.json", []byte(`{"uuid":"a","hostname":"a"}`), 0o644)
}

func (m *bareMachine) overlay() error {
	return run("qemu-img", "create", "-q", "-f", "qcow2", "-b", m.image, "-F", "raw", m.folder+"/image.qcow2",
		fmt.Sprint(blankSize))
}

func (m *bareMachine) configDrive() error {
	return run("xorriso", "-no_rc", "-as", "mkisofs", "-quiet", "-R", "-V", "config-2",
		"-o", m.folder+"/config.iso", m.folder+"/.config-drive")
}

// ownSession is what launcher's machines and tools have as well: the kernel divides the processors among sessions.
var ownSession = &syscall.SysProcAttr{Setsid: true}

func run(name string, arguments ...string) error {
	command := exec.Command(name, arguments...)
	command.SysProcAttr = ownSession
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return nil
}

// tools makes the disks, one after the other or side by side.
func (m *bareMachine) tools(parallel bool) error {
	if err := m.layOut(); err != nil {
		return err
	}
	if !parallel {
		if err := m.overlay(); err != nil {
			return err
		}
		return m.configDrive()
	}
	var wait sync.WaitGroup
	var errors [2]error
	wait.Add(2)
	for i, job := range []func() error{m.overlay, m.configDrive} {
		go func(i int, job func() error) {
			errors[i] = job()
			wait.Done()
		}(i, job)
	}
	wait.Wait()
	if errors[0] != nil {
		return errors[0]
	}
	return errors[1]
}

// boot starts QEMU and returns when its monitor has answered.
func (m *bareMachine) boot() error {
	m.process = exec.Command("qemu-system-x86_64", m.arguments...)
	var output bytes.Buffer
	m.process.Stdout, m.process.Stderr = &output, &output
	m.process.SysProcAttr = ownSession
	for _, name := range []string{"socket", "console.socket"} {
		path := m.folder + "/" + name
		_ = os.Remove(path)
		listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		if err != nil {
			return err
		}
		listener.SetUnlinkOnClose(false)
		file, err := listener.File()
		listener.Close()
		if err != nil {
			return err
		}
		defer file.Close()
		m.process.ExtraFiles = append(m.process.ExtraFiles, file)
	}
	if err := m.process.Start(); err != nil {
		return err
	}
	for _, file := range m.process.ExtraFiles {
		file.Close()
	}
	var err error
	if m.monitor, err = net.Dial("unix", m.folder+"/socket"); err != nil {
		return err
	}
	m.answers = bufio.NewReader(m.monitor)
	if _, err := m.answers.ReadBytes('\n'); err != nil {
		_ = m.process.Wait()
		return fmt.Errorf("QEMU does not greet: %w: %s", err, output.Bytes())
	}
	return m.execute("qmp_capabilities")
}

func (m *bareMachine) execute(command string) error {
	if _, err := fmt.Fprintf(m.monitor, "{\"execute\":%q,\"id\":1}\n", command); err != nil {
		return err
	}
	for {
		line, err := m.answers.ReadBytes('\n')
		if err != nil {
			return err
		}
		if bytes.Contains(line, []byte(`"return"`)) {
			return nil
		}
	}
}

// quit ends QEMU as STOP does without grace.
func (m *bareMachine) quit() error {
	if err := m.execute("quit"); err != nil {
		return err
	}
	err := m.process.Wait()
	m.monitor.Close()
	return err
}

func (m *bareMachine) remove() error { return os.RemoveAll(m.folder) }

// kill ends what is left after an error.
func (m *bareMachine) kill() {
	if m.process != nil && m.process.ProcessState == nil && m.process.Process != nil {
		_ = m.process.Process.Kill()
		_ = m.process.Wait()
	}
}

package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// widths at which xargs is tried.
var widths = []int{1, 2, 4, 8, 16, 32}

const (
	burstRounds = 3
	// pause between two commands to another instance.
	pause = 20 * time.Millisecond
	// other is the number of the instance that runs before a burst.
	other = 0xffff
)

// burst compares many STARTs at once with the tools through xargs.
func burst(o *options) error {
	n, err := startNode(o, "-v=2")
	if err != nil {
		return err
	}
	b := &bursts{node: n, count: o.count}
	if err := b.run(); err != nil {
		return fmt.Errorf("%w\n%s", err, n.stop())
	}
	n.stop()
	b.print()
	return nil
}

type bursts struct {
	node        *node
	count       int
	commandLine []byte
	original    string
	next        int

	ours, bare durations
	width      int
	// answers of another instance meanwhile.
	answers durations
	// each START's time from the burst's beginning, and the most others that came later and were done before one.
	each     durations
	overtook int
}

func (b *bursts) run() error {
	instance := instanceName(other)
	if _, err := b.node.send("START", startPayload(instance)); err != nil {
		return err
	}
	if _, err := b.node.step("request-completed", 0, 2); err != nil {
		return err
	}
	b.original = b.node.state() + "/instances/" + instance
	machines := machinesBelow(b.original)
	if len(machines) != 1 {
		return fmt.Errorf("%d machines of %s", len(machines), instance)
	}
	var err error
	if b.commandLine, err = os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", machines[0])); err != nil {
		return err
	}
	best := time.Duration(0)
	for _, width := range widths {
		took, err := b.xargs(width)
		if err != nil {
			return err
		}
		fmt.Printf("xargs -P %d: %s ms\n", width, milliseconds(took))
		if best == 0 || took < best {
			best, b.width = took, width
		}
	}
	for round := 0; round < burstRounds; round++ {
		if err := b.launcher(instance); err != nil {
			return err
		}
		took, err := b.xargs(b.width)
		if err != nil {
			return err
		}
		b.bare = append(b.bare, took)
	}
	return nil
}

// launcher sends all STARTs at once, and commands to another instance meanwhile.
func (b *bursts) launcher(instance string) error {
	n := b.node
	from := n.mark()
	first := b.next
	b.next += b.count
	began := now()
	for i := 0; i < b.count; i++ {
		if _, err := n.send("START", startPayload(instanceName(first+i))); err != nil {
			return err
		}
	}
	over := make(chan struct{})
	asked := make(chan error)
	go func() { asked <- b.ask(instance, over) }()
	last, err := n.step("machine-answered", from.steps, b.count)
	close(over)
	if err == nil {
		err = n.await("all machines to run", func() bool { return len(n.order(from.steps)) == b.count })
	}
	if failed := <-asked; err == nil {
		err = failed
	}
	if err != nil {
		return err
	}
	b.ours = append(b.ours, last.at-began)
	n.mutex.Lock()
	for _, s := range n.steps[from.steps:] {
		if s.name == "machine-answered" {
			b.each = append(b.each, s.at-began)
		}
	}
	order := n.order(from.steps)
	n.mutex.Unlock()
	for i, instance := range order {
		later := 0
		for _, before := range order[:i] {
			if before > instance {
				later++
			}
		}
		if later > b.overtook {
			b.overtook = later
		}
	}
	for i := 0; i < b.count; i++ {
		if err := b.delete(instanceName(first + i)); err != nil {
			return err
		}
	}
	return nil
}

// order is in which instances came to run, while the mutex is held.
func (n *node) order(from int) (instances []string) {
	for _, s := range n.steps[from:] {
		if strings.HasPrefix(s.name, runs) {
			instances = append(instances, strings.TrimPrefix(s.name, runs))
		}
	}
	return
}

// ask sends another instance commands that need no tool, one after the other, until it is over.
func (b *bursts) ask(instance string, over chan struct{}) error {
	for {
		select {
		case <-over:
			return nil
		case <-time.After(pause):
		}
		from := b.node.mark()
		sent, err := b.node.sendFor("RESTART", instance)
		if err != nil {
			return err
		}
		answer, err := b.node.frame("RestartFailure", from.frames, func(f frame) bool {
			return f.Operand == "RestartFailure" && strings.Contains(f.Payload, instance)
		})
		if err != nil {
			return err
		}
		b.answers = append(b.answers, answer.at-sent)
	}
}

func (b *bursts) delete(instance string) error {
	from := b.node.mark()
	if _, err := b.node.sendFor("DELETE", instance); err != nil {
		return err
	}
	_, err := b.node.frame("InstanceDeleted", from.frames, func(f frame) bool {
		return f.Operand == "InstanceDeleted" && strings.Contains(f.Payload, instance)
	})
	return err
}

// xargs makes and starts as many machines with so many at once.
func (b *bursts) xargs(width int) (time.Duration, error) {
	folder, err := os.MkdirTemp("", "launcher-bench-bare-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(folder)
	defer endMachines(folder)
	if err := os.WriteFile(folder+"/command-line", b.commandLine, 0o600); err != nil {
		return 0, err
	}
	var folders []string
	for i := 0; i < b.count; i++ {
		folders = append(folders, fmt.Sprintf("%s/%d", folder, i))
	}
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	script := exec.Command("xargs", "-P", fmt.Sprint(width), "-n", "1", self, "bare-start",
		b.node.state()+"/images/"+blank, folder+"/command-line", b.original)
	script.SysProcAttr = ownSession
	script.Stdin = strings.NewReader(strings.Join(folders, "\n"))
	before := now()
	if out, err := script.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("xargs: %w: %s", err, out)
	}
	return now() - before, nil
}

// bareStart is what xargs runs for each machine, which it leaves running.
func bareStart(*options) error {
	flags := flag.NewFlagSet("bare-start", flag.ExitOnError)
	if err := flags.Parse(os.Args[2:]); err != nil {
		return err
	}
	if flags.NArg() != 4 {
		return fmt.Errorf("usage: bench bare-start IMAGE COMMAND-LINE ORIGINAL FOLDER")
	}
	commandLine, err := os.ReadFile(flags.Arg(1))
	if err != nil {
		return err
	}
	if err := os.Mkdir(flags.Arg(3), 0o700); err != nil {
		return err
	}
	m := newBareMachine(flags.Arg(3), flags.Arg(0), commandLine, flags.Arg(2))
	if err := m.tools(false); err != nil {
		return err
	}
	return m.boot()
}

func (b *bursts) print() {
	ours, bare := b.ours.median(), b.bare.median()
	fmt.Printf("\n%d STARTs at once, medians of %d, milliseconds:\n\n", b.count, burstRounds)
	table([][]string{
		{"launcher", fmt.Sprintf("xargs -P %d", b.width), "ratio"},
		{milliseconds(ours), milliseconds(bare), fmt.Sprintf("%.2f", float64(ours)/float64(bare))},
	})
	table([][]string{
		{"", "fastest", "median", "90 %", "99 %", "slowest"},
		spread("a START, from the burst's beginning", b.each),
		spread(fmt.Sprintf("an answer for another instance meanwhile (%d)", len(b.answers)), b.answers),
	})
	fmt.Printf("At most %d STARTs that came later were done before one that had come before them.\n", b.overtook)
}

func spread(name string, d durations) []string {
	row := []string{name}
	for _, share := range []float64{0, 0.5, 0.9, 0.99, 1} {
		row = append(row, milliseconds(d.at(share)))
	}
	return row
}

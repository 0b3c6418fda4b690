package main

import (
	"fmt"
	"os"
	"sort"
	"strings"
	"time"
)

// latency compares each command with the same work without launcher.
func latency(o *options) error {
	n, err := startNode(o, "-v=2")
	if err != nil {
		return err
	}
	l := &comparison{node: n, measured: map[string]durations{}, profile: map[string]durations{}, names: map[int]string{}}
	if err := l.run(o.rounds); err != nil {
		return fmt.Errorf("%w\n%s", err, n.stop())
	}
	n.stop()
	l.print(o.rounds)
	return nil
}

type comparison struct {
	node     *node
	measured map[string]durations
	// profile holds how long after its sending a START came to each step.
	profile map[string]durations
	names   map[int]string
	// commandLine of a machine of launcher's, and its folder.
	commandLine []byte
	folder      string
}

func (l *comparison) add(name string, d time.Duration) {
	l.measured[name] = append(l.measured[name], d)
}

func (l *comparison) run(rounds int) error {
	// The first round warms the page cache and tells QEMU's command line.
	for round := -1; round < rounds; round++ {
		if round == 0 {
			l.measured, l.profile = map[string]durations{}, map[string]durations{}
		}
		if err := l.commands(round + 1); err != nil {
			return err
		}
		for _, parallel := range []bool{false, true} {
			if err := l.bare(parallel); err != nil {
				return err
			}
		}
	}
	return nil
}

// commands sends START, STOP, RESTART and DELETE to one instance.
func (l *comparison) commands(number int) error {
	n, instance := l.node, instanceName(number)
	from := n.mark()
	sent, err := n.send("START", startPayload(instance))
	if err != nil {
		return err
	}
	arrived, err := n.step("frame-arrived", from.steps, 1)
	if err != nil {
		return err
	}
	answered, err := n.step("machine-answered", from.steps, 1)
	if err != nil {
		return err
	}
	l.add("START", answered.at-arrived.at)
	if _, err := n.step("request-completed", from.steps, 2); err != nil {
		return err
	}
	l.keep(sent, from.steps)
	if l.commandLine == nil {
		l.folder = n.state() + "/instances/" + instance
		machines := machinesBelow(l.folder)
		if len(machines) != 1 {
			return fmt.Errorf("%d machines of %s", len(machines), instance)
		}
		if l.commandLine, err = os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", machines[0])); err != nil {
			return err
		}
	}
	for _, command := range []struct{ operand, until string }{
		{"STOP", "machine-ended"}, {"RESTART", "machine-answered"},
	} {
		if err := l.command(command.operand, instance, command.until); err != nil {
			return err
		}
	}
	return l.delete(instance)
}

func (l *comparison) command(operand, instance, until string) error {
	from := l.node.mark()
	if _, err := l.node.sendFor(operand, instance); err != nil {
		return err
	}
	arrived, err := l.node.step("frame-arrived", from.steps, 1)
	if err != nil {
		return err
	}
	done, err := l.node.step(until, from.steps, 1)
	if err != nil {
		return err
	}
	l.add(operand, done.at-arrived.at)
	_, err = l.node.step("request-completed", from.steps, 2)
	return err
}

// delete measures until the scheduler knows.
func (l *comparison) delete(instance string) error {
	from := l.node.mark()
	if _, err := l.node.sendFor("DELETE", instance); err != nil {
		return err
	}
	arrived, err := l.node.step("frame-arrived", from.steps, 1)
	if err != nil {
		return err
	}
	deleted, err := l.node.frame("InstanceDeleted", from.frames, func(f frame) bool {
		return f.Operand == "InstanceDeleted" && strings.Contains(f.Payload, instance)
	})
	if err != nil {
		return err
	}
	l.add("DELETE", deleted.at-arrived.at)
	_, err = l.node.step("request-completed", from.steps, 1)
	return err
}

// keep adds the steps of a START to the profile.
func (l *comparison) keep(sent time.Duration, from int) {
	l.node.mutex.Lock()
	defer l.node.mutex.Unlock()
	seen := map[string]int{}
	for _, s := range l.node.steps[from:] {
		if s.pid == 0 {
			continue
		}
		name := l.process(s.pid) + "\t" + strings.Fields(s.name)[0]
		if seen[name]++; seen[name] > 1 {
			name = fmt.Sprintf("%s (%d)", name, seen[name])
		}
		l.profile[name] = append(l.profile[name], s.at-sent)
	}
}

func (l *comparison) process(pid int) string {
	if l.names[pid] == "" {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
		l.names[pid] = strings.TrimSpace(string(text))
	}
	return l.names[pid]
}

// bare does the same without launcher.
func (l *comparison) bare(parallel bool) error {
	kind := map[bool]string{false: ", one after the other", true: ", tools side by side"}[parallel]
	folder, err := os.MkdirTemp("", "launcher-bench-bare-")
	if err != nil {
		return err
	}
	m := newBareMachine(folder, l.node.state()+"/images/"+blank, l.commandLine, l.folder)
	defer m.remove()
	defer m.kill()
	steps := []struct {
		name string
		do   func() error
	}{
		{"START" + kind, func() error {
			if err := m.tools(parallel); err != nil {
				return err
			}
			return m.boot()
		}},
		{"STOP by QMP", m.quit},
		{"RESTART by hand", m.boot},
		{"DELETE by hand", func() error {
			if err := m.quit(); err != nil {
				return err
			}
			return m.remove()
		}},
	}
	for _, step := range steps {
		before := now()
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		l.add(step.name, now()-before)
	}
	return nil
}

func (l *comparison) print(rounds int) {
	fmt.Printf("Medians of %d, milliseconds:\n\n", rounds)
	rows := [][]string{{"command", "launcher", "bare", "", "ratio"}}
	for _, pair := range [][2]string{
		{"START", "START, one after the other"}, {"START", "START, tools side by side"}, {"STOP", "STOP by QMP"},
		{"RESTART", "RESTART by hand"}, {"DELETE", "DELETE by hand"},
	} {
		ours, bare := l.measured[pair[0]].median(), l.measured[pair[1]].median()
		rows = append(rows, []string{
			pair[0], milliseconds(ours), milliseconds(bare), pair[1], fmt.Sprintf("%.2f", float64(ours)/float64(bare)),
		})
	}
	table(rows)
	fmt.Print("Where a START is, milliseconds after the scheduler was told to send it:\n\n")
	type point struct {
		name string
		at   time.Duration
	}
	var points []point
	for name, all := range l.profile {
		points = append(points, point{name, all.median()})
	}
	sort.Slice(points, func(i, j int) bool { return points[i].at < points[j].at })
	rows = [][]string{{"process", "step", "reached after", "took"}}
	before := time.Duration(0)
	for _, p := range points {
		name := strings.Split(p.name, "\t")
		rows = append(rows, []string{name[0], name[1], milliseconds(p.at), milliseconds(p.at - before)})
		before = p.at
	}
	table(rows)
}

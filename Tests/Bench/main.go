// Bench measures launcher against the bare cost of what it does, on the machine that it runs on: each figure is compared
// with one taken in the same run, turn by turn, so that whatever else the machine does weighs on both.
//
//	bench latency [flags]     START, STOP, RESTART and DELETE against the same tools without launcher
//	bench burst [flags]       many STARTs at once against the tools through xargs
//	bench codecs [flags]      gob and YAML against Go's
//
// All but codecs needs root, for the users that launcher's processes run as. Tables go to standard output.
package main

import (
	"flag"
	"fmt"
	"os"
)

type options struct {
	binaries string
	peer     string
	payloads string
	rounds   int
	count    int
	kvm      bool
}

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("usage: bench latency|burst|codecs [flags]"))
	}
	var o options
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	flags.StringVar(&o.binaries, "binaries", ".build/release", "folder of launcher's programs")
	flags.StringVar(&o.peer, "peer", ".build/peer", "the SSNTP server of the tests")
	flags.StringVar(&o.payloads, "payloads", "Tests/PayloadsTests/Fixtures", "folder of the documented payloads")
	flags.IntVar(&o.rounds, "rounds", 21, "how often each thing is measured")
	flags.IntVar(&o.count, "count", 50, "STARTs of a burst")
	flags.BoolVar(&o.kvm, "kvm", false, "do not emulate machines: launcher-vmm's user may use /dev/kvm")
	measure := map[string]func(*options) error{
		"latency": latency, "burst": burst, "codecs": codecs,
		// What burst has xargs run.
		"bare-start": bareStart,
	}[os.Args[1]]
	if measure == nil {
		fail(fmt.Errorf("nothing called %q is measured here", os.Args[1]))
	}
	if os.Args[1] == "bare-start" {
		flags = nil
	} else if err := flags.Parse(os.Args[2:]); err != nil {
		fail(err)
	}
	favour(os.Getpid())
	if err := measure(&o); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "bench:", err)
	os.Exit(1)
}

package main

import (
	"fmt"
	"sort"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// now is the monotonic clock that all processes share, as launcher writes it beside its steps.
func now() time.Duration {
	var t syscall.Timespec
	const monotonic = 1
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, monotonic, uintptr(unsafe.Pointer(&t)), 0)
	return time.Duration(t.Nano())
}

// durations of one thing measured again and again.
type durations []time.Duration

func (d durations) at(share float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	sorted := append(durations{}, d...)
	sort.Slice(sorted, func(i, j int) bool { return sorted[i] < sorted[j] })
	index := int(share*float64(len(sorted)-1) + 0.5)
	return sorted[index]
}

func (d durations) median() time.Duration { return d.at(0.5) }

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d)/1e6) }

// table prints rows of a Markdown table, the first of them its head.
func table(rows [][]string) {
	for i, row := range rows {
		fmt.Println("| " + strings.Join(row, " | ") + " |")
		if i == 0 {
			fmt.Println(strings.Repeat("| --- ", len(row)) + "|")
		}
	}
	fmt.Println()
}

//go:build unix

package bench

import (
	"runtime"
	"syscall"
	"time"
)

// ownCPU is the time that this process has run so far.
func ownCPU() time.Duration {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// stepBack lets everybody else have the processors first: whatever the calling goroutine does from now on stands for the work
// of machines that are elsewhere. The goroutine keeps its thread, which ends with it.
func stepBack() {
	runtime.LockOSThread()
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, 19) // of the thread alone on Linux; only the measurement is fairer for it
}

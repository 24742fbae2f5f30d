// SPDX-License-Identifier: MIT

// go.go - shared memory by raw system calls, on many threads, while the
// runtime preempts them with signals, maps and unmaps, and forks.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

const (
	key     = 0x676f6c67
	size    = 1 << 20
	threads = 16
	rounds  = 30
	slot    = 4096

	ipcCreat  = 01000
	ipcExcl   = 02000
	ipcRmid   = 0
	ipcStat   = 2
	shmRdonly = 010000
)

var failed = 0

func ok(good bool, behaviour string) {
	word := "ok"
	if !good {
		word = "not ok"
		failed = 1
	}
	fmt.Println(word, "-", behaviour)
}

func shmget(key, size, flags uintptr) (uintptr, syscall.Errno) {
	id, _, e := syscall.Syscall(syscall.SYS_SHMGET, key, size, flags)
	return id, e
}

// The memory of a segment, outside Go's heap.
func attach(id, flags uintptr) ([]byte, error) {
	p, _, e := syscall.Syscall(syscall.SYS_SHMAT, id, 0, flags)
	if e != 0 {
		return nil, e
	}
	var memory []byte
	header := (*[3]uintptr)(unsafe.Pointer(&memory))
	header[0], header[1], header[2] = p, size, size
	return memory, nil
}

func detach(memory []byte) error {
	p := uintptr(unsafe.Pointer(&memory[0]))
	if _, _, e := syscall.RawSyscall(syscall.SYS_SHMDT, p, 0, 0); e != 0 {
		return e
	}
	return nil
}

// shm_nattch is at byte 88 of the 112 of struct shmid64_ds.
func nattch(id uintptr) uint64 {
	var ds [112]byte
	_, _, e := syscall.Syscall(syscall.SYS_SHMCTL, id, ipcStat,
		uintptr(unsafe.Pointer(&ds)))
	if e != 0 {
		return ^uint64(0)
	}
	return *(*uint64)(unsafe.Pointer(&ds[88]))
}

// One goroutine on a thread of its own, with garbage to collect.
func work(id uintptr, number int, wrong chan<- error) {
	runtime.LockOSThread()
	for i := 0; i < rounds; i++ {
		memory, err := attach(id, 0)
		if err != nil {
			wrong <- err
			return
		}
		garbage := make([]byte, slot)
		for j := range garbage {
			garbage[j] = byte(number + 1)
		}
		copy(memory[number*slot:], garbage)
		if err := detach(memory); err != nil {
			wrong <- err
			return
		}
	}
}

func manyThreads(id uintptr, memory []byte) {
	wrong := make(chan error, threads)
	var group sync.WaitGroup
	for i := 0; i < threads; i++ {
		group.Add(1)
		go func(number int) {
			defer group.Done()
			work(id, number, wrong)
		}(i)
	}
	group.Wait()
	ok(len(wrong) == 0, "sixteen_threads_attach_and_detach")
	right := 0
	for i := 0; i < threads*slot; i++ {
		if memory[i] == byte(i/slot+1) {
			right++
		}
	}
	ok(right == threads*slot, "each_thread_wrote_its_slot")
	ok(nattch(id) == 1, "threads_leave_no_attach")
}

func secondProgram() int {
	id, _ := shmget(key, 0, 0)
	memory, err := attach(id, 0)
	if err != nil || nattch(id) != 2 {
		return 1
	}
	copy(memory[size-32:], "from the second program")
	return 0
}

func otherProgram(id uintptr, memory []byte) {
	err := exec.Command("/proc/self/exe", "second").Run()
	ok(err == nil, "an_execed_program_attaches_by_key")
	ok(string(memory[size-32:size-9]) == "from the second program",
		"its_data_is_seen")
	ok(nattch(id) == 1, "its_exit_drops_its_attach")
}

func main() {
	if len(os.Args) > 1 {
		os.Exit(secondProgram())
	}
	time.AfterFunc(time.Minute, func() {
		fmt.Println("not ok - the go program ends within a minute")
		os.Exit(1)
	})
	id, e := shmget(key, size, ipcCreat|ipcExcl|0600)
	ok(e == 0 && id == 0, "create")
	_, e = shmget(key, size, ipcCreat|ipcExcl|0600)
	ok(e == syscall.EEXIST, "create_exclusive_is_EEXIST")
	memory, err := attach(id, 0)
	ok(err == nil && nattch(id) == 1, "attach")
	manyThreads(id, memory)
	otherProgram(id, memory)
	reader, err := attach(id, shmRdonly)
	ok(err == nil && reader[0] == memory[0] && detach(reader) == nil,
		"a_read_only_attach_reads")
	_, _, e = syscall.Syscall(syscall.SYS_SHMCTL, id, ipcRmid, 0)
	ok(e == 0 && nattch(id) == 1, "removed_but_attached")
	ok(detach(memory) == nil && nattch(id) == ^uint64(0),
		"gone_with_the_last")
	os.Exit(failed)
}

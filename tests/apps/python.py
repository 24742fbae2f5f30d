# SPDX-License-Identifier: MIT
"""python.py - sysv_ipc.SharedMemory in several processes and threads."""

import os
import subprocess
import sys
import threading

import sysv_ipc

FAILED = []


def ok(good, behaviour):
    print("ok" if good else "not ok", "-", behaviour, flush=True)
    if not good:
        FAILED.append(behaviour)


def raises(error, function, *args, **named):
    try:
        function(*args, **named)
    except error:
        return True
    return False


def exit_status(function):
    """Run function in a forked child; what it returned."""
    pid = os.fork()
    if pid == 0:
        os._exit(function())
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def creation(key):
    shm = sysv_ipc.SharedMemory(key, sysv_ipc.IPC_CREX, mode=0o640, size=10000)
    ok(shm.id == 0 and shm.key == key and shm.size == 10000, "create")
    ok(shm.attached and shm.number_attached == 1, "create_attaches")
    ok(shm.mode == 0o640 and shm.uid == os.geteuid() and
       shm.creator_pid == os.getpid() and shm.last_pid == os.getpid(),
       "attributes")
    ok(raises(sysv_ipc.ExistentialError, sysv_ipc.SharedMemory, key,
              sysv_ipc.IPC_CREX, size=1), "create_exclusive_fails")
    ok(raises(sysv_ipc.ExistentialError, sysv_ipc.SharedMemory, key + 1),
       "unknown_key_fails")
    return shm


def other_processes(shm):
    shm.write(b"from the parent", 9000)

    def child():
        mine = sysv_ipc.SharedMemory(shm.key)
        if mine.read(15, 9000) != b"from the parent":
            return 1
        # Its own attach, the inherited one and the parent's.
        if mine.number_attached != 3:
            return 2
        mine.write(b"from the child")
        return 0

    ok(exit_status(child) == 0, "child_attaches_by_key")
    ok(shm.number_attached == 1, "exit_drops_both_attaches")
    ok(shm.read(14) == b"from the child", "parent_reads_childs_data")

    code = ("import sysv_ipc, sys; m = sysv_ipc.SharedMemory(int(sys.argv[1]))"
            "; m.write(m.read(14)[::-1])")
    subprocess.run([sys.executable, "-c", code, str(shm.key)], check=True,
                   timeout=60)
    ok(shm.read(14) == b"from the child"[::-1], "a_new_program_shares_it")


def threads(shm):
    def work(number):
        for _ in range(20):
            mine = sysv_ipc.attach(shm.id)
            mine.write(bytes([number]) * 64, 64 * number)
            mine.detach()

    pool = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in pool:
        thread.start()
    for thread in pool:
        thread.join(60)
    wanted = b"".join(bytes([n]) * 64 for n in range(8))
    ok(shm.read(512) == wanted, "eight_threads_attach_and_detach")
    ok(shm.number_attached == 1, "threads_leave_no_attach")


def removal(shm):
    shm.mode = 0o600
    ok(shm.mode == 0o600, "mode_is_set")
    ok(raises(ValueError, shm.read, 10, 20000), "read_beyond_the_end_fails")
    key, number = shm.key, shm.id
    shm.detach()
    ok(not shm.attached and shm.number_attached == 0, "detach")
    ok(raises(sysv_ipc.NotAttachedError, shm.read, 1), "read_when_detached")
    shm.attach(None, sysv_ipc.SHM_RDONLY)
    ok(raises(OSError, shm.write, b"x"), "read_only_attach_refuses_write")
    shm.remove()
    ok(raises(sysv_ipc.ExistentialError, sysv_ipc.SharedMemory, key),
       "removed_key_is_free")
    shm.detach()
    ok(raises(sysv_ipc.ExistentialError, sysv_ipc.remove_shared_memory,
              number), "removed_id_is_gone")


def main():
    shm = creation(0x70797468)
    other_processes(shm)
    threads(shm)
    removal(shm)
    return 1 if FAILED else 0


sys.exit(main())

// SPDX-License-Identifier: MIT
/*
 * mappings.c - the address space of the program: what an attach shows, what
 * it leaves when it is gone, and that it is memory like any other.
 */
#include "kit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/mempolicy.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static char maps_before[1 << 16], maps_after[1 << 16];

static void read_maps(char *text, size_t size)
{
	const char *maps = file_text("/proc/self/maps");

	if (!*maps)
		broken("/proc/self/maps");
	snprintf(text, size, "%s", maps);
}

/* Lines of `two` that are not in `one`. */
static void say_new_lines(const char *verb, const char *one, const char *two)
{
	char line[512];
	size_t len;

	for (; *two; two += len + 1) {
		len = strcspn(two, "\n");
		snprintf(line, sizeof(line), "%.*s", (int)len, two);
		if (!strstr(one, line))
			say("%s %s", verb, line);
		if (!two[len])
			break;
	}
}

static void compare_maps(void)
{
	if (strcmp(maps_before, maps_after) == 0) {
		say("the same mappings");
		return;
	}
	say_new_lines("gone:", maps_after, maps_before);
	say_new_lines("new:", maps_before, maps_after);
}

/* The first attach brings the stub pages: see differences.c. */
static void unchanged(long arg)
{
	int id = segment(3 * page_size());

	(void)arg;
	read_maps(maps_before, sizeof(maps_before));
	detach(attach(id));
	read_maps(maps_before, sizeof(maps_before));
	detach(attach(id));
	read_maps(maps_after, sizeof(maps_after));
	compare_maps();
	detach(attach(id));
	shmctl(id, IPC_RMID, NULL);
	shmat(id, NULL, 0);
	read_maps(maps_after, sizeof(maps_after));
	compare_maps();
}

static void unchanged_while_attached(long arg)
{
	int id = segment(2 * page_size());
	char want[64];

	(void)arg;
	detach(attach(id));
	read_maps(maps_before, sizeof(maps_before));
	char *addr = attach(id);
	read_maps(maps_after, sizeof(maps_after));
	snprintf(want, sizeof(want), "%lx-%lx rw-s 00000000 ",
		 (unsigned long)(uintptr_t)addr,
		 (unsigned long)((uintptr_t)addr + 2 * page_size()));
	say("attach %s", strstr(maps_after, want) ? "shown" : "not shown");
	say_new_lines("gone:", maps_after, maps_before);
}

/* Line of the mapping at `addr`, without what two runs need not share. */
static void say_line(const char *what, const void *addr)
{
	char start[32], flags[8], device[16], name[64] = "";
	unsigned long from, to, offset, inode;
	const char *line;

	read_maps(maps_after, sizeof(maps_after));
	snprintf(start, sizeof(start), "%lx-", (unsigned long)(uintptr_t)addr);
	line = strstr(maps_after, start);
	if (!line || sscanf(line, "%lx-%lx %7s %lx %15s %lu %*[/a-z:]%63[^\n]",
			    &from, &to, flags, &offset, device, &inode,
			    name) < 6) {
		say("%s: no line", what);
		return;
	}
	if (!strstr(name, "SYSV"))
		name[0] = 0;
	say("%s: %lu pages, %s, offset %lx, %s", what,
	    (to - from) / page_size(), flags, offset, name);
}

static void lines(long arg)
{
	size_t page = page_size();
	int id = shmget(0x1234abcd, 3 * page, IPC_CREAT | 0700);
	int private = segment(100);

	(void)arg;
	say_line("keyed", attach(id));
	say_line("private", attach(private));
	say_line("read only", shmat(id, NULL, SHM_RDONLY));
	say_line("executable", shmat(id, NULL, SHM_EXEC));
	shmctl(id, IPC_RMID, NULL);
	say_line("removed", attach(id));
}

static void vmas(long arg)
{
	size_t page = page_size();
	char *addr = attach(segment(8 * page));

	(void)arg;
	munmap(addr + 2 * page, page);
	say_line("head", addr);
	say_line("tail", addr + 3 * page);
	mprotect(addr + 3 * page, page, PROT_READ);
	say_line("read only", addr + 3 * page);
	say_line("rest", addr + 4 * page);
}

static void *volatile fault_addr;
static volatile int fault_code;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	char *page = (char *)((uintptr_t)info->si_addr & ~(page_size() - 1));

	(void)context;
	fault_addr = info->si_addr;
	fault_code = info->si_code;
	if (mmap(page, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE |
		 MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		_exit(sig);
}

static void catch_faults(void)
{
	struct sigaction action = { .sa_sigaction = on_fault,
				    .sa_flags = SA_SIGINFO };

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

static void faults(long arg)
{
	size_t page = page_size();
	volatile char *addr = shmat(segment(2 * page), NULL, SHM_RDONLY);

	(void)arg;
	catch_faults();
	addr[page + 7] = 1;
	say("write: code %d, offset %ld", fault_code,
	    (long)((char *)fault_addr - (const volatile char *)addr));
	addr = attach(segment(2 * page));
	shmdt((const void *)(uintptr_t)addr);
	addr[5] = 1;
	say("detached: code %d, offset %ld", fault_code,
	    (long)((char *)fault_addr - (const volatile char *)addr));
}

static void beyond_the_end(long arg)
{
	size_t page = page_size();
	char *addr = attach(segment(page + 1));
	volatile char *grown;

	(void)arg;
	catch_faults();
	addr[2 * page - 1] = 9;
	say("rest of the last page holds %d", addr[2 * page - 1]);
	grown = mremap(addr, 2 * page, 4 * page, MREMAP_MAYMOVE);
	grown[2 * page + 3] = 1;
	say("beyond: code %d, offset %ld", fault_code,
	    (long)((char *)fault_addr - (const volatile char *)grown) -
	    (long)(2 * page));
}

static void kernel_copies(long arg)
{
	size_t page = page_size();
	int id = segment(2 * page), ends[2];
	char *rw = attach(id), *ro = shmat(id, NULL, SHM_RDONLY);
	struct iovec local = { (char[8]){ "remote" }, 8 }, remote = { rw, 8 };

	(void)arg;
	if (pipe(ends) < 0)
		broken("pipe");
	say_result("write into a pipe", write(ends[1], "hello", 6));
	say_result("read into it", read(ends[0], rw + 9, 6));
	say("other attach holds %s", ro + 9);
	say_result("write out of it", write(ends[1], ro + 9, 6));
	say_result("read into a read-only one", read(ends[0], ro, 6));
	say_result("process_vm_writev", process_vm_writev(getpid(), &local, 1,
							  &remote, 1, 0));
	say("holds %s", ro);
	remote.iov_base = ro;
	say_result("into a read-only one", process_vm_writev(getpid(), &local,
							     1, &remote, 1, 0));
}

static void sees_child(void *arg)
{
	volatile int *word = arg;

	*word = 1;
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void futexes(long arg)
{
	int id = segment(page_size());
	int *word = attach(id);
	pid_t pid = start(sees_child, shmat(id, NULL, 0));

	(void)arg;
	while (*(volatile int *)word == 0)
		syscall(SYS_futex, word, FUTEX_WAIT, 0, NULL, NULL, 0);
	say_reaped("child", pid);
}

struct locked {
	pthread_mutex_t mutex;
	long counter;
};

static void count(void *arg)
{
	struct locked *locked = arg;

	for (int i = 0; i < 10000; i++) {
		pthread_mutex_lock(&locked->mutex);
		locked->counter++;
		pthread_mutex_unlock(&locked->mutex);
	}
}

static void mutexes(long arg)
{
	struct locked *locked = shared(sizeof(*locked));
	pthread_mutexattr_t attr;
	pid_t pid[4];

	(void)arg;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&locked->mutex, &attr);
	for (int i = 0; i < 4; i++)
		pid[i] = start(count, locked);
	for (int i = 0; i < 4; i++)
		say_reaped("child", pid[i]);
	say("counted %ld", locked->counter);
}

static void contents_stay(long arg)
{
	size_t page = page_size();
	int id = segment(5 * page);
	char *addr = attach(id);
	long bad = 0;

	(void)arg;
	for (size_t i = 0; i < 5 * page; i++)
		bad += addr[i] != 0;
	say("%ld bytes are not zero", bad);
	memset(addr, 7, 5 * page);
	detach(addr);
	addr = shmat(id, NULL, SHM_RDONLY);
	for (size_t i = 0; i < 5 * page; i++)
		bad += addr[i] != 7;
	say("%ld bytes are lost", bad);
}

static void many_attaches(long count)
{
	int id = segment(page_size());
	char *last = NULL;

	for (long i = 0; i < count; i++) {
		char *addr = attach(id);

		if (last && *last != (char)i)
			say("wrong: attach %ld holds %d", i, *last);
		*addr = (char)(i + 1);
		last = addr;
	}
	say("nattch %ld", nattch(id));
}

static void break_is_kept(long arg)
{
	char *before = sbrk(0);

	(void)arg;
	for (int i = 0; i < 3; i++)
		detach(shared(page_size()));
	say("break moved by %ld", (long)((char *)sbrk(0) - before));
	say_result("sbrk", sbrk(1 << 20) == (void *)-1 ? -1 : 0);
}

static void limited_address_space(long arg)
{
	struct rlimit limit = { 256 << 20, 256 << 20 };
	int big = segment(300 << 20), small = segment(page_size());

	(void)arg;
	setrlimit(RLIMIT_AS, &limit);
	say_result("big", (intptr_t)shmat(big, NULL, 0) == -1 ? -1 : 0);
	say("nattch %ld", nattch(big));
	say_result("small", (intptr_t)shmat(small, NULL, 0) == -1 ? -1 : 0);
	say("nattch %ld", nattch(small));
}

static void exact_place(long arg)
{
	size_t page = page_size();
	int id = segment(2 * page);
	char *room = mmap(NULL, 6 * page, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)arg;
	munmap(room, 6 * page);
	for (int i = 0; i < 3; i++) {
		char *addr = shmat(id, room + 2 * page + 9, SHM_RND);

		say("attached %s", addr == room + 2 * page ? "there" : "?");
		say("mincore %d", mincore(addr, 2 * page,
					  (unsigned char[2]){ 0 }));
		say_result("detach", shmdt(addr));
		say("mincore %d", mincore(addr, 2 * page,
					  (unsigned char[2]){ 0 }));
	}
}

/* What the kernel copies from and to depends on the CPU where memory can only
   be executed. */
static void protections(long arg)
{
	static const int protections[] = {
		PROT_NONE, PROT_READ, PROT_WRITE, PROT_EXEC,
		PROT_READ | PROT_EXEC, PROT_WRITE | PROT_EXEC,
		PROT_READ | PROT_WRITE | PROT_EXEC,
	};
	struct shmid_ds *ds = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int id = segment(page_size());

	(void)arg;
	if (ds == MAP_FAILED)
		broken("mmap");
	shmctl(id, IPC_STAT, ds);
	for (size_t i = 0; i < sizeof(protections) / sizeof(int); i++) {
		mprotect(ds, page_size(), protections[i]);
		say("protection %d", protections[i]);
		say_result("IPC_SET", shmctl(id, IPC_SET, ds));
		say_result("IPC_STAT", shmctl(id, IPC_STAT, ds));
	}
	shmctl(id, IPC_RMID, NULL);
}

static long bind_pages(char *addr, size_t pages, const uint64_t policy[3])
{
	uint64_t nodes[2] = { policy[1], 0 };

	return syscall(SYS_mbind, addr, pages * page_size(), policy[0],
		       policy[2] ? nodes : NULL, policy[2] ? policy[2] : 1, 0);
}

struct key_step {
	unsigned page, pages;
	int prot;
	int key;		/* -1: none; 1: of our own */
};

/* Memory that can only be executed has a key of the kernel's. */
static void keys(long arg)
{
	enum { RW = PROT_READ | PROT_WRITE, X = PROT_EXEC, STEPS = 4 };
	static const struct key_step rows[][STEPS] = {
		{ { 2, 2, RW, 1 }, { 2, 1, RW, -1 } },
		{ { 2, 2, RW, 1 }, { 2, 2, X, -1 }, { 2, 1, RW, -1 } },
		{ { 2, 2, RW, 1 }, { 2, 2, PROT_READ, -1 }, { 2, 1, RW, -1 } },
		{ { 2, 2, X, -1 }, { 2, 1, RW, -1 } },
		{ { 2, 2, X, 0 }, { 1, 1, X, -1 } },
		{ { 2, 2, X, 1 }, { 1, 1, X, -1 } },
		{ { 2, 2, X, -1 }, { 1, 1, X, -1 } },
		{ { 2, 2, X, 0 }, { 2, 1, X, -1 }, { 2, 1, RW, -1 } },
	};
	int key = pkey_alloc(0, 0);

	(void)arg;
	need_linux(6, 8);
	if (key < 0)
		skip("this CPU or kernel has no protection keys");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int id = segment(6 * page_size());
		char *addr = attach(id);

		for (const struct key_step *step = rows[i];
		     step < rows[i] + STEPS && step->pages; step++) {
			char *at = addr + step->page * page_size();
			size_t len = step->pages * page_size();
			int error = step->key < 0 ?
				mprotect(at, len, step->prot) :
				pkey_mprotect(at, len, step->prot,
					      step->key ? key : 0);

			say("%zu: %d, nattch %ld", i, error, nattch(id));
		}
		shmctl(id, IPC_RMID, NULL);
		for (size_t page = 0; page < 6; page++)
			shmdt(addr + page * page_size());
	}
}

/* Neighbours are one mapping again when their policies are equal. */
static void policies(long arg)
{
	enum { STATIC = MPOL_F_STATIC_NODES, RELATIVE = MPOL_F_RELATIVE_NODES,
	       MANY = 5 };
	static const struct {
		const char *name;
		uint64_t one[3], two[3];	/* mode, nodes, maxnode */
	} rows[] = {
		{ "local local", { MPOL_LOCAL }, { MPOL_LOCAL } },
		{ "local preferred", { MPOL_LOCAL }, { MPOL_PREFERRED } },
		{ "preferred-0 default", { MPOL_PREFERRED, 1, 64 },
		  { MPOL_DEFAULT } },
		{ "preferred-0 local", { MPOL_PREFERRED, 1, 64 },
		  { MPOL_LOCAL } },
		{ "preferred-0 preferred-0", { MPOL_PREFERRED, 1, 64 },
		  { MPOL_PREFERRED, 1, 3 } },
		{ "preferred-01 preferred-0", { MPOL_PREFERRED, 3, 64 },
		  { MPOL_PREFERRED, 1, 64 } },
		{ "preferred-0 bind-0", { MPOL_PREFERRED, 1, 64 },
		  { MPOL_BIND, 1, 64 } },
		{ "bind-0 bind-0", { MPOL_BIND, 1, 64 }, { MPOL_BIND, 1, 2 } },
		{ "bind-0 bind-01-of-1", { MPOL_BIND, 1, 64 },
		  { MPOL_BIND, 3, 2 } },
		{ "bind-0 bind-0-and-63", { MPOL_BIND, 1, 64 },
		  { MPOL_BIND, UINT64_C(1) << 62 | 1, 64 } },
		{ "bind-0 static", { MPOL_BIND, 1, 64 },
		  { MPOL_BIND | STATIC, 1, 64 } },
		{ "static static", { MPOL_BIND | STATIC, 1, 64 },
		  { MPOL_BIND | STATIC, 1, 64 } },
		{ "static static-0-and-62", { MPOL_BIND | STATIC, 1, 64 },
		  { MPOL_BIND | STATIC, UINT64_C(1) << 62 | 1, 64 } },
		{ "static relative", { MPOL_BIND | STATIC, 1, 64 },
		  { MPOL_BIND | RELATIVE, 1, 64 } },
		{ "interleave-0 bind-0", { MPOL_INTERLEAVE, 1, 64 },
		  { MPOL_BIND, 1, 64 } },
		{ "many-0 many-0", { MANY, 1, 64 }, { MANY, 1, 64 } },
		{ "local static-local", { MPOL_LOCAL },
		  { MPOL_LOCAL | STATIC } },
		{ "default static-default", { MPOL_LOCAL },
		  { MPOL_DEFAULT | STATIC } },
	};

	(void)arg;
	need_linux(6, 8);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int id = segment(5 * page_size());
		char *addr = attach(id);
		long one = bind_pages(addr + 4 * page_size(), 1, rows[i].one);
		long two = bind_pages(addr + page_size(), 3, rows[i].two);

		say("%s: %ld %ld, nattch %ld", rows[i].name, one, two,
		    nattch(id));
		shmctl(id, IPC_RMID, NULL);
		for (int page = 0; page < 5; page++)
			shmdt(addr + (size_t)page * page_size());
	}
}

/* What the program maps itself is no attachment, whatever its name is. */
static void own_memfd(long arg)
{
	int fd = memfd_create("SYSV00000000", MFD_CLOEXEC), id;
	const char *mine;

	(void)arg;
	if (fd < 0 || ftruncate(fd, (off_t)page_size()) < 0)
		broken("memfd_create");
	mine = mmap(NULL, page_size(), PROT_READ, MAP_SHARED, fd, 0);
	id = segment(page_size());
	attach(id);
	say("nattch %ld, %d", nattch(id), mine[0]);
	say("%s", round_trip());
}

static void mapped_again(long arg)
{
	int id = segment(page_size()), fd;
	char *addr = attach(id), path[80], *again;

	(void)arg;
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx",
		 (unsigned long)addr,
		 (unsigned long)addr + (unsigned long)page_size());
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		skip("no right to open files of map_files");
	again = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		     0);
	if (again == MAP_FAILED)
		broken("mmap");
	addr[0] = 5;
	say("nattch %ld, %d", nattch(id), again[0]);
	detach(attach(id));
	detach(addr);
	say("nattch %ld, %d", nattch(id), again[0]);
	say("%s", round_trip());
}

static int misses;

static void *find_room(void *arg)
{
	size_t page = page_size();

	for (int i = 0; i < 50; i++) {
		int large = segment(2 * page), id = segment(page);
		char *room = attach(large), *first, *second;

		detach(room);
		first = shmat(id, room, 0);
		second = shmat(id, room + page, 0);
		if (first != room || second != room + page)
			__atomic_fetch_add(&misses, 1, __ATOMIC_RELAXED);
		shmdt(second);
		shmdt(first);
		shmctl(large, IPC_RMID, NULL);
		shmctl(id, IPC_RMID, NULL);
	}
	return arg;
}

/* Room that a thread has just found and given back is its own for a while. */
static void threads_find_room(long count)
{
	pthread_t threads[16];

	for (long i = 0; i < count; i++)
		pthread_create(&threads[i], NULL, find_room, NULL);
	for (long i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	claim(misses == 0, "another thread took the room %d times", misses);
}

/* Something lies above each attach, so the last page of a segment that
   grows has to move. */
static void growth(long arg)
{
	size_t page = page_size();
	int id = segment(3 * page);
	char *addr = attach(id), *moved;

	(void)arg;
	memset(addr, 7, 3 * page);
	say("in place: %s",
	    mremap(addr + 2 * page, page, 2 * page, 0) == MAP_FAILED ?
		    error_name(errno) :
		    "grown");
	moved = mremap(addr + 2 * page, page, 2 * page, MREMAP_MAYMOVE);
	say("%s, nattch %ld",
	    moved == MAP_FAILED	     ? error_name(errno) :
	    moved == addr + 2 * page ? "grown" :
				       "moved",
	    nattch(id));
	say("contents %d", moved[0]);
	say_result("detach", shmdt(addr));
	say("nattch %ld", nattch(id));
}

const struct test tests[] = {
	{ "memfd_that_is_called_sysv", own_memfd, 0, NATIVE },
	{ "attachment_mapped_again_by_map_files", mapped_again, 0, NATIVE },
	{ "maps_are_as_before_after_attach_and_detach", unchanged, 0, NATIVE },
	{ "other_mappings_stay_while_attached", unchanged_while_attached, 0,
	  NATIVE },
	{ "maps_show_length_protection_and_name", lines, 0, NATIVE },
	{ "maps_show_vmas", vmas, 0, NATIVE },
	{ "faults_carry_their_address", faults, 0, NATIVE },
	{ "sigbus_beyond_the_end", beyond_the_end, 0, NATIVE },
	{ "kernel_copies_in_and_out", kernel_copies, 0, NATIVE },
	{ "shared_futexes", futexes, 0, NATIVE },
	{ "shared_mutexes", mutexes, 0, NATIVE },
	{ "contents_stay_when_detached", contents_stay, 0, NATIVE },
	{ "attach_1000_times", many_attaches, 1000, NATIVE },
	{ "break_is_kept", break_is_kept, 0, NATIVE },
	{ "limited_address_space", limited_address_space, 0, NATIVE },
	{ "room_that_a_thread_found_is_left_to_it", threads_find_room, 8,
	  OURS },
	{ "first_attach_cannot_grow_in_place", growth, 0, NATIVE },
	{ "explicit_address", exact_place, 0, NATIVE },
	{ "arguments_in_memory_of_each_protection", protections, 0, NATIVE },
	{ "code_alone_has_a_key_of_its_own", keys, 0, NATIVE },
	{ "equal_policies_make_one_mapping", policies, 0, NATIVE },
	{ NULL, NULL, 0, NATIVE },
};

// SPDX-License-Identifier: MIT
/*
 * generate.c - random scenarios: good and bad calls, several processes.
 *
 * What a judge may choose freely must not show in the results.  So addresses
 * that the system picks are used only while they are surely mapped, and
 * memory that holds times or process ids is never looked at.  MADV_COLD lets
 * the kernel drop clean pages when it likes.
 */
#include "generate.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/prng.h"

enum { SEGMENTS = 10, PROCESSES = 26, SPAN = 36 };

struct process {
	bool alive;
	bool plain_root;	/* credentials as at the start */
	int group;		/* leader's index: thread group */
	int space;		/* index of who made the address space */
	int vfork_parent;	/* waits for us; -1: nobody */
	bool waits;
	int attach;		/* number of its own a-variable, or -1 */
};

struct generator {
	struct prng random;
	struct avoid avoid;
	struct lines *lines;
	struct process processes[PROCESSES];
	int born;		/* letters used */
	int segments;		/* variables used */
	int attaches;
	int moves;		/* places of do_mremap_away() used */
	int ticks;		/* still allowed */
	bool arena, limits, seals, namespaces, lock_all;
	int who;
};

static uint32_t below(struct generator *g, uint32_t n)
{
	return prng_below(&g->random, n);
}

static bool chance(struct generator *g, uint32_t percent)
{
	return below(g, 100) < percent;
}

#define PICK(g, array) \
	((array)[below(g, sizeof(array) / sizeof((array)[0]))])

static char *next_line(struct lines *lines)
{
	if (lines->count == lines->room) {
		lines->room = lines->room ? 2 * lines->room : 256;
		lines->line = realloc(lines->line, (size_t)lines->room *
							   MAX_LINE);
		if (!lines->line)
			abort();
	}
	return lines->line[lines->count++];
}

/* One step of the acting process. */
static void __attribute__((format(printf, 2, 3)))
step(struct generator *g, const char *format, ...)
{
	char *line = next_line(g->lines);
	int n = snprintf(line, MAX_LINE, "%c: ", 'A' + g->who);
	va_list list;

	va_start(list, format);
	vsnprintf(line + n, (size_t)(MAX_LINE - n), format, list);
	va_end(list);
}

/* Words */

static const char *segment(struct generator *g, char word[16])
{
	static const char *const odd[] = { "-1", "77", "0", "s0+32768",
					   "0x100000000", "0x7fffffff" };

	if (g->segments == 0 || chance(g, 3))
		return PICK(g, odd);
	snprintf(word, 16, "s%u", below(g, g->segments < SEGMENTS ?
			(uint32_t)g->segments : SEGMENTS));
	return word;
}

static const char *place(struct generator *g, char word[24])
{
	static const char *const odd[] = { "TOP", "TOP-2p", "-1p", "hole",
					   "ro", "none", "-1", "1" };
	uint32_t page = below(g, SPAN);

	if (chance(g, 2))
		return PICK(g, odd);
	/* Often where something begins. */
	if (chance(g, 50))
		page &= ~3u;
	if (chance(g, 3))
		snprintf(word, 24, "W+%up+%u", page, 1 + below(g, 4000));
	else
		snprintf(word, 24, "W+%up", page);
	return word;
}

static const char *length(struct generator *g, char word[24])
{
	static const char *const odd[] = { "0", "1", "-1", "64p" };
	uint32_t pages = 1 + below(g, chance(g, 80) ? 4 : 12);

	if (chance(g, 3))
		return PICK(g, odd);
	snprintf(word, 24, chance(g, 4) ? "%up+1" : "%up", pages);
	return word;
}

static const char *pointer(struct generator *g, char word[24])
{
	static const char *const places[] = {
		"buf", "buf", "edge-64", "edge-112", "edge-111", "roedge-64",
		"noneedge-16", "ro", "none", "hole", "TOP", "-1", "0", "-112",
	};

	if (chance(g, 70))
		return PICK(g, places);
	snprintf(word, 24, "W+%up", below(g, SPAN));
	return word;
}

/* The calls */

static void do_shmget(struct generator *g)
{
	static const char *const keys[] = { "PRIVATE", "PRIVATE", "PRIVATE",
		"0x11", "0x12", "0x13", "-1", "0x100000011" };
	static const char *const flags[] = { "CREAT", "CREAT", "CREAT",
		"CREAT|EXCL", "0", "EXCL", "CREAT|NORESERVE",
		"CREAT|0x8001e000" };
	static const char *const modes[] = { "0600", "0600", "0600", "0666",
		"0777", "0640", "0060", "0006", "0400", "0200", "0", "0077" };
	static const char *const sizes[] = { "0", "1", "1p-1", "1p+1", "4p+7",
		"-1", "0x8000000000000000", "0x4000000000000" };
	char size[16];

	const char *mode = PICK(g, modes);

	/* root may always, and nobody else with a mode of 0 */
	if (g->avoid.root && chance(g, 70))
		mode = "0600";
	snprintf(size, sizeof(size), "%up", 1 + below(g, 8));
	step(g, "s%d = shmget %s %s %s|%s", g->segments % SEGMENTS,
	     PICK(g, keys), chance(g, 15) ? PICK(g, sizes) : size,
	     PICK(g, flags), mode);
	g->segments++;
}

static void do_attach_anywhere(struct generator *g)
{
	struct process *self = &g->processes[g->who];
	char id[16];

	if (g->arena || g->attaches >= 20 || self->attach >= 0) {
		step(g, "shmat %s 0 REMAP", segment(g, id));
		return;
	}
	self->attach = g->attaches++;
	step(g, "a%d = shmat %s 0 %s", self->attach, segment(g, id),
	     chance(g, 20) ? "RDONLY" : "RND");
}

static void do_shmat(struct generator *g)
{
	static const char *const flags[] = { "REMAP", "REMAP", "REMAP",
		"REMAP", "REMAP|RDONLY", "0", "0", "RND", "RND|REMAP",
		"RDONLY", "REMAP|EXEC", "REMAP|0xfff", "REMAP|CREAT" };
	char id[16], at[24];

	if (chance(g, 12))
		do_attach_anywhere(g);
	else
		step(g, "shmat %s %s %s", segment(g, id), place(g, at),
		     PICK(g, flags));
}

/* An address that the system chose is nobody's business any more once it is
   free: another judge may give it out again or not. */
static bool use_attach(struct generator *g)
{
	static const char *const uses[] = { "shmdt a%d", "shmdt a%d",
		"get a%d", "put a%d 5", "maps a%d 1p", "mprotect a%d 1p R",
		"mprotect a%d 1p RW", "mlock a%d 1p",
		"madvise a%d 1p DONTFORK" };
	enum { UNCHANGED = 5, ALL = sizeof(uses) / sizeof(uses[0]) };
	struct process *self = &g->processes[g->who];
	int attach = self->attach;
	uint32_t which = below(g, g->avoid.changed ? UNCHANGED : ALL);
	char text[64];

	if (attach < 0)
		return false;
	if (which < 2)
		self->attach = -1;
	snprintf(text, sizeof(text), "%.*s%d%s",
		 (int)(strchr(uses[which], '%') - uses[which]), uses[which],
		 attach, strchr(uses[which], '%') + 2);
	step(g, "%s", text);
	return true;
}

static void do_shmdt(struct generator *g)
{
	char at[24];

	if (!chance(g, 15) || !use_attach(g))
		step(g, "shmdt %s", place(g, at));
}

static void do_shmctl(struct generator *g)
{
	static const char *const commands[] = { "IPC_STAT", "IPC_STAT",
		"IPC_SET", "IPC_INFO", "SHM_INFO", "SHM_STAT",
		"SHM_STAT_ANY", "4", "-1", "IPC_64|IPC_STAT", "17" };
	char id[16], at[24];
	const char *command = PICK(g, commands);

	step(g, "shmctl %s %s %s", segment(g, id), command, pointer(g, at));
}

static void do_remove(struct generator *g)
{
	char id[16];

	step(g, "shmctl %s IPC_RMID %s", segment(g, id),
	     chance(g, 90) ? "0" : "hole");
}

static void do_lock(struct generator *g)
{
	char id[16];

	step(g, "shmctl %s %s 0", segment(g, id),
	     chance(g, 60) ? "SHM_LOCK" : "SHM_UNLOCK");
}

static void do_stat(struct generator *g)
{
	char id[16];

	if (chance(g, 60))
		step(g, "stat %s", segment(g, id));
	else if (chance(g, 30))
		step(g, "row %s", segment(g, id));
	else if (chance(g, 50))
		step(g, "stat_index %u", below(g, 12));
	else
		step(g, "stat_any %s", segment(g, id));
}

static void do_info(struct generator *g)
{
	step(g, chance(g, 70) ? "shm_info" : "ipc_info");
}

static void do_set(struct generator *g)
{
	static const char *const users[] = { "0", "0", "65534", "5", "-1" };
	static const char *const modes[] = { "0600", "0666", "07777", "0",
		"0040", "0604", "01777" };
	char id[16];

	step(g, "set %s %s %s %s", segment(g, id), PICK(g, users),
	     PICK(g, users), PICK(g, modes));
}

static void do_munmap(struct generator *g)
{
	char at[24], len[24];

	step(g, "munmap %s %s", place(g, at), length(g, len));
}

static void do_mmap(struct generator *g)
{
	static const char *const prots[] = { "NONE", "R", "RW" };
	char at[24], len[24];

	snprintf(at, sizeof(at), "W+%up", below(g, SPAN));
	step(g, "mmap %s %s %s %s", at, length(g, len), PICK(g, prots),
	     chance(g, 80) ? "FIXED" : "NOREPLACE");
}

static void do_mprotect(struct generator *g)
{
	static const char *const prots[] = { "R", "R", "R", "RW", "RW", "RW",
		"NONE", "RX", "RWX", "WO", "X", "0x80" };
	char at[24], len[24];

	step(g, "mprotect %s %s %s", place(g, at), length(g, len),
	     PICK(g, prots));
}

/* Nothing that fails behind a half of it, no move of several mappings, and
   moved to where no other VMA of the segment can be beside it. */
static void do_mremap_away(struct generator *g)
{
	enum { FREE = 46, EACH = 3, WINDOW = 64 };
	uint32_t from = chance(g, 20) ? FREE + below(g, WINDOW - FREE) :
					below(g, SPAN);
	uint32_t to = FREE + EACH * (uint32_t)g->moves;
	uint32_t new = 1 + below(g, EACH - 1);

	if (to + EACH > WINDOW || chance(g, 40)) {
		step(g, "mremap W+%up %up %up 0 W", from, 1 + below(g, 5),
		     1 + below(g, 5));
		return;
	}
	g->moves++;
	step(g, "mremap W+%up %up %up MAYMOVE|TO W+%up", from,
	     chance(g, 20) ? 0 : 1, new, to);
}

static void do_mremap(struct generator *g)
{
	static const char *const flags[] = { "MAYMOVE|TO", "MAYMOVE|TO",
		"MAYMOVE|TO", "MAYMOVE|TO|DONTUNMAP", "0", "0", "0",
		"TO", "DONTUNMAP", "0x80" };
	char at[24], to[24], old[24] = "2p", new[24];

	if (g->avoid.changed) {
		do_mremap_away(g);
		return;
	}
	length(g, old);
	if (chance(g, 8))
		strcpy(old, "0");
	if (chance(g, 50) && strcmp(old, "0") != 0)
		strcpy(new, old);
	else
		snprintf(new, sizeof(new), "%up", 1 + below(g, 8));
	snprintf(at, sizeof(at), "W+%up", below(g, SPAN));
	snprintf(to, sizeof(to), "W+%up", below(g, SPAN));
	step(g, "mremap %s %s %s %s %s", at, old, new, PICK(g, flags), to);
}

static void do_madvise(struct generator *g)
{
	static const char *const advice[] = { "DONTFORK", "DONTFORK", "DOFORK",
		"DOFORK", "DONTDUMP", "DODUMP", "RANDOM", "SEQUENTIAL",
		"NORMAL", "NORMAL", "HUGEPAGE", "NOHUGEPAGE", "DONTNEED",
		"REMOVE", "WILLNEED", "MERGEABLE", "UNMERGEABLE",
		"KEEPONFORK", "WIPEONFORK", "FREE", "POPULATE_READ",
		"POPULATE_WRITE", "77" };
	char at[24], len[24];

	step(g, "madvise %s %s %s", place(g, at), length(g, len),
	     PICK(g, advice));
}

static void do_mlock(struct generator *g)
{
	char at[24], len[24];

	if (chance(g, 20))
		step(g, "mlock2 %s %s %s", place(g, at), length(g, len),
		     chance(g, 80) ? "ONFAULT" : "2");
	else if (below(g, 2))
		step(g, "mlock %s %s", place(g, at), length(g, len));
	else
		step(g, "munlock %s %s", place(g, at), length(g, len));
}

static void do_mlockall(struct generator *g)
{
	if (!g->lock_all)
		return;
	if (chance(g, 40))
		step(g, "munlockall");
	else if (chance(g, 70))
		step(g, "mlockall MCL_CURRENT%s",
		     chance(g, 30) ? "|MCL_ONFAULT" : "");
	else
		step(g, "mlockall MCL_FUTURE");
}

static void do_mbind(struct generator *g)
{
	static const char *const modes[] = { "MPOL_DEFAULT", "MPOL_BIND",
		"MPOL_LOCAL", "MPOL_PREFERRED" };
	char at[24], len[24];

	step(g, "mbind %s %s %s", place(g, at), length(g, len),
	     PICK(g, modes));
}

static void do_mseal(struct generator *g)
{
	char at[24], len[24];

	if (g->seals)
		step(g, "mseal %s %s", place(g, at), length(g, len));
}

static void do_remap_file_pages(struct generator *g)
{
	char at[24], len[24];

	step(g, "remap_file_pages %s %s %u", place(g, at), length(g, len),
	     below(g, 8));
}

static void do_access(struct generator *g)
{
	uint32_t page = below(g, SPAN);

	if (chance(g, 50))
		step(g, "get W+%up", page);
	else if (chance(g, 80))
		step(g, "put W+%up %u", page, below(g, 256));
	else
		step(g, "fill W+%up %up %u", page, 1 + below(g, 3),
		     below(g, 256));
}

static void do_maps(struct generator *g)
{
	step(g, "maps W 64p");
}

/* Lives */

static bool has_waiter(const struct generator *g, int group)
{
	for (int i = 0; i < g->born; i++)
		if (g->processes[i].alive && g->processes[i].group == group &&
		    g->processes[i].waits)
			return true;
	return false;
}

static void end_task(struct generator *g, int i)
{
	struct process *task = &g->processes[i];

	task->alive = false;
	if (task->vfork_parent >= 0)
		g->processes[task->vfork_parent].waits = false;
}

static void end_group(struct generator *g, int group, int except)
{
	for (int i = 0; i < g->born; i++)
		if (i != except && g->processes[i].alive &&
		    g->processes[i].group == group)
			end_task(g, i);
}

static bool shares_space(const struct generator *g, int who)
{
	for (int i = 0; i < g->born; i++)
		if (i != who && g->processes[i].alive &&
		    g->processes[i].group != g->processes[who].group &&
		    g->processes[i].space == g->processes[who].space)
			return true;
	return false;
}

static struct process *bear(struct generator *g, const char *how)
{
	struct process *parent = &g->processes[g->who];
	struct process *child = &g->processes[g->born];

	step(g, "%s %c", how, 'A' + g->born);
	*child = *parent;
	child->alive = true;
	child->attach = -1;
	child->vfork_parent = -1;
	child->waits = false;
	child->group = g->born++;
	return child;
}

static void do_birth(struct generator *g)
{
	uint32_t kind = below(g, 10);
	struct process *child;

	if (g->born >= PROCESSES - 4)	/* W is the window */
		return;
	if (kind < 5) {
		child = bear(g, "fork");
		child->space = g->born - 1;
	} else if (kind < 7) {
		bear(g, "share");
	} else if (kind < 8) {
		child = bear(g, "vfork");
		child->vfork_parent = g->who;
		g->processes[g->who].waits = true;
	} else if (!shares_space(g, g->who)) {
		child = bear(g, "thread");
		child->group = g->processes[g->who].group;
	}
}

static void do_exec(struct generator *g)
{
	struct process *self = &g->processes[g->who];
	int group = self->group;

	if (chance(g, 15)) {
		step(g, "exec missing");
		return;
	}
	/* A stays to the end: somebody has to. */
	if (has_waiter(g, group) || (group == 0 && g->who != 0))
		return;
	step(g, "exec");
	end_group(g, group, g->who);
	end_task(g, g->who);
	self->alive = true;
	self->vfork_parent = -1;
	self->space = g->who;
	self->attach = -1;
}

static void do_end(struct generator *g)
{
	static const char *const ways[] = { "exit", "exit", "exit nowait",
		"exit pidfd", "exit eof", "kill", "kill nowait", "kill pidfd",
		"kill eof" };
	int group = g->processes[g->who].group;

	if (g->who != group && chance(g, 40)) {
		step(g, "texit");
		end_task(g, g->who);
		return;
	}
	if (group == 0 || has_waiter(g, group))
		return;
	step(g, "%s", PICK(g, ways));
	end_group(g, group, -1);
}

static void do_credentials(struct generator *g)
{
	static const char *const changes[] = { "user 65534 65534",
		"user 65534 65534", "setresuid -1 65534 -1",
		"setresuid -1 0 -1", "setresgid -1 5 -1", "groups 5 65534",
		"groups", "drop CAP_IPC_OWNER", "drop CAP_SYS_ADMIN",
		"drop CAP_IPC_LOCK", "drop CAP_IPC_OWNER|CAP_SYS_ADMIN",
		"setfsgid 5" };

	/* The size of a whole program, against RLIMIT_MEMLOCK, is nothing that
	   judges can agree on. */
	if (g->processes[g->who].group == 0 || g->lock_all)
		return;
	step(g, "%s", PICK(g, changes));
	g->processes[g->who].plain_root = false;
}

static void do_limits(struct generator *g)
{
	static const char *const settings[] = { "shm_next_id 77",
		"shm_next_id 40000", "shm_next_id 3", "shmmni 4",
		"shmmni 4096", "shmall 20", "shmall 18446744073692774399",
		"shmmax 16384", "shmmax 18446744073692774399",
		"shm_rmid_forced 1", "shm_rmid_forced 0", "shmmni 40000",
		"shm_next_id -7", "shm_next_id", "shmmni", "shm_rmid_forced" };

	if (g->limits && g->processes[g->who].plain_root)
		step(g, "sysctl %s", PICK(g, settings));
}

static void do_namespace(struct generator *g)
{
	if (g->namespaces && g->processes[g->who].plain_root && g->who != 0)
		step(g, "newipc");
}

static void do_tick(struct generator *g)
{
	if (g->ticks > 0 && g->ticks--)
		step(g, "tick");
}

static void do_many(struct generator *g)
{
	step(g, "%s %u", chance(g, 70) ? "churn" : "create",
	     1 + below(g, 30));
}

struct kind {
	uint32_t weight;
	void (*emit)(struct generator *g);
};

static const struct kind kinds[] = {
	{ 80, do_shmget }, { 160, do_shmat }, { 80, do_shmdt },
	{ 60, do_stat }, { 20, do_info }, { 25, do_set }, { 30, do_remove },
	{ 20, do_lock }, { 30, do_shmctl }, { 60, do_munmap },
	{ 30, do_mmap }, { 90, do_mremap }, { 60, do_access }, { 40, do_maps },
	{ 60, do_birth }, { 20, do_exec }, { 50, do_end },
	{ 20, do_credentials }, { 25, do_limits }, { 10, do_namespace },
	{ 10, do_tick }, { 5, do_many },
};

/* Those of which an answer has changed. */
static const struct kind changed_kinds[] = {
	{ 90, do_mprotect }, { 60, do_madvise }, { 50, do_mlock },
	{ 5, do_mlockall }, { 15, do_mbind }, { 20, do_mseal },
	{ 30, do_remap_file_pages },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint32_t sum_of(const struct kind *list, size_t count)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += list[i].weight;
	return sum;
}

static bool can_act(const struct generator *g, int i)
{
	return g->processes[i].alive && !g->processes[i].waits;
}

static void choose_who(struct generator *g)
{
	if (chance(g, 25) && can_act(g, 0)) {
		g->who = 0;
		return;
	}
	do
		g->who = (int)below(g, (uint32_t)g->born);
	while (!can_act(g, g->who));
}

static void emit_one(struct generator *g)
{
	uint32_t first = sum_of(kinds, COUNT(kinds));
	uint32_t second = g->avoid.changed ? 0 :
			  sum_of(changed_kinds, COUNT(changed_kinds));
	uint32_t at = below(g, first + second);
	const struct kind *kind = kinds;

	if (at >= first) {
		at -= first;
		kind = changed_kinds;
	}
	while (at >= kind->weight)
		at -= kind++->weight;
	kind->emit(g);
}

/* Differences should show soon after they arise. */
static void look(struct generator *g)
{
	choose_who(g);
	if (chance(g, 30))
		do_maps(g);
	if (chance(g, 40) && g->segments > 0)
		do_stat(g);
}

int generate_uses_arena(uint64_t seed)
{
	return seed & 1;
}

void generate(uint64_t seed, int ops, const struct avoid *avoid,
	      struct lines *lines)
{
	struct generator g = { .lines = lines, .avoid = *avoid, .born = 1 };

	prng_seed(&g.random, seed);
	for (int i = 0; i < 8; i++)
		below(&g, 2);
	g.processes[0] = (struct process){ .alive = true,
					   .plain_root = !avoid->root,
					   .vfork_parent = -1, .attach = -1 };
	g.arena = generate_uses_arena(seed);
	g.limits = chance(&g, 15);
	g.seals = chance(&g, 8);
	g.lock_all = chance(&g, 20) && !avoid->root;
	g.namespaces = chance(&g, 10);
	g.ticks = chance(&g, 10) ? 2 : 0;
	while (lines->count < ops) {
		choose_who(&g);
		emit_one(&g);
		look(&g);
	}
	for (int i = 0; i < SEGMENTS && i < g.segments; i++) {
		g.who = 0;
		if (can_act(&g, 0))
			step(&g, "stat s%d", i);
	}
}

void lines_free(struct lines *lines)
{
	free(lines->line);
	lines->line = NULL;
	lines->count = lines->room = 0;
}

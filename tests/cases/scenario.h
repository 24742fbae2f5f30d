// SPDX-License-Identifier: MIT
/*
 * scenario.h - a case as text, the engines that can run it, and what an
 * engine answers to one step.
 */
#ifndef SCENARIO_H
#define SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/shm.h>
#include <sys/types.h>

enum {
	MAX_ARGS = 16,		/* words after the verb */
	MAX_PROCESSES = 26,	/* A..Z */
	MAX_TEXT = 2048,	/* one outcome as text */
	WINDOW_PAGES = 64,	/* reserved at W, PROT_NONE */
	GROUNDS_PAGE = 256,	/* first page of the pointers' grounds */
};

/* What a step asks of the engine. */
enum op {
	OP_SYS,		/* raw system call nr(args) */
	OP_STAT,	/* args: id, IPC_STAT / SHM_STAT / SHM_STAT_ANY */
	OP_SET,		/* args: id, uid, gid, mode */
	OP_ROW,		/* args: id; its row of /proc/sysvipc/shm */
	OP_INFO,	/* args: IPC_INFO / SHM_INFO */
	OP_GET,		/* args: addr; a byte, or the signal */
	OP_PUT,		/* args: addr, byte */
	OP_FILL,	/* args: addr, len, byte */
	OP_MAPS,	/* args: addr, len; reply.text */
	OP_FORK,	/* args: index of the new process; each in its way */
	OP_SHARE,
	OP_VFORK,
	OP_THREAD,
	OP_EXIT,	/* args: enum notice */
	OP_TEXIT,	/* the calling thread alone */
	OP_KILL,	/* args: enum notice */
	OP_EXEC,	/* args: 0, or 1 for a file that is not there */
	OP_WAIT,	/* args: pid, options; for the engine itself */
	OP_USER,	/* args: uid, gid: all ids, no supplementary group */
	OP_GROUPS,	/* args: count, groups ... */
	OP_DROP,	/* args: capabilities to take from the effective set */
	OP_RLIMIT,	/* args: resource, soft limit */
	OP_SYSCTL,	/* args: which; has_value, value */
	OP_CREATE,	/* args: count, stay: segments of a byte; the last id */
	OP_NEWIPC,	/* unshare(CLONE_NEWIPC) */
	OP_TICK,	/* wait for the next second */
	OP_NOTHING,
};

/* How the death of a process is noticed. */
enum notice { BY_WAIT, BY_NOWAIT, BY_PIDFD, BY_EOF };

/* Results beyond value and -errno. */
enum {
	GOT_SEGV = -5001,	/* the access raised it */
	GOT_BUS = -5002,
	GOT_SKIP = -5003,	/* the engine cannot do this; reply.text */
	GOT_LOST = -5004,	/* no answer; reply.text says what happened */
	GOT_NOBODY = -5005,	/* the process is not there, or waits */
};

struct request {
	enum op op;
	int64_t nr;
	uint64_t args[8];
};

/* Fields of an outcome, named in names.c. */
enum field {
	F_KEY, F_UID, F_GID, F_CUID, F_CGID, F_MODE, F_SEQ, F_SEGSZ,
	F_ATIME, F_DTIME, F_CTIME, F_CPID, F_LPID, F_NATTCH,
	F_SHMMAX, F_SHMMIN, F_SHMMNI, F_SHMSEG, F_SHMALL,
	F_USED, F_TOT, F_RSS, F_SWP,
	FIELDS
};

struct reply {
	int64_t result;
	uint64_t has;			/* bit per field */
	uint64_t fields[FIELDS];
	char text[MAX_TEXT];
};

/* The window can lie where the system puts attachments: the first process
   tries one at the start.  For equal ids on all judges it can be tried and
   not be used. */
enum arena { ARENA_NO, ARENA_TRY, ARENA_USE };

/* Where everything is; the same in all processes of a case. */
struct layout {
	uint64_t page;
	uint64_t window;	/* W */
	uint64_t grounds;	/* W + GROUNDS_PAGE pages */
	uint64_t top;		/* first address that cannot be mapped */
	uint64_t memory;	/* bytes of memory and swap */
	enum arena arena;
};
extern struct layout layout;
void layout_move(uint64_t window);
void layout_init(void);	/* what is still 0 */

/* One judge.  Processes are 0 (A) to 25 (Z); A exists after begin. */
struct engine {
	/* A fresh namespace with one process.  0, or -1 after a message. */
	int (*begin)(void);
	void (*end)(void);
	void (*perform)(int process, const struct request *request,
			struct reply *reply);
	int64_t (*now)(void);		/* seconds */
	int (*process_of)(int64_t pid);	/* -1: none of ours */
	int64_t (*uid)(void);		/* of A at the start: ME */
	int64_t (*gid)(void);
	/* Why this cannot be had here, or NULL. */
	const char *(*lacks)(const char *need);
};
/* How long a step may take; a minute for a case by default. */
int deadline_ms(void);
extern const struct engine engine_sys;
extern const struct engine engine_emul;

/* worker.c: a process of a case; driven through a SOCK_SEQPACKET socket. */
_Noreturn void worker_start(int control);
_Noreturn void worker_restart(const char *argument);	/* after an exec */

enum shape { SHAPE_VALUE, SHAPE_FIELDS, SHAPE_TEXT };

struct verb {
	const char *name;
	enum op op;
	long nr;			/* OP_SYS */
	int least, most;		/* arguments */
	enum shape shape;
	const char *args, *help;	/* for --help */
};

struct step {
	int line;
	char *text;			/* as written, for messages */
	int process;
	const char *var;		/* takes the result; NULL: none */
	const struct verb *verb;
	int nargs;
	char *args[MAX_ARGS];
	const char *expected;		/* after ->; NULL: must succeed */
	char *storage;
};

struct scenario {
	const char *file;
	int line;
	char *name;
	int nneeds;
	char *needs[MAX_ARGS];
	int nsteps;
	struct step *steps;
	char *storage;
};

/* parse.c: all cases of a file; exits after a message when it is wrong. */
struct scenario *parse_file(const char *file, int *count);
void scenarios_free(struct scenario *list, int count);

/* names.c */
struct name {
	const char *name;
	int64_t value;
};
const struct verb *verb_find(const char *name);
void verbs_print(void);				/* for --help */
bool constant_find(const char *name, size_t len, int64_t *value);
const char *result_name(int64_t result);	/* NULL: a plain number */
bool result_find(const char *name, int64_t *result);
const char *field_name(enum field field);
int field_find(const char *name, size_t len);	/* -1: none */
const char *sysctl_name(unsigned which);	/* NULL: no more */

/* run.c */
enum verdict { PASSED, FAILED, SKIPPED };
enum verdict scenario_run(const struct scenario *scenario,
			  const struct engine *engine, const char *judge,
			  bool print);

/* fields.c */
void field_set(struct reply *reply, enum field field, uint64_t value);
void fields_of_segment(struct reply *reply, const struct shmid_ds *ds);
void fields_of_limits(struct reply *reply, const struct shminfo *limits);
void fields_of_usage(struct reply *reply, const struct shm_info *usage);
/* The buffer of IPC_SET. */
void segment_for_set(struct shmid_ds *ds, const struct request *request);

/* row.c */
void row_find(const char *table, int64_t id, struct reply *reply);

/* shape.c: what is attached in a range, as one word. */
struct vma {
	uint64_t start, end, offset;
	int prot;
};
void shape_add(char *text, struct vma *last, const struct vma *vma);
void shape_flush(char *text, struct vma *last);

#endif

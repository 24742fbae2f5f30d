// SPDX-License-Identifier: MIT
/* test_names.c - users, groups and processes as namespaces call them. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

/* In this task's namespaces everything is called 1000 less. */
enum { SHIFT = 1000 };

static struct shmid_ds buffer;

static sysret_t create_pages(void *host, const struct emul_pages_request *ask)
{
	(void)host;
	(void)ask;
	return 0;
}

static void destroy_pages(void *host, int64_t pages)
{
	(void)host;
	(void)pages;
}

static void no_usage(void *host, int64_t pages, struct emul_usage *usage)
{
	(void)host;
	(void)pages;
	(void)usage;
}

static sysret_t read_buffer(void *t, uint64_t addr, void *buf, size_t len)
{
	(void)t;
	(void)addr;
	memcpy(buf, &buffer, len);
	return 0;
}

static sysret_t write_buffer(void *t, uint64_t addr, const void *buf,
			     size_t len)
{
	(void)t;
	(void)addr;
	memcpy(&buffer, buf, len);
	return 0;
}

static int32_t pid_less(void *t, int32_t pid)
{
	(void)t;
	return pid > SHIFT ? pid - SHIFT : 0;
}

static uint32_t id_less(void *t, bool group, uint32_t uid)
{
	(void)t;
	return uid >= SHIFT ? uid - SHIFT - group : 65534;
}

static uint32_t id_more(void *t, bool group, uint32_t uid)
{
	(void)t;
	return uid < SHIFT ? uid + SHIFT + group : UINT32_MAX;
}

static const struct emul_host foreign = {
	.pages_create = create_pages,
	.pages_destroy = destroy_pages,
	.pages_usage = no_usage,
	.read = read_buffer,
	.write = write_buffer,
	.pid_to_task = pid_less,
	.id_to_task = id_less,
	.id_from_task = id_more,
};

static struct emul *emul;
static struct emul_caller caller;

static void enter(uint32_t uid)
{
	static struct emul_cred cred;
	struct emul_config config = fake_default_config();

	emul = emul_new(&foreign, NULL, &config);
	cred = (struct emul_cred){
		.uid = uid, .euid = uid, .egid = uid, .fsgid = uid,
	};
	caller = (struct emul_caller){
		.task = &caller,
		.ns = emul_ns_new(emul),
		.mm = emul_mm_new(emul),
		.cred = &cred,
		.pid = 1007,
		.creator = 1,
		.now = 1,
	};
}

static void leave(void)
{
	emul_mm_drop(&caller);
	emul_ns_put(caller.ns);
	emul_free(emul);
}

START_TEST(stat_shows_what_the_caller_calls_them)
{
	enter(1001);
	expect(emul_shmget(&caller, 0, 1, 0600), 0);
	expect(emul_shmctl(&caller, 0, IPC_STAT, 0), 0);
	ck_assert_uint_eq(buffer.shm_perm.uid, 1);
	ck_assert_uint_eq(buffer.shm_perm.cuid, 1);
	ck_assert_uint_eq(buffer.shm_perm.gid, 0);
	ck_assert_uint_eq(buffer.shm_perm.cgid, 0);
	ck_assert_int_eq(buffer.shm_cpid, 7);
	ck_assert_int_eq(buffer.shm_lpid, 0);
	leave();
}
END_TEST

START_TEST(set_means_what_the_caller_means)
{
	enter(1001);
	emul_shmget(&caller, 0, 1, 0600);
	buffer = (struct shmid_ds){ .shm_perm = { .uid = 5, .gid = 6 } };
	expect(emul_shmctl(&caller, 0, IPC_SET, 0), 0);
	caller.task = NULL;
	buffer.shm_perm.uid = 1000;	/* not known there */
	expect(emul_shmctl(&caller, 0, IPC_SET, 0), -EINVAL);
	leave();
}
END_TEST

START_TEST(the_table_shows_what_its_reader_calls_them)
{
	char text[512], row[64];

	enter(1001);
	emul_shmget(&caller, 0, 1, 0600);
	emul_sysvipc(caller.ns, &caller, text, sizeof text);
	snprintf(row, sizeof row, " %5d %5d  %5d %5d %5d %5d %5d ", 7, 0, 0,
		 1, 0, 1, 0);
	ck_assert_ptr_nonnull(strstr(text, row));
	emul_sysvipc(caller.ns, NULL, text, sizeof text);
	snprintf(row, sizeof row, " %5d %5d  %5d %5d %5d %5d %5d ", 1007, 0, 0,
		 1001, 1001, 1001, 1001);
	ck_assert_ptr_nonnull(strstr(text, row));
	leave();
}
END_TEST

START_TEST(segments_tell_of_their_processes)
{
	enter(1001);
	ck_assert(!emul_ns_mentions_pid(caller.ns, 1007));
	emul_shmget(&caller, 0, 1, 0600);
	ck_assert(emul_ns_mentions_pid(caller.ns, 1007));
	ck_assert(!emul_ns_mentions_pid(caller.ns, 1008));
	emul_shmctl(&caller, 0, IPC_RMID, 0);
	ck_assert(!emul_ns_mentions_pid(caller.ns, 1007));
	leave();
}
END_TEST

START_TEST(a_second_reference_is_known)
{
	enter(1001);
	ck_assert(!emul_ns_is_shared(caller.ns));
	emul_ns_get(caller.ns);
	ck_assert(emul_ns_is_shared(caller.ns));
	emul_ns_put(caller.ns);
	ck_assert(!emul_ns_is_shared(caller.ns));
	leave();
}
END_TEST

Suite *suite_names(void)
{
	Suite *suite = suite_create("names");
	TCase *t = machine_case(suite, "names");

	tcase_add_test(t, stat_shows_what_the_caller_calls_them);
	tcase_add_test(t, set_means_what_the_caller_means);
	tcase_add_test(t, the_table_shows_what_its_reader_calls_them);
	tcase_add_test(t, segments_tell_of_their_processes);
	tcase_add_test(t, a_second_reference_is_known);
	return suite;
}

// SPDX-License-Identifier: MIT
/* test_tree.c - the tree of VMAs against a plain array. */
#include "tests/unit/unit.h"

#include <stdlib.h>

enum { SLOTS = 400, PAGE = 4096 };

static struct vma all[SLOTS];
static bool in[SLOTS];

static uint64_t random_below(uint64_t *state, uint64_t limit)
{
	*state = *state * UINT64_C(6364136223846793005) + 1;
	return (*state >> 33) % limit;
}

/* The highest hole, looked for page by page. */
static uint64_t slow_fit(uint64_t low, uint64_t high, uint64_t len)
{
	uint64_t addr = high, run = 0;

	while (addr > low) {
		uint64_t slot = (addr - PAGE) / PAGE / 2;
		bool used = slot < SLOTS && in[slot] &&
			    addr - PAGE < all[slot].end;

		addr -= PAGE;
		run = used ? 0 : run + PAGE;
		if (run == len)
			return addr;
	}
	return 0;
}

/* Slot i may hold a VMA of one or two pages at page 2 * i. */
static struct vma *toggle(struct vma *root, uint64_t slot, uint64_t *seed)
{
	struct vma *vma = &all[slot];

	in[slot] = !in[slot];
	if (!in[slot])
		return tree_remove(root, vma);
	vma->start = slot * 2 * PAGE;
	vma->end = vma->start + PAGE * (1 + random_below(seed, 2));
	return tree_insert(root, vma);
}

START_TEST(tree_agrees_with_an_array)
{
	struct vma *root = NULL;
	uint64_t seed = (uint64_t)_i + 1, addr, low, len;

	for (int step = 0; step < 3000; step++) {
		root = toggle(root, random_below(&seed, SLOTS), &seed);
		addr = random_below(&seed, SLOTS * 2 * PAGE);
		for (uint64_t slot = 0; slot <= SLOTS; slot++) {
			if (slot == SLOTS) {
				ck_assert_ptr_null(tree_after(root, addr));
				ck_assert_ptr_null(tree_at(root, addr));
			} else if (in[slot] && all[slot].end > addr) {
				ck_assert_ptr_eq(tree_after(root, addr),
						 &all[slot]);
				ck_assert_ptr_eq(tree_at(root, addr),
						 all[slot].start <= addr
							 ? &all[slot] : NULL);
				break;
			}
		}
		low = random_below(&seed, SLOTS) * PAGE;
		len = (1 + random_below(&seed, 8)) * PAGE;
		ck_assert_uint_eq(tree_fit(root, low, SLOTS * 2 * PAGE, len),
				  slow_fit(low, SLOTS * 2 * PAGE, len));
	}
}
END_TEST

START_TEST(holes_beyond_16_tebibytes_are_found)
{
	struct vma a = { .start = PAGE, .end = 2 * PAGE };
	struct vma b = { .start = UINT64_C(1) << 46,
			 .end = (UINT64_C(1) << 46) + PAGE };
	struct vma *root = tree_insert(tree_insert(NULL, &a), &b);

	ck_assert_uint_eq(tree_fit(root, PAGE, b.end, UINT64_C(1) << 45),
			  UINT64_C(1) << 45);
	ck_assert_uint_eq(tree_fit(root, PAGE, b.end, b.start), 0);
}
END_TEST

Suite *suite_tree(void)
{
	Suite *suite = suite_create("tree");
	TCase *t = tcase_create("tree");

	suite_add_tcase(suite, t);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, tree_agrees_with_an_array, 0, 3);
	tcase_add_test(t, holes_beyond_16_tebibytes_are_found);
	return suite;
}

// SPDX-License-Identifier: MIT
/*
 * tree.c - the VMAs of an address space, ordered by address.
 *
 * A treap: a search tree by address that is a heap by priority, where the
 * priority is a hash of the node's own address in memory, so that it costs
 * no room.  Each node knows the largest hole between the VMAs of its
 * subtree: the highest hole that fits is found without looking at each VMA.
 */
#include "emul/shm.h"

/* Holes are counted in units of 4 KiB, the smallest page there is; one of
   16 TiB and more counts as UINT32_MAX, "large". */
enum { GAP_SHIFT = 12 };

static uint32_t gap_units(uint64_t len)
{
	uint64_t units = len >> GAP_SHIFT;

	return units > UINT32_MAX ? UINT32_MAX : (uint32_t)units;
}

static uint64_t priority(const struct vma *vma)
{
	uint64_t x = (uint64_t)(uintptr_t)vma;

	x *= UINT64_C(0x9e3779b97f4a7c15);
	x ^= x >> 29;
	return x * UINT64_C(0xbf58476d1ce4e5b9);
}

static const struct vma *first(const struct vma *tree)
{
	while (tree->left)
		tree = tree->left;
	return tree;
}

static const struct vma *last(const struct vma *tree)
{
	while (tree->right)
		tree = tree->right;
	return tree;
}

static uint32_t larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static void update(struct vma *t)
{
	uint32_t gap = 0;

	if (t->left)
		gap = larger(t->left->gap,
			     gap_units(t->start - last(t->left)->end));
	if (t->right) {
		gap = larger(gap, t->right->gap);
		gap = larger(gap, gap_units(first(t->right)->start - t->end));
	}
	t->gap = gap;
}

/* Into what starts below addr, and the rest. */
static void split(struct vma *t, uint64_t addr, struct vma **low,
		  struct vma **high)
{
	if (!t) {
		*low = *high = NULL;
		return;
	}
	if (t->start < addr) {
		*low = t;
		split(t->right, addr, &t->right, high);
	} else {
		*high = t;
		split(t->left, addr, low, &t->left);
	}
	update(t);
}

/* All of low lies below all of high. */
static struct vma *join(struct vma *low, struct vma *high)
{
	struct vma *top;

	if (!low || !high)
		return low ? low : high;
	if (priority(low) > priority(high)) {
		top = low;
		top->right = join(top->right, high);
	} else {
		top = high;
		top->left = join(low, top->left);
	}
	update(top);
	return top;
}

struct vma *tree_insert(struct vma *root, struct vma *vma)
{
	struct vma *low, *high;

	vma->left = vma->right = NULL;
	vma->gap = 0;
	split(root, vma->start, &low, &high);
	return join(join(low, vma), high);
}

struct vma *tree_remove(struct vma *root, struct vma *vma)
{
	if (root == vma)
		return join(root->left, root->right);
	assert(root);
	if (vma->start < root->start)
		root->left = tree_remove(root->left, vma);
	else
		root->right = tree_remove(root->right, vma);
	update(root);
	return root;
}

struct vma *tree_after(struct vma *root, uint64_t addr)
{
	struct vma *found = NULL;

	while (root) {
		if (root->end > addr) {
			found = root;
			root = root->left;
		} else {
			root = root->right;
		}
	}
	return found;
}

struct vma *tree_at(struct vma *root, uint64_t addr)
{
	struct vma *vma = tree_after(root, addr);

	return vma && vma->start <= addr ? vma : NULL;
}

struct vma *tree_find(struct vma *root, uint64_t addr,
		      bool (*test)(const struct vma *, void *), void *arg)
{
	struct vma *found;

	if (!root)
		return NULL;
	if (root->end > addr) {
		found = tree_find(root->left, addr, test, arg);
		if (found)
			return found;
		if (test(root, arg))
			return root;
	}
	return tree_find(root->right, addr, test, arg);
}

static uint64_t distance(uint64_t from, uint64_t to)
{
	return to > from ? to - from : 0;
}

uint64_t tree_fit(const struct vma *t, uint64_t low, uint64_t high,
		  uint64_t len)
{
	uint64_t addr;

	if (distance(low, high) < len)
		return 0;
	if (!t)
		return high - len;
	if (t->gap < gap_units(len) && distance(low, first(t)->start) < len &&
	    distance(last(t)->end, high) < len)
		return 0;
	addr = tree_fit(t->right, low > t->end ? low : t->end, high, len);
	if (addr)
		return addr;
	return tree_fit(t->left, low, high < t->start ? high : t->start, len);
}

// SPDX-License-Identifier: MIT
/*
 * chaos.h - seeded chance for the fault programs.
 *
 * FAULT_SEED and FAULT_ROUNDS in the environment choose the sequence and how
 * long it is; the same seed makes the same choices, if not the same timing.
 */
#ifndef CHAOS_H
#define CHAOS_H

#include <stdint.h>

uint32_t chaos(uint32_t below);
/* A child goes on from its parent's state: makes its choices its own. */
void chaos_branch(uint32_t number);
int chaos_rounds(int usual);
/* Let a random time pass, up to `us` microseconds, without a system call
   that could be a meeting point. */
void chaos_pause(uint32_t us);

#endif

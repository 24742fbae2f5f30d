// SPDX-License-Identifier: MIT
/*
 * config.c - the configuration of this run.
 */
#include "tracer/util/config.h"

struct config config = { .listener = -1 };

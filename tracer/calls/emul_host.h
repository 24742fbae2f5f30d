// SPDX-License-Identifier: MIT
/*
 * emul_host.h - the functions that emul/ calls: memfd pages, mapped into
 * programs.
 */
#ifndef CALLS_EMUL_HOST_H
#define CALLS_EMUL_HOST_H

#include "emul/emul.h"

extern const struct emul_host host;

#endif

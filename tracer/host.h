// SPDX-License-Identifier: MIT
/*
 * host.h - what emul/ asks of the world: memfd pages, mapped into programs.
 */
#ifndef HOST_H
#define HOST_H

#include "emul/emul.h"

extern const struct emul_host host;

#endif

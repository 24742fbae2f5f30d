// SPDX-License-Identifier: MIT
/*
 * option_set.h - sets of calls, as strace writes them.
 */
#ifndef OPTION_SET_H
#define OPTION_SET_H

/* "[!]{NAME|%ipc|all|none}[,...]": JOURNAL_BIT()s.  Exits where it makes no
   sense, with `option`, "--trace", in the message. */
unsigned option_set(const char *option, const char *text);

#endif

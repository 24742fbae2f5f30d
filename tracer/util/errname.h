// SPDX-License-Identifier: MIT
/*
 * errname.h - names of error numbers.
 */
#ifndef UTIL_ERRNAME_H
#define UTIL_ERRNAME_H

/* "ENOENT"; NULL: no such error. */
const char *errname_of(int number);
/* Its number; 0: no such name. */
int errname_number(const char *name);

#endif

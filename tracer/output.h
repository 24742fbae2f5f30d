// SPDX-License-Identifier: MIT
/*
 * output.h - the name of the file that messages go to.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

/* What FILE of -o stands for: %p is the caller's pid, %q{VAR} a variable of
   the environment, %% a per cent sign.  Exits where it makes no sense.  The
   caller frees it. */
char *output_name(const char *pattern);

#endif

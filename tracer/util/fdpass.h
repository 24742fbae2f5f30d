// SPDX-License-Identifier: MIT
/*
 * fdpass.h - messages between our own processes, with a descriptor.
 */
#ifndef UTIL_FDPASS_H
#define UTIL_FDPASS_H

#include <stddef.h>

/* A message of len > 0 bytes over a SOCK_SEQPACKET socket, with a copy of fd
   unless that is -1: 0 or -1. */
int fdpass_send(int socket, const void *data, size_t len, int fd);
/* One of just this length, else -1.  *fd is ours then, or -1: none came. */
int fdpass_receive(int socket, void *data, size_t len, int *fd);

#endif

// SPDX-License-Identifier: MIT
/*
 * fdpass.h - messages with a descriptor, between the processes of shmtrace.
 */
#ifndef UTIL_FDPASS_H
#define UTIL_FDPASS_H

#include <stddef.h>

/* Send a message of len > 0 bytes over a SOCK_SEQPACKET socket, with a copy of
   fd unless fd is -1: 0 or -1. */
int fdpass_send(int socket, const void *data, size_t len, int fd);
/* Receive a message of exactly this length: 0 or -1.  *fd receives the
   descriptor, which the caller closes, or -1 when none came. */
int fdpass_receive(int socket, void *data, size_t len, int *fd);

#endif

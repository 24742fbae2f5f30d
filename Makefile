# shmtrace - System V shared memory, emulated by a tracer.
#
#   make            build/<cpu>/shmtrace
#   make demo       build it and run the main job on real software
#   make check      build and run the tests
#   make lint       layering, warnings of both compilers, static analysis
#   make install    PREFIX=/usr/local DESTDIR=
#   make clean
#
# Knobs: CC, CFLAGS, SAN=1 (ASan+UBSan), LIBUNWIND=no, WERROR=1,
#        COVER=1 (gcov).  `make CC=aarch64-linux-gnu-gcc` cross-builds.

CC	?= gcc
CFLAGS	?= -O2 -g
PREFIX	?= /usr/local
VERSION	:= 0.1

CPU	:= $(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))
VARIANT	:= $(CPU)$(if $(SAN),-san)$(if $(COVER),-cover)
B	:= build/$(VARIANT)

WARN	:= -Wall -Wextra -Wshadow -Wconversion -Wundef -Wvla -Wformat=2 \
	   -Wcast-qual -Wwrite-strings -Wpointer-arith -Wnull-dereference \
	   -Wstrict-prototypes -Wmissing-prototypes -Wimplicit-fallthrough \
	   $(if $(WERROR),-Werror)
SANFLAGS := $(if $(SAN),-fsanitize=address,undefined \
		-fno-sanitize-recover=all -fno-omit-frame-pointer)
COVFLAGS := $(if $(COVER),--coverage)
DEFS	:= -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -DCPU_NAME='"$(CPU)"' -I.
ALL	= -std=c11 $(DEFS) $(WARN) $(SANFLAGS) $(COVFLAGS) $(CFLAGS) -MMD -MP

# libunwind is optional: backtraces go missing without it.
PKGLIB	:= $(if $(filter-out $(shell gcc -dumpmachine 2>/dev/null),\
	   $(shell $(CC) -dumpmachine)),\
	   PKG_CONFIG_LIBDIR=/usr/lib/$(shell $(CC) -dumpmachine)/pkgconfig)
UNWIND	:= $(if $(filter no,$(LIBUNWIND)),,$(shell $(PKGLIB) pkg-config \
	   --libs libunwind-ptrace libunwind-generic 2>/dev/null))
ifneq ($(UNWIND),)
DEFS	+= -DHAVE_LIBUNWIND
endif

EMUL	:= $(patsubst %.c,$B/%.o,$(wildcard emul/*.c))
TRACER	:= $(patsubst %.c,$B/%.o,$(wildcard tracer/*.c))
ARCH	:= $B/arch/$(CPU).o

all: $B/shmtrace

$B/libemul.a: $(EMUL)
	@rm -f $@
	$(AR) rcs $@ $^

$B/shmtrace: $(TRACER) $(ARCH) $B/libemul.a
	$(CC) $(SANFLAGS) $(COVFLAGS) $(LDFLAGS) -o $@ $^ $(UNWIND)

$B/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL) -c -o $@ $<

include $(wildcard tests/*/rules.mk)

clean:
	rm -rf build

.PHONY: all clean

-include $(shell find build -name '*.d' 2>/dev/null)

# shmtrace - System V shared memory, emulated by a tracer.
#
#   make            build/<cpu>/shmtrace; needs gcc and make, no more
#   make demo       real software without shared memory and under shmtrace
#   make check      build and run the tests, plain and with sanitizers
#   make lint       layering, warnings of both compilers, static analysis
#   make cover      lines of emul/ that neither unit tests nor cases reach
#   make install    PREFIX=/usr/local DESTDIR=
#   make uninstall  the same PREFIX and DESTDIR
#   make clean
#
# Parts of check: check-unit check-arch check-cases check-conform.  Beyond
# it, from tests/<part>/rules.mk: check-fault check-apps check-diff check-ltp
# check-arm64 bench; tests/README.md tells what they do.
#
# Knobs: V=1 (show the commands), CC, CFLAGS, SAN=1 (ASan+UBSan), COVER=1
#        (gcov), WERROR=1, LIBUNWIND=no, SETUP=no (never install packages).
#        `make CC=aarch64-linux-gnu-gcc` cross-builds.

MAKEFLAGS += --no-print-directory

CC	= gcc
CFLAGS	= -O2 -g
PREFIX	= /usr/local
VERSION	:= 0.1

CPU	:= $(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))
B	:= build/$(CPU)$(if $(SAN),-san)$(if $(COVER),-cover)

WARN	:= -Wall -Wextra -Wshadow -Wconversion -Wundef -Wvla -Wformat=2 \
	   -Wcast-qual -Wwrite-strings -Wpointer-arith -Wnull-dereference \
	   -Wstrict-prototypes -Wmissing-prototypes -Wimplicit-fallthrough \
	   $(if $(WERROR),-Werror)
SANFLAGS := $(if $(SAN),-fsanitize=address -fsanitize=undefined \
		-fno-sanitize-recover=all -fno-omit-frame-pointer)
COVFLAGS := $(if $(COVER),--coverage)
MODE	:= $(SANFLAGS) $(COVFLAGS)
DEFS	:= -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -DCPU_NAME='"$(CPU)"' -I.
ALL	= -std=c11 $(DEFS) $(WARN) $(MODE) $(CFLAGS) -MMD -MP

# libunwind is optional: backtraces go missing without it.  A cross build
# must not find the build machine's own.
PKG	:= $(if $(filter-out $(shell uname -m),$(CPU)),PKG_CONFIG_LIBDIR=$\
	   /usr/lib/$(CPU)-linux-gnu/pkgconfig) pkg-config
UNWIND	:= $(if $(filter no,$(LIBUNWIND)),,$(shell $(PKG) --libs \
	   libunwind-ptrace libunwind-generic 2>/dev/null))
DEFS	+= $(if $(UNWIND),-DHAVE_LIBUNWIND)

EMUL	:= $(patsubst %.c,$B/%.o,$(wildcard emul/*.c))
TRACER	:= $(patsubst %.c,$B/%.o,$(wildcard tracer/*.c tracer/*/*.c))
ARCH	:= $(patsubst %.c,$B/%.o,arch/$(CPU).c $(wildcard arch/$(CPU)_*.c))

# A command begins with $(call quiet,WORD,FILE): that is what is printed of it,
# the command itself with V=1, and neither with -s.
SILENT	= $(findstring s,$(filter-out --%,$(firstword -$(MAKEFLAGS))))
quiet	= $(if $(filter-out 0,$(V)),,@$(if $(SILENT),,echo '  $1	$2';))

all: $B/shmtrace

$B/shmtrace: $(TRACER) $(ARCH) $B/libemul.a
	$(call quiet,LD,$@)$(CC) $(MODE) $(LDFLAGS) -o $@ $^ $(UNWIND)

$B/libemul.a: $(EMUL)
	@rm -f $@
	$(call quiet,AR,$@)$(AR) rcs $@ $^

$B/%.o: %.c $B/flags
	@mkdir -p $(@D)
	$(call quiet,CC,$<)$(CC) $(ALL) -c -o $@ $<

# Changes when the compiler or its flags do, so that objects follow.
export BUILT_WITH = $(CC) $(ALL)
$B/flags: FORCE
	@mkdir -p $(@D)
	@echo "$$BUILT_WITH" | cmp -s - $@ || echo "$$BUILT_WITH" >$@

# The parts run in a make of their own: what set-up installs must be found.
PACKAGES := check libunwind-dev pkg-config
PARTS	:= check-unit check-arch check-cases check-conform

setup:
	@$(if $(filter no,$(SETUP)),,tests/setup $(PACKAGES))

check: setup
	@tests/summary $(foreach part,$(PARTS),\
		'$(MAKE) $(part)' '$(MAKE) SAN=1 $(part)')

cover: setup
	rm -f build/$(CPU)-cover/emul/*.gcda
	$(MAKE) COVER=1 check-unit check-cases-emul
	tests/cover build/$(CPU)-cover

include $(wildcard tests/*/rules.mk)

SHARE	= $(DESTDIR)$(PREFIX)/share
PLACES	= $(DESTDIR)$(PREFIX)/bin/shmtrace \
	  $(SHARE)/man/man1/shmtrace.1 \
	  $(SHARE)/bash-completion/completions/shmtrace \
	  $(SHARE)/zsh/site-functions/_shmtrace

install: all
	install -D -m 755 $B/shmtrace $(word 1,$(PLACES))
	install -D -m 644 tracer/shmtrace.1 $(word 2,$(PLACES))
	install -D -m 644 tracer/shmtrace.bash-completion $(word 3,$(PLACES))
	install -D -m 644 tracer/_shmtrace $(word 4,$(PLACES))

uninstall:
	rm -f $(PLACES)

clean:
	rm -rf build

FORCE:
.PHONY: all setup check cover install uninstall clean FORCE

-include $(shell find $B -name '*.d' 2>/dev/null)

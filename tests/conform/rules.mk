# SPDX-License-Identifier: MIT
# tests/conform: ordinary programs, natively and under shmtrace.
#
#   make check-conform       both stop modes; natively first
#   make check-conform CASES='exits jobs/ctrl_z_and_fg'
#   tests/conform/run -h     tells of more

# The programs are never sanitized: they are what shmtrace must not disturb.
CONFORM_FLAGS = $(filter-out $(MODE),$(ALL)) -pthread
CONFORM_KIT	:= $B/tests/conform/kit.o
CONFORM_TOOLS	:= launch deny
CONFORM_TESTS	:= $(filter-out kit $(CONFORM_TOOLS),\
	$(patsubst tests/conform/%.c,%,$(wildcard tests/conform/*.c)))
CONFORM_ALL	:= $(addprefix $B/tests/conform/,$(CONFORM_TESTS) \
	$(CONFORM_TOOLS))

$B/tests/conform/%.o: tests/conform/%.c $B/flags
	@mkdir -p $(@D)
	$(call quiet,CC,$<)$(CC) $(CONFORM_FLAGS) -c -o $@ $<

$(addprefix $B/tests/conform/,$(CONFORM_TESTS)): %: %.o $(CONFORM_KIT)
	$(call quiet,LD,$@)$(CC) -pthread $(LDFLAGS) -o $@ $^

$(addprefix $B/tests/conform/,$(CONFORM_TOOLS)): %: %.o
	$(call quiet,LD,$@)$(CC) $(LDFLAGS) -o $@ $^

build-conform: $(CONFORM_ALL)

check-conform: $B/shmtrace build-conform
	@SHMTRACE=$${SHMTRACE-$B/shmtrace} tests/summary \
		'tests/conform/run -b $B/tests/conform $(CASES)' \
		$(if $(CASES),,'tests/conform/cli -b $B/tests/conform')

.PHONY: build-conform check-conform

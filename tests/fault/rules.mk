# SPDX-License-Identifier: MIT
# tests/fault: things that go wrong at random moments.
#
#   make check-fault                    a fixed seed, both stop modes
#   FAULT_SEED=7 FAULT_ROUNDS=2000 tests/conform/run -b build/x86_64/tests/fault
#       longer, or just PROGRAM/CASE behind it

FAULT_TESTS	:= $(addprefix $B/tests/fault/,$(filter-out chaos,\
	$(patsubst tests/fault/%.c,%,$(wildcard tests/fault/*.c))))

$B/tests/fault/%.o: tests/fault/%.c $B/flags
	@mkdir -p $(@D)
	$(call quiet,CC,$<)$(CC) $(CONFORM_FLAGS) -c -o $@ $<

$(FAULT_TESTS): %: %.o $B/tests/fault/chaos.o $B/tests/conform/kit.o
	$(call quiet,LD,$@)$(CC) -pthread $(LDFLAGS) -o $@ $^

$B/tests/fault/launch $B/tests/fault/deny: $B/tests/fault/%: $B/tests/conform/%
	@mkdir -p $(@D)
	cp $< $@

build-fault: $(FAULT_TESTS) $B/tests/fault/launch $B/tests/fault/deny

check-fault: $B/shmtrace build-fault
	@SHMTRACE=$${SHMTRACE-$B/shmtrace} tests/conform/run \
		-b $B/tests/fault $(CASES)

.PHONY: build-fault check-fault

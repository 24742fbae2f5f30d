# SPDX-License-Identifier: MIT
# tests/bench: times, no pass or fail.
#
#   make bench                      the table, twice: unpinned, on one CPU
#   make bench BENCH='-r 9 attach'  tests/bench/run -h tells what there is
#   make bench-calls                system calls of the tracer per operation
#   make bench-pgbench              PostgreSQL's shared memory from SysV

# Static: exec costs the least.  Never sanitized: it is what is measured.
BENCH_FLAGS = $(filter-out $(MODE),$(ALL)) -pthread
BENCH_OBJ := $(patsubst %,$B/tests/bench/%.o,workload calls procs many)
BENCH_UNDER := $B/tests/bench/under.o $B/tracer/stops/filter.o \
	$B/tracer/stops/filter_range.o $B/tracer/stops/stop.o
BENCH_PROGRAMS := $B/tests/bench/workload $B/tests/bench/under

$B/tests/bench/%.o: tests/bench/%.c $B/flags
	@mkdir -p $(@D)
	$(call quiet,CC,$<)$(CC) $(BENCH_FLAGS) -c -o $@ $<

$B/tests/bench/workload: $(BENCH_OBJ)
	$(call quiet,LD,$@)$(CC) -static -pthread $(LDFLAGS) -o $@ $^

$B/tests/bench/under: $(BENCH_UNDER) $(ARCH)
	$(call quiet,LD,$@)$(CC) $(MODE) $(LDFLAGS) -o $@ $^

build-bench: $B/shmtrace $(BENCH_PROGRAMS)

BENCH_RUN = SHMTRACE=$${SHMTRACE-$B/shmtrace} tests/bench/

bench: build-bench
	@$(BENCH_RUN)run -b $B/tests/bench $(BENCH)

bench-calls: build-bench
	@$(if $(filter no,$(SETUP)),,tests/setup strace)
	@$(BENCH_RUN)calls -b $B/tests/bench $(BENCH)

bench-pgbench: build-bench
	@$(if $(filter no,$(SETUP)),,tests/setup postgresql-15)
	@$(BENCH_RUN)pgbench -b $B/tests/bench $(BENCH)

.PHONY: build-bench bench bench-calls bench-pgbench

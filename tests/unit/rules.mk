# tests/unit: emul/ on a machine of memory (Check).

FAKE	:= $B/tests/unit/fake.o $B/tests/unit/vm.o
UNIT	:= $(patsubst %.c,$B/%.o,$(wildcard tests/unit/test_*.c)) \
	   $B/tests/unit/main.o

OPTIONS	:= $(addprefix $B/tracer/,options.o option_table.o option_report.o \
	   option_set.o output.o)

# Debian 12's static Check needs these; pkg-config may be absent.
CHECK_LIBS = $(or $(shell $(PKG) --libs check 2>/dev/null),\
	   -lcheck -lsubunit -lrt -lm) -pthread

$B/tests/unit/unit: $(UNIT) $(FAKE) $(OPTIONS) \
		   $B/tracer/util/log.o $B/tracer/util/errname.o \
		   $B/tracer/util/proc.o $(addprefix \
		   $B/tracer/report/,call.o calllog.o journal.o) \
		   $B/tracer/report/backtrace.o $B/libemul.a
	$(call quiet,LD,$@)$(CC) $(MODE) $(LDFLAGS) -o $@ $^ $(UNWIND) $(CHECK_LIBS)

check-unit: $B/tests/unit/unit
	$B/tests/unit/unit

.PHONY: check-unit

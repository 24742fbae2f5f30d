#!/bin/sh
# SPDX-License-Identifier: MIT
# One table of expected results, three judges: emul/ on a machine of memory,
# the kernel, and shmtrace in both stop modes; as root also as an ordinary
# user.  usage: check.sh SCENARIO SHMTRACE FILE...
set -u

scenario=$1
shmtrace=$2
shift 2
user=65534
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
out=$work/out
# An ordinary user need not be able to reach the build directory.
chmod 755 "$work" && cp "$scenario" "$work"/scenario &&
	cp "$shmtrace" "$work"/shmtrace || exit 2
scenario=$work/scenario shmtrace=$work/shmtrace
passed=0 failed=0 skipped=0

# Where all is committed that may be, what Linux refuses one case is counted
# for a moment, and refused to another one.
[ "$(cat /proc/sys/vm/overcommit_memory)" != 2 ] || set -- --jobs=1 "$@"

# Reasons to skip are told once, with the number of cases.
judge() {
	name=$1
	shift
	if ! "$scenario" --name="$name" "$@" >"$out" 2>&1; then
		failures=yes
	else
		failures=no
	fi
	grep -v '^SKIP' "$out" | sed '$d'
	sed -n 's/^SKIP [^:]*: \([^(]*\).*/\1/p' "$out" | sort | uniq -c |
		sed 's/^ *\([0-9]*\) /  skipped \1: /'
	summary=$(tail -n 1 "$out")
	echo "$name: $summary"
	# shellcheck disable=SC2086 # the words of the summary
	set -- $summary
	case ${2-} in
	passed,) ;;
	*)	failed=$((failed + 1))
		return ;;
	esac
	passed=$((passed + $1)) failed=$((failed + $3))
	skipped=$((skipped + ${5:-0}))
	if [ $failures = yes ] && [ "$3" = 0 ]; then
		failed=$((failed + 1))
	fi
}

traced() {
	mode=$1
	name=$2
	shift 2
	judge "$name" \
		--under="$shmtrace --seccomp-bpf=$mode --self-check" "$@"
}

judge "emul" --engine=emul "$@"
judge "Linux" "$@"
traced on "shmtrace" "$@"
traced off "shmtrace without seccomp" "$@"
if [ "$(id -u)" = 0 ]; then
	judge "Linux as user $user" --user=$user "$@"
	traced on "shmtrace as user $user" --user=$user "$@"
fi

if [ $skipped = 0 ]; then
	echo "$passed passed, $failed failed"
else
	echo "$passed passed, $failed failed, $skipped skipped"
fi
[ $failed = 0 ]

# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# lib.sh - what the application tests share: steps, deadlines, packages.
#
# A test is a straight line of steps under `set -eu`.  A step has passed when
# the next one begins or the script ends well; the first command that fails
# ends the script and fails the step.  Programs in other languages print the
# same lines, `ok - behaviour` and `not ok - behaviour`, themselves.
#
# From run: APP_MODE (on, off, native), SHMTRACE, APPS (this folder),
# APP_SETUP (which installs packages); the working directory is empty, and
# removed afterwards.

STEP=

step() {
	[ -z "$STEP" ] || echo "ok - $STEP"
	STEP=$1
}

# Ends a script's own steps: programs that print their own lines follow.
no_step() {
	step ''
}

# What a script still has to end when it fails.
cleanup() {
	:
}

leave() {
	cleanup
	if [ "$1" -eq 0 ]; then
		step ''
	elif [ -n "$STEP" ]; then
		echo "not ok - $STEP"
	fi
	exit "$1"
}

begin() {
	trap 'leave $?' EXIT
	export LC_ALL=C
}

fail() {
	echo "# $*" >&2
	return 1
}

# expect WHAT ACTUAL WANTED
expect() {
	[ "$2" = "$3" ] || fail "$1: got '$2', wanted '$3'"
}

# expect_text WHAT ACTUAL PATTERN (of the shell, without the outer stars)
expect_text() {
	# shellcheck disable=SC2254
	case $2 in
	*$3*) ;;
	*) fail "$1: '$3' is not in: $2" ;;
	esac
}

# expect_failure COMMAND...: sets OUTPUT to what it said
expect_failure() {
	if OUTPUT=$("$@" 2>&1); then
		fail "should have failed: $*: $OUTPUT"
	fi
}

# In this shell, for wait.
must_fail() {
	if "$@"; then
		fail "should have failed: $*"
	fi
}

# within SECONDS WHAT COMMAND...: a deadline that says what it waited for
within() {
	within_limit=$1 within_what=$2
	shift 2
	within_status=0
	timeout -k 2 "$within_limit" "$@" || within_status=$?
	case $within_status in
	124 | 137)
		fail "gave up after $within_limit s waiting for $within_what"
		;;
	*) return "$within_status" ;;
	esac
}

# Run a command as the tests' main program: under shmtrace, or natively in a
# fresh IPC namespace, which is what shmtrace has to look like.
traced() {
	case $APP_MODE in
	native) unshare --ipc -- "$@" ;;
	*) "$SHMTRACE" --seccomp-bpf="$APP_MODE" --self-check -- "$@" ;;
	esac
}

# The number of segments in the namespace (SHM_INFO).
segments() {
	LC_ALL=C ipcs -m -u | awk '/segments allocated/ { print $3 }'
}

is_installed() {
	dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null |
		grep -qx installed
}

# need PACKAGE...: install those of Debian's packages that are missing
need() {
	for need_package; do
		is_installed "$need_package" && continue
		[ "${SETUP-}" != no ] || fail "please install: $*" || return
		"$APP_SETUP" "$@"
		return
	done
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo -n "$@"
	fi
}

# PostgreSQL without the cluster, and the running server, that installing it
# brings: both switches are only there meanwhile.
need_postgresql() {
	is_installed postgresql-15 && return
	as_root true 2>/dev/null || { need postgresql-15; return; }
	no_start=/usr/sbin/policy-rc.d
	no_cluster=/etc/postgresql-common/createcluster.d/none.conf
	[ -e "$no_start" ] && no_start=
	[ -z "$no_start" ] || {
		printf '#!/bin/sh\nexit 101\n' | as_root tee "$no_start"
		as_root chmod 755 "$no_start"
	} >/dev/null
	as_root mkdir -p "${no_cluster%/*}"
	echo 'create_main_cluster = false' | as_root tee "$no_cluster" \
		>/dev/null
	need_status=0
	need postgresql-15 || need_status=$?
	# shellcheck disable=SC2086
	as_root rm -f "$no_cluster" $no_start
	as_root rmdir --ignore-fail-on-non-empty "${no_cluster%/*}" \
		2>/dev/null || :
	return "$need_status"
}

# SPDX-License-Identifier: MIT
# tests/vm: other CPUs and other kernels, in guests under software emulation.
#
#   make check-arm64      Debian's arm64 kernels: newest and oldest, with and
#                         without pointer authentication, 1 and 2 CPUs
#   make check-arm64-64k  an arm64 kernel with pages of 64 KiB
#   make check-nosysv     an x86-64 kernel without System V IPC
#
# The last two build their kernel first, about ten minutes of two cores.
# Downloads and kernels are kept below build/vm.

VM	:= tests/vm
VM_PROGRAMS := $(patsubst %.c,$B/%,$(wildcard $(VM)/*.c))

$(VM_PROGRAMS): %: %.o $(ARCH)
	$(call quiet,LD,$@)$(CC) $(MODE) $(LDFLAGS) -o $@ $^

# Everything that a guest runs, built for $(CC).
build-vm: $B/shmtrace $(VM_PROGRAMS) $(CONTRACT) $B/tests/unit/unit \
	$(SCENARIO) build-conform build-fault $(DIFFER)

# ---- arm64 ----

ARM64	:= build/vm/arm64
ARM64_LIB := $(ARM64)/root/usr/lib/aarch64-linux-gnu
ARM64_TOOLS := qemu-system-arm gcc-aarch64-linux-gnu libc6-dev-arm64-cross \
	binutils cpio pkg-config
# What the guest runs, and what is linked for it: libc is the compiler's.
ARM64_PACKAGES := busybox-static bash libtinfo6 diffutils coreutils \
	libunwind8 libunwind-dev liblzma5 liblzma-dev \
	check libsubunit0 libsubunit-dev

ARM64_MAKE = $(MAKE) --no-print-directory CC=aarch64-linux-gnu-gcc SETUP=no \
	CFLAGS='-O2 -g -mbranch-protection=none \
		-isystem $(ARM64)/root/usr/include \
		-isystem $(ARM64)/root/usr/include/aarch64-linux-gnu' \
	LDFLAGS='-L$(ARM64_LIB) -Wl,-rpath-link,$(ARM64_LIB) \
		-Wl,-rpath-link,$(ARM64)/root/lib/aarch64-linux-gnu' \
	PKG='PKG_CONFIG_LIBDIR=$(ARM64_LIB)/pkgconfig pkg-config'

vm-arm64:
	@$(if $(filter no,$(SETUP)),,tests/setup $(ARM64_TOOLS))
	@$(VM)/fetch arm64 $(ARM64) kernel:newest kernel:oldest \
		$(ARM64_PACKAGES)
	$(ARM64_MAKE) build-vm
	@$(VM)/payload build/aarch64 $(ARM64) $(ARM64)/payload.cpio \
		/usr/aarch64-linux-gnu/lib $(ARM64_LIB) \
		$(ARM64)/root/lib/aarch64-linux-gnu

ARM64_BOOT := $(VM)/boot -i $(ARM64)/payload.cpio

# All of it on the newest kernel, in two guests beside each other.
boot-arm64-conform:
	@tests/summary '$(ARM64_BOOT) -e SUITES=arm64,conform arm64 \
		$(ARM64)/kernel-newest'

boot-arm64-full:
	@tests/summary '$(ARM64_BOOT) -e SUITES=arm64,full arm64 \
		$(ARM64)/kernel-newest'

# The oldest kernel, pointer authentication and BTI, and two CPUs, each with
# what it can change.
boot-arm64-oldest:
	@tests/summary '$(ARM64_BOOT) -e SUITES=arm64,short -c cortex-a53 arm64 \
		$(ARM64)/kernel-oldest'

boot-arm64-pauth:
	@tests/summary '$(ARM64_BOOT) -e SUITES=arm64,short \
		-c max,pauth-impdef=on arm64 $(ARM64)/kernel-newest'

boot-arm64-races:
	@tests/summary '$(ARM64_BOOT) -e SUITES=races -s 2 arm64 \
		$(ARM64)/kernel-newest'

BOOTS_ALONGSIDE := conform full oldest pauth

# Two guests with one CPU each take two CPUs; one with two CPUs, which wait for
# each other, takes them by itself.
check-arm64: vm-arm64
	@tests/summary '$(MAKE) -k -j 2 -O \
			$(BOOTS_ALONGSIDE:%=boot-arm64-%)' \
		'$(MAKE) boot-arm64-races'

# ---- kernels of our own ----

KERNEL_TOOLS := linux-source-6.1 flex bison bc libelf-dev libssl-dev xz-utils

check-arm64-64k: vm-arm64
	@$(if $(filter no,$(SETUP)),,tests/setup $(KERNEL_TOOLS))
	@$(VM)/kernel arm64 $(ARM64)/kernel-64k $(VM)/kernel.config \
		$(VM)/kernel-64k.config
	@tests/summary '$(ARM64_BOOT) -e SUITES=arm64,full,conform -m 1536 \
		arm64 $(ARM64)/kernel-64k'

NOSYSV	:= build/vm/nosysv
NOSYSV_TOOLS := qemu-system-x86 binutils cpio
NOSYSV_PACKAGES := busybox-static bash libtinfo6 diffutils coreutils
# tests/apps in the guest: util-linux, perl and PostgreSQL, all that they link
# to, and PAM, which runuser asks.
NOSYSV_PACKAGES += util-linux perl-base postgresql-15 postgresql-client-15 \
	tzdata libc-bin libpam-modules libpam0g libaudit1 libcap-ng0 libcap2 \
	libblkid1 libcom-err2 libcrypt1 libffi8 libgcrypt20 libgmp10 \
	libgnutls30 libgpg-error0 libgssapi-krb5-2 libhogweed6 libicu72 \
	libidn2-0 libk5crypto3 libkeyutils1 libkrb5-3 libkrb5support0 \
	libldap-2.5-0 liblz4-1 liblzma5 libmount1 libncursesw6 libnettle8 \
	libp11-kit0 libpcre2-8-0 libpq5 libreadline8 libsasl2-2 libselinux1 \
	libsmartcols1 libssl3 libstdc++6 libgcc-s1 libsystemd0 libtasn1-6 \
	libudev1 libunistring2 libuuid1 libxml2 libzstd1 zlib1g
NOSYSV_PATHS := sbin/runuser usr/bin/unshare usr/bin/getconf usr/bin/ipcs \
	usr/bin/ipcmk usr/bin/ipcrm usr/bin/lsipc usr/bin/setpriv \
	usr/bin/perl usr/lib/x86_64-linux-gnu/perl-base \
	lib/x86_64-linux-gnu/security/pam_permit.so \
	usr/lib/postgresql/15/lib/plpgsql.so \
	usr/lib/postgresql/15/lib/dict_snowball.so \
	usr/lib/postgresql/15/bin usr/share/postgresql/15 \
	usr/share/zoneinfo/Etc
NOSYSV_LIB = $(addprefix $(NOSYSV)/root/,lib/x86_64-linux-gnu \
	usr/lib/x86_64-linux-gnu)

vm-nosysv: build-vm
	@$(if $(filter no,$(SETUP)),,tests/setup $(NOSYSV_TOOLS))
	@$(VM)/fetch amd64 $(NOSYSV) $(NOSYSV_PACKAGES)
	@$(VM)/payload $(addprefix -p ,$(NOSYSV_PATHS)) $B $(NOSYSV) \
		$(NOSYSV)/payload.cpio /lib/x86_64-linux-gnu \
		/usr/lib/x86_64-linux-gnu $(NOSYSV_LIB)

check-nosysv: vm-nosysv
	@$(if $(filter no,$(SETUP)),,tests/setup $(KERNEL_TOOLS))
	@$(VM)/kernel x86_64 $(NOSYSV)/kernel $(VM)/kernel.config \
		$(VM)/kernel-nosysv.config
	@tests/summary '$(VM)/boot -m 2048 -e SUITES=nosysv,apps \
		-i $(NOSYSV)/payload.cpio x86_64 $(NOSYSV)/kernel'

.PHONY: build-vm vm-arm64 check-arm64 check-arm64-64k vm-nosysv \
	check-nosysv $(patsubst %,boot-arm64-%,$(BOOTS_ALONGSIDE) races)

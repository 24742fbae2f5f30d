# SPDX-License-Identifier: MIT
# perl.pl - perl's shm builtins and IPC::SharedMem in two processes.

use strict;
use warnings;
use Errno qw(EEXIST EINVAL ENOENT);
use IPC::SharedMem;
use IPC::SysV qw(IPC_CREAT IPC_EXCL IPC_PRIVATE IPC_RMID IPC_SET IPC_STAT
		 S_IRUSR S_IWUSR shmat shmdt memread memwrite);

$| = 1;
alarm 60;
my $failed = 0;

sub ok
{
	my ($good, $behaviour) = @_;
	print $good ? 'ok' : 'not ok', " - $behaviour\n";
	$failed = 1 unless $good;
}

# Run code in a child; its exit status.
sub in_child
{
	my ($code) = @_;
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		exit $code->();
	}
	waitpid $pid, 0;
	return $?;
}

sub stat_of
{
	my ($id) = @_;
	shmctl($id, IPC_STAT, my $buffer = '') or return undef;
	# shmid64_ds: perm (48 bytes), segsz, atime, dtime, ctime, pids, nattch
	my ($key, $uid, $gid, $cuid, $cgid, $mode) =
		unpack 'i I I I I S', $buffer;
	my ($segsz) = unpack 'x48 Q', $buffer;
	my ($cpid, $lpid, $nattch) = unpack 'x80 i i Q', $buffer;
	return { key => $key, uid => $uid, mode => $mode, segsz => $segsz,
		 cpid => $cpid, lpid => $lpid, nattch => $nattch };
}

my $key = 0x7065726c;
my $id = shmget($key, 5000, IPC_CREAT | IPC_EXCL | 0640);
ok(defined $id && $id == 0, 'shmget_creates_id_0');
ok(!defined shmget($key, 5000, IPC_CREAT | IPC_EXCL) && $! == EEXIST,
   'shmget_exclusive_of_an_existing_key_is_EEXIST');
ok(!defined shmget($key + 1, 0, 0) && $! == ENOENT,
   'shmget_of_an_unknown_key_is_ENOENT');

ok(shmwrite($id, "written by $$", 4980, 20), 'shmwrite_at_the_end');
my $text;
ok(shmread($id, $text, 4980, 20) && $text eq pack('a20', "written by $$"),
   'shmread_gives_it_back');
ok(in_child(sub {
	my $other = shmget($key, 0, 0);
	my $seen;
	shmread($other, $seen, 4980, 20) or return 1;
	return 2 if $seen ne pack('a20', 'written by ' . getppid);
	return shmwrite($other, 'child was here', 0, 64) ? 0 : 3;
   }) == 0, 'a_child_reads_and_writes_by_key');
ok(shmread($id, $text, 0, 14) && $text eq 'child was here',
   'the_parent_reads_what_the_child_wrote');

my $st = stat_of($id);
ok($st->{key} == $key && $st->{mode} == 0640 && $st->{segsz} == 5000 &&
   $st->{cpid} == $$ && $st->{lpid} == $$ && $st->{nattch} == 0 &&
   $st->{uid} == $>, 'IPC_STAT_fields');
ok(!defined shmctl($id + 1, IPC_STAT, my $none = '') && $! == EINVAL,
   'IPC_STAT_of_an_unknown_id_is_EINVAL');

shmctl($id, IPC_STAT, my $ds = '');
substr $ds, 20, 2, pack('S', 0600);
ok(shmctl($id, IPC_SET, $ds) && stat_of($id)->{mode} == 0600,
   'IPC_SET_changes_the_mode');

my $addr = shmat($id, undef, 0);
memwrite($addr, 'attached for long', 100, 17);
ok(shmread($id, $text, 100, 17) && $text eq 'attached for long',
   'shmat_keeps_the_memory_attached');
ok(in_child(sub { stat_of($id)->{nattch} != 2 }) == 0,
   'fork_copies_the_attach');
ok(stat_of($id)->{nattch} == 1, 'exit_of_the_child_drops_its_attach');
ok(shmctl($id, IPC_RMID, 0) && stat_of($id)->{mode} == 01600,
   'IPC_RMID_of_an_attached_segment_marks_it');
memread($addr, $text, 100, 17);
ok($text eq 'attached for long', 'marked_memory_stays_readable');
ok(defined shmdt($addr) && !defined stat_of($id) && $! == EINVAL,
   'last_shmdt_destroys_it');

my $shared = IPC::SharedMem->new(IPC_PRIVATE, 8, S_IRUSR | S_IWUSR);
$shared->write(pack('A8', 'module'), 0, 8);
ok($shared->attach && $shared->read(0, 6) eq 'module' &&
   $shared->stat->nattch == 1 && $shared->detach && $shared->remove,
   'IPC_SharedMem_attach_read_stat_detach_remove');

my $count = 200;
my @ids = map { shmget(IPC_PRIVATE, 4096, 0600) } 1 .. $count;
shmwrite($ids[$_], "segment $_", 0, 16) for 0 .. $count - 1;
my $seen;
my $right = grep {
	shmread($ids[$_], $seen, 0, 16) &&
		$seen eq pack('a16', "segment $_")
} 0 .. $count - 1;
ok($right == $count, 'two_hundred_segments_keep_their_own_data');
ok($count == grep({ shmctl($_, IPC_RMID, 0) } @ids),
   'two_hundred_segments_are_removed');
exit $failed;

<?php
// SPDX-License-Identifier: MIT
// php.php - shmop and sysvshm, between two php programs.

declare(strict_types=1);

const BLOCK_KEY = 0x70687031;
const STORE_KEY = 0x70687032;

$failed = 0;

function ok(bool $good, string $behaviour): void
{
	global $failed;
	echo $good ? 'ok' : 'not ok', " - $behaviour\n";
	$failed |= $good ? 0 : 1;
}

// Another php program runs this file; its exit status.
function other_program(string $what): int
{
	$pipes = [];
	$other = proc_open([PHP_BINARY, __FILE__, $what], [], $pipes);
	return proc_close($other);
}

function block_of_the_other(): int
{
	$block = shmop_open(BLOCK_KEY, 'w', 0, 0);
	if (shmop_read($block, 990, 10) !== 'first here')
		return 1;
	return shmop_write($block, 'second here', 0) === 11 ? 0 : 2;
}

function store_of_the_other(): int
{
	$store = shm_attach(STORE_KEY);
	$value = shm_get_var($store, 1);
	if ($value !== ['list' => [1, 2, 3], 'text' => 'from the first'])
		return 1;
	shm_put_var($store, 2, 'from the second');
	return 0;
}

function blocks(): void
{
	$block = shmop_open(BLOCK_KEY, 'n', 0640, 1000);
	ok($block !== false && shmop_size($block) === 1000, 'shmop_creates');
	ok(@shmop_open(BLOCK_KEY, 'n', 0640, 1000) === false,
	   'shmop_exclusive_fails');
	ok(@shmop_open(BLOCK_KEY + 8, 'a', 0, 0) === false,
	   'shmop_of_an_unknown_key_fails');
	ok(shmop_write($block, 'first here', 990) === 10, 'shmop_write');
	ok(other_program('block') === 0, 'another_program_shares_the_block');
	ok(shmop_read($block, 0, 11) === 'second here', 'shmop_read');

	$reader = shmop_open(BLOCK_KEY, 'a', 0, 0);
	try {
		shmop_write($reader, 'x', 0);
		ok(false, 'shmop_read_only_refuses_to_write');
	} catch (Error $e) {
		ok(true, 'shmop_read_only_refuses_to_write');
	}
	ok(shmop_delete($block), 'shmop_delete');
	ok(shmop_read($reader, 0, 6) === 'second',
	   'a_deleted_block_stays_readable');
	ok(@shmop_open(BLOCK_KEY, 'a', 0, 0) === false,
	   'a_deleted_key_is_free');
}

function stores(): void
{
	$store = shm_attach(STORE_KEY, 100000, 0600);
	ok($store !== false && !shm_has_var($store, 1), 'shm_attach_creates');
	shm_put_var($store, 1,
		    ['list' => [1, 2, 3], 'text' => 'from the first']);
	ok(other_program('store') === 0, 'another_program_shares_the_store');
	ok(shm_get_var($store, 2) === 'from the second', 'shm_get_var');
	for ($i = 10; $i < 500; $i++)
		shm_put_var($store, $i, str_repeat(chr($i % 256), 100));
	$right = 0;
	for ($i = 10; $i < 500; $i++)
		$right += (int)(shm_get_var($store, $i) ===
				str_repeat(chr($i % 256), 100));
	ok($right === 490, 'many_variables_keep_their_values');
	ok(shm_remove_var($store, 1) && !shm_has_var($store, 1),
	   'shm_remove_var');
	ok(shm_remove($store), 'shm_remove');
	ok(shm_get_var($store, 2) === 'from the second',
	   'a_removed_store_stays_readable');
	ok(shm_detach($store), 'shm_detach');
}

switch ($argv[1] ?? '') {
case 'block':
	exit(block_of_the_other());
case 'store':
	exit(store_of_the_other());
}
blocks();
stores();
exit($failed);

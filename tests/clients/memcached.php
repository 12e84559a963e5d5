#!/usr/bin/php
<?php
// SPDX-License-Identifier: LGPL-3.0-or-later
// PHP's memcached (libmemcached), as Debian has it (php-memcached).
//
//   memcached.php <host> <port> ascii|binary

[$host, $port, $protocol] = array_slice($argv, 1);
if (!class_exists('Memcached')) {
    fwrite(STDERR, "PHP's memcached is missing: apt-get install php-cli php-memcached\n");
    exit(1);
}
$failed = false;

function check(string $name, bool $passed): void
{
    global $failed, $client;
    $why = $passed ? '' : ': ' . $client->getResultMessage();
    echo $passed ? 'ok ' : 'not ok ', $name, $why, "\n";
    $failed = $failed || !$passed;
}

function eventually(callable $condition): bool
{
    $deadline = microtime(true) + 6;
    while (!$condition()) {
        if (microtime(true) > $deadline) {
            return false;
        }
        usleep(50000);
    }
    return true;
}

$client = new Memcached();
$client->setOption(Memcached::OPT_BINARY_PROTOCOL, $protocol === 'binary');
$client->setOption(Memcached::OPT_COMPRESSION, false);
$client->addServer($host, (int) $port);

check('flush', $client->flush());
check('miss', $client->get('key') === false
    && $client->getResultCode() === Memcached::RES_NOTFOUND);
check('set', $client->set('key', 'value') && $client->get('key') === 'value');
foreach ([17, 1.5, true, ['a' => [1, 2]], '', "Ähre\r\n\0"] as $number => $value) {
    check("type $number", $client->set('typed', $value) && $client->get('typed') === $value);
}
check('add', !$client->add('key', 'x') && $client->add('new', 'x'));
check('replace', $client->replace('key', 'y') && !$client->replace('missing', 'y'));
check('append', $client->append('key', 'z') && $client->prepend('key', 'x')
    && $client->get('key') === 'xyz');
check('append to a miss', !$client->append('missing', 'z')
    && $client->getResultCode() === Memcached::RES_NOTSTORED);
check('delete', $client->delete('key') && !$client->delete('key'));

$client->set('number', 10);
check('increment', $client->increment('number', 5) === 15);
check('decrement', $client->decrement('number', 3) === 12
    && $client->decrement('number', 100) === 0);
check('increment of a miss', $client->increment('missing') === false);
if ($protocol === 'binary') {
    check('increment from an initial value', $client->increment('initial', 1, 17) === 17
        && $client->increment('initial', 1, 17) === 18);
}

$client->set('key', '1');
$found = $client->get('key', null, Memcached::GET_EXTENDED);
check('cas', $client->cas($found['cas'], 'key', '2') && !$client->cas($found['cas'], 'key', '3')
    && $client->getResultCode() === Memcached::RES_DATA_EXISTS && $client->get('key') === '2');

$values = [];
for ($number = 0; $number < 300; $number++) {
    $values["key$number"] = "value $number";
}
check('setMulti', $client->setMulti($values));
check('getMulti', $client->getMulti(array_merge(array_keys($values), ['missing'])) == $values);
$client->getDelayed(array_keys($values), true);
check('getDelayed', count($client->fetchAll()) === 300);
$client->deleteMulti(array_slice(array_keys($values), 0, 100));
check('deleteMulti', count($client->getMulti(array_keys($values))) === 200);

$large = str_repeat(implode('', array_map('chr', range(0, 255))), 3500);
check('large', $client->set('large', $large) && $client->get('large') === $large);
check('too large', !$client->set('larger', str_repeat('x', 2000000)) && $client->set('after', 'x')
    && $client->get('after') === 'x');

$client->set('short', 'x', 1);
$client->set('touched', 'x', 1);
check('touch', $client->touch('touched', 1000) && !$client->touch('missing', 10));
check('expiry', eventually(fn () => $client->get('short') === false)
    && $client->get('touched') === 'x');

check('stats', isset($client->getStats()["$host:$port"]['curr_items']));
check('version', preg_match('/^1\.6\.\d+$/', $client->getVersion()["$host:$port"]) === 1);
$client->setOption(Memcached::OPT_NOREPLY, true);
for ($number = 0; $number < 1000; $number++) {
    $client->set("quiet$number", $number);
}
$client->setOption(Memcached::OPT_NOREPLY, false);
check('noreply', eventually(fn () => $client->get('quiet999') === 999));
check('flush at the end', $client->flush() && $client->get('after') === false);
$client->quit();
exit($failed ? 1 : 0);

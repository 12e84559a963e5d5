#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-3.0-or-later
# Perl's Cache::Memcached, as Debian has it (libcache-memcached-perl).
#
#   cache_memcached.pl <host> <port>

use strict;
use warnings;
use Cache::Memcached;
use Time::HiRes qw(sleep time);

my ($host, $port) = @ARGV;
my $failed = 0;
my $client = Cache::Memcached->new({ servers => ["$host:$port"], compress_threshold => 100_000 });

sub check {
    my ($name, $passed) = @_;
    print $passed ? "ok $name\n" : "not ok $name\n";
    $failed = 1 if !$passed;
}

sub same { my ($left, $right) = @_; return defined $left && $left eq $right; }

sub eventually {
    my ($condition) = @_;
    my $deadline = time() + 6;
    until ($condition->()) {
        return 0 if time() > $deadline;
        sleep(0.05);
    }
    return 1;
}

check('flush', $client->flush_all);
check('miss', !defined $client->get('key'));
check('set', $client->set('key', 'value') && same($client->get('key'), 'value'));
check('empty value', $client->set('empty', '') && same($client->get('empty'), ''));
check('add', !$client->add('key', 'x') && $client->add('new', 'x'));
check('replace', $client->replace('key', 'y') && !$client->replace('missing', 'y'));
check('append', $client->append('key', 'z') && same($client->get('key'), 'yz'));
check('prepend', $client->prepend('key', 'x') && same($client->get('key'), 'xyz'));
check('delete', $client->delete('key') && !defined $client->get('key'));
check('structure', $client->set('structure', { list => [1, 2, 3] })
    && $client->get('structure')->{list}[2] == 3);

$client->set('number', 10);
check('incr', $client->incr('number', 5) == 15);
check('decr', $client->decr('number', 3) == 12 && $client->decr('number', 100) == 0);
check('incr of a miss', !defined $client->incr('missing'));

my %values = map { ("key$_" => "value $_") } 1 .. 200;
$client->set($_, $values{$_}) for keys %values;
my $found = $client->get_multi(keys %values, 'missing');
check('get_multi', keys %$found == 200 && !grep { $found->{$_} ne $values{$_} } keys %values);

my $large = join '', map { chr($_ % 256) } 1 .. 50_000;
check('bytes', $client->set('large', $large) && same($client->get('large'), $large));
check('compressed', $client->set('packed', 'x' x 3_000_000)
    && length($client->get('packed')) == 3_000_000);
$client->set_compress_threshold(0);
$client->enable_compress(0);
check('too large', !$client->set('larger', 'x' x 2_000_000) && $client->set('after', 'x'));

$client->set('short', 'x', 1);
$client->set('long', 'x', 1000);
check('expiry', eventually(sub { !defined $client->get('short') }) && $client->get('long'));

my $stats = $client->stats;
check('stats', $stats->{hosts}{"$host:$port"}{misc}{curr_items} > 0);
check('stats slabs', exists $client->stats('slabs')->{hosts}{"$host:$port"}{slabs});
check('flush at the end', $client->flush_all && !defined $client->get('long'));
$client->disconnect_all;
exit $failed;

#!/usr/bin/ruby
# SPDX-License-Identifier: LGPL-3.0-or-later
# Ruby's dalli, as Debian has it (ruby-dalli); it speaks the binary protocol.
#
#   dalli.rb <host> <port>

begin
  require 'dalli'
rescue LoadError
  abort 'dalli is missing: apt-get install ruby ruby-dalli'
end

HOST, PORT = ARGV
$failed = false

def check(name)
  passed = begin
    yield
  rescue StandardError => error
    name = "#{name}: #{error.class}: #{error.message}"
    false
  end
  puts "#{passed ? 'ok' : 'not ok'} #{name}"
  $failed ||= !passed
end

def eventually
  deadline = Time.now + 6
  until yield
    return false if Time.now > deadline
    sleep 0.05
  end
  true
end

Dalli.logger.level = Logger::ERROR
client = Dalli::Client.new("#{HOST}:#{PORT}", compress: false)
raw = { raw: true }

check('flush') { client.flush_all.all? }
check('miss') { client.get('key').nil? }
check('set') { client.set('key', 'value') && client.get('key') == 'value' }
check('objects') do
  [17, 1.5, nil, [1, { a: 2 }], 'Ähre', "\x00\r\n"].all? do |value|
    client.set('typed', value) && client.get('typed') == value
  end
end
check('unicode key') { client.set('schlüssel', 'x') && client.get('schlüssel') == 'x' }
check('add') { !client.add('key', 'x') && client.add('new', 'x') }
# The new CAS, or 0.
check('replace') { client.replace('key', 'y').positive? && client.replace('missing', 'y').zero? }
check('append and prepend') do
  client.set('text', 'b', 0, raw)
  client.append('text', 'c') && client.prepend('text', 'a') && client.get('text', raw) == 'abc'
end
check('append to a miss') { !client.append('missing', 'x') }
check('delete') { client.delete('key') && !client.delete('key') }
check('incr and decr') do
  client.incr('number', 5, 0, 10) == 10 && client.incr('number', 5) == 15 &&
    client.decr('number', 3) == 12 && client.decr('number', 100).zero? &&
    client.incr('missing', 1).nil?
end
check('get_cas and set_cas') do
  client.set('key', '1')
  _, cas = client.get_cas('key')
  stored = client.set_cas('key', '2', cas)
  stored && !client.set_cas('key', '3', cas) && client.get('key') == '2'
end
check('cas block') { client.cas('key') { |value| "#{value}!" } && client.get('key') == '2!' }
check('delete_cas') do
  _, cas = client.get_cas('key')
  !client.delete_cas('key', cas + 1000) && client.delete_cas('key', cas)
end
check('multi') do
  values = (0...300).to_h { |number| ["key#{number}", "value #{number}"] }
  client.multi { values.each { |key, value| client.set(key, value) } }
  client.get_multi(*values.keys, 'missing') == values
end
check('get_multi_cas') { client.get_multi_cas('key1', 'key2').size == 2 }
check('large') do
  value = (0..255).map(&:chr).join.b * 3500
  client.set('large', value, 0, raw) && client.get('large', raw).b == value
end
check('too large') do
  refused = begin
    !client.set('larger', 'x' * 2_000_000)
  rescue Dalli::ValueOverMaxSize
    true
  end
  refused && client.set('after', 'x')
end
check('touch') { client.set('touched', 'x', 1) && client.touch('touched', 1000) }
check('gat') { client.set('gat', 'x', 1) && client.gat('gat', 1000) == 'x' }
check('expiry') do
  client.set('short', 'x', 1)
  eventually { client.get('short').nil? } && client.get('touched') == 'x' &&
    client.get('gat') == 'x'
end
check('fetch') { client.fetch('fetched') { 'made' } == 'made' && client.get('fetched') == 'made' }
check('stats') { client.stats.values.first.key?('curr_items') }
check('stats of settings') { client.stats(:settings).values.first.key?('maxbytes') }
check('version') { client.version.values.first.match?(/\A1\.6\.\d+\z/) }
check('alive') { client.alive! || true }
check('flush at the end') { client.flush_all && client.get('after').nil? }
client.close
exit($failed ? 1 : 0)

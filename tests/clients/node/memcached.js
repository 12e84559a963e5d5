// SPDX-License-Identifier: LGPL-3.0-or-later
// memcached from npm: the ASCII protocol.
//
//   node memcached.js <host> <port>

'use strict';

const { promisify } = require('util');
const Memcached = require('memcached');
const { check, eventually, failure, end } = require('./check.js');

const [host, port] = process.argv.slice(2);
const plain = new Memcached(`${host}:${port}`, { retries: 0, timeout: 20000 });
const names = ['get', 'gets', 'getMulti', 'set', 'add', 'replace', 'append', 'prepend', 'cas',
  'incr', 'decr', 'del', 'touch', 'flush', 'stats', 'version', 'items'];
const client = Object.fromEntries(
  names.map((name) => [name, promisify(plain[name]).bind(plain)]));

async function main() {
  await check('flush', async () => (await client.flush()).every(Boolean));
  await check('miss', async () => (await client.get('key')) === undefined);
  await check('set', async () => (await client.set('key', 'value', 0))
    && (await client.get('key')) === 'value');
  await check('objects', async () => {
    const values = ['Ähre', 17, { a: [1, 2] }, true, ''];
    for (const value of values) {
      await client.set('typed', value, 0);
      if (JSON.stringify(await client.get('typed')) !== JSON.stringify(value)) return false;
    }
    return true;
  });
  await check('buffer', async () => {
    const value = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    await client.set('bytes', value, 0);
    return value.equals(await client.get('bytes'));
  });
  await check('unicode key', async () => (await client.set('schlüssel', 'x', 0))
    && (await client.get('schlüssel')) === 'x');
  await check('add', async () => await failure(() => client.add('key', 'x', 0))
    && client.add('new', 'x', 0));
  await check('replace', async () => await failure(() => client.replace('missing', 'x', 0))
    && client.replace('key', 'b', 0));
  await check('append and prepend', async () => (await client.append('key', 'c'))
    && (await client.prepend('key', 'a')) && (await client.get('key')) === 'abc');
  await check('cas', async () => {
    const { cas } = await client.gets('key');
    return (await client.cas('key', 'new', cas, 0)) && !(await client.cas('key', 'x', cas, 0))
      && (await client.get('key')) === 'new';
  });
  await check('incr and decr', async () => {
    await client.set('number', 10, 0);
    return (await client.incr('number', 5)) === 15 && (await client.decr('number', 3)) === 12
      && (await client.decr('number', 100)) === 0 && (await client.incr('missing', 1)) === false;
  });
  await check('del', async () => (await client.del('key')) && !(await client.del('key')));
  await check('getMulti', async () => {
    const keys = Array.from({ length: 300 }, (_, index) => `key${index}`);
    await Promise.all(keys.map((key) => client.set(key, `value of ${key}`, 0)));
    const found = await client.getMulti([...keys, 'missing']);
    return Object.keys(found).length === 300
      && keys.every((key) => found[key] === `value of ${key}`);
  });
  await check('large', async () => {
    const value = 'x'.repeat(900000);
    await client.set('large', value, 0);
    return (await client.get('large')) === value;
  });
  await check('touch', async () => {
    await client.set('touched', 'x', 1);
    return client.touch('touched', 1000);
  });
  await check('expiry', async () => {
    await client.set('short', 'x', 1);
    return (await eventually(async () => (await client.get('short')) === undefined))
      && (await client.get('touched')) === 'x';
  });
  await check('stats', async () => (await client.stats())[0].curr_items > 0);
  await check('version', async () => /^1\.6\.\d+$/.test((await client.version())[0].version));
  await check('flush at the end', async () => (await client.flush())
    && (await client.get('large')) === undefined);
  plain.end();
  end();
}

main();

// SPDX-License-Identifier: LGPL-3.0-or-later
// memjs from npm: the binary protocol.
//
//   node memjs.js <host> <port>

'use strict';

const memjs = require('memjs');
const { check, eventually, end } = require('./check.js');

const [host, port] = process.argv.slice(2);
const client = memjs.Client.create(`${host}:${port}`, { timeout: 20, retries: 1 });

async function text(key) {
  const { value } = await client.get(key);
  return value === null ? null : value.toString();
}

async function main() {
  await check('flush', async () => Boolean(await client.flush()));
  await check('miss', async () => (await text('key')) === null);
  await check('set', async () => (await client.set('key', 'value', {}))
    && (await text('key')) === 'value');
  await check('flags', async () => (await client.get('key')).flags.equals(Buffer.alloc(4)));
  await check('bytes', async () => {
    const value = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    await client.set('bytes', value, {});
    return value.equals((await client.get('bytes')).value);
  });
  await check('unicode key', async () => (await client.set('schlüssel', 'Ähre', {}))
    && (await text('schlüssel')) === 'Ähre');
  await check('add', async () => !(await client.add('key', 'x', {}))
    && client.add('new', 'x', {}));
  await check('replace', async () => !(await client.replace('missing', 'x', {}))
    && client.replace('key', 'b', {}));
  // Its prepend sends the opcode of append.
  await check('append', async () => (await client.append('key', 'c'))
    && (await text('key')) === 'bc');
  await check('delete', async () => (await client.delete('key')) && !(await client.delete('key')));
  await check('increment and decrement', async () => {
    const first = await client.increment('number', 5, { initial: 10 });
    const second = await client.increment('number', 5, { initial: 10 });
    const third = await client.decrement('number', 3, { initial: 0 });
    return first.value === 10 && second.value === 15 && third.value === 12;
  });
  await check('many at once', async () => {
    const keys = Array.from({ length: 300 }, (_, index) => `key${index}`);
    await Promise.all(keys.map((key) => client.set(key, `value of ${key}`, {})));
    const found = await Promise.all(keys.map(text));
    return keys.every((key, index) => found[index] === `value of ${key}`);
  });
  await check('large', async () => {
    const value = 'x'.repeat(900000);
    await client.set('large', value, {});
    return (await text('large')) === value;
  });
  await check('touch', async () => {
    await client.set('touched', 'x', { expires: 1 });
    return client.touch('touched', 1000);
  });
  await check('expiry', async () => {
    await client.set('short', 'x', { expires: 1 });
    return (await eventually(async () => (await text('short')) === null))
      && (await text('touched')) === 'x';
  });
  await check('stats', () => new Promise((done) => {
    client.stats((error, _, found) => done(!error && 'curr_items' in found));
  }));
  await check('flush at the end', async () => (await client.flush())
    && (await text('large')) === null);
  client.close();
  end();
}

main();

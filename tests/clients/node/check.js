// SPDX-License-Identifier: LGPL-3.0-or-later
// What the tests of both clients share: reporting, and waiting without a fixed time.

'use strict';

const DEADLINE_MS = 6000;
const PAUSE_MS = 50;
let failed = false;

async function check(name, condition) {
  let passed = false;
  let why = '';
  try {
    passed = await condition();
  } catch (error) {
    why = `: ${error}`;
  }
  console.log(`${passed ? 'ok' : 'not ok'} ${name}${why}`);
  failed = failed || !passed;
}

async function eventually(condition) {
  const deadline = Date.now() + DEADLINE_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) return false;
    await new Promise((done) => setTimeout(done, PAUSE_MS));
  }
  return true;
}

// A promise instead of an exception: what the call failed with, or null.
async function failure(call) {
  try {
    await call();
    return null;
  } catch (error) {
    return error;
  }
}

function end() {
  process.exit(failed ? 1 : 0);
}

module.exports = { check, eventually, failure, end };

#!/usr/bin/env node
// A server of the JSON protocol for Node: node javascript.js [PORT], or with PORT in the environment.
'use strict';

const net = require('node:net');
const timers = require('node:timers/promises');

const MOST_LINE_BYTES = 64 * 1024; // newline included
const MOST_RESULT_BYTES = 1024 * 1024;
const MOST_MS = 60_000;
const UNITS = { ns: 1e-6, us: 1e-3, ms: 1, s: 1000 };

const nowNs = () => process.hrtime.bigint();

// A timer of Node counts in whole milliseconds and may fire up to one of them early.
const sleep = (ms, value) => timers.setTimeout(Math.ceil(ms) + 1, value);

// The request makes no sense; the connection lives on.
class Refused extends Error {}

function milliseconds(text) {
  const [, number, unit] = /^(\d+)(ns|us|ms|s)$/.exec(text) ?? [];
  if (!unit) throw new Refused(`"${text.slice(0, 40)}" is not a duration; write it as in 250us, 5ms or 2s`);
  const duration = Number(number) * UNITS[unit];
  if (duration > MOST_MS) throw new Refused(`"${text.slice(0, 40)}" is too long; ask for at most 60s`);
  return duration;
}

function spin(ms) {
  for (const end = performance.now() + ms; performance.now() < end; );
}

// One holder at a time: each waits for the one before.
let held = Promise.resolve();
function lock(ms) {
  held = held.then(() => sleep(ms));
  return held;
}

// A connection's own connection to the backend, whose address is in the environment.
class Link {
  #socket = null;
  #calls = 0;

  async call(ms) {
    const [host, port] = (process.env.BACKEND ?? '').split(':');
    if (!port) throw new Refused('this server has no backend to call; put its ADDRESS:PORT into BACKEND');
    try {
      this.#socket ??= net.connect({ host, port: Number(port), noDelay: true });
      this.#calls = (this.#calls + 1) >>> 0;
      const frame = Buffer.from('call\0\0\0\0\0\0\0\0\0\0\0\0');
      frame.writeUInt32LE(this.#calls, 4);
      frame.writeBigUInt64LE(BigInt(Math.round(ms * 1e6)), 8);
      this.#socket.write(frame);
      const answer = await this.#answer();
      if (answer.toString('latin1', 0, 4) !== 'done' || !answer.subarray(4).equals(frame.subarray(4))) {
        throw new Error('it gave a wrong answer');
      }
    } catch (error) {
      this.close();
      throw new Refused(`the backend did not answer: ${error.message}`);
    }
  }

  #answer() {
    const socket = this.#socket;
    return new Promise((resolve, reject) => {
      const ended = () => reject(new Error('it closed the connection'));
      const readable = () => {
        const answer = socket.read(16);
        if (answer?.length === 16) resolve(answer);
      };
      socket.on('readable', readable).on('error', reject).on('end', ended);
    }).finally(() => socket.removeAllListeners());
  }

  close() {
    this.#socket?.destroy();
    this.#socket = null;
  }
}

const WORK = {
  echo: (text) => text,
  reply(bytes) {
    if (!/^\d{1,7}$/.test(bytes) || Number(bytes) > MOST_RESULT_BYTES) {
      throw new Refused(`write a number of bytes of at most ${MOST_RESULT_BYTES}`);
    }
    return 'x'.repeat(Number(bytes));
  },
  call: (text, link) => link.call(milliseconds(text)).then(() => ''),
  sleep: (text) => sleep(milliseconds(text), ''),
  // There is no other way to block the one thread; it stops every connection.
  block: (text) => (Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds(text)), ''),
  spin: (text) => (spin(milliseconds(text)), ''),
  lock: (text) => lock(milliseconds(text)).then(() => ''),
};

function texts(object, ...names) {
  return names.map((name) => {
    if (typeof object[name] !== 'string') throw new Refused(`not a message of this protocol: no text ${name}`);
    return object[name];
  });
}

// The reply to a line.
async function answer(line, served, link) {
  const receivedNs = nowNs();
  try {
    const { RequestWork: asked, CloseConnection: close } = JSON.parse(line);
    if (close) {
      const [initial_timestamp, final_timestamp] = texts(close, 'initial_timestamp', 'final_timestamp');
      return { ConnectionClosed: { initial_timestamp, final_timestamp, requests_served: served } };
    }
    if (!asked) throw new Refused('not a message of this protocol');
    const [kind, parameter, sender_timestamp] = texts(asked, 'request_message', 'parameter', 'sender_timestamp');
    if (!Object.hasOwn(WORK, kind)) {
      throw new Refused(`no work is called "${kind.slice(0, 40)}"; work: ${Object.keys(WORK).join(', ')}`);
    }
    const result = await WORK[kind](parameter, link);
    // Nanoseconds since the machine started: whole numbers up to 2^53, for some hundred days.
    const times = { server_received_ns: Number(receivedNs), server_sent_ns: Number(nowNs()) };
    return { WorkDone: { sender_timestamp, result, ...times } };
  } catch (error) {
    if (error instanceof Refused || error instanceof SyntaxError || error instanceof TypeError) {
      return { Error: { reason: error.message.slice(0, 200) } };
    }
    throw error;
  }
}

// The lines of a connection, without their ends. One that does not end in time is null, and the last. Bytes behind the
// last line end are half a request, and nobody's.
async function* lines(socket) {
  let rest = Buffer.alloc(0);
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    rest = rest.length ? Buffer.concat([rest, chunk]) : chunk;
    for (let end; (end = rest.indexOf(10)) >= 0 && end < MOST_LINE_BYTES; rest = rest.subarray(end + 1)) {
      yield rest.subarray(0, end).toString();
    }
    if (rest.length >= MOST_LINE_BYTES) {
      yield null;
      return;
    }
  }
}

async function serve(socket) {
  const reply = (message) => socket.write(JSON.stringify(message) + '\n');
  const link = new Link();
  socket.on('close', () => link.close());
  let served = 0;
  for await (const line of lines(socket)) {
    if (line === null) {
      reply({ Error: { reason: `a line is at most ${MOST_LINE_BYTES} bytes, newline included` } });
      break;
    }
    const message = await answer(line, served, link);
    served += 'WorkDone' in message;
    reply(message);
    if ('ConnectionClosed' in message) break;
  }
  socket.end();
}

const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
  socket.on('error', () => {}); // the client has gone
  serve(socket).catch(() => socket.destroy());
});
server.listen({ port: Number(process.argv[2] ?? process.env.PORT), host: '127.0.0.1', backlog: 4096 });

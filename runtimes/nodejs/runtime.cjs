/** Runs one Node function: loads its module, asks the core for work, hands it to the handler, gives back the result. */
const { existsSync } = require('node:fs');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');
const { promisify, format } = require('node:util');
const IPCClient = require('./modules/aws-greengrass-ipc-sdk-js/index.cjs');
const { envVars, FunctionArnFields } = require('./modules/aws-greengrass-common-js/index.cjs');

const { MY_FUNCTION_ARN, ENCODING_TYPE, AUTH_TOKEN, ROUTER_FUNCTION_ARN, SHADOW_FUNCTION_ARN } = envVars;
const TIMEOUT_MS = Number(process.env.GREENLIGHT_TIMEOUT_MS ?? 3000);

const ipc = new IPCClient(AUTH_TOKEN);
const call = (name) => promisify(ipc[name].bind(ipc));
const getWork = () =>
  new Promise((resolve, reject) => {
    ipc.getWork(MY_FUNCTION_ARN, (error, payload, id, context) =>
      error ? reject(error) : resolve({ payload, id, context }),
    );
  });
const postResult = call('postWorkResult');
const postError = call('postHandlerErr');
const putInitialized = call('putInitializationResult');

const ending = new AbortController();
/** Ends the invocation under way as if its callback had been called; undefined when there is none. */
let conclude;
let running = Promise.resolve();

/** `<N>` at the start of a line is its priority, as in sd-daemon(3). */
function write(stream, priority, args) {
  for (const line of format(...args).split('\n')) stream.write(`<${priority}>${line}\n`);
}

const log = {
  debug: (...args) => write(process.stdout, 7, args),
  info: (...args) => write(process.stdout, 6, args),
  warn: (...args) => write(process.stderr, 4, args),
  error: (...args) => write(process.stderr, 3, args),
};
Object.assign(console, log, { log: log.info });

/** What every function may do; `greenlight/functions` has the types. */
const abilities = {
  name: new FunctionArnFields(MY_FUNCTION_ARN).name,
  log,
  signal: ending.signal,
  publish: async (topic, payload) => {
    const bytes =
      typeof payload === 'string' || payload instanceof Uint8Array ? payload : JSON.stringify(payload);
    await post(ROUTER_FUNCTION_ARN, { subject: topic, source: MY_FUNCTION_ARN }, bytes, 'Event');
  },
  getShadow: async (thing, shadow) => {
    const body = await shadowRequest(thing, shadow, 'get', '');
    if (body.code === 404) return undefined;
    return orThrow(body);
  },
  updateShadow: async (thing, document, shadow) =>
    orThrow(await shadowRequest(thing, shadow, 'update', JSON.stringify(document))),
  deleteShadow: async (thing, shadow) => orThrow(await shadowRequest(thing, shadow, 'delete', '')),
  readLine: (line) => lineRequest(line),
  writeLine: async (line, value) => {
    await lineRequest(line, value);
  },
};

async function lineRequest(line, value) {
  const url = `http://127.0.0.1:${process.env.GG_DAEMON_PORT}/greenlight/lines/${encodeURIComponent(line)}`;
  const response = await fetch(url, {
    method: value === undefined ? 'GET' : 'PUT',
    headers: { Authorization: AUTH_TOKEN },
    ...(value !== undefined && { body: JSON.stringify({ value }) }),
  });
  const body = await response.json();
  if (!response.ok) throw Object.assign(new Error(body.message), { code: response.status });
  return body.value;
}

function post(arn, custom, payload, type) {
  const context = Buffer.from(JSON.stringify({ custom })).toString('base64');
  return new Promise((resolve, reject) => {
    ipc.postWork(arn, payload, context, type, (error, id) => (error ? reject(error) : resolve(id)));
  });
}

async function shadowRequest(thing, shadow, operation, payload) {
  const name = shadow === undefined ? '' : `/name/${shadow}`;
  const subject = `$aws/things/${thing}/shadow${name}/${operation}`;
  const id = await post(SHADOW_FUNCTION_ARN, { subject }, payload, 'RequestResponse');
  return new Promise((resolve, reject) => {
    ipc.getWorkResult(SHADOW_FUNCTION_ARN, id, (error, body) =>
      error ? reject(error) : resolve(JSON.parse(body.toString('utf8'))),
    );
  });
}

function orThrow(body) {
  if (typeof body.code !== 'number' || typeof body.message !== 'string') return body;
  throw Object.assign(new Error(body.message), { code: body.code });
}

function contextOf({ id, context: encoded }) {
  const given = encoded ? JSON.parse(Buffer.from(encoded, 'base64').toString('utf8')) : {};
  const custom = given.custom ?? {};
  const deadline = performance.now() + TIMEOUT_MS;
  return {
    ...abilities,
    topic: custom.subject,
    from: custom.source,
    invokedFunctionArn: MY_FUNCTION_ARN,
    awsRequestId: id,
    functionName: abilities.name,
    functionVersion: new FunctionArnFields(MY_FUNCTION_ARN).qualifier,
    clientContext: { client: given.client ?? {}, Custom: custom, env: given.env ?? {} },
    getRemainingTimeInMillis: () => Math.max(0, Math.round(deadline - performance.now())),
  };
}

function eventOf(payload) {
  if (ENCODING_TYPE === 'binary') return payload;
  return payload.length > 0 ? JSON.parse(payload.toString('utf8')) : {};
}

function resultOf(value) {
  if (ENCODING_TYPE === 'binary') return value ?? '';
  return JSON.stringify(value === undefined ? null : value);
}

/**
 * Three ways to give a result: the callback, a promise, or the value returned. A handler that takes a callback and does
 * not call it is done when nothing is left to wait for.
 */
function invoke(handler, self, work) {
  return new Promise((resolve, reject) => {
    const callback = (error, result) => {
      conclude = undefined;
      if (error === undefined || error === null) resolve(result);
      else reject(error);
    };
    conclude = callback;
    const value = handler.call(self, eventOf(work.payload), contextOf(work), callback);
    if (typeof value?.then === 'function') value.then((result) => callback(null, result), callback);
    else if (handler.length < 3) callback(null, value);
  });
}

async function serve(handler, self) {
  while (!ending.signal.aborted) {
    const work = await getWork();
    running = handle(handler, self, work);
    await running;
  }
}

async function handle(handler, self, work) {
  let result;
  try {
    result = resultOf(await invoke(handler, self, work));
  } catch (error) {
    conclude = undefined;
    log.error(error instanceof Error ? error.stack : String(error));
    await give(postError, JSON.stringify(errorOf(error)), work.id);
    return;
  }
  await give(postResult, result, work.id);
}

/** A core that does not take a result has given up on it; one that is gone ends this process. */
async function give(postIt, body, id) {
  try {
    await postIt(MY_FUNCTION_ARN, body, id);
  } catch (error) {
    if (error.status === undefined) throw error;
    log.error(`the core did not take the result: ${error.message}`);
  }
}

/** As AWS Lambda writes it. */
function errorOf(error) {
  if (!(error instanceof Error)) return { errorMessage: String(error) };
  return { errorMessage: `${error.name}: ${error.message}`, ...(error.code && { errorType: error.code }) };
}

async function load(configured) {
  const dot = configured.lastIndexOf('.');
  const [moduleName, name] = [configured.slice(0, dot), configured.slice(dot + 1)];
  const file = ['.js', '.cjs', '.mjs', '/index.js']
    .map((end) => join(process.cwd(), moduleName + end))
    .find((path) => existsSync(path));
  if (file === undefined) throw new Error(`no module ${moduleName} in ${process.cwd()}`);
  const module = await loadModule(file);
  const self = typeof module[name] === 'function' ? module : (module.default ?? module);
  if (typeof self[name] !== 'function') throw new Error(`module ${moduleName} has no function ${name}`);
  return { self, handler: self[name], onStart: module.onStart ?? module.default?.onStart };
}

async function loadModule(file) {
  if (!file.endsWith('.mjs')) {
    try {
      return require(file);
    } catch (error) {
      if (error.code !== 'ERR_REQUIRE_ESM' && error.code !== 'ERR_REQUIRE_ASYNC_MODULE') throw error;
    }
  }
  return import(pathToFileURL(file).href);
}

async function main() {
  const configured = process.argv.find((arg) => arg.startsWith('--handler=')).slice('--handler='.length);
  let loaded;
  try {
    loaded = await load(configured);
    await loaded.onStart?.(abilities);
  } catch (error) {
    log.error(error instanceof Error ? error.stack : String(error));
    await putInitialized(MY_FUNCTION_ARN, error).catch(() => {});
    process.exit(1);
  }
  await putInitialized(MY_FUNCTION_ARN, undefined);
  await serve(loaded.handler, loaded.self);
}

process.on('SIGTERM', () => {
  ending.abort(new Error('the function is to end'));
  running.finally(() => process.exit(0)).catch(() => {});
});
// nothing is left to wait for: a handler that never calls back is done
process.on('beforeExit', () => conclude?.(null, undefined));

main().catch((error) => {
  // without a core there is nobody to work for
  if (!ending.signal.aborted) log.error(`the core is gone: ${error.message}`);
  process.exit(1);
});

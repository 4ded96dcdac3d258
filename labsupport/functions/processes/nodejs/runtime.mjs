// The Node.js runtime of an execution environment: loads the handler, then serves one event after
// another from the Runtime API (docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).
// Handlers: docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.
// Streams: docs.aws.amazon.com/lambda/latest/dg/config-rs-write-functions.html.

import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';
import util from 'node:util';

const BASE = '/2018-06-01/runtime/';
const [HOST, PORT] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const TASK = process.env.LAMBDA_TASK_ROOT;
const VERSION = Number.parseInt(process.env.AWS_EXECUTION_ENV.replace(/^\D+/, ''), 10);
const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];
const EXIT = { rejection: 128, exception: 129 };

const connection = new http.Agent({ keepAlive: true, maxSockets: 1 });
const require = createRequire(import.meta.url);
let requestId; // of the event that is being handled
let whenIdle = () => {}; // what to do when nothing is left to wait for

class RuntimeError extends Error {
  constructor(kind, message, stack) {
    super(message);
    this.name = `Runtime.${kind}`;
    this.stack = stack ?? this.stack.replace(/^Error/, this.name);
  }
}

// ---- log

// Without isolation files have other names than on AWS.
function asOnAws(text) {
  const self = fileURLToPath(import.meta.url);
  return String(text).replaceAll(TASK, '/var/task').replaceAll(self, '/var/runtime/index.mjs');
}

function lines(stack) {
  return asOnAws(stack).split('\n');
}

function plain(error) {
  const about = { errorType: error.name, errorMessage: error.message, code: error.code };
  return { ...about, ...error, stack: lines(error.stack) };
}

function structured(level, parts) {
  const record = { timestamp: new Date().toISOString(), level, requestId };
  const replacer = (_, value) =>
    value instanceof Error
      ? {
          errorType: value.constructor.name,
          errorMessage: value.message,
          stackTrace: lines(value.stack),
          ...value,
        }
      : value;
  record.message = parts.length === 1 ? parts[0] : util.format(...parts);
  const error = parts.length > 1 && parts.find((part) => part instanceof Error);
  if (error) Object.assign(record, replacer('', error));
  try {
    return JSON.stringify(record, replacer);
  } catch {
    return JSON.stringify({ ...record, message: util.format(...parts) });
  }
}

function write(level, ...parts) {
  const json = process.env.AWS_LAMBDA_LOG_FORMAT === 'JSON';
  const time = new Date().toISOString();
  const line = json
    ? structured(level, parts)
    : [time, String(requestId), level, util.format(...parts)].join('\t');
  fs.writeSync(1, line.replaceAll('\n', '\r') + '\n'); // the lines of an event stay together
}

function logError(what, error) {
  if (process.env.AWS_LAMBDA_LOG_FORMAT === 'JSON') {
    write('ERROR', error);
  } else {
    const shown = error instanceof Error ? plain(error) : plain(new Error(error));
    write('ERROR', what, '\t' + JSON.stringify(shown));
  }
}

function takeOverConsole() {
  const least = Math.max(LEVELS.indexOf(process.env.AWS_LAMBDA_LOG_LEVEL), 0);
  LEVELS.forEach((level, rank) => {
    console[level.toLowerCase()] = rank < least ? () => {} : (...parts) => write(level, ...parts);
  });
  console.log = console.info;
}

// ---- Runtime API

function call(method, where, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const options = { host: HOST, port: PORT, path: BASE + where, method, agent: connection };
    const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) };
    const request = http.request({ ...options, headers: { ...headers, ...length } }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () => resolve({ response, text: Buffer.concat(parts).toString() }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

function asReported(error) {
  if (util.types.isNativeError(error) || (error?.name && error?.message && error?.stack)) {
    return { errorType: error.name, errorMessage: error.message, trace: lines(error.stack) };
  }
  return { errorType: typeof error, errorMessage: String(error), trace: [] };
}

async function report(where, error) {
  const body = JSON.stringify(asReported(error));
  const kind = asReported(error).errorType;
  await call('POST', where, body, {
    'Content-Type': 'application/json',
    'Lambda-Runtime-Function-Error-Type': kind,
  });
}

function end(what, error, status) {
  logError(what, error);
  const where = requestId ? `invocation/${requestId}/error` : 'init/error';
  report(where, error).finally(() => process.exit(status));
}

// ---- response streams

const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
const END_OF_PRELUDE = Buffer.alloc(8);
const ERROR_TYPE = 'Lambda-Runtime-Function-Error-Type';
const ERROR_BODY = 'Lambda-Runtime-Function-Error-Body';

/** Hands a response in while it is written. Nothing is sent before the first byte. */
class ResponseStream extends Writable {
  contentType = 'application/octet-stream';
  prelude = undefined;
  request = undefined;

  constructor(where) {
    super();
    this.where = where;
    this.answered = new Promise((resolve) => (this.resolve = resolve));
  }

  setContentType(type) {
    this.contentType = type;
  }

  open() {
    if (this.request) return;
    const headers = {
      'Content-Type': this.contentType,
      'Lambda-Runtime-Function-Response-Mode': 'streaming',
      'Transfer-Encoding': 'chunked',
      Trailer: `${ERROR_TYPE}, ${ERROR_BODY}`,
    };
    const options = { host: HOST, port: PORT, path: BASE + this.where, method: 'POST', headers };
    this.request = http.request({ ...options, agent: connection }, (response) => {
      response.resume().on('end', this.resolve);
    });
    this.request.on('error', this.resolve);
    if (this.prelude) this.request.write(Buffer.concat([this.prelude, END_OF_PRELUDE]));
  }

  _write(chunk, _, done) {
    this.open();
    this.request.write(chunk, done);
  }

  _final(done) {
    this.open();
    this.request.end(done);
  }

  /** End what has been begun with an error, which stands behind the body. */
  fail(error) {
    const reported = asReported(error);
    this.request.addTrailers({
      [ERROR_TYPE]: reported.errorType,
      [ERROR_BODY]: Buffer.from(JSON.stringify(reported)).toString('base64'),
    });
    this.request.end();
  }
}

globalThis.awslambda = {
  streamifyResponse(handler) {
    handler[STREAMING] = 'response';
    return handler;
  },
  HttpResponseStream: {
    from(stream, metadata) {
      stream.setContentType('application/vnd.awslambda.http-integration-response');
      stream.prelude = Buffer.from(JSON.stringify(metadata));
      return stream;
    },
  },
};

async function runStreaming(handler, event, headers, where) {
  const stream = new ResponseStream(`${where}/response`);
  let error;
  whenIdle = () => {};
  try {
    await handler(event, stream, contextOf(headers, () => {}));
    if (!stream.writableEnded) stream.end();
  } catch (raised) {
    error = raised ?? 'handled';
    logError('Invoke Error', error);
    if (!stream.request) return report(`${where}/error`, error);
    stream.fail(error);
  }
  return stream.answered;
}

// ---- handler

function isModule(folder) {
  for (;;) {
    const file = path.join(folder, 'package.json');
    if (fs.existsSync(file)) return JSON.parse(fs.readFileSync(file, 'utf8')).type === 'module';
    const above = path.dirname(folder);
    if (above === folder || path.basename(folder) === 'node_modules') return false;
    folder = above;
  }
}

async function load(file, name) {
  const modules = isModule(path.dirname(file));
  for (const ending of ['', '.js', '.mjs', '.cjs']) {
    if (!fs.existsSync(file + ending) || fs.statSync(file + ending).isDirectory()) continue;
    const imported = ending === '.mjs' || (ending === '.js' && modules);
    return imported ? import(pathToFileURL(file + ending)) : require(file + ending);
  }
  return require(require.resolve(name, { paths: [TASK] })); // a package of a layer, or a message that nothing has this name
}

async function findHandler(setting) {
  if (setting.includes('..')) {
    const advice = 'Use absolute paths when specifying root directories in handler names.';
    const message = `'${setting}' is not a valid handler name. ${advice}`;
    throw new RuntimeError('MalformedHandlerName', message);
  }
  const { dir, base } = path.posix.parse(setting);
  const [name, ...keys] = base.split('.');
  if (!keys.length) throw new RuntimeError('MalformedHandlerName', 'Bad handler');
  let found;
  try {
    found = await load(path.resolve(TASK, dir, name), path.posix.join(dir, name));
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw new RuntimeError('UserCodeSyntaxError', String(error), error.stack);
    }
    if (error?.code === 'MODULE_NOT_FOUND' || error?.code === 'ERR_MODULE_NOT_FOUND') {
      throw new RuntimeError('ImportModuleError', asOnAws(error));
    }
    throw error;
  }
  for (const key of keys) found = found?.[key];
  if (!found) throw new RuntimeError('HandlerNotFound', `${setting} is undefined or not exported`);
  if (typeof found !== 'function') {
    throw new RuntimeError('HandlerNotFound', `${setting} is not a function`);
  }
  if (found.length >= 3 && VERSION >= 24 && !found[STREAMING]) {
    throw new RuntimeError(
      'CallbackHandlerDeprecated',
      'ERROR: AWS Lambda has removed support for callback-based function handlers starting with ' +
        'Node.js 24. You need to modify this function to use a supported handler signature to use ' +
        'Node.js 24 or later. For more information see ' +
        'https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.',
    );
  }
  return found;
}

// ---- events

function contextOf(headers, finish) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  const json = (name) => (headers[name] ? JSON.parse(headers[name]) : undefined);
  const older = {
    callbackWaitsForEmptyEventLoop: true,
    done: (error, result) => finish(error, result),
    succeed: (result) => finish(null, result),
    fail: (error) => finish(error ?? 'handled'),
  };
  return {
    ...(VERSION >= 24 ? {} : older),
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: json('lambda-runtime-client-context'),
    identity: json('lambda-runtime-cognito-identity'),
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: requestId,
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

/** The outcome of one event; it may come by a promise, a callback or an empty event loop. */
function run(handler, event, headers) {
  return new Promise((resolve) => {
    const finish = (error, result) => {
      whenIdle = () => {};
      resolve(error === undefined || error === null ? { result } : { error });
    };
    const context = contextOf(headers, finish);
    const callback = (error, result) => {
      const failed = error !== undefined && error !== null;
      if (failed || !context.callbackWaitsForEmptyEventLoop) finish(error, result);
      else whenIdle = () => finish(null, result);
    };
    const unsettled = new RuntimeError(
      'NodeJsExit',
      'The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly ' +
        'caused by a Promise that was never settled. For more information, see ' +
        'https://nodejs.org/docs/latest/api/process.html#exit-codes',
    );
    const isAsync = handler.constructor.name === 'AsyncFunction' || VERSION >= 24;
    whenIdle = () => (isAsync ? finish(unsettled) : finish(null, null));
    try {
      const returned = handler(event, context, ...(VERSION >= 24 ? [] : [callback]));
      if (typeof returned?.then === 'function') {
        returned.then((result) => finish(null, result), (error) => finish(error ?? 'handled'));
      } else if (VERSION >= 24) {
        finish(null, returned);
      }
    } catch (error) {
      finish(error ?? 'handled');
    }
  });
}

async function answer(where, { error, result }) {
  if (error === undefined) {
    let body;
    try {
      body = JSON.stringify(result === undefined ? null : result) ?? 'null';
    } catch {
      error = new RuntimeError('JSONStringifyError', 'Unable to stringify response body');
    }
    if (error === undefined) {
      const type = { 'Content-Type': 'application/json' };
      const { response } = await call('POST', `${where}/response`, body, type);
      if (response.statusCode === 413) process.exit(1);
      return;
    }
  }
  logError('Invoke Error', error);
  await report(`${where}/error`, error);
}

async function main() {
  takeOverConsole();
  process.on('beforeExit', () => whenIdle());
  process.on('uncaughtException', (error) => end('Uncaught Exception ', error, EXIT.exception));
  process.on('unhandledRejection', (reason) => {
    const message = reason instanceof Error ? String(reason) : util.format(reason);
    const error = new RuntimeError('UnhandledPromiseRejection', message);
    end('Unhandled Promise Rejection ', Object.assign(error, { reason }), EXIT.rejection);
  });
  let handler;
  try {
    handler = await findHandler(process.env._HANDLER);
  } catch (error) {
    end('Uncaught Exception ', error, EXIT.exception);
    return;
  }
  for (;;) {
    const { response, text } = await call('GET', 'invocation/next');
    const { headers } = response;
    requestId = headers['lambda-runtime-aws-request-id'];
    process.env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'];
    const [where, event] = [`invocation/${requestId}`, JSON.parse(text)];
    if (handler[STREAMING]) await runStreaming(handler, event, headers, where);
    else await answer(where, await run(handler, event, headers));
  }
}

main();

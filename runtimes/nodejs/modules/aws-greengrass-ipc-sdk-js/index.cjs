/** The local HTTP API of the core (/2016-11-01), by the names under which the published SDK knows it. */
const http = require('node:http');

const BASE = '/2016-11-01/functions/';
const agent = new http.Agent({ keepAlive: true });

class IPCClient {
  constructor(authToken) {
    this.authToken = authToken;
  }

  postWork(functionArn, payload, clientContext, invocationType, callback) {
    const headers = { 'X-Amz-Invocation-Type': invocationType };
    if (clientContext) headers['X-Amz-Client-Context'] = clientContext;
    this.request({ method: 'POST', path: functionArn, headers, body: payload }, (error, answer) =>
      error ? callback(error, null) : callback(null, answer.headers['x-amz-invocationid']),
    );
  }

  getWorkResult(functionArn, invocationId, callback) {
    const headers = { 'X-Amz-InvocationId': invocationId };
    this.request({ method: 'GET', path: functionArn, headers }, (error, answer) =>
      error
        ? callback(error, null, null, null)
        : callback(null, answer.body, answer.headers['x-amz-function-error'], answer.status),
    );
  }

  getWork(functionArn, callback) {
    this.request({ method: 'GET', path: `${functionArn}/work`, headers: {} }, (error, answer) => {
      if (error) {
        callback(error, null, null, null);
        return;
      }
      const { headers, body } = answer;
      callback(null, body, headers['x-amz-invocationid'], headers['x-amz-client-context']);
    });
  }

  postWorkResult(functionArn, result, invocationId, callback) {
    const headers = { 'X-Amz-InvocationId': invocationId };
    this.request({ method: 'POST', path: `${functionArn}/work`, headers, body: result }, (error) =>
      callback(error),
    );
  }

  postHandlerErr(functionArn, error, invocationId, callback) {
    const headers = { 'X-Amz-InvocationId': invocationId, 'X-Amz-Function-Error': 'Handled' };
    this.request({ method: 'POST', path: `${functionArn}/work`, headers, body: error }, (failure) =>
      callback(failure),
    );
  }

  putInitializationResult(functionArn, error, callback) {
    const body = JSON.stringify({ Success: !error, Response: error ? String(error) : '' });
    this.request({ method: 'PUT', path: `${functionArn}/initialized`, headers: {}, body }, (failure) =>
      callback(failure),
    );
  }

  /** @param callback called once, with an error or with status, headers and body (a Buffer) */
  request({ method, path, headers, body }, callback) {
    const bytes = bytesOf(body);
    let done = (error, answer) => {
      done = () => {};
      callback(error, answer);
    };
    const request = http.request(
      {
        host: '127.0.0.1',
        port: Number(process.env.GG_DAEMON_PORT ?? 8000),
        agent,
        method,
        path: BASE + path,
        headers: {
          ...headers,
          Authorization: this.authToken,
          ...(method !== 'GET' && { 'Content-Length': bytes.length }),
        },
      },
      (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', (error) => done(error));
        response.on('end', () => {
          const answer = {
            status: response.statusCode,
            headers: response.headers,
            body: Buffer.concat(chunks),
          };
          if (answer.status < 300) done(null, answer);
          else
            done(
              Object.assign(new Error(`HTTP Error ${answer.status}: ${answer.body}`), {
                status: answer.status,
              }),
            );
        });
      },
    );
    request.on('error', (error) => {
      // a connection that was kept may have been closed meanwhile, before the request was seen
      if (request.reusedSocket && error.code === 'ECONNRESET')
        this.request({ method, path, headers, body }, done);
      else done(error);
    });
    request.end(method === 'GET' ? undefined : bytes);
  }
}

function bytesOf(body) {
  if (body === undefined || body === null) return Buffer.alloc(0);
  if (typeof body === 'string' || body instanceof Uint8Array) return Buffer.from(body);
  if (ArrayBuffer.isView(body)) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return Buffer.from(JSON.stringify(body));
}

module.exports = IPCClient;

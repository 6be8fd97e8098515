/** `/greenlight/lines/NAME`: the lines that were granted to the function that asks. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isJsonObject, messageOf } from '../../../../hal/index.js';
import type { ApiCalls, Caller } from './calls.js';
import { answerJson, Refused, readBody, readJson } from './http.js';

export const LINES = '/greenlight/lines/';

/** Bytes of `{"value":"inactive"}`, generously. */
const BODY_BYTES = 1_024;

export async function serveLine(
  request: IncomingMessage,
  response: ServerResponse,
  { calls, caller, line }: { readonly calls: ApiCalls; readonly caller: Caller; readonly line: string },
): Promise<void> {
  if (!caller.lines.includes(line)) {
    throw new Refused(
      403,
      `function ${caller.name} was not granted the line ${line.slice(0, 64)}: add it to its resources.lines`,
    );
  }
  try {
    if (request.method === 'GET') {
      return answerJson(response, 200, { value: await calls.lines.read(caller.name, line) });
    }
    if (request.method !== 'PUT') throw new Refused(405, `${request.method} is not known here`);
    const body = readJson(await readBody(request, BODY_BYTES));
    const value = isJsonObject(body) ? body.value : undefined;
    if (value !== 'active' && value !== 'inactive') {
      throw new Refused(
        400,
        `a line is active or inactive, not ${String(JSON.stringify(value)).slice(0, 64)}`,
      );
    }
    await calls.lines.write(caller.name, line, value);
    answerJson(response, 200, { value });
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new Refused(409, messageOf(error));
  }
}

import type { InputLine, LineValue, OutputLine } from '../contract.js';
import type { Log } from '../log.js';

/** The same output, with a debug line for each write and for the close. */
export function tracedOutput(line: OutputLine, log: Log): OutputLine {
  const { name } = line.identity;
  const close = async (): Promise<void> => {
    await line.close();
    log.debug({ line: name }, `${name} is let go`);
  };
  return {
    identity: line.identity,
    async write(value: LineValue): Promise<void> {
      await line.write(value);
      log.debug({ line: name, value }, `${name} is ${value}`);
    },
    read: () => line.read(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** The same input, with a debug line for each edge and for the close. */
export function tracedInput(line: InputLine, log: Log): InputLine {
  const { name } = line.identity;
  const detach = line.onEdge((event) =>
    log.debug(
      { line: name, edge: event.edge, sequence: event.sequence, timestampNs: String(event.timestampNs) },
      `${name} has a ${event.edge} edge`,
    ),
  );
  const close = async (): Promise<void> => {
    detach();
    await line.close();
    log.debug({ line: name }, `${name} is let go`);
  };
  return {
    identity: line.identity,
    read: () => line.read(),
    onEdge: (listener) => line.onEdge(listener),
    onError: (listener) => line.onError(listener),
    close,
    [Symbol.asyncDispose]: close,
  };
}

import { runCli } from '../../src/cli/program.js';

export interface CliResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs one command line in this process. `onOut` sees output as it comes; aborting `signal` is Ctrl-C. */
export async function cli(
  argv: readonly string[],
  options: {
    env?: NodeJS.ProcessEnv;
    interactive?: boolean;
    signal?: AbortSignal;
    onOut?: (text: string) => void;
  } = {},
): Promise<CliResult> {
  let out = '';
  let err = '';
  const code = await runCli(argv, '0.0.0-test', {
    env: options.env ?? {},
    interactive: options.interactive ?? false,
    signal: options.signal ?? new AbortController().signal,
    out: (text) => {
      out += text;
      options.onOut?.(text);
    },
    err: (text) => {
      err += text;
    },
  });
  return { code, out, err };
}

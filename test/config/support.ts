import { type CheckResult, checkConfig } from '../../src/config/index.js';
import { TEST_CATALOG } from './catalog.js';

/** Checks a text with the small roles of the tests and an empty environment. */
export function check(
  text: string,
  more: { readonly env?: NodeJS.ProcessEnv; readonly stateDir?: string; readonly file?: string } = {},
): Promise<CheckResult> {
  const { env = {}, stateDir, file = '/etc/greenlight/site.yaml' } = more;
  const overrides = stateDir === undefined ? {} : { stateDir };
  return checkConfig({ file, text }, { catalog: TEST_CATALOG, env, overrides });
}

/** The effective configuration of a text that must have no problem. */
export async function load(text: string, more: Parameters<typeof check>[1] = {}) {
  const { config, problems } = await check(text, more);
  if (config === undefined) throw new Error(`unexpected problems: ${JSON.stringify(problems, null, 1)}`);
  return config;
}

/** `line path: message` of each problem. */
export async function problemsOf(text: string, more: Parameters<typeof check>[1] = {}): Promise<string[]> {
  const { config, problems } = await check(text, more);
  if ((config === undefined) !== problems.length > 0) throw new Error('either a configuration or problems');
  return problems.map(({ line, path, message }) => `${line} ${path}: ${message}`);
}

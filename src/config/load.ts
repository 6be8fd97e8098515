/** Reads a configuration file and says everything that is wrong with it. */
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { messageOf } from '../../hal/index.js';
import type { Catalog } from './catalog.js';
import { isMapping, makeDraft } from './draft.js';
import { effectiveConfig } from './effective.js';
import { ConfigError, type Problem } from './errors.js';
import type { Config } from './model.js';
import { formatPath, type Path } from './path.js';
import { checkPieces } from './pieces.js';
import { RULES } from './rules/index.js';
import { configSchema } from './schema/index.js';
import type { Finding } from './sentences.js';
import { mergeSettings } from './settings.js';
import { MAX_FILE_BYTES, readYaml, type YamlFile } from './yaml.js';

export interface LoadOptions {
  readonly catalog: Catalog;
  /** Default: the environment of the process. */
  readonly env?: NodeJS.ProcessEnv;
  /** From the command line; stronger than file and environment. */
  readonly overrides?: { readonly stateDir?: string };
}

export interface CheckResult {
  /** Undefined when there is any problem. */
  readonly config?: Config;
  /** In the order of the file; those from the environment first. */
  readonly problems: readonly Problem[];
}

/** @throws {ConfigError} CONFIG_INVALID with every problem, also when the file is missing, no YAML or empty */
export async function loadConfig(file: string, options: LoadOptions): Promise<Config> {
  const { config, problems } = await checkConfig({ file }, options);
  if (config === undefined) throw new ConfigError('CONFIG_INVALID', file, problems);
  return config;
}

/**
 * Checks a file, or a text as if it stood in `file`. Does not throw for anything that is wrong with the file.
 * @param source `file` is also what paths in the configuration are relative to
 */
export async function checkConfig(
  source: { readonly file: string; readonly text?: string },
  options: LoadOptions,
): Promise<CheckResult> {
  if (source.text !== undefined) return checkText(source.text, source.file, options);
  try {
    return checkText(await readText(source.file), source.file, options);
  } catch (error) {
    // Whatever the operating system says about the file is a problem of the configuration.
    return refuse(unreadable(error));
  }
}

function checkText(text: string, file: string, options: LoadOptions): CheckResult {
  const yaml = readYaml(text);
  if (yaml.problems.length > 0) return { problems: yaml.problems };
  const content = yaml.value;
  if (content === null || content === undefined) {
    return refuse('the file is empty; it needs at least "version: 1"');
  }
  if (!isMapping(content)) return refuse('the file must be a mapping of keys, beginning with "version: 1"');
  if (content.version !== undefined && content.version !== 1) {
    const message = `${JSON.stringify(content.version)} is not known to this Greenlight, which reads version 1`;
    return { problems: [locate({ path: ['version'], of: 'value', message }, yaml, new Map())] };
  }

  const env = options.env ?? process.env;
  const merged = mergeSettings(content, { env, stateDir: options.overrides?.stateDir });
  const { document } = merged;
  const findings = [...checkPieces(configSchema(options.catalog), document)];
  const draft = makeDraft(document, options.catalog, findings);
  for (const rule of RULES) findings.push(...rule(draft));

  const problems = [
    ...merged.problems.map(({ variable, message }) => ({ path: variable, line: 0, column: 0, message })),
    ...findings.map((finding) => locate(finding, yaml, merged.fromEnv)),
  ].sort((a, b) => a.line - b.line || a.column - b.column);
  return problems.length > 0 ? { problems } : { config: effectiveConfig(draft, resolve(file)), problems };
}

function locate(finding: Finding, yaml: YamlFile, fromEnv: ReadonlyMap<string, string>): Problem {
  const variable = variableAt(finding.path, fromEnv);
  if (variable !== undefined) return { path: variable, line: 0, column: 0, message: finding.message };
  return {
    path: formatPath(finding.path),
    ...yaml.locate(finding.path, finding.of),
    message: finding.message,
  };
}

/** The variable that gave the value at a path, or the list that the path leads into. */
function variableAt(path: Path, fromEnv: ReadonlyMap<string, string>): string | undefined {
  return fromEnv.get(path.join('.')) ?? fromEnv.get(path.slice(0, -1).join('.'));
}

async function readText(file: string): Promise<string> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    if (size > MAX_FILE_BYTES) throw new Error(`it has ${size} bytes; at most ${MAX_FILE_BYTES} are read`);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

function unreadable(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'there is no such file; give one with -c FILE, such as config/laptop.yaml';
  if (code === 'EISDIR') return 'is a folder; name a file in it';
  if (code === 'EACCES') return 'may not be read by this user; change its owner or mode';
  return `cannot be read: ${messageOf(error)}`;
}

function refuse(message: string): CheckResult {
  return { problems: [{ path: '', line: 0, column: 0, message }] };
}

/** `path/module.function`: which file that is, and whether it can run here. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import { packageFolder } from '../../../package.js';
import type { FunctionDefinition, FunctionRuntime, ProcessRun } from '../definition.js';

export interface HandlerParts {
  /** Absolute. The process's working folder, first on its module path. */
  readonly folder: string;
  /** May have dots: a module in a package. */
  readonly module: string;
  readonly fn: string;
}

export function handlerParts(handler: string): HandlerParts {
  const name = basename(handler);
  const dot = name.lastIndexOf('.');
  return { folder: dirname(handler), module: name.slice(0, dot), fn: name.slice(dot + 1) };
}

const ENDINGS: Readonly<Record<FunctionRuntime, readonly string[]>> = {
  python3: ['.py', '/__init__.py'],
  nodejs: ['.js', '.cjs', '.mjs', '/index.js'],
};

/** The handler's file; undefined when there is none. */
export async function handlerFile(run: ProcessRun): Promise<string | undefined> {
  const { folder, module } = handlerParts(run.handler);
  const path = run.runtime === 'python3' ? module.replaceAll('.', '/') : module;
  for (const ending of ENDINGS[run.runtime]) {
    const file = join(folder, path + ending);
    if (await can(file, constants.R_OK)) return file;
  }
  return undefined;
}

/** Of the code in the handler's file: another code is another function. Empty when it cannot be read. */
export async function codeDigest({ runs }: FunctionDefinition): Promise<string> {
  const file = runs.kind === 'process' ? await handlerFile(runs) : undefined;
  if (file === undefined) return '';
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}

/** Why a function cannot run on this machine, one clause each; empty when it can. */
export async function runProblems(run: ProcessRun, interpreter: string): Promise<readonly string[]> {
  const problems: string[] = [];
  if ((await handlerFile(run)) === undefined) {
    const files = ENDINGS[run.runtime].map((ending) => ending.replace(/^\//, '…/')).join(', ');
    problems.push(`no readable file for handler ${run.handler} (tried ${files})`);
  }
  if (!(await isCommand(interpreter))) {
    problems.push(`${run.runtime} needs the command ${interpreter}, which is not here; install it`);
  }
  if (run.runAs !== undefined && process.getuid?.() !== 0) {
    problems.push(`runAs ${run.runAs.uid}:${run.runAs.gid} needs a core that runs as root; leave it out`);
  }
  if (run.runAs !== undefined && process.getuid?.() === 0) {
    if (!(await isCommand('setpriv'))) {
      problems.push('runAs needs the command setpriv, which is not here; install the package util-linux');
    }
    const closed =
      (await closedTo(run.runAs, dirname(run.handler))) ?? (await closedTo(run.runAs, packageFolder()));
    if (closed !== undefined) {
      problems.push(
        `user ${run.runAs.uid} may not enter ${closed}, where code that it needs is; let it in (chmod o+x), or move the code`,
      );
    }
  }
  const { devices = [], folders = [] } = run.resources ?? {};
  for (const device of devices) {
    if (!(await can(device, constants.F_OK))) problems.push(`its device ${device} is not there`);
  }
  for (const { path, access: mode } of folders) {
    // with another user, what counts is what that user may: seen when it tries
    const wanted = run.runAs
      ? constants.F_OK
      : mode === 'rw'
        ? constants.R_OK | constants.W_OK
        : constants.R_OK;
    if (!(await can(path, wanted)))
      problems.push(`its folder ${path} is not there, or not ${mode} for this user`);
  }
  return problems;
}

/** The folder on the way to `path`, itself included, that a user may not enter; undefined when none keeps it out. */
async function closedTo(user: { uid: number; gid: number }, path: string): Promise<string | undefined> {
  let closed: string | undefined;
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    const found = await stat(folder).catch(() => undefined);
    // what is not there is told of elsewhere
    if (found !== undefined) {
      const bit = found.uid === user.uid ? 0o100 : found.gid === user.gid ? 0o010 : 0o001;
      if ((found.mode & bit) === 0) closed = folder;
    }
    if (folder === dirname(folder)) return closed;
  }
}

async function isCommand(command: string): Promise<boolean> {
  if (command.includes('/')) return can(command, constants.X_OK);
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    if (folder !== '' && (await can(join(folder, command), constants.X_OK))) return true;
  }
  return false;
}

async function can(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}

/** `path/module.function`: which file that is, and whether it can run here. */
import { execFile } from 'node:child_process';
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

/** What root's group may, no function gets by way of a device. */
export const ROOT_GROUP = 0;

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
  problems.push(...(await resourceProblems(run)));
  return problems;
}

async function resourceProblems({ resources, runAs }: ProcessRun): Promise<readonly string[]> {
  const { devices = [], folders = [] } = resources ?? {};
  const problems: string[] = [];
  const user = runAs && process.getuid?.() === 0 ? runAs : undefined;
  for (const device of devices) {
    if (!(await can(device, constants.F_OK))) problems.push(`its device ${device} is not there`);
    else if (user !== undefined && !(await userMay(user, device, 'ro')))
      problems.push(`user ${user.uid} may not read its device ${device}, nor may the group that owns it`);
  }
  for (const { path, access: mode } of folders) {
    const there = await can(path, constants.F_OK);
    const wanted = mode === 'rw' ? constants.R_OK | constants.W_OK : constants.R_OK;
    if (!there || (user === undefined && !(await can(path, wanted))))
      problems.push(`its folder ${path} is not there, or not ${mode} for this user`);
    else if (user !== undefined && !(await userMay(user, path, mode)))
      problems.push(
        `user ${user.uid} may not ${mode === 'rw' ? 'read and write' : 'read'} its folder ${path}`,
      );
  }
  return problems;
}

/** As the kernel sees it, access lists and all: asked by a process of that user, in the group that owns the device. */
async function userMay(
  { uid, gid }: { uid: number; gid: number },
  path: string,
  mode: 'ro' | 'rw',
): Promise<boolean> {
  const found = await stat(path);
  const joins = !found.isDirectory() && found.gid !== ROOT_GROUP;
  const groups = joins ? `--groups=${found.gid}` : '--clear-groups';
  const test = mode === 'rw' ? ['-r', path, '-a', '-w', path] : ['-r', path];
  return new Promise((resolve) => {
    execFile('setpriv', [`--reuid=${uid}`, `--regid=${gid}`, groups, 'test', ...test], (error) =>
      resolve(error === null),
    );
  });
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

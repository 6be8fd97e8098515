import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, CodedError, type Log, messageOf } from '../../hal/index.js';
import type { Instances, UnitConfiguration } from './appliance.js';
import { inspectArchive, unpackArchive } from './archive.js';
import { UpdateError } from './errors.js';
import { watchHealth } from './health.js';
import type { Inbox, UpdateRequest } from './inbox.js';
import type { Installation } from './installation.js';
import type { Journal, ReleaseNote, UpdateRecord, UpdateState } from './journal.js';
import { readPublicKey, verifiedStatement } from './keys.js';
import { digestOfFile, type Statement } from './statement.js';
import type { Trial } from './trial.js';
import type { Units } from './units.js';
import { compareVersions } from './version.js';

/** What the configuration says of updates. */
export interface UpdateSettings {
  /** File with the public key. */
  readonly publicKey: string;
  /** Time in ms that a new release is watched. */
  readonly watchMs: number;
  /** That the units run with. */
  readonly configurations: readonly UnitConfiguration[];
}

export interface UpdaterDeps {
  readonly installation: Installation;
  readonly journal: Journal;
  readonly units: Units;
  readonly clock: Clock;
  readonly log: Log;
  /** Read for each update: it may have been edited. */
  readonly settings: () => Promise<UpdateSettings>;
  readonly instances: Instances;
  readonly tryRelease: (trial: Trial) => Promise<void>;
  /** Everything written below a folder is on disk when it resolves. */
  readonly flush: (folder: string) => Promise<void>;
  /** Bytes that are free on the file system of a folder. */
  readonly room: (folder: string) => Promise<number>;
  /** Name, architecture and Node of this machine. */
  readonly machine: { readonly name: string; readonly arch: string; readonly node: string };
  /** User id that alone may be able to change the public key. */
  readonly owner: number;
}

export interface Asked {
  readonly inbox: Inbox;
  readonly request: UpdateRequest;
  /** It came from root. */
  readonly trusted: boolean;
  /** Aborted: take back what can be taken back, and end. */
  readonly signal: AbortSignal;
}

/** Bytes that must stay free beside what an update needs. */
const SPARE = 32 * 1024 * 1024;

/** One update after the other, each of them whole or not at all. The caller sees to it that only one updater works. */
export class Updater {
  constructor(private readonly deps: UpdaterDeps) {}

  /**
   * Ends an update that was cut off. Before the switch it is dropped; after it, the former release is taken again and
   * running units are restarted; once confirmed, it is completed.
   * @returns what became of it; undefined when there was none
   */
  async resume(): Promise<UpdateRecord | undefined> {
    const { installation, journal } = this.deps;
    const noted = await journal.state();
    if (noted === undefined) return undefined;
    const state = noted === 'unreadable' ? await this.#guessed() : noted;
    await this.#forget();
    if (state.phase === 'confirming' && state.to !== undefined) return this.#confirm(state, state.to);
    const touched = (await installation.release('current')) !== state.from.release;
    const reason = touched
      ? `the update was cut off while ${state.phase}; ${state.from.version} runs again`
      : `the update was cut off while ${state.phase}; nothing was changed`;
    if (touched) await this.#goBack(state);
    return this.#fail(state, new UpdateError('UPDATE_INTERRUPTED', reason));
  }

  /**
   * Takes one request out of an inbox and carries it out, once: a request whose record is there is not repeated.
   * @returns its record; undefined when it was carried out before
   */
  async carryOut(waiting: {
    readonly inbox: Inbox;
    readonly id: string;
    readonly trusted: boolean;
    readonly signal: AbortSignal;
  }): Promise<UpdateRecord | undefined> {
    const { inbox, id, trusted, signal } = waiting;
    try {
      if ((await this.deps.journal.record(id)) !== undefined) return undefined;
      return await this.update({ inbox, request: await inbox.request(id), trusted, signal });
    } catch (error) {
      if (!(error instanceof UpdateError)) throw error;
      // not even a request
      this.deps.log.error({ update: id, err: error }, `request ${id} is dropped: ${error.message}`);
      return undefined;
    } finally {
      await inbox.discard(id);
    }
  }

  /** Rejects only when the disk does, and is then to be resumed; what is wrong with the update is in the record. */
  async update(asked: Asked): Promise<UpdateRecord> {
    const { request } = asked;
    const { installation, clock } = this.deps;
    const release = await installation.release('current');
    if (release === undefined)
      throw new UpdateError(
        'UPDATE_PLACE',
        `${installation.prefix} has no link "current": run install.sh again`,
      );
    let state: UpdateState = {
      id: request.id,
      by: request.by,
      file: request.file,
      phase: 'checking',
      startedAt: clock.now(),
      from: await this.#note(release),
    };
    const enter = async (next: Partial<UpdateState>): Promise<UpdateState> => {
      state = { ...state, ...next };
      await this.#enter(state);
      return state;
    };
    let to: ReleaseNote;
    try {
      await enter({});
      to = request.back ? await this.#former(asked) : await this.#unpacked(asked, enter);
      await this.#switch({ to, units: await this.deps.units.active(), enter, asked });
    } catch (error) {
      await this.#forget();
      return this.#undo(state, error, asked.signal);
    }
    // what fails from here on is completed by resume()
    return this.#confirm(await enter({ phase: 'confirming' }), to);
  }

  async #switch(step: {
    to: ReleaseNote;
    units: readonly string[];
    enter: (next: Partial<UpdateState>) => Promise<UpdateState>;
    asked: Asked;
  }): Promise<void> {
    const { installation, units: manager, settings, clock, instances } = this.deps;
    const { to, units, enter, asked } = step;
    const { signal } = asked;
    const { watchMs } = await settings();
    const known = new Map<string, ReadonlySet<string>>();
    for (const unit of units) known.set(unit, await instances.failing(unit));
    signal.throwIfAborted();
    await enter({ phase: 'switching', to, units });
    await installation.point('current', to.release);
    if (units.length === 0) return;
    await enter({ phase: 'restarting' });
    try {
      await manager.restart(units);
    } catch (error) {
      throw new UpdateError(
        'UPDATE_HEALTH',
        `${to.version} did not become ready: ${firstLine(messageOf(error))}; journalctl -u ${units[0]} tells more`,
        { cause: error },
      );
    }
    await enter({ phase: 'watching' });
    const { version } = to;
    const cause = (unit: string) => instances.cause(unit, { version, known: known.get(unit) ?? new Set() });
    await watchHealth({ units: manager, clock, cause }, units, { ms: watchMs, signal });
  }

  /** A release beside the running one, checked and tried, from the archive of a request. */
  async #unpacked(
    asked: Asked,
    enter: (next: Partial<UpdateState>) => Promise<UpdateState>,
  ): Promise<ReleaseNote> {
    const { installation, settings, tryRelease, flush, owner } = this.deps;
    const { inbox, request, trusted, signal } = asked;
    const { publicKey, configurations } = await settings();
    const key = await readPublicKey(publicKey, owner);
    const statement = verifiedStatement(await inbox.signature(request.id), key);
    await this.#checkStatement(statement, trusted && request.allowDowngrade === true);
    await this.#needRoom(await inbox.size(request.id));
    await inbox.take(request.id, this.#archive);
    const { size, sha256 } = await digestOfFile(this.#archive);
    if (size !== statement.size || sha256 !== statement.sha256)
      throw new UpdateError('UPDATE_SIGNATURE', 'the signature is of another archive than this one');
    const content = await inspectArchive(this.#archive);
    const { name, version, arch } = content.bundled;
    if (name !== statement.name || version !== statement.version || arch !== statement.arch)
      throw new UpdateError(
        'UPDATE_PACKAGE',
        `the archive holds ${name} ${version} for ${arch}, the signature is for ${statement.name} ${statement.version} for ${statement.arch}`,
      );
    this.#checkNode(content.node);
    await this.#needRoom(content.size);
    signal.throwIfAborted();

    await enter({ phase: 'unpacking' });
    const folder = await installation.begin();
    await unpackArchive(this.#archive, folder);
    await rm(this.#archive, { force: true });
    signal.throwIfAborted();
    await enter({ phase: 'trying' });
    await tryRelease({ folder, version, configurations });
    await flush(folder);
    return { release: await installation.name(version), version };
  }

  /** The release that ran before. */
  async #former({ trusted }: Asked): Promise<ReleaseNote> {
    const { installation, tryRelease, settings } = this.deps;
    const release = await installation.release('previous');
    if (!trusted) throw new UpdateError('UPDATE_DOWNGRADE', 'only root goes back to the previous release');
    if (release === undefined || release === (await installation.release('current')))
      throw new UpdateError('UPDATE_PLACE', 'there is no previous release to go back to');
    const note = await this.#note(release);
    const { configurations } = await settings();
    await tryRelease({ folder: installation.folder(release), version: note.version, configurations });
    return note;
  }

  async #checkStatement(statement: Statement, allowDowngrade: boolean): Promise<void> {
    const { machine, installation } = this.deps;
    if (statement.name !== machine.name)
      throw new UpdateError(
        'UPDATE_PACKAGE',
        `this is a package of ${statement.name}, not of ${machine.name}`,
      );
    if (statement.arch !== machine.arch)
      throw new UpdateError(
        'UPDATE_PACKAGE',
        `this package is for ${statement.arch}; Node on this machine is for ${machine.arch}`,
      );
    const running = await installation.version((await installation.release('current'))!);
    if (!allowDowngrade && compareVersions(statement.version, running) < 0)
      throw new UpdateError(
        'UPDATE_DOWNGRADE',
        `${statement.version} is older than ${running}, which runs; root may force it with --allow-downgrade`,
      );
  }

  #checkNode([major, minor]: readonly [number, number]): void {
    const { node } = this.deps.machine;
    const [ownMajor = 0, ownMinor = 0] = node.split('.').map(Number);
    if (ownMajor < major || (ownMajor === major && ownMinor < minor))
      throw new UpdateError(
        'UPDATE_PACKAGE',
        `the new release needs Node ${major}.${minor} or newer, here is ${node}: update Node first`,
      );
  }

  async #needRoom(bytes: number): Promise<void> {
    const free = await this.deps.room(this.deps.installation.prefix);
    // files fill whole blocks
    const needed = Math.ceil(bytes * 1.25) + SPARE;
    if (free < needed)
      throw new UpdateError(
        'UPDATE_SPACE',
        `${Math.ceil(needed / 1_048_576)} MiB are needed below ${this.deps.installation.prefix} and ${Math.floor(free / 1_048_576)} are free: sudo apt clean, or journalctl --vacuum-size=50M`,
      );
  }

  /** The new release is the good one: from here on nothing leads back. */
  async #confirm(state: UpdateState, to: ReleaseNote): Promise<UpdateRecord> {
    const { installation, journal, clock, log } = this.deps;
    await installation.point('current', to.release);
    if ((await installation.release('confirmed')) !== to.release) {
      await installation.point('previous', state.from.release);
      await installation.point('confirmed', to.release);
    }
    await installation.tidy();
    const record = recordOf(state, { status: 'Success', endedAt: clock.now() });
    await journal.end(record);
    log.info({ update: state.id }, `updated from ${state.from.version} to ${to.version}`);
    return record;
  }

  async #undo(state: UpdateState, cause: unknown, signal: AbortSignal): Promise<UpdateRecord> {
    const aborted = signal.aborted && !(cause instanceof UpdateError);
    const error = aborted
      ? new UpdateError('UPDATE_INTERRUPTED', `the update was ended while ${state.phase}`, { cause })
      : cause;
    const touched = (await this.deps.installation.release('current')) !== state.from.release;
    if (!touched) return this.#fail(state, error);
    await this.#goBack(state);
    const code = error instanceof CodedError ? error.code : undefined;
    const again = new UpdateError(
      (code ?? 'UPDATE_HEALTH') as UpdateError['code'],
      `${messageOf(error)}; ${state.from.version} runs again`,
      { cause: error },
    );
    return this.#fail(state, again);
  }

  /** The former release, and whatever ran runs with it. A unit that does not become ready is told: it tries on. */
  async #goBack({ from, units: restarted = [] }: UpdateState): Promise<void> {
    const { installation, units, log } = this.deps;
    await installation.point('current', from.release);
    try {
      await units.restart([...new Set([...restarted, ...(await units.active())])]);
    } catch (error) {
      log.error({ err: error }, `${from.version} did not become ready again: ${messageOf(error)}`);
    }
  }

  async #fail(state: UpdateState, error: unknown): Promise<UpdateRecord> {
    const { installation, journal, clock, log } = this.deps;
    await installation.tidy();
    const record = recordOf(state, {
      status: 'Failure',
      endedAt: clock.now(),
      ...(error instanceof CodedError && { code: error.code }),
      reason: messageOf(error),
    });
    await journal.end(record);
    log.error({ update: state.id }, `update from ${state.file} failed: ${messageOf(error)}`);
    return record;
  }

  async #enter(state: UpdateState): Promise<void> {
    await this.deps.journal.note(state);
    this.deps.log.info({ update: state.id }, `update from ${state.file}: ${state.phase}`);
  }

  /** What lies about of an archive. */
  async #forget(): Promise<void> {
    await rm(this.#archive, { force: true });
    await rm(this.deps.installation.beginning, { recursive: true, force: true });
  }

  get #archive(): string {
    return join(this.deps.installation.updates, 'archive.tgz');
  }

  async #note(release: string): Promise<ReleaseNote> {
    return { release, version: await this.deps.installation.version(release) };
  }

  /** Of a state that cannot be read, the links tell enough to go back. */
  async #guessed(): Promise<UpdateState> {
    const { installation, clock } = this.deps;
    const release = (await installation.release('confirmed')) ?? (await installation.release('current'));
    if (release === undefined)
      throw new UpdateError('UPDATE_PLACE', `${installation.prefix} has no releases: run install.sh again`);
    const now = clock.now();
    const unknown = { id: `unknown-${now}`, by: 'unknown', file: 'unknown' };
    return { ...unknown, phase: 'watching', startedAt: now, from: await this.#note(release) };
  }
}

function recordOf(
  { phase: _, units: __, ...state }: UpdateState,
  end: Pick<UpdateRecord, 'status' | 'endedAt'> & Partial<UpdateRecord>,
): UpdateRecord {
  return { ...state, ...end };
}

function firstLine(text: string): string {
  return text.split('\n').find((line) => line.trim() !== '') ?? text;
}

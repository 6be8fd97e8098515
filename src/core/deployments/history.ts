import type { Store, StoreOperation } from '../../store/contract.js';
import type { GroupDocument } from './document.js';
import type { DeploymentRecord } from './record.js';

/** Which group is deployed: the one switch between old and new. */
export interface Pointer {
  readonly deployment: string;
  readonly group: string;
  /** Digest of the configuration file's group when this was deployed: another one was edited since. */
  readonly base: string;
  /** A reset has to delete what it deletes; again, when it died on the way. */
  readonly clearing?: true;
}

const POINTER = 'current';
/** Write-ahead: the deployment under way. */
const PENDING = 'pending';
const RECORD = 'deployment!';
const GROUP = 'group!';

/** What is kept of deployments. Every method is one atomic write. */
export class History<D extends GroupDocument> {
  #records: DeploymentRecord[] = [];
  #pointer: Pointer | undefined;

  constructor(
    private readonly store: Store,
    private readonly keep: number,
  ) {}

  /** Oldest first. */
  get records(): readonly DeploymentRecord[] {
    return this.#records;
  }

  get pointer(): Pointer | undefined {
    return this.#pointer;
  }

  /** @returns id of a deployment that died on the way */
  async load(): Promise<string | undefined> {
    this.#pointer = await this.#read<Pointer>(POINTER);
    this.#records = [];
    for await (const [, value] of this.store.entries({ gte: RECORD, lt: `${RECORD.slice(0, -1)}"` })) {
      this.#records.push(JSON.parse(Buffer.from(value).toString('utf8')) as DeploymentRecord);
    }
    return this.#read<string>(PENDING);
  }

  async group(digest: string): Promise<D | undefined> {
    return this.#read<D>(GROUP + digest);
  }

  /** The deployment has begun; its group is kept. */
  async begin(record: DeploymentRecord, group: D): Promise<void> {
    await this.#write(record, [put(PENDING, record.id), put(GROUP + record.group, group)]);
  }

  async progress(record: DeploymentRecord): Promise<void> {
    await this.#write(record, []);
  }

  /** It came to nothing; what is deployed stays. */
  async fail(record: DeploymentRecord): Promise<void> {
    await this.#write(record, [{ type: 'del', key: PENDING }]);
  }

  /** From here on its group is the deployed one. */
  async succeed(record: DeploymentRecord, group: D, pointer: Pointer): Promise<void> {
    await this.#write(record, [
      { type: 'del', key: PENDING },
      put(GROUP + record.group, group),
      put(POINTER, pointer),
    ]);
    this.#pointer = pointer;
  }

  async cleared(): Promise<void> {
    if (this.#pointer?.clearing === undefined) return;
    const { clearing, ...pointer } = this.#pointer;
    await this.store.write([put(POINTER, pointer)]);
    this.#pointer = pointer;
  }

  /** Old records go with the same write, and groups that none of the others names. */
  async #write(record: DeploymentRecord, operations: readonly StoreOperation[]): Promise<void> {
    const records = [...this.#records.filter(({ id }) => id !== record.id), record];
    const old = records.splice(0, Math.max(0, records.length - this.keep));
    const named = new Set([...records.map(({ group }) => group), this.#pointer?.group, record.group]);
    const gone = old.filter(({ group }) => !named.has(group));
    await this.store.write([
      ...old.map(({ sequence }): StoreOperation => ({ type: 'del', key: recordKey(sequence) })),
      ...gone.map(({ group }): StoreOperation => ({ type: 'del', key: GROUP + group })),
      put(recordKey(record.sequence), record),
      ...operations,
    ]);
    this.#records = records;
  }

  async #read<T>(key: string): Promise<T | undefined> {
    const bytes = await this.store.get(key);
    return bytes === undefined ? undefined : (JSON.parse(Buffer.from(bytes).toString('utf8')) as T);
  }
}

function recordKey(sequence: number): string {
  return RECORD + String(sequence).padStart(10, '0');
}

function put(key: string, value: unknown): StoreOperation {
  return { type: 'put', key, value: JSON.stringify(value) };
}

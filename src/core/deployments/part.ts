import { messageOf } from '../../../hal/index.js';
import type { GroupDocument } from './document.js';

/** A part of the core that follows the deployed group: the table, the functions, the things. */
export interface DeployedPart<D extends GroupDocument> {
  readonly name: string;
  /** One sentence per problem that keeps it from following; changes nothing. */
  check?(next: D): Promise<readonly string[]>;
  /** Follows, changing only what differs. Rejects when it cannot; it is then asked to follow the former group again. */
  apply(next: D): Promise<void>;
}

/** One sentence per problem that keeps the parts from following. */
export async function checkParts<D extends GroupDocument>(
  parts: readonly DeployedPart<D>[],
  next: D,
): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const part of parts) {
    try {
      problems.push(...((await part.check?.(next)) ?? []));
    } catch (cause) {
      throw new Error(`${part.name}: ${messageOf(cause)}`, { cause });
    }
  }
  return problems;
}

/**
 * The parts follow, in their order.
 * @param options.force goes on past those that cannot
 * @param options.touched gets each part before it is asked, for the way back
 * @returns one sentence per part that could not, when forced
 * @throws {Error} that names the first part that could not, and why
 */
export async function applyParts<D extends GroupDocument>(
  parts: readonly DeployedPart<D>[],
  next: D,
  { force, touched }: { readonly force: boolean; readonly touched: DeployedPart<D>[] },
): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const part of parts) {
    touched.push(part);
    try {
      await part.apply(next);
    } catch (cause) {
      const problem = `${part.name}: ${messageOf(cause)}`;
      if (!force) throw new Error(problem, { cause });
      problems.push(problem);
    }
  }
  return problems;
}

/** The former group once more, on every part that was touched, last first. @returns what did not come back */
export async function restoreParts<D extends GroupDocument>(
  touched: readonly DeployedPart<D>[],
  previous: D,
): Promise<readonly string[]> {
  const lost: string[] = [];
  for (const part of [...touched].reverse()) {
    try {
      await part.apply(previous);
    } catch (error) {
      lost.push(`${part.name} did not come back to the former group: ${messageOf(error)}; restart the core`);
    }
  }
  return lost;
}

/** Doorway to `yaml`: text to value, and back from a place in the value to line and column. */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  stringify,
  visit,
} from 'yaml';
import { messageOf } from '../../hal/index.js';
import type { Problem } from './errors.js';
import type { Path } from './path.js';

/** Longest file in bytes; a site with a thousand things takes about 150 KB. */
export const MAX_FILE_BYTES = 4 * 1024 * 1024;

export interface Place {
  /** From 1; 0 when the value is not in the file. */
  readonly line: number;
  readonly column: number;
}

export interface YamlFile {
  /** Plain data; undefined when the text could not be read or is empty. */
  readonly value: unknown;
  /** What the text breaks of YAML. */
  readonly problems: readonly Problem[];
  /**
   * Where something stands. A place that is not in the file gives that of the nearest parent that is.
   * @param of the key, or (default) its value
   */
  locate(path: Path, of?: 'key' | 'value'): Place;
}

/** Reads YAML 1.2. Never throws: what is wrong is in `problems`. */
export function readYaml(text: string): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const problems: Problem[] = [...document.errors, ...document.warnings].map((error) => ({
    path: '',
    ...placeOf(error.pos[0]),
    message: `not valid YAML: ${error.message}`,
  }));
  let value: unknown;
  if (document.errors.length === 0) {
    try {
      value = document.toJS({ maxAliasCount: 100 });
    } catch (error) {
      // An alias without anchor, or aliases that multiply beyond any sensible file.
      const place = placeOf(danglingAlias(document) ?? 0);
      problems.push({ path: '', ...place, message: `not valid YAML: ${messageOf(error)}` });
    }
  }
  return {
    value,
    problems,
    locate(path, of = 'value') {
      const offset = findOffset(document, path, of);
      return offset === undefined ? { line: 0, column: 0 } : placeOf(offset);
    },
  };
}

function danglingAlias(document: Document): number | undefined {
  let offset: number | undefined;
  visit(document, {
    Alias(_key, alias) {
      if (alias.resolve(document) !== undefined) return undefined;
      offset = offsetOf(alias);
      return visit.BREAK;
    },
  });
  return offset;
}

/** Writes plain data as YAML 1.2 that {@link readYaml} reads as the same. */
export function writeYaml(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}

function findOffset(document: Document, path: Path, of: 'key' | 'value'): number | undefined {
  let node: unknown = document.contents;
  let offset = offsetOf(node);
  for (const [index, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find((item) => String(isScalar(item.key) ? item.key.value : item.key) === step);
      if (pair === undefined) return offset;
      const wantsKey = of === 'key' && index === path.length - 1;
      offset = (wantsKey ? undefined : offsetOf(pair.value)) ?? offsetOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[step as number];
      if (node === undefined) return offset;
      offset = offsetOf(node) ?? offset;
    } else return offset;
  }
  return offset;
}

function offsetOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}

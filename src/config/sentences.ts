/** Turns violations of the schema into sentences that say what is wrong and what would be right. */
import type { Violation } from './ajv.js';
import { DURATION_RULE } from './duration.js';
import { suggestion } from './nearest.js';
import { type Path, valueAt } from './path.js';
import type { Schema } from './schema/index.js';

export interface Finding {
  readonly path: Path;
  /** Which part of the place is meant. */
  readonly of: 'key' | 'value';
  readonly message: string;
}

/** @param document the value that was checked */
export function describe(violations: readonly Violation[], document: unknown): readonly Finding[] {
  return settle(violations).map((violation) => sentence(violation, document));
}

/**
 * Leaves one violation per mistake. Of a value with several forms (`anyOf`), those of the form that was meant are
 * kept (a mapping was written and one form is a mapping); otherwise one sentence names all forms.
 */
function settle(violations: readonly Violation[]): readonly Violation[] {
  // What is wrong with the name of a key is said once, by `propertyNames`; `if` only says that its branch failed.
  let kept = violations.filter(
    (violation) =>
      violation.keyword !== 'if' &&
      (violation.propertyName === undefined || violation.keyword === 'propertyNames'),
  );
  for (const choice of kept.filter(({ keyword }) => keyword === 'anyOf' || keyword === 'oneOf')) {
    const below = kept.filter(
      (other) => other !== choice && other.schemaPath.startsWith(`${choice.schemaPath}/`),
    );
    const forms = new Set(below.map((other) => formOf(other, choice)));
    const unfit = new Set(
      below
        .filter(
          (other) =>
            other.instancePath === choice.instancePath && ['type', 'const', 'enum'].includes(other.keyword),
        )
        .map((other) => formOf(other, choice)),
    );
    const meant = [...forms].filter((form) => !unfit.has(form));
    const dropped = new Set<Violation>(
      meant.length === 1 ? [choice, ...below.filter((other) => formOf(other, choice) !== meant[0])] : below,
    );
    kept = kept.filter((violation) => !dropped.has(violation));
  }
  return kept;
}

/** Which form of a choice a violation below it belongs to: `0`, `1`, … */
function formOf(violation: Violation, choice: Violation): string {
  return violation.schemaPath.slice(choice.schemaPath.length + 1).split('/')[0]!;
}

function sentence(violation: Violation, document: unknown): Finding {
  const path = pathOf(violation.instancePath, document);
  const schema = (violation.parentSchema ?? {}) as Schema;
  const { params, data } = violation;
  const value = (message: string): Finding => ({ path, of: 'value', message });
  if (data === null && ['type', 'anyOf', 'enum', 'const', 'oneOf'].includes(violation.keyword)) {
    return value(
      `is empty; ${schema.type === 'object' ? 'write {} for the defaults, or ' : 'give a value or '}remove the key`,
    );
  }
  switch (violation.keyword) {
    case 'additionalProperties': {
      const key = String(params.additionalProperty);
      const known = Object.keys((schema.properties ?? {}) as object);
      return {
        path: [...path, key],
        of: 'key',
        message: `unknown key${suggestion(key, known, 'known here')}`,
      };
    }
    case 'required': {
      const key = String(params.missingProperty);
      const meaning = valueAt(schema, ['properties', key, 'description']);
      return {
        path: [...path, key],
        of: 'value',
        message: `is missing${typeof meaning === 'string' ? `: ${lowerFirst(firstSentence(meaning))}` : ''}`,
      };
    }
    case 'enum': {
      const allowed = (params.allowedValues as unknown[]).map(String);
      return value(`${show(data)} is not known${suggestion(String(data), allowed, 'there are')}`);
    }
    case 'const':
      return value(`must be ${show(params.allowedValue)}, not ${show(data)}`);
    case 'format':
      return value(
        params.format === 'duration'
          ? `${show(data)} is not a duration; write ${DURATION_RULE}`
          : `${show(data)} is not right${expectation(schema)}`,
      );
    case 'type':
      if (schema.format === 'duration')
        return value(`${show(data)} is not a duration; write ${DURATION_RULE}`);
      return value(`must be ${typeName(params.type)}, not ${show(data)}`);
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
    case 'exclusiveMaximum':
      return value(`${show(data)} is out of range; it must be ${range(schema)}`);
    case 'minItems':
      return value(`needs at least ${count(params.limit, 'element')}`);
    case 'maxItems':
      return value(`may have at most ${count(params.limit, 'element')}`);
    case 'minLength':
      return value(
        Number(params.limit) === 1 ? 'must not be empty' : `needs at least ${params.limit} letters`,
      );
    case 'maxLength':
      return value(`may have at most ${count(params.limit, 'letter')}`);
    case 'minProperties':
      return value(`needs at least ${count(params.limit, 'key')}`);
    case 'maxProperties':
      return value(`may have at most ${count(params.limit, 'key')}`);
    case 'uniqueItems':
      return value(`elements ${params.j} and ${params.i} (from 0) are the same; remove one`);
    case 'propertyNames':
      return {
        path: [...path, String(params.propertyName)],
        of: 'key',
        message: `${show(params.propertyName)} cannot be a key here${expectation((violation.schema ?? {}) as Schema)}`,
      };
    default:
      return value(`${show(data)} is not right${expectation(schema)}`);
  }
}

function pathOf(pointer: string, document: unknown): Path {
  const path: (string | number)[] = [];
  for (const raw of pointer.split('/').slice(1)) {
    const step = raw.replaceAll('~1', '/').replaceAll('~0', '~');
    path.push(Array.isArray(valueAt(document, path)) ? Number(step) : step);
  }
  return path;
}

/** What the schema's own words say, as the remedy. */
function expectation(schema: Schema): string {
  const text = schema.description ?? schema.title;
  if (typeof text === 'string') return `; expected: ${lowerFirst(text.replace(/\.$/, ''))}`;
  return typeof schema.pattern === 'string' ? `; it must match ${schema.pattern}` : '';
}

function range(schema: Schema): string {
  const low = schema.minimum ?? schema.exclusiveMinimum;
  const high = schema.maximum ?? schema.exclusiveMaximum;
  const from = schema.exclusiveMinimum === undefined ? 'at least' : 'more than';
  const to = schema.exclusiveMaximum === undefined ? 'at most' : 'less than';
  return [low === undefined ? '' : `${from} ${low}`, high === undefined ? '' : `${to} ${high}`]
    .filter((part) => part !== '')
    .join(' and ');
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  object: 'a mapping (key: value)',
  array: 'a list',
  null: 'empty',
};

function typeName(type: unknown): string {
  return (Array.isArray(type) ? type : String(type).split(',')).map((t) => TYPES[t] ?? t).join(' or ');
}

function show(data: unknown): string {
  const text = JSON.stringify(data) ?? String(data);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function count(limit: unknown, noun: string): string {
  return `${limit} ${noun}${limit === 1 ? '' : 's'}`;
}

function firstSentence(text: string): string {
  return /^(.*?)[.;](\s|$)/s.exec(text)?.[1] ?? text;
}

/** Lower case at the start, unless the word is a name in capitals. */
function lowerFirst(text: string): string {
  return /^[A-Z][a-z]/.test(text) || /^A /.test(text) ? text[0]!.toLowerCase() + text.slice(1) : text;
}

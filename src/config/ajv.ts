/** Doorway to `ajv`: checks a value against a JSON Schema. */
import { Ajv, type ErrorObject } from 'ajv';
import { parseDuration } from './duration.js';
import type { Schema } from './schema/index.js';

/** One violation, with the schema and the value concerned. */
export type Violation = ErrorObject<string, Record<string, unknown>>;

/**
 * @returns a check that returns every violation and leaves the value as it is
 * @throws {Error} when the schema itself is faulty (a role with a misspelt keyword)
 */
export function compile(schema: Schema): (value: unknown) => readonly Violation[] {
  const ajv = new Ajv({
    allErrors: true,
    verbose: true,
    strict: true,
    // Variants name keys whose types stand in another branch of the same schema.
    strictTypes: false,
    strictRequired: false,
  });
  ajv.addVocabulary(['env']);
  ajv.addFormat('duration', { type: 'string', validate: (text) => parseDuration(text) !== undefined });
  const validate = ajv.compile(schema);
  return (value) => (validate(value) ? [] : ((validate.errors ?? []) as Violation[]));
}

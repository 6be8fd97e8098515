/** Doorway to `ajv`: checks a value against a JSON Schema. */
import { Ajv, type ErrorObject } from 'ajv';
import { parseDuration } from './duration.js';
import type { Schema } from './schema/index.js';

/** One violation, with the schema and the value concerned. */
export type Violation = ErrorObject<string, Record<string, unknown>>;

/** Returns every violation and leaves the value as it is. */
export type Check = (value: unknown) => readonly Violation[];

/** @returns a function that compiles schemas; it throws when a schema itself is faulty (a role with a misspelt keyword) */
export function compiler(): (schema: Schema) => Check {
  const ajv = new Ajv({
    allErrors: true,
    verbose: true,
    strict: true,
    // Variants name keys whose types stand in another branch of the same schema.
    strictTypes: false,
    strictRequired: false,
    // Compiling the schema of schemas takes longer than ours; that ours follow it is the tests' to say.
    validateSchema: false,
    meta: false,
    // Optimizing the generated code costs more than the one use of it saves.
    code: { optimize: false },
  });
  ajv.addVocabulary(['env']);
  ajv.addFormat('duration', { type: 'string', validate: (text) => parseDuration(text) !== undefined });
  return (schema) => {
    const validate = ajv.compile(schema);
    return (value) => (validate(value) ? [] : ((validate.errors ?? []) as Violation[]));
  };
}

/** {@link compiler} for a single schema. */
export function compile(schema: Schema): Check {
  return compiler()(schema);
}

/**
 * Checks a document against the schema piece by piece: each section apart, and of the roles and builtins only those
 * that the file uses. Ajv's work grows faster than the schema: as a whole it would take 0.2 s on a laptop, seconds on a
 * small Pi, before the first lamp is lit.
 */
import { isJsonObject } from '../../hal/index.js';
import { type Check, compiler, type Violation } from './ajv.js';
import type { Path } from './path.js';
import type { Schema } from './schema/index.js';
import { describe, type Finding } from './sentences.js';

/** Everything in which the document differs from the schema. */
export function checkPieces(schema: Schema, document: Readonly<Record<string, unknown>>): readonly Finding[] {
  const sections = schema.properties as Readonly<Record<string, Schema>>;
  const findings: Finding[] = [];
  const compile = compiler();
  const add = (violations: readonly Violation[], value: unknown, at: Path) => {
    for (const finding of describe(violations, value))
      findings.push({ ...finding, path: [...at, ...finding.path] });
  };
  const keys = Object.fromEntries(
    Object.entries(sections).map(([key, { description = '' }]) => [key, { description }]),
  );
  add(compile({ ...schema, properties: keys })(document), document, []);
  for (const [key, section] of Object.entries(sections)) {
    if (!Object.hasOwn(document, key)) continue;
    const value = document[key];
    const variants = variantsOf(section, compile);
    add(compile(variants === undefined ? section : withoutVariants(section))(value), value, [key]);
    if (variants === undefined || !Array.isArray(value)) continue;
    for (const [index, element] of value.entries()) {
      const check = variants.find(({ fits }) => fits(element))?.check();
      if (check !== undefined) add(check(element), element, [key, index]);
    }
  }
  return findings;
}

interface Variant {
  /** Whether an element is of this variant: by its role or builtin, or by having none. */
  fits(element: unknown): boolean;
  /** Compiled with the first element of the variant. */
  check(): Check;
}

/** The variants of a list whose elements have different keys by role or builtin; undefined for other sections. */
function variantsOf(section: Schema, compile: (schema: Schema) => Check): readonly Variant[] | undefined {
  const branches = (section.items as Schema | undefined)?.allOf as readonly Schema[] | undefined;
  return branches?.map(({ if: when, then: schema }) => {
    let check: Check | undefined;
    return {
      fits: (element) => isJsonObject(element) && fits(when as Schema, element),
      check: () => {
        check ??= compile(schema as Schema);
        return check;
      },
    };
  });
}

/** Reads the two conditions that lists use: a key has one value, or is absent. */
function fits({ not, properties }: Schema, element: Readonly<Record<string, unknown>>): boolean {
  if (isJsonObject(not))
    return (not.required as readonly string[]).every((key) => !Object.hasOwn(element, key));
  return Object.entries(properties as Readonly<Record<string, Schema>>).every(
    ([key, schema]) => element[key] === schema.const,
  );
}

function withoutVariants(section: Schema): Schema {
  const { allOf: _variants, ...items } = section.items as Schema;
  return { ...section, items };
}

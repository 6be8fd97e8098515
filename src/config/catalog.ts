/**
 * What a configuration may name: roles and the functions that come with the product. The composition root owns the
 * lists and passes them in, so that configuration knows no device and no function.
 */
import type { AnyRoleDefinition, OptionSchema, Traffic } from '../../devices/contract.js';

/** A function that comes with the product: `builtin: car-aggregator`. */
export interface BuiltinDefinition {
  /** As in `builtin: car-aggregator`. */
  readonly name: string;
  /** One sentence for the documentation. */
  readonly summary: string;
  /**
   * Options beside `name` and `builtin`: JSON Schema (draft-07) per key. The function gets them checked, defaults
   * filled in, durations (`format: duration`) as milliseconds.
   */
  readonly options: Readonly<Record<string, OptionSchema>>;
  readonly required: readonly string[];
  /**
   * What it exchanges with the members of the group, from which subscription rows follow and dangling names are found.
   * @param name the function's name in the group
   */
  traffic?(name: string, options: Readonly<Record<string, unknown>>): Traffic;
  /** Rules that the schema cannot say. @returns a sentence per problem, with the path below the function */
  check?(
    options: Readonly<Record<string, unknown>>,
  ): readonly { readonly path: string; readonly message: string }[];
}

export interface Catalog {
  readonly roles: ReadonlyMap<string, AnyRoleDefinition>;
  readonly builtins: ReadonlyMap<string, BuiltinDefinition>;
}

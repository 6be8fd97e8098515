/**
 * Bodies of what the service publishes, as text: the parts that did not change are not written anew. Key order is that
 * of AWS's shadow manager; nobody may rely on it. Timestamps are epoch seconds.
 */
import type { JsonObject } from '../../../hal/index.js';
import type { Difference, Sections, ShadowDocument } from './document.js';
import type { ShadowError } from './errors.js';
import { stamp } from './metadata.js';
import type { StatePatch } from './validate.js';

/** Body of `/get/accepted`. */
export interface GetAccepted {
  readonly state: Sections & { readonly delta?: JsonObject };
  readonly metadata: Sections;
  readonly version: number;
  readonly timestamp: number;
  readonly clientToken?: string;
}

/** Body of `/update/accepted`: the request's own state with its `null`s, not the merged one. */
export interface UpdateAccepted {
  readonly version: number;
  readonly timestamp: number;
  readonly clientToken?: string;
  readonly state: StatePatch | null;
  readonly metadata: JsonObject;
}

/** Body of `/delete/accepted`. */
export interface DeleteAccepted {
  /** Of the document that was deleted. */
  readonly version: number;
  readonly timestamp: number;
  readonly clientToken?: string;
}

/** Body of `/…/rejected`, and of an HTTPS answer that is an error. */
export interface Rejected {
  readonly timestamp: number;
  readonly clientToken?: string;
  readonly code: number;
  readonly message: string;
}

export function getAccepted(document: ShadowDocument, timestamp: number, clientToken?: string): GetAccepted {
  const { state, difference } = document;
  return {
    state: difference ? { ...state, delta: difference.state } : state,
    metadata: document.metadata,
    version: document.version,
    timestamp,
    ...(clientToken !== undefined && { clientToken }),
  };
}

export function getAcceptedText(document: ShadowDocument, timestamp: number, clientToken?: string): string {
  const { stateText, difference } = document;
  // a difference means that there is a desired section, so the state text holds a member already
  const state = difference ? `${stateText.slice(0, -1)},"delta":${difference.stateText}}` : stateText;
  return `{"state":${state},${metadataVersion(document)},"timestamp":${timestamp}${tail(clientToken)}}`;
}

export function updateAccepted(
  state: StatePatch | null,
  version: number,
  timestamp: number,
  clientToken?: string,
): UpdateAccepted {
  return {
    version,
    ...(clientToken !== undefined && { clientToken }),
    timestamp,
    state,
    metadata: stamp(state as JsonObject | null, timestamp) as JsonObject,
  };
}

export function deltaText(
  version: number,
  difference: Difference,
  timestamp: number,
  clientToken?: string,
): string {
  const { stateText, metadataText } = difference;
  return `{"version":${version},"timestamp":${timestamp},"state":${stateText},"metadata":${metadataText}${tail(clientToken)}}`;
}

/** `previous` is `null` for a shadow that did not exist. */
export function documentsText(
  previous: ShadowDocument | undefined,
  current: ShadowDocument,
  timestamp: number,
  clientToken?: string,
): string {
  const before = previous ? documentText(previous) : 'null';
  return `{"previous":${before},"current":${documentText(current)}${tail(clientToken)},"timestamp":${timestamp}}`;
}

export function deleteAccepted(version: number, timestamp: number, clientToken?: string): DeleteAccepted {
  return { version, timestamp, ...(clientToken !== undefined && { clientToken }) };
}

export function rejected(error: ShadowError, timestamp: number, clientToken?: string): Rejected {
  return {
    timestamp,
    ...(clientToken !== undefined && { clientToken }),
    code: error.protocolCode,
    message: error.message,
  };
}

/** `{"state":…,"metadata":…,"version":…}` */
function documentText(document: ShadowDocument): string {
  return `{"state":${document.stateText},${metadataVersion(document)}}`;
}

function metadataVersion(document: ShadowDocument): string {
  return `"metadata":${document.metadataText},"version":${document.version}`;
}

function tail(clientToken: string | undefined): string {
  return clientToken === undefined ? '' : `,"clientToken":${JSON.stringify(clientToken)}`;
}

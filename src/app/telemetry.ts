import type { Clock, Log } from '../../hal/index.js';
import type { Core } from '../core/core.js';
import { type Group, TELEMETRY } from '../core/group/index.js';
import type { Store } from '../store/contract.js';
import { TelemetryRecorder } from '../telemetry/index.js';

/** What keeps the measurements of the group. */
export function makeTelemetry(
  core: Core,
  section: Store,
  deps: { clock: Clock; log: Log },
): TelemetryRecorder {
  return new TelemetryRecorder({
    port: core.broker.port(TELEMETRY),
    subjects: telemetrySubjects(core.group),
    section,
    clock: deps.clock,
    log: deps.log.child({ part: 'telemetry' }),
  });
}

export function telemetrySubjects(group: Group): readonly string[] {
  return group.table.rowsTo(TELEMETRY).map(({ subject }) => subject);
}

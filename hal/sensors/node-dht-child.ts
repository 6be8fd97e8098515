/**
 * The child process of node-dht.ts and the one doorway to the package node-dht-sensor. It answers one question at a
 * time and ends with its parent.
 */
import { createRequire } from 'node:module';

export interface NodeDhtQuestion {
  readonly id: number;
  readonly model: 'dht11' | 'dht22';
  readonly gpio: number;
  readonly fake?: { readonly temperatureC: number; readonly humidityPercent: number };
}

export type NodeDhtAnswer =
  | {
      readonly id: number;
      readonly values: { readonly temperatureC: number; readonly humidityPercent: number };
    }
  | {
      readonly id: number;
      readonly error: string /** The package cannot be loaded. */;
      readonly missing?: true;
    };

/** The part of the package that is used; it has no types of its own. */
interface NodeDhtSensor {
  initialize(options: { test: { fake: { temperature: number; humidity: number } } }): void;
  read(
    type: 11 | 22,
    gpio: number,
    done: (error: Error | null, temperature: number, humidity: number) => void,
  ): void;
}

let sensor: NodeDhtSensor | undefined;

process.on('message', (question: NodeDhtQuestion) => answer(question));
process.on('disconnect', () => process.exit(0));
// A Ctrl-C at the terminal reaches the whole process group; the parent decides when this one ends.
process.on('SIGINT', () => {});

function answer(question: NodeDhtQuestion): void {
  const { id, model, gpio, fake } = question;
  try {
    sensor ??= createRequire(import.meta.url)('node-dht-sensor') as NodeDhtSensor;
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    tell({
      id,
      error: `the optional package node-dht-sensor cannot be loaded (${why}); run "npm install node-dht-sensor" with a compiler present, or use method: edges`,
      missing: true,
    });
    return;
  }
  try {
    if (fake) {
      sensor.initialize({
        test: { fake: { temperature: fake.temperatureC, humidity: fake.humidityPercent } },
      });
    }
    sensor.read(model === 'dht11' ? 11 : 22, gpio, (error, temperature, humidity) => {
      if (error) tell({ id, error: error.message });
      else tell({ id, values: { temperatureC: tenth(temperature), humidityPercent: tenth(humidity) } });
    });
  } catch (error) {
    tell({ id, error: error instanceof Error ? error.message : String(error) });
  }
}

/** The package computes in 32-bit floats: 21.3 comes as 21.299999237060547. */
function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}

function tell(message: NodeDhtAnswer): void {
  process.send?.(message);
}

import { MockBoard, MockDriver } from '../../../hal/drivers/mock/index.js';
import { VirtualClock } from '../../../hal/index.js';
import { describeGpioDriver } from '../../contract/gpio-driver.js';

describeGpioDriver('mock', async () => {
  const clock = new VirtualClock();
  const board = new MockBoard({ clock });
  const driver = new MockDriver(board);
  await driver.start(new AbortController().signal);
  return {
    driver,
    free: ['GPIO17', 'GPIO27', { chip: 'mock-bcm2711', offset: 22 }],
    // Each step of the bench takes a moment, so that no two edges share a time.
    pass: (ms) => clock.advance(ms),
    drive: async (line, level) => {
      await clock.advance(0.1);
      board.drive(line, level);
    },
    observe: async (line) => board.line(line).level,
    close: () => driver.stop(),
  };
});

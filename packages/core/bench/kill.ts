// Kills a training process many times and compares its weights with those of one that was left alone.
// pnpm --filter @crossmodal/core run test:kill [kills] [steps] [device]
import { killTest } from '../test/train/kill.js';

const [kills = '40', steps = '200', device = 'js'] = process.argv.slice(2);
const report = await killTest({
  kills: Number(kills),
  steps: Number(steps),
  device,
  onKill: (done) => process.stderr.write(`\rkilled ${done} times`),
});
process.stderr.write('\n');
const same = report.interrupted === report.uninterrupted;
console.log(
  `${report.kills} kills over ${steps} steps on device ${device}: ${report.whileWriting} while a checkpoint was being written, ` +
    `${report.repeated} steps made twice; final state ${same ? 'equal bit for bit' : 'DIFFERENT'} (${report.uninterrupted.slice(0, 16)})`,
);
process.exitCode = same ? 0 : 1;

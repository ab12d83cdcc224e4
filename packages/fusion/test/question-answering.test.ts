import { expectNoLeak } from '@crossmodal/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { crossAttention, questionAnswering } from '../src/index.js';
import { useTestBackend } from './backend.js';
import { seededTensor, sequenceEncoder } from './encoders.js';

useTestBackend();

const options = () => ({
  image: sequenceEncoder('image', { inputs: 4, dimension: 5, seed: 1 }),
  question: sequenceEncoder('text', { inputs: 3, dimension: 6, seed: 2 }),
  answers: ['yes', 'no', 'red'],
  strategy: crossAttention({ dimension: 8, heads: 2, readers: ['question'] }),
  seed: 1,
});
const image = () => ({ frames: seededTensor([4, 2, 4], 3), mask: tf.ones([4, 2]) });

describe('questionAnswering', () => {
  it('answers with the most probable words, most probable first', async () => {
    const model = questionAnswering(options());
    const pictures = [1, 2].map((seed) => seededTensor([2, 4], seed).arraySync());
    const questions = [3, 4].map((seed) => seededTensor([3, 3], seed).arraySync());
    const answers = await model.answerItems(pictures, questions, { count: 3 });
    const inputs = {
      image: await options().image.prepare(pictures as never),
      question: await options().question.prepare(questions as never),
    };
    const expected = tf.softmax(model.logits(inputs)).arraySync() as number[][];
    answers.forEach((row, i) => {
      expect(row.map(({ answer }) => answer).sort()).toEqual(['no', 'red', 'yes']);
      for (const { answer, probability } of row)
        expect(probability).toBeAllclose(expected[i]![model.answers.indexOf(answer)]!);
      expect(row[0]!.probability).toBeGreaterThanOrEqual(row[1]!.probability);
    });
    await expectNoLeak(async () => {
      await model.answerItems(pictures, questions);
      return [];
    });
  });

  it('turns words into labels and refuses those outside the vocabulary', () => {
    const model = questionAnswering(options());
    expect(model.answerIndices(['red', 'yes'])).toBeAllclose(tf.tensor1d([2, 0]));
    expect(() => model.answerIndices(['yes', 'blue'])).toThrow("'blue' is none of the 3 answers (yes, no, red)");
  });

  it('needs a picture and a question of one batch size', () => {
    const model = questionAnswering(options());
    const question = { frames: seededTensor([3, 2, 3], 4), mask: tf.ones([3, 2]) };
    expect(() => model.loss({ image: image(), answers: tf.tensor1d([0]) } as never)).toThrow('got no question');
    expect(() => model.logits({ question } as never)).toThrow('got no image');
    expect(() => model.logits({ image: image(), question })).toThrow('one batch size, got image 4, question 3');
    expect(() => questionAnswering({ ...options(), answers: ['yes', 'yes'] })).toThrow('of which 1 differ');
    expect(() => questionAnswering({ ...options(), answer: [] } as never)).toThrow("did you mean 'answers'?");
  });

  it('refuses answers outside the vocabulary and answers, pictures and questions of other counts', async () => {
    const model = questionAnswering(options());
    const batch = { image: image(), question: { frames: seededTensor([4, 3, 3], 4), mask: tf.ones([4, 3]) } };
    expect(model.loss({ ...batch, answers: tf.tensor1d([0, 1, 2, 0], 'int32') }).loss.shape).toEqual([]);
    for (const bad of [3, -1, 0.5]) {
      expect(() => model.loss({ ...batch, answers: tf.tensor1d([0, 1, 2, bad]) } as never)).toThrow(
        `labels must be integers in [0, 3), got ${bad} at position 3`,
      );
    }
    expect(() => model.loss({ ...batch, answers: tf.tensor1d([0, 1]) })).toThrow('labels must have shape [4], got [2]');
    const pictures = [seededTensor([2, 4], 1).arraySync()];
    const questions = [3, 4].map((seed) => seededTensor([3, 3], seed).arraySync());
    await expect(model.answerItems(pictures, questions)).rejects.toThrow(/image 1, question 2/);
    await expect(model.answerItems(pictures, [])).rejects.toThrow(/image 1, question 0/);
  });
});

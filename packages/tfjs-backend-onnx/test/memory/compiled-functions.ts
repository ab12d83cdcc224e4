import * as tf from '@tensorflow/tfjs-core';

export type Numbers = Float32Array;
/** The numbers of the variables. */
export type Model = Numbers[];

interface Example {
  create(variables: readonly tf.Variable[]): (x: tf.Tensor) => tf.Tensor[];
  /** The same on numbers: changes the model, and returns the results. */
  reference(model: Model, x: Numbers): Numbers[];
}

const combine = (f: (...numbers: number[]) => number, ...lists: Numbers[]): Numbers =>
  lists[0]!.map((_, i) => f(...lists.map((list) => list[i]!)));

/** Variable `w` moves along a damped gradient with the running mean `m`: enough operators for the update pass. */
const update = (w: number, m: number, target: number): Example => ({
  create: (variables) => (x) => {
    const [weight, mean] = [variables[w]!, variables[m]!];
    const gradient = tf.sub(tf.mul(weight, 0.25), x);
    const next = tf.add(tf.mul(mean, 0.5), tf.mul(gradient, 0.5));
    mean.assign(next);
    weight.assign(tf.sub(tf.mul(weight, 0.75), tf.div(tf.mul(next, target), tf.add(tf.abs(next), 1))));
    return [tf.mul(x, 2)];
  },
  reference: (model, x) => {
    const gradient = combine((value, argument) => 0.25 * value - argument, model[w]!, x);
    const next = combine((mean, g) => 0.5 * mean + 0.5 * g, model[m]!, gradient);
    model[m] = next;
    model[w] = combine((value, n) => 0.75 * value - (n * target) / (Math.abs(n) + 1), model[w]!, next);
    return [combine((argument) => 2 * argument, x)];
  },
});

/** Too few operators for the update pass: the graph writes the variable. */
const decay = (w: number): Example => ({
  create: (variables) => (x) => {
    const next = tf.add(tf.mul(variables[w]!, 0.5), x);
    variables[w]!.assign(next);
    return [next];
  },
  reference: (model, x) => {
    model[w] = combine((value, argument) => 0.5 * value + argument, model[w]!, x);
    return [model[w]!];
  },
});

/** Functions of four variables that write them in every way there is. */
export const compiledFunctions: readonly Example[] = [
  update(0, 1, 1),
  update(0, 2, 2),
  update(3, 1, 3),
  decay(0),
  decay(3),
  {
    // An average of another variable, and one tensor twice among the results.
    create: (variables) => (x) => {
      const next = tf.add(tf.mul(variables[2]!, 0.75), tf.mul(variables[0]!, 0.25));
      variables[2]!.assign(next);
      const sum = tf.add(variables[0]!, x);
      return [sum, sum, next];
    },
    reference: (model, x) => {
      const sum = combine((value, argument) => value + argument, model[0]!, x);
      model[2] = combine((average, value) => 0.75 * average + 0.25 * value, model[2]!, model[0]!);
      return [sum, sum, model[2]!];
    },
  },
  {
    // Two variables change places.
    create: (variables) => (x) => {
      const [first, second] = [tf.clone(variables[0]!), tf.clone(variables[3]!)];
      variables[0]!.assign(second);
      variables[3]!.assign(first);
      return [tf.add(x, first)];
    },
    reference: (model, x) => {
      const [first, second] = [model[0]!, model[3]!];
      model[0] = second;
      model[3] = first;
      return [combine((value, argument) => value + argument, first, x)];
    },
  },
  {
    // Reads, writes nothing, and gives a variable back as it is.
    create: (variables) => (x) => [tf.clone(variables[0]!), tf.add(tf.mul(x, 0.5), variables[1]!)],
    reference: (model, x) => [model[0]!, combine((argument, value) => 0.5 * argument + value, x, model[1]!)],
  },
];

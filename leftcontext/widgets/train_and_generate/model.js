// @ts-check
// The little model of leftcontext/model in plain JavaScript, forward and backward, and Adam: what the page
// trains where there is no kernel. The same parameters in the same order, the same formulas, the same
// schedule; a test compares the losses with NumPy's, step by step.
//
// Axis letters: B texts, T positions, D width, F hidden width, V vocabulary, N = B·T rows.

import { activate, activateBackward, attend, attendBackward, norm, normBackward } from "./layers.js";
import { add, dot, linear, linearBackward, zeros } from "./matrices.js";
import { normal } from "./random.js";

/** @import { Mask } from "./layers.js" */
/** @import { Matrix } from "./matrices.js" */
/** @import { Random } from "./random.js" */
/**
 * @typedef {object} Config the size of a model, as Config of transformer.py has it
 * @property {number} vocab
 * @property {number} context
 * @property {number} width
 * @property {number} heads
 * @property {number} layers
 * @property {number} hidden
 *
 * @typedef {object} Schedule how long and how fast to train, as Schedule of training.py has it
 * @property {number} steps
 * @property {number} batch
 * @property {number} rate
 * @property {number} warm_up
 * @property {number} beta1
 * @property {number} beta2
 * @property {number} clip
 */

// Multiplies the logits: they must grow large to rule a word out, and Adam's steps are small.
export const SHARPNESS = 4;

/**
 * The parameters by name and shape; a matrix W of shape (n_in, n_out) is used as x W.
 *
 * @param {Config} config
 * @returns {[name: string, rows: number, columns: number][]}
 */
export function shapes({ vocab, context, width, layers, hidden }) {
  /** @type {[string, number, number][]} */
  const list = [
    ["token", vocab, width],
    ["position", context, width],
  ];
  for (let layer = 0; layer < layers; layer++) {
    list.push([`${layer}.qkv`, width, 3 * width], [`${layer}.merge`, width, width]);
    list.push([`${layer}.up`, width, hidden], [`${layer}.down`, hidden, width]);
  }
  return [...list, ["head", width, vocab]];
}

/**
 * The parameters, or their gradients, as parts of one flat vector.
 *
 * @param {Config} config
 * @param {Float64Array} vector
 */
function views(config, vector) {
  let start = 0;
  return Object.fromEntries(
    shapes(config).map(([name, rows, columns]) => {
      const data = vector.subarray(start, start + rows * columns);
      start += data.length;
      return [name, { rows, columns, data }];
    }),
  );
}

/**
 * A fresh model.
 *
 * @param {Config} config
 * @param {Random} random
 */
export function draw(config, random) {
  const theta = new Float64Array(
    shapes(config).reduce((size, [, rows, columns]) => size + rows * columns, 0),
  );
  /** @type {Record<string, number>} standard deviations; of the others, one over the root of the inputs */
  const special = { token: 0.5, position: 0.1, head: 0.02 / Math.sqrt(config.width) };
  const deep = 1 / Math.sqrt(2 * config.layers); // so many matrices add to the residual stream
  for (const [name, { rows, data }] of Object.entries(views(config, theta))) {
    const spread = special[name] ?? (/merge|down/.test(name) ? deep : 1) / Math.sqrt(rows);
    for (let k = 0; k < data.length; k++) data[k] = spread * normal(random);
  }
  return theta;
}

/** Tokens in, logits of the next token out. */
export class Transformer {
  /**
   * @param {Config} config
   * @param {Float64Array} theta all parameters in one vector, in the order of `shapes`
   */
  constructor(config, theta) {
    this.config = config;
    this.theta = theta;
    this.gradient = new Float64Array(theta.length);
    this.params = views(config, this.theta);
    this.grads = views(config, this.gradient);
  }

  /**
   * Tokens (B · T), text after text → logits (N, V) of what follows each.
   *
   * @param {ArrayLike<number>} tokens
   * @param {number} T up to `context`
   * @param {Mask} mask
   */
  logits(tokens, T, mask) {
    return this.forward(tokens, T, mask).logits;
  }

  /**
   * @param {ArrayLike<number>} tokens
   * @param {number} T
   * @param {Mask} mask
   */
  forward(tokens, T, mask) {
    const { params } = this;
    const { heads, layers } = this.config;
    const x = this.embed(tokens, T); // (N, D)
    const blocks = [];
    for (let layer = 0; layer < layers; layer++) {
      const before = norm(x);
      const attended = attend(before.y, params[`${layer}.qkv`], heads, mask, T);
      add(x, linear(attended.o, params[`${layer}.merge`]));
      const between = norm(x);
      const activated = activate(between.y, params[`${layer}.up`]);
      add(x, linear(activated.h, params[`${layer}.down`]));
      blocks.push({ before, attended, between, activated });
    }
    const last = norm(x);
    const logits = linear(last.y, params.head); // (N, V)
    for (let k = 0; k < logits.data.length; k++) logits.data[k] *= SHARPNESS;
    return { blocks, last, logits };
  }

  /**
   * @param {ArrayLike<number>} tokens
   * @param {number} T
   */
  embed(tokens, T) {
    const { token, position } = this.params;
    const [D, x] = [token.columns, zeros(tokens.length, token.columns)];
    for (let n = 0; n < tokens.length; n++) {
      const [from, at] = [tokens[n] * D, (n % T) * D];
      for (let c = 0; c < D; c++) x.data[n * D + c] = token.data[from + c] + position.data[at + c];
    }
    return x; // (N, D)
  }

  /**
   * Inputs and targets (B · T) → mean cross-entropy in nats; its gradient is left in `gradient` and `grads`.
   *
   * @param {ArrayLike<number>} inputs
   * @param {ArrayLike<number>} targets
   * @param {number} T
   * @param {Mask} mask
   */
  lossAndGradient(inputs, targets, T, mask) {
    const pass = this.forward(inputs, T, mask);
    const { losses, gradient } = crossEntropy(pass.logits, targets);
    for (let k = 0; k < gradient.data.length; k++) gradient.data[k] *= SHARPNESS / inputs.length;
    this.backward(inputs, T, pass, gradient);
    return mean(losses);
  }

  /**
   * @param {ArrayLike<number>} tokens
   * @param {number} T
   * @param {ReturnType<Transformer["forward"]>} pass
   * @param {Matrix} dlogits (N, V)
   */
  backward(tokens, T, { blocks, last }, dlogits) {
    const { params, grads } = this;
    const dx = normBackward(linearBackward(dlogits, last.y, params.head, grads.head), last); // (N, D)
    for (let layer = blocks.length - 1; layer >= 0; layer--) {
      const { before, attended, between, activated } = blocks[layer];
      const [up, down] = [`${layer}.up`, `${layer}.down`];
      const dactivated = linearBackward(dx, activated.h, params[down], grads[down]); // (N, F)
      const dh = activateBackward(dactivated, activated); // (N, F)
      add(dx, normBackward(linearBackward(dh, activated.x, params[up], grads[up]), between));
      const [qkv, merge] = [`${layer}.qkv`, `${layer}.merge`];
      const go = linearBackward(dx, attended.o, params[merge], grads[merge]); // (N, D)
      const dqkv = attendBackward(go, attended, this.config.heads); // (N, 3D)
      add(dx, normBackward(linearBackward(dqkv, attended.x, params[qkv], grads[qkv]), before));
    }
    this.embedBackward(tokens, T, dx);
  }

  /**
   * @param {ArrayLike<number>} tokens
   * @param {number} T
   * @param {Matrix} dx (N, D)
   */
  embedBackward(tokens, T, { data, columns: D }) {
    const { token, position } = this.grads;
    token.data.fill(0);
    position.data.fill(0);
    for (let n = 0; n < tokens.length; n++) {
      for (let c = 0; c < D; c++) {
        token.data[tokens[n] * D + c] += data[n * D + c];
        position.data[(n % T) * D + c] += data[n * D + c];
      }
    }
  }
}

/**
 * −log p(target) of each row, and how the sum of them changes with the logits: p minus one at the target.
 *
 * @param {Matrix} logits (N, V)
 * @param {ArrayLike<number>} targets (N,)
 */
export function crossEntropy({ rows, columns: V, data }, targets) {
  const [losses, gradient] = [new Float64Array(rows), zeros(rows, V)]; // (N,), (N, V)
  for (let n = 0; n < rows; n++) {
    const [row, p] = [data.subarray(n * V, (n + 1) * V), gradient.data.subarray(n * V, (n + 1) * V)];
    const top = Math.max(...row);
    let total = 0;
    for (let c = 0; c < V; c++) total += p[c] = Math.exp(row[c] - top);
    for (let c = 0; c < V; c++) p[c] /= total;
    losses[n] = Math.log(total) + top - row[targets[n]];
    p[targets[n]] -= 1;
  }
  return { losses, gradient };
}

/** @param {ArrayLike<number>} list */
export const mean = (list) => Array.from(list).reduce((total, x) => total + x, 0) / list.length;

// The training

/**
 * Rows for training: what the model is given and what follows each, text after text (B · T).
 *
 * @typedef {{ inputs: ArrayLike<number>, targets: ArrayLike<number> }} Rows
 */

/**
 * Train a model in place, on fresh rows at every step; yields the loss of each step, before it.
 *
 * @param {Transformer} model
 * @param {Mask} mask
 * @param {() => Rows} drawRows
 * @param {Schedule} schedule
 */
export function* train(model, mask, drawRows, schedule) {
  const adam = new Adam(model.theta.length, schedule);
  for (let step = 0; step < schedule.steps; step++) {
    const { inputs, targets } = drawRows();
    const loss = model.lossAndGradient(inputs, targets, model.config.context, mask);
    adam.step(model.theta, model.gradient, rateAt(schedule, step));
    yield loss;
  }
}

/**
 * The learning rate of step 0, 1, ...: it rises to its highest, then falls to 0 in a straight line.
 *
 * @param {Schedule} schedule
 * @param {number} step
 */
export function rateAt({ steps, rate, warm_up }, step) {
  const rise = (step + 1) / (warm_up + 1);
  const fall = (steps - step) / Math.max(1, steps - warm_up);
  return rate * Math.min(rise, fall, 1);
}

/** Adam (Kingma and Ba 2015) on one flat vector, in place. */
export class Adam {
  /**
   * @param {number} size
   * @param {Schedule} schedule
   */
  constructor(size, schedule) {
    this.schedule = schedule;
    this.mean = new Float64Array(size);
    this.square = new Float64Array(size);
    this.steps = 0;
  }

  /**
   * Change theta against the gradient, which counts as no longer than `clip`.
   *
   * @param {Float64Array} theta
   * @param {Float64Array} gradient
   * @param {number} rate
   */
  step(theta, gradient, rate) {
    const { beta1, beta2, clip } = this.schedule;
    this.steps += 1;
    const shorter = Math.min(1, clip / Math.sqrt(dot(gradient, 0, gradient, 0, gradient.length)));
    const [left1, left2] = [1 - beta1 ** this.steps, 1 - beta2 ** this.steps]; // both means begin at 0
    for (let k = 0; k < theta.length; k++) {
      const g = shorter * gradient[k];
      this.mean[k] = beta1 * this.mean[k] + (1 - beta1) * g;
      this.square[k] = beta2 * this.square[k] + (1 - beta2) * g * g;
      theta[k] -= (rate * this.mean[k]) / left1 / (Math.sqrt(this.square[k] / left2) + 1e-8);
    }
  }
}

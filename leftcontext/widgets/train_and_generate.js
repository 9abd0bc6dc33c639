// The view of TrainAndGenerate: it only asks for a training and draws what Python reports.

const NAMES = { causal: "causal", one_ahead: "one ahead", none: "none" };
const PAGE = { width: 340, height: 200, left: 34, right: 84, top: 8, bottom: 34, nats: 4.5 };
const HEADS = { "0.0": "1.1", "0.1": "1.2", "1.0": "2.1", "1.1": "2.2" }; // layer.head, counted from 0 and from 1
const ANSWER = 2500; // milliseconds in which a kernel that is not busy has answered

function svg(tag, attributes = {}, text = "") {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.textContent = text;
  return node;
}

// The loss of every run against the entropy; each line has its own dashes and its name at its end.
function lossChart(steps, entropy) {
  const { width, height, left, right, top, bottom, nats } = PAGE;
  const x = (step) => left + (step / steps) * (width - left - right);
  const y = (loss) => top + (1 - Math.min(loss, nats) / nats) * (height - top - bottom);
  const node = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", class: "lc-chart" });
  const line = (y1, name) => svg("line", { x1: x(0), x2: x(steps), y1, y2: y1, class: name });

  function axes() {
    const ticks = [0, 1, 2, 3, 4].flatMap((loss) => [
      line(y(loss), "grid"), svg("text", { x: left - 6, y: y(loss) + 4, "text-anchor": "end" }, loss)]);
    const marks = [0, 0.5, 1].map((share) => svg("text",
      { x: x(share * steps), y: height - bottom + 14, "text-anchor": "middle" }, Math.round(share * steps)));
    return [...ticks, ...marks,
      svg("text", { x: x(steps / 2), y: height - 4, "text-anchor": "middle" }, "training step"),
      svg("text", { transform: `translate(9 ${y(nats / 2)}) rotate(-90)`, "text-anchor": "middle" }, "loss (nats a token)"),
      line(y(entropy), "entropy")];
  }

  function show(runs) {
    const ends = [{ at: entropy, text: `entropy ${number(entropy)}`, mask: "" }];
    const curves = Object.entries(runs).filter(([, run]) => run.losses.length).map(([mask, run]) => {
      ends.push({ at: run.losses.at(-1), text: NAMES[mask], mask });
      const points = run.losses.map((loss, k) => `${x(run.steps[k]).toFixed(1)},${y(loss).toFixed(1)}`).join(" ");
      return svg("polyline", { points, class: `curve ${mask}` });
    });
    let lowest = Infinity; // names keep a line's height of distance
    const names = ends.sort((a, b) => a.at - b.at).map(({ at, text, mask }) => {
      lowest = Math.min(y(at) + 4, lowest - 12);
      return svg("text", { x: x(steps) + 5, y: lowest, class: `name ${mask}` }, text);
    });
    node.replaceChildren(...axes(), ...curves, ...names);
    node.setAttribute("aria-label", `Training loss, ${ends.map(({ at, text, mask }) =>
      (mask ? `${text}: ${number(at)}` : text)).join(", ")}`);
  }
  return { node, show };
}

// A text of the model: a straight line under its words up to the first illegal one, from there a wavy one.
function sampleText(mask, run) {
  const words = run.words.flatMap((word, k) => [element(k < run.legal ? "u" : "s", {}, word), " "]);
  const wrong = run.words[run.legal];
  const verdict = wrong === undefined ? "every word is legal" : `illegal from “${wrong}” on`;
  const share = run.share === null ? "" : ` Of 200 texts, ${Math.round(100 * run.share)} % are legal in every word.`;
  return element("div", { className: "lc-sample" },
    element("p", { className: `lc-title ${mask}` }, `${NAMES[mask]}, after ${run.after} steps`),
    element("p", { className: "lc-words" }, ...words), element("p", { className: "lc-muted" }, `${verdict}.${share}`));
}

function render({ model, el }) {
  const tokens = model.get("tokens"), entropy = model.get("entropy"), steps = model.get("steps");
  const masks = choice("mask", NAMES, (mask) => { model.set("mask", mask); model.save_changes(); });
  const heads = choice("head", HEADS, (value) => { chosen = value; paint(); });
  const button = element("button", { type: "button", className: "lc-button", disabled: true });
  const progress = element("progress", { max: steps, ariaLabel: "training steps done" });
  const readout = element("span", { className: "lc-muted" });
  const chart = lossChart(steps, entropy);
  const samples = element("div", { className: "lc-samples" });
  const map = element("div", { className: "lc-map" });
  const grid = matrixGrid((i, j) => say(cellSentence(i, j)));
  const status = element("p", { className: "lc-status", role: "status" });
  map.append(heads.node, grid.node, markLegend());
  root(el, "Train and generate").append(masks.node,
    element("div", { className: "lc-controls" }, button, progress, readout),
    status, element("div", { className: "lc-columns" }, chart.node, samples), map);
  let head, chosen, kernel = false, waiting, announced = "";

  const say = (text) => { status.textContent = text; };
  const run = () => model.get("runs")[model.get("mask")];
  const weights = (of = head) => of.split(".").reduce((part, k) => part[k], run().weights);
  const ahead = () => ({ causal: 0, one_ahead: 1, none: Infinity })[model.get("mask")];
  const cellSentence = (i, j) => `query “${tokens[i]}” attends to key “${tokens[j]}”: weight ${number(weights()[i][j], 3)}`;

  // Ask Python for something. Where nobody answers there is no kernel, and the button says so instead of doing nothing.
  function ask(what) {
    model.send({ do: what, mask: model.get("mask") }); // the mask too: a trait may arrive later than a message
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      kernel = false;
      paint();
      say("No kernel answers: it is busy, or there is none. To train, open the notebook in Jupyter and run this cell.");
    }, ANSWER);
  }

  function heard() {
    clearTimeout(waiting);
    if (!kernel) say(run()?.losses.length ? verdict(model.get("mask")) : "Choose a mask and press Train.");
    kernel = true;
    paint();
  }

  function verdict(mask) {
    const { losses, share } = model.get("runs")[mask];
    if (!losses.length) return `${NAMES[mask]}: stopped before the first step.`;
    const loss = losses.at(-1);
    const where = loss < entropy - 0.1 ? "below the entropy: it has seen the answers" :
      "not below the entropy: no sign of a leak";
    return `${NAMES[mask]}: ${share === null ? "stopped at" : "trained to"} loss ${number(loss)}, ${where}.`;
  }

  function paint() {
    const running = kernel && model.get("running"), shown = run(), done = shown?.steps.at(-1) ?? 0;
    masks.choose(model.get("mask"));
    button.textContent = running ? "■ Stop" : shown ? "▶ Train again" : "▶ Train";
    button.disabled = !kernel;
    progress.value = done;
    readout.textContent = shown?.losses.length
      ? `step ${done} of ${steps}, loss ${number(shown.losses.at(-1))}, entropy ${number(entropy)}` : `entropy ${number(entropy)}`;
    chart.show(model.get("runs"));
    const texts = Object.keys(NAMES).filter((mask) => model.get("runs")[mask]?.words.length);
    samples.replaceChildren(...texts.map((mask) => sampleText(mask, model.get("runs")[mask])));
    map.hidden = !shown?.weights;
    if (shown?.weights) paintMap();
  }

  // Until a reader chooses a head: the one in which the last word looks most at the noun that the verb must agree with,
  // or, where the future can be seen, the one that looks most at the next word.
  function bestHead() {
    const noun = tokens.indexOf("dogs");
    const merit = (of) => (ahead() ? weights(of).reduce((sum, line, i) => sum + (line[i + 1] ?? 0), 0) : weights(of).at(-1)[noun]);
    return Object.keys(HEADS).reduce((a, b) => (merit(b) > merit(a) ? b : a));
  }

  function paintMap() {
    head = chosen ?? bestHead();
    heads.choose(head);
    grid.show({
      label: `attention weights of head ${HEADS[head]}, rows are queries, columns are keys`,
      rows: tokens, columns: tokens, axes: ["query ↓", "key →"], values: weights(), range: [0, 1],
      marks: tokens.map((_, i) => tokens.map((_, j) => (j > i + ahead() ? "ruled-out" : j > i ? "leak" : ""))),
    });
  }

  // Say what happened once, not at every step: a screen reader reads each change of the status aloud.
  function announce() {
    const running = model.get("running");
    if (running === announced) return;
    say(running ? `Training with mask ${NAMES[running]} …` : verdict(announced));
    announced = running;
  }

  button.addEventListener("click", () => ask(model.get("running") ? "stop" : "train"));
  const stop = listen(model, { mask: paint, runs: paint, running: () => { heard(); announce(); } });
  model.on("msg:custom", heard);
  paint();
  ask("hello");
  return () => { clearTimeout(waiting); model.off("msg:custom", heard); stop(); };
}

export default { render };

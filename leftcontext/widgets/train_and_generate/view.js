// The view of TrainAndGenerate: it only asks for a training and draws what Python reports.

const NAMES = { causal: "causal", one_ahead: "one ahead", none: "none", yours: "your mask" };
const PAIRS = 120; // of an output and a token of its future, in a window of 16
const PAGE = { width: 340, height: 200, left: 34, right: 84, top: 8, bottom: 34, nats: 4.5 };
const HEADS = { "0.0": "1.1", "0.1": "1.2", "1.0": "2.1", "1.1": "2.2" }; // layer.head, counted from 0 and from 1
const ANSWER = 2500; // milliseconds in which a kernel that is not busy has answered
const NOBODY = "No kernel answers: it is busy, or there is none. To train, open the notebook in Jupyter and run this cell.";

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
  const share = run.share === null ? "" : ` Of 200 texts, ${Math.round(100 * run.share)}\u00a0% are legal in every word.`;
  return element("div", { className: "lc-sample" },
    element("p", { className: `lc-title ${mask}` }, `${NAMES[mask]}, after ${run.after} steps`),
    element("p", { className: "lc-words" }, ...words), muted(`${verdict}.${share}`));
}

// The attention of one head to the course's sentence. Until a reader chooses a head, it is the one in which the last
// word looks most at the noun that the verb must agree with, or, where the future is seen, the one that looks most ahead.
function headMap(tokens, say) {
  const heads = choice("head", HEADS, (of) => { chosen = of; paint(); });
  const grid = matrixGrid((i, j) =>
    say(`query “${tokens[i]}” attends to key “${tokens[j]}”: weight ${number(part(head)[i][j], 3)}`));
  const node = element("div", {}, heads.node, grid.node, markLegend());
  let weights, allowed, ahead, head, chosen;

  const part = (of) => of.split(".").reduce((rest, k) => rest[k], weights);
  const noun = tokens.indexOf("dogs");
  const merit = (of) => (ahead ? part(of).reduce((sum, row, i) => sum + (row[i + 1] ?? 0), 0) : part(of).at(-1)[noun]);

  function paint() {
    head = chosen ?? Object.keys(HEADS).reduce((a, b) => (merit(b) > merit(a) ? b : a));
    heads.choose(head);
    grid.show({
      label: `attention weights of head ${HEADS[head]}: rows are queries, columns are keys`,
      rows: tokens, columns: tokens, axes: ["query ↓", "key →"], values: part(head), range: [0, 1],
      marks: tokens.map((_, i) => tokens.map((_, j) => (!allowed[i][j] ? "ruled-out" : j > i ? "leak" : ""))),
    });
  }

  function show(run) {
    node.hidden = !run?.weights;
    if (node.hidden) return;
    weights = run.weights;
    allowed = run.allowed;
    ahead = allowed.some((row, i) => row.some((seen, j) => seen && j > i));
    paint();
  }
  return { node, show };
}

// What a last loss says: the mean of some 5,000 tokens may miss the entropy by a few hundredths without any leak.
function lossSays(loss, entropy) {
  if (loss < entropy - 0.1) return ["below the entropy: it has seen the answers.", "agrees"];
  if (loss < entropy - 0.04) return ["a little below the entropy: chance, or a small leak?", "decides"];
  return ["not below the entropy: no sign of a leak.", "sees one all the same"];
}

function verdict(mask, { losses, share, leaks }, entropy) {
  if (!losses.length) return `${NAMES[mask]}: stopped before the first step.`;
  const loss = losses.at(-1), [says, test] = lossSays(loss, entropy);
  const text = `${NAMES[mask]}: ${share === null ? "stopped at" : "trained to"} loss ${number(loss)}, ${says}`;
  if (leaks === null || leaks === undefined) return text;
  if (!leaks) return `${text} The leak test finds none${test === "decides" ? "" : " either"}.`;
  return `${text} The leak test ${test}: ${leaks} of ${PAIRS} future tokens ${leaks > 1 ? "move" : "moves"} an earlier output.`;
}

function build(model, node, set) {
  const entropy = model.get("entropy"), steps = model.get("steps");
  const offer = () => choice("mask", Object.fromEntries(model.get("masks").map((name) => [name, NAMES[name]])),
    (mask) => set("mask", mask));
  let masks = offer();
  const button = element("button", { type: "button", className: "lc-button", disabled: true });
  const progress = element("progress", { max: steps, ariaLabel: "training steps done" });
  const readout = element("span", { className: "lc-muted" }), note = muted();
  const chart = lossChart(steps, entropy);
  const samples = element("div", { className: "lc-samples" });
  const { node: status, say } = statusLine();
  const map = headMap(model.get("tokens"), say);
  node.append(masks.node,
    element("div", { className: "lc-controls" }, button, progress, readout),
    note, status, beside(element("div", { className: "lc-seen" }, chart.node, map.node), samples));
  let kernel = false, alone = false, waiting, announced = ""; // before an answer, neither is known

  // Ask Python for something. Where nobody answers there is no kernel, and the page says so instead of doing nothing.
  function ask(what) {
    model.send?.({ do: what, mask: model.get("mask") }); // the mask too: a trait may arrive later than a message
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      [kernel, alone] = [false, true];
      paint();
      tell();
    }, model.send ? ANSWER : 0);
  }

  function heard() {
    const first = !kernel;
    clearTimeout(waiting);
    [kernel, alone] = [true, false];
    paint();
    if (first) tell();
  }

  // Without a kernel, what was recorded stands in for what was not trained here.
  const allRuns = () => (alone ? { ...model.get("recorded"), ...model.get("runs") } : model.get("runs"));

  function tell() {
    const mask = model.get("mask"), run = allRuns()[mask];
    if (!model.get("running")) say(run ? verdict(mask, run, entropy) : kernel ? "Choose a mask and press Train." : "");
  }

  function reason() {
    const complaint = model.get("complaint");
    if (complaint && model.get("mask") === "yours") return `Your mask can’t be trained with. ${complaint}`;
    if (!alone) return "";
    const old = Object.keys(model.get("recorded")).some((mask) => !(mask in model.get("runs")));
    return NOBODY + (old ? " What you see was recorded when the course was made, by the same code." : "");
  }

  function paint() {
    const mask = model.get("mask"), runs = allRuns(), run = runs[mask], running = kernel && model.get("running");
    const done = run?.steps.at(-1) ?? 0, loss = run?.losses.at(-1);
    masks.choose(mask);
    note.textContent = reason();
    button.textContent = running ? "■ Stop" : run ? "▶ Train again" : "▶ Train";
    button.disabled = !kernel || (!running && note.textContent !== "");
    progress.value = done;
    readout.textContent = (done ? `step ${done} of ${steps}, loss ${number(loss)}, ` : "") + `entropy ${number(entropy)}`;
    chart.show(runs);
    const written = Object.keys(NAMES).filter((name) => runs[name]?.words.length);
    samples.replaceChildren(...written.map((name) => sampleText(name, runs[name])));
    map.show(run);
  }

  // Say what happened once, not at every step: a screen reader reads each change of the status aloud.
  function announce() {
    const running = model.get("running");
    if (running === announced) return;
    const run = model.get("runs")[announced];
    if (running) say(`Training with mask ${NAMES[running]} …`);
    else if (run) say(verdict(announced, run, entropy));
    announced = running;
  }

  button.addEventListener("click", () => ask(model.get("running") ? "stop" : "train"));
  function reoffer() {
    const old = masks.node;
    masks = offer();
    old.replaceWith(masks.node);
    paint();
  }

  paint();
  ask("hello");
  return {
    mask: () => { paint(); tell(); }, masks: reoffer, runs: paint, complaint: paint,
    running: () => { heard(); announce(); }, "msg:custom": heard, end: () => clearTimeout(waiting),
  };
}

export default view("Train and generate", build);

// The view of LeftContext: inputs above, guesses below, and a line from each token that a guess may use.

const MASKS = { causal: "causal", one_ahead: "one ahead", none: "no mask" };
const AHEAD = { causal: 0, one_ahead: 1, none: Infinity };
const NOTES = { read: "read", hidden: "hidden", leak: "leak" };

const mean = (costs) => costs.reduce((sum, cost) => sum + cost, 0) / costs.length;

// What token j is to the guess at position i.
const role = (i, j, ahead) => (j <= i ? "read" : j <= i + ahead ? "leak" : "hidden");

// Why position i sees what it sees: what it reads, what it guesses, and what becomes of everything to its right.
function reasons(tokens, i, ahead) {
  const last = tokens.length - 1, own = `“${tokens[i]}”`, answer = `“${tokens[i + 1]}”`;
  const reads = i ? `${own} reads ${quoted(tokens.slice(0, i))} and itself: its left context.`
    : `${own} reads itself only: nothing stands to its left.`;
  if (i === last) return [reads, "It guesses what nobody has written yet: whatever the mask, there is nothing to copy."];
  const lines = [reads, `It guesses ${answer}, the token at position ${i + 1}.`, ahead
    ? `A leak: ${answer} is the answer, and it can be read. To copy it takes no knowledge.`
    : `Hidden: ${answer}, for it is the answer.`];
  const beyond = tokens.slice(i + 2), come = beyond.length > 1 ? "come" : "comes";
  const fate = ahead > 1 ? "Can be read too" : "Hidden";
  if (beyond.length) lines.push(`${fate}: ${quoted(beyond)} ${come} later still, and will not be there when the model writes.`);
  return lines;
}

// One line for each token that a guess may use; those of the chosen guess are drawn last and strong.
function fan(T) {
  const node = svg("svg", { viewBox: `0 0 ${T} 1`, preserveAspectRatio: "none", "aria-hidden": "true", class: "lc-fan" });
  function show(chosen, ahead) {
    const all = Array.from({ length: T }, (_, i) => i);
    const lines = (i, strong) => all.filter((j) => role(i, j, ahead) !== "hidden").map((j) =>
      svg("line", { x1: j + 0.5, y1: 0, x2: i + 0.5, y2: 1, class: strong ? role(i, j, ahead) : "" }));
    const others = all.filter((i) => i !== chosen);
    node.replaceChildren(...others.flatMap((i) => lines(i, false)), ...lines(chosen, true));
  }
  return { node, show };
}

function build(model, node, set) {
  const tokens = model.get("tokens"), chances = model.get("_chances"), T = tokens.length;
  const masks = choice("mask", MASKS, (mask) => set("mask", mask));
  const inputs = tokens.map((word) => element("li", {}, element("b", {}, word), element("small", {})));
  const lines = fan(T);
  const targets = Object.fromEntries(tokens.map((_, i) => [i, tokens[i + 1] ?? "?"]));
  const guesses = choice("guess at position", targets, (i) => set("position", Number(i)));
  const labels = [...guesses.node.querySelectorAll("label")];
  const words = element("div", { className: "lc-reasons" });
  const { node: status, say } = statusLine();
  const flow = element("div", { className: "lc-flow" },
    muted("Inputs above, guesses below. Choose a guess: what may it read?"),
    element("ol", { ariaLabel: "inputs" }, ...inputs), lines.node, guesses.node);
  flow.style.setProperty("--lc-count", T);
  flow.classList.toggle("lc-long", T > 7);
  labels.forEach((label, i) => {
    const target = i < T - 1 ? `“${tokens[i + 1]}”` : "the next token";
    label.firstChild.ariaLabel = `position ${i}, after “${tokens[i]}”: guesses ${target}`;
    label.append(element("small", {}));
  });
  node.append(masks.node, flow, words, status);

  const ahead = () => AHEAD[model.get("mask")];
  const copied = (i) => ahead() > 0 && i < T - 1;
  const chance = (i) => (copied(i) ? 1 : chances[i]);
  const loss = (of) => number(mean(chances.map((_, i) => -Math.log(of(i)))));

  // Position i as the picture shows it: the chosen one, or one that the mouse is over.
  function paint(i = model.get("position")) {
    masks.choose(model.get("mask"));
    guesses.choose(String(model.get("position")));
    inputs.forEach((item, j) => {
      item.className = `lc-${role(i, j, ahead())}`;
      item.lastChild.textContent = j === i ? "itself" : NOTES[role(i, j, ahead())];
    });
    labels.forEach((label, k) => {
      label.classList.toggle("lc-here", k === i);
      label.lastChild.textContent = k < chances.length ? `p = ${number(chance(k))}` : "";
    });
    lines.show(i, ahead());
    words.replaceChildren(...reasons(tokens, i, ahead()).map((line) => element("p", {}, line)));
  }

  function verdict() {
    const leaks = tokens.filter((_, i) => copied(i)).length;
    const honest = chances.length && loss((i) => chances[i]);
    const best = leaks ? `falls from ${honest} to ${loss(chance)}` : `is ${honest}`;
    return `${MASKS[model.get("mask")]}: ${leaks || "none"} of ${T - 1} answers can be read` +
      (chances.length ? `; the best loss ${best} nats a token.` : ".");
  }

  function tell() {
    const i = model.get("position"), read = Math.min(T, i + 1 + ahead());
    const fate = copied(i) ? "and can read it: a leak" : "which is hidden";
    const end = i === T - 1 ? "guesses what comes next." : `guesses “${tokens[i + 1]}”, ${fate}.`;
    say(`position ${i}, “${tokens[i]}”: reads ${read} of ${T} tokens, ${end}`);
  }

  const within = (items, event) => items.findIndex((item) => item.contains(event.target));
  const over = (event) => [inputs, labels].map((items) => within(items, event)).find((i) => i >= 0);
  flow.addEventListener("pointerover", (event) => paint(over(event)));
  flow.addEventListener("pointerleave", () => paint());
  inputs.forEach((item, i) => item.addEventListener("click", () => { set("position", i); labels[i].firstChild.focus(); }));
  paint();
  say(verdict());
  return { mask: () => { paint(); say(verdict()); }, position: () => { paint(); tell(); } };
}

export default view("Left context", build);

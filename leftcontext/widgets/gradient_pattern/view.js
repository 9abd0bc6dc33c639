// The view of GradientPattern: attention's backward pass, computed here, with its exact zeros hatched.

const MASKS = { causal: "causal", one_ahead: "one ahead", none: "none" };
const KINDS = ["query", "key", "value"];
const largest = (gradient) => gradient.map((row) => Math.max(...row.map(Math.abs)));

// The gradients with respect to the scores (T, T) and to each query, key and value (3, T).
function backward(model) {
  const [Q, K, V, G] = ["_queries", "_keys", "_values", "_grad_output"].map((name) => model.get(name));
  const ahead = { causal: 0, one_ahead: 1, none: Infinity }[model.get("mask")], loss = model.get("loss");
  const root = Math.sqrt(Q[0].length);
  const scores = each(product(Q, transpose(K)), (x, i, j) => (j <= i + ahead ? x / root : -Infinity));
  const weights = scores.map(softmax);
  const used = each(G, (x, i) => (loss < 0 || loss === i ? x : 0));
  const dW = product(used, transpose(V));
  const mean = weights.map((row, i) => row.reduce((sum, w, j) => sum + w * dW[i][j], 0));
  const dS = each(weights, (w, i, j) => (w * (dW[i][j] - mean[i])) / root);
  const gradients = [product(dS, K), product(transpose(dS), Q), product(transpose(weights), used)];
  return { scores: dS, inputs: gradients.map(largest) };
}

// A small gradient is not zero; only an exact zero is written as one.
const gradientText = (x) => (x === 0 ? "0" : Math.abs(x) < 0.005 ? x.toExponential(0).replaceAll("-", "−") : number(x));

function build(model, node, set) {
  const tokens = model.get("tokens");
  const masks = choice("mask", MASKS, (value) => set("mask", value));
  const losses = choice("loss on", { "-1": "all outputs", ...tokens.map((name) => name) }, (value) => set("loss", Number(value)));
  const kinds = choice("gradient of", { scores: "scores", inputs: "inputs" }, (value) => set("of", value));
  const grid = matrixGrid((i, j) => tell(i, j));
  const caption = muted();
  const { node: status, say } = statusLine();
  let shown;
  node.append(masks.node, losses.node, kinds.node, caption,
    beside(grid.node), status,
    markLegend("exactly 0", "not 0 for a key of the future"));

  const inputs = () => model.get("of") === "inputs";

  function tell(i, j) {
    const what = inputs() ? `${KINDS[i]} of “${tokens[j]}”: largest gradient` : `score of query “${tokens[i]}” and key “${tokens[j]}”: gradient`;
    const x = shown[i][j];
    say(`${what} ${x === 0 ? "exactly 0" : Math.abs(x) < 0.0005 ? gradientText(x) : number(x, 3)}`);
  }

  function verdict() {
    const zeros = shown.flat().filter((x) => x === 0).length;
    return `${zeros} of ${shown.flat().length} cells are exactly 0.`;
  }

  function paint() {
    const rows = inputs() ? KINDS : tokens;
    shown = backward(model)[model.get("of")];
    masks.choose(model.get("mask"));
    losses.choose(String(model.get("loss")));
    kinds.choose(model.get("of"));
    caption.textContent = inputs() ? "The largest entry of each word's gradient, without its sign."
      : "How the loss changes with each score.";
    grid.show({
      label: `gradient of the ${model.get("of")}: rows are ${inputs() ? "kinds of input" : "queries"}, columns are ${inputs() ? "words" : "keys"}`,
      rows, columns: tokens, axes: inputs() ? ["kind ↓", "word →"] : ["query ↓", "key →"], values: shown, format: gradientText,
      marks: each(shown, (x, i, j) => (x === 0 ? "ruled-out" : !inputs() && j > i ? "leak" : "")),
    });
    say(verdict());
  }

  paint();
  return { mask: paint, loss: paint, of: paint };
}

export default view("Pattern of the gradient's zeros", build);

// What the views speak about, for the type checker only: nothing of this is in a bundle.
/**
 * The widget's state, and what of anywidget's model a view may use of it. A page without a kernel has no
 * `send`. https://anywidget.dev/en/afm/ has the whole interface.
 */
export type Model<State> = {
  get<Name extends keyof State>(name: Name): State[Name];
  set<Name extends keyof State>(name: Name, value: State[Name]): void;
  save_changes(): void;
  on(event: string, react: () => void): void;
  off(event: string, react: () => void): void;
  send?(message: unknown): void;
};

/** Set one trait, and let Python know. */
export type SetTrait<State> = <Name extends keyof State>(name: Name, value: State[Name]) => void;

/** What a view does when a trait (by its name) changes or at an event ("msg:custom"); `end` is called last. */
export type Reactions = Record<string, () => void>;

/** Fills the node, and returns how it reacts. */
export type Build<State> = (model: Model<State>, node: HTMLElement, set: SetTrait<State>) => Reactions;

/** Rows of numbers; a cell that was never computed is null. */
export type Rows = ArrayLike<number | null>[];

/** What is to be known of a cell, as class names of shared.css: "ruled-out", "leak", "now", or none. */
export type Marks = string[][];

/** A small table, a chart, a grid: its node, and what fills it. */
export type Shown<Content> = { node: HTMLElement; show: (content: Content) => void };

/** What a grid shows. `range` are the numbers of the darkest and the lightest colour. */
export type GridContent = {
  label: string;
  rows: string[];
  columns: string[];
  axes: [string, string];
  values: Rows;
  marks: Marks;
  range?: [number, number];
  format?: (x: number | null) => string;
  /** Show no numbers, though there may be room for them. */
  compact?: boolean;
  /** Bends the colours of a large grid: from the share of the range to the share of the colours. */
  tone?: (share: number) => number;
};

export type Grid = Shown<GridContent> & { select: (row: number) => void };

/** A mask as mask_rules.py describes it; what is left out sets no limit. */
export type MaskRule = {
  label: string;
  min_distance?: number;
  max_distance?: number;
  prefix?: number;
  length?: number;
  starts?: number[];
  parents?: number[];
  meaning?: string;
  note?: string;
};

/** Whether query i may see key j. */
export type Sees = (i: number, j: number) => boolean;

/** The sentences about a mask that leaks and one that does not, as mask_rules.py has them. */
export type LeakTexts = { leak: string; causal: string };

// The text of a script with all that it imports, as bundle.mjs joins it: what a worker is started from.
declare module "worker:*" {
  const source: string;
  export default source;
}

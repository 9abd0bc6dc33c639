// @ts-check
// Work beside the page, in a worker, so that the page stays responsive and a stop is a stop.

/**
 * One job at a time; a new one ends the last one. The worker answers with `{ news }`, and `{ over: true }` at
 * its end. `end` hears that a job has come to its end or has failed, not that it was stopped.
 *
 * @template Job, News
 * @param {string} source the text of the worker's script
 * @param {{ report: (news: News) => void, end: (failed: boolean) => void }} listener
 */
export function backgroundWork(source, { report, end }) {
  /** @type {Worker | undefined} */
  let worker;

  /** @param {Job} job */
  function start(job) {
    stop();
    try {
      worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
      worker.onmessage = ({ data: { news, over } }) => (over ? finish(false) : report(news));
      worker.onerror = () => finish(true);
      worker.postMessage(job);
    } catch {
      finish(true); // the host allows no worker
    }
  }

  /** @param {boolean} failed */
  function finish(failed) {
    stop();
    end(failed);
  }

  /** What has been reported stays. */
  function stop() {
    worker?.terminate();
    worker = undefined;
  }

  return { start, stop, running: () => worker !== undefined };
}

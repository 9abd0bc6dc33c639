// @ts-check
// Starts and ends the workers of the page: one that writes, one that reads the prompt.

import source from "worker:./worker.js";

/** @import { Job, News } from "./worker.js" */

/**
 * One job at a time; a new one ends the last one.
 *
 * @param {{ report: (news: News) => void, end: (failed: boolean) => void }} listener
 */
export function pageWork({ report, end }) {
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

import {io} from '@tensorflow/tfjs-core';

/** A place to save a model to and to load it from, in memory, by way of JSON text as a file would. */
export function memoryStore(): io.IOHandler {
  let text = '';
  let weightData: ArrayBuffer | undefined;
  return {
    async save({weightData: saved, ...rest}) {
      weightData = io.CompositeArrayBuffer.join(saved);
      text = JSON.stringify(rest);
      return {modelArtifactsInfo: {dateSaved: new Date(0), modelTopologyType: 'JSON'}};
    },
    async load() {
      return {...(JSON.parse(text) as io.ModelArtifacts), weightData};
    },
  };
}

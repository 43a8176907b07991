/** What is fetched and built. Every number here was checked once; the checksum vouches for the rest. */
export const recipe = {
  tfjsNode: '4.22.0',
  tensorflow: '2.15.1',
  requirement: 'tensorflow-cpu==2.15.1',
  wheel: 'tensorflow_cpu-2.15.1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl',
  sha256: '54660c074d7241a503e81edfd9f5ef5af88f64051b72e2945f26318c790f2d26',
  wheelBytes: 207_208_420,
  unpackedBytes: 667_000_000,
  libraries: ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'],
  headers: ['tensorflow', 'absl', 'tsl'],
  // The linker asks for the plain names, tfjs-node's own files for the versioned one.
  links: {
    'libtensorflow.so': 'libtensorflow_cc.so.2',
    'libtensorflow.so.2.9.1': 'libtensorflow_cc.so.2',
    'libtensorflow_framework.so': 'libtensorflow_framework.so.2',
  },
};

// The wheel is data to us, so any Python may fetch it: pip is told whom to fetch it for.
export const wheelTarget = ['--python-version', '3.11', '--platform', 'manylinux2014_x86_64'];

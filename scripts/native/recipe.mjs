/** What is fetched and built. Every number here was checked once; the checksums vouch for the rest. */
export const recipe = {
  package: '@tensorflow/tfjs-node',
  tfjsNode: '4.22.0',
  tensorflow: '2.15.1',
  title: 'TensorFlow 2.15.1',
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
  /** Wheels of CUDA's libraries. */
  cuda: [],
};

// The wheel is data to us, so any Python may fetch it: pip is told whom to fetch it for.
export const wheelTarget = ['--python-version', '3.11', '--platform', 'manylinux2014_x86_64'];

function cudaWheel(name, version, wheelBytes, sha256) {
  const file = `nvidia_${name.replaceAll('-', '_')}_cu12-${version}-py3-none-manylinux1_x86_64.whl`;
  const requirement = `nvidia-${name}-cu12==${version}`;
  return {title: `CUDA's ${name} ${version}`, requirement, wheel: file, wheelBytes, sha256};
}

/**
 * The same for a GPU: the wheel of TensorFlow that has CUDA in it, and the packages of its extra `and-cuda`. Its libraries
 * look for CUDA's in ../nvidia beside their own folder, and find it there without any setting.
 */
export const gpuRecipe = {
  ...recipe,
  package: '@tensorflow/tfjs-node-gpu',
  title: 'TensorFlow 2.15.1 for GPUs',
  requirement: 'tensorflow==2.15.1',
  wheel: 'tensorflow-2.15.1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl',
  sha256: 'bb0edd69103c154245c5f209f0507355cc68ba7e4de350084bc31edc562478e4',
  wheelBytes: 475_258_663,
  unpackedBytes: 4_090_000_000,
  cuda: [
    cudaWheel(
      'cublas',
      '12.2.5.6',
      417_825_305,
      'f448d8db463f9a2c7dd9a1e607c0961d3e95f825b86839c5882f7d073d406df0',
    ),
    cudaWheel(
      'cuda-cupti',
      '12.2.142',
      13_900_552,
      'ce68d1009dd14215e38ed49643d31374c71d6fea381181cb0b9da7f19dfd1624',
    ),
    cudaWheel(
      'cuda-nvcc',
      '12.2.140',
      21_319_729,
      'c6ff4ae7a636eb6cab7621191e19ac3779690686bbcf52c04d8b1ca2944e1e27',
    ),
    cudaWheel(
      'cuda-nvrtc',
      '12.2.140',
      23_430_053,
      'b1cdcae6443cb7cdcfb5d1bf51896a148c9f82f9e65b27db9ab095eaed689aa7',
    ),
    cudaWheel(
      'cuda-runtime',
      '12.2.140',
      845_802,
      'acb9cb7e44594a3512533497ea790d9f0b0e399abcc888584c157d1ffa080e41',
    ),
    cudaWheel(
      'cudnn',
      '8.9.4.25',
      720_096_787,
      '9f882d5b11753c566fd32427839089eb4f8ba7a58c28446ad359e32c40229723',
    ),
    cudaWheel(
      'cufft',
      '11.0.8.103',
      98_570_970,
      '72e961e578f9be9e316ccb4db8652c421dd0b57442624faa71061d452f449a67',
    ),
    cudaWheel(
      'curand',
      '10.3.3.141',
      56_463_566,
      '7b6bad6817b5df2a6f5ec221206fb895d9195fdd7d2443f3e86554108c141a0a',
    ),
    cudaWheel(
      'cusolver',
      '11.5.2.141',
      124_890_758,
      '5a85c4653ce34339a5688137f494a0f903e0f0532418550998167f00844161da',
    ),
    cudaWheel(
      'cusparse',
      '12.1.2.141',
      195_268_625,
      '4e13d6a51d2303dcb2a023ba09546811161f0334fc64e13689397bbd3b1eb126',
    ),
    cudaWheel(
      'nccl',
      '2.16.5',
      188_657_797,
      '84695a4248138fb2ca12f5fd3defe986e790e71ccdaad51b2ca34ca4e83ef421',
    ),
    cudaWheel(
      'nvjitlink',
      '12.2.140',
      20_177_273,
      '95635cafbf9f96c38bea5200ab145a2e6aefbb5405e0b04c1e4ba54df2d84ec9',
    ),
  ],
};

/** All wheels of a recipe, each {title, requirement, wheel, wheelBytes, sha256}. */
export const wheelsOf = recipe => [recipe, ...recipe.cuda];

import {formatRatio, formatTable} from '../../../scripts/benchmark/table.mjs';

const FORWARD = ['Conv2D', 'DepthwiseConv2dNative'];
const formatSpeed = value => (Number.isFinite(value) ? value.toFixed(1) : '-');
const ours = variant => row => row.gflops[variant]?.ours;
/** tfjs has one build of its own kernels for both. */
const stock = row => row.gflops.simd?.stock;

const columns = [
  {title: 'kernel', align: 'left', of: ({kernel}) => kernel},
  {title: 'of', align: 'left', of: ({title}) => title},
  {title: 'SIMD', align: 'right', of: row => formatSpeed(ours('simd')(row))},
  {title: 'relaxed SIMD', align: 'right', of: row => formatSpeed(ours('relaxed-simd')(row))},
  {title: 'as shipped', align: 'right', of: row => formatSpeed(stock(row))},
  {title: 'SIMD / XNNPACK conv', align: 'right', of: row => formatRatio(row.toForward.simd)},
  {title: 'relaxed / XNNPACK conv', align: 'right', of: row => formatRatio(row.toForward['relaxed-simd'])},
];

const NOTES = `GFLOP/s, the median of single calls, one thread; ours on both variants of the module, and the kernel of that name as
tfjs ships it ('-': it has none, or ours has none). The last columns: ours over XNNPACK's forward convolution (Conv2D as
shipped) of the same layer, in the same process; for products that of conv2, its largest here.`;

/** The rows of measureKernels as text. */
export function formatKernels(rows) {
  let last;
  const lines = withForward(rows).flatMap(row => {
    const isNew = row.group !== last;
    last = row.group;
    return isNew ? ['', row.group, row] : [row];
  });
  return `${formatTable(columns, lines)}\n\n${NOTES}`;
}

/** Each row with the ratios of ours to the forward convolution of the same layer, or of conv2 where it has none. */
export function withForward(rows) {
  return rows.map(row => {
    const isOfLayer = one => one.group === row.group && one.title === row.title;
    const forward =
      rows.find(one => FORWARD.includes(one.kernel) && isOfLayer(one)) ??
      rows.find(one => one.kernel === 'Conv2D' && one.title === 'conv2');
    const ratios = Object.entries(row.gflops).flatMap(([variant, {ours: own}]) =>
      own === undefined ? [] : [[variant, own / forward?.gflops[variant]?.stock]],
    );
    return {...row, toForward: Object.fromEntries(ratios)};
  });
}

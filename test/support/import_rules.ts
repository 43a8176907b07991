import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {dirname, join, normalize} from 'node:path';
import ts from 'typescript';

/** Who may import what: the first rule whose pattern matches a file is the one that holds for it. */
export interface Rule {
  files: RegExp;
  may: RegExp[];
}

const core = /^@tensorflow\/tfjs-core$/;
const layers = /^@tensorflow\/tfjs-layers$/;
const node = /^node:/;
const base = /^src\/(types|checks|digest|norms|options|random|presets|schedules|signs|warnings)\.ts$/;
const scores = /^src\/scores\//;
const distance = /^src\/distance\//;
const loss = /^src\/loss\//;
const attacks = /^src\/attacks\//;
const evaluation = /^src\/evaluation\//;
const helpers =
  /^plugin\/(kernel_scope|missing_kernel|taps|unfused|options|topology|label_losses|layer_kinds|leak_check|margin_plan|tap_names|measure|training_steps|batch_checks|summary_table|margin_sites|saved_class|gamma_watch|layer_notes|softmax_tap|example_losses|model_config|frozen_parts|model_internals|attached_model|optimizer_options|snapshot|step_margin|step_terms|sample_weights|measuring_plan|moved_run|margin_measurements|classifier|classifier_layers|classifier_graph|classifier_own_loss|graph_logits|topology_text)\.ts$/;
const pieces =
  /^plugin\/(large_margin_model|large_margin_optimizer|margin_loss|margin_regularizer|plain_model|suggest_gamma|margin_distribution|suspect_labels|adversarial_training)\.ts$/;
const kernelParts = /^plugin\/kernels\/\w+\.ts$/;
const assembly = /^plugin\/kernels\/wasm\/assembly\//;
const wasmKernels = /^plugin\/kernels\/wasm\/(?!assembly\/)/;
const optimizer = /^plugin\/optimizer\//;
const callbacks = /^plugin\/callbacks\//;
const training = /^plugin\/training\//;
const demoTools = /^(cli-progress|vega|vega-lite|@resvg\/resvg-js)$/;

/** The import table of the rooms; their READMEs say the same in words. */
export const RULES: Rule[] = [
  {files: base, may: [core, base]},
  {files: scores, may: [core, base, scores]},
  {files: distance, may: [core, base, distance]},
  {files: loss, may: [core, base, scores, distance, loss]},
  {files: attacks, may: [core, base, scores, distance, attacks]},
  {files: evaluation, may: [core, base, scores, distance, attacks, evaluation]},
  {files: /^src\/index\.ts$/, may: [/^src\//]},
  {files: /^plugin\/gradients\/index\.ts$/, may: [core, /^plugin\/gradients\//]},
  {files: /^plugin\/gradients\//, may: [core]},
  {
    files: /^plugin\/kernels\/node\/index\.ts$/,
    may: [core, /^src\/index\.ts$/, /^plugin\/kernel_scope\.ts$/, kernelParts, /^plugin\/kernels\/node\//],
  },
  {
    files: /^plugin\/kernels\/node\//,
    may: [core, /^plugin\/gradients\/MaxPoolGrad\.ts$/, kernelParts, /^plugin\/kernels\/node\//],
  },
  {files: assembly, may: [assembly]},
  {
    files: /^plugin\/kernels\/wasm\/index\.ts$/,
    may: [core, /^@tensorflow\/tfjs-backend-wasm$/, kernelParts, wasmKernels],
  },
  {files: wasmKernels, may: [core, kernelParts, wasmKernels]},
  {files: kernelParts, may: [core, kernelParts]},
  {files: optimizer, may: [core, /^src\/index\.ts$/, optimizer]},
  {files: callbacks, may: [core, layers, /^src\/index\.ts$/, optimizer, callbacks]},
  {files: training, may: [core, layers, /^src\/index\.ts$/, helpers, optimizer, callbacks, training]},
  {
    files: /^plugin\/node\//,
    may: [
      ...[core, layers, node, /^src\/index\.ts$/, optimizer, callbacks, training],
      /^plugin\/node\//,
      /^plugin\/kernels\/(node|wasm)\/index\.ts$/,
      /^@tensorflow\/tfjs-(node|node-gpu|backend-\w+)$/,
    ],
  },
  {
    files: /^plugin\/register\.ts$/,
    may: [core, pieces, /^plugin\/saved_class\.ts$/, /^plugin\/gradients\/index\.ts$/],
  },
  {
    files: /^plugin\/index\.ts$/,
    may: [/^src\/index\.ts$/, pieces, helpers, optimizer, callbacks, training, /^plugin\/register\.ts$/],
  },
  {files: /^plugin\/[^/]+\.ts$/, may: [core, layers, /^src\/index\.ts$/, helpers, optimizer]},
  {
    files: /^demos\/shared\//,
    may: [/^tfjs-large-margin$/, /^@tensorflow\/tfjs$/, demoTools, /^demos\/shared\//],
  },
  {
    files: /^demos\/experiments\//,
    may: [
      ...[/^tfjs-large-margin(\/node)?$/, /^@tensorflow\/tfjs$/, demoTools, node],
      ...[/^demos\/shared\//, /^demos\/experiments\//],
    ],
  },
];

/** What each rule-breaking import of a file is, as `file may not import target`. */
export function violations(file: string, text: string): string[] {
  const rule = RULES.find(({files}) => files.test(file));
  if (!rule) return [`${file} is in no room of the import table`];
  return importsOf(file, text)
    .filter(target => !rule.may.some(pattern => pattern.test(target)))
    .map(target => `${file} may not import ${target}`);
}

/** Every TypeScript file under the folders, by its path from the root. */
export function sourceFiles(root: string, folders: string[]): string[] {
  return folders.flatMap(folder =>
    existsSync(join(root, folder))
      ? readdirSync(join(root, folder), {recursive: true, withFileTypes: true})
          .filter(entry => entry.isFile() && entry.name.endsWith('.ts'))
          .map(entry => normalize(join(entry.parentPath, entry.name)).slice(normalize(root).length + 1))
          .sort()
      : [],
  );
}

export function readSource(root: string, file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

/** The modules that a file imports: packages by name, files by their path from the root. */
function importsOf(file: string, text: string): string[] {
  return ts.preProcessFile(text, true, true).importedFiles.map(({fileName}) => {
    if (!fileName.startsWith('.')) return fileName;
    return normalize(join(dirname(file), fileName)).replace(/\.js$/, '.ts');
  });
}
